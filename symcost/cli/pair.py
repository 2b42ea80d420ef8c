"""Two programs in one command: each an object, or an object with options of its own in one quoted text."""

from __future__ import annotations

import shlex
from dataclasses import fields, replace
from functools import cache
from typing import Any

import typer

from symcost.cli import options as o
from symcost.cli.request import Request
from symcost.cli.training import Training


def requested(text: str, both: Request) -> Request:
    """What one of two programs is.

    Args:
        text: `graph.py:dense`, or `graph.py:dense --arg "N N"` with what it has besides `both`: lists are
            continued, anything else takes the place of what both have.
        both: the options that were given outside of the two texts; its target says nothing.

    Example:
        >>> both = program("", ["--arg", "N F"])
        >>> requested('graph.py:dense --arg "N N"', both).args, requested("graph.py:norm", both).args
        (['N F', 'N N'], ['N F'])
    """
    target, words = _apart(text)
    own = program(target, words)
    merged = {}
    for field in fields(Request):
        here, shared = getattr(own, field.name), getattr(both, field.name)
        merged[field.name] = [*shared, *here] if isinstance(here, list) else here or shared
    merged["training"] = own.training if own.training.wanted else both.training
    return replace(own, **merged)


def _apart(text: str) -> tuple[str, list[str]]:
    """The object and its options; a path may have spaces in it."""
    if " -" not in text:
        return text, []
    try:
        target, *words = shlex.split(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}", param_hint="OBJECT") from None
    return target, words


def program(target: str, words: list[str]) -> Request:
    """The options of `symcost trace` that say what to trace, from the words of a command line."""
    try:
        return _parser().main([*words, "--", target], prog_name=f"symcost trace {target!r}", standalone_mode=False)
    except typer.Exit as end:  # --help
        raise SystemExit(end.exit_code) from None


@cache
def _parser() -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    app.command(help="The options of one program.")(_program)
    return typer.main.get_command(app)


def _program(
    target: o.Target,
    arg: o.Arguments = [],  # noqa: B006  # typer copies the default
    kwarg: o.Keywords = [],  # noqa: B006
    setting: o.Settings = [],  # noqa: B006
    build: o.Build = False,
    method: o.Method = "",
    rng: o.Rngs = [],  # noqa: B006
    mutable: o.Mutable = [],  # noqa: B006
    param: o.Params = [],  # noqa: B006
    strict: o.Strict = False,
    train: o.Train = False,
    optimizer: o.Optimizer = "",
    loss: o.Loss = "",
    dim: o.Dims = [],  # noqa: B006
    where: o.Where = [],  # noqa: B006
    trip: o.Trips = [],  # noqa: B006
) -> Request:
    training = Training(train, optimizer, loss)
    return Request(
        target, arg, kwarg, setting, build, method, rng, mutable, param, dim, where, trip, strict, training
    )  # fmt: skip
