"""Loops, branches, calls and derivatives, around bodies that are random programs themselves."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from tests.hlo.random.generator import Generator, Value, arrays, floats, operation

DEEPEST = 3


def into(g: Generator, v: Value, steps: int) -> Callable[[jax.Array], jax.Array]:
    """A function that keeps shape and dtype: random operations whose results are added to what came in."""

    def fn(x: jax.Array) -> jax.Array:
        total = x
        for out in g.restarted().run([Value(x, v.labels)], steps if g.depth < DEEPEST else 1):
            array = out.array if out.labels == v.labels else jnp.sum(out.array)
            total = total + array.astype(x.dtype)
        return total

    return fn


@operation(weight=1.5)
def call(g: Generator, v: Value) -> Value:
    fn = into(g.body("call"), v, g.number(1, 4))
    wrap = g.pick((jax.jit, jax.checkpoint, jax.named_call, lambda f: jax.jit(jax.checkpoint(f))))
    return Value(wrap(fn)(v.array), v.labels)


@operation(weight=0.7)
def called_twice(g: Generator, v: Value) -> Value:
    fn = jax.jit(into(g.body("shared"), v, g.number(1, 3)))
    return Value(fn(fn(v.array)), v.labels)


@operation(weight=1.5)
def branch(g: Generator, v: Value) -> Value:
    count = g.number(2, 4)
    fns = [into(g.body(f"branch{i}"), v, g.number(0, 3)) for i in range(count)]
    if count == 2:
        return Value(lax.cond(jnp.sum(v.array) > 0, *fns, v.array), v.labels)
    which = g.argument((), "int32").array
    return Value(lax.switch(which, fns, v.array), v.labels)


@operation(weight=1.5)
def scan(g: Generator, v: Value) -> Value:
    """A carry, something to scan over, and what is stacked."""
    body = into(g.body("scan"), v, g.number(1, 4))
    label = g.label()
    xs = g.argument((label,), "float32").array

    def step(carry: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        carry = body(carry) * x.astype(carry.dtype)
        return carry, jnp.sum(carry)

    carry, ys = lax.scan(step, v.array, xs, reverse=g.chance(0.3))
    return Value(carry + jnp.sum(ys).astype(carry.dtype), v.labels)


@operation(lambda v: 0 < v.rank < 4)
def rows(g: Generator, v: Value) -> Value:
    """The body for each row: a map or a vectorised function."""
    inner = Value(v.array[0], v.labels[1:])
    fn = into(g.body("rows"), inner, g.number(1, 3))
    return Value(lax.map(fn, v.array) if g.chance(0.5) else jax.vmap(fn)(v.array), v.labels)


@operation(smooth=False)
def while_counter(g: Generator, v: Value) -> Value:
    fn = into(g.body("while"), v, g.number(1, 3))
    limit = g.number(1, 9) if g.chance(0.5) else g.argument((), "int32").array
    looks_at_data = g.chance(0.3)

    def go_on(state: tuple[jax.Array, jax.Array]) -> jax.Array:
        below = state[0] < limit
        return below & (jnp.sum(state[1]) < 100) if looks_at_data else below

    return Value(lax.while_loop(go_on, lambda s: (s[0] + 1, fn(s[1])), (0, v.array))[1], v.labels)


@operation(weight=1.2)
def fori(g: Generator, v: Value) -> Value:
    fn = into(g.body("fori"), v, g.number(1, 3))
    bound = g.number(1, 5) if g.smooth or g.chance(0.6) else g.argument((), "int32").array
    return Value(lax.fori_loop(0, bound, lambda i, x: fn(x) + i.astype(x.dtype), v.array), v.labels)


@operation(floats, weight=1.5)
def gradient(g: Generator, v: Value) -> Value:
    fn = into(g.body("gradient", smooth=True), v, g.number(1, 4))
    wrap = jax.checkpoint if g.chance(0.4) else lambda f: f

    def loss(x: jax.Array) -> jax.Array:
        return jnp.sum(wrap(fn)(x).astype("float32") ** 2)

    if g.depth >= DEEPEST:
        return v
    return Value(jax.grad(loss)(v.array), v.labels)


@operation(floats, weight=0.7)
def tangent(g: Generator, v: Value) -> Value:
    fn = into(g.body("tangent", smooth=True, forward=True), v, g.number(1, 3))
    primal, tangent = jax.jvp(fn, (v.array,), (jnp.ones_like(v.array),))
    return Value(primal + tangent, v.labels)


@operation(floats, weight=0.7)
def own_derivative(g: Generator, v: Value) -> Value:
    inner = into(g.body("custom", closed=True), v, g.number(1, 3))
    if g.forward or g.chance(0.5):
        fn = jax.custom_jvp(inner)
        fn.defjvp(lambda p, t: (inner(p[0]), t[0] * 2))
    else:
        fn = jax.custom_vjp(inner)
        fn.defvjp(lambda x: (inner(x), x), lambda x, ct: (ct * x,))
    return Value(fn(v.array), v.labels)


@operation(arrays, weight=0.5, same=False)
def associative(g: Generator, v: Value) -> Value:
    fn = g.pick((lax.add, lax.mul, lax.max))
    return Value(lax.associative_scan(fn, v.array, axis=g.axis(v)), v.labels)
