"""What is printed is read, and what is no formula is told why."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.errors import DimensionError
from symcost.formatting import format_size
from symcost.formula_grammar import parse_formula
from symcost.polynomial import (
    ceil_log2,
    conv_taps,
    evaluate,
    floor_div,
    floor_log2,
    indicator,
    maximum,
    mod,
    power,
    symbol,
)

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


FORMULAS = (
    "2*N*F*H + M*H", "-3*N", "0", "(1/2)*H**2 + (3/2)", "ceil(N/2)", "ceil(N/(F*K))", "floor((N + 1)/(F + 1))",
    "N*2**L", "2**(2*L)", "max(0, N - 3)", "min(N, F)**2", "ceil_log2(N + 1)", "floor_log2(N)",
    "conv_taps(S, K, S, 1, floor(K/2), 1, 1)", "N*[B = 1]", "F*[N <= 64]", "[2*N <= 64]", "T*[T mod 8 = 0]",
    "[T mod (2*F) = 0]", "[N <= F]", "[N < F and M <= 3]", "3*[T <= 100]*[T mod 8 = 0]", "[floor(N/2) = 3]",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_what_is_printed_is_read_again(text):
    size = parse_formula(text)
    assert parse_formula(format_size(size)) == size


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("[N <= 5]", lambda n, f: n <= 5), ("[2*N < 5]", lambda n, f: 2 * n < 5), ("[N = F]", lambda n, f: n == f),
        ("[N mod 3 = 0]", lambda n, f: n % 3 == 0), ("[N mod F = 0]", lambda n, f: n % f == 0),
        ("[N <= F and F <= 4]", lambda n, f: n <= f <= 4),
        ("[N < F]", lambda n, f: n < f),
        ("[N < F + 3]", lambda n, f: n < f + 3), ("[N - F <= 2]", lambda n, f: n - f <= 2),
        ("[1 = 1]", lambda n, f: True),
    ],
)  # fmt: skip
def test_a_condition_is_1_where_it_holds(text, condition):
    size = parse_formula(text)
    for n in range(1, 12):
        for f in range(1, 7):
            assert evaluate(size, {"N": n, "F": f}) == condition(n, f)


def test_formulas_of_programs_are_read_again():
    def program(x, y):
        z = jnp.cumsum(jnp.sort(x, axis=0), axis=0)[:, : x.shape[1] // 2]
        return jax.nn.softmax(z @ y.T[: z.shape[1]], axis=-1)

    cost = sc.trace(program, sc.array("N F"), sc.array("M F"))
    for convention in ("algorithm", "xla"):
        for quantity in (found := cost.under(convention)).quantities:
            assert parse_formula(found.text(quantity)) == found.size(quantity)


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
    "[a/2 = 1]*x[0]": "'[' is not expected here",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items(), ids=WRONG)
def test_what_is_no_formula(text, why):
    with pytest.raises(DimensionError, match="formula") as error:
        parse_formula(text)
    assert why in str(error.value)
    assert "to do: " in str(error.value)
    assert "dimensions" not in str(error.value)
