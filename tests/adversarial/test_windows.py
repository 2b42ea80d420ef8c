"""Convolutions and pooling: paddings that follow remainders, windows larger than the image, kernels as symbols."""

from __future__ import annotations

import jax.numpy as jnp
import pytest
from flax import linen as nn
from jax import lax

from tests.adversarial.family import Hostile, array, product

IMAGES = [*product(B=(1,), H=(1, 2, 3, 4, 8), C=(1, 2)), *product(B=(3,), H=(1, 2, 7, 13), C=(1, 3))]
NHWC = ("NHWC", "HWIO", "NHWC")


def convolution(kernel: int, stride: int, padding, dilation: int = 1, least: int = 1) -> Hostile:
    def build(B, H, C):
        def fn(x, w):
            return lax.conv_general_dilated(
                x, w, (stride, stride), padding, rhs_dilation=(dilation, dilation), dimension_numbers=NHWC
            )

        return fn, (array(B, H, H, C), array(kernel, kernel, C, 4))

    points = [p for p in IMAGES if p["H"] >= least]
    return Hostile(build, points, {"H": {"min": least}} if least > 1 else {})


def pooling(pool, window: int, stride: int) -> Hostile:
    def build(B, H, C):
        return lambda x: pool(x, (window, window), (stride, stride), "SAME"), (array(B, H, H, C),)

    return Hostile(build, IMAGES)


def symbolic_kernel(H, K, C):
    def fn(x, w):
        return lax.conv_general_dilated(x, w, (2, 2), "SAME", dimension_numbers=NHWC)

    return fn, (array(2, H, H, C), array(K, K, C, 4))


def depthwise(B, H, C):
    def fn(x, w):
        return lax.conv_general_dilated(x, w, (2, 2), "SAME", dimension_numbers=NHWC, feature_group_count=C)

    return fn, (array(B, H, H, C), array(3, 3, 1, C))


def transposed(B, H, C):
    return lambda x, w: lax.conv_transpose(x, w, (2, 2), "SAME"), (array(B, H, H, C), array(3, 3, C, 4))


def patches(H, P, C):
    def fn(x, w):
        return lax.conv_general_dilated(x, w, (P, P), "VALID", dimension_numbers=NHWC)

    return fn, (array(2, H * P, H * P, C), array(P, P, C, 4))


def stem(H, C):
    """The beginning of a ResNet: explicit paddings, a convolution, overlapping max pooling."""

    def fn(x, w):
        y = lax.conv_general_dilated(x, w, (2, 2), [(3, 3), (3, 3)], dimension_numbers=NHWC)
        return lax.reduce_window(y, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), [(0, 0), (1, 1), (1, 1), (0, 0)])

    return fn, (array(2, H, H, C), array(7, 7, C, 4))


def nested(H):
    """Three windows in a row: nested floors."""

    def fn(x):
        y = lax.reduce_window(x, 0.0, lax.add, (3,), (2,), "VALID")
        y = lax.reduce_window(y, 0.0, lax.add, (2,), (2,), "SAME")
        return lax.reduce_window(y, 0.0, lax.add, (3,), (3,), "SAME")

    return fn, (array(H),)


FAMILIES = {
    "SAME 5/3": convolution(5, 3, "SAME"),
    "SAME dilated": convolution(3, 1, "SAME", dilation=2),
    "VALID 3/2": convolution(3, 2, "VALID", least=3),
    "max pooling 5/3": pooling(nn.max_pool, 5, 3),
    "average pooling 3/2": pooling(nn.avg_pool, 3, 2),
    "symbolic kernel": Hostile(symbolic_kernel, product(H=(1, 2, 3, 8, 11), K=(1, 2, 3, 8), C=(1,))),
    "depthwise": Hostile(depthwise, IMAGES),
    "transposed": Hostile(transposed, IMAGES),
    "patches of symbolic size": Hostile(patches, product(H=(1, 2, 5), P=(1, 2, 3, 7), C=(1, 3))),
    "ResNet stem": Hostile(stem, product(H=(1, 2, 3, 4, 5, 8, 9, 16, 17), C=(1, 3))),
    "nested floors": Hostile(nested, product(H=range(3, 28)), {"H": {"min": 3}}),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_windowed_programs_are_exact_at_every_size(name):
    FAMILIES[name].assert_exact()
