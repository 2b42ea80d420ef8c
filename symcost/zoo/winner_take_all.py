"""The most salient places of a map, one after another: by scanning the map, or by a search down a hierarchy of maxima.

The winner-take-all stage of Itti, Koch, Niebur, IEEE TPAMI 20, 1998: the winner is found, then inhibited, so that
attention moves on. Both ways begin with the local maxima and find the same places in the same order.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost.zoo.recipe import Array, Recipe
from symcost.zoo.saliency import local_maxima


def candidates(saliency: jax.Array) -> jax.Array:
    """The map with all but its local maxima taken out."""
    return jnp.where(local_maxima(saliency[None])[0], saliency, -jnp.inf)


class ScanningSelection(nn.Module):
    """`winners` places (winners, 2), each found by a scan over the whole map (side, side)."""

    winners: int

    def __call__(self, saliency: jax.Array) -> jax.Array:
        side = saliency.shape[1]

        def attend(places: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
            winner = jnp.argmax(places)
            return places.at[winner].set(-jnp.inf), jnp.stack([winner // side, winner % side])

        return jax.lax.scan(attend, candidates(saliency).ravel(), None, length=self.winners)[1]


class HierarchicalSelection(nn.Module):
    """`winners` places (winners, 2) by a tree of maxima over squares of four: made once, then only paths change.

    The side is a power of two; the tree has as many levels as its logarithm.
    """

    winners: int

    def __call__(self, saliency: jax.Array) -> jax.Array:
        levels = [candidates(saliency)]
        while levels[-1].shape[0] > 1:
            half = levels[-1].shape[0] // 2
            levels.append(levels[-1].reshape(half, 2, half, 2).max(axis=(1, 3)))

        def attend(levels: list[jax.Array], _: None) -> tuple[list[jax.Array], jax.Array]:
            row, column = jnp.int32(0), jnp.int32(0)
            for level in reversed(levels[:-1]):
                four = jax.lax.dynamic_slice(level, (2 * row, 2 * column), (2, 2))
                child = jnp.argmax(four).astype(jnp.int32)
                row, column = 2 * row + child // 2, 2 * column + child % 2
            winner = jnp.stack([row, column])
            changed = [levels[0].at[row, column].set(-jnp.inf)]
            for level in levels[1:]:
                row, column = row // 2, column // 2
                four = jax.lax.dynamic_slice(changed[-1], (2 * row, 2 * column), (2, 2))
                changed.append(level.at[row, column].set(four.max()))
            return changed, winner

        return jax.lax.scan(attend, levels, None, length=self.winners)[1]


def scanning(N, K) -> Recipe:
    """A map of N by N places, of which K are attended to."""
    return Recipe(ScanningSelection(winners=K), [Array((N, N))])


def hierarchical(N, K) -> Recipe:
    """As `scanning`; N is a power of two."""
    return Recipe(HierarchicalSelection(winners=K), [Array((N, N))])
