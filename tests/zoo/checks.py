"""What the tests of the cookbook's models share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import symcost as sc
from symcost import zoo
from symcost.dims import declarations, dim


@functools.cache
def forward(name: str) -> Any:
    """The cost of a model's forward pass, traced once."""
    return zoo.get(name).trace()


@functools.cache
def gradient(name: str) -> Any:
    """The cost of a model's loss and gradient, traced once."""
    return zoo.get(name).trace_gradient()


def with_fixed(name: str, gradient: bool = False, **fixed: int) -> tuple[Any, Any, list[str]]:
    """A model some of whose sizes are numbers: its cost, what builds it from the sizes that are left, and these."""
    entry = zoo.get(name)
    left = [dim.name for dim in entry.dims if dim.name not in fixed]
    where = [text for text in entry.where if not set(text.split()) & set(fixed)]

    def build(**sizes: int) -> Any:
        return entry.instance({**sizes, **fixed}, gradient)

    with declarations():
        dims = [dim(one.name, **one.domain) for one in entry.dims if one.name in left]
        return sc.trace_family(build, dims, where=where), build, left


def quick(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` compiled without optimisation, which is most of the time of a call on small arrays."""
    return jax.jit(fn, compiler_options={"xla_backend_optimization_level": 0})


def assert_runs(name: str, sizes: Mapping[str, int], rng: np.random.Generator) -> Any:
    """The model runs on random arrays and gives finite numbers; what it returns."""
    recipe = zoo.get(name).at(sizes)
    fn, (variables, *_) = recipe.forward()
    arrays = recipe.drawn(rng, sizes)

    def call(key: jax.Array, *arrays: jax.Array) -> Any:
        return fn(recipe.initial(key, *arrays) if variables else variables, *arrays)

    output = quick(call)(jax.random.key(int(rng.integers(2**31))), *arrays)
    for leaf in jax.tree.leaves(output):
        assert bool(jnp.all(jnp.isfinite(leaf)))
        assert leaf.size == 1 or float(jnp.std(leaf)) > 0
    return output


def assert_published(name: str) -> None:
    """The formulas, and training steps traced at the figures' sizes, meet every published figure of the entry."""
    for figure, counted in zoo.get(name).beside_published(forward(name)):
        assert_met(figure, counted)


def assert_met(figure: Any, counted: int) -> None:
    """What we count is the published figure, to the digits that were printed."""
    assert abs(counted + figure.beyond - figure.figure) <= figure.tolerance * figure.figure, figure.source
