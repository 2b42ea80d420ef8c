"""VGG-16, configuration D of the paper.

Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, arXiv:1409.1556.
"""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class VGG(nn.Module):
    """Stages of 3x3 convolutions, each stage followed by pooling, then three dense layers.

    Attributes:
        stages: (convolutions, width in multiples of `width`) of each stage.
    """

    stages: Sequence[tuple[int, int]]
    width: int
    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for convolutions, multiple in self.stages:
            for _ in range(convolutions):
                x = nn.relu(nn.Conv(multiple * self.width, (3, 3))(x))
            x = nn.max_pool(x, (2, 2), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))
        for _ in range(2):
            x = nn.relu(nn.Dense(self.hidden)(x))
        return nn.Dense(self.classes)(x)


def vgg16(B, S, W, H, C) -> Recipe:
    """B images of S x S x 3 (224), W channels after the first convolution (64), H hidden units (4096), C classes."""
    stages = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))
    return Recipe(VGG(stages=stages, width=W, hidden=H, classes=C), [Array((B, S, S, 3))])
