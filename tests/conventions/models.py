"""Models whose cost others have published, as far as the zoo has none."""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax
import optax


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
