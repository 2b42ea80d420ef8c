"""Two programs in one command: each an object, or an object with options of its own in one quoted text."""

from __future__ import annotations

import shlex
from dataclasses import fields, replace

import typer

from symcost.cli.program_options import parser
from symcost.cli.request import Request


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
        return parser().main([*words, "--", target], prog_name=f"symcost trace {target!r}", standalone_mode=False)
    except typer.Exit as end:  # --help
        raise SystemExit(end.exit_code) from None
