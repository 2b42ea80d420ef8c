"""Operations on shapes, along axes, and between arrays."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.hlo.random.generator import LONGEST, Generator, Value, arrays, float_arrays, operation


def short(v: Value, axis: int) -> bool:
    """Whether a dimension may be derived from again."""
    return len(v.labels[axis]) <= LONGEST


def replaced(v: Value, axis: int, label: str) -> tuple[str, ...]:
    return (*v.labels[:axis], label, *v.labels[axis + 1 :])


# -- shapes ---------------------------------------------------------------------------------------


@operation(lambda v: v.rank > 1)
def transpose(g: Generator, v: Value) -> Value:
    order = [int(a) for a in g.rng.permutation(v.rank)]
    return Value(lax.transpose(v.array, order), tuple(v.labels[a] for a in order))


@operation(lambda v: v.rank > 1, weight=0.7)
def merge(g: Generator, v: Value) -> Value:
    axis = g.number(0, v.rank - 2)
    if not (short(v, axis) and short(v, axis + 1)):
        return v
    shape = v.array.shape
    label = f"({v.labels[axis]}*{v.labels[axis + 1]})"
    merged = v.array.reshape(*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])
    return Value(merged, (*v.labels[:axis], label, *v.labels[axis + 2 :]))


@operation(lambda v: v.rank < 4, weight=0.7)
def expand(g: Generator, v: Value) -> Value:
    axis = g.number(0, v.rank)
    array, label = jnp.expand_dims(v.array, axis), "1"
    if g.chance(0.6):
        label = g.label()
        array = (
            jnp.repeat(array, g.size(label), axis)
            if g.chance(0.3)
            else jnp.broadcast_to(array, (*array.shape[:axis], g.size(label), *array.shape[axis + 1 :]))
        )
    return Value(array, (*v.labels[:axis], label, *v.labels[axis:]))


@operation(arrays, weight=0.7)
def reverse(g: Generator, v: Value) -> Value:
    return Value(lax.rev(v.array, g.axes(v)), v.labels)


@operation(arrays, weight=0.7)
def keep_half(g: Generator, v: Value) -> Value:
    axis = g.axis(v)
    n = v.array.shape[axis]
    half = n - n // 2
    start = g.pick((0, n - half))
    return Value(lax.slice_in_dim(v.array, start, start + half, axis=axis), replaced(v, axis, f"h{v.labels[axis]}"))


@operation(arrays, weight=0.7)
def every_second(g: Generator, v: Value) -> Value:
    axis, stride = g.axis(v), g.number(1, 3)
    taken = lax.slice_in_dim(v.array, 0, v.array.shape[axis], stride, axis)
    return Value(taken, replaced(v, axis, v.labels[axis] if stride == 1 else f"s{stride}{v.labels[axis]}"))


@operation(arrays)
def pad(g: Generator, v: Value) -> Value:
    axis = g.axis(v)
    if not short(v, axis):
        return v
    low, high, inside = g.number(0, 2), g.number(0, 2), g.number(0, 1)
    config = [(0, 0, 0)] * v.rank
    config[axis] = (low, high, inside)
    padded = lax.pad(v.array, v.array.dtype.type(g.pick((0, 1))), config)
    if low + high and g.chance(0.2):  # and cut off again
        config[axis] = (-low, 0, 0)
        padded = lax.pad(padded, v.array.dtype.type(0), config)
        low = 0
    return Value(padded, replaced(v, axis, f"({v.labels[axis]}p{low + high},{inside})"))


@operation(arrays)
def concatenate(g: Generator, v: Value) -> Value:
    axis = g.axis(v)
    if not short(v, axis):
        return v
    count = g.number(1, 3)
    others = [g.companion(v).array for _ in range(count - 1)]
    return Value(lax.concatenate([v.array, *others], axis), replaced(v, axis, f"({count}*{v.labels[axis]})"))


@operation(lambda v: v.rank > 0 and "1" in v.labels, weight=0.5)
def squeeze(g: Generator, v: Value) -> Value:
    axis = v.labels.index("1")
    return Value(lax.squeeze(v.array, (axis,)), (*v.labels[:axis], *v.labels[axis + 1 :]))


@operation(lambda v: v.rank == 2, weight=0.4)
def triangle(g: Generator, v: Value) -> Value:
    return Value(g.pick((jnp.tril, jnp.triu))(v.array, g.number(-1, 1)), v.labels)


# -- reductions, lines -------------------------------------------------------------------------------


@operation(float_arrays, weight=3)
def reduce_floats(g: Generator, v: Value) -> Value:
    axes = g.axes(v)
    fn = g.pick((jnp.sum, jnp.max, jnp.min, jnp.prod, jnp.mean, jnp.var, jax.nn.logsumexp))
    return Value(fn(v.array, axis=axes), tuple(n for a, n in enumerate(v.labels) if a not in axes))


@operation(lambda v: v.rank > 0 and v.is_integer, weight=2)
def reduce_integers(g: Generator, v: Value) -> Value:
    axes = g.axes(v)
    fn = g.pick((jnp.sum, jnp.max, jnp.min, jnp.any, jnp.all))
    reduced = fn(v.array, axis=axes).astype(v.array.dtype)
    return Value(reduced, tuple(n for a, n in enumerate(v.labels) if a not in axes))


@operation(float_arrays, smooth=False)
def reduce_by_a_function(g: Generator, v: Value) -> Value:
    axes = g.axes(v)
    reducer = g.pick((lambda a, b: a * b + a, lambda a, b: jnp.maximum(a, jnp.tanh(b)), lambda a, b: a + b * 2))
    reduced = lax.reduce(v.array, v.array.dtype.type(0), reducer, axes)
    return Value(reduced, tuple(n for a, n in enumerate(v.labels) if a not in axes))


@operation(arrays, smooth=False)
def position(g: Generator, v: Value) -> Value:
    axis = g.axis(v)
    found = g.pick((jnp.argmax, jnp.argmin))(v.array, axis=axis)
    return Value(found.astype("int32"), (*v.labels[:axis], *v.labels[axis + 1 :]))


@operation(float_arrays, weight=0.7)
def normalise(g: Generator, v: Value) -> Value:
    return Value(g.pick((jax.nn.softmax, jax.nn.log_softmax, jax.nn.standardize))(v.array, axis=g.axis(v)), v.labels)


@operation(float_arrays, weight=2)
def cumulative(g: Generator, v: Value) -> Value:
    fn = g.pick((lax.cumsum, lax.cumprod, lax.cummax, lax.cummin, lax.cumlogsumexp))
    return Value(fn(v.array, axis=g.axis(v), reverse=g.chance(0.3)), v.labels)


@operation(arrays, weight=1.5)
def sort(g: Generator, v: Value) -> Value:
    axis, count = g.axis(v), g.number(1, 3)
    operands = [v.array, *(g.companion(v).array for _ in range(count - 1))]
    keys = g.number(1, count)
    return Value(lax.sort(operands, dimension=axis, is_stable=g.chance(0.5), num_keys=keys)[0], v.labels)


@operation(arrays, smooth=False)
def order(g: Generator, v: Value) -> Value:
    return Value(jnp.argsort(v.array, axis=g.axis(v)).astype("int32"), v.labels)


@operation(arrays, weight=0.7)
def largest(g: Generator, v: Value) -> Value:
    n = v.array.shape[-1]
    k, label = (1, "1") if g.chance(0.5) else (n - n // 2, f"h{v.labels[-1]}")
    values, _ = lax.top_k(v.array, k)
    return Value(values, (*v.labels[:-1], label))


@operation(lambda v: v.dtype == "float32" and v.rank > 0)
def fourier(g: Generator, v: Value) -> Value:
    kind = g.pick(("fft", "ifft", "rfft", "rfft and back", "fft of all"))
    if kind == "fft of all":
        return Value(jnp.abs(jnp.fft.fftn(v.array, axes=tuple(range(max(0, v.rank - 3), v.rank)))), v.labels)
    if kind == "rfft and back":
        return Value(jnp.fft.irfft(jnp.fft.rfft(v.array) * 2, n=v.array.shape[-1]), v.labels)
    array = getattr(jnp.fft, kind)(v.array)
    return Value(array.real, v.labels if kind != "rfft" else (*v.labels[:-1], f"r{v.labels[-1]}"))


# -- products -----------------------------------------------------------------------------------------


@operation(lambda v: 0 < v.rank < 5, weight=3)
def product(g: Generator, v: Value) -> Value:
    """`dot_general` with batch and contracted axes anywhere; the other operand has one free axis of its own."""
    roles = [g.pick(("free", "batch", "contracted", "contracted")) for _ in v.labels]
    batch = [a for a, role in enumerate(roles) if role == "batch"]
    contracted = [a for a, role in enumerate(roles) if role == "contracted"]
    if sum(role == "free" for role in roles) > 2 or not all(_known(g, v.labels[a]) for a in (*batch, *contracted)):
        return v
    other = [v.labels[a] for a in (*batch, *contracted)] + [g.label()]
    place = [int(p) for p in g.rng.permutation(len(other))]
    w = g.argument([other[p] for p in place], v.dtype)
    where = np.argsort(place)
    numbers = ((contracted, [int(where[len(batch) + i]) for i in range(len(contracted))]),)
    numbers += ((batch, [int(where[i]) for i in range(len(batch))]),)
    wide = "int32" if v.is_integer else g.pick((None, "float32"))
    out = lax.dot_general(v.array, w.array, numbers, preferred_element_type=wide)
    free = [label for label, role in zip(v.labels, roles, strict=True) if role == "free"]
    return Value(out, (*(v.labels[a] for a in batch), *free, other[-1]))


def _known(g: Generator, label: str) -> bool:
    return label in g.sizes or label.isdigit()


@operation(lambda v: v.is_float and v.rank == 2, weight=0.7)
def outer(g: Generator, v: Value) -> Value:
    a, b = v.labels
    kind = g.pick(("gram", "row", "trace"))
    if kind == "gram":
        return Value(jnp.einsum("ij,kj->ik", v.array, v.array), (a, a))
    if kind == "row":
        return Value(jnp.einsum("ij,ij->i", v.array, v.array), (a,))
    return Value(jnp.einsum("ij,kl->jl", v.array, v.array), (b, b))
