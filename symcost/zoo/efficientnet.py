"""EfficientNet-B0: inverted residuals with squeeze and excitation.

Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, arXiv:1905.11946.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.mobilenet import ConvNorm, identity
from symcost.zoo.recipe import Array, Recipe


class SqueezeExcite(nn.Module):
    """Channels are weighted by what a small network makes of their means."""

    squeezed: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        weights = x.mean(axis=(1, 2), keepdims=True)
        weights = nn.silu(nn.Conv(self.squeezed, (1, 1))(weights))
        return x * nn.sigmoid(nn.Conv(x.shape[-1], (1, 1))(weights))


class MBConv(nn.Module):
    """An inverted residual with `SqueezeExcite` to a quarter of its input channels."""

    features: int
    expansion: int
    kernel: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        channels = x.shape[-1]
        y = x if self.expansion == 1 else ConvNorm(self.expansion * channels, 1, activation=nn.silu)(x, train)
        inside = self.expansion * channels
        y = ConvNorm(inside, self.kernel, self.stride, depthwise=True, activation=nn.silu)(y, train)
        y = SqueezeExcite(channels // 4)(y)
        y = ConvNorm(self.features, 1, activation=identity)(y, train)
        return x + y if self.stride == 1 and channels == self.features else y


class EfficientNet(nn.Module):
    """The baseline B0; every layer has a multiple of 4 * `width` channels, `width` being 2 in the paper."""

    width: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        unit = 4 * self.width
        x = ConvNorm(4 * unit, 3, 2, activation=nn.silu)(x, train)
        # expansion, kernel, width, blocks, stride: table 1 of the paper
        for expansion, kernel, multiple, blocks, stride in (
            (1, 3, 2, 1, 1), (6, 3, 3, 2, 2), (6, 5, 5, 2, 2), (6, 3, 10, 3, 2), (6, 5, 14, 3, 1), (6, 5, 24, 4, 2),
            (6, 3, 40, 1, 1),
        ):  # fmt: skip
            for block in range(blocks):
                x = MBConv(multiple * unit, expansion, kernel, stride if block == 0 else 1)(x, train)
        x = ConvNorm(160 * unit, 1, activation=nn.silu)(x, train)
        return nn.Dense(self.classes)(x.mean(axis=(1, 2)))


def efficientnet_b0(B, S, W, C) -> Recipe:
    """B images of S x S x 3 (224), layers of multiples of 4 * W channels (W = 2), C classes."""
    return Recipe(EfficientNet(W, C), [Array((B, S, S, 3))], train_flag=True, mutable=("batch_stats",))
