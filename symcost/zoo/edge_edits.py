"""Changing one edge of a graph: adding, removing, re-weighting, in a list of edges and in an adjacency matrix.

A list is searched for the edge and has another length afterwards; its arrays are made anew, since arrays have fixed
shapes. A matrix has a place for each pair of nodes, so that each change is one write: in its place if the matrix is
donated, ``jax.jit(set_edge, donate_argnums=0)``, and into a copy of the matrix if not.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe

# A list of edges: receivers and senders, (edges,) each, and weights, (edges,).
Edges = tuple[jax.Array, jax.Array, jax.Array]


def find_edge(receivers: jax.Array, senders: jax.Array, receiver: jax.Array, sender: jax.Array) -> jax.Array:
    """Where the edge stands in the list: two comparisons per edge, and a scan over the outcomes."""
    return jnp.argmax((receivers == receiver) & (senders == sender))


def add_edge(
    receivers: jax.Array,
    senders: jax.Array,
    weights: jax.Array,
    receiver: jax.Array,
    sender: jax.Array,
    weight: jax.Array,
) -> Edges:
    """The list with one edge more, at its end; that the edge is new is the caller's to know."""
    return jnp.append(receivers, receiver), jnp.append(senders, sender), jnp.append(weights, weight)


def remove_edge(
    receivers: jax.Array, senders: jax.Array, weights: jax.Array, receiver: jax.Array, sender: jax.Array
) -> Edges:
    """The list with one edge less: the last edge takes the place of the removed one."""
    place = find_edge(receivers, senders, receiver, sender)
    receivers, senders, weights = (array.at[place].set(array[-1])[:-1] for array in (receivers, senders, weights))
    return receivers, senders, weights


def reweight_edge(
    receivers: jax.Array,
    senders: jax.Array,
    weights: jax.Array,
    receiver: jax.Array,
    sender: jax.Array,
    weight: jax.Array,
) -> jax.Array:
    """The weights with a new one for the edge."""
    return weights.at[find_edge(receivers, senders, receiver, sender)].set(weight)


def set_edge(adjacency: jax.Array, receiver: jax.Array, sender: jax.Array, weight: jax.Array) -> jax.Array:
    """The matrix with this weight for the edge: adds it, re-weights it, and with the weight 0 removes it."""
    return adjacency.at[receiver, sender].set(weight)


def _list(M) -> list[Array]:
    """Node numbers are drawn below the number of edges, as in a graph that has no more nodes than edges."""
    return [Array((M,), "int32", below="M"), Array((M,), "int32", below="M"), Array((M,))]


NODE, WEIGHT = Array((), "int32"), Array(())


def add_sparse(M) -> Recipe:
    """A list of M weighted edges, and another edge."""
    return Recipe(add_edge, [*_list(M), NODE, NODE, WEIGHT])


def remove_sparse(M) -> Recipe:
    """A list of M weighted edges, and the one that goes."""
    return Recipe(remove_edge, [*_list(M), NODE, NODE])


def reweight_sparse(M) -> Recipe:
    """A list of M weighted edges, one of them again, and its new weight."""
    return Recipe(reweight_edge, [*_list(M), NODE, NODE, WEIGHT])


def set_dense(N) -> Recipe:
    """The adjacency matrix of N nodes, two of them, and the weight of their edge."""
    return Recipe(set_edge, [Array((N, N)), NODE, NODE, WEIGHT])


def set_dense_in_place(N) -> Recipe:
    """As `set_dense`, with the matrix donated."""
    return Recipe(jax.jit(set_edge, donate_argnums=0), [Array((N, N)), NODE, NODE, WEIGHT])
