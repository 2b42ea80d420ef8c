"""The user's object -> `Model` at one point, by what the object is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax

from symcost.errors import ArgumentError
from symcost.frontend.arguments import Arguments
from symcost.frontend.deferred import Deferred
from symcost.frontend.frameworks import (
    is_linen_module,
    is_module_class,
    is_nnx_class,
    is_nnx_module,
    is_pytree_callable,
    is_transformed,
)
from symcost.frontend.function import function_model
from symcost.frontend.linen import describe, linen_model
from symcost.frontend.model import Model
from symcost.frontend.options import Options
from symcost.frontend.pytree import pytree_model, transformed_model
from symcost.frontend.substitute import substitute


def model_at(obj: Any, arguments: Arguments, sizes: Mapping[str, int], options: Options) -> Model:
    """`obj` as a model at `sizes`.

    Args:
        obj: a Linen module (symbols in its fields), what `sc.build` returned, an NNX or Equinox module,
            a pair made by `haiku.transform`, or any callable.
    """
    if isinstance(obj, Deferred):
        return _deferred_model(obj, arguments, sizes, options)
    if is_linen_module(obj):
        return _linen(substitute(obj, sizes), arguments, options)
    kind = kind_of(obj)
    if kind in ("nnx", "pytree"):
        return _built(kind, lambda: obj, arguments, options)
    return _plain(obj, arguments, options)


def kind_of(obj: Any) -> str:
    """ "linen", "nnx", "transformed", "pytree", "function", or "" for what can't be called."""
    if is_linen_module(obj):
        return "linen"
    if is_nnx_module(obj):
        return "nnx"
    if is_transformed(obj):
        return "transformed"
    if is_pytree_callable(obj):
        return "pytree"
    return "function" if callable(obj) else ""


def _deferred_model(obj: Deferred, arguments: Arguments, sizes: Mapping[str, int], options: Options) -> Model:
    kind = _kind_made(obj, sizes)
    if kind in ("nnx", "pytree"):
        return _built(kind, lambda: obj.construct(sizes), arguments, options)
    made = obj.construct(sizes)
    if kind == "linen":
        return _linen(made, arguments, options)
    return _plain(made, arguments, options)


def _kind_made(obj: Deferred, sizes: Mapping[str, int]) -> str:
    """What a constructor makes: told by its class, or found out once under `jax.eval_shape`, without real arrays."""
    if obj.kind is None:
        if is_module_class(obj.constructor):
            kind = "nnx" if is_nnx_class(obj.constructor) else "linen"
        else:
            kinds = []
            jax.eval_shape(lambda: kinds.append(kind_of(obj.construct(sizes))))
            (kind,) = kinds
        object.__setattr__(obj, "kind", kind)
    assert obj.kind is not None
    return obj.kind


def _linen(module: Any, arguments: Arguments, options: Options) -> Model:
    options.refuse(f"the Linen module {describe(module)}", "params")
    return linen_model(module, arguments, options.method, options.rngs, options.mutable)


def _built(kind: str, construct: Callable[[], Any], arguments: Arguments, options: Options) -> Model:
    options.refuse(
        "an NNX module, whose state is its own" if kind == "nnx" else "this model", "params", "rngs", "mutable"
    )
    if kind == "nnx":
        from symcost.frontend.nnx import nnx_model  # imports flax.nnx, which nobody else needs

        return nnx_model(construct, arguments, options.method)
    return pytree_model(construct, arguments, options.method)


def _plain(obj: Any, arguments: Arguments, options: Options) -> Model:
    if is_transformed(obj):
        options.refuse("a pair of transformed functions", "params", "rngs", "mutable", "method")
        return transformed_model(obj, arguments)
    if is_module_class(obj):
        raise ArgumentError(
            f"{obj.__name__} is a class, not a module",
            todo=f"sc.trace({obj.__name__}(...), ...) or sc.build({obj.__name__}, ...)",
        )
    if not callable(obj):
        raise ArgumentError(
            f"a {type(obj).__name__} can't be traced: it is no module and no function",
            todo="sc.trace(module_or_function, x)",
        )
    options.refuse("a plain function", "rngs", "mutable", "method")
    return function_model(obj, arguments, options.params)
