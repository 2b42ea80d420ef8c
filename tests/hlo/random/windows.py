"""Convolutions and pooling."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from tests.hlo.random.generator import FLOATS, INTEGERS, Generator, Value, floats, integers, operation

LETTERS = "DHW"


def tied(v: Value, array: jax.Array) -> jax.Array:
    """`array`, made to depend on `v`."""
    return array + jnp.sum(v.array).astype(array.dtype)


@operation(floats, weight=1.5)
def convolution(g: Generator, v: Value) -> Value:
    """Any layout, stride, dilation, padding, kernel and grouping."""
    out, labels = _convolution(g, v, g.pick(("float32", v.dtype)))
    return Value(out, labels)


@operation(integers, weight=0.5)
def integer_convolution(g: Generator, v: Value) -> Value:
    out, labels = _convolution(g, v, "int8")
    return Value(out.astype("int32"), labels)


def _convolution(g: Generator, v: Value, dtype: str) -> tuple[jax.Array, tuple[str, ...]]:
    dims = g.number(1, 2)
    groups = g.pick(("none", "none", "features", "depthwise", "batch"))
    channels = {"none": g.number(1, 4), "features": 4, "depthwise": 3, "batch": 2}[groups]
    filters = {"none": g.number(1, 4), "features": 6, "depthwise": 6, "batch": 4}[groups]
    feature_groups = {"features": 2, "depthwise": 3}.get(groups, 1)
    batch = "4" if groups == "batch" else g.label()
    spatial = LETTERS[:dims]
    kernel = [g.number(1, 3) for _ in spatial]
    dilation = [g.number(1, 2) for _ in spatial]
    strides = [g.number(1, 3) for _ in spatial]
    holes = [g.pick((1, 1, 2)) for _ in spatial]
    # at least one place at every size: the padding is as long as the kernel
    need = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    lows = [g.number(0, n + 1) for n in need]
    padding = [(low, max(0, n - low) + g.number(0, 1)) for low, n in zip(lows, need, strict=True)]
    if g.chance(0.4) and max(holes) == 1:
        padding = "SAME"
    named = {"N": batch, "C": str(channels), **{letter: g.label() for letter in spatial}}
    kernel_named = {"O": filters, "I": channels // feature_groups, **dict(zip(spatial, kernel, strict=True))}
    specs = [_shuffled(g, letters + spatial) for letters in ("NC", "OI", "NC")]
    lhs = g.argument([named[letter] for letter in specs[0]], dtype)
    rhs = g.argument([str(kernel_named[letter]) for letter in specs[1]], dtype)
    out = lax.conv_general_dilated(
        tied(v, lhs.array), rhs.array, strides, padding, lhs_dilation=holes, rhs_dilation=dilation,
        dimension_numbers=tuple(specs), feature_group_count=feature_groups,
        batch_group_count=2 if groups == "batch" else 1,
        preferred_element_type="int32" if dtype in INTEGERS else None,
    )  # fmt: skip
    places = {letter: g.unnamed() for letter in spatial}
    first = {"N": "2" if groups == "batch" else batch, "C": str(filters)}
    return out, tuple((first | places)[letter] for letter in specs[2])


def _shuffled(g: Generator, letters: str) -> str:
    return "".join(letters[int(i)] for i in g.rng.permutation(len(letters)))


@operation(lambda v: 0 < v.rank < 4, weight=1.5)
def pooling(g: Generator, v: Value) -> Value:
    """Windows over any axes; maxima and sums have derivatives (select-and-scatter, dilated sums)."""
    window = [g.number(1, 3) for _ in v.labels]
    strides = [g.number(1, 2) for _ in v.labels]
    padding = g.pick(("SAME", [(g.number(0, w - 1), w - 1) for w in window]))
    kinds = (("max", -128, lax.max), ("sum", 0, lax.add)) if v.dtype in FLOATS else (("max", -128, lax.max),)
    _, start, fn = g.pick(kinds)
    initial = -jnp.inf if v.dtype in FLOATS and fn is lax.max else start
    out = lax.reduce_window(v.array, v.array.dtype.type(initial), fn, window, strides, padding)
    return Value(out, tuple(g.unnamed() for _ in v.labels))


@operation(lambda v: v.is_float and 0 < v.rank < 4, smooth=False)
def windows(g: Generator, v: Value) -> Value:
    """Windows with dilations and reducers of any kind, also those that span everything."""
    window = [g.number(1, 3) for _ in v.labels]
    strides = [g.number(1, 2) for _ in v.labels]
    base, gaps = [g.number(1, 2) for _ in v.labels], [g.number(1, 2) for _ in v.labels]
    reach = [(w - 1) * gap for w, gap in zip(window, gaps, strict=True)]
    padding = [(g.number(0, r), r) for r in reach]
    if g.chance(0.2):
        axis, n = g.axis(v), 0
        n = v.array.shape[axis]
        window, strides, base, gaps = ([1] * v.rank for _ in range(4))
        padding = [(0, 0)] * v.rank
        window[axis], padding[axis] = 2 * n - 1, (n - 1, n - 1)
    fn = g.pick((lax.min, lax.mul, lax.add, lambda a, b: a * b + a, lambda a, b: jnp.exp(a) + b))
    out = lax.reduce_window(v.array, v.array.dtype.type(0), fn, window, strides, padding, base, gaps)
    return Value(out, tuple(g.unnamed() for _ in v.labels))
