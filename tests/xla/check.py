"""Checks that the tests of comparisons share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

import symcost as sc
from symcost.capture import from_jaxpr
from symcost.capture_hlo import xla_counts
from symcost.conventions import convention
from symcost.interpret import interpret
from symcost.xla.causes import UNEXPLAINED
from symcost.xla.compare import Comparison


def assert_adds_up(comparison: Comparison) -> None:
    """Causes add up to the difference in every row, and so do the parts of each cause."""
    assert comparison.rows
    for row in comparison:
        assert sum(cause.amount for cause in row.causes) == row.xla - row.formula, row
        for cause in row.causes:
            assert sum(amount for _, amount in cause.parts) == cause.amount, cause


def assert_explained(comparison: Comparison) -> None:
    """Nothing is left unexplained, not even parts that would cancel each other."""
    assert_adds_up(comparison)
    for row in comparison:
        left = [cause for cause in row.causes if cause.kind == UNEXPLAINED]
        assert not left, f"{row.quantity} {row.stage}: {left[0].parts}"


def assert_figures(comparison: Comparison, fn: Callable, args: Sequence[Any]) -> None:
    """The two columns of a comparison at one point are the interpreter's and XLA's own figures of `fn`."""
    traced = jax.jit(fn).trace(*args)
    oracle = interpret(from_jaxpr(traced.jaxpr), convention("algorithm").registry).totals()
    lowered = traced.lower(lowering_platforms=("cpu",))
    stages = {"before optimisation": xla_counts(lowered), "after optimisation": xla_counts(lowered.compile())}
    for row in comparison:
        assert (row.formula, row.xla) == (oracle[row.quantity], stages[row.stage][row.quantity]), row


def amounts(fn: Callable, args: Sequence[Any], quantity: str = "flops", **options: Any) -> dict[str, int]:
    """Causes before optimisation by kind, checked to add up."""
    found = sc.compare(sc.trace(fn, *args, **options), quantities=quantity)
    assert_adds_up(found)
    return {cause.kind: cause.amount for cause in found.row(quantity).causes}
