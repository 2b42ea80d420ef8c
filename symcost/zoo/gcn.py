"""Graph convolutions twice: over a list of edges, and over an adjacency matrix.

Kipf, Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017, arXiv:1609.02907.

Both compute ``D^-1/2 (A + I) D^-1/2 (X W)`` per layer, so that on one graph they agree in values and differ in cost.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


class SparseGraphConvolution(nn.Module):
    """One layer over edges; `weights` are the normalised edge weights, (edges,)."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array, weights: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        x = nn.Dense(self.features, use_bias=False)(x)
        messages = x[senders] * weights[:, None]
        x = jax.ops.segment_sum(messages, receivers, num_segments=nodes)
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        return x + bias


class SparseGCN(nn.Module):
    """Two layers over a list of edges, self loops added: the cost grows with edges, not with nodes squared."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        loops = jnp.arange(nodes, dtype=senders.dtype)
        senders = jnp.concatenate([senders, loops])
        receivers = jnp.concatenate([receivers, loops])
        degree = jax.ops.segment_sum(jnp.ones_like(receivers, x.dtype), receivers, num_segments=nodes)
        scale = jax.lax.rsqrt(degree)
        weights = scale[senders] * scale[receivers]
        x = nn.relu(SparseGraphConvolution(self.hidden)(x, senders, receivers, weights))
        return SparseGraphConvolution(self.classes)(x, senders, receivers, weights)


class DenseGCN(nn.Module):
    """Two layers over an adjacency matrix (receivers, senders), self loops added."""

    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, adjacency: jax.Array) -> jax.Array:
        adjacency = adjacency + jnp.eye(x.shape[0], dtype=adjacency.dtype)
        scale = jax.lax.rsqrt(adjacency.sum(axis=1))
        adjacency = scale[:, None] * adjacency * scale[None, :]
        x = adjacency @ nn.Dense(self.hidden, use_bias=False)(x)
        x = nn.relu(x + self.param("bias_hidden", nn.initializers.zeros_init(), (self.hidden,)))
        x = adjacency @ nn.Dense(self.classes, use_bias=False)(x)
        return x + self.param("bias_classes", nn.initializers.zeros_init(), (self.classes,))


def layer(N, M, F, H) -> Recipe:
    """One convolution of N nodes with F features to H, over M edges with their weights."""
    edges = Array((M,), "int32", below="N")
    return Recipe(SparseGraphConvolution(features=H), [Array((N, F)), edges, edges, Array((M,))])


def gcn_sparse(N, M, F, H, C) -> Recipe:
    """N nodes with F features, M edges besides the N self loops, H hidden units, C classes."""
    return Recipe(
        SparseGCN(hidden=H, classes=C),
        [Array((N, F)), Array((M,), "int32", below="N"), Array((M,), "int32", below="N")],
    )


def gcn_dense(N, F, H, C) -> Recipe:
    """N nodes with F features and their adjacency matrix, H hidden units, C classes."""
    return Recipe(DenseGCN(hidden=H, classes=C), [Array((N, F)), Array((N, N))])
