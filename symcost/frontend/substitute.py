"""Symbols inside the user's objects: finding them, and putting integers in their place.

A symbol may stand in a field of a Linen module, in a list, a configuration dataclass, a
`functools.partial`. Objects without symbols come back as they are (identity kept), and
an object met twice is replaced by one new object, so that shared submodules stay shared.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import sympy

from symcost.advice import advice, built, declare
from symcost.arrays import ArraySpec
from symcost.dims import Dim
from symcost.domain import format_sizes, unknown_symbol
from symcost.errors import DimensionError
from symcost.expression import from_sympy
from symcost.frontend.frameworks import is_linen_module
from symcost.polynomial import Poly, Size, evaluate, symbol, symbols_of


def substitute(obj: Any, sizes: Mapping[str, int]) -> Any:
    """`obj` with every symbolic size in it replaced by its integer at `sizes`.

    Raises:
        DimensionError: a size is no integer there, or a symbol stands where it can't be replaced.

    Example:
        >>> N = sympy.Symbol("N", integer=True, positive=True)
        >>> substitute({"widths": [N, 2 * N], "activation": "relu"}, {"N": 3})
        {'widths': [3, 6], 'activation': 'relu'}
    """
    return _Walk(lambda size: concrete(size, sizes), lambda deferred: deferred.construct(sizes))(obj)


def symbols_in(obj: Any) -> tuple[str, ...]:
    """Names of the symbols anywhere in `obj`, in order of appearance.

    Example:
        >>> N, F = sympy.symbols("N F", integer=True, positive=True)
        >>> symbols_in([F, functools.partial(print, end=N * F)])
        ('F', 'N')
    """
    found: dict[str, None] = {}

    def note(size: Size) -> Size:
        found.update(dict.fromkeys(sorted(symbols_of(size))))
        return size

    def enter(deferred: Any) -> Any:
        found.update(dict.fromkeys(deferred.names()))
        return deferred

    _Walk(note, enter, look_only=True)(obj)
    return tuple(found)


def callables_in(obj: Any) -> list[Any]:
    """Functions, and classes of Linen modules, anywhere in `obj`: what may itself close over a symbol."""
    walk = _Walk(lambda size: size, lambda deferred: walk((deferred.args, dict(deferred.kwargs))), look_only=True)
    walk(obj)
    return list(dict.fromkeys(walk.callables))


def as_size(obj: Any) -> Size | None:
    """`obj` as a size if it is symbolic (a sympy expression, a polynomial, a `Dim`); None for anything else."""
    if isinstance(obj, Poly):
        return obj
    if isinstance(obj, Dim):
        return symbol(obj.name)
    if isinstance(obj, sympy.Basic):
        return from_sympy(obj)  # type: ignore[arg-type]  # refuses what is no size
    return None


def concrete(size: Size, sizes: Mapping[str, int]) -> int:
    """The integer that a size is at `sizes`."""
    for name in sorted(symbols_of(size) - set(sizes)):
        raise unknown_symbol(name, tuple(sizes), f"the size {size}")
    value = evaluate(size, sizes)
    if not isinstance(value, int):
        names = sorted(symbols_of(size))
        raise DimensionError(
            f"the size {size} is {value}, no integer, at {format_sizes({n: sizes[n] for n in names})}",
            todo=advice("round with //, or declare {}", declare(names[0], multiple_of=value.denominator)),
        )
    return value


class _Walk:
    """Rebuilds an object with `leaf` applied to its sizes and `defer` to what `sc.build` made."""

    def __init__(self, leaf: Callable[[Size], Any], defer: Callable[[Any], Any], look_only: bool = False):
        self.leaf, self.defer, self.look_only = leaf, defer, look_only
        self.memo: dict[int, tuple[Any, Any]] = {}  # id -> (the object, kept alive, and what it became)
        self.callables: list[Any] = []

    def __call__(self, obj: Any) -> Any:
        if obj is None or isinstance(obj, (bool, int, float, complex, str, bytes, type, ModuleType)):
            return obj
        if isinstance(obj, FunctionType):
            self.callables.append(obj)
            return obj
        known = self.memo.get(id(obj))
        if known is None:
            self.memo[id(obj)] = (obj, obj)  # a cycle ends here
            known = self.memo[id(obj)] = (obj, self._rebuild(obj))
        return known[1]

    def _rebuild(self, obj: Any) -> Any:
        size = as_size(obj)
        if size is not None:
            return self.leaf(size)
        if isinstance(obj, ArraySpec):
            for entry in obj.shape:
                self.leaf(entry)
            return obj
        if hasattr(type(obj), "_symcost_deferred"):
            return self.defer(obj)
        if isinstance(obj, (list, set, frozenset, tuple)):
            return self._sequence(obj)
        if isinstance(obj, Mapping):
            return self._mapping(obj)
        if isinstance(obj, functools.partial):
            return self._partial(obj)
        if isinstance(obj, MethodType):
            owner = self(obj.__self__)
            return obj if owner is obj.__self__ else MethodType(obj.__func__, owner)
        if is_linen_module(obj) or (dataclasses.is_dataclass(obj) and not _is_library(obj)):
            return self._dataclass(obj)
        return self._opaque(obj)

    def _sequence(self, obj: Any) -> Any:
        new = [self(entry) for entry in obj]
        if all(a is b for a, b in zip(obj, new, strict=True)):
            return obj
        if self.look_only:
            return obj
        return type(obj)(*new) if hasattr(obj, "_fields") else type(obj)(new)

    def _mapping(self, obj: Mapping) -> Any:
        new = {self(key): self(value) for key, value in obj.items()}
        same = all(k is a and new[k] is v for (a, v), k in zip(obj.items(), new, strict=True))
        if same or self.look_only:
            return obj
        # FrozenDict and OrderedDict take a dict; a defaultdict keeps its factory
        if hasattr(obj, "default_factory"):
            return type(obj)(obj.default_factory, new)  # type: ignore[call-arg, attr-defined]
        return type(obj)(new)  # type: ignore[call-arg]

    def _partial(self, obj: functools.partial) -> Any:
        function, args, keywords = self(obj.func), self(obj.args), self(obj.keywords)
        if function is obj.func and args is obj.args and keywords is obj.keywords:
            return obj
        return functools.partial(function, *args, **keywords)

    def _dataclass(self, obj: Any) -> Any:
        linen = is_linen_module(obj)
        if linen:
            self.callables.append(type(obj))
        fields = [f.name for f in dataclasses.fields(obj) if not (linen and f.name in ("parent", "name"))]
        old = {name: getattr(obj, name) for name in fields if hasattr(obj, name)}
        new = {name: self(value) for name, value in old.items()}
        changed = {name: value for name, value in new.items() if value is not old[name]}
        if self.look_only or not changed:
            return obj
        _refuse_computing_constructor(obj)
        return obj.clone(**changed) if linen else dataclasses.replace(obj, **changed)

    def _opaque(self, obj: Any) -> Any:
        """An object of unknown making: symbols in its attributes can't be replaced faithfully."""
        if _is_library(obj):
            return obj
        for name, value in getattr(obj, "__dict__", {}).items():
            if isinstance(value, (sympy.Basic, Poly, Dim)):
                raise DimensionError(
                    f"the attribute {name} of a {type(obj).__name__} is the symbol {value}; what its constructor "
                    "computed with it can't be known",
                    todo=advice("{} calls the constructor with integers at every sample", built(type(obj).__name__)),
                )
        return obj


def _refuse_computing_constructor(obj: Any) -> None:
    """A `__post_init__` of the user's own may have computed with the symbol, where `H % 4 == 0` is plain False."""
    for cls in type(obj).__mro__:
        if "__post_init__" in vars(cls) and not cls.__module__.startswith("flax."):
            name = type(obj).__name__
            raise DimensionError(
                f"{name} has a __post_init__, which has already run with symbols in place of sizes",
                where=f"{cls.__module__}.{cls.__qualname__}.__post_init__",
                todo=advice("{} calls the constructor with integers at every sample", built(name)),
            )


def _is_library(obj: Any) -> bool:
    return type(obj).__module__.split(".")[0] in ("builtins", "jax", "jaxlib", "numpy", "optax", "ml_dtypes")
