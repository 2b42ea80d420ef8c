"""What is printed is read, and what is no formula is told why."""

from __future__ import annotations

import pytest

from symcost.errors import DimensionError
from symcost.formula_grammar import parse_formula
from symcost.polynomial import ceil_log2, conv_taps, floor_div, floor_log2, indicator, maximum, mod, power, symbol

a, b = symbol("a"), symbol("b")

READ = {
    "2*a*(b + 1)/2 - 3": a * b + a - 3,
    "(2**a)**3 * b": power(2, a) ** 3 * b,
    "ceil_log2(a + 1) + floor_log2(b)": ceil_log2(a + 1) + floor_log2(b),
    "conv_taps(a, 3, b, 2, 1, 1, 1)": conv_taps(a, 3, b, 2, 1, 1, 1),
    "4*[a = 1]": 4 * indicator(a, 1),
    "[a = b]": indicator(a - b, 0),
    "[a + b <= 64]": indicator(floor_div(a + b, 65), 0),
    "[a mod 8 = 0]": indicator(mod(a, 8), 0),
    "[a mod b = 0]": indicator(mod(a, b), 0),
    "[a <= 2*b]": indicator(maximum(0, a - 2*b), 0),
    "[a < b and 3*b <= a]": indicator(maximum(0, a - b + 1, 3 * b - a), 0),
    "[2 = 2]": 1,
}  # fmt: skip


@pytest.mark.parametrize(("text", "size"), READ.items(), ids=READ)
def test_formulas(text, size):
    assert parse_formula(text) == size


WRONG = {
    "": "a name or a number is expected, not the end",
    "a b": "'b' is not expected here",
    "a/b": "a symbol is left in a denominator",
    "2*[a = 1": "this bracket is not closed",
    "[a]": "there is no comparison",
    "[a mod 0 = 0]": "division by zero",
    "[a = 1 and b = 2]": "`and` joins conditions of the form M <= N",
    "ceil_log2(a, b)": "takes 1 argument",
    "conv_taps(a)": "takes 7 argument",
    "__import__('os')": "has no meaning here",
    "a..b": "has no meaning here",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items(), ids=WRONG)
def test_what_is_no_formula(text, why):
    with pytest.raises(DimensionError, match="formula") as error:
        parse_formula(text)
    assert why in str(error.value)
