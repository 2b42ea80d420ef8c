"""Recurrent networks over a sequence whose length is a symbol: one `scan`, counted T times.

Elman, "Finding Structure in Time", Cognitive Science 14 (1990);
Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997);
Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014, arXiv:1406.1078;
Schuster, Paliwal, "Bidirectional Recurrent Neural Networks", IEEE Trans. Signal Processing 45 (1997).
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class RNN(nn.Module):
    """A layer of simple recurrent units, tanh of a sum; the outputs of all steps."""

    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return nn.RNN(nn.SimpleCell(self.hidden))(x)  # pyright: ignore[reportReturnType]  (carry not asked for)


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


class BidirectionalLSTM(nn.Module):
    """Two LSTM layers, one of which reads from the end; both outputs of all steps side by side."""

    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        forward, backward = (nn.RNN(nn.OptimizedLSTMCell(self.hidden)) for _ in range(2))
        return nn.Bidirectional(forward, backward)(x)  # pyright: ignore[reportReturnType]  (carry not asked for)


def rnn(B, T, F, H) -> Recipe:
    """B sequences of T steps with F features, H hidden units."""
    return Recipe(RNN(hidden=H), [Array((B, T, F))])


def lstm(B, T, F, H) -> Recipe:
    """B sequences of T steps with F features, H hidden units."""
    return Recipe(LSTM(hidden=H), [Array((B, T, F))])


def gru(B, T, F, H) -> Recipe:
    """B sequences of T steps with F features, H hidden units."""
    return Recipe(GRU(hidden=H), [Array((B, T, F))])


def lstm_bidirectional(B, T, F, H) -> Recipe:
    """B sequences of T steps with F features, H hidden units in each direction."""
    return Recipe(BidirectionalLSTM(hidden=H), [Array((B, T, F))])
