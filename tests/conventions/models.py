"""Models whose cost others have published, as far as the zoo has none."""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

DARKNET53 = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))
"""Filters and residual blocks of each stage: Redmon, Farhadi: YOLOv3, arXiv:1804.02767, table 1."""


class Unit(nn.Module):
    """Convolution, batch normalisation and leaky ReLU, darknet's ``[convolutional]``."""

    filters: int
    size: int
    stride: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        pad = self.size // 2
        x = nn.Conv(self.filters, (self.size, self.size), self.stride, [(pad, pad)] * 2, use_bias=False)(x)
        return nn.leaky_relu(nn.BatchNorm(use_running_average=True)(x), 0.1)


class YOLOv3(nn.Module):
    """Darknet-53 and three detection heads for 80 classes (yolov3.cfg)."""

    @nn.compact
    def __call__(self, x: jax.Array) -> list[jax.Array]:
        x = Unit(32, 3)(x)
        stages = []
        for filters, blocks in DARKNET53:
            x = Unit(filters, 3, 2)(x)
            for _ in range(blocks):
                x = x + Unit(filters, 3)(Unit(filters // 2, 1)(x))
            stages.append(x)
        heads = []
        for filters, route in ((512, None), (256, stages[3]), (128, stages[2])):
            if route is not None:
                x = Unit(filters, 1)(x)
                x = jnp.concatenate([x.repeat(2, axis=1).repeat(2, axis=2), route], axis=-1)
            for _ in range(2):
                x = Unit(2 * filters, 3)(Unit(filters, 1)(x))
            x = Unit(filters, 1)(x)
            heads.append(nn.Conv(3 * (4 + 1 + 80), (1, 1))(Unit(2 * filters, 3)(x)))
        return heads


class WordLM(nn.Module):
    """Embedding, two LSTM layers, a dense layer over the vocabulary."""

    hidden: int
    words: int

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        x = nn.Embed(self.words, self.hidden)(tokens)
        for _ in range(2):
            x = nn.RNN(nn.OptimizedLSTMCell(self.hidden))(x)
        return nn.Dense(self.words)(x)


def forward(module: nn.Module, x: jax.ShapeDtypeStruct) -> tuple[Callable, tuple]:
    """``(fn, args)`` of a module's forward pass, without values."""
    variables = jax.eval_shape(module.init, jax.random.key(0), x)
    return module.apply, (variables, x)


def sgd_step(module: nn.Module, tokens: jax.ShapeDtypeStruct) -> tuple[Callable, tuple]:
    """``(fn, args)`` of one step of stochastic gradient descent on the next word's cross entropy."""
    optimizer = optax.sgd(0.2)
    params = jax.eval_shape(module.init, jax.random.key(0), tokens)
    state = jax.eval_shape(optimizer.init, params)

    def step(params, state, tokens, words):
        def loss(params):
            return optax.softmax_cross_entropy_with_integer_labels(module.apply(params, tokens), words).mean()

        updates, state = optimizer.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, updates), state

    return step, (params, state, tokens, tokens)
