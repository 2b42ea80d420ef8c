"""RetinaNet on ResNet-50: a pyramid of features, and the same two heads over each of its levels.

Lin, Goyal, Girshick, He, Dollár, "Focal Loss for Dense Object Detection", ICCV 2017, arXiv:1708.02002; the pyramid:
Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017, arXiv:1612.03144, with its two coarsest levels
made of the third, as in most published weights.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe
from symcost.zoo.resnet import Bottleneck

BLOCKS = (3, 4, 6, 3)
ANCHORS = 9
BOX = 4


class Backbone(nn.Module):
    """ResNet-50 without its classifier: features at N/8, N/16 and N/32."""

    width: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> list[jax.Array]:
        x = nn.Conv(self.width, (7, 7), 2, padding=3, use_bias=False)(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train)(x))
        # Flax's annotation of `padding` names only strings; its documentation has the pairs
        x = nn.max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))  # pyright: ignore[reportArgumentType]
        features = []
        for stage, blocks in enumerate(BLOCKS):
            for index in range(blocks):
                x = Bottleneck(self.width * 2**stage, 2 if stage > 0 and index == 0 else 1)(x, train)
            features.append(x)
        return features[1:]


class Pyramid(nn.Module):
    """Five levels of equal width, from N/8 to N/128."""

    width: Any

    @nn.compact
    def __call__(self, features: list[jax.Array]) -> list[jax.Array]:
        lateral = [nn.Conv(self.width, (1, 1))(x) for x in features]
        for level in (1, 0):
            lateral[level] = lateral[level] + lateral[level + 1].repeat(2, axis=1).repeat(2, axis=2)
        levels = [nn.Conv(self.width, (3, 3))(x) for x in lateral]
        levels.append(nn.Conv(self.width, (3, 3), 2, padding=1)(levels[-1]))
        return [*levels, nn.Conv(self.width, (3, 3), 2, padding=1)(nn.relu(levels[-1]))]


class Head(nn.Module):
    """Four convolutions and one to `numbers` for each cell; shared by all levels."""

    width: Any
    numbers: Any

    @nn.compact
    def __call__(self, levels: list[jax.Array]) -> list[jax.Array]:
        convolutions = [nn.Conv(self.width, (3, 3)) for _ in range(4)]
        last = nn.Conv(self.numbers, (3, 3))
        outputs = []
        for x in levels:
            for convolution in convolutions:
                x = nn.relu(convolution(x))
            outputs.append(last(x))
        return outputs


class RetinaNet(nn.Module):
    """Images (B, N, N, 3) to classes and boxes at N/8 ... N/128; `width` is 64 as published, the pyramid 4 times so."""

    width: Any
    classes: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> tuple[list[jax.Array], list[jax.Array]]:
        levels = Pyramid(4 * self.width)(Backbone(self.width)(x, train))
        classes = Head(4 * self.width, ANCHORS * self.classes, name="classes")(levels)
        return classes, Head(4 * self.width, ANCHORS * BOX, name="boxes")(levels)


def retinanet(B, N, W, C) -> Recipe:
    """B images of N x N x 3, W channels after the first convolution, C classes."""
    return Recipe(RetinaNet(width=W, classes=C), [Array((B, N, N, 3))], train_flag=True, mutable=("batch_stats",))
