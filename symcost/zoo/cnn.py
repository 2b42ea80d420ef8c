"""A small convolutional classifier, plain and with batch normalisation.

LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998);
Ioffe, Szegedy, "Batch Normalization", ICML 2015, arXiv:1502.03167.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class CNN(nn.Module):
    """Two convolutions, each followed by pooling, then a dense layer over all that is left."""

    width: int
    kernel: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(nn.Conv(self.width, (self.kernel, self.kernel))(x))
        x = nn.max_pool(x, (2, 2), strides=(2, 2), padding="SAME")
        x = nn.relu(nn.Conv(2 * self.width, (self.kernel, self.kernel))(x))
        x = nn.avg_pool(x, (2, 2), strides=(2, 2), padding="SAME")
        x = x.reshape((x.shape[0], -1))
        return nn.Dense(self.classes)(x)


class BatchNormCNN(nn.Module):
    """As `CNN`, but normalised after each convolution, strided instead of pooled, and averaged at the end."""

    width: int
    kernel: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for width in (self.width, 2 * self.width):
            x = nn.Conv(width, (self.kernel, self.kernel), strides=2, use_bias=False)(x)
            x = nn.BatchNorm(use_running_average=not train)(x)
            x = nn.relu(x)
        x = x.mean(axis=(1, 2))
        return nn.Dense(self.classes)(x)


def cnn(B, S, W, K, C) -> Recipe:
    """B images of S x S x 3, W channels after the first convolution, kernels of K x K, C classes."""
    return Recipe(CNN(width=W, kernel=K, classes=C), [Array((B, S, S, 3))])


def cnn_batchnorm(B, S, W, K, C) -> Recipe:
    """The same sizes as `cnn`; batch statistics are used and updated in training."""
    return Recipe(
        BatchNormCNN(width=W, kernel=K, classes=C), [Array((B, S, S, 3))], train_flag=True, mutable=("batch_stats",)
    )
