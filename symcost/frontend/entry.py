"""The entries: anything that `sc.trace` or `sc.trace_training` takes -> `Family`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax

from symcost.advice import Advice
from symcost.arrays import ArraySpec
from symcost.dims import domain_of
from symcost.errors import ArgumentError, SymcostError
from symcost.family import Family, Instance
from symcost.frontend import linen
from symcost.frontend.arguments import arguments_at, symbols_of_arguments
from symcost.frontend.closure import refuse_closed_over
from symcost.frontend.deferred import Deferred
from symcost.frontend.dispatch import kind_of, model_at
from symcost.frontend.model import forward
from symcost.frontend.options import Options, merged_kwargs
from symcost.frontend.substitute import callables_in, symbols_in
from symcost.frontend.training import check_donate, check_training, optimizer_at, training_step
from symcost.grammar import parse_shape


def to_family(
    obj: Any,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    method: Any = None,
    rngs: Any = (),
    mutable: Any = (),
    params: Any = (),
    where: Any = (),
    dims: Any = None,
) -> Family:
    """The family of one call of a model or function.

    Args:
        obj: a Linen module with symbols in its fields, what `build` returned, an NNX or Equinox module, a pair made by
            `haiku.transform`, or any JAX callable.
        args, kwargs: pytrees of `sc.array(...)`, `jax.ShapeDtypeStruct` or arrays (shape and dtype only); symbols,
            Python scalars, strings, functions and None are static.
        method, rngs, mutable: for Linen modules, as in `flax.linen.Module.apply`.
        params: names or positions of a plain function's arguments that are parameters.
        where: relations between symbols. dims: the symbols that may occur, in the order wanted; each must be used.

    Raises:
        ArgumentError: arguments of the wrong number or type, or an option that the object has no use for.
        DimensionError: an unknown or unused symbol, or a callable that closes over a symbol.

    Example:
        >>> from symcost.arrays import array
        >>> family = to_family(lambda x, w: x @ w, (array("N F"), array("F H")))
        >>> str(family.domain), family.at({"N": 2, "F": 3, "H": 5}).args[-2][1].shape
        ('N >= 1, F >= 1, H >= 1', (3, 5))
    """
    args, kwargs = _checked(args, kwargs)
    options = Options.of(method, rngs, mutable, params)
    _refuse_symbols(obj, args, kwargs)
    names = (*symbols_of_arguments(args, kwargs), *symbols_in(obj))

    def instantiate(sizes: Mapping[str, int]) -> Instance:
        return forward(model_at(obj, arguments_at(args, kwargs, sizes), sizes, options))

    return Family(domain_of(names, where, dims), name_of(obj), instantiate, provenance(obj), _adviser(args, kwargs))


def training_family(
    obj: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Any,
    optimizer: Any,
    method: Any = None,
    rngs: Any = (),
    mutable: Any = (),
    params: Any = (),
    where: Any = (),
    dims: Any = None,
    donate: Any = False,
) -> Family:
    """The family of one training step: loss, gradient and update in one program.

    Args:
        obj: a model as in `to_family`. A plain function's first argument holds its parameters unless `params=` names
            others.
        args: the model's arguments, and last the targets (a pytree), which only the loss sees.
        loss: (outputs, targets) -> a scalar.
        optimizer: an Optax gradient transformation, or `sc.build(optax.adam, ...)`.
        donate: params, optimizer state and the model's state are donated, as by `jax.jit(step, donate_argnums=...)`.

    Raises:
        ArgumentError: a loss that is no scalar or no function, no optimizer, no targets, nothing to train.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> from symcost.arrays import array
        >>> family = training_family(
        ...     lambda w, x: x @ w, (array("F"), array("B F"), array("B")),
        ...     loss=lambda outputs, y: jnp.mean((outputs - y) ** 2), optimizer=optax.sgd(0.1))
        >>> family.at({"B": 4, "F": 3}).kinds
        ('params', 'argument', 'argument')
    """
    args, kwargs = _checked(args, kwargs)
    check_training(loss, optimizer, args)
    check_donate(donate)
    if not params and kind_of(obj) == "function" and not isinstance(obj, Deferred):
        params = (0,)
    options = Options.of(method, rngs, mutable, params)
    _refuse_symbols(obj, args, kwargs)
    _refuse_symbols(loss)
    names = (*symbols_of_arguments(args, kwargs), *symbols_in(obj), *symbols_in(optimizer))

    def instantiate(sizes: Mapping[str, int]) -> Instance:
        try:
            model = model_at(obj, arguments_at(args[:-1], kwargs, sizes), sizes, options)
        except ArgumentError as error:
            if len(args) > 1:
                raise
            raise ArgumentError(
                f"{error.what} (the last argument of a training step is the targets)",
                todo="sc.trace_training(model, x, y, loss=..., optimizer=...)",
            ) from None
        targets = arguments_at(args[-1:], {}, sizes, scalars_are_arrays=True)
        return training_step(model, targets.args[0], loss, optimizer_at(optimizer, sizes), donate)

    return Family(
        domain_of(names, where, dims),
        f"train_{name_of(obj)}",
        instantiate,
        f"the training step of {provenance(obj)}",
        _adviser(args, kwargs),
    )


def name_of(obj: Any) -> str:
    """A short name for the user's object."""
    if isinstance(obj, Deferred):
        obj = obj.constructor
    return getattr(obj, "__name__", type(obj).__name__)


