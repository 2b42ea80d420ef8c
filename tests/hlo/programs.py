"""Composed programs for the convention "xla": name -> (function, arguments)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import lax

PROGRAMS: dict[str, tuple[Callable, tuple[Any, ...]]] = {}


def S(*shape: int, dtype: Any = jnp.float32) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


def program(name: str, *args: Any) -> Callable[[Callable], Callable]:
    """Decorator: add a function and its arguments to the table."""

    def add(fn: Callable) -> Callable:
        assert name not in PROGRAMS
        PROGRAMS[name] = (fn, args)
        return fn

    return add


def add(name: str, fn: Callable, *args: Any) -> None:
    program(name, *args)(fn)


def grad_of(fn: Callable) -> Callable:
    """Value and gradient of the sum of squares of all outputs, with respect to every argument."""

    def loss(*args: Any) -> jax.Array:
        return sum(jnp.sum(jnp.abs(y) ** 2) for y in jax.tree.leaves(fn(*args)))

    return lambda *args: jax.value_and_grad(loss, argnums=tuple(range(len(args))))(*args)


def both(name: str, fn: Callable, *args: Any) -> None:
    """The function, and its value and gradient."""
    add(name, fn, *args)
    add(f"{name}, gradient", grad_of(fn), *args)


# -- control flow -------------------------------------------------------------------------
@program("nested scans", S(3, 4, 5))
def nested_scans(xs):
    def outer(c, x):
        return lax.scan(lambda d, y: (jnp.tanh(d + y), d * y), c, x)

    return lax.scan(outer, jnp.zeros(5), xs)


add("nested scans, gradient", grad_of(nested_scans), S(3, 4, 5))
both(
    "cond in scan",
    lambda xs: lax.scan(lambda c, x: (lax.cond(x.sum() > 0, jnp.sin, lambda v: v * jnp.exp(v), c + x), x), xs[0], xs),
    S(4, 6),
)
both("vmap of cond", jax.vmap(lambda p, x: lax.cond(p > 0, jnp.sin, lambda v: v * 2.0, x)), S(5), S(5, 3))
add(
    "switch with four branches",
    lambda i, x: lax.switch(i, [jnp.sin, lambda v: v @ v.T @ v, lambda v: v, lambda v: jnp.exp(v) + jnp.log(v)], x),
    S(dtype=jnp.int32),
    S(4, 6),
)
add(
    "cond inside cond",
    lambda p, q, x: lax.cond(
        p, lambda v: lax.cond(q, jnp.sin, lambda u: u * u * u, v), lambda v: jnp.exp(v) + v - 2.0, x
    ),
    S(dtype=jnp.bool_),
    S(dtype=jnp.bool_),
    S(4, 6),
)
add(
    "while with a tuple",
    lambda x: lax.while_loop(lambda c: c[1].sum() < 9, lambda c: (c[0] + 1, c[1] * jnp.cos(c[1])), (0, x)),
    S(3, 4),
)
add("fori_loop", lambda x: lax.fori_loop(0, 7, lambda i, c: c.at[i].set(c.sum()), x), S(9))
both("associative_scan", lambda x: lax.associative_scan(jnp.multiply, x), S(13, 3))
both("lax.map of sort", lambda x: lax.map(jnp.sort, x), S(4, 7))
both("remat", jax.checkpoint(lambda x, w: jnp.sin(jnp.tanh(x @ w) @ w.T)), S(3, 4), S(4, 5))
both(
    "scan of remat",
    lambda x, ws: lax.scan(jax.checkpoint(lambda c, w: (jnp.tanh(c @ w), None)), x, ws)[0],
    S(3, 4),
    S(5, 4, 4),
)


@jax.custom_jvp
def clipped(x):
    return jnp.minimum(x, 1.0) * jnp.exp(x)


@clipped.defjvp
def clipped_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return clipped(x), t * jnp.where(x < 1.0, jnp.exp(x), 0.0)


@jax.custom_vjp
def scaled(x, w):
    return x * w


scaled.defvjp(lambda x, w: (x * w, (x, w)), lambda res, g: (jnp.tanh(g) * res[1], g * res[0]))
both("custom_jvp", lambda x: clipped(clipped(x)), S(3, 5))
both("custom_vjp", lambda x, w: scaled(scaled(x, w), w), S(3, 5), S(3, 5))
add("hessian", jax.hessian(lambda x: jnp.sum(jnp.sin(x) * x**3)), S(4))
add("jacobians", lambda x: (jax.jacfwd(jnp.cumsum)(x), jax.jacrev(jnp.cumprod)(x)), S(5))
add("nested jits, shared", lambda x: jax.nn.relu(jax.nn.relu(x) + jax.nn.silu(jax.nn.relu(x))), S(3, 4))

# -- convolutions and windows ----------------------------------------------------------------
NHWC = ("NHWC", "HWIO", "NHWC")


def conv(**kw: Any) -> Callable:
    return lambda x, w: lax.conv_general_dilated(x, w, dimension_numbers=NHWC, **kw)


both("conv stride 2", conv(window_strides=(2, 2), padding="SAME"), S(2, 9, 8, 3), S(3, 3, 3, 5))
both("conv stride 3, uneven", conv(window_strides=(3, 2), padding=((1, 0), (0, 2))), S(2, 9, 8, 3), S(2, 4, 3, 5))
both(
    "conv dilated",
    conv(window_strides=(1, 1), padding="SAME", rhs_dilation=(2, 3)),
    S(2, 9, 11, 3),
    S(3, 3, 3, 5),
)
both(
    "conv transposed",
    conv(window_strides=(1, 1), padding=((1, 2), (2, 1)), lhs_dilation=(2, 3)),
    S(2, 5, 4, 3),
    S(3, 3, 3, 5),
)
both(
    "conv grouped",
    conv(window_strides=(2, 1), padding="SAME", feature_group_count=2),
    S(2, 9, 8, 4),
    S(3, 3, 2, 6),
)
both(
    "conv depthwise",
    conv(window_strides=(1, 1), padding="VALID", feature_group_count=4),
    S(2, 9, 8, 4),
    S(3, 3, 1, 8),
)
both("conv 1x1", conv(window_strides=(1, 1), padding="SAME"), S(2, 4, 5, 3), S(1, 1, 3, 6))
both("conv 1d causal", lambda x, w: lax.conv_general_dilated(x, w, (1,), [(2, 0)]), S(2, 3, 7), S(5, 3, 3))
both("conv 3d", lambda x, w: lax.conv_general_dilated(x, w, (1, 2, 1), "SAME"), S(1, 2, 4, 5, 3), S(3, 2, 2, 3, 3))
add(
    "conv batch groups",
    lambda x, w: lax.conv_general_dilated(x, w, (1, 1), "SAME", batch_group_count=2),
    S(4, 3, 5, 6),
    S(6, 3, 3, 3),
)
both("max pool", lambda x: nn.max_pool(x, (2, 3), (2, 2), "VALID"), S(2, 7, 8, 3))
both("max pool SAME", lambda x: nn.max_pool(x, (3, 3), (2, 2), "SAME"), S(2, 7, 8, 3))
both("average pool", lambda x: nn.avg_pool(x, (3, 2), (1, 2), "SAME"), S(2, 7, 8, 3))
add(
    "window that spans all, padded on both sides",
    lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 2 * 7 - 1), (1, 1), [(0, 0), (6, 6)]),
    S(4, 7),
)
add(
    "window that almost spans all",
    lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 2 * 7 - 1), (1, 1), [(0, 0), (6, 5)]),
    S(4, 7),
)
for cumulative in ("cumsum", "cumprod", "cummax", "cumlogsumexp"):
    function = getattr(lax, cumulative)
    both(cumulative, lambda x, f=function: f(x, axis=1), S(3, 9))
add("cumsum reversed", lambda x: lax.cumsum(x, axis=0, reverse=True), S(9, 2))

# -- sorting, indexing --------------------------------------------------------------------------
both("sort", lambda x: jnp.sort(x, axis=0), S(5, 6))
add("argsort", lambda x: jnp.argsort(x, axis=-1), S(5, 6))
add("sort by key", lambda k, x: lax.sort((k, x), num_keys=1), S(7), S(7, dtype=jnp.int32))
both("top_k", lambda x: lax.top_k(x, 3)[0], S(4, 9))
add("argmax and argmin", lambda x: (jnp.argmax(x, 0), jnp.argmin(x, 1)), S(5, 6))
add("median", lambda x: jnp.median(x, axis=1), S(5, 7))
add("unique", lambda x: jnp.unique(x, size=5), S(12, dtype=jnp.int32))
add("searchsorted", jnp.searchsorted, S(17), S(5))
add("histogram", lambda x: jnp.histogram(x, bins=5)[0], S(31))
ROWS = S(6, dtype=jnp.int32)
for mode in ("clip", "fill", "wrap"):
    add(f"take {mode}", lambda x, i, m=mode: jnp.take(x, i, axis=0, mode=m), S(9, 4), ROWS)
both("advanced indexing", lambda x: x[jnp.arange(3), :, jnp.array([1, 0, 1])], S(5, 4, 2))
add("boolean mask with where", lambda x: jnp.where(x > 0, x, 0.0)[::2, 1:-1], S(6, 7))
for update in ("set", "add", "multiply", "min"):
    add(f"x.at[i].{update}", lambda x, i, u, m=update: getattr(x.at[i], m)(u), S(9, 4), ROWS, S(6, 4))
for segment in ("segment_sum", "segment_max", "segment_prod"):
    function = getattr(jax.ops, segment)
    add(segment, lambda x, i, f=function: f(x, i, 5), S(6, 4), ROWS)
both("dynamic slices", lambda x: lax.dynamic_slice(x, (x.astype(jnp.int32)[0, 0], 1), (3, 2)), S(5, 6))
add("dynamic update", lambda x, u, i: lax.dynamic_update_slice(x, u, (i, 0)), S(5, 6), S(2, 3), S(dtype=jnp.int32))
add("roll, flip, tile", lambda x: jnp.tile(jnp.flip(jnp.roll(x, 2, 0), 1), (2, 1)), S(5, 6))
add("one hot, tril", lambda i: jnp.tril(jax.nn.one_hot(i, 7)), S(5, dtype=jnp.int32))

# -- types and special functions ------------------------------------------------------------------
both(
    "bfloat16 attention",
    lambda q, k: jax.nn.softmax(q @ k.T) @ k,
    S(4, 8, dtype=jnp.bfloat16),
    S(5, 8, dtype=jnp.bfloat16),
)
both(
    "float16 layer norm",
    lambda x: (x - x.mean(-1, keepdims=True)) / jnp.std(x, -1, keepdims=True),
    S(4, 8, dtype=jnp.float16),
)
add(
    "int8 product",
    lambda a, b: lax.dot(a, b, preferred_element_type=jnp.int32) // 3 % 7,
    S(4, 8, dtype=jnp.int8),
    S(8, 5, dtype=jnp.int8),
)
add("bit fiddling", lambda a: (a >> 3) ^ (a << 2) | lax.population_count(a), S(33, dtype=jnp.uint32))
add("float8", lambda a: a.astype(jnp.float8_e4m3fn).astype(jnp.float32) * 2, S(33))
both("fft", lambda x: jnp.fft.irfft(jnp.fft.rfft(x) * 2.0), S(3, 24))
add("fft of complex", lambda x: jnp.fft.ifft2(jnp.fft.fft2(x)), S(2, 6, 20, dtype=jnp.complex64))
add(
    "complex functions", lambda z: (jnp.exp(z), jnp.log(z), jnp.sqrt(z), jnp.abs(z), z**2), S(3, 4, dtype=jnp.complex64)
)
add("special functions", lambda x: (lax.erf_inv(x), lax.lgamma(x), lax.digamma(x), jax.scipy.special.erfc(x)), S(3, 4))
add("einsum", lambda a, b, c: jnp.einsum("bij,bjk,kl->bil", a, b, c), S(2, 3, 4), S(2, 4, 5), S(5, 6))
add("polynomials", lambda x: (jnp.polyval(jnp.arange(4.0), x), x**5, x**-2, x**0.5), S(3, 4))
add("linear algebra", lambda a, b: (jnp.linalg.solve(a, b), jnp.linalg.inv(a), jnp.linalg.det(a)), S(5, 5), S(5, 2))
both("cholesky", lambda a: jnp.linalg.cholesky(a @ a.T + jnp.eye(5)), S(5, 5))
add("svd, eigh, qr", lambda a: (jnp.linalg.svd(a)[1], jnp.linalg.eigh(a @ a.T)[0], jnp.linalg.qr(a)[0]), S(5, 4))

# -- randomness ---------------------------------------------------------------------------------------
KEY = jax.eval_shape(lambda: jax.random.key(0))
for sampler, shape in (("normal", (3, 5)), ("uniform", (7,)), ("bernoulli", (0.3, (3, 5))), ("gumbel", (3, 5))):
    arguments = shape if isinstance(shape[-1], tuple) else (shape,)
    function = getattr(jax.random, sampler)
    add(sampler, lambda k, f=function, a=arguments: f(k, *a), KEY)
add("permutation", lambda k: jax.random.permutation(k, 9), KEY)
add("categorical", lambda k, x: jax.random.categorical(k, x), KEY, S(3, 5))
add("split and fold_in", lambda k: jax.vmap(lambda i: jax.random.fold_in(k, i))(jnp.arange(3)), KEY)
add(
    "truncated normal, gamma",
    lambda k: (jax.random.truncated_normal(k, -1, 1, (4,)), jax.random.gamma(k, 2.0, (3,))),
    KEY,
)


# -- sizes 1 and 0 ----------------------------------------------------------------------------------------
def layer(x, w, v):
    h = jax.nn.gelu(x @ w + v)
    h = (h - h.mean(-1, keepdims=True)) * lax.rsqrt(h.var(-1, keepdims=True) + 1e-5)
    return jax.nn.softmax(h, axis=0).sum(0)


for n, k, m in ((1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1), (0, 4, 5), (3, 0, 5), (3, 4, 0)):
    both(f"layer of sizes {n} {k} {m}", layer, S(n, k), S(k, m), S(m))
for n, edges in ((1, 4), (4, 1), (4, 0), (1, 1)):
    both(
        f"graph of {n} nodes and {edges} edges",
        lambda x, e, n=n: jax.ops.segment_sum(jnp.tanh(x)[e.astype(jnp.int32)], e.astype(jnp.int32), n),
        S(n, 3),
        S(edges),
    )
add("scan of length 0", lambda x: lax.scan(lambda c, y: (c + y, c * y), x, jnp.zeros((0, 3))), S(3))
add("scan of length 1", lambda x: lax.scan(lambda c, y: (c + y, c * y), x, jnp.zeros((1, 3))), S(3))
add("sort and cumsum of one", lambda x: (jnp.sort(x), jnp.cumsum(x), jnp.argmax(x), lax.top_k(x, 1)), S(1))
add("sort and cumsum of none", lambda x: (jnp.sort(x), jnp.cumsum(x), x.sum()), S(0))
both("conv of size 1", conv(window_strides=(1, 1), padding="SAME"), S(1, 1, 1, 1), S(3, 3, 1, 1))


# -- models ------------------------------------------------------------------------------------------------
class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        for width in (7, 6):
            x = nn.LayerNorm()(nn.relu(nn.Dense(width)(x)))
        return nn.Dense(3)(x)


class CNN(nn.Module):
    @nn.compact
    def __call__(self, x):
        for features in (4, 6):
            x = nn.Conv(features, (3, 3), strides=2)(x)
            x = nn.relu(nn.BatchNorm(use_running_average=False)(x))
        return nn.Dense(3)(nn.avg_pool(x, (2, 2)).reshape(x.shape[0], -1))


class LSTM(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(nn.RNN(nn.OptimizedLSTMCell(5))(x)[:, -1])


class Encoder(nn.Module):
    @nn.compact
    def __call__(self, x):
        block = nn.remat(Block)
        for _ in range(2):
            x = block()(x)
        return nn.LayerNorm()(x)


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = x + nn.MultiHeadDotProductAttention(num_heads=2)(nn.LayerNorm()(x), mask=nn.make_causal_mask(x[..., 0]))
        return x + nn.Dense(8)(nn.gelu(nn.Dense(16)(nn.LayerNorm()(x))))


class Layers(nn.Module):
    @nn.compact
    def __call__(self, x):
        scanned = nn.scan(Step, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        return scanned()(x, None)[0]


class Step(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return nn.tanh(nn.Dense(x.shape[-1])(x)), None


def model(module: nn.Module, x: jax.ShapeDtypeStruct) -> None:
    variables = jax.eval_shape(module.init, jax.random.key(0), x)
    name = type(module).__name__

    def forward(variables, x):
        return module.apply(variables, x, mutable=["batch_stats"])[0]

    def step(params, rest, x):
        loss, gradients = jax.value_and_grad(lambda p: jnp.mean(forward({"params": p, **rest}, x) ** 2))(params)
        optimizer = optax.adam(1e-3)
        updates, _ = optimizer.update(gradients, optimizer.init(params), params)
        return loss, optax.apply_updates(params, updates)

    rest = {k: v for k, v in variables.items() if k != "params"}
    add(name, forward, variables, x)
    add(f"{name}, training step", step, variables["params"], rest, x)


model(MLP(), S(4, 5))
model(CNN(), S(2, 9, 9, 3))
model(LSTM(), S(2, 6, 4))
model(Encoder(), S(2, 5, 8))
model(Layers(), S(2, 5))
