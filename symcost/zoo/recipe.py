"""How a reference model is written down: a module or function and its arguments, for integer sizes or symbols."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from symcost.advice import Typed
from symcost.errors import ArgumentError


@dataclass(frozen=True, slots=True)
class Array:
    """An argument of a model.

    Attributes:
        shape: dimensions; integers, or sympy expressions while a formula is asked for.
        dtype: numpy's name.
        below: for indices, the size that they stay below (a node number is below "N"), or a number.
    """

    shape: tuple[Any, ...]
    dtype: str = "float32"
    below: str | int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A module or function and the arguments of its call.

    Attributes:
        module: a Linen module, whose fields may hold symbols, or a function of the arrays alone, without parameters.
        arrays: arguments of the call, in order.
        train_flag: whether the call takes ``train=True`` or ``train=False``.
        mutable: collections that the call updates in training.
        loss: (outputs, targets) -> a scalar; if None, the mean square of the outputs (of several, their sum).
        targets: arrays that the loss compares the outputs with.
        trained: whether there is a gradient: networks of integers have none.
    """

    module: nn.Module | Callable[..., Any]
    arrays: Sequence[Array]
    train_flag: bool = False
    mutable: tuple[str, ...] = ()
    loss: Callable[[Any, Any], jax.Array] | None = None
    targets: Sequence[Array] = ()
    trained: bool = True

    def flags(self, train: bool) -> dict[str, Any]:
        """Keyword arguments of the call."""
        return {"train": train} if self.train_flag else {}

    def structs(self) -> list[jax.ShapeDtypeStruct]:
        """The arguments without values, at integer sizes."""
        return [jax.ShapeDtypeStruct(a.shape, jnp.dtype(a.dtype)) for a in self.arrays]

    def variables(self) -> Any:
        """The module's variables without values, at integer sizes; a function has none."""

        return jax.eval_shape(self.initial, jax.random.key(0), *self.structs())

    def forward(self) -> tuple[Any, tuple[Any, ...]]:
        """``fn(variables, *arrays)`` in evaluation mode, and its arguments without values."""

        def apply(variables: Any, *arrays: jax.Array) -> Any:
            return self._called(variables, *arrays, train=False)

        return apply, (self.variables(), *self.structs())

    def gradient(self) -> tuple[Any, tuple[Any, ...]]:
        """``fn(params, state, *arrays, *targets)`` and its arguments without values, in training mode.

        The function returns the loss with the updated collections, and its gradient.

        Raises:
            ArgumentError: the recipe is of a function, which has no parameters, or of a network of integers.
        """
        self.require_trained()

        def loss(params: Any, state: Any, *arrays: jax.Array) -> tuple[jax.Array, Any]:
            arrays, targets = arrays[: len(self.arrays)], arrays[len(self.arrays) :]
            variables = {"params": params, **state}
            output: Any
            updated: Any = {}
            if self.mutable:
                collections = list(self.mutable)
                output, updated = self._called(variables, *arrays, train=True, mutable=collections)
            else:
                output = self._called(variables, *arrays, train=True)
            return self.compared(output, targets), updated

        variables = dict(self.variables())
        params = variables.pop("params", {})
        targets = [jax.ShapeDtypeStruct(a.shape, jnp.dtype(a.dtype)) for a in self.targets]
        return jax.value_and_grad(loss, has_aux=True), (params, variables, *self.structs(), *targets)

    def compared(self, outputs: Any, targets: Any) -> jax.Array:
        """The loss of a call's outputs."""
        if self.loss is not None:
            return self.loss(outputs, targets)
        return functools.reduce(operator.add, (jnp.mean(jnp.square(leaf)) for leaf in jax.tree.leaves(outputs)))

    def require_trained(self) -> None:
        """Raise an `ArgumentError` if there is no gradient."""
        if not isinstance(self.module, nn.Module) or not self.trained:
            kind = "network of integers" if isinstance(self.module, nn.Module) else "function without parameters"
            raise ArgumentError(
                f"this model is a {kind}: there is nothing to take a gradient for",
                todo=Typed("trace it forward: entry.trace()", "trace it forward: leave out --train"),
            )

    def values(self, rng: np.random.Generator, sizes: Mapping[str, int]) -> tuple[Any, ...]:
        """Real arguments for `forward` at these sizes: parameters from the module's initialisers, random arrays."""
        arrays = self.drawn(rng, sizes)
        key = jax.random.key(int(rng.integers(2**31)))
        # they run once: a network of fifty draws takes four times as long to compile for speed
        initial = jax.jit(self.initial, compiler_options={"xla_backend_optimization_level": 0})
        return initial(key, *arrays), *arrays

    def drawn(self, rng: np.random.Generator, sizes: Mapping[str, int]) -> list[jax.Array]:
        """Random arrays for the call at these sizes."""
        arrays = []
        for array in self.arrays:
            if array.below is not None:
                below = array.below if isinstance(array.below, int) else sizes[array.below]
                drawn = rng.integers(0, below, size=array.shape)
            else:
                drawn = rng.normal(size=array.shape)
            arrays.append(jnp.asarray(drawn, array.dtype))
        return arrays

    def parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(self.variables().get("params", {})))

    def initial(self, key: jax.Array, *arrays: jax.Array) -> Any:
        """The module's variables, from its initialisers; a function has none."""
        if not isinstance(self.module, nn.Module):
            return {}
        return self.module.init(key, *arrays, **self.flags(train=False))

    def _called(self, variables: Any, *arrays: jax.Array, train: bool, **how: Any) -> Any:
        """What the module or function returns."""
        if not isinstance(self.module, nn.Module):
            return self.module(*arrays, **self.flags(train))
        return self.module.apply(variables, *arrays, **self.flags(train), **how)
