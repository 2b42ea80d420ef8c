"""Arguments of a traced call: arrays apart from what is static.

Arrays (and whatever has a shape and a dtype) are traced by shape and dtype alone.
Everything else is static: symbols, which become integers, and Python scalars, strings,
functions and objects, which the program is traced with as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from symcost.arrays import ArraySpec
from symcost.dims import in_order
from symcost.errors import ArgumentError
from symcost.frontend.substitute import substitute, symbols_in

KEYS = {"key<fry>": "threefry2x32", "key<rbg>": "rbg", "key<urbg>": "unsafe_rbg"}
"""Implementations of typed PRNG keys by the name of their dtype."""


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call at concrete sizes.

    Attributes:
        args, kwargs: as given, with `jax.ShapeDtypeStruct` for arrays and None in place of what is static.
        leaves: all leaves of (args, kwargs) in order: None for an array, else a 1-tuple of the static value.
        treedef: the structure of (args, kwargs) with static leaves.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    leaves: tuple[Any, ...]
    treedef: Any

    def fill(self, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Traced args and kwargs with the static values put back in."""
        arrays = iter(jax.tree.leaves((args, kwargs)))
        leaves = [next(arrays) if static is None else static[0] for static in self.leaves]
        return jax.tree.unflatten(self.treedef, leaves)


def arguments_at(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], sizes: Mapping[str, int], scalars_are_arrays: bool = False
) -> Arguments:
    """The arguments at `sizes`.

    Args:
        args, kwargs: as the user gave them.
        scalars_are_arrays: trace Python numbers as `jax.jit` does (weakly typed scalars); static otherwise.
    """
    leaves, treedef = jax.tree.flatten((args, dict(kwargs)))
    traced, static = [], []
    for leaf in leaves:
        array = abstract(leaf, sizes, scalars_are_arrays)
        traced.append(array)
        static.append(None if array is not None else (substitute(leaf, sizes),))
    new_args, new_kwargs = jax.tree.unflatten(treedef, traced)
    return Arguments(new_args, new_kwargs, tuple(static), treedef)


def symbols_of_arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of all symbols in shapes and static arguments, in the user's order."""
    return in_order(name for leaf in jax.tree.leaves((args, dict(kwargs))) for name in symbols_in(leaf))


def abstract(leaf: Any, sizes: Mapping[str, int], scalars_are_arrays: bool = False) -> jax.ShapeDtypeStruct | None:
    """The shape and dtype of an array leaf at `sizes`; None if the leaf is static.

    Example:
        >>> from symcost.arrays import array
        >>> abstract(array("N 3"), {"N": 2}).shape, abstract(np.zeros((4,), "int8"), {}).dtype.name
        ((2, 3), 'int8')
        >>> abstract("valid", {}) is None
        True
    """
    if isinstance(leaf, ArraySpec):
        return jax.ShapeDtypeStruct(leaf.at(sizes), _dtype(leaf.dtype, leaf))
    if isinstance(leaf, jax.ShapeDtypeStruct):
        if not all(isinstance(size, int) for size in leaf.shape):
            raise ArgumentError(
                f"{leaf} has a symbolic shape of jax.export", todo='give shapes to symcost as sc.array("N F")'
            )
        _require_available(leaf.dtype, leaf)
        return leaf
    if isinstance(leaf, (jax.Array, np.ndarray, np.generic)):
        if getattr(leaf.dtype, "kind", "") in "OSUMm" and isinstance(leaf, (np.ndarray, np.generic)):
            raise ArgumentError(
                f"an argument is an array of {leaf.dtype}, which JAX does not know",
                todo=f'sc.array({tuple(leaf.shape)}, "float32")',
            )
        dtype = leaf.dtype if isinstance(leaf, jax.Array) else jax.dtypes.canonicalize_dtype(leaf.dtype)
        return jax.ShapeDtypeStruct(leaf.shape, dtype, weak_type=getattr(leaf, "weak_type", False))
    if isinstance(leaf, (bool, int, float, complex)):
        return jax.eval_shape(lambda x: x, leaf) if scalars_are_arrays else None
    if hasattr(leaf, "shape") and hasattr(leaf, "dtype") and not isinstance(leaf, type):
        raise ArgumentError(
            f"an argument is a {type(leaf).__module__}.{type(leaf).__qualname__}, which JAX does not know",
            todo=f'sc.array({tuple(leaf.shape)}, "float32")',
        )
    return None


def _dtype(name: str, leaf: Any) -> Any:
    if name in KEYS:
        return jax.eval_shape(lambda: jax.random.key(0, impl=KEYS[name])).dtype
    dtype = jax.numpy.dtype(name)
    _require_available(dtype, leaf)
    return dtype


def _require_available(dtype: Any, leaf: Any) -> None:
    """JAX would take float32 for float64 in silence where 64-bit types are off."""
    if jax.numpy.issubdtype(dtype, jax.dtypes.extended):
        return
    canonical = jax.dtypes.canonicalize_dtype(dtype)
    if canonical != dtype:
        raise ArgumentError(
            f"{leaf} needs 64-bit types, which JAX has switched off",
            todo=f'jax.config.update("jax_enable_x64", True), or sc.array(..., "{canonical.name}")',
        )


def check_call(fn: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], how: str) -> None:
    """Raise if `fn` can't be called with as many arguments.

    Args:
        fn: the function, `self` already bound or dropped.
        name: what to call it in the message. how: the call that the user types, with {} for the parameters.

    Raises:
        ArgumentError: names what is missing or too many, and the call to type.
    """
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):  # built-ins have no signature; they complain when called
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        given = f"{len(args)} argument{'' if len(args) == 1 else 's'}"
        if kwargs:
            given += f" and the keywords {', '.join(kwargs)}"
        required = [
            p.name if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) else f"{p.name}=..."
            for p in signature.parameters.values()
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
        raise ArgumentError(
            f"{name}{signature} was given {given}: {error}", todo=how.format(", ".join(required))
        ) from None
