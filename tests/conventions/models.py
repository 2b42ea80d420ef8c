"""A module as a function and its arguments."""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax


def forward(module: nn.Module, x: jax.ShapeDtypeStruct) -> tuple[Callable, tuple]:
    """``(fn, args)`` of a module's forward pass, without values."""
    variables = jax.eval_shape(module.init, jax.random.key(0), x)
    return module.apply, (variables, x)
