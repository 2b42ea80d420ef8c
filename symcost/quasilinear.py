"""Simplest form of a dimension that nested floors produce: ``H - floor(H/2)`` is ``floor((H + 1)/2)``.

A size in one symbol, made of integers, sums and floors by integers, is quasi-linear:
f(n + q) = f(n) + s*q for the product q of its divisors. Two such functions that agree
on two periods agree everywhere, so that a simpler form is proved by evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import lcm

from symcost.polynomial import (
    Atom,
    Poly,
    Size,
    evaluate,
    floor_div,
    is_nonnegative_above_one,
    make,
    substitute,
    symbol,
    symbols_of,
    terms_of,
    total,
)

LONGEST_PERIOD = 4096


def simplest(size: Size, least: int = 0) -> Size:
    """`size`, as ``floor((p*n + a)/q) + b`` if it is equal to one; otherwise unchanged.

    Args:
        least: smallest value of the symbol; ``max(0, g)`` is g where g is nonnegative from there on.

    Example:
        >>> h = symbol("H")
        >>> simplest(h - floor_div(h, 2))
        floor((H + 1)/(2))
    """
    if not isinstance(size, Poly):
        return size
    if all(a.kind == "symbol" for m in size.terms for a, _ in m):
        return size
    settled = substitute(size, lambda atom: _settled(atom, least))
    if not isinstance(settled, Poly):
        return settled
    # A sum of functions of one symbol each is simplified symbol by symbol.
    groups: dict[frozenset[str], dict] = {}
    for monomial, c in settled.terms.items():
        names = frozenset(n for a, _ in monomial for n in symbols_of(Poly({((a, 1),): 1})))
        groups.setdefault(names, {})[monomial] = c
    return total(_simplest(part) if isinstance(part := make(terms), Poly) else part for terms in groups.values())


def settled(size: Size, least: Mapping[str, int]) -> Size:
    """`size` with every ``max(0, g)`` of one symbol as g, or as 0, where that is so from its least value on.

    Args:
        least: the smallest value of each symbol.

    Example:
        >>> from symcost.polynomial import maximum
        >>> s = symbol("S")
        >>> side = maximum(0, floor_div(maximum(0, s - 4), 2) - 4)
        >>> settled(side, {"S": 16}), settled(side, {"S": 1}) == side
        (floor((S)/(2)) - 6, True)
    """
    if not any(atom.kind != "symbol" for m in terms_of(size) for atom, _ in m):
        return size

    def decided(atom: Atom) -> Size | None:
        names = symbols_of(_as_size(atom)) if atom.kind == "maximum" else ()
        return _settled(atom, least.get(next(iter(names)), 0)) if len(names) == 1 else None

    while True:  # what is settled inside lets the outer one settle
        found = substitute(size, decided)
        if found == size:
            return found
        size = found


@lru_cache(maxsize=4096)
def _settled(atom: Atom, least: int) -> Size | None:
    """g for ``max(0, g)`` if g >= 0 for all sizes from `least` on, 0 if g <= 0, else None."""
    if atom.kind != "maximum" or len(atom.args) != 2 or 0 not in atom.args:
        return None
    g = atom.args[0] if atom.args[1] == 0 else atom.args[1]
    if least >= 1 and is_nonnegative_above_one(g):
        return g
    g = simplest(g, least)
    if isinstance(g, int):
        return max(0, g)
    names, period = symbols_of(g), _period(g)
    if not isinstance(g, Poly) or len(names) != 1 or period is None or period > LONGEST_PERIOD:
        return None
    (name,) = names
    values = [evaluate(g, {name: least + n}) for n in range(2 * period)]
    rising = all(values[n + period] >= values[n] for n in range(period))
    falling = all(values[n + period] <= values[n] for n in range(period))
    if rising and min(values) >= 0:
        return g
    return 0 if falling and max(values) <= 0 else None


@lru_cache(maxsize=4096)
def _simplest(size: Poly) -> Size:
    names = symbols_of(size)
    period = _period(size)
    if len(names) != 1 or period is None or period > LONGEST_PERIOD:
        return size
    (name,) = names
    values = [evaluate(size, {name: n}) for n in range(2 * period + 1)]
    slope = Fraction(values[period] - values[0]) / period
    if any(values[n + period] - values[n] != slope * period for n in range(period + 1)):
        return size
    p, q = slope.numerator, slope.denominator
    if p == 0 and len(set(values)) == 1:
        return values[0]  # type: ignore[return-value]  # an integer, as all values are
    if p <= 0:
        return size
    n = symbol(name)
    b = int(values[0])
    for a in range(q):
        if all((p * k + a) // q + b == v for k, v in enumerate(values)):
            return floor_div(p * n + a, q) + b
    for a in range(q):  # floor(a/q) at 0 may be 0 while values[0] belongs to the next step
        if all((p * k + a) // q + b - 1 == v for k, v in enumerate(values)):
            return floor_div(p * n + a, q) + b - 1
    return size


def _period(size: Size) -> int | None:
    """A period of a quasi-linear size, None if it is not one."""
    if not isinstance(size, Poly):
        return 1
    period = 1
    for monomial, c in size.terms.items():
        if not monomial:
            continue
        (atom, exponent), *others = monomial
        if others or exponent > 1:
            return None
        if atom.kind == "symbol":
            inner = 1
        elif atom.kind == "floor_div" and isinstance(atom.args[1], int):
            within = _period(atom.args[0])
            if within is None:
                return None
            inner = within * atom.args[1]
        else:
            return None
        period = lcm(period, inner * Fraction(c).denominator)
    return period


def simplest_taps(size: Size, least: int = 0) -> Size:
    """`size` with every ``conv_taps(...)`` that is linear in its sizes written so: 3x3 "SAME" taps are ``3*H - 2``.

    All arguments of the atom must be functions of one symbol n. Each of its terms is a clipped quasi-linear
    function of n, hence quasi-linear itself once the clips have settled; a linear combination of the axis' input
    and output that agrees from `least` on until well beyond that agrees everywhere.

    Args:
        least: smallest value of the symbol.

    Example:
        >>> from symcost.polynomial import conv_taps
        >>> h = symbol("H")
        >>> simplest_taps(conv_taps(h, 3, h, 1, 1, 1, 1), least=1)
        3*H - 2
    """
    if not isinstance(size, Poly):
        return size
    return substitute(size, lambda atom: _linear_taps(atom, least) if atom.kind == "conv_taps" else None)


@lru_cache(maxsize=4096)
def _linear_taps(atom: Atom, least: int) -> Size | None:
    names = {n for a in atom.args for n in symbols_of(a)}
    extent, kernel, output, stride, low, base, dilation = atom.args
    periods = [_period(a) for a in atom.args]
    if (
        len(names) != 1
        or any(p is None for p in periods)
        or not all(isinstance(d, int) for d in (stride, base, dilation))
    ):
        return None
    (name,) = names
    period = lcm(*(p for p in periods if p), stride, base)  # type: ignore[arg-type]  # ints, as checked
    span = max((int(k * dilation) for k in (kernel, low) if isinstance(k, int)), default=0)
    # Clips settle once the input is longer than the kernel reaches: one period more for each unit of reach.
    last = least + period * (4 + 2 * span + stride)
    if period > 64 or last > 4000:
        return None
    at = [{name: n} for n in range(least, last)]
    values = [evaluate(_as_size(atom), p) for p in at]
    columns = [tuple(evaluate(s, p) for p in at) for s in (output, extent, kernel) if isinstance(s, Poly)]
    for n in range(1, len(columns) + 1):
        fit = _combination(columns[:n], values)
        if fit is not None:
            sizes = [s for s in (output, extent, kernel) if isinstance(s, Poly)]
            return simplest(fit[0] + total(c * s for c, s in zip(fit[1:], sizes, strict=False)), least)
    return None


def _as_size(atom: Atom) -> Poly:
    return Poly({((atom, 1),): 1})


def _combination(columns: list[tuple], values: list) -> list[int] | None:
    """Integers c0, c1 ... with values == c0 + c1*column1 + ... at every point."""
    for coefficients in product(range(-1, 12), repeat=len(columns)):
        c0 = values[0] - sum(c * column[0] for c, column in zip(coefficients, columns, strict=True))
        if all(
            v == c0 + sum(c * x for c, x in zip(coefficients, row, strict=True))
            for v, *row in zip(values, *columns, strict=True)
        ):
            return [c0, *coefficients]
    return None
