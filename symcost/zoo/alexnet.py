"""AlexNet in one column, as its author simplified it.

Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv:1404.5997; after Krizhevsky,
Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class AlexNet(nn.Module):
    """Five convolutions with three poolings, then three dense layers."""

    width: int
    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(nn.Conv(self.width, (11, 11), 4, padding=2)(x))
        x = nn.max_pool(x, (3, 3), strides=(2, 2))
        x = nn.relu(nn.Conv(3 * self.width, (5, 5), padding=2)(x))
        x = nn.max_pool(x, (3, 3), strides=(2, 2))
        for multiple in (6, 4, 4):
            x = nn.relu(nn.Conv(multiple * self.width, (3, 3), padding=1)(x))
        x = nn.max_pool(x, (3, 3), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))
        for _ in range(2):
            x = nn.relu(nn.Dense(self.hidden)(x))
        return nn.Dense(self.classes)(x)


def alexnet(B, S, W, H, C) -> Recipe:
    """B images of S x S x 3 (224), W channels after the first convolution (64), H hidden units (4096), C classes."""
    return Recipe(AlexNet(width=W, hidden=H, classes=C), [Array((B, S, S, 3))])
