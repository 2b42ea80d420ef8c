"""YOLOv3 and YOLOv3-tiny: detectors whose image side, classes and width are symbols; YOLOv3 in integers of 8 bits too.

Redmon, Farhadi, "YOLOv3: An Incremental Improvement", 2018, arXiv:1804.02767; layer by layer as in yolov3.cfg and
yolov3-tiny.cfg of pjreddie/darknet. Quantisation after training, a scale for each channel: Jacob et al., "Quantization
and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018, arXiv:1712.05877.

A detector is three (or two) arrays of boxes: for each cell and each of 3 anchors 4 numbers for the box, one for whether
there is an object, and one for each class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe

STAGES = ((2, 1), (4, 2), (8, 8), (16, 8), (32, 4))
"""Darknet-53: channels of each stage, in widths of the first convolution, and its residual blocks."""

ANCHORS = 3
BOX = 5


def leaky(x: jax.Array) -> jax.Array:
    """ReLU that keeps a tenth of what is negative."""
    return nn.leaky_relu(x, 0.1)


def upsampled(x: jax.Array) -> jax.Array:
    """Twice the side: each cell four times."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


class Convolutional(nn.Module):
    """Convolution, batch normalisation and activation: darknet's ``[convolutional]``; a shortcut is added behind it."""

    filters: Any
    size: int
    stride: int = 1
    activation: Callable[[jax.Array], jax.Array] = leaky

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, shortcut: jax.Array | None = None) -> jax.Array:
        padding = self.size // 2
        x = nn.Conv(self.filters, (self.size, self.size), self.stride, padding, use_bias=False)(x)
        x = self.activation(nn.BatchNorm(use_running_average=not train)(x))
        return x if shortcut is None else x + shortcut


class Int8Convolutional(nn.Module):
    """As `Convolutional` between integers of 8 bits: sums of 32 bits are scaled for each channel, and rounded again.

    The scale holds the normalisation, and what a step of the output stands for.

    Attributes:
        raw: return numbers of 32 bits, without activation.
    """

    filters: Any
    size: int
    stride: int = 1
    raw: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, shortcut: jax.Array | None = None) -> jax.Array:
        kernel = self.param("kernel", _random_int8, (self.size, self.size, x.shape[-1], self.filters))
        # weights between -127 and 127 at random are 73 in the mean square; half of what follows is cut off
        keeping = 2**0.5 / (73 * self.size * x.shape[-1] ** 0.5)
        scale = self.param("scale", nn.initializers.constant(keeping), (self.filters,))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.filters,))
        sums = jax.lax.conv_general_dilated(
            x,
            kernel,
            (self.stride, self.stride),
            [(self.size // 2, self.size // 2)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            preferred_element_type=jnp.int32,
        )
        y = sums.astype(jnp.float32) * scale + bias
        if self.raw:
            return y
        y = leaky(y)
        if shortcut is not None:
            y = y + shortcut.astype(jnp.float32) * self.param("shortcut_scale", nn.initializers.ones_init(), ())
        return jnp.clip(jnp.round(y), -127, 127).astype(jnp.int8)


def _random_int8(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    return jax.random.randint(key, shape, -127, 128, jnp.int8)


class YOLOv3(nn.Module):
    """Images (B, N, N, 3) to boxes at N/32, N/16 and N/8.

    Attributes:
        width: channels of the first convolution, 32 as published. classes: of objects.
        quantised: all convolutions between integers of 8 bits; images are integers of 8 bits then.
    """

    width: Any
    classes: Any
    quantised: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> list[jax.Array]:
        unit = Int8Convolutional if self.quantised else Convolutional
        x = unit(self.width, 3)(x, train)
        stages = []
        for widths, blocks in STAGES:
            x = unit(widths * self.width, 3, 2)(x, train)
            for _ in range(blocks):
                y = unit(widths // 2 * self.width, 1)(x, train)
                x = unit(widths * self.width, 3)(y, train, shortcut=x)
            stages.append(x)
        boxes = []
        for widths, route in ((16, None), (8, stages[3]), (4, stages[2])):
            if route is not None:
                x = unit(widths * self.width, 1)(x, train)
                x = jnp.concatenate([upsampled(x), route], axis=-1)
            for _ in range(2):
                x = unit(widths * self.width, 1)(x, train)
                x = unit(2 * widths * self.width, 3)(x, train)
            x = unit(widths * self.width, 1)(x, train)
            boxes.append(self._boxes(unit(2 * widths * self.width, 3)(x, train), train))
        return boxes

    def _boxes(self, x: jax.Array, train: bool) -> jax.Array:
        numbers = ANCHORS * (BOX + self.classes)
        return Int8Convolutional(numbers, 1, raw=True)(x, train) if self.quantised else nn.Conv(numbers, (1, 1))(x)


class YOLOv3Tiny(nn.Module):
    """Images (B, N, N, 3) to boxes at N/32 and N/16; `width` is 16 as published."""

    width: Any
    classes: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> list[jax.Array]:
        numbers = ANCHORS * (BOX + self.classes)
        for widths in (1, 2, 4, 8):
            x = nn.max_pool(Convolutional(widths * self.width, 3)(x, train), (2, 2), (2, 2))
        route = Convolutional(16 * self.width, 3)(x, train)
        x = nn.max_pool(route, (2, 2), (2, 2))
        x = nn.max_pool(Convolutional(32 * self.width, 3)(x, train), (2, 2), (1, 1), "SAME")
        x = Convolutional(64 * self.width, 3)(x, train)
        x = Convolutional(16 * self.width, 1)(x, train)
        coarse = nn.Conv(numbers, (1, 1))(Convolutional(32 * self.width, 3)(x, train))
        x = Convolutional(8 * self.width, 1)(x, train)
        x = jnp.concatenate([upsampled(x), route], axis=-1)
        return [coarse, nn.Conv(numbers, (1, 1))(Convolutional(16 * self.width, 3)(x, train))]


def yolov3(B, N, W, C) -> Recipe:
    """B images of N x N x 3, W channels after the first convolution, C classes."""
    return Recipe(YOLOv3(width=W, classes=C), [Array((B, N, N, 3))], train_flag=True, mutable=("batch_stats",))


def yolov3_int8(B, N, W, C) -> Recipe:
    """As `yolov3`, in integers of 8 bits."""
    module = YOLOv3(width=W, classes=C, quantised=True)
    return Recipe(module, [Array((B, N, N, 3), "int8", below=127)], trained=False)


def yolov3_tiny(B, N, W, C) -> Recipe:
    """As `yolov3`, of seven small layers."""
    return Recipe(YOLOv3Tiny(width=W, classes=C), [Array((B, N, N, 3))], train_flag=True, mutable=("batch_stats",))
