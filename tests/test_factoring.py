"""The readable form: the same number as the canonical one, never longer, and the same text however it came about."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import time
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symcost import polynomial as p
from symcost.factoring import Sum, factored
from symcost.formatting import format_size
from symcost.formula_grammar import parse_formula
from symcost.polynomial import Poly, ceil_div, evaluate, floor_div, indicator, maximum, power, symbol, terms_of
from symcost.readable import readable

B, T, N, M, F, H, L = map(symbol, "BTNMFHL")
ORDER = "BTNMFHL"

POLICY = {
    "nothing": (0, "0"),
    "a number": (7, "7"),
    "a fraction": (Fraction(1, 2), "1/2"),
    "a term": (-2 * N * F, "-2*N*F"),
    "what all terms share": (4 * B * T * F**2 + 2 * B * T * F, "B*T*F*(4*F + 2)"),
    "only where it is shorter": (N * F + N, "N*F + N"),
    "a number only where it is shorter": (8 * N + 8 * M + 12, "8*N + 8*M + 12"),
    "numbers of several digits": (128 * N + 128 * M, "128*(N + M)"),
    "a negative sum": (-(N**2) * F - N * F - 5 * F * H, "-F*(N**2 + N + 5*H)"),
    "layers": (
        L * (24 * T * F**2 + 4 * T**2 * F + 13 * T * F) + 7 * T * F,
        "T*F*(L*(4*T + 24*F + 13) + 7)",
    ),
    "layers beside the rest": (L * (3 * F**2 + 5 * F + H + 7) + F * H, "L*(3*F**2 + 5*F + H + 7) + F*H"),
    "nodes and edges": (
        2 * N * F * H + 4 * N * H + 3 * N * F * T + 7 * N * F + 2 * N + 2 * M * H + 2 * M * F + 2 * M,
        "N*(3*T*F + 2*F*H + 7*F + 4*H + 2) + 2*M*(F + H + 1)",
    ),
    "a product of sums": ((N + M) * (F + H) + 5, "(N + M)*(F + H) + 5"),
    "a sum over a number": (N * (N + 1) / 2, "N*(N + 1)/2"),
    "Cholesky": (N**3 / 3 + N**2 / 2 + N / 6, "N**3/3 + N**2/2 + N/6"),
    "a number apart from fractions": (N * F * H * (T + M + 1) / 2 + 3, "N*F*H*(T + M + 1)/2 + 3"),
    "special sizes last": (4 * N * F + 8 * N + 3 * indicator(B, 1) * F, "4*N*F + 8*N + 3*F*[B = 1]"),
    "special sizes together": (
        indicator(B, 1) * (12 * N * F + 7 * F + 5 * H) + N,
        "N + [B = 1]*(12*N*F + 7*F + 5*H)",
    ),
    "functions are factors": (ceil_div(N, 2) * F + 3 * ceil_div(N, 2) * H, "ceil(N/2)*(F + 3*H)"),
    "nested floors": (floor_div(floor_div(N, 2) + 1, 2) * F, "F*floor((N + 2)/4)"),
    "powers of powers": (power(2, L) ** 2 * N + 3 * power(2, L) * N, "N*2**L*(2**L + 3)"),
    "arguments of a maximum": (
        maximum(24 * N * F + 24 * N * H, 7 * N**2, 3) * B,
        "B*max(24*N*(F + H), 3, 7*N**2)",
    ),
}


@pytest.mark.parametrize(("size", "text"), POLICY.values(), ids=POLICY)
def test_the_policy(size, text):
    assert readable(size, ORDER) == text
    assert parse_formula(text) == size


# -- random formulas -------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d")
letters = st.sampled_from([symbol(n) for n in NAMES])
numbers = st.integers(1, 12)
plain = st.builds(lambda x, y, n, m: n * x * y + m, letters, letters, numbers, st.integers(0, 9)) | letters
functions = st.one_of(
    st.builds(floor_div, plain, st.integers(2, 9)),
    st.builds(ceil_div, plain, st.integers(2, 9)),
    st.builds(lambda x, y: floor_div(x, y + 1), plain, letters),
    st.builds(ceil_div, plain, letters),
    st.builds(maximum, plain, plain, numbers),
    st.builds(p.minimum, plain, plain, numbers),
    st.builds(p.ceil_log2, plain),
    st.builds(p.floor_log2, plain),
    st.builds(lambda x, n: power(n, x), letters, st.integers(2, 3)),
    st.builds(lambda x, y: p.conv_taps(x, 3, y, 2, 1, 1, 1), letters, letters),
)
conditions = st.one_of(
    st.builds(indicator, letters, st.integers(0, 3)),
    st.builds(lambda x, n: indicator(floor_div(x, n), 0), letters, st.integers(2, 99)),
    st.builds(lambda x, n: indicator(p.mod(x, n), 0), letters, st.integers(2, 9)),
    st.builds(lambda n: indicator(p.mod(symbol("a"), symbol("b")), 0), numbers),
    st.builds(lambda n: indicator(maximum(0, symbol("a") - n * symbol("b")), 0), numbers),
    st.builds(
        lambda n: indicator(maximum(0, symbol("a") - symbol("c") + 1, symbol("b") - n * symbol("d")), 0), numbers
    ),
    st.just(indicator(symbol("a") - symbol("d"), 0)),
)
factors = letters | letters | letters | functions | conditions
terms = st.builds(
    lambda c, many, d: p.product(many) * Fraction(c, d) if many else c,
    st.integers(-40, 40),
    st.lists(factors, max_size=4),
    st.sampled_from([1, 1, 1, 1, 2, 3]),
)
sums = st.lists(terms, max_size=12).map(p.total)
sizes = sums | st.builds(lambda x, y, z: x * y + z, sums, st.lists(terms, max_size=3).map(p.total), sums)


@given(sizes, st.permutations(NAMES))
def test_read_back_it_is_the_same_formula(size, order):
    text = readable(size, order)
    assert parse_formula(text) == size
    assert len(text) <= len(format_size(size, order))


@given(sizes)
def test_what_is_printed_canonically_is_read_back_too(size):
    assert parse_formula(format_size(size, NAMES)) == size


@given(sums, st.fixed_dictionaries({n: st.integers(1, 10**6) for n in NAMES}))
def test_the_text_has_the_value_of_the_formula(size, at):
    """Python itself evaluates the text, with functions of its own."""
    text = readable(size, NAMES)
    if any(word in text for word in ("[", "conv_taps", "2**", "3**")):
        return
    exact = {name: Fraction(value) for name, value in at.items()}
    log2 = {"ceil_log2": lambda n: max(0, (int(n) - 1).bit_length()), "floor_log2": lambda n: int(n).bit_length() - 1}
    names = {**exact, **log2, "max": max, "min": min, "ceil": ceil, "floor": floor, "exact": Fraction}
    # numbers as fractions, so that / is exact
    code = re.sub(r"(?<!\w)\d+", r"exact(\g<0>)", text)
    assert eval(code, {**names, "__builtins__": {}}) == evaluate(size, at)


# -- stability and bounds --------------------------------------------------------------------


def test_the_text_does_not_depend_on_the_order_in_which_terms_were_added():
    parts = [3 * N * F * H, 2 * M * H, 5 * N * ceil_div(F, 2), 7 * N * F, 11 * F * maximum(N, M)]
    assert len({readable(p.total(order), ORDER) for order in itertools.permutations(parts)}) == 1


PROGRAM = """
import sys
from symcost.polynomial import *
from symcost.readable import readable
names = sys.argv[1].split()
for name in names:
    symbol(name)
