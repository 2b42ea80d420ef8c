"""Transformer encoders: one block, a stack written as a Python loop, and the same stack as one `nn.scan`.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv:1706.03762; normalisation before each part as in
Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML 2020, arXiv:2002.04745.

The loop has a number of equations that grows with its layers, the scan a trip count: their formulas agree.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class EncoderBlock(nn.Module):
    """Self-attention and a two-layer perceptron, each normalised before and added to its input."""

    heads: int
    head_width: int
    mlp_width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        width = x.shape[-1]
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(
            num_heads=self.heads, qkv_features=self.heads * self.head_width, out_features=width
        )(y)
        y = nn.LayerNorm()(x)
        y = nn.gelu(nn.Dense(self.mlp_width)(y))
        return x + nn.Dense(width)(y)


class Encoder(nn.Module):
    """`layers` blocks, then a normalisation."""

    layers: int
    heads: int
    head_width: int
    mlp_width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for _ in range(self.layers):
            x = EncoderBlock(self.heads, self.head_width, self.mlp_width)(x)
        return nn.LayerNorm()(x)


class _ScannedBlock(nn.Module):
    """`EncoderBlock` in the form that `nn.scan` asks for: (carry, nothing) to (carry, nothing)."""

    heads: int
    head_width: int
    mlp_width: int

    @nn.compact
    def __call__(self, x: jax.Array, _: None) -> tuple[jax.Array, None]:
        return EncoderBlock(self.heads, self.head_width, self.mlp_width)(x), None


class ScannedEncoder(nn.Module):
    """As `Encoder`, with the parameters of all layers stacked and the block compiled once."""

    layers: int
    heads: int
    head_width: int
    mlp_width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        block = nn.scan(_ScannedBlock, variable_axes={"params": 0}, split_rngs={"params": True}, length=self.layers)
        x, _ = block(self.heads, self.head_width, self.mlp_width)(x, None)
        return nn.LayerNorm()(x)


def block(B, T, D, H, K) -> Recipe:
    """B sequences of T tokens of width D, H heads of K features, a perceptron of 4*D."""
    return Recipe(EncoderBlock(heads=H, head_width=K, mlp_width=4 * D), [Array((B, T, D))])


def stack(B, T, D, H, K, L) -> Recipe:
    """As `block`, L times, as a Python loop."""
    return Recipe(Encoder(layers=L, heads=H, head_width=K, mlp_width=4 * D), [Array((B, T, D))])


def scanned(B, T, D, H, K, L) -> Recipe:
    """As `block`, L times, as one scan."""
    return Recipe(ScannedEncoder(layers=L, heads=H, head_width=K, mlp_width=4 * D), [Array((B, T, D))])
