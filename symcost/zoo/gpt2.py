"""GPT-2: a decoder over tokens, normalised before each part; the table of words serves as output layer too.

Radford, Wu, Child, Luan, Amodei, Sutskever, "Language Models are Unsupervised Multitask Learners", OpenAI 2019. The
smallest has 12 layers of width 768 with 12 heads.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class DecoderBlock(nn.Module):
    """Attention to earlier tokens and a two-layer perceptron, each normalised before and added to its input."""

    heads: int
    head_width: int
    mlp_width: int

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array) -> jax.Array:
        width = x.shape[-1]
        y = nn.LayerNorm(epsilon=1e-5)(x)
        x = x + nn.MultiHeadDotProductAttention(
            num_heads=self.heads, qkv_features=self.heads * self.head_width, out_features=width
        )(y, mask=mask)
        y = nn.LayerNorm(epsilon=1e-5)(x)
        return x + nn.Dense(width)(nn.gelu(nn.Dense(self.mlp_width)(y)))


class GPT2(nn.Module):
    """Tokens (B, T) to the logits of the next ones (B, T, V)."""

    words: int
    positions: int
    width: int
    layers: int
    heads: int
    head_width: int
    mlp_width: int

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        words = nn.Embed(self.words, self.width, name="words")
        positions = self.param("positions", nn.initializers.normal(stddev=0.01), (self.positions, self.width))
        x = words(tokens) + positions[: tokens.shape[1]]
        mask = nn.make_causal_mask(tokens, dtype=bool)
        for _ in range(self.layers):
            x = DecoderBlock(self.heads, self.head_width, self.mlp_width)(x, mask)
        return words.attend(nn.LayerNorm(epsilon=1e-5)(x))


def gpt2(B, T, D, H, K, L, V, P) -> Recipe:
    """B sequences of T tokens of V, width D, H heads of K features, L layers with a perceptron of 4*D; P positions."""
    return Recipe(
        GPT2(words=V, positions=P, width=D, layers=L, heads=H, head_width=K, mlp_width=4 * D),
        [Array((B, T), "int32", below="V")],
    )