floors = [floor_div(symbol(n), 2) for n in names[:3]]
a, b, c, d, e = map(symbol, "abcde")
size = (a + b) * (c + 2 * d) + e * (a * b + b * c + 7 * c) + maximum(a, b, c * d)
size = size + floor_div(a, 2) * floor_div(b, 2) * (c + d)
print(readable(size, "edcba"))
"""


def test_the_text_does_not_depend_on_hashes_or_on_what_was_made_before():
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, names],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, names in (("1", "a b c d e"), ("2", "e d c b a"), ("3", "c a e b d"))
    }
    assert len(found) == 1


def multiplied_out(form: Sum) -> p.Size:
    """The size of a factored form, by the arithmetic of sizes alone."""
    found = []
    for product in form.products:
        factors = [Poly({((atom, 1),): 1}) ** exponent for atom, exponent in product.powers]
        found.append(p.product([*factors, *map(multiplied_out, product.sums)]) * Fraction(product.number))
    return p.total(found)


def assert_quick(size: p.Size, seconds: float) -> None:
    start = time.perf_counter()
    form = factored(size, "abcdefgh")
    assert time.perf_counter() - start < seconds, f"{time.perf_counter() - start:.1f} s for {len(terms_of(size))} terms"
    assert multiplied_out(form) == size


def test_thousands_of_terms_take_bounded_time():
    letters = [symbol(x) for x in "abcde"]
    exponents = itertools.islice(itertools.product(range(5), repeat=5), 3000)
    size = p.total((1 + i % 97) * p.product(map(pow, letters, powers)) for i, powers in enumerate(exponents))
    assert len(terms_of(size)) == 3000
    assert_quick(size, 8)


def test_a_long_formula_without_common_factors():
    assert_quick(p.total(ceil_div(symbol(f"x{i}"), 2) for i in range(2000)), 5)
