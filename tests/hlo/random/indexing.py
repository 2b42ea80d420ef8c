"""Gathers, scatters, dynamic slices."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from tests.hlo.random.generator import Generator, Value, arrays, operation

MODES = ("clip", "fill", "promise_in_bounds")


def replaced(v: Value, axis: int, labels: tuple[str, ...]) -> tuple[str, ...]:
    return (*v.labels[:axis], *labels, *v.labels[axis + 1 :])


@operation(lambda v: 0 < v.rank < 4, weight=2)
def take(g: Generator, v: Value) -> Value:
    axis = g.axis(v)
    i = g.argument(g.labels(g.number(0, 1)), g.pick(("int32", "int32", "uint32")))
    mode = g.pick(("clip", "fill", "wrap"))
    return Value(jnp.take(v.array, i.array, axis=axis, mode=mode), replaced(v, axis, i.labels))


@operation(lambda v: 1 < v.rank < 4)
def points(g: Generator, v: Value) -> Value:
    """Two axes indexed at once, next to each other or apart."""
    rows = g.argument(g.labels(1), "int32")
    first, second = sorted(int(a) for a in g.rng.permutation(v.rank)[:2])
    at: list = [slice(None)] * v.rank
    at[first], at[second] = rows.array, rows.array * 2 if g.chance(0.5) else 0
    taken = v.array.at[tuple(at)].get(mode=g.pick(MODES))
    rest = [n for a, n in enumerate(v.labels) if a not in (first, second)]
    place = first if second == first + 1 else 0
    return Value(taken, (*rest[:place], *rows.labels, *rest[place:]))


@operation(arrays)
def along(g: Generator, v: Value) -> Value:
    axis = g.axis(v)
    i = jnp.argsort(v.array, axis=axis)
    return Value(jnp.take_along_axis(v.array, i, axis=axis), v.labels)


@operation(lambda v: 0 < v.rank < 4, weight=2)
def scatter(g: Generator, v: Value) -> Value:
    """Rows of the first axis are changed."""
    rows = g.argument(g.labels(1), "int32")
    kind = g.pick(("add", "set", "multiply", "min", "max") if not g.smooth else ("add", "set"))
    shape = (*rows.array.shape, *v.array.shape[1:])
    update = jnp.broadcast_to(v.array[:1], shape) if g.chance(0.5) else 2
    at = v.array.at[rows.array]
    changed = getattr(at, kind)(update, mode=g.pick((*MODES, "drop")), unique_indices=g.chance(0.2))
    return Value(changed, v.labels)


@operation(lambda v: 0 < v.rank < 4 and v.dtype in ("float32", "int32"), weight=0.7, smooth=False)
def segments(g: Generator, v: Value) -> Value:
    label = g.label()
    ids = jnp.zeros(v.array.shape[:1], "int32") + g.argument((), "int32").array
    fn = g.pick((jax.ops.segment_sum, jax.ops.segment_max, jax.ops.segment_prod))
    return Value(fn(v.array, ids, g.size(label)), (label, *v.labels[1:]))


@operation(lambda v: 0 < v.rank < 4)
def dynamic_slice(g: Generator, v: Value) -> Value:
    axis = g.axis(v)
    n = v.array.shape[axis]
    start = g.argument((), g.pick(("int32", "uint32"))).array
    if g.chance(0.3):
        return Value(lax.dynamic_index_in_dim(v.array, start, axis, keepdims=False), replaced(v, axis, ()))
    half = n - n // 2
    return Value(lax.dynamic_slice_in_dim(v.array, start, half, axis), replaced(v, axis, (f"h{v.labels[axis]}",)))


@operation(arrays)
def dynamic_update(g: Generator, v: Value) -> Value:
    axis = g.axis(v)
    n = v.array.shape[axis]
    start = g.argument((), "int32").array
    part = lax.slice_in_dim(v.array, 0, n - n // 2, axis=axis)
    return Value(lax.dynamic_update_slice_in_dim(v.array, part, start, axis), v.labels)


@operation(lambda v: v.rank < 4 and v.dtype == "int32", weight=0.5)
def one_hot(g: Generator, v: Value) -> Value:
    label = g.label()
    return Value(jax.nn.one_hot(v.array, g.size(label)), (*v.labels, label))


@operation(lambda v: v.is_float and v.rank == 1, weight=0.5, smooth=False, same=False)
def search(g: Generator, v: Value) -> Value:
    """A binary search, which has as many rounds as the logarithm of the size."""
    return Value(jnp.searchsorted(jnp.sort(v.array), v.array, method="scan_unrolled").astype("int32"), v.labels)
