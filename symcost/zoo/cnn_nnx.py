"""The convolutional classifiers of `cnn` as NNX modules: the same arithmetic, and so the same cost.

LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998);
Ioffe, Szegedy, "Batch Normalization", ICML 2015, arXiv:1502.03167.
"""

from __future__ import annotations

import jax
from flax import nnx

COLOURS = 3


class CNN(nnx.Module):
    """Two convolutions, each followed by pooling, then a dense layer over all that is left.

    NNX makes parameters before it sees an image, so that the image's side is told.
    """

    def __init__(self, side: int, width: int, kernel: int, classes: int, *, rngs: nnx.Rngs):
        left = -(-side // 4)  # each pooling halves the side, rounded up
        self.first = nnx.Conv(COLOURS, width, (kernel, kernel), rngs=rngs)
        self.second = nnx.Conv(width, 2 * width, (kernel, kernel), rngs=rngs)
        self.dense = nnx.Linear(left**2 * 2 * width, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.max_pool(nnx.relu(self.first(x)), (2, 2), strides=(2, 2), padding="SAME")
        x = nnx.avg_pool(nnx.relu(self.second(x)), (2, 2), strides=(2, 2), padding="SAME")
        return self.dense(x.reshape((x.shape[0], -1)))


class BatchNormCNN(nnx.Module):
    """As `CNN`, but normalised after each convolution, strided instead of pooled, and averaged at the end."""

    def __init__(self, width: int, kernel: int, classes: int, *, rngs: nnx.Rngs):
        sizes = ((COLOURS, width), (width, 2 * width))
        self.convolutions = nnx.List(
            [nnx.Conv(*pair, (kernel, kernel), strides=2, use_bias=False, rngs=rngs) for pair in sizes]
        )
        self.norms = nnx.List([nnx.BatchNorm(features, rngs=rngs) for _, features in sizes])
        self.dense = nnx.Linear(2 * width, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = nnx.relu(norm(convolution(x)))
        return self.dense(x.mean(axis=(1, 2)))
