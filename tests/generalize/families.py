"""Programs that change with their sizes in every way that a formula has to follow: name -> (build, dims, where)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


def array(*shape: int, dtype: str = "float32") -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


def linen(module: nn.Module, *args: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    variables = jax.eval_shape(module.init, jax.random.key(0), *args)
    return module.apply, (variables, *args)


def polynomials(N, F):
    return (lambda x, w: jnp.tanh(x @ w) @ w.T + x), (array(N, F), array(F, 3 * F))


class Strided(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        for _ in range(2):
            x = nn.relu(nn.Conv(self.width, (3, 3), strides=2)(x))
        x = nn.max_pool(x, (3, 3), (2, 2), padding="SAME")
        return nn.Dense(5)(x.mean((1, 2)))


def strided(B, H, W):
    return linen(Strided(W), array(B, H, H, 3))


def strided_gradient(B, H, W):
    apply, args = strided(B, H, W)
    return jax.grad(lambda *a: jnp.sum(apply(*a) ** 2)), args


def flattened(B, H):
    def fn(x, k):
        x = jax.lax.conv_general_dilated(x, k, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return x.reshape(B, -1).sum(1)

    return fn, (array(B, H, H, 3), array(5, 5, 3, 4))


def valid_windows(H, K):
    def fn(x, k):
        return jax.lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    return fn, (array(2, H, H, 3), array(K, K, 3, 4))


class Layers(nn.Module):
    layers: int
    width: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.layers):
            h = nn.Dense(self.width)(x)
            x = x + (nn.relu(h) if i % 2 else jnp.tanh(h))
        return nn.Dense(1)(x)


def layers(B, F, L):
    return linen(Layers(L, F), array(B, F))


class Doubling(nn.Module):
    stages: int
    width: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.stages):
            x = nn.Dense(self.width * 2**i)(x)
        return x


def doubling(B, W, L):
    return linen(Doubling(L, W), array(B, W))


def unrolled(B, T, F):
    def fn(x, w):
        h, outputs = jnp.zeros((B, F)), []
        for t in range(T):
            h = jnp.tanh(x[:, t] + h @ w)
            outputs.append(h)
        return jnp.stack(outputs, 1)

    return fn, (array(B, T, F), array(F, F))


def chunked(B, T):
    def fn(x):
        if T % 8:
            x = jnp.pad(x, ((0, 0), (0, -T % 8)))
        return jnp.sum(x.reshape(B, -1, 8) ** 2, 1)

    return fn, (array(B, T),)


def chunks_of_a_symbol(T, C):
    """Attention within chunks of C, the last one padded."""

    def fn(x):
        y = jnp.pad(x, ((0, -T % C), (0, 0))).reshape(-1, C, 3)
        return jax.nn.softmax(jnp.einsum("bif,bjf->bij", y, y))

    return fn, (array(T, 3),)


def longer(N, M):
    """Both padded to the longer one: one of two pads is none."""

    def fn(x, y):
        return jnp.pad(x, (0, max(N, M) - N)) * jnp.pad(y, (0, max(N, M) - M))

    return fn, (array(N), array(M))


def orthogonal(N, K):
    return (lambda x: jnp.linalg.qr(x)[0]), (array(N, K),)


def valid_gradient(B, H):
    """What a strided window leaves over at the end is a remainder of H - 5."""

    def loss(x, w):
        dimensions = ("NHWC", "HWIO", "NHWC")
        return jnp.sum(jax.lax.conv_general_dilated(x, w, (3, 3), "VALID", dimension_numbers=dimensions))

    return jax.grad(loss, (0, 1)), (array(B, H, H, 2), array(5, 5, 2, 4))


def threshold(N):
    return (lambda x: jnp.sin(x) if N > 64 else jnp.cos(x) * x), (array(N),)


def native_size(H):
    return (lambda x: jnp.sin(jax.image.resize(x, (16, 16), "bilinear"))), (array(H, H),)


def equal_sizes(N, M):
    return (lambda x, y: x[:M] * y + (0 if M == N else jnp.sum(x))), (array(N), array(M))


def edges(N, M, F):
    return (lambda x, s, r: jax.ops.segment_sum(x[s], r, N)), (
        array(N, F),
        array(M, dtype="int32"),
        array(M, dtype="int32"),
    )


def divide_and_conquer(N):
    return (lambda x: jax.lax.associative_scan(jnp.add, x)), (array(N),)


def image_pyramid(N):
    """Maxima of squares of four down to one, and on the way down a path that takes one comparison a level."""

    def fn(x):
        path = x[0, 0]
        while x.shape[0] > 1:
            rows = jnp.maximum(x[::2], x[1::2])
            x = jnp.maximum(rows[:, ::2], rows[:, 1::2])
            path = jnp.maximum(path, x[0, 0])
        return path

    return fn, (array(N, N),)


def batch_one(B, F):
    return (lambda x, w: jnp.exp(x) @ w if B == 1 else x @ w), (array(B, F), array(F, F))


def nested_scans(N, T):
    def inner(c, x):
        return jax.lax.scan(lambda a, b: (a * b, jnp.sin(a)), c, x)

    return (lambda c, x: jax.lax.scan(inner, c, x)), (array(), array(T, N))


def rotary(T, F):
    def fn(x):
        a, b = x[:, : F // 2], x[:, F // 2 :]
        return jnp.concatenate([-b, a], axis=1) * jnp.cos(jnp.arange(T)[:, None] / F)

    return fn, (array(T, F),)


def positions(T):
    return (lambda x: x * (T - 6) + jnp.arange(T) * 2.0), (array(T),)


FAMILIES: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "polynomials": (polynomials, "N F", ()),
    "strided": (strided, "B H W", ()),
    "strided-gradient": (strided_gradient, "B H W", ()),
    "flattened": (flattened, "B H", ()),
    "valid-windows": (valid_windows, "H K", ["K <= H"]),
    "layers": (layers, "B F L", ()),
    "doubling": (doubling, "B W L", ()),
    "unrolled": (unrolled, "B T F", ()),
    "chunked": (chunked, "B T", ()),
    "chunks-of-a-symbol": (chunks_of_a_symbol, "T C", ()),
    "longer": (longer, "N M", ()),
    "orthogonal": (orthogonal, "N K", ()),
    "valid-gradient": (valid_gradient, "B H", ()),
    "threshold": (threshold, "N", ()),
    "native-size": (native_size, "H", ()),
    "equal-sizes": (equal_sizes, "N M", ["M <= N"]),
    "edges": (edges, "N M F", ()),  # M may be 0: see DECLARATIONS
    "divide-and-conquer": (divide_and_conquer, "N", ()),
    "image-pyramid": (image_pyramid, "N", ()),
    "batch-one": (batch_one, "B F", ()),
    "nested-scans": (nested_scans, "N T", ()),
    "rotary": (rotary, "T F", ()),
    "positions": (positions, "T", ()),
}

DECLARATIONS: dict[str, dict[str, dict[str, int]]] = {
    "edges": {"M": {"min": 0}},
    "divide-and-conquer": {"N": {"power_of": 2}},
    "image-pyramid": {"N": {"power_of": 2}},
    "rotary": {"F": {"min": 2}},
    "valid-gradient": {"H": {"min": 5}},
}
"""Domains other than the default, by family and symbol."""

LARGEST: dict[str, dict[str, int]] = {
    "layers": {"L": 6},
    "doubling": {"L": 6},
    "unrolled": {"T": 7},
}
"""Sizes that must stay small when points are drawn, because the program grows with them."""
