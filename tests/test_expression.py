"""Sizes to sympy and back: both ways exact, on integers and symbolically."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from symcost.errors import DimensionError
from symcost.expression import OWN_FUNCTIONS, from_sympy, sympy_symbol, to_sympy
from symcost.polynomial import (
    FUNCTIONS,
    Size,
    ceil_div,
    ceil_log2,
    conv_taps,
    evaluate,
    floor_div,
    floor_log2,
    indicator,
    maximum,
    minimum,
    mod,
    power,
    symbol,
)

N, F, H = map(symbol, "NFH")

# how each size prints in sympy
PRINTED = {
    "2*N + 1": 2 * N + 1,
    "N**2/2 + N/2": N * N / 2 + N / 2,
    "floor(N/2)": floor_div(N, 2),
    "ceiling(N/2)": ceil_div(N, 2),
    "ceiling(3*N/4)": ceil_div(3 * N, 4),
    "ceiling(N/F)": ceil_div(N, F),
    "floor(N/F)": floor_div(N, F),
    "floor((F*N + 1)/H)": floor_div(N * F + 1, H),
    "floor(N/6)": floor_div(floor_div(N, 2), 3),
    "Max(2*F, N)": maximum(N, 2 * F),
    "Min(2*F, N)": minimum(N, 2 * F),
    "N - 3*floor(N/3)": mod(N, 3),
    "ceil_log2(N)": ceil_log2(N),
    "floor_log2(N)": floor_log2(N),
    "indicator(N, 1)": indicator(N, 1),
    "conv_taps(N, 3, N, 2, 1, 1, F)": conv_taps(N, 3, N, 2, 1, 1, F),
    "ceiling(N/3)*Max(0, -F + N) + 7": maximum(N - F, 0) * ceil_div(N, 3) + 7,
    "ceiling(Max(F, N)/2)": ceil_div(maximum(N, F), 2),
    "2**N*F": F * power(2, N),
    "2**F*2**N": power(2, N) * power(2, F),
    "2**N/2": power(2, N) / 2,
    "1/2": Fraction(1, 2),
    "0": 0,
}


@pytest.mark.parametrize("text", PRINTED)
def test_prints_as_the_field_writes_it(text: str) -> None:
    assert str(to_sympy(PRINTED[text])) == text


@pytest.mark.parametrize("text", [t for t in PRINTED if t != "1/2"])
def test_comes_back_the_same(text: str) -> None:
    assert from_sympy(to_sympy(PRINTED[text])) == PRINTED[text]


def test_symbols_are_positive_unless_told_otherwise() -> None:
    assert to_sympy(N).is_positive
    assert to_sympy(symbol("trips_loop_0")).is_positive is None
    m = sympy_symbol("N", nonnegative=True)
    assert to_sympy(2 * N, {"N": m}) == 2 * m


@st.composite
def sizes(draw: st.DrawFn, depth: int = 3) -> Size:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([N, F, H, 1, 2, 5]))
    a, b = draw(sizes(depth=depth - 1)), draw(sizes(depth=depth - 1))
    kind = draw(st.sampled_from(["+", "-", "*", "//", "ceil", "max", "min", "log", "is", "half", "by"]))
    if kind == "+":
        return a + b
    if kind == "-":
        return a - b
    if kind == "*":
        return a * b
    if kind == "//":
        return floor_div(a, draw(st.integers(2, 5)))
    if kind == "ceil":
        return ceil_div(a, draw(st.integers(2, 5)))
    if kind == "max":
        return maximum(a, b)
    if kind == "min":
        return minimum(a, b)
    if kind == "log":
        return ceil_log2(a)
    if kind == "is":
        return indicator(a, b)
    if kind == "half":
        return 2 * a
    return floor_div(a, N + F)


@given(sizes(), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_all_three_forms_agree_on_integers(size: Size, n: int, f: int, h: int) -> None:
    at = {"N": n, "F": f, "H": h}
    expected = evaluate(size, at)
    expression = to_sympy(size)
    assert expression.subs({s: at[s.name] for s in expression.free_symbols}) == expected
    assert evaluate(from_sympy(expression), at) == expected


# expressions that users write, and their value at N=10, F=4
n, f = sympy.symbols("N F", integer=True, positive=True)
WRITTEN = {
    n // 4: 2,
    n % 4: 2,
    sympy.ceiling(n / f): 3,
    sympy.floor(n / f + sympy.Rational(1, 2)): 3,
    -sympy.floor(-n / f): 3,
    sympy.Mod(n, f): 2,
    sympy.Mod(n / 4, 1) * 2: 1,
    sympy.Abs(f - n): 6,
    sympy.Max(n / 2, f): 5,
    n * (n - 1) / 2: 45,
    n**3 / n: 100,
    (n * f + f) / f: 11,
    sympy.ceiling(sympy.Rational(7, 2) * n): 35,
}


@pytest.mark.parametrize("expression", WRITTEN, ids=str)
def test_users_expressions(expression: sympy.Expr) -> None:
    assert evaluate(from_sympy(expression), {"N": 10, "F": 4}) == WRITTEN[expression]


def test_a_symbol_counts_by_its_name() -> None:
    assert from_sympy(sympy.Symbol("N") + sympy_symbol("N") + sympy_symbol("N", True)) == 3 * N


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        (n / f, "a symbol is left in a denominator"),
        (sympy.sqrt(n), "sqrt(N) is no polynomial"),
        (n**f, "N**F is no polynomial"),
        ((-2) ** n, "(-2)**N is no polynomial"),
        (n * 1.5, "is a Float"),
        (sympy.log(n), "log(N) is a log"),
        (sympy.Rational(1, 2), "it is no integer"),
        (sympy.pi, "pi is a Pi"),
        (sympy.oo, "oo is a Infinity"),
        (n < f, "N < F is a StrictLessThan"),
        (sympy.Dummy("N"), "a Dummy, which has no name of its own"),
        (True, "True is a boolean"),
    ],
    ids=str,
)
def test_what_is_no_size(expression: sympy.Expr, what: str) -> None:
    with pytest.raises(DimensionError) as caught:
        from_sympy(expression)
    assert what in caught.value.what
    assert caught.value.todo


def test_every_function_of_sizes_has_a_form_in_sympy() -> None:
    in_sympy = {"floor_div", "maximum", "minimum", "power"}
    assert in_sympy | set(OWN_FUNCTIONS) == set(FUNCTIONS)


def test_latex() -> None:
    assert sympy.latex(to_sympy(ceil_log2(N) * indicator(F, 1))) == (
        r"\left\lceil \log_2 N \right\rceil \left[F = 1\right]"
    )
    assert sympy.latex(to_sympy(floor_log2(N + 1))) == r"\left\lfloor \log_2 \left(N + 1\right) \right\rfloor"
