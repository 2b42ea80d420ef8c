"""Graph convolutions whose edge weights are parameters: one for each edge, or one for each pair of nodes.

The layers are those of Kipf, Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017,
arXiv:1609.02907, without their normalisation: weights that are learned need none.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from symcost.zoo.gcn import SparseGraphConvolution
from symcost.zoo.recipe import Array, Recipe


class SparseLearnedGCN(nn.Module):
    """Two layers over a list of edges, with one weight for each of them."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
        weights = self.param("edge_weights", nn.initializers.ones_init(), senders.shape)
        x = nn.relu(SparseGraphConvolution(self.hidden)(x, senders, receivers, weights))
        return SparseGraphConvolution(self.classes)(x, senders, receivers, weights)


class DenseLearnedGCN(nn.Module):
    """Two layers over an adjacency matrix of zeros and ones (receivers, senders), which masks a matrix of weights.

    Pairs without an edge have a weight too. Its gradient is 0, but is stored, as is what an optimizer keeps of it.
    """

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, adjacency: jax.Array) -> jax.Array:
        adjacency = adjacency * self.param("edge_weights", nn.initializers.ones_init(), adjacency.shape)
        x = adjacency @ nn.Dense(self.hidden, use_bias=False)(x)
        x = nn.relu(x + self.param("bias_hidden", nn.initializers.zeros_init(), (self.hidden,)))
        x = adjacency @ nn.Dense(self.classes, use_bias=False)(x)
        return x + self.param("bias_classes", nn.initializers.zeros_init(), (self.classes,))


def gcn_learned_sparse(N, M, F, H, C) -> Recipe:
    """N nodes with F features, M weighted edges, H hidden units, C classes."""
    return Recipe(
        SparseLearnedGCN(hidden=H, classes=C),
        [Array((N, F)), Array((M,), "int32", below="N"), Array((M,), "int32", below="N")],
    )


def gcn_learned_dense(N, F, H, C) -> Recipe:
    """N nodes with F features, their adjacency matrix and a weight for each pair, H hidden units, C classes."""
    return Recipe(DenseLearnedGCN(hidden=H, classes=C), [Array((N, F)), Array((N, N))])
