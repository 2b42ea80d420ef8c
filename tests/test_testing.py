"""Costs as tests: what passes is true at every size, and a failure says what differs, where, and why."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.dims import declarations, forget
from symcost.errors import ArgumentError, ConventionError, DimensionError, MissingSizeError, SymcostError
from symcost.testing import assert_at_most, assert_cost


def dense(x, w):
    return x @ w


ARGS = sc.array("N F"), sc.array("F H")


class Net(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3, name="head")(nn.relu(nn.Dense(self.width, name="stem")(x)))


@pytest.fixture(scope="module")
def net():
    with declarations():
        forget()
        *_, H = sc.dims("B F H")
        return sc.trace(Net(H), sc.array("B F"))


@pytest.fixture(scope="module")
def halves():
    return sc.trace(lambda x: x[:, : x.shape[1] // 2] @ x.T[: x.shape[1] // 2], sc.array("N F"))


def failure(call, *args, **kwargs) -> list[str]:
    with pytest.raises(AssertionError) as error:
        call(*args, **kwargs)
    assert isinstance(error.value, SymcostError)
    return str(error.value).splitlines()


def test_a_function_is_traced_and_a_cost_is_taken_as_it_is(net):
    assert_cost(dense, *ARGS, flops="2*N*F*H", macs="N*F*H", transcendentals=0, params=0)
    assert_cost(net, flops="2*B*F*H + 8*B*H + 3*B", params="F*H + 4*H + 3")
    N, F, H = sc.dims("N F H")
    assert_cost(dense, *ARGS, flops=2 * N * F * H)


def test_forms_of_one_formula_are_equal(halves):
    assert_cost(halves, flops="2*N*N*floor(F/2)")
    assert_cost(halves, flops="N**2*(F - F % 2)")
    assert_cost(halves, flops="2*N**2*F - 2*N**2*ceil(F/2)")
    assert_cost(halves, flops=halves.flops)


def test_a_formula_that_is_true_at_even_sizes_alone_fails(halves):
    lines = failure(assert_cost, halves, flops="N**2*F")
    assert lines[1] == "  flops: N**2*F was expected, and it is 2*N**2*floor(F/2)"
    assert "0 instead of 1 at N=1, F=1" in lines[2]


def test_a_failure_names_difference_sizes_modules_and_the_cure(net):
    lines = failure(assert_cost, net, flops="2*B*F*H + 6*B*H", macs="B*F*H + 3*B*H", params="F*H")
    assert lines == [
        "Net does not cost what was expected (convention 'algorithm')",
        "  flops: 2*B*F*H + 6*B*H was expected, and it is 2*B*F*H + 8*B*H + 3*B",
        "    which is 2*B*H + 3*B more: 13 instead of 8 at B=1, F=1, H=1",
        "    Net/stem, add: B*H",
        "    Net, max: B*H",
        "    Net/head, dot_general: 6*B*H",
        "    Net/head, add: 3*B",
        "  params: F*H was expected, and it is F*H + 4*H + 3",
        "    which is 4*H + 3 more: 8 instead of 1 at B=1, F=1, H=1",
        "    (outside of modules), params: 4*H",
        '  to do: if that is as it should be, expect flops="2*B*F*H + 8*B*H + 3*B"',
    ]


def test_terms_that_nothing_has(net):
    lines = failure(assert_cost, net, macs="B*F*H + 3*B*H + B**2 + F")
    assert "    which is B**2 + F less: 4 instead of 6 at B=1, F=1, H=1" in lines
    assert "    nothing in the program has a term in B**2 + F" in lines


def test_what_is_neither_proved_nor_disproved_fails():
    cost = sc.trace(lambda x, y: x + y, sc.array("N"), sc.array("M"), where=["N == M"])
    lines = failure(assert_cost, cost, flops="M*(N + 1) - N*M")
    assert "sizes tried, which proves nothing; as formulas they differ" in lines[2]
    assert lines[-1] == '  to do: if that is as it should be, expect flops="N"'
    assert_cost(cost, flops="N")


def test_values_at_sizes(net):
    sizes = {"B": 4, "F": 5, "H": 6}
    flops = 2 * 4 * 5 * 6 + 8 * 4 * 6 + 3 * 4
    assert_cost(net, at=sizes, flops=flops, params=5 * 6 + 4 * 6 + 3)
    assert_cost(net, at=[sizes, {**sizes, "B": 8}], flops=f"{flops}*B//4")
    lines = failure(assert_cost, net, at=[sizes, {**sizes, "B": 8}], flops=flops)
    assert lines[1:] == [
        f"  flops: {flops:,} was expected, and it is {2 * flops:,} at B=8, F=5, H=6",
        f"  to do: if that is as it should be, expect flops={2 * flops}",
    ]


def test_other_conventions(net):
    assert_cost(net, under="macs", macs="B*F*H + 3*B*H")
    assert_cost(net.under("xla"), at={"B": 2, "F": 3, "H": 5}, flops=2 * 2 * 3 * 5 + 8 * 2 * 5 + 3 * 2)
    with pytest.raises(ConventionError, match=r"cost.under\('macs'\).macs"):
        assert_cost(net, under="macs", flops=1)


def test_what_is_printed_passes():
    def program(x):
        return jax.nn.softmax(jnp.sort(x, axis=-1)[:, ::2], axis=-1)

    cost = sc.trace(program, sc.array("B T"))
    assert_cost(cost, **{quantity: cost.text(quantity) for quantity in cost.quantities})


def test_unknown_costs_are_no_numbers():
    cost = sc.trace(lambda x: jax.lax.while_loop(lambda c: c.sum() < 9.0, lambda c: c * 2, x), sc.array("N"))
    (trips,) = (u.symbol for u in cost.unknown)
    assert_cost(cost, flops=cost.text("flops"))
    lines = failure(assert_cost, cost, flops="N")
    assert f"{trips}=3" in lines[2]
    assert_cost(cost, at={"N": 4, trips: 2}, flops=cost.at(N=4, **{trips: 2}).flops)
    with pytest.raises(MissingSizeError, match="trip counts"):
        assert_cost(cost, at={"N": 4}, flops=3)


# -- budgets ---------------------------------------------------------------------------------


def test_budgets_at_sizes(net):
    sizes = {"B": 1, "F": 2, "H": 3}
    flops = 2 * 2 * 3 + 8 * 3 + 3
    assert_at_most(net, at=sizes, flops=flops, peak_memory=1e6)
    assert failure(assert_at_most, net, at=sizes, flops=flops - 1, params=1e9)[1:] == [
        f"  flops: {flops} at B=1, F=2, H=3, and at most {flops - 1} (2.63% over)"
    ]
    failure(assert_at_most, net, at=[sizes, {**sizes, "B": 2}], flops=flops)


def test_budgets_as_formulas_hold_at_all_sizes(net, halves):
    assert_at_most(net, flops="2*B*F*H + 11*B*H", bytes_accessed="200*B*F*H + 100*F*H")
    assert_at_most(halves, flops="N**2*F")
    lines = failure(assert_at_most, net, flops="2*B*F*H + 10*B*H")
    assert lines[2] == "    13, and at most 12 at B=1, F=1, H=1"
    failure(assert_at_most, net, flops=1e12)


def test_budgets_that_are_not_proved_fail(net):
    cost = sc.trace(lambda x, y: x + y, sc.array("N"), sc.array("M"), where=["N == M"])
    lines = failure(assert_at_most, cost, flops="M")
    assert "which proves nothing" in lines[2]
    assert lines[-1] == "  to do: name the sizes that matter: at=dict(...)"


# -- wrong calls -----------------------------------------------------------------------------

WRONG = {
    "nothing expected": (lambda net: assert_cost(net), ArgumentError, 'assert_cost(model, *args, flops="2*N*F*H")'),
    "a slip in a quantity": (lambda net: assert_cost(net, flosp="B"), ArgumentError, "one of flops, transcendentals"),
    "an option of trace": (lambda net: assert_cost(dense, *ARGS, where=["N < F"], flops=1), ArgumentError,
                           "assert_cost(sc.trace(..., where=...), flops=...)"),
    "arguments of a cost": (lambda net: assert_cost(net, 3, flops=1), ArgumentError, "assert_cost(cost, "),
    "another symbol": (lambda net: assert_cost(net, flops="B*N"), DimensionError, "known symbols: B, F, H"),
    "a symbol in another case": (lambda net: assert_cost(net, flops="b*F*H"), DimensionError, "did you mean B?"),
    "no formula": (lambda net: assert_cost(net, flops="2 B F"), DimensionError, 'formulas read "2*N*(F + 1)"'),
    "a float": (lambda net: assert_cost(net, flops=2.0), ArgumentError, "is a float, not a formula"),
    "a boolean": (lambda net: assert_cost(net, flops=True), ArgumentError, "is a bool, not a formula"),
    "none": (lambda net: assert_cost(net, flops=None), ArgumentError, "is a NoneType, not a formula"),
    "no such convention": (lambda net: assert_cost(net, under="mac", flops=1), ConventionError, "'macs'"),
    "a size is missing": (lambda net: assert_cost(net, at={"B": 1}, flops=1), MissingSizeError, "add F=1, H=1"),
    "a size that is unknown": (lambda net: assert_cost(net, at={"B": 1, "F": 1, "H": 1, "T": 3}, flops=1),
                               DimensionError, "known symbols: B, F, H"),
    "sizes that are none": (lambda net: assert_cost(net, at=3, flops=1), ArgumentError, "at=dict(B=8, F=8, H=8)"),
    "no sizes": (lambda net: assert_cost(net, at=[], flops=1), ArgumentError, "leave it out for all sizes"),
    "sizes as text": (lambda net: assert_cost(net, at="B=3", flops=1), ArgumentError, "at=dict(B=8, F=8, H=8)"),
    "a size of 0": (lambda net: assert_cost(net, at={"B": 0, "F": 1, "H": 1}, flops=1), SymcostError, "B=0 is below"),
    "no function": (lambda net: assert_cost(3, flops=1), SymcostError, "to do"),
    "a budget of text": (lambda net: assert_at_most(net, flops="1e9"), DimensionError, "to do"),
    "a budget that is infinite": (lambda net: assert_at_most(net, flops=float("inf")), ArgumentError, "is no number"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_calls(net, case):
    call, error, text = case
    with pytest.raises(error) as raised:
        call(net)
    assert text in str(raised.value)
    assert not isinstance(raised.value, AssertionError)  # a mistake in a test is no failure of it
