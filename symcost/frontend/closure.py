"""Symbols that a callable closes over: always an error, because nothing could replace them.

`lambda x: x.reshape(N, F)` computes with the symbols themselves, where `N % 4 == 0` is
plain False. Looked at: closure cells, default arguments, `functools.partial`, attributes
of a bound method's object, methods of a class, and the globals that the code loads.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType
from typing import Any

import sympy

from symcost.errors import DimensionError
from symcost.frontend.substitute import symbols_in

_CONTAINERS = (sympy.Basic, list, tuple, dict)


def refuse_closed_over(fn: Any, todo: str | None = None) -> None:
    """Raise if `fn` closes over a symbol.

    Args:
        fn: a function, method, partial, class or callable object.
        todo: what to type instead.

    Raises:
        DimensionError: names the symbol and where it was found.

    Example:
        >>> N = sympy.Symbol("N")
        >>> try:
        ...     refuse_closed_over(lambda x: x.reshape(N))
        ... except DimensionError as error:
        ...     print(error.what)
        '<lambda>' closes over the symbol N (the global N)
    """
    for name, place in _closed_over(fn, set()):
        raise DimensionError(
            f"{_name(fn)!r} closes over the symbol {name} ({place})",
            where=_line(fn),
            todo=todo or f"hand {name} over as an argument: sc.trace(fn, x, {name}), or sc.build(make_fn, size={name})",
        )


def _closed_over(fn: Any, seen: set[int]) -> Iterator[tuple[str, str]]:
    """(symbol, place) of everything symbolic that `fn` reaches."""
    if id(fn) in seen:
        return
    seen.add(id(fn))
    if isinstance(fn, functools.partial):
        yield from _symbols((fn.args, fn.keywords), "an argument bound by functools.partial")
        yield from _closed_over(fn.func, seen)
    elif isinstance(fn, MethodType):
        yield from _attributes(fn.__self__)
        yield from _closed_over(fn.__func__, seen)
    elif isinstance(fn, FunctionType):
        yield from _function(fn, seen)
    elif isinstance(fn, type):
        yield from _class(fn, seen)
    elif hasattr(fn, "__wrapped__"):  # jax.jit and its like
        yield from _closed_over(fn.__wrapped__, seen)
    elif callable(fn):
        yield from _attributes(fn)
        yield from _class(type(fn), seen)


def _function(fn: FunctionType, seen: set[int]) -> Iterator[tuple[str, str]]:
    for variable, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # assigned later, so there is nothing in it yet
            continue
        yield from _value(value, f"the closed-over variable {variable}", seen)
    for value in (*(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values()):
        yield from _value(value, "a default argument", seen)
    for variable in sorted(_loaded_globals(fn.__code__)):
        value = fn.__globals__.get(variable)
        if isinstance(value, _CONTAINERS):
            yield from _symbols(value, f"the global {variable}")
        elif isinstance(value, FunctionType) and value.__globals__ is fn.__globals__:
            yield from _closed_over(value, seen)


def _class(cls: type, seen: set[int]) -> Iterator[tuple[str, str]]:
    for base in cls.__mro__:
        if base is object or _is_library_class(base):
            continue
        for name, value in list(vars(base).items()):
            if isinstance(value, (FunctionType, staticmethod, classmethod)):
                yield from _closed_over(getattr(value, "__func__", value), seen)
            elif isinstance(value, sympy.Basic):
                yield from _symbols(value, f"the class attribute {name}")


def _value(value: Any, place: str, seen: set[int]) -> Iterator[tuple[str, str]]:
    if isinstance(value, (FunctionType, MethodType, functools.partial)) or hasattr(value, "__wrapped__"):
        yield from _closed_over(value, seen)
    elif not isinstance(value, type):
        yield from _symbols(value, place)


def _symbols(value: Any, place: str) -> Iterator[tuple[str, str]]:
    for name in symbols_in(value):
        yield name, place


def _attributes(obj: Any) -> Iterator[tuple[str, str]]:
    for name, value in getattr(obj, "__dict__", {}).items():
        if isinstance(value, _CONTAINERS):
            yield from _symbols(value, f"the attribute {name} of a {type(obj).__name__}")


def _loaded_globals(code: CodeType) -> set[str]:
    """Names that the code and the functions defined in it load as globals (attribute names are none)."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _loaded_globals(constant)
    return found


def _is_library_class(cls: type) -> bool:
    """A class of a framework's own; not one that a framework made from the user's (`nn.scan(Block, length=L)`)."""
    if cls.__module__.split(".")[0] not in ("flax", "jax", "jaxlib", "numpy", "builtins", "abc", "typing", "equinox"):
        return False
    return getattr(sys.modules.get(cls.__module__), cls.__qualname__.split(".")[0], None) is not None


def _name(fn: Any) -> str:
    return getattr(fn, "__qualname__", getattr(fn, "__name__", type(fn).__name__)).rsplit("<locals>.", 1)[-1]


def _line(fn: Any) -> str | None:
    while not hasattr(fn, "__code__"):
        inner = next((getattr(fn, a) for a in ("__wrapped__", "__func__", "func") if hasattr(fn, a)), None)
        if inner is None:
            return None
        fn = inner
    return f"{fn.__code__.co_filename}:{fn.__code__.co_firstlineno} ({fn.__code__.co_name})"
