"""Pooling: reductions over sliding windows, and what differentiating them needs."""

from __future__ import annotations

from symcost.polynomial import Size, product
from symcost.program import Op
from symcost.rules.arithmetic import repeat, scalar, together
from symcost.rules.reductions import traffic
from symcost.rules.registry import Cost, Flow, algorithm

WINDOWED = {"reduce_window_sum": "add", "reduce_window_max": "max", "reduce_window_min": "min"}
"""The scalar operation that folds a window."""


def window_folds(op: Op) -> Size:
    """Operations to fold one window; positions in the padding take part."""
    return product(op.params["window_dimensions"]) - 1


@algorithm.rule(*WINDOWED)
def reduce_window(op: Op) -> Cost:
    """window - 1 operations per output element, padding included."""
    return repeat(op.output.size * window_folds(op), scalar(WINDOWED[op.primitive], op.inputs[0].dtype))


@algorithm.rule("reduce_window")
def reduce_window_general(op: Op) -> Flow:
    """The user's reducer window - 1 times per output element, padding included."""
    (reducer,) = op.regions
    runs = ((op.output.size * window_folds(op), reducer),)
    return Flow(runs, own=Cost(bytes_accessed=traffic(op)), collapse=True)


@algorithm.rule("select_and_gather_add")
def select_and_gather_add(op: Op) -> Cost:
    """window - 1 comparisons per output element; the tangent of the winner is only copied."""
    _, operand = op.inputs  # tangents, operand
    return repeat(op.output.size * window_folds(op), scalar("max", operand.dtype))


@algorithm.rule("select_and_scatter_add")
def select_and_scatter_add(op: Op) -> Cost:
    """Per element of the source: window - 1 comparisons find the winner, one addition gives it the source."""
    source, operand = op.inputs
    compare = repeat(window_folds(op), scalar("max", operand.dtype))
    return repeat(source.size, together(compare, scalar("add", source.dtype)))


@algorithm.rule("select_and_scatter")
def select_and_scatter(op: Op) -> Flow:
    """Per element of the source: the user's comparison window - 1 times, the user's scatter once."""
    _, source, _ = op.inputs  # operand, source, initial value
    scatter, select = op.regions  # in alphabetical order of the parameters
    runs = ((source.size * window_folds(op), select), (source.size, scatter))
    return Flow(runs, own=Cost(bytes_accessed=traffic(op)), collapse=True)
