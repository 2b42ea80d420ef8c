"""Multilayer perceptrons: the models on which every count can be checked by hand.

Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import flax.linen as nn
import jax
from flax import nnx

from symcost.zoo.recipe import Array, Recipe


class MLP(nn.Module):
    """Dense layers of the given widths with ReLU between them."""

    features: Sequence[int]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        *hidden, last = self.features
        for width in hidden:
            x = nn.relu(nn.Dense(width)(x))
        return nn.Dense(last)(x)


class DeepMLP(nn.Module):
    """Dense layers of one width with ReLU between them."""

    width: int
    layers: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for _ in range(self.layers - 1):
            x = nn.relu(nn.Dense(self.width)(x))
        return nn.Dense(self.width)(x)


class NNXMLP(nnx.Module):
    """As `MLP`, in NNX: the widths begin with that of the input."""

    def __init__(self, *widths: int, rngs: nnx.Rngs):
        self.layers = nnx.List([nnx.Linear(*pair, rngs=rngs) for pair in itertools.pairwise(widths)])

    def __call__(self, x: jax.Array) -> jax.Array:
        *hidden, last = self.layers
        for layer in hidden:
            x = nnx.relu(layer(x))
        return last(x)


def mlp(B, F, H, C) -> Recipe:
    """Two hidden layers of width H on B rows of F features, with C outputs."""
    return Recipe(MLP(features=(H, H, C)), [Array((B, F))])


def mlp_widths(B, n_0, n_1, n_2, n_3) -> Recipe:
    """Three layers, each with a width of its own, on B rows of n_0 features."""
    return Recipe(MLP(features=(n_1, n_2, n_3)), [Array((B, n_0))])


def mlp_deep(B, W, L) -> Recipe:
    """L layers of width W on B rows of W features."""
    return Recipe(DeepMLP(width=W, layers=L), [Array((B, W))])
