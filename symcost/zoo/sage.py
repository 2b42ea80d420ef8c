"""GraphSAGE with the mean of the neighbours: over edges, over an adjacency matrix, over sampled neighbours.

Hamilton, Ying, Leskovec, "Inductive Representation Learning on Large Graphs", NeurIPS 2017, arXiv:1706.02216.

A layer aggregates first and transforms then, ``(A X) W``: an edge costs one addition for each *input* feature.
Sampling takes a fixed number of neighbours of each node, so that the cost no longer depends on the edges of the graph.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


class SAGELayer(nn.Module):
    """A node's own features and the mean of its neighbours', each transformed, added and scaled to length one."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, neighbours: jax.Array) -> jax.Array:
        x = nn.Dense(self.features, name="own")(x) + nn.Dense(self.features, use_bias=False, name="mean")(neighbours)
        return x * jax.lax.rsqrt(jnp.square(x).sum(axis=1, keepdims=True) + 1e-12)


class SparseSAGE(nn.Module):
    """Two layers over a list of edges; a node without neighbours has the mean 0."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        degree = jax.ops.segment_sum(jnp.ones_like(receivers, x.dtype), receivers, num_segments=nodes)
        weight = 1 / jnp.maximum(degree, 1)[:, None]

        def mean(x: jax.Array) -> jax.Array:
            return jax.ops.segment_sum(x[senders], receivers, num_segments=nodes) * weight

        x = nn.relu(SAGELayer(self.hidden)(x, mean(x)))
        return SAGELayer(self.classes)(x, mean(x))


class DenseSAGE(nn.Module):
    """Two layers over an adjacency matrix (receivers, senders)."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, adjacency: jax.Array) -> jax.Array:
        weight = 1 / jnp.maximum(adjacency.sum(axis=1, keepdims=True), 1)
        x = nn.relu(SAGELayer(self.hidden)(x, (adjacency @ x) * weight))
        return SAGELayer(self.classes)(x, (adjacency @ x) * weight)


class SampledSAGE(nn.Module):
    """Two layers over the numbers of a few neighbours of each node, (nodes, sampled)."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, neighbours: jax.Array) -> jax.Array:
        x = nn.relu(SAGELayer(self.hidden)(x, x[neighbours].mean(axis=1)))
        return SAGELayer(self.classes)(x, x[neighbours].mean(axis=1))


def sage_sparse(N, M, F, H, C) -> Recipe:
    """N nodes with F features, M edges, H hidden units, C classes."""
    return Recipe(
        SparseSAGE(hidden=H, classes=C),
        [Array((N, F)), Array((M,), "int32", below="N"), Array((M,), "int32", below="N")],
    )


def sage_dense(N, F, H, C) -> Recipe:
    """N nodes with F features and their adjacency matrix, H hidden units, C classes."""
    return Recipe(DenseSAGE(hidden=H, classes=C), [Array((N, F)), Array((N, N))])


def sage_sampled(N, S, F, H, C) -> Recipe:
    """N nodes with F features, S neighbours sampled of each, H hidden units, C classes."""
    return Recipe(SampledSAGE(hidden=H, classes=C), [Array((N, F)), Array((N, S), "int32", below="N")])
