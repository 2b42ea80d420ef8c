"""The encoder of `transformer.py` as Flax NNX modules: the same computation, the same cost.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv:1706.03762.

Left to itself, NNX divides the scores of attention by sqrt(K), and Linen the queries: T*T operations for each head
instead of T*K. `queries_scaled` does as Linen does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


def queries_scaled(query: jax.Array, key: jax.Array, value: jax.Array, **options: Any) -> jax.Array:
    """Attention (B, T, H, K) whose queries are divided by sqrt(K) before they are multiplied with the keys."""
    query = query / jnp.sqrt(query.shape[-1]).astype(query.dtype)
    weights = jax.nn.softmax(jnp.einsum("bqhk,bshk->bhqs", query, key))
    return jnp.einsum("bhqs,bshk->bqhk", weights, value)


class EncoderBlock(nnx.Module):
    """Self-attention and a two-layer perceptron, each normalised before and added to its input."""

    def __init__(self, width: int, heads: int, head_width: int, mlp_width: int, attention: Callable, rngs: nnx.Rngs):
        self.attention_norm = nnx.LayerNorm(width, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(
            num_heads=heads,
            in_features=width,
            qkv_features=heads * head_width,
            attention_fn=attention,
            decode=False,
            rngs=rngs,
        )
        self.mlp_norm = nnx.LayerNorm(width, rngs=rngs)
        self.up = nnx.Linear(width, mlp_width, rngs=rngs)
        self.down = nnx.Linear(mlp_width, width, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.attention(self.attention_norm(x))
        return x + self.down(nnx.gelu(self.up(self.mlp_norm(x))))


class Encoder(nnx.Module):
    """`layers` blocks, then a normalisation."""

    def __init__(
        self,
        layers: int,
        width: int,
        heads: int,
        head_width: int,
        mlp_width: int,
        *,
        attention: Callable = nnx.dot_product_attention,
        rngs: nnx.Rngs,
    ):
        self.blocks = nnx.List(
            [EncoderBlock(width, heads, head_width, mlp_width, attention, rngs) for _ in range(layers)]
        )
        self.norm = nnx.LayerNorm(width, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def encoder(D: int, H: int, K: int, L: int, attention: Callable = queries_scaled) -> Encoder:
    """Width D, L layers with H heads of K features and a perceptron of 4*D."""
    return Encoder(layers=L, width=D, heads=H, head_width=K, mlp_width=4 * D, attention=attention, rngs=nnx.Rngs(0))
