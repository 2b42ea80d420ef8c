"""Maxima as functions of a structural symbol: those of all samples are lined up, and solved argument by argument."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

from symcost.dominance import largest
from symcost.polynomial import (
    Atom,
    Monomial,
    Number,
    Poly,
    Size,
    arguments,
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
"""Samples, at least, from which the formula of an argument of a maximum is found."""


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
    """The maximum of formulas, each for arguments that are made of the same monomials and stand at the same place
    among those, by size.

    At small values of the symbol places may coincide (the last layer is the second), or a monomial may vanish: such
    samples tell nothing of a formula, and have to agree with all of them together.
    """
    classes: dict[frozenset[Monomial], dict[int, list[Size]]] = {}
    for v, sizes in samples.items():
        for size in sorted(sizes, key=_somewhere):
            classes.setdefault(frozenset(terms_of(size)), {}).setdefault(v, []).append(size)
    found = []
    for some in classes.values():
        usual = [sizes for sizes in some.values() if len(sizes) == _usual(some)]
        if len(usual) >= FEWEST or len(usual) == len(samples):
            for k in range(len(usual[0])):
                found.append(with_maxima(name, {v: s[k] for v, s in some.items() if len(s) == len(usual[0])}, solve))
    irregular = any(len(some.get(v, ())) != _usual(some) for some in classes.values() for v in samples)
    if irregular and not all(_same([bind(f, {name: v}) for f in found], sizes) for v, sizes in samples.items()):
        return solve({v: largest(sizes) for v, sizes in samples.items()})
    return largest(found)


def _usual(sizes: Mapping[int, Sequence[Size]]) -> int:
    """How many there are in most samples; of numbers that are as frequent, the one at larger values."""
    counts = [len(sizes[v]) for v in sorted(sizes)]
    return max(reversed(counts), key=counts.count)


def _same(a: Sequence[Size], b: Sequence[Size]) -> bool:
    """Whether two maxima are the same at all sizes, as far as coefficients show it."""
    return bool(a) and _below(a, b) and _below(b, a)


def _below(a: Sequence[Size], b: Sequence[Size]) -> bool:
    most = largest(b)
    return all(largest((size, most)) == most for size in a)


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
