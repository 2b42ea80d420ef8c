"""MobileNets: depthwise separable convolutions (V1), and inverted residuals with linear bottlenecks (V2).

Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", arXiv:1704.04861;
Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, arXiv:1801.04381.
"""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class ConvNorm(nn.Module):
    """A convolution without bias, padded to keep the side (but for its stride), normalised, and activated.

    Attributes:
        depthwise: one filter for each channel; `features` is then the number of channels.
    """

    features: int
    kernel: int
    stride: int = 1
    depthwise: bool = False
    activation: Callable[[jax.Array], jax.Array] = nn.relu6

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = nn.Conv(
            self.features,
            (self.kernel, self.kernel),
            self.stride,
            padding=self.kernel // 2,
            feature_group_count=self.features if self.depthwise else 1,
            use_bias=False,
        )(x)
        return self.activation(nn.BatchNorm(use_running_average=not train)(x))


def identity(x: jax.Array) -> jax.Array:
    """No activation."""
    return x


class MobileNetV1(nn.Module):
    """A convolution, then thirteen pairs of a depthwise 3x3 and a 1x1 convolution."""

    width: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = ConvNorm(self.width, 3, 2, activation=nn.relu)(x, train)
        multiples = (2, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32)
        strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
        for multiple, stride in zip(multiples, strides, strict=True):
            x = ConvNorm(x.shape[-1], 3, stride, depthwise=True, activation=nn.relu)(x, train)
            x = ConvNorm(multiple * self.width, 1, activation=nn.relu)(x, train)
        return nn.Dense(self.classes)(x.mean(axis=(1, 2)))


class InvertedResidual(nn.Module):
    """Wide inside: 1x1 to `expansion` times the channels, depthwise 3x3, 1x1 back; a shortcut where shapes agree."""

    features: int
    expansion: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        channels = x.shape[-1]
        y = x if self.expansion == 1 else ConvNorm(self.expansion * channels, 1)(x, train)
        y = ConvNorm(self.expansion * channels, 3, self.stride, depthwise=True)(y, train)
        y = ConvNorm(self.features, 1, activation=identity)(y, train)
        return x + y if self.stride == 1 and channels == self.features else y


class MobileNetV2(nn.Module):
    """Seventeen inverted residuals; every layer has a multiple of `width` channels, eight of them in the paper."""

    width: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = ConvNorm(4 * self.width, 3, 2)(x, train)
        # expansion, width, blocks, stride: table 2 of the paper
        for expansion, multiple, blocks, stride in (
            (1, 2, 1, 1), (6, 3, 2, 2), (6, 4, 3, 2), (6, 8, 4, 2), (6, 12, 3, 1), (6, 20, 3, 2), (6, 40, 1, 1),
        ):  # fmt: skip
            for block in range(blocks):
                x = InvertedResidual(multiple * self.width, expansion, stride if block == 0 else 1)(x, train)
        x = ConvNorm(160 * self.width, 1)(x, train)
        return nn.Dense(self.classes)(x.mean(axis=(1, 2)))


def mobilenet_v1(B, S, W, C) -> Recipe:
    """B images of S x S x 3 (224), W channels after the first convolution (32), C classes."""
    return Recipe(MobileNetV1(W, C), [Array((B, S, S, 3))], train_flag=True, mutable=("batch_stats",))


def mobilenet_v2(B, S, W, C) -> Recipe:
    """B images of S x S x 3 (224), layers of multiples of W channels (8), C classes."""
    return Recipe(MobileNetV2(W, C), [Array((B, S, S, 3))], train_flag=True, mutable=("batch_stats",))
