"""Vision transformer with a class token and learned positions.

Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, arXiv:2010.11929.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe
from symcost.zoo.transformer import Encoder


class ViT(nn.Module):
    """Patches and a class token through an encoder; the class token is classified."""

    patch: int
    width: int
    layers: int
    heads: int
    head_width: int
    mlp_width: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.Conv(self.width, (self.patch, self.patch), strides=(self.patch, self.patch), name="embedding")(x)
        batch = x.shape[0]
        x = x.reshape((batch, -1, self.width))
        token = self.param("class_token", nn.initializers.zeros_init(), (1, 1, self.width))
        x = jnp.concatenate([jnp.tile(token, (batch, 1, 1)), x], axis=1)
        x = x + self.param("positions", nn.initializers.normal(stddev=0.02), (1, *x.shape[1:]))
        x = Encoder(self.layers, self.heads, self.head_width, self.mlp_width)(x)
        return nn.Dense(self.classes, name="head")(x[:, 0])


def vit(B, G, P, D, H, L) -> Recipe:
    """B images of G x G patches of P x P x 3, width D, H heads of 64 features as published, L layers, 1000 classes."""
    module = ViT(patch=P, width=D, layers=L, heads=H, head_width=64, mlp_width=4 * D, classes=1000)
    return Recipe(module, [Array((B, G * P, G * P, 3))])
