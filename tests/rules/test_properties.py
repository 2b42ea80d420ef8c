"""Families of rules at shapes, axes and dtypes drawn at random, empty and single ones among them.

What is expected is counted here, element by element, over `np.ndindex` and lines of
arrays; no expectation is a formula of the rules.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from symcost.polynomial import bind, symbol
from symcost.rules.extent import folds, is_empty, smallest_sizes
from tests.examples import examples
from tests.rules.measure import counts

REAL = ["float32", "bfloat16", "float16", "float8_e4m3fn"]
WHOLE = ["int8", "int32", "uint8", "bool"]
DTYPES = [*REAL, *WHOLE, "complex64"]

shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)
few = settings(max_examples=examples(25))


def array(shape, dtype: str = "float32") -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(tuple(shape), dtype)


def quantity(dtype: str) -> str:
    return "int_ops" if dtype in WHOLE else "flops"


def elements(shape) -> int:
    return sum(1 for _ in np.ndindex(*shape))


def nonzero(found: dict) -> dict:
    return {q: n for q, n in found.items() if n}


@few
@given(shapes, st.sampled_from(DTYPES))
def test_elementwise_counts_one_operation_per_element(shape: tuple, dtype: str) -> None:
    each = elements(shape)
    x = array(shape, dtype)
    add, mul = (lax.bitwise_or, lax.bitwise_and) if dtype == "bool" else (lax.add, lax.mul)
    assert counts(add, x, x) == nonzero({quantity(dtype): each * (2 if dtype == "complex64" else 1)})
    assert counts(mul, x, x) == nonzero({quantity(dtype): each * (6 if dtype == "complex64" else 1)})
    expected = {"flops": 2 * each, "int_ops": each} if dtype == "complex64" else {quantity(dtype): each}
    assert counts(lax.eq, x, x) == nonzero(expected)


@few
@given(shapes, st.sampled_from(DTYPES))
def test_moving_data_is_free(shape: tuple, dtype: str) -> None:
    x = array(shape, dtype)
    assert counts(lambda x: x.ravel(), x) == {}
    assert counts(lambda x: x.T, x) == {}
    assert counts(lambda x: jnp.stack([x, x]), x) == {}
    assert counts(lambda x: jnp.broadcast_to(x, (3, *x.shape)), x) == {}
    assert counts(lambda x: lax.convert_element_type(x, "complex64"), x) == {}
    assert counts(lambda p, x: lax.select(p, x, x), array(shape, "bool"), x) == {}


@few
@given(st.data(), st.lists(st.integers(0, 4), min_size=1, max_size=4).map(tuple), st.sampled_from(DTYPES))
def test_reductions_fold_every_line(data: st.DataObject, shape: tuple, dtype: str) -> None:
    axes = data.draw(st.sets(st.integers(0, len(shape) - 1)).map(sorted).map(tuple))
    kept = tuple(n for a, n in enumerate(shape) if a not in axes)
    line = elements([shape[a] for a in axes])
    steps = sum(1 for _ in np.ndindex(*kept) for _ in range(1, line))
    fn = lambda x: lax.reduce_sum(x, axes) if dtype != "bool" else lax.reduce_or(x, axes)
    assert counts(fn, array(shape, dtype)) == nonzero({quantity(dtype): steps * (2 if dtype == "complex64" else 1)})


@few
@given(st.data(), st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple), st.sampled_from(["float32", "int8"]))
def test_cumulative_and_sort_work_on_lines(data: st.DataObject, shape: tuple, dtype: str) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    lines = elements([n for a, n in enumerate(shape) if a != axis])
    n = shape[axis]
    steps = sum(1 for _ in range(lines) for _ in range(1, n))
    assert counts(lambda x: lax.cumsum(x, axis), array(shape, dtype)) == nonzero({quantity(dtype): steps})
    halvings, length = 0, n  # how often n elements can be split in halves until single ones are left
    while length > 1:
        length, halvings = (length + 1) // 2, halvings + 1
    expected = nonzero({quantity(dtype): lines * n * halvings})
    assert counts(lambda x: lax.sort(x, dimension=axis), array(shape, dtype)) == expected


@few
@given(st.data(), st.sampled_from(["float32", "bfloat16", "int8", "complex64"]))
def test_dot_general_counts_each_product(data: st.DataObject, dtype: str) -> None:
    letters = "abcdef"
    sizes = {c: data.draw(st.integers(0, 3), label=c) for c in letters}
    roles = {c: data.draw(st.sampled_from(["batch", "contract", "left", "right"]), label=c) for c in letters}
    lhs = data.draw(st.permutations([c for c in letters if roles[c] != "right"]))
    rhs = data.draw(st.permutations([c for c in letters if roles[c] != "left"]))
    places = lambda role: (
        tuple(lhs.index(c) for c in letters if roles[c] == role),
        tuple(rhs.index(c) for c in letters if roles[c] == role),
    )
    fn = lambda a, b: lax.dot_general(a, b, (places("contract"), places("batch")))
    found = counts(fn, array([sizes[c] for c in lhs], dtype), array([sizes[c] for c in rhs], dtype))
    products = elements([sizes[c] for c in letters])  # one for each value of every index
    per_product = 8 if dtype == "complex64" else 2
    assert found == nonzero({quantity(dtype): per_product * products, "macs": products})


@few
@given(st.data())
def test_convolutions_count_every_tap(data: st.DataObject) -> None:
    draw = lambda low, high, label: data.draw(st.integers(low, high), label=label)
    groups, batch_groups = draw(1, 2, "groups"), draw(1, 2, "batch groups")
    if groups > 1:
        batch_groups = 1
    batch, channels = batch_groups * draw(1, 2, "batch"), groups * draw(1, 2, "channels")
    out_channels = groups * batch_groups * draw(1, 2, "out")
    size, kernel, stride = draw(1, 6, "size"), draw(1, 3, "kernel"), draw(1, 2, "stride")
    low, high, spread, holes = draw(0, 2, "low"), draw(0, 2, "high"), draw(1, 2, "spread"), draw(1, 2, "holes")
    length = low + (size - 1) * spread + 1 + high
    reach = (kernel - 1) * holes + 1
    if length < reach:
        return
    taps = 0
    for _ in np.ndindex(batch // batch_groups, out_channels):
        start = 0
        while start + reach <= length:
            taps += sum(1 for _ in range(0, reach, holes)) * (channels // groups)
            start += stride
    fn = lambda x, w: lax.conv_general_dilated(
        x,
        w,
        (stride,),
        ((low, high),),
        lhs_dilation=(spread,),
        rhs_dilation=(holes,),
        feature_group_count=groups,
        batch_group_count=batch_groups,
    )
    found = counts(fn, array((batch, channels, size)), array((out_channels, channels // groups, kernel)))
    assert found == {"flops": 2 * taps, "macs": taps}


@few
@given(st.data())
def test_windows_fold_their_elements(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    window = [data.draw(st.integers(1, n)) for n in sizes]
    strides = [data.draw(st.integers(1, 2)) for _ in sizes]
    places = [len(range(0, n - w + 1, s)) for n, w, s in zip(sizes, window, strides, strict=True)]
    steps = sum(1 for _ in np.ndindex(*places) for _ in range(1, elements(window)))
    fn = lambda x: lax.reduce_window(x, np.float32(0), lax.add, window, strides, "VALID")
    assert counts(fn, array(sizes)) == nonzero({"flops": steps})


@few
@given(st.integers(0, 4), st.integers(0, 5), st.integers(0, 3), st.sampled_from(["float32", "int32", "complex64"]))
def test_scatter_add_touches_every_update(rows: int, updates: int, width: int, dtype: str) -> None:
    numbers = lax.ScatterDimensionNumbers((1,), (0,), (0,))
    fn = lambda x, i, u: lax.scatter_add(x, i, u, numbers, mode="drop")
    found = counts(fn, array((rows + 1, width), dtype), array((updates, 1), "int32"), array((updates, width), dtype))
    each = elements((updates, width)) * (2 if dtype == "complex64" else 1)
    assert found == nonzero({quantity(dtype): each})


def test_empty_matrices_cost_nothing() -> None:
    empty, wide = array((0, 0)), array((0, 3))
    for fn in (
        lax.linalg.cholesky_p.bind,
        lambda a: lax.linalg.lu_p.bind(a),
        lambda a: lax.linalg.qr(a, full_matrices=False),
        lambda a: lax.linalg.eigh(a, symmetrize_input=False),
        lambda a: lax.linalg.svd(a, full_matrices=False),
        lambda a: lax.linalg.svd(a, compute_uv=False),
    ):
        assert counts(fn, empty) == {}
    for fn in (lambda a: lax.linalg.qr(a, full_matrices=False), lambda a: lax.linalg.svd(a, compute_uv=False)):
        assert counts(fn, wide) == {}


def test_top_k_of_nothing_compares_nothing() -> None:
    assert counts(lambda x: lax.top_k(x, 0), array((3, 5))) == {}
    assert counts(lambda x: lax.top_k(x, 0), array((3, 0))) == {}


# -- sizes that may be zero ------------------------------------------------------------------


def test_folds_knows_what_cannot_be_empty() -> None:
    n, m = symbol("N"), symbol("M")
    assert folds(n * m) == n * m - 1
    assert folds(n + 3) == n + 2
    assert folds(4 * n - 3) == 4 * n - 4
    assert folds((n + 31) // 32) == (n + 31) // 32 - 1


@few
@given(st.integers(0, 6), st.integers(0, 6))
def test_folds_of_a_size_that_may_be_zero_is_right_at_zero(a: int, b: int) -> None:
    n, m = symbol("N"), symbol("M")
    with smallest_sizes({"N": 0, "M": 0}):
        for size in (n, n * m, n + m, n // 2, n * (m // 3)):
            concrete = bind(size, {"N": a, "M": b})
            assert bind(folds(size), {"N": a, "M": b}) == folds(concrete) == max(0, concrete - 1)
            assert bind(is_empty(size), {"N": a, "M": b}) == (concrete == 0)
    # by default a symbol is at least 1, but N - 1 or N//2 may be empty all the same
    for size in (n - 1, n // 2, n - n // 2 - 1):
        concrete = bind(size, {"N": a + 1})
        assert bind(folds(size), {"N": a + 1}) == max(0, concrete - 1)
