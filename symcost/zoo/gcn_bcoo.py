"""The graph convolutions of `gcn` with the adjacency matrix in JAX's own sparse format, BCOO.

Kipf, Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017, arXiv:1609.02907.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.experimental.sparse import BCOO

from symcost.zoo.recipe import Array, Recipe


class BCOOGCN(nn.Module):
    """Two layers over the places (edges, 2) of a matrix's ones: (receiver, sender); self loops added."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, places: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        loops = jnp.arange(nodes, dtype=places.dtype)
        places = jnp.concatenate([places, jnp.stack([loops, loops], axis=1)])
        ones = BCOO((jnp.ones(places.shape[0], x.dtype), places), shape=(nodes, nodes))
        scale = jax.lax.rsqrt(ones @ jnp.ones(nodes, x.dtype))
        adjacency = BCOO((scale[places[:, 0]] * scale[places[:, 1]], places), shape=(nodes, nodes))
        x = adjacency @ nn.Dense(self.hidden, use_bias=False)(x)
        x = nn.relu(x + self.param("bias_hidden", nn.initializers.zeros_init(), (self.hidden,)))
        x = adjacency @ nn.Dense(self.classes, use_bias=False)(x)
        return x + self.param("bias_classes", nn.initializers.zeros_init(), (self.classes,))


def gcn_bcoo(N, M, F, H, C) -> Recipe:
    """N nodes with F features, M edges besides the N self loops, H hidden units, C classes."""
    return Recipe(BCOOGCN(hidden=H, classes=C), [Array((N, F)), Array((M, 2), "int32", below="N")])
