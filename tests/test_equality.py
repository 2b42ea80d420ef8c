"""Proofs about formulas at all sizes. The witness is evaluation at every small size of the domain."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symcost.domain import Dim, Domain
from symcost.equality import always_zero, common, never_negative
from symcost.errors import DimensionError
from symcost.formula_grammar import parse_formula
from symcost.grammar import parse_relations
from symcost.polynomial import evaluate

PLAIN = Domain((Dim("N"), Dim("F")))
EIGHTHS = Domain((Dim("N", multiple_of=8, min=8), Dim("F", min=2)))
FEW = Domain((Dim("N", max=9), Dim("F", min=0, max=9)))
POWERS = Domain((Dim("N", power_of=2), Dim("F")))
BELOW = Domain((Dim("N"), Dim("F")), parse_relations("F <= N")[0])

EQUAL = {
    "the same in another order": ("2*N*F + N", "N + F*N*2", PLAIN),
    "nested floors": ("floor(floor(N/2)/3)", "floor(N/6)", PLAIN),
    "halves": ("floor(N/2) + ceil(N/2)", "N", PLAIN),
    "a ceiling as a floor": ("F*ceil(N/7)", "F*floor((N - 1)/7) + F", PLAIN),
    "an even product": ("2*floor(N*(N + 1)/2)", "N**2 + N", PLAIN),
    "floors of two sizes": ("floor(N*F/2) + ceil(N*F/2)", "N*F", PLAIN),
    "a product of floors": ("floor(N/2)*floor(N/2)*4", "(N - N % 2)**2", PLAIN),
    "multiples": ("8*floor(N/8)", "N", EIGHTHS),
    "a maximum that is settled": ("max(0, N - 1)*F", "N*F - F", PLAIN),
    "a maximum from some size on": ("max(N, 3)", "N + 2*[N = 1] + [N = 2]", PLAIN),
    "an indicator outside of the domain": ("[F = 1]*N + F", "F", EIGHTHS),
    "indicators": ("[N <= 3]*N", "[N = 1] + 2*[N = 2] + 3*[N = 3]", PLAIN),
    "an indicator of a remainder": ("[N mod 2 = 0]", "1 - (N % 2)", PLAIN),
    "a bounded domain": ("floor(N/10) + F", "F", FEW),
    "opaque, but the same": ("ceil_log2(N)*F - max(N, F)", "-max(F, N) + F*ceil_log2(N)", PLAIN),
}
UNEQUAL = {
    "a coefficient": ("2*N*F", "2*N*F + 1", PLAIN),
    "at one remainder of many": ("floor((N + 1)/97)", "floor(N/97)", PLAIN),
    "at one size": ("N*F + [N = 13]", "N*F", PLAIN),
    "beyond some size": ("floor(N/50)", "0", PLAIN),
    "a maximum": ("max(N, F)", "N", PLAIN),
    "at the empty size": ("F", "max(F, 1)", FEW),
    "powers": ("ceil_log2(N)", "N - 1", POWERS),
    "where a relation holds": ("max(N, F)", "F", BELOW),
}


def size(text):
    return parse_formula(text)


def inside(domain, largest=120):
    few = [[n for n in range(d.min, largest) if d.refusal(n) is None] for d in domain.dims]
    few[1] = few[1][:12]
    names = [d.name for d in domain.dims]
    return [p for values in itertools.product(*few) if domain.holds(p := dict(zip(names, values, strict=True)))]


@pytest.mark.parametrize("case", EQUAL.values(), ids=EQUAL)
def test_equal_formulas_are_proved_equal(case):
    left, right, domain = case
    difference = size(left) - size(right)
    assert all(evaluate(difference, p) == 0 for p in inside(domain))
    assert always_zero(difference, domain).holds is True


@pytest.mark.parametrize("case", UNEQUAL.values(), ids=UNEQUAL)
def test_other_formulas_differ_at_a_size_of_the_domain(case):
    left, right, domain = case
    difference = size(left) - size(right)
    verdict = always_zero(difference, domain)
    assert verdict.holds is False
    assert domain.check(verdict.at) == verdict.at
    assert evaluate(difference, verdict.at) != 0


def test_what_is_equal_under_a_relation_alone_is_not_claimed():
    domain = Domain((Dim("N"), Dim("F")), parse_relations("F == N")[0])
    verdict = always_zero(size("N - F"), domain)
    assert (verdict.holds, verdict.at) == (None, None)
    assert verdict.tried > 0
    assert always_zero(size("max(N, F) - N"), BELOW).holds is None


def test_costs_that_are_not_known_are_symbols_like_others():
    assert always_zero(size("unknown_sort_0 - 2*N") + size("2*N - unknown_sort_0"), PLAIN).holds is True
    verdict = always_zero(size("unknown_sort_0*F"), PLAIN)
    assert verdict.holds is False
    assert set(verdict.at) == {"N", "F"}


TERMS = st.sampled_from(
    ["N", "F", "1", "floor(N/2)", "ceil(N/3)", "floor((N + F)/2)", "max(N - 2, 0)", "[N = 2]", "N*F"]
)
SUMS = st.lists(st.tuples(st.integers(-2, 2), TERMS, TERMS), min_size=1, max_size=3)


@given(SUMS)
def test_no_proof_is_wrong(terms):
    text = " + ".join(f"({c})*{a}*{b}" for c, a, b in terms)
    found = size(text)
    values = [(p, evaluate(found, p)) for p in inside(PLAIN, 30)]
    zero, positive = always_zero(found, PLAIN), never_negative(found, PLAIN)
    if zero.holds:
        assert all(v == 0 for _, v in values)
    if positive.holds:
        assert all(v >= 0 for _, v in values)
    if zero.holds is False:
        assert evaluate(found, zero.at) != 0
    if positive.holds is False:
        assert evaluate(found, positive.at) < 0
    if any(v != 0 for _, v in values):
        assert zero.holds is False  # polynomials of floors, cut into classes, are always decided


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("N*F - N - F + 1", True), ("N*F - N - 1", False), ("N**2 - 2*N + 1", True),
        ("N - ceil(N/2) - 1", False), ("N - floor(N/2) - 1", True),
        ("max(N, F) - N", True), ("max(N*F, N, F) - max(N, F)", True), ("N + F - max(N, F)", True),
        ("2*max(N, F) - N - F", None), ("N*max(N, F) - N*F", True), ("0", True),
        ("-1", False), ("3*N - 2*ceil(N/2)", True),
        ("N**2 - 5*N + 6", True), ("N**2 - 5*N + 5", False),
    ],
)  # fmt: skip
def test_what_is_never_negative(text, holds):
    found = size(text)
    verdict = never_negative(found, PLAIN)
    assert verdict.holds is holds
    values = [evaluate(found, p) for p in inside(PLAIN, 40)]
    assert (min(values) >= 0) is (holds is not False)
    if verdict.at:
        assert evaluate(found, verdict.at) < 0


def test_a_proof_that_would_take_too_long_is_left():
    verdict = always_zero(size("floor(N/9973)*floor(F/9967)"), PLAIN)
    assert verdict.holds in (None, False)
    assert verdict.holds is None or evaluate(size("floor(N/9973)*floor(F/9967)"), verdict.at) != 0


def test_sizes_of_both_domains():
    both = common(Domain((Dim("N", max=64), Dim("F"))), Domain((Dim("N", min=3, multiple_of=4), Dim("K"))))
    assert str(both) == "4 <= N <= 64 and a multiple of 4, F >= 1, K >= 1"
    with pytest.raises(DimensionError, match="no admissible value"):
        common(Domain((Dim("N", max=3),)), Domain((Dim("N", min=4),)))
    with pytest.raises(DimensionError, match="a power of 2 on one side and of 3"):
        common(Domain((Dim("N", power_of=2),)), Domain((Dim("N", power_of=3),)))
