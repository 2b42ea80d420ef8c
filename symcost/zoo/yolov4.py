"""YOLOv4: CSPDarknet-53, a pyramid of pools, features brought up and down again, and three heads.

Bochkovskiy, Wang, Liao, "YOLOv4: Optimal Speed and Accuracy of Object Detection", 2020, arXiv:2004.10934; layer by
layer as in yolov4.cfg of AlexeyAB/darknet. Its parts: Wang et al., "CSPNet", CVPR workshops 2020, arXiv:1911.11929;
He et al., "Spatial Pyramid Pooling in Deep Convolutional Networks", ECCV 2014, arXiv:1406.4729; Liu et al., "Path
Aggregation Network for Instance Segmentation", CVPR 2018, arXiv:1803.01534; Misra, "Mish", BMVC 2020, arXiv:1908.08681.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe
from symcost.zoo.yolo import ANCHORS, BOX, STAGES, Convolutional, upsampled

POOLS = (13, 9, 5)
"""Sides of the windows whose maxima stand beside the coarsest features."""

Mished = partial(Convolutional, activation=jax.nn.mish)


class CrossStage(nn.Module):
    """A stage of CSPDarknet-53: half of the channels go around its residual blocks.

    Attributes:
        filters: channels of the stage. blocks: residual ones.
        part: channels of each of the two ways. narrow: channels inside of a block.
    """

    filters: Any
    blocks: int
    part: Any
    narrow: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = Mished(self.filters, 3, 2)(x, train)
        around = Mished(self.part, 1)(x, train)
        x = Mished(self.part, 1)(x, train)
        for _ in range(self.blocks):
            y = Mished(self.narrow, 1)(x, train)
            x = Mished(self.part, 3)(y, train, shortcut=x)
        x = Mished(self.part, 1)(x, train)
        return Mished(self.filters, 1)(jnp.concatenate([x, around], axis=-1), train)


class Narrowed(nn.Module):
    """1x1 and 3x3 convolutions in turn, the latter twice as wide; the first and the last are 1x1."""

    filters: Any
    convolutions: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for index in range(self.convolutions):
            wide = index % 2
            x = Convolutional((1 + wide) * self.filters, 1 + 2 * wide)(x, train)
        return x


class YOLOv4(nn.Module):
    """Images (B, N, N, 3) to boxes at N/8, N/16 and N/32; `width` is 32 as published."""

    width: Any
    classes: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> list[jax.Array]:
        width = self.width
        x = Mished(width, 3)(x, train)
        stages = []
        for widths, blocks in STAGES:
            part = max(2, widths // 2)  # the first stage is not halved
            narrow = widths // 2
            x = CrossStage(widths * width, blocks, part * width, narrow * width)(x, train)
            stages.append(x)

        x = Narrowed(16 * width, 3)(x, train)
        pooled = [nn.max_pool(x, (side, side), (1, 1), "SAME") for side in POOLS]
        features = [Narrowed(16 * width, 3)(jnp.concatenate([*pooled, x], axis=-1), train)]
        for widths, stage in ((8, stages[3]), (4, stages[2])):
            coarse = upsampled(Convolutional(widths * width, 1)(features[-1], train))
            fine = Convolutional(widths * width, 1)(stage, train)
            features.append(Narrowed(widths * width, 5)(jnp.concatenate([fine, coarse], axis=-1), train))

        x = features[2]
        boxes = [self._boxes(x, 8, train)]
        for widths, level in ((8, features[1]), (16, features[0])):
            fine = Convolutional(widths * width, 3, 2)(x, train)
            x = Narrowed(widths * width, 5)(jnp.concatenate([fine, level], axis=-1), train)
            boxes.append(self._boxes(x, 2 * widths, train))
        return boxes

    def _boxes(self, x: jax.Array, widths: int, train: bool) -> jax.Array:
        x = Convolutional(widths * self.width, 3)(x, train)
        return nn.Conv(ANCHORS * (BOX + self.classes), (1, 1))(x)


def yolov4(B, N, W, C) -> Recipe:
    """B images of N x N x 3, W channels after the first convolution, C classes."""
    return Recipe(YOLOv4(width=W, classes=C), [Array((B, N, N, 3))], train_flag=True, mutable=("batch_stats",))
