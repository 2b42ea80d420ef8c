"""Graph isomorphism networks, over edges and over an adjacency matrix.

Xu, Hu, Leskovec, Jegelka, "How Powerful are Graph Neural Networks?", ICLR 2019, arXiv:1810.00826.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.recipe import Array, Recipe


class GINLayer(nn.Module):
    """``MLP((1 + epsilon) x + sum of the neighbours)``, with a perceptron of two layers and a learned epsilon."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, neighbours: jax.Array) -> jax.Array:
        epsilon = self.param("epsilon", nn.initializers.zeros_init(), ())
        x = (1 + epsilon) * x + neighbours
        x = nn.relu(nn.Dense(self.features)(x))
        return nn.relu(nn.Dense(self.features)(x))


class SparseGIN(nn.Module):
    """Two layers over a list of edges, then a dense layer to the classes."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
        for _ in range(2):
            neighbours = jax.ops.segment_sum(x[senders], receivers, num_segments=x.shape[0])
            x = GINLayer(self.hidden)(x, neighbours)
        return nn.Dense(self.classes)(x)


class DenseGIN(nn.Module):
    """Two layers over an adjacency matrix (receivers, senders), then a dense layer to the classes."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, adjacency: jax.Array) -> jax.Array:
        for _ in range(2):
            x = GINLayer(self.hidden)(x, adjacency @ x)
        return nn.Dense(self.classes)(x)


def gin_sparse(N, M, F, H, C) -> Recipe:
    """N nodes with F features, M edges, H hidden units, C classes."""
    return Recipe(
        SparseGIN(hidden=H, classes=C),
        [Array((N, F)), Array((M,), "int32", below="N"), Array((M,), "int32", below="N")],
    )


def gin_dense(N, F, H, C) -> Recipe:
    """N nodes with F features and their adjacency matrix, H hidden units, C classes."""
    return Recipe(DenseGIN(hidden=H, classes=C), [Array((N, F)), Array((N, N))])
