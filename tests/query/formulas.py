"""Random formulas of every kind of function, and costs made of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from symcost.cost import ProgramCost
from symcost.domain import Dim, Domain
from symcost.ledger import Key, Ledger, Row
from symcost.polynomial import (
    Size,
    ceil_div,
    ceil_log2,
    conv_taps,
    floor_div,
    floor_log2,
    indicator,
    maximum,
    minimum,
    mod,
    power,
    symbol,
)

NAMES = ("N", "M", "F")
N, M, F = map(symbol, NAMES)

symbols = st.sampled_from([N, M, F])
affine = st.builds(
    lambda a, x, b, y, c: a * x + b * y + c, st.integers(1, 9), symbols, st.integers(0, 3), symbols, st.integers(0, 9)
)


def _taps(size: Any, kernel: int, stride: int, low: int, base: int, window: int) -> Size:
    return conv_taps(size, kernel, ceil_div(size, stride), stride, low, base, window)


def _functions(inner: st.SearchStrategy) -> st.SearchStrategy:
    """Functions of sizes that are at least 0."""
    return st.one_of(
        st.builds(floor_div, inner, st.integers(1, 100)),
        st.builds(floor_div, inner, st.sampled_from([65537, 2**20, 3 * 2**40, 10**9 + 7])),
        st.builds(lambda a, b: floor_div(a, b + 1), inner, affine),
        st.builds(mod, inner, st.integers(1, 100)),
        st.builds(lambda a, b: mod(a, b + 1), inner, symbols),
        st.builds(maximum, inner, affine),
        st.builds(minimum, inner, affine, affine),
        st.builds(lambda a, b: maximum(a - b, b - a), inner, affine),
        st.builds(lambda a: ceil_log2(a + 1), inner),
        st.builds(lambda a: floor_log2(a + 1), inner),
        st.builds(indicator, symbols, st.integers(0, 3)),
        st.builds(lambda a, b: indicator(a, b), affine, affine),
        st.builds(lambda b, x: power(b, ceil_log2(x)), st.integers(2, 5), symbols),
        st.builds(
            _taps, symbols, st.integers(0, 5), st.integers(1, 3), st.integers(-2, 3), st.just(1), st.integers(1, 3)
        ),
    )


atoms = st.one_of(symbols, _functions(affine), _functions(st.one_of(affine, _functions(affine))))
coefficients = st.one_of(st.integers(-20, 20), st.integers(-(10**9), 10**9), st.sampled_from([2**31, -(2**33) - 1]))
fractions = st.builds(Fraction, st.integers(-20, 20), st.integers(1, 12))


@st.composite
def formulas(draw: Any, numbers: st.SearchStrategy = coefficients) -> Size:
    """A sum of up to five terms of up to four factors."""
    total: Size = 0
    for _ in range(draw(st.integers(1, 5))):
        term = draw(numbers)
        for _ in range(draw(st.integers(0, 4))):
            term = term * draw(atoms)
        total = total + term
    return total


def cost_of(size: Any, *dims: Dim, relations: tuple = (), excluded: tuple = (), **more: Any) -> ProgramCost:
    """A cost whose FLOPs are a formula, and others of its quantities further ones."""
    named = [*dims, *(Dim(n, min=0) for n in NAMES if n not in [d.name for d in dims])]
    key = Key(
        scope="", primitive="mul", dtype="float32", unit="vector", phase="forward", branch="", flag="", conditional=""
    )
    domain = Domain(tuple(named), relations, excluded)
    return ProgramCost("formula", Ledger([Row(key, 1, {"flops": size, **more})]), domain)


sizes = st.one_of(
    st.integers(0, 9),
    st.integers(0, 1000),
    st.integers(10**5, 10**6),
    st.integers(10**8, 2**31 - 1),
    st.sampled_from([2**16, 2**16 - 1]),
)
points = st.fixed_dictionaries(dict.fromkeys(NAMES, sizes))
