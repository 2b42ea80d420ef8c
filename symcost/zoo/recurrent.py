"""Recurrent networks over a sequence whose length is a symbol: one `scan`, counted T times.

Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997);
Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014, arXiv:1406.1078.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class LSTM(nn.Module):
    """An LSTM layer; the outputs of all steps."""

    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return nn.RNN(nn.OptimizedLSTMCell(self.hidden))(x)  # pyright: ignore[reportReturnType]  (carry not asked for)


class GRU(nn.Module):
    """A layer of gated recurrent units; the outputs of all steps."""

    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return nn.RNN(nn.GRUCell(self.hidden))(x)  # pyright: ignore[reportReturnType]  (carry not asked for)


def lstm(B, T, F, H) -> Recipe:
    """B sequences of T steps with F features, H hidden units."""
    return Recipe(LSTM(hidden=H), [Array((B, T, F))])


def gru(B, T, F, H) -> Recipe:
    """B sequences of T steps with F features, H hidden units."""
    return Recipe(GRU(hidden=H), [Array((B, T, F))])
