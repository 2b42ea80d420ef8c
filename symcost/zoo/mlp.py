"""A multilayer perceptron: the model on which every count can be checked by hand.

Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986).
"""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax

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


def mlp(B, F, H, C) -> Recipe:
    """Two hidden layers of width H on B rows of F features, with C outputs."""
    return Recipe(MLP(features=(H, H, C)), [Array((B, F))])
