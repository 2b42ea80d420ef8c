"""Families of JAX operations whose parameters matter, drawn at random: symcost's reading equals XLA's figures.

`test_opcodes` draws HLO itself; here JAX's lowering is in between, with what it adds (index normalisation, masks,
casts).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from tests.examples import examples
from tests.hlo.agreement import assert_equals_xla

some = settings(max_examples=examples(25))
sizes = st.integers(1, 5)
shapes = st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple)
FLOATS = ("float32", "bfloat16", "float16", "complex64")
REAL = ("float32", "bfloat16", "int32", "int8", "uint8")
GATHERS = ("clip", "fill", "promise_in_bounds")


def S(shape, dtype: str = "float32") -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(tuple(shape), dtype)


def axes(draw, rank: int) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True)))


@some
@given(st.data())
def test_convolutions(data):
    draw, dims = data.draw, data.draw(st.integers(1, 3))
    feature, batch = draw(st.sampled_from([(1, 1), (2, 1), (3, 1), (1, 2)]))
    channels, filters = feature * draw(st.integers(1, 2)), feature * batch * draw(st.integers(1, 2))
    spatial = [draw(st.integers(1, 7)) for _ in range(dims)]
    kernel = [draw(st.integers(1, 3)) for _ in range(dims)]
    cut = -1 if min(spatial) > 2 else 0  # JAX refuses to cut off more than there is
    pairs = st.tuples(st.integers(cut, 3), st.integers(cut, 3))
    ones = lambda high: [draw(st.integers(1, high)) for _ in range(dims)]
    padding = draw(st.sampled_from(["SAME", "VALID"]) | st.lists(pairs, min_size=dims, max_size=dims))
    holes = ones(2) if not isinstance(padding, str) else None
    strides, dilation = ones(3), ones(2)
    fn = lambda x, w: lax.conv_general_dilated(
        x, w, strides, padding, holes, dilation, feature_group_count=feature, batch_group_count=batch
    )
    args = S((batch * draw(st.integers(1, 2)), channels, *spatial)), S((filters, channels // feature, *kernel))
    assert_equals_xla(fn, args)


@some
@given(st.data(), st.sampled_from([*REAL, "complex64"]))
def test_dot_general(data, dtype):
    """Batch and contracted axes anywhere, in any order."""
    draw = data.draw
    batch, contracted = (draw(st.lists(sizes, max_size=2)) for _ in range(2))
    left, right = (draw(st.lists(sizes, max_size=2)) for _ in range(2))
    operands, numbers = [], ([], [])
    for free in (left, right):
        parts = [("b", i, n) for i, n in enumerate(batch)] + [("c", i, n) for i, n in enumerate(contracted)]
        parts += [("f", i, n) for i, n in enumerate(free)]
        parts = draw(st.permutations(parts))
        operands.append(S([n for *_, n in parts], dtype))
        where = {(kind, i): axis for axis, (kind, i, _) in enumerate(parts)}
        numbers[0].append(tuple(where["c", i] for i in range(len(contracted))))
        numbers[1].append(tuple(where["b", i] for i in range(len(batch))))
    wide = draw(st.sampled_from([None, "int32"] if "int" in dtype else [None]))
    assert_equals_xla(lambda a, b: lax.dot_general(a, b, numbers, preferred_element_type=wide), operands)


@some
@given(st.data(), shapes)
def test_windows(data, shape):
    draw = data.draw
    shape = [max(1, n) for n in shape]
    rows = lambda low, high: [draw(st.integers(low, high)) for _ in shape]
    window, strides, base, gaps = rows(1, 3), rows(1, 3), rows(1, 2), rows(1, 2)
    padding = draw(st.sampled_from(["SAME", "VALID", [*zip(rows(0, 3), rows(2, 4), strict=True)]]))
    reducer = draw(st.sampled_from([lax.add, lax.max, lax.mul, lambda a, b: jnp.exp(a) * b + a]))
    fn = lambda x: lax.reduce_window(x, np.float32(0), reducer, window, strides, padding, base, gaps)
    assert_equals_xla(fn, [S(shape)])


@some
@given(st.data(), st.lists(st.integers(2, 6), min_size=1, max_size=2), st.booleans())
def test_gradients_of_pooling(data, shape, largest):
    window = [data.draw(st.integers(1, n)) for n in shape]
    strides = [data.draw(st.integers(1, 3)) for _ in shape]
    padding = data.draw(st.sampled_from(["SAME", "VALID"]))
    start, fold = (-jnp.inf, lax.max) if largest else (0.0, lax.add)
    pool = lambda x: lax.reduce_window(x, start, fold, window, strides, padding)
    assert_equals_xla(jax.grad(lambda x: jnp.sum(pool(x) ** 2)), [S(shape)])


@some
@given(st.data(), st.sampled_from(REAL), st.sampled_from(GATHERS), st.sampled_from(["int32", "uint32", "int8"]))
def test_gathers(data, dtype, mode, index):
    shape = data.draw(st.lists(sizes, min_size=1, max_size=3))
    points = data.draw(st.lists(st.integers(0, 4), max_size=2))
    indexed = data.draw(st.integers(1, len(shape)))
    fn = lambda x, *i: x.at[i].get(mode=mode, fill_value=0)
    assert_equals_xla(fn, [S(shape, dtype), *[S(points, index)] * indexed])


@some
@given(
    st.data(),
    st.sampled_from(REAL),
    st.sampled_from([*GATHERS[:1], *GATHERS[2:], "drop"]),
    st.sampled_from(["add", "set", "multiply", "min", "max", "apply"]),
)
def test_scatters(data, dtype, mode, kind):
    shape = data.draw(st.lists(sizes, min_size=1, max_size=3))
    points = data.draw(st.lists(st.integers(0, 4), max_size=1))
    indexed = data.draw(st.integers(1, len(shape)))
    updates = (*points, *shape[indexed:])
    flags = {"unique_indices": data.draw(st.booleans()), "indices_are_sorted": data.draw(st.booleans())}
    if kind == "apply":
        fn = lambda x, u, *i: x.at[i].apply(lambda v: v * v + 1)
    else:
        fn = lambda x, u, *i: getattr(x.at[i], kind)(u, mode=mode, **flags)
    assert_equals_xla(fn, [S(shape, dtype), S(updates, dtype), *[S(points, "int32")] * indexed])


@some
@given(st.data(), shapes, st.sampled_from(REAL))
def test_paddings(data, shape, dtype):
    """Negative ones cut off; inner ones put gaps between elements."""
    config = []
    for n in shape:
        inside = data.draw(st.integers(0, 2))
        spread = n + max(0, n - 1) * inside
        low = data.draw(st.integers(-min(2, spread), 3))
        config.append((low, data.draw(st.integers(-min(2, max(0, spread + low)), 3)), inside))
    assert_equals_xla(lambda x: lax.pad(x, np.zeros((), dtype), config), [S(shape, dtype)])


@some
@given(st.data(), st.lists(sizes, min_size=1, max_size=4), st.sampled_from(["fft", "ifft", "rfft", "irfft"]))
def test_transforms(data, shape, kind):
    rank = data.draw(st.integers(1, min(3, len(shape))))
    lengths = tuple(max(2, n) for n in shape[-rank:])
    real = kind == "rfft"
    given = (*shape[:-rank], *lengths)
    if kind == "irfft":
        given = (*given[:-1], lengths[-1] // 2 + 1)
    fn = lambda x: lax.fft(x, kind, lengths)
    assert_equals_xla(fn, [S(given, "float32" if real else "complex64")])


@some
@given(st.data(), shapes, st.integers(1, 3), st.sampled_from(["float32", "bfloat16", "int32", "uint8"]))
def test_sorts(data, shape, operands, dtype):
    axis, keys = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.integers(1, operands))
    stable = data.draw(st.booleans())
    fn = lambda *xs: lax.sort(xs, dimension=axis, num_keys=keys, is_stable=stable)
    assert_equals_xla(fn, [S(shape, dtype)] * operands)


@some
@given(st.data(), st.lists(sizes, min_size=1, max_size=3), st.sampled_from(FLOATS))
def test_cumulative_operations(data, shape, dtype):
    names = ("cumsum", "cumprod") if dtype == "complex64" else ("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp")
    fn = getattr(lax, data.draw(st.sampled_from(names)))
    axis, backwards = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.booleans())
    assert_equals_xla(lambda x: fn(x, axis=axis, reverse=backwards), [S(shape, dtype)])


@some
@given(st.data(), st.lists(sizes, min_size=1, max_size=3), st.sampled_from([*REAL, "bool", "complex64"]))
def test_reductions(data, shape, dtype):
    names = ("any", "all") if dtype == "bool" else ("sum", "prod") if dtype == "complex64" else ("sum", "max", "argmin")
    name = data.draw(st.sampled_from(names))
    chosen = data.draw(st.integers(0, len(shape) - 1)) if name == "argmin" else axes(data.draw, len(shape))
    assert_equals_xla(lambda x: getattr(jnp, name)(x, axis=chosen), [S(shape, dtype)])


@some
@given(st.data(), st.lists(sizes, min_size=1, max_size=3))
def test_slices(data, shape):
    """Static with strides, dynamic, and dynamic updates."""
    starts = [data.draw(st.integers(0, n - 1)) for n in shape]
    limits = [data.draw(st.integers(a, n)) for a, n in zip(starts, shape, strict=True)]
    strides = [data.draw(st.integers(1, 3)) for _ in shape]
    assert_equals_xla(lambda x: lax.slice(x, starts, limits, strides), [S(shape)])
    part = [data.draw(st.integers(0, n)) for n in shape]
    index = data.draw(st.sampled_from(["int32", "uint32", "int8"]))
    at = [S((), index)] * len(shape)
    assert_equals_xla(lambda x, *i: lax.dynamic_slice(x, i, part), [S(shape), *at])
    assert_equals_xla(lambda x, u, *i: lax.dynamic_update_slice(x, u, i), [S(shape), S(part), *at])
