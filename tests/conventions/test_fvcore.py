"""The convention "fvcore": normalisations and global pooling are found, whatever library wrote them, and only they."""

from __future__ import annotations

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from flax import nnx
from jax import lax

import symcost as sc
from tests.conventions.counting import ledger, total
from tests.conventions.models import forward

SHAPE = (2, 4, 5, 6)
ELEMENTS = 2 * 4 * 5 * 6
X = jax.ShapeDtypeStruct(SHAPE, "float32")


def flax(module: nn.Module):
    return forward(module, X)


def haiku(make):
    """A transformed function with its variables' shapes."""
    fn = hk.transform_with_state(lambda x: make()(x))
    params, state = jax.eval_shape(fn.init, jax.random.key(0), X)
    return lambda params, state, x: fn.apply(params, state, None, x)[0], (params, state, X)


def equinox(make):
    arrays, rest = eqx.partition(eqx.filter_eval_shape(make), lambda leaf: hasattr(leaf, "shape"))
    return lambda arrays, x: jax.vmap(jax.vmap(jax.vmap(eqx.combine(arrays, rest))))(x), (arrays, X)


def by_nnx(make):
    graph, state = nnx.split(nnx.eval_shape(make))
    return lambda state, x: nnx.merge(graph, state)(x), (state, X)


def plain(x, scale):
    """As textbooks write it: two passes, a division by the standard deviation, the factor afterwards."""
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * scale


PER_ELEMENT = {
    "flax batch norm, evaluation": (lambda: flax(nn.BatchNorm(use_running_average=True)), 2),
    "flax batch norm, evaluation, no scale": (lambda: flax(nn.BatchNorm(use_running_average=True, use_scale=False)), 1),
    "flax batch norm, training": (
        lambda: (
            lambda v, x: nn.BatchNorm(use_running_average=False).apply(v, x, mutable=["batch_stats"]),
            flax(nn.BatchNorm(use_running_average=True))[1],
        ),
        5,
    ),
    "flax layer norm": (lambda: flax(nn.LayerNorm()), 5),
    "flax layer norm, no scale": (lambda: flax(nn.LayerNorm(use_scale=False)), 4),
    "flax layer norm, two passes": (lambda: flax(nn.LayerNorm(use_fast_variance=False)), 5),
    "flax layer norm, bfloat16": (lambda: flax(nn.LayerNorm(dtype="bfloat16")), 5),
    "flax group norm": (lambda: flax(nn.GroupNorm(num_groups=3)), 5),
    "flax instance norm": (lambda: flax(nn.InstanceNorm()), 5),
    "flax RMS norm": (lambda: flax(nn.RMSNorm()), 0),
    "nnx layer norm": (lambda: by_nnx(lambda: nnx.LayerNorm(6, rngs=nnx.Rngs(0))), 5),
    "nnx batch norm": (lambda: by_nnx(lambda: nnx.BatchNorm(6, use_running_average=True, rngs=nnx.Rngs(0))), 2),
    "haiku layer norm": (lambda: haiku(lambda: hk.LayerNorm(-1, True, True)), 5),
    "haiku batch norm": (lambda: haiku(lambda: lambda x: hk.BatchNorm(True, True, 0.9)(x, is_training=True)), 5),
    "equinox layer norm": (lambda: equinox(lambda: eqx.nn.LayerNorm(6)), 5),
    "by hand": (lambda: (plain, (X, jax.ShapeDtypeStruct((6,), "float32"))), 5),
    "jax.nn.standardize": (lambda: (jax.nn.standardize, (X,)), 4),
    "softmax": (lambda: (jax.nn.softmax, (X,)), 0),
    "adam's division": (lambda: (lambda x: (x - x.mean()) / (jnp.sqrt(x) + 1e-8), (X,)), 0),
}


@pytest.mark.parametrize("name", PER_ELEMENT)
def test_a_normalisation_costs_so_much_per_element(name):
    make, each = PER_ELEMENT[name]
    fn, args = make()
    assert total("fvcore", fn, *args) == each * ELEMENTS


def test_global_pooling_costs_one_per_element():
    assert total("fvcore", lambda x: x.mean((1, 2)), X) == ELEMENTS
    assert total("fvcore", lambda x: x.mean((2, 3), keepdims=True), X) == ELEMENTS
    # sums, means over other axes and pooling with windows have no handle
    assert total("fvcore", lambda x: x.sum((1, 2)), X) == 0
    assert total("fvcore", lambda x: x.mean((0, 1)), X) == 0
    assert total("fvcore", lambda x: nn.avg_pool(x, (2, 2)), X) == 0


def test_nothing_else_is_counted():
    assert total("fvcore", lambda x: jnp.exp(x) * x + jnp.sort(x).sum(), X) == 0


def test_convolutions_and_their_transposes():
    kernel = jax.ShapeDtypeStruct((3, 3, 6, 8), "float32")
    conv = lambda x, w: lax.conv_general_dilated(x, w, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    assert total("fvcore", conv, X, kernel) == 2 * 3 * 3 * 6 * 8 * 2 * 3
    transposed = lambda x, w: lax.conv_transpose(x, w, (2, 2), "SAME")
    # batch, elements of the kernel, places of the input
    assert total("fvcore", transposed, X, kernel) == 2 * (3 * 3 * 6 * 8) * (4 * 5)


def test_normalisations_in_loops_and_branches_are_found():
    def layers(x, scales):
        return lax.scan(lambda x, scale: (plain(x, scale), None), x, scales)[0]

    scales = jax.ShapeDtypeStruct((7, 6), "float32")
    assert total("fvcore", layers, X, scales) == 7 * 5 * ELEMENTS
    rows = [r for r in ledger("fvcore", layers, (X, scales)) if r["flops"]]
    assert [r.key.primitive for r in rows] == ["normalize"]


def test_only_the_forward_pass_has_normalisations():
    fn, (variables, x) = flax(nn.LayerNorm())
    gradient = jax.value_and_grad(lambda v, x: fn(v, x).sum(), argnums=(0, 1))
    assert total("fvcore", gradient, variables, x) == 5 * ELEMENTS


def test_formulas_in_symbols():
    cost = sc.trace(nn.LayerNorm(), sc.array("B T F")).under("fvcore")
    assert cost.text("flops") == "5*B*T*F"
    assert [cost.at(B=b, T=3, F=4).flops for b in (1, 2)] == [60, 120]
    cost = sc.trace(nn.BatchNorm(use_running_average=True), sc.array("B S S F"))
    assert cost.under("fvcore").at(B=3, S=5, F=7).flops == 2 * 3 * 5 * 5 * 7


def test_what_has_no_rule_stays_unknown():
    callback = lambda x: jax.pure_callback(lambda v: v, jax.ShapeDtypeStruct(x.shape, x.dtype), x)
    for name in ("fvcore", "catamount"):
        cost = sc.trace(callback, sc.array("N")).under(name)
        assert [u.primitive for u in cost.unknown] == ["pure_callback"]
