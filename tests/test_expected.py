"""Conditionals: names, every branch, and the mean over branches. The witness is each branch traced by itself."""

from __future__ import annotations

from fractions import Fraction

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.errors import ArgumentError

QUANTITIES = ("flops", "transcendentals", "macs")


def early_exit(sure, x, w):
    return jax.lax.cond(sure, lambda: x, lambda: x @ w @ w)


def nested(which, rare, x):
    """A switch, in one branch of which stands a cond; then a scan over another cond."""

    def often(x):
        return jax.lax.cond(rare, jnp.sin, lambda x: x * x * x, x)

    for _ in range(3):
        x = jax.lax.switch(which, [lambda x: x + 1, often, lambda x: x], x)
    return jax.lax.scan(lambda c, _: (jax.lax.cond(rare, jnp.cos, lambda v: v, c), None), x, length=7)[0]


@pytest.fixture(scope="module")
def nested_cost() -> sc.ProgramCost:
    return sc.trace(nested, sc.array("", "int32"), sc.array("", "bool"), sc.array("N"))


class Gate(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x, open_):
        kernel = self.param("kernel", nn.initializers.zeros, (self.width, self.width))
        return jax.lax.cond(open_, lambda: x @ kernel, lambda: x)


class Gates(nn.Module):
    width: int
    layers: int

    @nn.compact
    def __call__(self, x, open_):
        for _ in range(self.layers):
            x = Gate(self.width)(x, open_)
        return x


def test_the_mean_of_branches_is_that_of_programs_which_take_them():
    cost = sc.trace(early_exit, sc.array("", "bool"), sc.array("N F"), sc.array("F F"))
    taken = sc.trace(lambda x, w: x @ w @ w, sc.array("N F"), sc.array("F F"))
    mean = cost.expected({"cond_0": [0.1, 0.9]})
    for quantity in QUANTITIES:
        assert 10 * getattr(mean, quantity) == getattr(taken, quantity)
    assert mean.at(N=3, F=5).flops == Fraction(4 * 3 * 25, 10) == 30
    assert mean.at(N=1, F=1).flops == Fraction(4, 10)
    assert "0.1" not in mean.note
    assert "1/10, 9/10" in mean.note


def test_bytes_are_those_of_the_branch_and_of_what_stands_around_it():
    cost = sc.trace(early_exit, sc.array("", "bool"), sc.array("N F"), sc.array("F F"))
    taken = sc.trace(lambda x, w: x @ w @ w, sc.array("N F"), sc.array("F F"))
    around = cost.expected({"cond_0": [0, 1]}).bytes_accessed
    assert around == 5  # the predicate becomes an index
    assert cost.expected({"cond_0": [1, 0]}).bytes_accessed == taken.bytes_accessed + around


def test_nested_conditionals(nested_cost):
    assert [(c.name, c.branches, c.within) for c in nested_cost.conditionals] == [
        ("cond_0", 3, ""),
        ("cond_1", 2, "cond_0"),
        ("cond_2", 2, ""),
    ]
    third = [1 / 3] * 3
    mean = nested_cost.expected({"cond_0": third, "cond_1": [0.1, 0.9], "cond_2": [0.25, 0.75]}).at(N=30)
    assert mean.flops == 3 * (Fraction(30, 3) + Fraction(1, 3) * Fraction(1, 10) * 60)
    assert mean.transcendentals == 3 * Fraction(1, 3) * Fraction(9, 10) * 30 + 7 * Fraction(3, 4) * 30
    assert mean.int_ops == nested_cost.at(N=30).int_ops


def test_conditionals_that_are_not_named_count_their_largest_branch(nested_cost):
    some = nested_cost.expected({"cond_2": [1, 0]})
    assert some.text("transcendentals") == "3*N"
    assert some.text("flops") == nested_cost.text("flops") == "6*N"
    assert [c.name for c in some.conditionals] == ["cond_0", "cond_1"]
    outer = nested_cost.expected({"cond_0": [0, 1, 0]})
    assert (outer.text("flops"), outer.text("transcendentals")) == ("6*N", "10*N")
    inner = outer.expected({"cond_1": [0, 1]})
    assert (inner.text("flops"), inner.text("transcendentals")) == ("0", "10*N")


