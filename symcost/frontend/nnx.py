"""Flax NNX modules: built abstractly, split into parameters, keys and state, merged again in the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx

from symcost.frontend.arguments import Arguments, check_call
from symcost.frontend.model import Model, abstract_arrays, bound_method
from symcost.frontend.nnx_scopes import module_scopes


def nnx_model(
    construct: Callable[[], nnx.Module], arguments: Arguments, method: str | Callable[..., Any] | None = None
) -> Model:
    """The NNX module that `construct` makes, at one point.

    Parameters are its `nnx.Param`s; the states of its random streams are "rng" inputs, everything else "state".
    Both come out of the program again as the call leaves them.
    """
    made: dict[str, Any] = {}

    def build() -> Any:
        module = construct()
        made["module"] = module
        made["graph"], *states = nnx.split(module, nnx.Param, nnx.RngState, ...)
        return tuple(states)

    params, streams, rest = map(abstract_arrays, jax.eval_shape(build))
    module = made["module"]
    name = type(module).__name__
    bound = bound_method(module, method)
    args, kwargs = arguments.fill(arguments.args, arguments.kwargs)
    check_call(bound, name, args, kwargs, f"sc.trace(sc.build({name}, ...), {{}})")
    graph = made["graph"]

    def call(params: Any, state: Any, rngs: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        args, kwargs = arguments.fill(args, kwargs)
        module = nnx.merge(graph, params, rngs, state)
        with module_scopes(module):
            outputs = bound_method(module, method)(*args, **kwargs)
        _, _, new_rngs, new_state = nnx.split(module, nnx.Param, nnx.RngState, ...)
        return outputs, (new_rngs, new_state) if jax.tree.leaves((new_rngs, new_state)) else None

    return Model(name, params, rest, streams, arguments.args, arguments.kwargs, call)
