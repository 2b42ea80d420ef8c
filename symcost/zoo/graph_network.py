"""A full GraphNetwork block: edges, nodes and the graph as a whole have features, and each is updated from the others.

Battaglia et al., "Relational inductive biases, deep learning, and graph networks", 2018, arXiv:1806.01261,
algorithm 1, with sums as aggregations and perceptrons of one hidden layer as update functions.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


class Update(nn.Module):
    """A perceptron of one hidden layer over concatenated features; both layers have `features` units."""

    features: int

    @nn.compact
    def __call__(self, *parts: jax.Array) -> jax.Array:
        leading = max((part.shape[:-1] for part in parts), key=len)
        x = jnp.concatenate([jnp.broadcast_to(part, (*leading, part.shape[-1])) for part in parts], axis=-1)
        return nn.Dense(self.features)(nn.relu(nn.Dense(self.features)(x)))


class SparseGraphNetwork(nn.Module):
    """Over a list of edges; returns the new (edges, nodes, graph)."""

    features: int

    @nn.compact
    def __call__(
        self, x: jax.Array, edges: jax.Array, graph: jax.Array, senders: jax.Array, receivers: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        edges = Update(self.features, name="edge_update")(edges, x[senders], x[receivers], graph)
        received = jax.ops.segment_sum(edges, receivers, num_segments=x.shape[0])
        x = Update(self.features, name="node_update")(received, x, graph)
        return edges, x, Update(self.features, name="graph_update")(edges.sum(axis=0), x.sum(axis=0), graph)


class DenseGraphNetwork(nn.Module):
    """Over all pairs (receivers, senders), with an adjacency matrix that tells which of them are edges."""

    features: int

    @nn.compact
    def __call__(
        self, x: jax.Array, edges: jax.Array, graph: jax.Array, adjacency: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        nodes, width = x.shape
        sender = jnp.broadcast_to(x[None, :, :], (nodes, nodes, width))
        receiver = jnp.broadcast_to(x[:, None, :], (nodes, nodes, width))
        edges = Update(self.features, name="edge_update")(edges, sender, receiver, graph)
        edges = edges * adjacency[:, :, None]
        received = edges.sum(axis=1)
        x = Update(self.features, name="node_update")(received, x, graph)
        return edges, x, Update(self.features, name="graph_update")(received.sum(axis=0), x.sum(axis=0), graph)


class GraphLevel(nn.Module):
    """The last of a block's results, the new features of the graph: they depend on all the others."""

    block: nn.Module

    @nn.compact
    def __call__(self, *graph: jax.Array) -> jax.Array:
        return self.block(*graph)[2]


def graph_network_sparse(N, M, F, E, U, H) -> Recipe:
    """N nodes with F features, M edges with E, a graph with U; H features of each afterwards."""
    edge = Array((M,), "int32", below="N")
    return Recipe(GraphLevel(SparseGraphNetwork(H)), [Array((N, F)), Array((M, E)), Array((U,)), edge, edge])


def graph_network_dense(N, F, E, U, H) -> Recipe:
    """N nodes with F features, E features for each pair of them, a graph with U; H features of each afterwards."""
    return Recipe(GraphLevel(DenseGraphNetwork(H)), [Array((N, F)), Array((N, N, E)), Array((U,)), Array((N, N))])
