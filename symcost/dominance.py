"""The largest of many sizes: those that others exceed at all sizes are left out.

A size is dominated by another whose coefficients are nowhere smaller, and by two others if it lies between
them: of ``i*A + (L - i)*G`` over all layers i, only the first and the last can be the largest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from symcost.polynomial import (
    Atom,
    Monomial,
    Number,
    Poly,
    Size,
    arguments,
    is_nonnegative_product,
    maximum,
    substitute,
    terms_of,
)

Terms = dict[Monomial, Number]

FEW = 40
"""Sizes, at most, of which each is compared with every two others."""


def largest(sizes: Iterable[Size], least: Mapping[str, int] | None = None) -> Size:
    """The maximum of sizes, in as few arguments as the signs of coefficients show.

    Args:
        least: what symbols are at least, 0 if it is not said.

    Example:
        >>> from symcost.polynomial import symbol
        >>> a, b = symbol("A"), symbol("B")
        >>> str(largest([2 * a, a + b, 2 * b, a, 3]))
        'maximum(2*A, 2*B, 3)'
        >>> str(largest([a * b, a], {"B": 1}))
        'A*B'
    """
    kept = _undominated({size: terms_of(size) for size in dict.fromkeys(a for s in sizes for a in arguments(s))})
    if least and len(kept) > 1:
        kept = _undominated({size: terms_of(_above(size, least)) for size in kept})
    found = _corners(kept)
    return maximum(*found) if len(found) > 1 else found[0] if found else 0


def _undominated(sizes: Mapping[Size, Terms]) -> dict[Size, Terms]:
    """Those that no other covers."""
    kept: dict[Size, Terms] = {}
    for size, terms in sizes.items():
        if not any(_covers(other, terms) for other in kept.values()):
            kept = {s: other for s, other in kept.items() if not _covers(terms, other)}
            kept[size] = terms
    return kept


def _above(size: Size, least: Mapping[str, int]) -> Size:
    """A size in what each symbol is more than its least."""

    def shifted(atom: Atom) -> Size:
        alone = Poly({((atom, 1),): 1})
        return alone + least.get(atom.name, 0) if atom.kind == "symbol" else alone

    return substitute(size, shifted)


def _covers(a: Terms, b: Terms) -> bool:
    """Whether no coefficient of `a` is smaller than that of `b`, and those of what may be negative are equal."""
    if not (all(a.get(m, 0) >= c for m, c in b.items()) and all(c >= 0 or m in b for m, c in a.items())):
        return False
    return all(is_nonnegative_product(m) for m in {**a, **b} if a.get(m, 0) != b.get(m, 0))


def _corners(sizes: dict[Size, Terms]) -> list[Size]:
    """Those that lie between no two others, as far as there are few."""
    kept = dict(sizes)
    for size, terms in sizes.items() if len(sizes) <= FEW else ():
        others = [t for s, t in kept.items() if s is not size]
        if any(_between(terms, a, b) for i, a in enumerate(others) for b in others[i + 1 :]):
            del kept[size]
    return list(kept)


def _between(terms: Terms, a: Terms, b: Terms) -> bool:
    """Whether ``t*a + (1 - t)*b`` covers a size for some t from 0 to 1."""
    if any(c > a.get(m, 0) and c > b.get(m, 0) for m, c in terms.items()):
        return False
    low, high = Fraction(0), Fraction(1)
    for m in {**terms, **a, **b}:
        slope, needed = a.get(m, 0) - b.get(m, 0), terms.get(m, 0) - b.get(m, 0)
        if slope > 0:
            low = max(low, Fraction(needed, slope))
        elif slope < 0:
            high = min(high, Fraction(needed, slope))
        elif needed > 0:
            return False
        if not is_nonnegative_product(m):  # no more and no less
            if not slope:
                if needed:
                    return False
                continue
            low, high = max(low, Fraction(needed, slope)), min(high, Fraction(needed, slope))
        if low > high:
            return False
    return True
