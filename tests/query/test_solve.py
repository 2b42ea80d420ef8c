"""The largest size within a budget, against trying every size."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symcost as sc
from symcost import zoo
from symcost.domain import Dim
from symcost.errors import ArgumentError, ConventionError, DomainError, MissingSizeError
from symcost.grammar import parse_relations
from symcost.polynomial import ceil_div, evaluate, floor_div, indicator, maximum, power, symbol
from symcost.query.monotone import never_falls
from tests.examples import examples
from tests.query.formulas import M, N, cost_of, formulas


@settings(max_examples=examples(150))
@given(formulas(numbers=st.integers(-9, 20)), st.integers(0, 2000), st.sampled_from([1, 2, 8]), st.integers(0, 9))
def test_no_larger_size_fits(size, budget, multiple, least):
    dim = Dim("N", min=least, max=least + 300 * multiple, multiple_of=multiple)
    found = cost_of(size, dim).solve("flops", budget, "N", M=3, F=2)
    values = range(dim.min, dim.max + 1, multiple)
    fits = [n for n in values if evaluate(size, {"N": n, "M": 3, "F": 2}) <= budget]
    assert found.exact
    if found.unbounded:
        assert fits == [*values]
    else:
        assert found.value == (max(fits) if fits else None)
    if found.value is not None:
        assert found.cost_at == evaluate(size, {"N": found.value, "M": 3, "F": 2}) <= budget


@settings(max_examples=examples(150))
@given(formulas(numbers=st.integers(-3, 20)), st.integers(0, 3))
def test_what_is_said_never_to_fall_does_not(size, least):
    from symcost.polynomial import bind

    bound = bind(size, {"M": 3, "F": 2})
    if never_falls(bound, "N", least):
        values = [evaluate(bound, {"N": n}) for n in range(least, 200)]
        assert values == sorted(values)


@pytest.fixture(scope="module")
def block() -> sc.ProgramCost:
    return zoo.get("transformer-block").trace()


SIZES = {"T": 512, "D": 768, "H": 12, "K": 64}


@pytest.mark.parametrize("quantity", ["flops", "peak_memory", "fused_bytes", "seconds"])
def test_a_model_within_a_budget(block, quantity):
    chip = {"chip": "tpu-v5e"} if quantity == "seconds" else {}
    budget = 0.01 if chip else 16 * 2**30
    found = block.solve(quantity, budget, sc.dims("B")[0], **chip, **SIZES)
    value = block.function(quantity, **chip)
    assert found.exact
    assert value(B=found.value, **SIZES) == found.cost_at <= budget
    assert value(B=found.value + 1, **SIZES) == found.next_cost > budget
    assert found.next_value == found.value + 1


def test_steps_of_the_domain():
    def solved(*dims, budget=1000, **more):
        return cost_of(N * M, *dims, **more).solve("flops", budget, "N", M=1)

    assert solved(Dim("N", multiple_of=8)).value == 1000
    assert solved(Dim("N", multiple_of=64)).value == 960
    assert solved(Dim("N", power_of=2)).value == 512
    assert solved(Dim("N", power_of=2, multiple_of=8, min=100)).value == 512
    found = solved(Dim("N", max=64))
    assert (found.value, found.next_value, found.exact) == (64, None, True)
    assert "no larger N is in the domain" in str(found)
    assert solved(Dim("N", min=2000)).value is None
    assert solved(relations=parse_relations("N <= 20*M")[0]).value == 20
    assert solved(relations=parse_relations("M < N")[0], budget=7).value == 7
    assert solved(excluded=(("N == 1000", "no"), ("N == 999", "no"))).value == 998


def test_special_sizes_are_looked_at_by_themselves():
    size = N * 10 + 5000 * indicator(N, 3)
    assert cost_of(size).solve("flops", 39, "N").value == 2
    assert cost_of(size).solve("flops", 45, "N").value == 4
    found = cost_of(size).solve("flops", 100, "N")
    assert (found.value, found.exact) == (10, True)
    assert cost_of(N * 10 - 250 * indicator(N, 30)).solve("flops", 100, "N").value == 30


def test_answers_without_a_size():
    assert cost_of(N + 100).solve("flops", 10, "N").value is None
    found = cost_of(M * 3).solve("flops", 10, "N", M=1)
    assert (found.value, found.unbounded, found.exact) == (None, True, True)
    assert "every N is within the budget of 10 at M=1" in str(found)
    found = cost_of(maximum(N, 3) * 0 + M).solve("flops", 0, "N", M=1)
    assert (found.value, found.unbounded) == (None, False)
    found = cost_of(N + M).solve("flops", 10**30, "N", M=1)
    assert (found.unbounded, found.exact) == (True, False)
    assert "every N up to 2**64" in str(found)


def test_what_is_not_proven_says_what_was_searched():
    found = cost_of(N - floor_div(N, 2)).solve("flops", 1000, "N")
    assert (found.value, found.exact) == (2000, False)
    assert "the first 4,096 each" in found.searched
    assert str(found).splitlines()[-1].startswith("not proven: flops is not shown to grow with N")
    rises_and_falls = cost_of(N * 100 - N * indicator(floor_div(N, 2), 50) * 90).solve("flops", 1000, "N")
    assert (rises_and_falls.value, rises_and_falls.exact) == (100, False)


def test_functions_that_never_fall_are_proven():
    size = ceil_div(N, 3) * N + power(2, floor_div(N, 10)) + maximum(N * 2, M)
    found = cost_of(size).solve("flops", 10**6, "N", M=5)
    assert found.exact
    best = max(n for n in range(10**4) if evaluate(size, {"N": n, "M": 5}) <= 10**6)
    assert found.value == best
    assert cost_of(N * Fraction(1, 3)).solve("flops", 5, "N").value == 15


def test_trip_counts_may_be_asked_for():
    cost = cost_of(N * symbol("trips_while_0") * 2)
    assert cost.solve("flops", 100, "trips_while_0", N=5).value == 10


@pytest.mark.parametrize(
    ("arguments", "sizes", "error", "message"),
    [
        (("flops", 10, "X"), {}, ArgumentError, "no symbol 'X'"),
        (("flops", 10, "n"), {}, ArgumentError, "solve for 'N'"),
        (("flops", "a", "N"), {}, ArgumentError, "no budget"),
        (("flops", True, "N"), {}, ArgumentError, "no budget"),
        (("flops", -1, "N"), {"M": 1}, ArgumentError, "no budget"),
        (("flops", float("inf"), "N"), {}, ArgumentError, "no budget"),
        (("flop", 1, "N"), {}, ConventionError, "flop"),
        ((["flops"], 1, "N"), {}, ArgumentError, "names no quantity"),
        (("flops", 1, "N"), {}, MissingSizeError, "no size was given for M"),
        (("flops", 1, "N"), {"N": 1, "M": 1}, ArgumentError, "leave N= out"),
        (("flops", 1, "N"), {"M": -1}, DomainError, "M=-1 is negative"),
        (("seconds", 1, "N"), {"M": 1}, ArgumentError, "seconds depend on the chip"),
    ],
)
def test_questions_that_are_wrong(arguments, sizes, error, message):
    with pytest.raises(error, match=message):
        cost_of(N * M).solve(*arguments, **sizes)
