"""A model at one point: its parameters, state and keys apart, and how to call it.

Every kind of object (Linen, NNX, Haiku, Equinox, a plain function) is brought to this
one form; the forward program and the training step are then made in one way for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

from symcost import advice
from symcost.errors import ArgumentError
from symcost.family import Instance


@dataclass(frozen=True)
class Model:
    """A model at concrete sizes.

    Attributes:
        name: the user's name for it.
        params, state, rngs: pytrees of `jax.ShapeDtypeStruct`; empty tuples where there is none.
        args, kwargs: what it is called with; None in place of parameters and of what is static.
        call: (params, state, rngs, args, kwargs) -> (outputs, new state or None).
    """

    name: str
    params: Any
    state: Any
    rngs: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    call: Callable[[Any, Any, Any, Any, Any], tuple[Any, Any]]


def forward(model: Model) -> Instance:
    """The program that calls the model once; new state is an output beside the model's own."""

    def run(params: Any, state: Any, rngs: Any, args: Any, kwargs: Any) -> Any:
        outputs, new_state = model.call(params, state, rngs, args, kwargs)
        _check_outputs(model.name, outputs)
        return outputs if new_state is None else (outputs, new_state)

    return instance(
        model.name,
        run,
        (model.params, "params"),
        (model.state, "state"),
        (model.rngs, "rng"),
        (model.args, "argument"),
        (model.kwargs, "argument"),
    )


def _check_outputs(name: str, outputs: Any) -> None:
    for leaf in jax.tree.leaves(outputs):
        if not (
            isinstance(leaf, (bool, int, float, complex)) or hasattr(leaf, "dtype") or hasattr(leaf, "__jax_array__")
        ):
            raise ArgumentError(
                f"{name} returned a {type(leaf).__name__}, {leaf!r}, which is no array",
                todo="return arrays, alone or in tuples, lists and dicts",
            )


def instance(name: str, run: Callable[..., Any], *inputs: tuple[Any, str]) -> Instance:
    """An `Instance` from (pytree, kind) pairs, one per parameter of `run`."""
    run.__name__ = run.__qualname__ = name if name.isidentifier() else "program"
    kinds = tuple(kind for tree, kind in inputs for _ in jax.tree.leaves(tree))
    return Instance(run, tuple(tree for tree, _ in inputs), kinds)


def abstract_arrays(tree: Any) -> Any:
    """A pytree of arrays as shapes and dtypes."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), tree)


def bound_method(module: Any, method: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """What to call: a function of the module, its method of that name, or the module itself.

    Raises:
        ArgumentError: there is no such method.
    """
    if callable(method):
        return lambda *args, **kwargs: method(module, *args, **kwargs)
    found = getattr(module, method or "__call__", None)
    if not callable(found):
        raise ArgumentError(
            f"{type(module).__name__} has no method {method or '__call__'!r}",
            todo=advice.advice("name the method to trace: {}", advice.name("method", "encode")),
        )
    return found
