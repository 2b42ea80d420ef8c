"""Structural symbols: layers that differ, widths that double, loops unrolled over time, two at once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn

from tests.adversarial.family import Hostile, array, product


class Doubling(nn.Module):
    """Widths F, 2*F, 4*F ..."""

    layers: int
    width: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.layers):
            x = nn.relu(nn.Dense(self.width * 2**i)(x))
        return x


class Alternating(nn.Module):
    """Another kind of block in every second layer; the first and the last layer are their own."""

    layers: int
    width: int

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(2 * self.width)(x)
        for i in range(self.layers):
            h = nn.LayerNorm()(x)
            h = nn.gelu(nn.Dense(4 * self.width)(h)) if i % 2 else nn.tanh(nn.Dense(3 * self.width)(h))
            x = x + nn.Dense(2 * self.width)(h)
        return nn.Dense(1)(x)


class Shared(nn.Module):
    """One layer called again and again."""

    layers: int
    width: int

    @nn.compact
    def __call__(self, x):
        layer = nn.Dense(self.width)
        for _ in range(self.layers):
            x = nn.silu(layer(x))
        return x


class SecondHalf(nn.Module):
    """The second half of the layers has a second branch."""

    layers: int
    width: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.layers):
            x = nn.tanh(nn.Dense(self.width)(x))
            if i >= self.layers // 2:
                x = x + jnp.sin(nn.Dense(self.width, name=f"branch_{i}")(x))
        return x


class Unrolled(nn.Module):
    """L recurrent layers, each a Python loop over time."""

    layers: int
    width: int

    @nn.compact
    def __call__(self, x):
        for _ in range(self.layers):
            cell, h, outputs = nn.SimpleCell(self.width), jnp.zeros((x.shape[0], self.width)), []
            for t in range(x.shape[1]):
                h, _ = cell(h, x[:, t])
                outputs.append(h)
            x = jnp.stack(outputs, 1)
        return x


def built(module, *shape: int):
    """(apply, arguments) of a module on one array."""
    x = array(*shape)
    return module.apply, (jax.eval_shape(module.init, jax.random.key(0), x), x)


def of_layers(module, layers=(1, 2, 4, 6, 13), differentiable=True) -> Hostile:
    return Hostile(
        lambda L, F: built(module(L, F), 3, F),
        product(L=layers, F=(1,)) + product(L=layers[1::3], F=(3,)),
        differentiable=differentiable,
    )


FAMILIES = {
    "widths that double": of_layers(Doubling, (1, 2, 3, 4, 5, 6, 7)),
    "every second layer": of_layers(Alternating, differentiable=False),
    "shared layer": of_layers(Shared),
    "second half": of_layers(SecondHalf, differentiable=False),
    "unrolled over L and T": Hostile(
        lambda L, T, F: built(Unrolled(L, F), 3, T, F), product(L=(1, 5), T=(1, 5), F=(3,)), differentiable=False
    ),
    "mean of one element after one step": Hostile(
        lambda T, B, D: (_averaged(T), (array(D), array(B, T, D))), product(T=(1, 2, 5), B=(1, 2), D=(1, 3))
    ),
    "no layers at all": Hostile(
        lambda L, F: (_repeated(L), (array(3, F), array(F, F))), product(L=(0, 1, 2, 3, 7), F=(1, 3)), {"L": {"min": 0}}
    ),
}


def _averaged(steps: int):
    """XLA divides by T*B*D unless all three are 1."""

    def fn(w, x):
        h, outputs = jnp.zeros_like(x[:, 0]), []
        for t in range(steps):
            h = jnp.tanh(h * w + x[:, t])
            outputs.append(h)
        return jnp.mean(jnp.stack(outputs, 1))

    return fn


def _repeated(times: int):
    def fn(x, w):
        for _ in range(times):
            x = jnp.tanh(x @ w)
        return x

    return fn


@pytest.mark.parametrize("name", FAMILIES)
def test_layered_programs_are_exact_at_every_count(name):
    FAMILIES[name].assert_exact()
