"""Flax initialisers by shape and type alone, while symcost traces.

Flax evaluates the initialiser of every parameter abstractly when a model is built, and once more whenever it is
applied, to compare shapes: random numbers, and for recurrent kernels a QR decomposition, traced to be thrown away.
That is a third of tracing a small model and more. JAX's own initialisers return the shape and type they are asked
for, so that within `by_shape` zeros of that shape and type stand for them.

What a program computes is not touched: an initialiser that the traced program itself runs is left alone, as is every
initialiser that is not JAX's own, every one with other arguments, and whatever holds real arrays.

Written against flax 0.12: `flax.core.scope.Scope.param(name, init_fn, *init_args, unbox=True, **init_kwargs)`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

RANKS = {
    "variance_scaling.<locals>.init": 2,
    "orthogonal.<locals>.init": 2,
    "truncated_normal.<locals>.init": 0,
    "normal.<locals>.init": 0,
    "uniform.<locals>.init": 0,
    "zeros": 0,
    "ones": 0,
}
"""Initialisers of `jax.nn.initializers` that return what they are asked for, by the least rank that they take."""

WRAPPED = {
    "DenseGeneral.__call__.<locals>.kernel_init_wrap": "kernel_init",
    "DenseGeneral.__call__.<locals>.bias_init_wrap": "bias_init",
}
"""Flax's own functions that ask a module's initialiser for a matrix and reshape it, by the field that holds it."""

_building: ContextVar[bool | None] = ContextVar("building", default=None)
_lock = threading.Lock()
_inside = 0
_original: Any = None


@contextmanager
def by_shape(*, building: bool) -> Iterator[None]:
    """Within this block, in this thread, parameters are made and compared by shape and type.

    Args:
        building: variables are being made from abstract keys; otherwise a program is traced, which may itself
            initialise parameters, and only the comparison of shapes is short.
    """
    token = _building.set(building)
    _install()
    try:
        yield
    finally:
        _remove()
        _building.reset(token)


def _install() -> None:
    global _inside, _original
    scope = sys.modules.get("flax.core.scope")
    with _lock:
        _inside += 1
        if _original is None and scope is not None:
            _original = scope.Scope.param
            scope.Scope.param = _param


def _remove() -> None:
    global _inside, _original
    with _lock:
        _inside -= 1
        if not _inside and _original is not None:
            sys.modules["flax.core.scope"].Scope.param = _original  # type: ignore[attr-defined]
            _original = None


def _param(self: Any, name: str, init_fn: Callable[..., Any], *init_args: Any, **keywords: Any) -> Any:
    """`Scope.param` with an initialiser that may be a short one."""
    building = _building.get()
    if building or (building is not None and self.has_variable("params", name)):
        init_fn = _short(init_fn)
    return _original(self, name, init_fn, *init_args, **keywords)


def _short(initialiser: Callable[..., Any]) -> Callable[..., Any]:
    least = _least_rank(initialiser)
    if least is None:
        return initialiser

    def init(key: Any, *args: Any, **keywords: Any) -> Any:
        import jax
        import jax.numpy as jnp

        from symcost.capture import is_traced

        if len(args) == 2 and not keywords and is_traced(key):
            shape, dtype = args
            plain = isinstance(shape, tuple | list) and all(isinstance(d, int) and d > 0 for d in shape)
            if plain and len(shape) >= least and dtype is not None and jnp.issubdtype(dtype, jnp.floating):
                return jax.lax.full(shape, 0, jax.dtypes.canonicalize_dtype(dtype))
        return initialiser(key, *args, **keywords)

    return init


def _least_rank(initialiser: Callable[..., Any]) -> int | None:
    """The least rank that an initialiser takes; None if it is none of those that are known."""
    code = getattr(initialiser, "__code__", None)
    if code is None:
        return None
    # what `functools.wraps` made bears the name of what it wraps; its code does not
    name, module = code.co_qualname, initialiser.__globals__.get("__name__", "")
    if module.startswith("jax."):
        return RANKS.get(name)
    if name in WRAPPED and module == "flax.linen.linear":
        cells = dict(zip(code.co_freevars, initialiser.__closure__ or (), strict=True))
        wrapped = getattr(cells["self"].cell_contents, WRAPPED[name], None) if "self" in cells else None
        # what is asked for is a matrix, whatever the rank of the parameter
        return None if wrapped is None or _least_rank(wrapped) is None else 0
    return None
