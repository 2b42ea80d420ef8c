"""Models that the tests of the command line load by file and by module."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx


class Net(nn.Module):
    """Layers of one width; a plain field each of int, text and float."""

    width: int
    layers: int = 2
    activation: str = "relu"
    rate: float = 0.5

    @nn.compact
    def __call__(self, x, train: bool = False):
        for _ in range(self.layers):
            x = getattr(nn, self.activation)(nn.Dense(self.width)(x))
        return nn.Dropout(self.rate, deterministic=not train)(x)

    def double(self, x):
        return 2 * x


class Eighths(nn.Module):
    """A width that must be a multiple of 8."""

    width: int

    def setup(self):
        if self.width % 8:
            raise ValueError("the width must be a multiple of 8")
        self.dense = nn.Dense(self.width)

    def __call__(self, x):
        return self.dense(x)


class Normed(nn.Module):
    """Batch normalisation, whose statistics the call updates in training."""

    @nn.compact
    def __call__(self, x, train: bool = False):
        return nn.BatchNorm(use_running_average=not train)(x)


class Linear(nnx.Module):
    """An NNX module."""

    def __init__(self, inputs, outputs, *, rngs):
        self.linear = nnx.Linear(inputs, outputs, rngs=rngs)

    def __call__(self, x):
        return self.linear(x)


class Box:
    """A namespace."""

    dense = nn.Dense(7)


def product(x, w, scale=2.0, mask=None):
    y = (x @ w) * scale
    return y if mask is None else y + mask


def make(width):
    return lambda x: x @ jnp.ones((x.shape[-1], width))


def until(x):
    """A loop that does not say how often it runs."""
    return jax.lax.while_loop(lambda c: c.sum() < 10, lambda c: c * 2, x)


def outside(x):
    """A primitive without a rule."""
    return jax.pure_callback(lambda x: x, jax.ShapeDtypeStruct(x.shape, x.dtype), x) + x


def choice(x, taken):
    return jax.lax.cond(taken, lambda x: x @ x, jnp.exp, x)


def edges(x, senders):
    """What each edge takes from its sender, doubled."""
    return x[senders] * 2.0


def edges_twice(x, senders):
    return edges(x, senders) + x[senders]


def full(x, adjacency):
    return adjacency @ x


def absolute(outputs, targets):
    """A loss with targets."""
    return jnp.mean(jnp.abs(outputs - targets))
