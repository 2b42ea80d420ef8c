"""LeNet-5 with the full connections, max pooling and dense output that later versions have.

LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998).
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class LeNet(nn.Module):
    """Two 5x5 convolutions, each followed by pooling, then three dense layers."""

    width: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for features in (6 * self.width, 16 * self.width):
            x = nn.tanh(nn.Conv(features, (5, 5), padding="VALID")(x))
            x = nn.avg_pool(x, (2, 2), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))
        for features in (120 * self.width, 84 * self.width):
            x = nn.tanh(nn.Dense(features)(x))
        return nn.Dense(self.classes)(x)


def lenet(B, S, W, C) -> Recipe:
    """B grey images of S x S (32 in the paper), W times the paper's widths, C classes."""
    return Recipe(LeNet(width=W, classes=C), [Array((B, S, S, 1))])
