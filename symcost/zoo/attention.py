"""Scaled dot-product attention by itself: no parameters, no projections.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv:1706.03762, equation 1.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


def scaled_dot_product(query: jax.Array, key: jax.Array, value: jax.Array) -> jax.Array:
    """Arrays (batch, heads, tokens, features): for each query the mean of the values, weighted by a softmax."""
    scores = jnp.einsum("bhqd,bhkd->bhqk", query, key) / jnp.sqrt(query.shape[-1]).astype(query.dtype)
    return jnp.einsum("bhqk,bhkd->bhqd", jax.nn.softmax(scores), value)


def attention(B, H, S, D) -> Recipe:
    """B sequences of S tokens, H heads of D features."""
    return Recipe(scaled_dot_product, [Array((B, H, S, D))] * 3)
