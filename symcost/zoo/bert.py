"""BERT: an encoder over tokens, normalised after each part, with a pooler over the first token.

Devlin, Chang, Lee, Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
NAACL 2019, arXiv:1810.04805. BERT-base has 12 layers of width 768 with 12 heads, BERT-large 24 of 1024 with 16.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class PostNormBlock(nn.Module):
    """Self-attention and a two-layer perceptron; each is added to its input, and the sum normalised."""

    heads: int
    head_width: int
    mlp_width: int

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array) -> jax.Array:
        width = x.shape[-1]
        y = nn.MultiHeadDotProductAttention(
            num_heads=self.heads, qkv_features=self.heads * self.head_width, out_features=width
        )(x, mask=mask)
        x = nn.LayerNorm(epsilon=1e-12)(x + y)
        y = nn.gelu(nn.Dense(self.mlp_width)(x), approximate=False)
        return nn.LayerNorm(epsilon=1e-12)(x + nn.Dense(width)(y))


class BERT(nn.Module):
    """Tokens, their segments and a mask of the tokens that are there, (B, T) each.

    Returns the encoded tokens (B, T, D) and the pooled first one (B, D).
    """

    words: int
    positions: int
    width: int
    layers: int
    heads: int
    head_width: int
    mlp_width: int

    @nn.compact
    def __call__(self, tokens: jax.Array, segments: jax.Array, mask: jax.Array) -> tuple[jax.Array, jax.Array]:
        positions = self.param("positions", nn.initializers.normal(stddev=0.02), (self.positions, self.width))
        x = nn.Embed(self.words, self.width, name="words")(tokens)
        x = x + nn.Embed(2, self.width, name="segments")(segments) + positions[: tokens.shape[1]]
        x = nn.LayerNorm(epsilon=1e-12)(x)
        mask = mask[:, None, None, :] > 0
        for _ in range(self.layers):
            x = PostNormBlock(self.heads, self.head_width, self.mlp_width)(x, mask)
        return x, nn.tanh(nn.Dense(self.width, name="pooler")(x[:, 0]))


def bert(B, T, D, H, K, L, V, P) -> Recipe:
    """B sequences of T tokens of V, width D, H heads of K features, L layers with a perceptron of 4*D; P positions."""
    return Recipe(
        BERT(words=V, positions=P, width=D, layers=L, heads=H, head_width=K, mlp_width=4 * D),
        [Array((B, T), "int32", below="V"), Array((B, T), "int32", below=2), Array((B, T), "int32", below=2)],
    )
