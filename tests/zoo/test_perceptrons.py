"""Multilayer perceptrons: what textbooks claim of their cost, against formulas by hand and concrete programs."""

from __future__ import annotations

import functools

import optax
import pytest
from flax import nnx

import symcost as sc
from symcost import zoo
from symcost.formula_grammar import parse_formula
from symcost.testing import assert_cost
from symcost.zoo.mlp import NNXMLP
from tests.exactness import assert_exact

PRODUCTS = "n_0*n_1 + n_1*n_2 + n_2*n_3"


@functools.cache
def training(name: str):
    return zoo.get(name).trace_training(optax.sgd(0.1))


@functools.cache
def forward(name: str):
    return zoo.get(name).trace()


@pytest.mark.parametrize("name", zoo.names("perceptrons"))
def test_forward_and_gradient_are_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 3))
    if name == "mlp-deep":  # the other one is the reference model with more names
        assert_exact(entry.trace_gradient(), entry.build_gradient, entry.samples(rng, 3))


def phase(cost, name: str, quantity: str):
    return sum(row[quantity] for row in cost.rows if row.key.phase == name)


def test_forward_is_the_claim_per_sample():
    cost = forward("mlp-widths")
    assert_cost(cost, macs=f"B*({PRODUCTS})")
    # a bias for each output, and a maximum for each hidden unit
    assert_cost(cost, flops=f"2*B*({PRODUCTS}) + B*(n_1 + n_2 + n_3) + B*(n_1 + n_2)")
    assert_cost(cost, params=f"{PRODUCTS} + n_1 + n_2 + n_3")


def test_backward_is_twice_forward_but_for_the_first_layer():
    cost = training("mlp-widths")
    products = phase(cost, "forward", "macs")
    assert phase(cost, "backward", "macs") == 2 * products - size("B*n_0*n_1")
    assert phase(cost, "update", "macs") == 0
    # one multiplication and one addition for each parameter
    assert phase(cost, "update", "flops") == 2 * cost.size("params")


def size(text: str):
    return parse_formula(text)


def test_layers_of_one_width():
    cost = forward("mlp-deep")
    assert_cost(cost, macs="B*W**2*L", params="L*W*(W + 1)", flops="2*B*W**2*L + B*W*L + B*W*(L - 1)")
    step = training("mlp-deep")
    assert phase(step, "backward", "macs") == size("2*B*W**2*L - B*W**2")


def perceptron(n_0, n_1, n_2, n_3):
    return NNXMLP(n_0, n_1, n_2, n_3, rngs=nnx.Rngs(0))


def test_nnx_costs_what_linen_costs():
    widths = sc.dims("n_0 n_1 n_2 n_3")
    cost = sc.trace(sc.build(perceptron, **{w.name: w for w in widths}), sc.array("B n_0"))
    linen = forward("mlp-widths")
    quantities = ("flops", "macs", "transcendentals", "int_ops", "bytes_accessed", "params", "param_bytes")
    assert_cost(cost, **{quantity: getattr(linen, quantity) for quantity in quantities})
