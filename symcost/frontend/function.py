"""Plain functions: every array argument is an input; those named by `params=` are parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symcost import advice
from symcost.domain import near_names
from symcost.errors import ArgumentError
from symcost.frontend.arguments import Arguments, check_call
from symcost.frontend.model import Model

Position = int | str


def function_model(fn: Callable[..., Any], arguments: Arguments, params: Sequence[Position] = ()) -> Model:
    """A function at one point.

    Args:
        fn: any JAX callable. arguments: what it is called with.
        params: names or positions of the arguments that are parameters.
    """
    name = getattr(fn, "__name__", type(fn).__name__)
    args, kwargs = arguments.fill(arguments.args, arguments.kwargs)
    check_call(fn, name, args, kwargs, f"sc.trace({name}, {{}})")
    places = [parameter_place(fn, name, p, arguments.args, arguments.kwargs) for p in params]
    taken = tuple(arguments.kwargs[p] if isinstance(p, str) else arguments.args[p] for p in places)
    left = _put(places, (None,) * len(places), arguments.args, arguments.kwargs)

    def call(params: Any, state: Any, rngs: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        args, kwargs = arguments.fill(*_put(places, params, args, kwargs))
        return fn(*args, **kwargs), None

    return Model(name, taken, (), (), *left, call)


def _put(
    places: Sequence[Position], values: Sequence[Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Args and kwargs with `values` at `places`."""
    new = dict(zip(places, values, strict=True))
    return tuple(new.get(i, a) for i, a in enumerate(args)), {k: new.get(k, v) for k, v in kwargs.items()}


def parameter_place(
    fn: Callable[..., Any], name: str, wanted: Position, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Position:
    """Where the argument that `params=` names stands: a position among args, or a keyword.

    Raises:
        ArgumentError: there is no such argument.
    """
    if isinstance(wanted, str) and wanted in kwargs:
        return wanted
    try:
        names = tuple(inspect.signature(fn).parameters)
    except (TypeError, ValueError):  # built-ins: positions only
        names = ()
    position = names.index(wanted) if wanted in names else wanted
    if isinstance(position, int) and 0 <= position < len(args):
        return position
    near = near_names(str(wanted), names)
    raise ArgumentError(
        f"params={wanted!r} names no argument that {name} was given; its arguments are {', '.join(names) or 'unnamed'}",
        todo=advice.name("params", near[0] if near else names[0])
        if names
        else "give the position of the argument: params=(0,)",
    )
