"""Folding an axis: reductions, arg-reductions and cumulative operations."""

from __future__ import annotations

from symcost.polynomial import Size, product, total
from symcost.program import Op
from symcost.rules.arithmetic import repeat, scalar
from symcost.rules.extent import folds
from symcost.rules.registry import Cost, Flow, algorithm

REDUCTIONS = {
    "reduce_sum": "add",
    "reduce_prod": "mul",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_and": "and",
    "reduce_or": "or",
    "reduce_xor": "xor",
    "argmax": "max",
    "argmin": "min",
}
"""The scalar operation that a reduction repeats."""

CUMULATIVE = {"cumsum": "add", "cumprod": "mul", "cummax": "max", "cummin": "min", "cumlogsumexp": "logaddexp"}
"""The scalar operation of one step of a cumulative primitive."""


def traffic(op: Op) -> Size:
    """Bytes of operands and outputs."""
    return total(v.bytes for v in (*op.inputs, *op.outputs))


@algorithm.rule(*REDUCTIONS)
def reduction(op: Op) -> Cost:
    """N_in - N_out operations: each output element folds the elements of its line, the first of them for free."""
    (operand, *_), axes = op.inputs, op.params["axes"]
    extent = product(operand.shape[a] for a in axes)
    return repeat(op.output.size * folds(extent), scalar(REDUCTIONS[op.primitive], operand.dtype))


@algorithm.rule("reduce")
def reduce(op: Op) -> Flow:
    """The user's reducer N_in - N_out times."""
    extent = product(op.inputs[0].shape[a] for a in op.params["dimensions"])
    (reducer,) = op.regions
    return Flow(((op.output.size * folds(extent), reducer),), own=Cost(bytes_accessed=traffic(op)), collapse=True)


@algorithm.rule(*CUMULATIVE)
def cumulative(op: Op) -> Cost:
    """The sequential algorithm: n - 1 steps per line of n; cumlogsumexp takes 5 flops and 2 transcendentals a step."""
    shape, axis = op.inputs[0].shape, op.params["axis"]
    lines = product(n for a, n in enumerate(shape) if a != axis)
    return repeat(lines * folds(shape[axis]), scalar(CUMULATIVE[op.primitive], op.inputs[0].dtype))
