"""Operations on every element."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from tests.hlo.random.generator import FLOATS, INTEGERS, Generator, Value, floats, integers, operation

UNARY = (
    *(lax.exp, lax.log, lax.tanh, lax.sin, lax.cos, lax.sqrt, lax.rsqrt, lax.logistic, lax.erf, lax.abs, lax.neg),
    *(lax.floor, lax.ceil, lax.sign, lax.square, lax.expm1, lax.log1p, lax.cbrt, lax.tan, lax.round, jnp.reciprocal),
    *(jax.nn.relu, jax.nn.gelu, jax.nn.silu, jax.nn.softplus, lax.exp2, lax.erfc, lax.asinh, lax.atan),
)
BINARY = (lax.add, lax.sub, lax.mul, lax.div, lax.max, lax.min, lax.atan2, lax.rem, lax.pow, jnp.logaddexp)
INTEGER_UNARY = (lax.neg, lax.abs, lax.sign, lax.bitwise_not, lax.population_count, lax.clz)
INTEGER_BINARY = (
    *(lax.add, lax.sub, lax.mul, lax.div, lax.rem, lax.max, lax.min, lax.bitwise_and, lax.bitwise_or, lax.bitwise_xor),
    *(lax.shift_left, lax.shift_right_arithmetic, lax.shift_right_logical, jnp.floor_divide),
)
COMPARE = (lax.eq, lax.ne, lax.lt, lax.le, lax.gt, lax.ge)
LITERALS = (0, 1, -1, 2, 3)
"""Among them those that XLA simplifies away: times 1, plus 0."""


def alike(v: Value, array: jax.Array) -> Value:
    return Value(array, v.labels)


@operation(floats, weight=4)
def unary(g: Generator, v: Value) -> Value:
    return alike(v, g.pick(UNARY)(v.array))


@operation(floats, weight=3)
def binary(g: Generator, v: Value) -> Value:
    w = g.companion(v)
    left, right = (v, w) if g.chance(0.5) else (w, v)
    return alike(v, g.pick(BINARY)(left.array, right.array))


@operation(floats, weight=2)
def with_a_literal(g: Generator, v: Value) -> Value:
    fn, number = g.pick((lax.add, lax.sub, lax.mul, lax.div, lax.max, lax.min)), g.pick((*LITERALS, 0.5, 1e-3))
    literal = jnp.asarray(number, v.array.dtype) if g.chance(0.3) else v.array.dtype.type(number)
    literal = jnp.broadcast_to(literal, v.array.shape)
    return alike(v, fn(v.array, literal) if g.chance(0.7) else fn(literal, v.array))


@operation(floats)
def powers(g: Generator, v: Value) -> Value:
    return alike(v, lax.integer_pow(v.array, g.pick((-3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8))))


@operation(integers)
def integer_unary(g: Generator, v: Value) -> Value:
    return alike(v, g.pick(INTEGER_UNARY)(v.array))


@operation(integers, weight=2)
def integer_binary(g: Generator, v: Value) -> Value:
    return alike(v, g.pick(INTEGER_BINARY)(v.array, g.companion(v).array))


@operation(integers)
def integer_with_a_literal(g: Generator, v: Value) -> Value:
    fn = g.pick((lax.add, lax.sub, lax.mul, lax.max, lax.bitwise_and, lax.bitwise_or, lax.shift_left, jnp.floor_divide))
    return alike(v, fn(v.array, jnp.full_like(v.array, g.pick(LITERALS if fn is not jnp.floor_divide else (2, 3, 5)))))


@operation(weight=1.5)
def choose(g: Generator, v: Value) -> Value:
    w = g.companion(v)
    which = g.pick(COMPARE)(v.array, w.array)
    if g.chance(0.3):
        which = g.pick((jnp.logical_and, jnp.logical_or, jnp.logical_xor))(which, v.array != 1)
    return alike(v, jnp.where(which, v.array, w.array if g.chance(0.5) else 0))


@operation(floats)
def clip(g: Generator, v: Value) -> Value:
    return alike(
        v, g.pick((lambda x: lax.clamp(v.array.dtype.type(-1), x, v.array.dtype.type(1)), jax.nn.relu6))(v.array)
    )


@operation(weight=1.5, smooth=False)
def convert(g: Generator, v: Value) -> Value:
    return alike(v, lax.convert_element_type(v.array, g.pick((*FLOATS, *FLOATS, *INTEGERS))))


@operation(integers, weight=2)
def back_to_floats(g: Generator, v: Value) -> Value:
    return alike(v, v.array.astype(g.pick(("float32", "float32", "bfloat16"))))


@operation(floats, weight=0.5)
def between_floats(g: Generator, v: Value) -> Value:
    return alike(v, v.array.astype(g.pick(FLOATS)))


@operation(lambda v: v.dtype in ("float32", "int32"), weight=0.5, smooth=False)
def bits(g: Generator, v: Value) -> Value:
    return alike(v, lax.bitcast_convert_type(v.array, "int32" if v.is_float else "float32"))


@operation(floats, weight=0.5)
def rounded(g: Generator, v: Value) -> Value:
    return alike(v, lax.reduce_precision(v.array, 5, g.number(3, 7)))


@operation(lambda v: v.dtype == "float32", weight=0.3, smooth=False)
def composite(g: Generator, v: Value) -> Value:
    functions = (lax.lgamma, lax.digamma, lax.erf_inv, lax.bessel_i0e, lax.nextafter, lax.acosh, lax.atanh, lax.sinh)
    fn = g.pick(functions)
    return alike(v, fn(v.array, v.array + 1) if fn is lax.nextafter else fn(v.array))


@operation(lambda v: v.dtype == "float32", weight=0.4)
def complex_numbers(g: Generator, v: Value) -> Value:
    z = lax.complex(v.array, g.companion(v).array)
    z = g.pick((lax.mul, lax.add, lax.div))(z, lax.conj(z)) if g.chance(0.5) else z * 2.0
    return alike(v, g.pick((lax.real, lax.imag, lax.abs))(z))


@operation(floats, weight=0.4, smooth=False)
def noise(g: Generator, v: Value) -> Value:
    key = jax.random.key(g.number(0, 9))
    draw = g.pick((jax.random.uniform, jax.random.normal, lambda k, s: jax.random.bernoulli(k, 0.3, s)))
    return alike(v, v.array * draw(key, v.array.shape).astype(v.array.dtype))


@operation(weight=0.4)
def barrier(g: Generator, v: Value) -> Value:
    return alike(v, lax.optimization_barrier(v.array) if g.chance(0.5) else lax.stop_gradient(v.array) + v.array)
