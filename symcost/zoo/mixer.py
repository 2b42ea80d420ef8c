"""MLP-Mixer: perceptrons across patches and across channels in turn.

Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", NeurIPS 2021, arXiv:2105.01601.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


class MixerMLP(nn.Module):
    """Two dense layers that return to the width they came from."""

    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        width = x.shape[-1]
        x = nn.gelu(nn.Dense(self.hidden)(x))
        return nn.Dense(width)(x)


class MixerBlock(nn.Module):
    """Mixes tokens, then channels; each part normalised before and added to its input."""

    token_hidden: int
    channel_hidden: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = jnp.swapaxes(nn.LayerNorm()(x), 1, 2)
        y = MixerMLP(self.token_hidden, name="token_mixing")(y)
        x = x + jnp.swapaxes(y, 1, 2)
        return x + MixerMLP(self.channel_hidden, name="channel_mixing")(nn.LayerNorm()(x))


class Mixer(nn.Module):
    """Patches, `layers` blocks, the mean over tokens, a classifier."""

    patch: int
    width: int
    layers: int
    token_hidden: int
    channel_hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.Conv(self.width, (self.patch, self.patch), strides=(self.patch, self.patch), name="stem")(x)
        x = x.reshape((x.shape[0], -1, x.shape[-1]))
        for _ in range(self.layers):
            x = MixerBlock(self.token_hidden, self.channel_hidden)(x)
        x = nn.LayerNorm(name="pre_head_norm")(x).mean(axis=1)
        return nn.Dense(self.classes, name="head")(x)


def mixer(B, G, P, D, H, L) -> Recipe:
    """B images of G x G patches of P x P x 3, width D, H token-mixing units, L layers, 1000 classes."""
    module = Mixer(patch=P, width=D, layers=L, token_hidden=H, channel_hidden=4 * D, classes=1000)
    return Recipe(module, [Array((B, G * P, G * P, 3))])
