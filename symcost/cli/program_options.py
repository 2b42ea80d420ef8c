"""The options that say what to trace, taken by every command that traces: the fields of `Request`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, asdict, fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

import typer

from symcost.cli import options as o
from symcost.cli.request import Request
from symcost.errors import ArgumentError


def takes_program(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command with an option for each field of `Request` where its own signature has ``request: Request``.

    An argument `target` of the command is the object that is traced; without one, its text is "".

    Example:
        >>> @takes_program
        ... def command(target: str, *, request: Request, json: bool = False) -> None:
        ...     print(request.target, request.args, json)
        >>> list(inspect.signature(command).parameters)[:3]
        ['target', 'args', 'kwargs']
        >>> command("net.py:Net", args=["B F"], json=True)
        net.py:Net ['B F'] True
    """
    signature = inspect.signature(command, eval_str=True)
    (place,) = (name for name, p in signature.parameters.items() if p.annotation is Request)
    listed: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        listed += _parameters() if name == place else [parameter]

    def with_options(*args: Any, **kwargs: Any) -> Any:
        given = shown.bind(*args, **kwargs)
        given.apply_defaults()
        own = {name: value for name, value in given.arguments.items() if name in signature.parameters}
        options = {name: value for name, value in given.arguments.items() if name not in own}
        return command(**own, **{place: _made(Request, {**options, "target": own.get("target", "")})})

    shown = signature.replace(parameters=listed)
    with_options.__signature__ = shown  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in listed}
    with_options.__doc__ = command.__doc__
    with_options.__name__ = command.__name__
    return with_options


def typed(request: Request) -> dict[str, Any]:
    """Each option as it is typed, with what was given.

    Example:
        >>> given = typed(Request("net.py:Net", args=["B F"], strict=True))
        >>> given["--arg"], given["--strict"], given["--loss"]
        (['B F'], True, '')
    """
    given = asdict(request)
    given |= given.pop("training")
    del given["target"]
    return {option.opts[0]: given[option.name] for option in parser().params if option.name in given}


def stored(request: Request) -> Any:
    """A cost that `symcost trace --save` wrote; nothing can be said of how it is traced.

    Raises:
        ArgumentError: something is. LoadError: the file holds no cost.
    """
    from symcost.query import load

    for option, given in typed(request).items():
        if given:
            raise ArgumentError(
                f"{request.target} holds a formula; {option} is for models that are traced",
                todo=f"leave {option} out",
            )
    return load(request.target)


def _made(cls: type, given: dict[str, Any]) -> Any:
    """A `Request` of its fields and those of its parts."""
    return cls(**{
        field.name: _made(part, given) if (part := _part(cls, field)) else given[field.name] for field in fields(cls)
    })  # fmt: skip


@cache
def _parameters() -> list[inspect.Parameter]:
    return [*_of_fields(Request)]


def _of_fields(cls: type) -> Iterator[inspect.Parameter]:
    """A keyword for each field but the first one, the target; those of a part stand where it stands."""
    hints = get_type_hints(cls, include_extras=True)
    for field in fields(cls):
        if part := _part(cls, field):
            yield from _of_fields(part)
        elif field.name != "target":
            default = field.default if field.default_factory is MISSING else field.default_factory()
            yield inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name]
            )


def _part(cls: type, field: Field[Any]) -> Any:
    """The class of a field that has options of its own."""
    kind = get_type_hints(cls)[field.name]
    return kind if is_dataclass(kind) else None


@cache
def parser() -> Any:
    """The parser of one program with its options, which makes a `Request`."""
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    app.command(help="The options of one program.")(_program)
    return typer.main.get_command(app)


@takes_program
def _program(target: o.Target, *, request: Request) -> Request:
    return request
