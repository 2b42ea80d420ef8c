"""Formulas as functions: what `cost.function` was asked for, checked, and handed to a back end."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symcost.cost import ProgramCost
from symcost.domain import Dim, Domain, near_names
from symcost.errors import ArgumentError, DomainError
from symcost.grammar import parse_relations
from symcost.polynomial import Poly, Size, symbols_of
from symcost.values import lacking

if TYPE_CHECKING:
    from symcost.hardware import Chip

BACKENDS = ("python", "numpy", "jax")

ALIASES = {"bytes": "bytes_accessed"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Formulas that a function is made of.

    Attributes:
        cost: whose they are. quantities, sizes: names and formulas. single: whether one was asked for, not a list.
        domain: of the symbols that the formulas contain, with what relates them to each other.
        check: whether sizes are compared with the domain.
    """

    cost: ProgramCost
    quantities: tuple[str, ...]
    sizes: tuple[Size | Fraction, ...]
    single: bool
    domain: Domain
    check: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Symbols of the formulas."""
        return self.domain.names

    @property
    def excluded(self) -> tuple[tuple[Any, ...], ...]:
        """Relations that must not hold all together."""
        return tuple(parse_relations(description)[0] for description, _ in self.domain.excluded)

    def real(self, quantity: str) -> bool:
        """Whether a quantity is no count."""
        return quantity == "seconds"

    def packed(self, values: Sequence[Any]) -> Any:
        """One value, or a dict of several."""
        return values[0] if self.single else dict(zip(self.quantities, values, strict=True))

    def given(self, wrong: Sequence[Any], sizes: Mapping[str, Any]) -> dict[str, Any]:
        """The sizes that the formulas contain.

        Raises:
            ArgumentError: sizes without a name. MissingSizeError, UnknownPrimitiveError: what is missing.
        """
        if wrong:
            call = ", ".join(f"{name}=8" for name in self.names)
            raise ArgumentError(f"sizes are given by name, not {wrong[0]!r} alone", todo=f"function({call})")
        if missing := [name for name in self.names if name not in sizes]:
            raise self.lacks(missing)
        return {name: sizes[name] for name in self.names}

    def lacks(self, missing: Sequence[str]) -> Exception:
        """The error for sizes that were not given."""
        return lacking(self.cost, " and ".join(self.quantities), missing, called="function")

    def integers(self, wrong: Sequence[Any], sizes: Mapping[str, Any]) -> tuple[int, ...]:
        """Sizes as Python integers inside of the domain, or an error that says which is not."""
        given = self.given(wrong, sizes)
        if self.check:
            return tuple(self.domain.check(given).values())
        return tuple(_index(name, value) for name, value in given.items())

    def outside(self, name: str, what: str) -> DomainError:
        """The error for an array of sizes of which some are outside of the domain."""
        return DomainError(what, where=f"the formula holds for {self.domain}", todo=f"give {self.domain[name]}")


def _index(name: str, value: Any) -> int:
    if type(value).__name__ in ("bool", "bool_") or not hasattr(value, "__index__"):
        raise DomainError(f"{name}={value!r} is a {type(value).__name__}, not an integer", todo=f"{name}=8")
    return operator.index(value)


def function(
    cost: ProgramCost,
    quantities: Any,
    backend: str,
    *,
    chip: Any = None,
    devices: int | None = None,
    check: bool = True,
) -> Callable[..., Any]:
    """A function from sizes to quantities; see `ProgramCost.function`."""
    if backend not in BACKENDS:
        near = near_names(str(backend), BACKENDS)
        raise ArgumentError(
            f"there is no back end {backend!r}",
            todo=f"backend={near[0]!r}" if near else f"one of {', '.join(BACKENDS)}",
        )
    if not isinstance(check, bool):
        raise ArgumentError(f"check={check!r} is neither True nor False", todo="check=False")
    made = wanted(cost, quantities, chip, devices, check)
    if backend == "python":
        from symcost.query.function_python import compiled

        found = compiled(made)
    elif backend == "numpy":
        from symcost.query.function_numpy import vectorised

        found = vectorised(made)
    else:
        from symcost.query.function_jax import traceable

        found = traceable(made)
    return _described(found, made)


def wanted(cost: ProgramCost, quantities: Any, chip: Any, devices: int | None, check: bool = True) -> Wanted:
    """The formulas of quantities, and what restricts the symbols in them."""
    single = isinstance(quantities, str)
    listed = (quantities,) if single else quantities
    if not isinstance(listed, Sequence) or not listed or not all(isinstance(q, str) for q in listed):
        raise ArgumentError(
            f"{quantities!r} names no quantities", todo='cost.function("flops") or cost.function(["flops", "params"])'
        )
    names = tuple(ALIASES.get(q, q) for q in listed)
    if len(set(names)) < len(names):
        raise ArgumentError(f"a quantity stands twice in {quantities!r}", todo="name each quantity once")
    if ("seconds" in names) != (chip is not None):
        raise ArgumentError(
            "seconds depend on the chip" if chip is None else f"{' and '.join(names)} are the same on every chip",
            todo='cost.function("seconds", chip="tpu-v5e")',
        )
    sizes = tuple(_seconds(cost, chip, devices) if q == "seconds" else cost.size(q) for q in names)
    return Wanted(cost, names, sizes, single, _restricted(cost, sizes), check)


def _seconds(cost: ProgramCost, chip: str | Chip, devices: int | None) -> Size:
    from symcost.hardware.roofline import roofline

    return roofline(cost, chip, devices=devices).size


def _restricted(cost: ProgramCost, sizes: Sequence[Size | Fraction]) -> Domain:
    """The domain of the symbols in some formulas; trip counts and unknown costs are symbols from 0 on."""
    found = {name for size in sizes if isinstance(size, Poly) for name in symbols_of(size)}
    dims = [d for d in cost.domain.dims if d.name in found]
    dims += [Dim(name, min=0) for name in sorted(found - {*cost.domain.names})]
    relations = tuple(r for r in cost.domain.relations if {*r.names} <= found)
    excluded = tuple(e for e in cost.domain.excluded if all({*r.names} <= found for r in parse_relations(e[0])[0]))
    return Domain(tuple(dims), relations, excluded)


def _described(found: Callable[..., Any], made: Wanted) -> Callable[..., Any]:
    """Name and documentation, and the names of the sizes as `arguments`."""
    cost = made.cost
    found.__name__ = found.__qualname__ = "_and_".join(made.quantities)
    lines = [f"{' and '.join(made.quantities)} of {cost.name}, convention {cost.convention!r}.", ""]
    lines += [f"Sizes: {', '.join(made.names) or 'none'}; they hold for {made.domain}."]
    found.__doc__ = "\n".join(lines)
    found.arguments = made.names  # type: ignore[attr-defined]
    return found


def first_wrong(dim: Dim, values: Sequence[int]) -> str:
    """What is wrong with the first of several sizes that a domain refuses."""
    for value in values:
        if refusal := dim.refusal(int(value)):
            return refusal
    return f"{dim.name} is outside of its domain"


def broadcast(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of a result.

    Raises:
        ArgumentError: the shapes do not go together.
    """
    found: tuple[int, ...] = ()
    for name, shape in shapes.items():
        longer, shorter = (found, shape) if len(found) >= len(shape) else (shape, found)
        aligned = (*[1] * (len(longer) - len(shorter)), *shorter)
        if any(a != b and 1 not in (a, b) for a, b in zip(longer, aligned, strict=True)):
            listed = ", ".join(f"{n} {s}" for n, s in shapes.items() if s)
            raise ArgumentError(
                f"the arrays of sizes do not broadcast: {listed}", todo=f"{name}[:, None] for all combinations"
            )
        found = tuple(b if a == 1 else a for a, b in zip(longer, aligned, strict=True))
    return found
