"""Flax Linen modules: hyper-parameters may be symbols, variables come from `jax.eval_shape`."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import jax

from symcost import advice
from symcost.domain import near_names
from symcost.errors import ArgumentError
from symcost.frontend.arguments import Arguments, check_call
from symcost.frontend.model import Model


def linen_model(
    module: Any,
    arguments: Arguments,
    method: str | Callable[..., Any] | None = None,
    rngs: Sequence[str] = (),
    mutable: Sequence[str] | bool = (),
) -> Model:
    """A Linen module with integer fields, at one point.

    Args:
        module: the module, unbound. arguments: of the method called.
        method: the method to call, by name or as a function; `__call__` if None.
        rngs: names of the random streams besides "params" that the call needs ("dropout").
        mutable: collections that the call may write ("batch_stats"), or True for all.
    """
    name = type(module).__name__
    function = _method(module, method)
    label = name if method is None else f"{name}.{getattr(function, '__name__', method)}"
    without_self = _DropFirst(function)
    args, kwargs = arguments.fill(arguments.args, arguments.kwargs)
    check_call(without_self, label, args, kwargs, f"sc.trace({name}(...), {{}})")

    key = jax.eval_shape(lambda: jax.random.key(0))

    def init(keys: Any, args: Any, kwargs: Any) -> Any:
        args, kwargs = arguments.fill(args, kwargs)
        return module.init(keys, *args, method=method, **kwargs)

    keys = dict.fromkeys(("params", *rngs), key)
    variables = dict(jax.eval_shape(init, keys, arguments.args, arguments.kwargs))
    params = variables.pop("params", {})
    writable = _collections(mutable, tuple(variables))

    def call(params: Any, state: Any, rngs: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        args, kwargs = arguments.fill(args, kwargs)
        variables = {"params": params, **state} if jax.tree.leaves(params) else dict(state)
        outputs = module.apply(variables, *args, rngs=rngs or None, mutable=writable, method=method, **kwargs)
        return outputs if writable else (outputs, None)

    return Model(name, params, variables, dict.fromkeys(rngs, key), arguments.args, arguments.kwargs, call)


def _method(module: Any, method: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """The function that is called with the module as its first argument."""
    if callable(method):
        return method
    found = getattr(type(module), method or "__call__", None)
    classes = [c for c in type(module).__mro__ if c.__module__ != "flax.linen.module" and c is not object]
    if not callable(found) or (method is None and not any("__call__" in vars(c) for c in classes)):
        own = [k for c in classes for k, v in vars(c).items() if inspect.isfunction(v) and not k.startswith("_")]
        fields = {field.name for field in dataclasses.fields(module)}
        own = [k for k in dict.fromkeys(own) if k not in {"setup", *fields}]
        near = near_names(method, tuple(own)) if method else own
        raise ArgumentError(
            f"{type(module).__name__} has no method {method or '__call__'!r}",
            where=f"its methods: {', '.join(own)}" if own else None,
            todo=advice.advice("name the method to trace: {}", advice.name("method", near[0] if near else "encode")),
        )
    return found


class _DropFirst:
    """A method's signature without `self`, for `inspect.signature`."""

    def __init__(self, function: Callable[..., Any]):
        signature = inspect.signature(function)
        self.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(self) -> None:
        raise TypeError("only its signature is used")


def _collections(mutable: Sequence[str] | bool, known: tuple[str, ...]) -> list[str] | bool:
    """`mutable` as Flax wants it; a name that is nearly a collection's is taken for a slip."""
    if isinstance(mutable, bool):
        return mutable
    for name in mutable:
        near = near_names(name, known)
        if name not in known and near:
            raise ArgumentError(
                f"the module has no collection {name!r}; it has {', '.join(known)}",
                todo=advice.name("mutable", near[0]),
            )
    return list(mutable) or False  # an empty list would make apply return a pair


def advise(error: Exception) -> advice.Advice | None:
    """What to type after an error of Flax's about collections and random streams."""
    kind, text = type(error).__name__, str(error)
    if kind == "ModifyScopeVariableError" and (found := re.search(r'collection "(\w+)" is immutable', text)):
        return advice.advice("let the module write the collection: {}", advice.name("mutable", found[1]))
    if kind == "InvalidRngError" and (found := re.search(r'needs PRNG for "(\w+)"', text)):
        stream = advice.name("rngs", found[1])
        return advice.advice("give the module the random stream: {}, or switch it off (train=False)", stream)
    return None


def describe(module: Any) -> str:
    """``GCN(features=H)``: the class, and the fields that are no default and short."""
    shown = []
    for field in dataclasses.fields(module):
        value = getattr(module, field.name, field.default)
        if field.name in ("parent", "name") or value is field.default or len(repr(value)) > 40:
            continue
        shown.append(f"{field.name}={value!r}")
    return f"{type(module).__name__}({', '.join(shown)})"
