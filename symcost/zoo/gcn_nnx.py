"""The graph convolutions of `gcn` as NNX modules: the same arithmetic, and so the same cost.

Kipf, Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017, arXiv:1609.02907.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx


class SparseGraphConvolution(nnx.Module):
    """One layer over edges; `weights` are the normalised edge weights, (edges,)."""

    def __init__(self, inputs: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(inputs, features, use_bias=False, rngs=rngs)
        self.bias = nnx.Param(jnp.zeros((features,)))

    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array, weights: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        messages = self.dense(x)[senders] * weights[:, None]
        return jax.ops.segment_sum(messages, receivers, num_segments=nodes) + self.bias[...]


class SparseGCN(nnx.Module):
    """Two layers over a list of edges, self loops added."""

    def __init__(self, inputs: int, hidden: int, classes: int, *, rngs: nnx.Rngs):
        self.first = SparseGraphConvolution(inputs, hidden, rngs=rngs)
        self.second = SparseGraphConvolution(hidden, classes, rngs=rngs)

    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        loops = jnp.arange(nodes, dtype=senders.dtype)
        senders = jnp.concatenate([senders, loops])
        receivers = jnp.concatenate([receivers, loops])
        degree = jax.ops.segment_sum(jnp.ones_like(receivers, x.dtype), receivers, num_segments=nodes)
        scale = jax.lax.rsqrt(degree)
        weights = scale[senders] * scale[receivers]
        x = nnx.relu(self.first(x, senders, receivers, weights))
        return self.second(x, senders, receivers, weights)


class DenseGCN(nnx.Module):
    """Two layers over an adjacency matrix (receivers, senders), self loops added."""

    def __init__(self, inputs: int, hidden: int, classes: int, *, rngs: nnx.Rngs):
        self.first = nnx.Linear(inputs, hidden, use_bias=False, rngs=rngs)
        self.second = nnx.Linear(hidden, classes, use_bias=False, rngs=rngs)
        self.bias_hidden = nnx.Param(jnp.zeros((hidden,)))
        self.bias_classes = nnx.Param(jnp.zeros((classes,)))

    def __call__(self, x: jax.Array, adjacency: jax.Array) -> jax.Array:
        adjacency = adjacency + jnp.eye(x.shape[0], dtype=adjacency.dtype)
        scale = jax.lax.rsqrt(adjacency.sum(axis=1))
        adjacency = scale[:, None] * adjacency * scale[None, :]
        x = nnx.relu(adjacency @ self.first(x) + self.bias_hidden[...])
        return adjacency @ self.second(x) + self.bias_classes[...]
