"""Which framework an object comes from, told by the names in its class's ancestry; nothing is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_linen_module(obj: Any) -> bool:
    """An instance of `flax.linen.Module`."""
    return _has_ancestor(type(obj), "flax.linen", "Module")


def is_nnx_module(obj: Any) -> bool:
    """An instance of `flax.nnx.Module`."""
    return is_nnx_class(type(obj))


def is_nnx_class(cls: Any) -> bool:
    """A subclass of `flax.nnx.Module`."""
    return isinstance(cls, type) and _has_ancestor(cls, "flax.nnx", "Module")


def is_module_class(cls: Any) -> bool:
    """A class (no instance) of modules of either kind."""
    return isinstance(cls, type) and (_has_ancestor(cls, "flax.linen", "Module") or is_nnx_class(cls))


def is_transformed(obj: Any) -> bool:
    """A pair of functions as `haiku.transform` makes it."""
    return (
        type(obj).__name__ in ("Transformed", "TransformedWithState") and hasattr(obj, "init") and hasattr(obj, "apply")
    )


def has_state(transformed: Any) -> bool:
    """Whether a transformed pair has state besides its parameters."""
    return type(transformed).__name__ == "TransformedWithState"


def is_pytree_callable(obj: Any) -> bool:
    """A callable whose own arrays are its parameters: a registered pytree, such as an Equinox module."""
    import jax

    return callable(obj) and not jax.tree_util.all_leaves([obj])


def wants_rngs(constructor: Callable[..., Any]) -> bool:
    """Whether a constructor has a parameter `rngs` without default, as NNX modules have."""
    import inspect

    # the metaclass of NNX modules hides the signature of __init__
    function = constructor.__init__ if is_nnx_class(constructor) else constructor  # type: ignore[misc]
    try:
        parameter = inspect.signature(function).parameters.get("rngs")
    except (TypeError, ValueError):  # no signature to read
        return False
    return parameter is not None and parameter.default is parameter.empty


def _has_ancestor(cls: type, package: str, name: str) -> bool:
    return any(c.__name__ == name and c.__module__.startswith(package) for c in cls.__mro__)
