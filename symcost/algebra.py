"""Costs as an algebra: sums, multiples, partial binding."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symcost.advice import Typed, advice, declare
from symcost.arrays import size_from_text
from symcost.cost import ProgramCost
from symcost.dims import declared
from symcost.domain import Dim, Domain, near_names
from symcost.errors import ArgumentError, ConventionError, DimensionError, DomainError
from symcost.expression import from_sympy
from symcost.grammar import parse_relations
from symcost.ledger import Ledger
from symcost.parts import BY_LINE
from symcost.polynomial import Poly, Size, bind, is_nonnegative, symbols_of

ADDED = ("fusion", f"work{BY_LINE}", f"traffic{BY_LINE}")
"""Parts found when they are asked for that add up; peaks of memory do not."""


def combined(a: ProgramCost, b: ProgramCost, sign: int) -> ProgramCost:
    """``a + b`` or ``a - b``, row by row; the domain is where both hold."""
    if a.convention != b.convention:
        raise ConventionError(
            f"costs under {a.convention!r} and {b.convention!r} do not add up",
            todo=f"a.under({b.convention!r}) first",
        )
    name = f"{a.name} {'+' if sign > 0 else '-'} {b.name}"
    ledger, domain = a.ledger.combine(b.ledger, sign), joined(a.domain, b.domain)

    def both(part: str) -> Ledger:
        return a.part(part).combine(b.part(part), sign)

    parts = {part: functools.partial(both, part) for part in ADDED if a.holds(part) and b.holds(part)}
    return ProgramCost(name, ledger, domain, a.convention, note=f"the cost {name}", parts=parts)


def scaled(cost: ProgramCost, factor: Any) -> ProgramCost:
    """``factor * cost`` for a number or an expression in sizes."""
    size = size_of(factor, "a factor")
    names = [n for n in symbols_of(size) if n not in cost.domain.names]
    domain = replace(cost.domain, dims=(*cost.domain.dims, *(declared(n) for n in names)))
    name = f"{factor} * {cost.name}"
    parts = {part: functools.partial(lambda part: cost.part(part).scale(size), part) for part in ADDED}
    parts = {part: made for part, made in parts.items() if cost.holds(part)}
    return ProgramCost(name, cost.ledger.scale(size), domain, cost.convention, note=f"the cost {name}", parts=parts)


def substituted(cost: ProgramCost, values: Mapping[str, Any]) -> ProgramCost:
    """`cost` with symbols bound to integers or to expressions in other symbols.

    The restrictions of a bound symbol become relations between the symbols that replace it.
    """
    known = {*cost.domain.names, *(u.symbol for u in cost.unknown)}
    sizes: dict[str, Size] = {}
    for name, value in values.items():
        if name not in known:
            near = near_names(name, tuple(known))
            raise DimensionError(
                f"the cost has no symbol {name!r}",
                where=f"its symbols: {', '.join(sorted(known)) or 'none'}",
                todo=f"did you mean {near[0]}?" if near else "bind one of its symbols",
            )
        sizes[name] = size_of(value, name)
    excluded = list(cost.domain.excluded)
    relations = [
        replace(r, left=bind(r.left, sizes), right=bind(r.right, sizes), text="") if _touched(r, sizes) else r
        for r in cost.domain.relations
    ]
    relations = [r if r.text else parse_relations(f"{r.left} {r.operator} {r.right}")[0][0] for r in relations]
    for dim in cost.domain.dims:
        if dim.name in sizes:
            relations += _restrictions(dim, sizes[dim.name])
    excluded = [e for e in (_excluded(d, why, sizes) for d, why in excluded) if e is not None]
    kept = [d for d in cost.domain.dims if d.name not in sizes]
    new = [n for s in sizes.values() for n in symbols_of(s) if n not in {d.name for d in kept}]
    domain = Domain((*kept, *(declared(n) for n in dict.fromkeys(new))), tuple(relations), tuple(excluded))
    unknown = tuple(u for u in cost.unknown if u.symbol not in sizes)

    def bound(part: str) -> Ledger:
        ledger = cost.ledger if part == "work" else cost.part(part)
        return Ledger(ledger.map(lambda s: bind(s, sizes)).rows, unknown)

    parts = {part: functools.partial(bound, part) for part in (*ADDED, "memory") if cost.holds(part)}
    note = f"{cost.name} with {_listed(values)}"
    return ProgramCost(cost.name, bound("work"), domain, cost.convention, note=note, parts=parts)


def _excluded(description: str, reason: str, sizes: Mapping[str, Size]) -> tuple[str, str] | None:
    """Excluded sizes with symbols bound; None where the bound sizes are no longer among them.

    Raises:
        DomainError: the bound sizes are excluded whatever the others are, or not by integers.
    """
    left = []
    for relation in parse_relations(description)[0]:
        names = symbols_of(relation.left) | symbols_of(relation.right)
        if not names & set(sizes):
            left.append(relation.text or f"{relation.left} {relation.operator} {relation.right}")
        elif names <= set(sizes) and all(isinstance(sizes[n], int) for n in names):
            if not relation.holds({n: int(sizes[n]) for n in names}):  # type: ignore[arg-type]  # checked above
                return None
        else:
            left.append(f"{bind(relation.left, sizes)} {relation.operator} {bind(relation.right, sizes)}")
    if not left:
        raise DomainError(
            f"the sizes {description} are excluded: {reason}", todo="bind its symbols to sizes that are not excluded"
        )
    return ", ".join(left), reason


def _touched(relation: Any, sizes: Mapping[str, Size]) -> bool:
    return bool((symbols_of(relation.left) | symbols_of(relation.right)) & set(sizes))


def _restrictions(dim: Dim, size: Size) -> list[Any]:
    """What a dim demanded of its symbol, as relations on what replaces it."""
    if not isinstance(size, Poly):
        refusal = dim.refusal(size)
        if refusal:
            raise DomainError(refusal, where=f"the formula holds for {dim}", todo="bind it to a size inside the domain")
        return []
    relations = []
    if not is_nonnegative(size - dim.min):
        relations.append(f"{size} >= {dim.min}")
    if dim.max is not None:
        relations.append(f"{size} <= {dim.max}")
    if dim.multiple_of > 1 and not _divides(dim.multiple_of, size):
        relations.append(f"{size} == ({size})//{dim.multiple_of}*{dim.multiple_of}")
    if dim.power_of is not None:
        raise DomainError(
            f"{dim.name} is a power of {dim.power_of}; it can be bound to an integer only",
            todo=f"cost.subs({dim.name}={dim.power_of**3})",
        )
    return [r for text in relations for r in parse_relations(text)[0]]


def _divides(q: int, size: Poly) -> bool:
    return all(isinstance(c, int) and c % q == 0 for c in size.terms.values())


def joined(a: Domain, b: Domain) -> Domain:
    """Where both domains hold; a symbol that both have must be declared alike."""
    dims = list(a.dims)
    for dim in b.dims:
        same = next((d for d in dims if d.name == dim.name), None)
        if same is None:
            dims.append(dim)
        elif same != dim:
            raise DimensionError(
                f"the symbol {dim.name} has different domains in the two costs: {same} and {dim}",
                todo=advice("trace both with the same one, such as {}", _narrower(same, dim)),
            )
    relations = tuple(dict.fromkeys((*a.relations, *b.relations)))
    return Domain(tuple(dims), relations, tuple(dict.fromkeys((*a.excluded, *b.excluded))))


def _narrower(a: Dim, b: Dim) -> Typed:
    """What declares the integers that both domains hold, as far as one declaration can."""
    multiple, least = math.lcm(a.multiple_of, b.multiple_of), max(a.min, b.min)
    most, power = min((d.max for d in (a, b) if d.max is not None), default=None), a.power_of or b.power_of
    alone = multiple == 1 and most is None and power is None
    return declare(
        a.name,
        multiple_of=multiple if multiple > 1 else None,
        min=least if least > multiple or alone else None,
        max=most,
        power_of=power,
    )


def size_of(value: Any, what: str, *, declare: bool = True) -> Size:
    """A number, a text or an expression of sympy's as a size; symbols in a text are declared if `declare`."""
    if isinstance(value, bool):
        raise ArgumentError(f"{what} is a boolean, {value!r}", todo="an integer or an expression in symbols")
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return size_from_text(value, what, declare=declare)
    return from_sympy(value)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{n}={v}" for n, v in values.items())
