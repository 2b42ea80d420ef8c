"""ResNets of 18 to 152 layers, with width and image side as symbols.

He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385; the stride is on the
3x3 convolution, as in most published weights ("v1.5"): of ResNet-50 that makes 4.09 instead of 3.86 G
multiply-accumulates.
"""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around a shortcut, which is projected where the shape changes."""

    width: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        y = nn.Conv(self.width, (1, 1), use_bias=False)(x)
        y = nn.relu(nn.BatchNorm(use_running_average=not train)(y))
        y = nn.Conv(self.width, (3, 3), self.stride, padding=1, use_bias=False)(y)
        y = nn.relu(nn.BatchNorm(use_running_average=not train)(y))
        y = nn.Conv(4 * self.width, (1, 1), use_bias=False)(y)
        y = nn.BatchNorm(use_running_average=not train, scale_init=nn.initializers.zeros_init())(y)
        if x.shape != y.shape:
            x = nn.Conv(4 * self.width, (1, 1), self.stride, use_bias=False, name="projection")(x)
            x = nn.BatchNorm(use_running_average=not train, name="projection_norm")(x)
        return nn.relu(x + y)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut, which is projected where the shape changes."""

    width: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        y = nn.Conv(self.width, (3, 3), self.stride, padding=1, use_bias=False)(x)
        y = nn.relu(nn.BatchNorm(use_running_average=not train)(y))
        y = nn.Conv(self.width, (3, 3), padding=1, use_bias=False)(y)
        y = nn.BatchNorm(use_running_average=not train, scale_init=nn.initializers.zeros_init())(y)
        if x.shape != y.shape:
            x = nn.Conv(self.width, (1, 1), self.stride, use_bias=False, name="projection")(x)
            x = nn.BatchNorm(use_running_average=not train, name="projection_norm")(x)
        return nn.relu(x + y)


class ResNet(nn.Module):
    """Four stages of blocks; each stage after the first doubles the width and halves the side."""

    stages: Sequence[int]
    width: int
    classes: int
    block: type[Bottleneck] | type[BasicBlock] = Bottleneck

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = nn.Conv(self.width, (7, 7), 2, padding=3, use_bias=False)(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train)(x))
        # Flax's annotation of `padding` names only strings; its documentation has the pairs
        x = nn.max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))  # pyright: ignore[reportArgumentType]
        for stage, blocks in enumerate(self.stages):
            for index in range(blocks):
                stride = 2 if stage > 0 and index == 0 else 1
                x = self.block(self.width * 2**stage, stride)(x, train)
        x = x.mean(axis=(1, 2))
        return nn.Dense(self.classes)(x)


def _recipe(block: type[Bottleneck] | type[BasicBlock], stages: Sequence[int], B, S, W, C) -> Recipe:
    """B images of S x S x 3, W channels after the first convolution (64 in the paper), C classes."""
    module = ResNet(stages=stages, width=W, classes=C, block=block)
    return Recipe(module, [Array((B, S, S, 3))], train_flag=True, mutable=("batch_stats",))


def resnet18(B, S, W, C) -> Recipe:
    """Stages of 2, 2, 2 and 2 basic blocks."""
    return _recipe(BasicBlock, (2, 2, 2, 2), B, S, W, C)


def resnet34(B, S, W, C) -> Recipe:
    """Stages of 3, 4, 6 and 3 basic blocks."""
    return _recipe(BasicBlock, (3, 4, 6, 3), B, S, W, C)


def resnet50(B, S, W, C) -> Recipe:
    """Stages of 3, 4, 6 and 3 bottlenecks."""
    return _recipe(Bottleneck, (3, 4, 6, 3), B, S, W, C)


def resnet101(B, S, W, C) -> Recipe:
    """Stages of 3, 4, 23 and 3 bottlenecks."""
    return _recipe(Bottleneck, (3, 4, 23, 3), B, S, W, C)


def resnet152(B, S, W, C) -> Recipe:
    """Stages of 3, 8, 36 and 3 bottlenecks."""
    return _recipe(Bottleneck, (3, 8, 36, 3), B, S, W, C)
