"""Single primitives: every figure of XLA's analysis of the unoptimised module, family by family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.hlo.agreement import assert_equals_xla

f32, bf16, i8, i32, u32, c64, b1 = jnp.float32, jnp.bfloat16, jnp.int8, jnp.int32, jnp.uint32, jnp.complex64, jnp.bool_


def F(*shape: int, d: Any = f32) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, d)


X = F(8, 16)
I, U, C, P, H = (F(8, 16, d=d) for d in (i32, u32, c64, b1, bf16))
KEY, RBG = (jax.eval_shape(lambda impl=impl: jax.random.key(0, impl=impl)) for impl in (None, "rbg"))
Case = tuple[str, Callable, tuple[Any, ...]]


def elementwise() -> Iterator[Case]:
    for name in ["add", "sub", "mul", "div", "rem", "max", "min", "nextafter", "eq"]:
        yield name, getattr(lax, name), (X, X)
    for name in ["neg", "abs", "sign", "floor", "ceil", "round", "is_finite", "square", "real", "imag", "conj"]:
        yield name, getattr(lax, name), (C if name in ("real", "imag", "conj") else X,)
    for name in ["add", "bitwise_and", "shift_left"]:
        yield f"{name} int32", getattr(lax, name), (I, I)
    for name in ["bitwise_not", "population_count", "clz"]:
        yield f"{name} int32", getattr(lax, name), (I,)
    yield "round to even", lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), (X,)
    yield "add bfloat16", lax.add, (H, H)
    yield "mul complex64", lax.mul, (C, C)
    yield "abs complex64", lax.abs, (C,)
    yield "complex", lax.complex, (X, X)
    yield "select", lax.select_n, (P, X, X)
    yield "select, scalar predicate", lax.select_n, (F(d=b1), X, X)
    yield "select of three", lax.select_n, (I, X, X, X)
    yield "clamp", lax.clamp, (X, X, X)
    yield "clamp, scalar bounds", lax.clamp, (F(), X, F())
    for source, target in ((X, bf16), (I, f32), (X, i8)):
        yield (
            f"convert {source.dtype} {np.dtype(target)}",
            lambda x, t=target: lax.convert_element_type(x, t),
            (source,),
        )
    yield "bitcast_convert", lambda x: lax.bitcast_convert_type(x, i32), (X,)
    yield "reduce_precision", lambda x: lax.reduce_precision(x, 8, 7), (X,)
    yield "copy", jnp.copy, (X,)
    yield "stop_gradient", lax.stop_gradient, (X,)
    yield "identity", lambda x: x, (X,)
    yield "two outputs", lambda x: (x, x), (X,)
    yield "literal", lambda x: x + 1.0, (X,)
    for y in (2, 3, 4, 5, 7, -1, -2):
        yield f"integer_pow {y}", lambda x, y=y: lax.integer_pow(x, y), (X,)


def transcendental() -> Iterator[Case]:
    names = "exp exp2 log expm1 log1p sin cos tan tanh logistic sqrt rsqrt cbrt erf erfc erf_inv lgamma digamma"
    for name in f"{names} asin acos atan sinh cosh asinh acosh atanh bessel_i0e bessel_i1e".split():
        yield name, getattr(lax, name), (X,)
    for name in ["pow", "atan2", "igamma"]:
        yield name, getattr(lax, name), (X, X)
    yield "exp complex64", lax.exp, (C,)
    yield "exp bfloat16", lax.exp, (H,)
    for name in ["gelu", "silu", "softmax"]:
        yield f"jax.nn.{name}", getattr(jax.nn, name), (X,)
    yield "jax.nn.gelu exact", lambda x: jax.nn.gelu(x, approximate=False), (X,)


def contraction() -> Iterator[Case]:
    def dot(*numbers: Any, **kw: Any) -> Callable:
        return lambda x, w: lax.dot_general(x, w, numbers, **kw)

    plain = (((1,), (0,)), ((), ()))
    yield "dot", dot(*plain), (X, F(16, 32))
    yield "dot, batch", dot(((2,), (1,)), ((0,), (0,))), (F(2, 8, 16), F(2, 16, 32))
    yield "dot, two contracted", dot(((1, 2), (0, 1)), ((), ())), (F(2, 8, 16), F(8, 16, 32))
    yield "dot bfloat16 to float32", dot(*plain, preferred_element_type=f32), (H, F(16, 32, d=bf16))
    yield "dot int8 to int32", dot(*plain, preferred_element_type=i32), (F(8, 16, d=i8), F(16, 32, d=i8))
    yield "dot complex64", dot(*plain), (C, F(16, 32, d=c64))
    yield "outer product", dot(((), ()), ((), ())), (F(8), F(16))
    yield "dot, highest precision", dot(*plain, precision="highest"), (X, F(16, 32))
    yield "dot beyond 2**24", dot(*plain), (F(4097, 4097), F(4097, 4097))
    yield "ragged_dot", lax.ragged_dot, (X, F(3, 16, 32), F(3, d=i32))

    def conv(strides: tuple[int, int], padding: Any, **kw: Any) -> Callable:
        return lambda x, w: lax.conv_general_dilated(
            x, w, strides, padding, dimension_numbers=("NHWC", "HWIO", "NHWC"), **kw
        )

    image, odd, kernel = F(2, 10, 12, 4), F(2, 11, 13, 4), F(3, 3, 4, 6)
    yield "conv VALID", conv((1, 1), "VALID"), (image, kernel)
    yield "conv SAME", conv((1, 1), "SAME"), (image, kernel)
    yield "conv stride 2", conv((2, 2), "SAME"), (image, kernel)
    yield "conv stride 2, odd", conv((2, 2), "SAME"), (odd, F(5, 5, 4, 6))
    yield "conv dilated kernel", conv((1, 1), "SAME", rhs_dilation=(2, 2)), (image, kernel)
    yield "conv transposed", conv((1, 1), [(1, 2), (1, 2)], lhs_dilation=(2, 2)), (image, kernel)
    yield "conv negative padding", conv((1, 1), [(-1, 2), (2, -1)], lhs_dilation=(2, 2)), (image, kernel)
    yield "conv transposed, stride", conv((2, 2), [(2, 2), (2, 2)], lhs_dilation=(3, 3)), (image, kernel)
    yield "conv groups", conv((1, 1), "SAME", feature_group_count=2), (image, F(3, 3, 2, 6))
    yield "conv depthwise", conv((1, 1), "SAME", feature_group_count=4), (image, F(3, 3, 1, 4))
    yield "conv batch groups", conv((1, 1), "SAME", batch_group_count=2), (F(4, 10, 12, 4), kernel)
    yield "conv 1x1", conv((1, 1), "VALID"), (image, F(1, 1, 4, 6))


def reduction() -> Iterator[Case]:
    for name, x in (("sum", X), ("prod", X), ("max", X), ("all", P), ("sum", H)):
        function = getattr(jnp, name)
        yield f"{name} {x.dtype}", lambda x, f=function: f(x, 1), (x,)
    yield "sum of all", jnp.sum, (X,)
    yield "or int32", lambda x: lax.reduce_or(x, (1,)), (I,)
    yield "argmax", lambda x: lax.argmax(x, 1, i32), (X,)
    yield "argmin int32", lambda x: lax.argmin(x, 1, i32), (I,)
    yield (
        "two operands",
        lambda x, y: lax.reduce((x, y), (f32(0), f32(0)), lambda a, c: (a[0] + c[0], a[1] * c[1]), (1,)),
        (X, X),
    )
    yield "a reducer with exp", lambda x: lax.reduce(x, f32(0), lambda a, c: lax.exp(a) + c, (1,)), (X,)
    yield "reduce_precision of halves", lambda x: lax.reduce_precision(x, 5, 10), (X,)
    for name in ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"]:
        function = getattr(lax, name)
        yield name, lambda x, f=function: f(x, axis=1), (X,)
    yield "cumsum, first axis", lambda x: lax.cumsum(x, axis=0), (X,)
    for n in (64, 100):
        yield f"cumsum of {n}", lax.cumsum, (F(n),)
    yield "cumsum, reversed", lambda x: lax.cumsum(x, reverse=True), (F(64),)
    yield "associative_scan", lambda x: lax.associative_scan(jnp.add, x), (F(64),)

    def pool(init: float, f: Callable, size: int, padding: str) -> Callable:
        return lambda x: lax.reduce_window(x, init, f, (1, size, size, 1), (1, 2, 2, 1), padding)

    for name, f in (
        ("average 2x2", pool(0.0, lax.add, 2, "VALID")),
        ("max 2x2", pool(-jnp.inf, lax.max, 2, "VALID")),
        ("max 3x3 SAME", pool(-jnp.inf, lax.max, 3, "SAME")),
    ):
        yield name, f, (F(2, 8, 8, 3),)
        yield f"{name}, gradient", lambda x, g, f=f: jax.vjp(f, x)[1](g)[0], (F(2, 8, 8, 3), F(2, 4, 4, 3))


def indexing() -> Iterator[Case]:
    yield "sort", lax.sort, (F(100),)
    for x in (X, I):
        yield f"sort rows {x.dtype}", lax.sort, (x,)
    yield "sort two operands", lambda x, y: lax.sort((x, y), num_keys=1), (X, X)
    yield "argsort", jnp.argsort, (X,)
    yield "top_k", lambda x: lax.top_k(x, 4), (X,)
    yield "approx_max_k", lambda x: lax.approx_max_k(x, 4), (X,)
    rows = lax.GatherDimensionNumbers((1,), (0,), (0,))
    table, ids, updates = F(100, 16), F(5, 1, d=i32), F(5, 16)
    for mode in ("clip", "fill", "promise_in_bounds"):
        yield f"gather {mode}", lambda x, i, m=mode: lax.gather(x, i, rows, (1, 16), mode=m), (table, ids)
    yield "x[i]", lambda x, i: x[i], (table, F(5, d=i32))
    put = lax.ScatterDimensionNumbers((1,), (0,), (0,))
    for name, f, mode in (
        ("scatter_add", lax.scatter_add, "promise_in_bounds"),
        ("scatter_add, default", lax.scatter_add, None),
        ("scatter", lax.scatter, "promise_in_bounds"),
    ):
        yield name, lambda x, i, u, f=f, m=mode: f(x, i, u, put, mode=m), (table, ids, updates)
    yield "segment_sum", lambda x, i: jax.ops.segment_sum(x, i, 10), (F(50, 16), F(50, d=i32))
    at = F(d=i32)
    yield "dynamic_slice", lambda x, i, j: lax.dynamic_slice(x, (i, j), (4, 8)), (X, at, at)
    yield "dynamic_update_slice", lambda x, u, i, j: lax.dynamic_update_slice(x, u, (i, j)), (X, F(4, 8), at, at)
    yield "slice", lambda x: lax.slice(x, (1, 2), (5, 10)), (X,)
    yield "one_hot", lambda i: jax.nn.one_hot(i, 10), (F(5, d=i32),)


def movement() -> Iterator[Case]:
    yield "broadcast of a scalar", lambda x: lax.broadcast(x, (8, 16)), (F(),)
    yield "broadcast of rows", lambda x: lax.broadcast_in_dim(x, (8, 16), (1,)), (F(16),)
    yield "broadcast of a size-1 dimension", lambda x: lax.broadcast_in_dim(x, (8, 16), (0, 1)), (F(8, 1),)
    yield "reshape", lambda x: lax.reshape(x, (16, 8)), (X,)
    yield "expand_dims", lambda x: lax.expand_dims(x, (0,)), (X,)
    yield "squeeze", lambda x: lax.squeeze(x, (0,)), (F(1, 8, 16),)
    yield "transpose", lambda x: lax.transpose(x, (1, 0)), (X,)
    yield "transpose of a size-1 dimension", lambda x: lax.transpose(x, (1, 0, 2)), (F(1, 8, 16),)
    yield "rev", lambda x: lax.rev(x, (0,)), (X,)
    yield "concatenate", lambda x, y: lax.concatenate([x, y], 0), (X, X)
    yield "pad", lambda x: lax.pad(x, f32(0), [(1, 1, 0), (0, 0, 0)]), (X,)
    yield "iota", lambda: lax.iota(i32, 128), ()
    yield "iota of two dimensions", lambda: lax.broadcasted_iota(i32, (8, 16), 1), ()
    yield "zeros", lambda: jnp.zeros((8, 16)), ()
    yield "array constant", lambda: jnp.asarray(np.arange(128, dtype=np.float32)), ()
    yield "optimization_barrier", lax.optimization_barrier, (X,)
    yield "optimization_barrier of two", lambda x, y: lax.optimization_barrier((x, y)), (X, F(3))


def libraries() -> Iterator[Case]:
    for name, shape in (("fft", (8, 64)), ("fft", (8, 60)), ("fft2", (16, 32))):
        yield f"{name} {shape}", getattr(jnp.fft, name), (F(*shape, d=c64),)
    yield "rfft", jnp.fft.rfft, (F(8, 64),)
    yield "irfft", jnp.fft.irfft, (F(8, 33, d=c64),)
    A, B = F(16, 16), F(16, 4)
    for name in ["cholesky", "eigh", "svd", "qr", "lu", "eig"]:
        yield name, getattr(lax.linalg, name), (A,)
    yield "triangular_solve", lambda a, b: lax.linalg.triangular_solve(a, b, left_side=True, lower=True), (A, B)
    yield "solve", jnp.linalg.solve, (A, B)
    for name in ["bits", "uniform", "normal"]:
        function = getattr(jax.random, name)
        yield f"random.{name}", lambda k, f=function: f(k, (8, 16)), (KEY,)
    yield "random.bernoulli", lambda k: jax.random.bernoulli(k, 0.5, (8, 16)), (KEY,)
    yield "random.split", jax.random.split, (KEY,)
    yield "random.fold_in", lambda k: jax.random.fold_in(k, 1), (KEY,)
    yield "random.bits, rbg", lambda k: jax.random.bits(k, (8, 16)), (RBG,)
    yield "rng_bit_generator", lambda k: lax.rng_bit_generator(k, (8, 16)), (F(4, d=u32),)
    yield "rng_uniform", lambda a, b: lax.rng_uniform(a, b, (8, 16)), (F(), F())


def control() -> Iterator[Case]:
    def loop(length: int, unroll: Any = 1) -> Callable:
        return lambda x: lax.scan(lambda c, _: (lax.sin(c), None), x, None, length=length, unroll=unroll)[0]

    for length, unroll in ((1, 1), (10, 1), (100, 1), (10, True), (10, 5)):
        yield f"scan {length}, unrolled {unroll}", loop(length, unroll), (X,)
    yield "scan over arrays", lambda xs: lax.scan(lambda c, x: (c, lax.sin(x)), 0.0, xs)[1], (F(10, 8, 16),)
    yield "fori_loop", lambda x: lax.fori_loop(0, 10, lambda i, c: lax.sin(c), x), (X,)
    yield "while_loop", lambda x: lax.while_loop(lambda c: jnp.sum(c) > 0, lax.sin, x), (X,)
    flag, index = F(d=b1), F(d=i32)
    yield "cond", lambda p, x: lax.cond(p, lax.sin, lambda x: lax.sin(lax.cos(x)), x), (flag, X)
    yield "cond, mul or exp", lambda p, x: lax.cond(p, lambda x: lax.mul(x, x), lax.exp, x), (flag, X)
    yield "switch", lambda i, x: lax.switch(i, [lax.sin, lambda x: lax.mul(x, x), lambda x: x], x), (index, X)
    yield "map", lambda xs: lax.map(lax.sin, xs), (F(10, 8, 16),)
    yield "jit", jax.jit(lax.sin), (X,)
    yield "jit twice", lambda x: jax.jit(lax.sin)(jax.jit(lax.sin)(x)), (X,)
    yield "custom_jvp", jax.nn.relu, (X,)
    for name, wrap in (("remat", jax.checkpoint), ("no remat", lambda f: f)):
        body = wrap(lambda y: lax.sin(lax.sin(y)))
        yield name, jax.grad(lambda x, f=body: jnp.sum(f(x))), (X,)
    yield "dead code", lambda x: (lax.exp(x), lax.sin(x))[1], (X,)
    yield "pure_callback", lambda x: jax.pure_callback(lambda x: x, jax.ShapeDtypeStruct((8, 16), f32), x), (X,)


FAMILIES = (elementwise, transcendental, contraction, reduction, indexing, movement, libraries, control)
CASES = [pytest.param(fn, args, id=f"{f.__name__}: {name}") for f in FAMILIES for name, fn, args in f()]


@pytest.mark.parametrize(("fn", "args"), CASES)
def test_a_primitive_costs_what_xla_says(fn, args):
    assert_equals_xla(fn, args)


LOWERED_ELSEWHERE = "cumsum|sort|dot|triangular_solve|cholesky|qr|eigh|random|rng|erf_inv|scan|cond|conv"
ELSEWHERE = [c for c in CASES if any(word in c.id for word in LOWERED_ELSEWHERE.split("|"))]


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_other_platforms_lowerings_cost_what_xla_says(platform):
    """Their lowerings use opcodes that the CPU's do not: scan, ragged-dot, cholesky, triangular-solve ..."""
    opcodes = set()
    for case in ELSEWHERE:
        opcodes |= {i.template.primitive for i in assert_equals_xla(*case.values, platform).walk()}
    assert {"triangular-solve" if platform == "tpu" else "custom-call", "ragged-dot"} <= opcodes