def provenance(obj: Any) -> str:
    """What the user handed over, in a few words."""
    if isinstance(obj, Deferred):
        return str(obj)
    kind = kind_of(obj)
    if kind == "linen":
        return linen.describe(obj)
    return f"the function {name_of(obj)!r}" if kind == "function" else name_of(obj)


def _checked(args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not isinstance(args, (tuple, list)):
        raise ArgumentError(f"args={args!r} is not a tuple of arguments", todo="args=(x,)")
    return tuple(args), merged_kwargs(kwargs)


def _refuse_symbols(obj: Any, *others: Any) -> None:
    """A callable that closes over a symbol is an error; fields of a Linen module or arguments of build may hold one."""
    if not isinstance(obj, Deferred) and kind_of(obj) != "linen":
        refuse_closed_over(obj)
    for callable_ in callables_in((obj, *others)):
        refuse_closed_over(callable_)


def _adviser(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Advice after an exception: Flax's collections and streams, an argument that should have been an array."""

    def advise(error: Exception) -> Advice | str | None:
        known = linen.advise(error)
        if known is None and isinstance(error, _NOT_AN_ARRAY):
            return _no_array(args, kwargs)
        return known

    return advise


def _no_array(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """What to write instead of an argument that is handed on as it is: a text, a size, a tuple of sizes."""
    named = [
        *((f"argument {i}", a) for i, a in enumerate(args, 1)),
        *((f"the argument {k}", v) for k, v in kwargs.items()),
    ]
    some_array = any(isinstance(leaf, ArraySpec) or hasattr(leaf, "dtype") for leaf in jax.tree.leaves((args, kwargs)))
    for what, given in named:
        shape = _shape(given)
        if isinstance(given, str) and (not some_array or given.replace(" ", "").isupper()):
            what = f"{what} is the text {given!r}"
        elif not some_array and (shape is not None or given is None or not jax.tree.leaves(given)):
            what = f"{what} is {given!r}"
        elif not some_array and not callable(given):
            what = f"{what} is a {type(given).__name__}"
        else:
            continue
        return f"{what}, which the call gets as it is; an array is sc.array({shape or _NAMES!r})".replace("'", '"')
    return None


_NAMES = "B F"
_NOT_AN_ARRAY = (IndexError, TypeError, AttributeError, Warning)
"""What is raised where an array is expected and something else comes."""


def _shape(given: Any) -> str | None:
    """A shape string for what looks like a shape: ``"B F"``, ``(B, 3)``, ``B``, ``3``."""
    if isinstance(given, str):
        try:
            parse_shape(given)
        except SymcostError:
            return None
        return given if given.replace(" ", "").isupper() else None
    entries = given if isinstance(given, (tuple, list)) else (given,)
    if entries and all(getattr(e, "is_Symbol", False) or type(e) is int for e in entries):
        return " ".join(map(str, entries))
    return None
