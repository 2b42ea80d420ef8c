"""The convention "catamount": the figures of its operators (catamount/ops), operator by operator."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from jax import lax

import symcost as sc
from tests.conventions.counting import total

N = 3 * 4
X = jax.ShapeDtypeStruct((3, 4), "float32")
I = jax.ShapeDtypeStruct((3, 4), "int32")
P = jax.ShapeDtypeStruct((3, 4), "bool")

FIGURES = {
    "AddOp": (lambda x: x + x, (X,), N),
    "AddOp of integers": (lambda x: x + x, (I,), N),
    "ExpOp": (jnp.exp, (X,), N),
    "GreaterOp": (lambda x: x > 0, (X,), N),
    "Log1pOp": (jnp.log1p, (X,), 2 * N),
    "LogicalAndOp": (lambda p: p & p, (P,), N),
    "PowOp": (lambda x: x**3, (X,), N),
    "ReluOp": (lambda x: jnp.maximum(x, 0), (X,), N),
    "RsqrtOp": (lax.rsqrt, (X,), 2 * N),
    "SigmoidOp": (jax.nn.sigmoid, (X,), 4 * N),
    "SigmoidGradOp": (lambda x: jax.vjp(jax.nn.sigmoid, x)[1](x), (X,), 4 * N + 3 * N),
    "SquareOp": (jnp.square, (X,), N),
    "SquaredDifferenceOp": (lambda x: jnp.square(x - x), (X,), 2 * N),
    "TanhOp": (jnp.tanh, (X,), 6 * N),
    "ReduceOp": (lambda x: x.sum(1), (X,), N),
    "ReduceOp of all": (lambda x: x.max(), (X,), N),
    "ArgMax": (lambda x: x.argmax(1), (X,), N),
    "SelectOp": (lambda p, x: lax.select(p, x, x), (P, X), N),
    "MatMulOp": (lambda x: x @ x.T, (X,), 2 * 3 * 4 * 3),
    "BatchMatMulOp": (lambda x: jnp.einsum("bi,bi->b", x, x), (X,), 2 * N),
    "ReshapeOp": (lambda x: x.reshape(-1), (X,), 0),
    "TransposeOp": (jnp.transpose, (X,), 0),
    "ConcatOp": (lambda x: jnp.concatenate([x, x]), (X,), 0),
    "ScatterUpdateOp": (lambda x: x.at[:2].set(x[1:]), (X,), 2 * 4),
    "RandomInitializerOp": (lambda: jax.random.bits(jax.random.key(0), (3, 4)), (), 0),
}


@pytest.mark.parametrize("name", FIGURES)
def test_an_operator_costs_so_much(name):
    fn, args, figure = FIGURES[name]
    assert total("catamount", fn, *args) == figure


def test_pooling_takes_the_whole_window():
    x = jax.ShapeDtypeStruct((2, 6, 6, 3), "float32")
    assert total("catamount", lambda x: nn.max_pool(x, (2, 3), (2, 3)), x) == 2 * 3 * 2 * 3 * (2 * 3)


def test_all_three_convolutions_of_a_strided_layer_cost_the_same():
    x, w = jax.ShapeDtypeStruct((2, 8, 8, 3), "float32"), jax.ShapeDtypeStruct((2, 2, 3, 5), "float32")
    conv = lambda x, w: lax.conv_general_dilated(x, w, (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    each = 2 * (2 * 4 * 4 * 5) * (2 * 2 * 3)
    assert total("catamount", conv, x, w) == each
    backward = lambda x, w, ct: jax.vjp(conv, x, w)[1](ct)
    # padded by one on each side, the dilated cotangent gives the input's size
    assert total("catamount", backward, x, w, jax.ShapeDtypeStruct((2, 4, 4, 5), "float32")) == 2 * each


def test_softmax_shows_what_tensorflow_fuses():
    """exp, sum and division, which SoftmaxOp counts; the largest element found, compared with -inf and subtracted."""
    assert total("catamount", lambda x: jax.nn.softmax(x, axis=1), X) == 3 * N + (2 * N + 3)


def test_the_derivative_of_tanh():
    """TanhGradOp has 3: g*(1 - y*y), as newer JAX has; older releases write (g + g*y)*(1 - y)."""
    assert total("catamount", lambda x: jax.vjp(jnp.tanh, x)[1](x), X) - 6 * N in (3 * N, 4 * N)


def test_formulas_in_symbols():
    cost = sc.trace(lambda x, w: jnp.tanh(x @ w), sc.array("N F"), sc.array("F H")).under("catamount")
    assert cost.text("flops") == "2*N*F*H + 6*N*H"
    assert cost.text("macs") == "N*F*H"
