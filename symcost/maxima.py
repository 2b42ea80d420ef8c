"""Maxima as functions of a structural symbol: those of all samples are lined up, and solved argument by argument."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

from symcost.dominance import arguments, largest
from symcost.polynomial import (
    Atom,
    Monomial,
    Number,
    Poly,
    Size,
    bind,
    evaluate,
    substitute,
    symbol,
    symbols_of,
    terms_of,
)

Solve = Callable[[Mapping[int, Size]], Size]
"""From sizes by the value of a symbol to their formula; raises if there is none."""

FEWEST = 3
"""Samples in which an argument of a maximum must occur; in the others it must be dominated."""


def with_maxima(name: str, sizes: Mapping[int, Size], solve: Solve) -> Size:
    """The formula of sizes in which maxima may stand.

    Args:
        name: the symbol. sizes: by its value. solve: for sizes without maxima.
    """
    atoms = {v: _maxima(size) for v, size in sizes.items()}
    if not any(atoms.values()):
        return solve(sizes)
    if all(not found or len(arguments(sizes[v])) > 1 for v, found in atoms.items()):
        return _maximum(name, {v: arguments(size) for v, size in sizes.items()}, solve)
    if len({len(found) for found in atoms.values()}) > 1:
        return solve(sizes)
    formula = solve({v: _with_places(size, atoms[v]) for v, size in sizes.items()})
    for k in range(max(map(len, atoms.values()))):
        found = _maximum(name, {v: atoms[v][k].args for v in sizes}, solve)
        formula = bind(formula, {_place(k): found})
    return formula


def _maximum(name: str, samples: Mapping[int, Sequence[Size]], solve: Solve) -> Size:
    """The maximum of formulas, each for the arguments that are made of the same monomials."""
    classes: dict[tuple, dict[int, Size]] = {}
    for v, sizes in samples.items():
        seen: dict[frozenset[Monomial], int] = {}
        for size in sorted(sizes, key=_somewhere):
            monomials = frozenset(terms_of(size))
            seen[monomials] = seen.get(monomials, 0) + 1
            classes.setdefault((monomials, seen[monomials]), {})[v] = size
    found = []
    for some in classes.values():
        missing = samples.keys() - some.keys()
        if len(some) < FEWEST and missing:
            return solve({v: largest(sizes) for v, sizes in samples.items()})
        formula = with_maxima(name, some, solve)
        for v in missing:
            at = bind(formula, {name: v})
            if largest((at, *samples[v])) != largest(samples[v]):
                return solve({v: largest(sizes) for v, sizes in samples.items()})
        found.append(formula)
    return largest(found)


def _maxima(size: Size) -> list[Atom]:
    """The maxima in a size, in an order that does not depend on the sample."""
    terms = terms_of(size).items()
    found = {a: (c, _somewhere(_alone(a))) for m, c in terms for a, _ in m if a.kind == "maximum"}
    return sorted(found, key=lambda a: found[a])


def _alone(atom: Atom) -> Poly:
    return Poly({((atom, 1),): 1})


def _place(k: int) -> str:
    return f"?maximum_{k}"


def _with_places(size: Size, atoms: Sequence[Atom]) -> Size:
    places = {atom: symbol(_place(k)) for k, atom in enumerate(atoms)}
    return substitute(size, places.get)


def _somewhere(size: Size) -> Number:
    """Its value at large sizes that follow from the names of its symbols."""
    return evaluate(size, {name: 10_007 + zlib.crc32(name.encode()) % 90_000 for name in symbols_of(size)})
