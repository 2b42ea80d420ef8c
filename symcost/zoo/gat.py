"""Graph attention: a softmax over the edges that reach each node, kept as a list or as a matrix.

Veličković et al., "Graph Attention Networks", ICLR 2018, arXiv:1710.10903.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


def edge_softmax(logits: jax.Array, receivers: jax.Array, nodes: int) -> jax.Array:
    """Softmax of `logits` (edges, heads) over the edges of each receiver, shifted by their maximum."""
    largest = jax.ops.segment_max(logits, receivers, num_segments=nodes)
    weights = jnp.exp(logits - largest[receivers])
    return weights / jax.ops.segment_sum(weights, receivers, num_segments=nodes)[receivers]


class GraphAttention(nn.Module):
    """One layer of `heads` attention heads with `features` outputs each: (nodes, heads, features)."""

    heads: int
    features: int

    @nn.compact
    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        x = nn.DenseGeneral((self.heads, self.features), use_bias=False)(x)
        initializer = nn.initializers.lecun_normal()
        to_sender = self.param("attention_sender", initializer, (self.heads, self.features))
        to_receiver = self.param("attention_receiver", initializer, (self.heads, self.features))
        # a^T [W h_i || W h_j] is a sum of one term per node, so it is computed on nodes, not on edges
        sender_logit = (x * to_sender).sum(axis=-1)
        receiver_logit = (x * to_receiver).sum(axis=-1)
        logits = nn.leaky_relu(sender_logit[senders] + receiver_logit[receivers], negative_slope=0.2)
        attention = edge_softmax(logits, receivers, nodes)
        return jax.ops.segment_sum(x[senders] * attention[..., None], receivers, num_segments=nodes)


class GAT(nn.Module):
    """A layer of concatenated heads, then a layer of one head whose outputs are the classes; self loops added."""

    heads: int
    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        loops = jnp.arange(nodes, dtype=senders.dtype)
        senders = jnp.concatenate([senders, loops])
        receivers = jnp.concatenate([receivers, loops])
        x = GraphAttention(self.heads, self.hidden)(x, senders, receivers)
        x = nn.elu(x.reshape((nodes, -1)))
        return GraphAttention(1, self.classes)(x, senders, receivers)[:, 0, :]


class DenseGraphAttention(nn.Module):
    """As `GraphAttention`, with logits for all pairs of nodes (heads, receivers, senders)."""

    heads: int
    features: int

    @nn.compact
    def __call__(self, x: jax.Array, adjacency: jax.Array) -> jax.Array:
        x = nn.DenseGeneral((self.heads, self.features), use_bias=False)(x)
        initializer = nn.initializers.lecun_normal()
        to_sender = self.param("attention_sender", initializer, (self.heads, self.features))
        to_receiver = self.param("attention_receiver", initializer, (self.heads, self.features))
        sender_logit = (x * to_sender).sum(axis=-1).T
        receiver_logit = (x * to_receiver).sum(axis=-1).T
        logits = nn.leaky_relu(sender_logit[:, None, :] + receiver_logit[:, :, None], negative_slope=0.2)
        attention = nn.softmax(jnp.where(adjacency > 0, logits, -jnp.inf), axis=-1)
        return jnp.einsum("hrs,shf->rhf", attention, x)


class DenseGAT(nn.Module):
    """As `GAT`, over an adjacency matrix (receivers, senders)."""

    heads: int
    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, adjacency: jax.Array) -> jax.Array:
        nodes = x.shape[0]
        adjacency = adjacency + jnp.eye(nodes, dtype=adjacency.dtype)
        x = DenseGraphAttention(self.heads, self.hidden)(x, adjacency)
        x = nn.elu(x.reshape((nodes, -1)))
        return DenseGraphAttention(1, self.classes)(x, adjacency)[:, 0, :]


def gat(N, M, F, K, H, C) -> Recipe:
    """N nodes with F features, M edges besides the N self loops, K heads with H features each, C classes."""
    return Recipe(
        GAT(heads=K, hidden=H, classes=C),
        [Array((N, F)), Array((M,), "int32", below="N"), Array((M,), "int32", below="N")],
    )


def gat_dense(N, F, K, H, C) -> Recipe:
    """N nodes with F features and their adjacency matrix, K heads with H features each, C classes."""
    return Recipe(DenseGAT(heads=K, hidden=H, classes=C), [Array((N, F)), Array((N, N))])
