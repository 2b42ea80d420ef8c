"""A batch of graphs, each padded to the same numbers of nodes and edges, through any network of one graph.

Edges that pad a list lead from a node that pads to itself, so that no real node hears of them; rows and columns that
pad a matrix are 0. Padding is computed with as anything else is: the batch costs as many times the largest graph.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import flax.linen as nn
import jax

from symcost.zoo import gat, gcn, gin, graph_network, message_passing, sage
from symcost.zoo.recipe import Recipe


class PaddedGraphs(nn.Module):
    """`network` for each graph of a batch; all arguments have the batch as their first axis, parameters are shared."""

    network: nn.Module

    @nn.compact
    def __call__(self, *graphs: jax.Array) -> Any:
        def apply(network: nn.Module, *graph: jax.Array) -> Any:
            return network(*graph)

        batched = nn.vmap(apply, variable_axes={"params": None}, split_rngs={"params": False})
        return batched(self.network, *graphs)


def padded(recipe: Recipe, graphs: Any) -> Recipe:
    """The model of `recipe` over a batch of `graphs` graphs."""
    assert isinstance(recipe.module, nn.Module)
    arrays = [replace(array, shape=(graphs, *array.shape)) for array in recipe.arrays]
    return replace(recipe, module=PaddedGraphs(recipe.module), arrays=arrays)


def gcn_sparse(B, **sizes) -> Recipe:
    """B graphs of `gcn.gcn_sparse`."""
    return padded(gcn.gcn_sparse(**sizes), B)


def gcn_dense(B, **sizes) -> Recipe:
    """B graphs of `gcn.gcn_dense`."""
    return padded(gcn.gcn_dense(**sizes), B)


def sage_sparse(B, **sizes) -> Recipe:
    """B graphs of `sage.sage_sparse`."""
    return padded(sage.sage_sparse(**sizes), B)


def sage_dense(B, **sizes) -> Recipe:
    """B graphs of `sage.sage_dense`."""
    return padded(sage.sage_dense(**sizes), B)


def gat_sparse(B, **sizes) -> Recipe:
    """B graphs of `gat.gat`."""
    return padded(gat.gat(**sizes), B)


def gat_dense(B, **sizes) -> Recipe:
    """B graphs of `gat.gat_dense`."""
    return padded(gat.gat_dense(**sizes), B)


def gin_sparse(B, **sizes) -> Recipe:
    """B graphs of `gin.gin_sparse`."""
    return padded(gin.gin_sparse(**sizes), B)


def gin_dense(B, **sizes) -> Recipe:
    """B graphs of `gin.gin_dense`."""
    return padded(gin.gin_dense(**sizes), B)


def mpnn_sparse(B, **sizes) -> Recipe:
    """B graphs of `message_passing.mpnn_sparse`."""
    return padded(message_passing.mpnn_sparse(**sizes), B)


def mpnn_dense(B, **sizes) -> Recipe:
    """B graphs of `message_passing.mpnn_dense`."""
    return padded(message_passing.mpnn_dense(**sizes), B)


def graphnet_sparse(B, **sizes) -> Recipe:
    """B graphs of `graph_network.graph_network_sparse`."""
    return padded(graph_network.graph_network_sparse(**sizes), B)


def graphnet_dense(B, **sizes) -> Recipe:
    """B graphs of `graph_network.graph_network_dense`."""
    return padded(graph_network.graph_network_dense(**sizes), B)
