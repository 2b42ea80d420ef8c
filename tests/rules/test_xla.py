"""Single primitives against XLA's count of the lowered program, where the two conventions agree.

XLA knows no dtypes (an integer addition is a flop to it, a complex multiplication is one
flop), so the sum of flops and int_ops is compared, on types where an element is one
operation. Where the conventions differ, the test says by what, so that the statement
stays true.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.rules.measure import arguments, counts
from tests.rules.test_formulas import convolution, pool, scatter

UNARY = (
    *("neg", "abs", "sign", "floor", "ceil", "round", "is_finite"),
    *("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "sqrt", "rsqrt", "cbrt", "erf"),
)
BINARY = ("add", "sub", "mul", "div", "rem", "max", "min", "pow", "atan2", "eq", "ne", "lt", "le", "gt", "ge")
BITWISE = ("bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right_logical", "shift_right_arithmetic")

AGREE: dict[str, tuple[Callable, list[str]]] = {
    **{name: (getattr(lax, name), ["3 5"]) for name in UNARY},
    **{name: (getattr(lax, name), ["3 5", "3 5"]) for name in BINARY},
    **{f"{name} of integers": (getattr(lax, name), ["7 int32", "7 int32"]) for name in ("add", "mul", "max", "lt")},
    **{name: (getattr(lax, name), ["7 int32", "7 int32"]) for name in BITWISE},
    "bitwise_not": (lax.bitwise_not, ["7 int32"]),
    "population_count": (lax.population_count, ["7 int32"]),
    "clz": (lax.clz, ["7 int32"]),
    "clamp": (lax.clamp, ["3 5", "3 5", "3 5"]),
    "square": (lax.square, ["7"]),
    "integer_pow 2": (lambda x: x**2, ["7"]),
    "reshape": (lambda x: x.reshape(-1), ["3 5"]),
    "transpose": (lambda x: x.T, ["3 5"]),
    "slice": (lambda x: x[1:3], ["5"]),
    "concatenate": (lambda x, y: jnp.concatenate([x, y]), ["5", "6"]),
    "pad": (lambda x: lax.pad(x, np.float32(0), ((2, 1, 0),)), ["5"]),
    "rev": (lambda x: lax.rev(x, (0,)), ["5"]),
    "gather": (lambda x, i: x.at[i].get(mode="clip", wrap_negative_indices=False), ["5 3", "4 int32"]),
    "dot": (lax.dot, ["3 5", "5 7"]),
    "dot of int8": (lambda a, b: lax.dot(a, b, preferred_element_type="int32"), ["3 5 int8", "5 7 int8"]),
    "batched dot": (lambda a, b: jnp.einsum("bij,bkj->bik", a, b), ["2 3 5", "2 7 5"]),
    "dot with two contractions": (lambda a, b: jnp.einsum("ijb,bji->b", a, b), ["3 5 2", "2 5 3"]),
    "convolution": (convolution(), ["2 3 6 5", "4 3 3 2"]),
    "strided convolution": (convolution(window_strides=(2, 1)), ["2 3 7 5", "4 3 3 2"]),
    "dilated convolution": (convolution(rhs_dilation=(2, 1)), ["2 3 7 5", "4 3 3 2"]),
    "grouped convolution": (convolution(feature_group_count=2), ["2 4 6 5", "6 2 3 2"]),
    "reduce_sum": (lambda x: x.sum(1), ["3 5 2"]),
    "reduce_max": (lambda x: x.max((0, 2)), ["3 5 2"]),
    "reduce_prod": (jnp.prod, ["3 5"]),
    "reduce_and": (jnp.all, ["3 5 bool"]),
    "reduce with a reducer": (lambda x: lax.reduce(x, np.float32(0), lambda a, b: a * b + a, (1,)), ["3 5"]),
    "reduce_window_sum": (pool(0, lax.add, (2, 3)), ["4 5"]),
    "reduce_window_max": (pool(-np.inf, lax.max, (2, 2), (2, 2)), ["4 6"]),
    "reduce_window with padding": (
        lambda x: lax.reduce_window(x, np.float32(0), lax.add, (3, 2), (1, 1), ((1, 0), (0, 1))),
        ["4 5"],
    ),
    "gradient of max pooling": (
        lambda x, g: jax.vjp(pool(-np.inf, lax.max, (2, 2), (2, 2)), x)[1](g)[0],
        ["4 6", "2 3"],
    ),
    "scatter-add": (scatter(lax.scatter_add), ["5 3", "4 1 int32", "4 3"]),
    "scatter": (scatter(lax.scatter), ["5 3", "4 1 int32", "4 3"]),
    "sort of one line": (lax.sort, ["13"]),
}

DIFFER: dict[str, tuple[Callable, list[str], Callable[[float], float], str]] = {
    "logistic": (lax.logistic, ["7"], lambda n: n + 21, "lowered as 1/(1 + exp(-x)): three flops beside exp"),
    "integer_pow 5": (lambda x: x**5, ["7"], lambda n: 3 * n, "lowered as three multiplications"),
    "select": (jnp.where, ["7 bool", "7", "7"], lambda n: n + 7, "XLA counts choosing as an operation"),
    "convert": (lambda x: x.astype("bfloat16"), ["7"], lambda n: n + 7, "XLA counts a change of format"),
    "mul of complex": (lax.mul, ["7 complex64", "7 complex64"], lambda n: n / 6, "one operation per element to XLA"),
    "dot of complex": (lax.dot, ["3 5 complex64", "5 2 complex64"], lambda n: n / 4, "as if the numbers were real"),
    "convolution with padding": (
        convolution(padding=((1, 1), (0, 0))),
        ["1 1 4 5", "1 1 3 1"],
        lambda n: n - 2 * 2 * 5,
        "XLA leaves out the taps on padding: one per row of the border",
    ),
    "cumsum": (lambda x: lax.cumsum(x, 0), ["5 3"], lambda n: n / (4 * 3) * 15 * 4, "a window as long as the axis"),
    "sort of two lines": (
        lambda x: lax.sort(x, dimension=1),
        ["2 8"],
        lambda n: n / 3 * 4,
        "the logarithm of all elements, not of a line",
    ),
    "argmax": (lambda x: lax.argmax(x, 1, "int32"), ["3 5"], lambda n: 9 * n, "nine operations of the reducer"),
    "top_k": (lambda x: lax.top_k(x, 2)[0], ["8"], lambda n: 0, "a custom operation without a count"),
    "fft": (jnp.fft.fft, ["8 complex64"], lambda n: n / 5 * 8, "eight, not five, per point and stage"),
    "cond": (
        lambda p, x: lax.cond(p, jnp.sin, lambda x: x * x, x),
        ["bool", "5"],
        lambda n: n + 1,
        "the predicate becomes an index",
    ),
    "scan": (
        lambda x: lax.scan(lambda c, _: (c * 2.0, None), x, None, length=6)[0],
        ["5"],
        lambda n: n / 6 + 2,
        "the body once, whatever the length, and its counter",
    ),
}


def lowered(fn: Callable, args: list[jax.ShapeDtypeStruct]) -> tuple[float, float]:
    analysis = jax.jit(fn).lower(*args).cost_analysis() or {}
    return analysis.get("flops", 0.0), analysis.get("transcendentals", 0.0)


def own(fn: Callable, args: list[jax.ShapeDtypeStruct]) -> tuple[float, float]:
    found = counts(fn, *args)
    return found.get("flops", 0) + found.get("int_ops", 0), found.get("transcendentals", 0)


@pytest.mark.parametrize("name", AGREE)
def test_xla_counts_the_same(name: str) -> None:
    fn, specs = AGREE[name]
    args = arguments(specs, {})
    assert own(fn, args) == lowered(fn, args)


@pytest.mark.parametrize("name", DIFFER)
def test_xla_differs_as_stated(name: str) -> None:
    fn, specs, to_xla, _ = DIFFER[name]
    args = arguments(specs, {})
    ours, theirs = own(fn, args)[0], lowered(fn, args)[0]
    assert to_xla(ours) == theirs
    assert ours != theirs
