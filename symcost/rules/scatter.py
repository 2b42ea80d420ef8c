"""Scattering into an array: one reducer application per element of the updates."""

from __future__ import annotations

from symcost.program import Op
from symcost.rules.arithmetic import repeat, scalar
from symcost.rules.reductions import traffic
from symcost.rules.registry import Cost, Flow, algorithm

SCATTERS = {
    "scatter-add": "add",
    "scatter-sub": "sub",
    "scatter-mul": "mul",
    "scatter-max": "max",
    "scatter-min": "min",
}
"""The scalar operation that combines an update with what is there."""


@algorithm.rule(*SCATTERS)
def scatter_combine(op: Op) -> Cost:
    """One operation per element of the updates (segment_sum: one addition per element of the data)."""
    _, _, updates = op.inputs  # operand, indices, updates
    return repeat(updates.size, scalar(SCATTERS[op.primitive], updates.dtype))


@algorithm.rule("scatter")
def scatter(op: Op) -> Cost | Flow:
    """Writing updates is free; with a function (`x.at[i].apply`), the function once per element of the updates."""
    if not op.regions:
        return Cost()
    _, _, updates = op.inputs
    (function,) = op.regions
    return Flow(((updates.size, function),), own=Cost(bytes_accessed=traffic(op)), collapse=True)
