"""Callables that are pytrees of their own parameters (Equinox), and Haiku's pairs of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from symcost.frontend.arguments import Arguments, check_call
from symcost.frontend.frameworks import has_state
from symcost.frontend.model import Model, bound_method


def pytree_model(
    construct: Callable[[], Any], arguments: Arguments, method: str | Callable[..., Any] | None = None
) -> Model:
    """The callable pytree that `construct` makes: its floating-point arrays are parameters, other arrays state."""
    made: dict[str, Any] = {}

    def build() -> tuple[list[Any], list[Any]]:
        obj = construct()
        leaves, made["tree"] = jax.tree.flatten(obj)
        made["name"], made["object"] = type(obj).__name__, obj
        made["places"] = [_place(leaf) for leaf in leaves]
        made["static"] = [None if place else leaf for leaf, place in zip(leaves, made["places"], strict=True)]
        return tuple(
            [jax.numpy.asarray(leaf) for leaf, p in zip(leaves, made["places"], strict=True) if p == place]
            for place in ("params", "state")
        )  # type: ignore[return-value]

    params, state = jax.eval_shape(build)
    function = bound_method(made["object"], method)
    args, kwargs = arguments.fill(arguments.args, arguments.kwargs)
    check_call(function, made["name"], args, kwargs, f"sc.trace(sc.build({made['name']}, ...), {{}})")

    def call(params: Any, state: Any, rngs: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        args, kwargs = arguments.fill(args, kwargs)
        arrays = {"params": iter(params), "state": iter(state)}
        leaves = [
            next(arrays[place]) if place else static
            for place, static in zip(made["places"], made["static"], strict=True)
        ]
        return bound_method(jax.tree.unflatten(made["tree"], leaves), method)(*args, **kwargs), None

    return Model(made["name"], params, state, (), arguments.args, arguments.kwargs, call)


def _place(leaf: Any) -> str:
    """ "params", "state", or "" for a leaf that is static."""
    if not isinstance(leaf, (jax.Array, np.ndarray)):
        return ""
    return "params" if jax.numpy.issubdtype(leaf.dtype, jax.numpy.inexact) else "state"


def transformed_model(pair: Any, arguments: Arguments) -> Model:
    """A pair of functions ``init(rng, ...)`` and ``apply(params, [state,] rng, ...)`` as `haiku.transform` makes it."""
    key = jax.eval_shape(lambda: jax.random.PRNGKey(0))  # Haiku takes the raw keys

    def init(key: Any, args: Any, kwargs: Any) -> Any:
        args, kwargs = arguments.fill(args, kwargs)
        return pair.init(key, *args, **kwargs)

    made = jax.eval_shape(init, key, arguments.args, arguments.kwargs)
    params, state = made if has_state(pair) else (made, ())

    def call(params: Any, state: Any, rngs: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        args, kwargs = arguments.fill(args, kwargs)
        if has_state(pair):
            return pair.apply(params, state, rngs, *args, **kwargs)
        return pair.apply(params, rngs, *args, **kwargs), None

    return Model("apply", params, state, key, arguments.args, arguments.kwargs, call)