def test_one_probability_of_1_is_that_branch(nested_cost):
    at = {"cond_0": [1, 0, 0], "cond_1": [1, 0], "cond_2": [1, 0]}
    only = nested_cost.expected(at).at(N=4)
    assert (only.flops, only.transcendentals) == (12, 0)


def test_layers_of_one_kind_share_a_conditional():
    F, L = sc.dims("F L")
    net = sc.build(Gates, width=F, layers=L)
    cost = sc.trace(net, sc.array("B F"), sc.array("", "bool"))
    assert [(c.name, c.branches) for c in cost.conditionals] == [("Gates/Gate_*/cond_0", 2)]
    open_half = cost.expected({"cond_0": [0.5, 0.5]})
    for sizes in ({"B": 2, "F": 3, "L": 1}, {"B": 1, "F": 8, "L": 9}):
        assert 2 * open_half.at(**sizes).flops == cost.at(**sizes).flops
    by_scope = open_half.by_scope()
    assert by_scope["Gates/Gate_*"]["flops"] == open_half.size("flops")


def test_gradients_take_the_same_branches():
    def loss(sure, x, w):
        return early_exit(sure, x, w).sum()

    args = sc.array("", "bool"), sc.array("N F"), sc.array("F F")
    cost = sc.trace(jax.grad(loss, argnums=2), *args)
    taken = sc.trace(jax.grad(lambda x, w: (x @ w @ w).sum(), argnums=1), *args[1:])
    always = {c.name: [1, 0] for c in cost.conditionals}
    assert cost.expected(always).macs == taken.macs
    assert cost.macs == taken.macs


@pytest.mark.parametrize(
    ("given", "what", "todo"),
    [
        ({"cond_9": [1, 0]}, "no conditional is called 'cond_9'", "cost.expected("),
        ({"cond_1": [0.5, 0.5]}, "cond_1 stands in a branch of cond_0", "'cond_0': [0.5, 0, 0.5], 'cond_1'"),
        ({"cond_0": [0.5, 0.6]}, "are not the probabilities of 3 branches", "[0.5, 0, 0.5]"),
        ({"cond_0": [0.5, 0.6, 0.1]}, "are not the probabilities of 3 branches", "[0.5, 0, 0.5]"),
        ({"cond_0": [1.5, -0.5, 0]}, "from 0 to 1", "[0.5, 0, 0.5]"),
        ({"cond_0": [True, False, False]}, "from 0 to 1", "[0.5, 0, 0.5]"),
        ({"cond_0": "0.5"}, "from 0 to 1", "[0.5, 0, 0.5]"),
        ({"cond_0": [float("nan"), 0, 1]}, "from 0 to 1", "[0.5, 0, 0.5]"),
        ({}, "is not a dict", "cost.expected({'cond_0': [0.5, 0, 0.5]})"),
        ([0.5, 0.5], "is not a dict", "cost.expected({'cond_0': [0.5, 0, 0.5]})"),
    ],
)
def test_numbers_that_are_no_probabilities(nested_cost, given, what, todo):
    with pytest.raises(ArgumentError) as caught:
        nested_cost.expected(given)
    assert what in str(caught.value)
    assert todo in str(caught.value)


def test_a_program_without_conditionals():
    cost = sc.trace(jnp.sin, sc.array("N"))
    assert cost.conditionals == ()
    with pytest.raises(ArgumentError, match="has no conditional"):
        cost.expected({"cond_0": [0.5, 0.5]})


def test_a_name_that_several_conditionals_have():
    class Two(nn.Module):
        @nn.compact
        def __call__(self, x, sure):
            return Gate(3, name="first")(Gate(3, name="second")(x, sure), sure)

    cost = sc.trace(Two(), sc.array("B 3"), sc.array("", "bool"))
    with pytest.raises(ArgumentError, match="several conditionals are called 'cond_0'"):
        cost.expected({"cond_0": [0.5, 0.5]})
    half = cost.expected({"first/cond_0": [0.5, 0.5]})
    assert 4 * half.macs == 3 * cost.macs


def test_what_counts_is_said_beside_the_total(nested_cost):
    text = " ".join(str(nested_cost).split())
    assert "note: cond_0, cond_1, cond_2: of these conditionals the largest branch counts" in text
    assert "largest branch" not in str(sc.trace(jnp.sin, sc.array("N")))
