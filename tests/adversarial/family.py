"""One hostile family of programs: ordinary JAX, its domain, and the sizes at which formulas like to be wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp

import symcost as sc
from symcost.capture import from_jaxpr
from symcost.conventions import convention
from symcost.interpret import interpret
from symcost.rules.registry import QUANTITIES
from tests.exactness import EXACT_BELOW


def array(*shape: int, dtype: str = "float32") -> jax.ShapeDtypeStruct:
    """An argument without values."""
    return jax.ShapeDtypeStruct(shape, dtype)


def product(**sizes: Sequence[int]) -> list[dict[str, int]]:
    """Every combination of the given sizes."""
    return [dict(zip(sizes, values, strict=True)) for values in itertools.product(*sizes.values())]


def value_and_gradient(fn: Callable) -> Callable:
    """The sum of `fn`'s output, and its gradient by all arguments."""

    def both(*args: Any) -> Any:
        return jax.value_and_grad(lambda *a: jnp.sum(fn(*a)).astype(jnp.float32), argnums=tuple(range(len(args))))(
            *args
        )

    return both


@dataclass(frozen=True, slots=True)
class Hostile:
    """A family and the sizes to look at.

    Attributes:
        build: sizes -> (fn, args). points: sizes to compare at, small and odd ones among them.
        domain: keywords of `sc.dim` by symbol. where: relations. differentiable: if so, its value and gradient are
            looked at, which hold the forward pass; else the forward pass alone.
    """

    build: Callable[..., tuple[Callable, tuple[Any, ...]]]
    points: list[dict[str, int]]
    domain: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    differentiable: bool = True

    def program(self, **sizes: int) -> tuple[Callable, tuple[Any, ...]]:
        """What is looked at: (function, arguments) at these sizes."""
        fn, args = self.build(**sizes)
        return (value_and_gradient(fn) if self.differentiable else fn), args

    def assert_exact(self) -> None:
        """The formula, and XLA's, equal the concrete program at every point."""
        for name, options in self.domain.items():
            sc.dim(name, **options)
        cost = sc.trace_family(self.program, self.names, where=self.where)
        for sizes in self.points:
            assert_equal_at(cost, self.program, sizes)

    @property
    def names(self) -> str:
        """The symbols, as `sc.trace_family` takes them."""
        return " ".join(self.points[0])


def assert_equal_at(cost: sc.ProgramCost, build: Callable[..., Any], sizes: Mapping[str, int]) -> None:
    """Every quantity of the formula equals the interpreter's on the concrete program, and XLA's counts are XLA's.

    XLA leaves out a count that is 0, as it may be of an empty array.
    """
    fn, args = build(**sizes)
    traced = jax.jit(fn).trace(*args)
    program = interpret(from_jaxpr(traced.jaxpr), convention("algorithm").registry).totals()
    values = cost.at(**sizes)
    formula = {quantity: getattr(values, quantity) for quantity in QUANTITIES}
    assert formula == program, f"at {sizes} the formula has {formula}, the program costs {program}"
    counted = traced.lower(lowering_platforms=("cpu",)).cost_analysis() or {}
    values = cost.under("xla").at(**sizes)
    for quantity in ("flops", "transcendentals"):
        theirs, ours = int(counted.get(quantity, 0)), getattr(values, quantity)
        assert theirs < EXACT_BELOW, f"{sizes} are too large to compare with XLA's float32 totals"
        assert ours == theirs, f"at {sizes} the formula has {ours} {quantity}, XLA counts {theirs}"
