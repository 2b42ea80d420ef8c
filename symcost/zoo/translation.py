"""Translation by an encoder and a decoder with additive attention.

Bahdanau, Cho, Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", ICLR 2015,
arXiv:1409.0473. The decoder sees the words of the target up to each step (training with the true words).
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


class DecoderStep(nn.Module):
    """One word: what of the source to look at, and the next state."""

    hidden: int

    @nn.compact
    def __call__(
        self, state: jax.Array, word: jax.Array, source: jax.Array, keys: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        query = nn.Dense(self.hidden, name="query")(state)
        scores = nn.Dense(1, use_bias=False, name="score")(nn.tanh(query[:, None] + keys))[..., 0]
        context = jnp.einsum("bs,bsh->bh", nn.softmax(scores), source)
        state, _ = nn.GRUCell(self.hidden)(state, jnp.concatenate([word, context], axis=-1))
        return state, state


class Translation(nn.Module):
    """Words of the source (B, S) and of the target (B, T) to the logits of the target's next words (B, T, V)."""

    words: int
    features: int
    hidden: int

    @nn.compact
    def __call__(self, source: jax.Array, target: jax.Array) -> jax.Array:
        forward, backward = (nn.RNN(nn.GRUCell(self.hidden)) for _ in range(2))
        read: Any = nn.Bidirectional(forward, backward)(nn.Embed(self.words, self.features, name="source")(source))
        keys = nn.Dense(self.hidden, use_bias=False, name="keys")(read)
        # the decoder begins with what the backward reader made of the whole source
        state = nn.tanh(nn.Dense(self.hidden, name="start")(read[:, 0, self.hidden :]))
        step = nn.scan(
            DecoderStep,
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=(1, nn.broadcast, nn.broadcast),  # pyright: ignore[reportArgumentType]  (a tuple, by its text)
            out_axes=1,
        )
        words = nn.Embed(self.words, self.features, name="target")(target)
        _, states = step(self.hidden, name="decoder")(state, words, read, keys)
        return nn.Dense(self.words, name="logits")(states)


def translation(B, S, T, F, H, V) -> Recipe:
    """B sentences of S words translated into T words, V words of F features, H hidden units."""
    return Recipe(
        Translation(words=V, features=F, hidden=H),
        [Array((B, S), "int32", below="V"), Array((B, T), "int32", below="V")],
    )
