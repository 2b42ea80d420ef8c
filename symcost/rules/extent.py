"""Extents that may be empty: what `n - 1` means for a size that can be zero.

Folding n elements takes n - 1 operations, but none of them if n is 0. With integers
this is `max(n - 1, 0)`; with a formula it stays `n - 1` wherever n can be shown to be
at least 1, and carries the indicator ``[n = 0]`` otherwise. What the symbols may be
is said by `smallest_sizes`; a symbol that is not mentioned is at least 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction

from symcost.errors import RuleError
from symcost.polynomial import Atom, Number, Poly, Size, indicator, substitute, terms_of

_SMALLEST: ContextVar[Mapping[str, int]] = ContextVar("_SMALLEST")


@contextmanager
def smallest_sizes(sizes: Mapping[str, int]) -> Iterator[None]:
    """Within this block, symbol `name` is at least ``sizes[name]``; other symbols are at least 1.

    Example:
        >>> from symcost.polynomial import symbol
        >>> str(folds(symbol("M")))
        'M - 1'
        >>> with smallest_sizes({"M": 0}):
        ...     str(folds(symbol("M")))
        'M + indicator(M, 0) - 1'
    """
    token = _SMALLEST.set(dict(sizes))
    try:
        yield
    finally:
        _SMALLEST.reset(token)


def lower_bound(size: Size) -> Number | None:
    """A number that `size` never falls below in its domain, or None if none is found.

    Every atom is replaced by its own bound plus a nonnegative rest; if all coefficients
    are then nonnegative, the constant term is the bound.
    """
    if not isinstance(size, Poly):
        return size
    bounds = {atom: _atom_bound(atom) for monomial in size.terms for atom, _ in monomial}
    if any(bound is None for bound in bounds.values()):
        return None
    shifted = substitute(size, lambda atom: bounds[atom] + Poly({((atom, 1),): 1}))
    terms = terms_of(shifted)
    if any(c < 0 for monomial, c in terms.items() if monomial):
        return None
    return terms.get((), 0)


def _atom_bound(atom: Atom) -> Number | None:
    if atom.kind == "symbol":
        return _SMALLEST.get({}).get(atom.name, 1)
    bounds = [lower_bound(a) for a in atom.args]
    known = [b for b in bounds if b is not None]
    if atom.kind == "maximum":
        return max(known) if known else None
    if atom.kind == "minimum":
        return min(known) if len(known) == len(bounds) else None
    if atom.kind == "floor_div":
        numerator, denominator = bounds
        if numerator is None or denominator is None or denominator <= 0:
            return None
        if not isinstance(atom.args[1], Poly):
            return numerator // denominator
        return 0 if numerator >= 0 else None
    return 0  # indicator, ceil_log2, floor_log2, conv_taps count something


def is_empty(n: Size) -> Size:
    """1 where the extent `n` is 0, else 0; simply 0 where `n` is known to be at least 1."""
    bound = lower_bound(n)
    return 0 if bound is not None and bound >= 1 else indicator(n, 0)


def folds(n: Size) -> Size:
    """Operations of two operands that fold `n` elements into one: ``n - 1``, and 0 for none.

    Example:
        >>> folds(5), folds(1), folds(0)
        (4, 0, 0)
    """
    return n - 1 + is_empty(n)


def exactly(numerator: Size, denominator: int) -> Size:
    """``numerator / denominator`` where the quotient is an integer at every size.

    Example:
        >>> from symcost.polynomial import symbol
        >>> n = symbol("N")
        >>> exactly(7 * 6, 2), str(exactly(n * (n - 1), 2))
        (21, '1/2*N**2 - 1/2*N')
    """
    if isinstance(numerator, Poly):
        return numerator * Fraction(1, denominator)
    quotient, rest = divmod(numerator, denominator)
    if rest:
        raise RuleError(
            f"a counting rule divides {numerator} by {denominator}, which leaves {rest}",
            todo="report this as a bug of symcost, with the program that was traced",
        )
    return quotient


def triangle(n: Size) -> Size:
    """0 + 1 + ... + (n - 1)."""
    return exactly(n * (n - 1), 2)


def pyramid(n: Size) -> Size:
    """0 + 1 + 4 + ... + (n - 1)**2."""
    return exactly(n * (n - 1) * (2 * n - 1), 6)
