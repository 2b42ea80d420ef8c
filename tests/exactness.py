"""What the whole project promises, as one check: formulas equal concrete programs at sizes never traced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from symcost.capture import from_jaxpr
from symcost.conventions import MEMORY, convention
from symcost.formula_grammar import parse_formula
from symcost.interpret import interpret
from symcost.rules.registry import QUANTITIES

EXACT_BELOW = 2**24
"""XLA adds up in float32; smaller totals are exact."""


def assert_exact(
    cost: Any, build: Callable[..., Any], points: Sequence[Mapping[str, int]], *, xla: bool = True
) -> None:
    """`cost` equals the interpreter's result and XLA's own count on the program that `build` makes at each point.

    Args:
        cost: what `sc.trace` or a sibling returned. build: sizes -> (fn, args), ordinary JAX. points: sizes.
        xla: whether to compare with XLA's count too.
    """
    lowered = cost.under("xla") if xla else None
    traced_before = [*cost.samples, *(lowered.samples if lowered else ())]
    for sizes in points:
        fn, args = build(**sizes)
        traced = jax.jit(fn).trace(*args)
        oracle = interpret(from_jaxpr(traced.jaxpr), convention("algorithm").registry).totals()
        values = cost.at(**sizes)
        found = {quantity: getattr(values, quantity) for quantity in QUANTITIES}
        assert found == oracle, f"at {sizes} the formula has {found}, the program costs {oracle}"
        if lowered is None:
            continue
        counted = traced.lower(lowering_platforms=("cpu",)).cost_analysis()
        assert counted.get("flops", 0) < EXACT_BELOW, f"{sizes} are too large to compare with XLA's float32 totals"
        values = lowered.at(**sizes)
        found = {"flops": values.flops, "transcendentals": values.transcendentals}
        theirs = {quantity: int(counted.get(quantity, 0)) for quantity in found}
        assert found == theirs, f"at {sizes} the formula has {found}, XLA counts {theirs}"
    fresh = [sizes for sizes in points if dict(sizes) not in traced_before]
    assert fresh, "every point had been traced before"


def assert_readable(cost: Any) -> None:
    """What people are shown is the formula itself: read back it is equal, and no longer than the canonical text."""
    for quantity in convention(cost.convention).quantities:
        if quantity in MEMORY:
            continue
        text = cost.readable(quantity)
        assert parse_formula(text) == cost.size(quantity), quantity
        assert len(text) <= len(cost.text(quantity)), quantity
