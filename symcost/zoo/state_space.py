"""A selective state-space block: a linear recurrence for every channel, whose steps depend on the input.

Gu, Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023, arXiv:2312.00752. The recurrence
h[t] = decay[t] * h[t-1] + drive[t] runs step by step (`jax.lax.scan`), or as a tree over all steps at once
(`jax.lax.associative_scan`: Blelloch, "Prefix Sums and Their Applications", 1990).
"""

from __future__ import annotations

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe

TAPS = 4
"""Steps that the convolution in front of the recurrence sees."""


def stepwise(decay: jax.Array, drive: jax.Array) -> jax.Array:
    """All states of the recurrence over axis 1, one after the other."""

    def step(state: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        state = now[0] * state + now[1]
        return state, state

    over = (jnp.moveaxis(decay, 1, 0), jnp.moveaxis(drive, 1, 0))
    return jnp.moveaxis(jax.lax.scan(step, jnp.zeros_like(drive[:, 0]), over)[1], 0, 1)


def as_tree(decay: jax.Array, drive: jax.Array) -> jax.Array:
    """All states of the recurrence over axis 1, by an associative scan."""

    def joined(first: Any, second: Any) -> Any:
        return second[0] * first[0], second[0] * first[1] + second[1]

    return jax.lax.associative_scan(joined, (decay, drive), axis=1)[1]


class StateSpaceBlock(nn.Module):
    """Sequences (B, T, D) through `inner` channels with `states` states each.

    Attributes:
        rank: width through which the step sizes of all channels are computed.
        tree: run the recurrence as an associative scan.
    """

    inner: int
    states: int
    rank: int
    tree: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        dense = functools.partial(nn.Dense, use_bias=False)
        u, gate = jnp.split(dense(2 * self.inner, name="input")(x), 2, axis=-1)
        conv = nn.Conv(self.inner, (TAPS,), padding="CAUSAL", feature_group_count=self.inner, name="conv")
        u = nn.silu(conv(u))
        step, b, c = jnp.split(
            dense(self.rank + 2 * self.states, name="selection")(u), [self.rank, self.rank + self.states], axis=-1
        )
        step = nn.softplus(nn.Dense(self.inner, name="step")(step))
        rates = self.param("log_rates", nn.initializers.zeros_init(), (self.inner, self.states))
        decay = jnp.exp(step[..., None] * -jnp.exp(rates))
        drive = (step * u)[..., None] * b[:, :, None, :]
        states = as_tree(decay, drive) if self.tree else stepwise(decay, drive)
        skip = self.param("skip", nn.initializers.ones_init(), (self.inner,))
        y = jnp.einsum("bten,btn->bte", states, c) + skip * u
        return dense(x.shape[-1], name="output")(y * nn.silu(gate))


def by_steps(B, T, D, E, N, R) -> Recipe:
    """B sequences of T steps of width D, E channels of N states, step sizes of rank R; the recurrence as a scan."""
    return Recipe(StateSpaceBlock(inner=E, states=N, rank=R), [Array((B, T, D))])


def by_tree(B, T, D, E, N, R) -> Recipe:
    """As `by_steps`, the recurrence as an associative scan."""
    return Recipe(StateSpaceBlock(inner=E, states=N, rank=R, tree=True), [Array((B, T, D))])
