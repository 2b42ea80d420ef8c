"""Recurrent language models of words and of characters, as Catamount counts them.

Two LSTM layers over words: Jozefowicz et al., "Exploring the Limits of Language Modeling", 2016, arXiv:1602.02410. A
recurrent highway network over characters: Zilly, Srivastava, Koutník, Schmidhuber, "Recurrent Highway Networks", ICML
2017, arXiv:1607.03474. Sizes as in Hestness, Ardalani, Diamos, "Beyond Human-Level Accuracy", PPoPP 2019.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe

DEPTH = 10
"""Layers of the highway that one step of the character model goes through."""


class HighwayCell(nn.RNNCellBase):
    """One step: the state goes through `depth` layers, each a mixture of itself and something new."""

    features: int
    depth: int = DEPTH

    @nn.compact
    def __call__(self, state: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        seen = nn.Dense(2 * self.features, use_bias=False, name="input")(x)
        for layer in range(self.depth):
            mixed = nn.Dense(2 * self.features, name=f"layer_{layer}")(state)
            new, gate = jnp.split(mixed + seen if layer == 0 else mixed, 2, axis=-1)
            gate = nn.sigmoid(gate)
            state = nn.tanh(new) * gate + state * (1 - gate)
        return state, state

    def initialize_carry(self, rng: jax.Array, input_shape: tuple[int, ...]) -> jax.Array:
        """The state before the first step: zeros."""
        return jnp.zeros((*input_shape[:-1], self.features))

    @property
    def num_feature_axes(self) -> int:
        """Axes of an input that are no batch."""
        return 1


class WordModel(nn.Module):
    """Words (b, q) through two LSTM layers to the logits of the next ones (b, q, v)."""

    hidden: int
    words: int

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        x: Any = nn.Embed(self.words, self.hidden)(tokens)
        for _ in range(2):
            x = nn.RNN(nn.OptimizedLSTMCell(self.hidden))(x)
        return nn.Dense(self.words)(x)


class CharacterModel(nn.Module):
    """Characters (b, q) through a recurrent highway to the logits of the next ones (b, q, v)."""

    hidden: int
    characters: int

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        x: Any = nn.Embed(self.characters, self.hidden)(tokens)
        x = nn.RNN(HighwayCell(self.hidden))(x)
        return nn.Dense(self.characters)(x)


def cross_entropy(logits: jax.Array, targets: tuple[jax.Array]) -> jax.Array:
    """The mean cross entropy of the next words."""
    chosen = jnp.take_along_axis(logits, targets[0][..., None], axis=-1)[..., 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=-1) - chosen)


def _model(module: nn.Module, q: Any, b: Any) -> Recipe:
    tokens = Array((b, q), "int32", below="v")
    return Recipe(module, [tokens], loss=cross_entropy, targets=[tokens])


def words(h, q, b, v) -> Recipe:
    """b sequences of q of v words, h hidden units in each of two LSTM layers."""
    return _model(WordModel(hidden=h, words=v), q, b)


def characters(h, q, b, v) -> Recipe:
    """b sequences of q of v characters, h hidden units, a highway of 10 layers."""
    return _model(CharacterModel(hidden=h, characters=v), q, b)
