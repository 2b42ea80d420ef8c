"""A message-passing network whose messages are a matrix of the edge times the state of its sender.

Gilmer, Schoenholz, Riley, Vinyals, Dahl, "Neural Message Passing for Quantum Chemistry", ICML 2017, arXiv:1704.01212:
the edge network as message function and a gated recurrent unit as update, shared by all rounds.

The matrices are made once and used in every round; the dense form has one for each pair of nodes.
"""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


class SparseRound(nn.Module):
    """A round over edges: (state, nothing) to (state, nothing), as `nn.scan` asks for."""

    hidden: int

    @nn.compact
    def __call__(
        self, state: jax.Array, _: None, matrices: jax.Array, senders: jax.Array, receivers: jax.Array
    ) -> tuple[jax.Array, None]:
        messages = jnp.einsum("eij,ej->ei", matrices, state[senders])
        received = jax.ops.segment_sum(messages, receivers, num_segments=state.shape[0])
        return nn.GRUCell(self.hidden)(state, received)[0], None


class DenseRound(nn.Module):
    """A round over all pairs of nodes; the matrices of pairs without an edge are 0."""

    hidden: int

    @nn.compact
    def __call__(self, state: jax.Array, _: None, matrices: jax.Array) -> tuple[jax.Array, None]:
        received = jnp.einsum("rsij,sj->ri", matrices, state)
        return nn.GRUCell(self.hidden)(state, received)[0], None


def _rounds(round_: type[nn.Module], count: int, inputs: int) -> Any:
    """`count` rounds with the same parameters and the same `inputs` beside the state."""
    in_axes: Any = (nn.broadcast,) * inputs
    return nn.scan(round_, variable_broadcast="params", split_rngs={"params": False}, in_axes=in_axes, length=count)


class SparseMessagePassing(nn.Module):
    """`rounds` rounds over a list of edges with features (edges, edge features)."""

    hidden: int
    classes: int
    rounds: int

    @nn.compact
    def __call__(self, x: jax.Array, edges: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
        state = nn.Dense(self.hidden)(x)
        matrices = nn.DenseGeneral((self.hidden, self.hidden), name="edge_network")(edges)
        round_ = _rounds(SparseRound, self.rounds, 4)
        state, _ = round_(self.hidden, name="rounds")(state, None, matrices, senders, receivers)
        return nn.Dense(self.classes)(state)


class DenseMessagePassing(nn.Module):
    """`rounds` rounds over an adjacency matrix (receivers, senders) and features of all pairs."""

    hidden: int
    classes: int
    rounds: int

    @nn.compact
    def __call__(self, x: jax.Array, edges: jax.Array, adjacency: jax.Array) -> jax.Array:
        state = nn.Dense(self.hidden)(x)
        matrices = nn.DenseGeneral((self.hidden, self.hidden), name="edge_network")(edges)
        matrices = matrices * adjacency[:, :, None, None]
        round_ = _rounds(DenseRound, self.rounds, 2)
        state, _ = round_(self.hidden, name="rounds")(state, None, matrices)
        return nn.Dense(self.classes)(state)


def mpnn_sparse(N, M, F, E, H, T, C) -> Recipe:
    """N nodes with F features, M edges with E features, H hidden units, T rounds, C classes."""
    return Recipe(
        SparseMessagePassing(hidden=H, classes=C, rounds=T),
        [Array((N, F)), Array((M, E)), Array((M,), "int32", below="N"), Array((M,), "int32", below="N")],
    )


def mpnn_dense(N, F, E, H, T, C) -> Recipe:
    """N nodes with F features, E features for each pair of them, H hidden units, T rounds, C classes."""
    return Recipe(DenseMessagePassing(hidden=H, classes=C, rounds=T), [Array((N, F)), Array((N, N, E)), Array((N, N))])
