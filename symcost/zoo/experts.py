"""A mixture of experts: each token goes to the experts that a router prefers, as far as they have room.

Shazeer et al., "Outrageously Large Neural Networks", ICLR 2017, arXiv:1701.06538; experts with a fixed capacity and
tokens carried to and from them by products with a mask: Lepikhin et al., "GShard", ICLR 2021, arXiv:2006.16668.

The other form moves tokens by index (a scatter and a gather), as MegaBlocks and others do (arXiv:2211.15841).
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe


class MixtureOfExperts(nn.Module):
    """Tokens (T, D) through `chosen` of `experts` perceptrons of `hidden` units, `capacity` tokens in each at most.

    Attributes:
        by_index: move tokens by a scatter and a gather instead of products with a mask of (T, E, C).
    """

    experts: int
    chosen: int
    capacity: int
    hidden: int
    by_index: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        tokens, width = x.shape
        gates = nn.softmax(nn.Dense(self.experts, use_bias=False, name="router")(x))
        weights, expert = jax.lax.top_k(gates, self.chosen)
        weights = weights / weights.sum(axis=1, keepdims=True)
        # the first choices of all tokens stand in the queues before the second ones
        queues = jax.nn.one_hot(expert.T.reshape(-1), self.experts, dtype=jnp.int32)
        place = ((jnp.cumsum(queues, axis=0) - 1) * queues).sum(axis=1).reshape(self.chosen, tokens).T
        if self.by_index:
            slot = jnp.where(place < self.capacity, expert * self.capacity + place, self.experts * self.capacity)
            rows = jnp.repeat(x, self.chosen, axis=0)
            inputs = jnp.zeros((self.experts * self.capacity, width), x.dtype)
            inputs = inputs.at[slot.reshape(-1)].set(rows, mode="drop", unique_indices=True)
            outputs = self._apply(inputs.reshape(self.experts, self.capacity, width))
            outputs = outputs.reshape(-1, width).at[slot].get(mode="fill", fill_value=0)
            return jnp.einsum("tk,tkd->td", weights, outputs)
        # a place beyond the capacity is a row of zeros
        mask = jnp.einsum(
            "tke,tkc->tkec",
            jax.nn.one_hot(expert, self.experts, dtype=x.dtype),
            jax.nn.one_hot(place, self.capacity, dtype=x.dtype),
        )
        outputs = self._apply(jnp.einsum("tec,td->ecd", mask.sum(axis=1), x))
        return jnp.einsum("tec,ecd->td", jnp.einsum("tk,tkec->tec", weights, mask), outputs)

    def _apply(self, inputs: jax.Array) -> jax.Array:
        """Each expert's perceptron on its own rows, (E, C, D) to (E, C, D)."""
        width = inputs.shape[-1]
        init = nn.initializers.lecun_normal(batch_axis=0)
        up = self.param("up", init, (self.experts, width, self.hidden))
        down = self.param("down", init, (self.experts, self.hidden, width))
        return jnp.einsum("ecf,efd->ecd", nn.gelu(jnp.einsum("ecd,edf->ecf", inputs, up)), down)


def by_mask(T, D, F, E, K, C) -> Recipe:
    """T tokens of width D, each to K of E experts of F hidden units with room for C tokens."""
    return Recipe(MixtureOfExperts(experts=E, chosen=K, capacity=C, hidden=F), [Array((T, D))])


def by_index(T, D, F, E, K, C) -> Recipe:
    """As `by_mask`; tokens are moved by index."""
    return Recipe(MixtureOfExperts(experts=E, chosen=K, capacity=C, hidden=F, by_index=True), [Array((T, D))])
