"""A Llama block: grouped-query attention with rotary positions, a gated perceptron, and a cache of keys and values.

Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", 2023, arXiv:2302.13971; groups of queries that
share keys and values: Ainslie et al., "GQA", EMNLP 2023, arXiv:2305.13245; rotary positions: Su et al., "RoFormer",
2021, arXiv:2104.09864; the gated perceptron: Shazeer, "GLU Variants Improve Transformer", 2020, arXiv:2002.05202.

A prompt is read at once (prefill) and leaves its keys and values behind; then each new token reads them (decode).
"""

from __future__ import annotations

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


def rotated(x: jax.Array, positions: jax.Array, base: float = 10_000.0) -> jax.Array:
    """Rotary positions: the halves of each head (B, T, ..., K) turned by angles that grow with the position (T)."""
    half = x.shape[-1] // 2
    frequencies = base ** (-jnp.arange(half, dtype=x.dtype) / half)
    angles = positions.astype(x.dtype)[:, None] * frequencies
    angles = angles.reshape(angles.shape[0], *[1] * (x.ndim - 3), half)
    cos, sin = jnp.cos(angles), jnp.sin(angles)
    first, second = x[..., :half], x[..., half:]
    return jnp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


class LlamaBlock(nn.Module):
    """`groups` heads of keys and values, each with `queries` heads of queries; a gated perceptron of `hidden` units.

    Called with tokens (B, T, D) alone it reads a prompt. With keys and values (B, S, G, K), of which `position` slots
    are filled, it writes the new tokens' own behind them and attends to all filled slots. Returns the tokens, and keys
    and values with the new ones.
    """

    groups: int
    queries: int
    head_width: int
    hidden: int

    @nn.compact
    def __call__(
        self,
        x: jax.Array,
        keys: jax.Array | None = None,
        values: jax.Array | None = None,
        position: jax.Array | int = 0,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        dense = functools.partial(nn.DenseGeneral, use_bias=False)
        heads = (self.groups, self.head_width)
        places = position + jnp.arange(x.shape[1])
        y = nn.RMSNorm(epsilon=1e-5, name="attention_norm")(x)
        query = rotated(dense((self.groups, self.queries, self.head_width), name="query")(y), places)
        key, value = rotated(dense(heads, name="key")(y), places), dense(heads, name="value")(y)
        if keys is not None and values is not None:
            key = jax.lax.dynamic_update_slice_in_dim(keys, key, position, axis=1)
            value = jax.lax.dynamic_update_slice_in_dim(values, value, position, axis=1)
        scores = jnp.einsum("btgrk,bsgk->bgrts", query, key) / jnp.sqrt(self.head_width).astype(x.dtype)
        visible = jnp.arange(key.shape[1]) <= places[:, None]
        weights = nn.softmax(jnp.where(visible, scores, jnp.finfo(x.dtype).min))
        y = jnp.einsum("bgrts,bsgk->btgrk", weights, value)
        x = x + nn.DenseGeneral(x.shape[-1], axis=(-3, -2, -1), use_bias=False, name="output")(y)
        y = nn.RMSNorm(epsilon=1e-5, name="mlp_norm")(x)
        y = nn.silu(dense(self.hidden, name="gate")(y)) * dense(self.hidden, name="up")(y)
        return x + dense(x.shape[-1], name="down")(y), key, value


def prefill(B, T, D, G, R, K, F) -> Recipe:
    """B prompts of T tokens of width D, G heads of keys with R heads of queries each, K features, F hidden units."""
    return Recipe(LlamaBlock(groups=G, queries=R, head_width=K, hidden=F), [Array((B, T, D))])


def decode(B, S, D, G, R, K, F) -> Recipe:
    """As `prefill`, for one new token of each sequence and a cache of S slots."""
    cache = Array((B, S, G, K))
    arrays = [Array((B, 1, D)), cache, cache, Array((), "int32", below="S")]
    return Recipe(LlamaBlock(groups=G, queries=R, head_width=K, hidden=F), arrays)
