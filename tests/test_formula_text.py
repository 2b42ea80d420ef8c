"""Formulas that are printed can be read back, and mean the same."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.errors import DimensionError
from symcost.formatting import format_size
from symcost.formula_text import parse_formula
from symcost.polynomial import evaluate

FORMULAS = (
    "2*N*F*H + M*H", "-3*N", "0", "(1/2)*H**2 + (3/2)", "ceil(N/2)", "ceil(N/(F*K))", "floor((N + 1)/(F + 1))",
    "N*2**L", "2**(2*L)", "max(0, N - 3)", "min(N, F)**2", "ceil_log2(N + 1)", "floor_log2(N)",
    "conv_taps(S, K, S, 1, floor(K/2), 1, 1)", "N*[B = 1]", "F*[N <= 64]", "[2*N <= 64]", "T*[T mod 8 = 0]",
    "[T mod (2*F) = 0]", "[N <= F]", "[N < F and M <= 3]", "3*[T <= 100]*[T mod 8 = 0]", "[floor(N/2) = 3]",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_what_is_printed_is_read_again(text):
    size, names = parse_formula(text)
    assert parse_formula(format_size(size, names))[0] == size


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("[N <= 5]", lambda n, f: n <= 5), ("[2*N < 5]", lambda n, f: 2 * n < 5), ("[N = F]", lambda n, f: n == f),
        ("[N mod 3 = 0]", lambda n, f: n % 3 == 0), ("[N mod F = 0]", lambda n, f: n % f == 0),
        ("[N <= F and F <= 4]", lambda n, f: n <= f <= 4),
        ("[N < F]", lambda n, f: n < f), ("[1 = 1]", lambda n, f: True),
    ],
)  # fmt: skip
def test_a_condition_is_1_where_it_holds(text, condition):
    size, _ = parse_formula(text)
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
            assert parse_formula(found.text(quantity))[0] == found.size(quantity)


WRONG = {
    "": "a name or a number is expected, not the end",
    "2*N F": "'F' is not expected here",
    "N/F": "a symbol is left in a denominator",
    "[N]": "a comparison is expected",
    "[N = 1": "a condition with = stands alone",
    "[N <= 3 and M = 2]": "a condition with = stands alone",
    "[N <= 3 or M <= 2]": "this condition does not end",
    "[N mod 0 = 0]": "division by zero",
    "[N/2 = 1]*x[0]": "'[' is not expected here",
    "1.5*N": "'.' has no meaning here",
    "N*": "a name or a number is expected, not the end",
    "conv_taps(3)": "conv_taps() takes 7 argument(s), not 1",
    "lambda": "it is a word of Python's",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_formula_is_told(text):
    with pytest.raises(DimensionError) as error:
        parse_formula(text)
    assert WRONG[text] in str(error.value)
    assert "to do: " in str(error.value)
    assert "dimensions" not in str(error.value)
