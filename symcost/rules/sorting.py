"""Sorting and selecting, counted in comparisons."""

from __future__ import annotations

from symcost.polynomial import Size, ceil_log2, product
from symcost.program import Op
from symcost.rules.arithmetic import repeat, scalar, together
from symcost.rules.extent import folds, is_empty
from symcost.rules.registry import Cost, algorithm


def lines_along(shape: tuple[Size, ...], axis: int) -> Size:
    """Number of lines of an array along `axis` (which may count from the end)."""
    axis = axis % len(shape)
    return product(n for a, n in enumerate(shape) if a != axis)


@algorithm.rule("sort")
def sort(op: Op) -> Cost:
    """n*ceil(log2 n) comparisons per line of n, each of all the keys; the bound of merge sort (Knuth, TAOCP 3,
    5.2.4)."""
    keys = op.inputs[: op.params["num_keys"]]
    shape, axis = keys[0].shape, op.params["dimension"]
    comparisons = lines_along(shape, axis) * shape[axis] * ceil_log2(shape[axis])
    return repeat(comparisons, together(*(_compare(k.dtype) for k in keys)))


@algorithm.rule("top_k")
def top_k(op: Op) -> Cost:
    """(n - k) + (k - 1)*ceil(log2 n) comparisons per line: a tournament of n - 1 matches, of which ceil(log2 n) - 1
    are played again for each further place (Knuth, TAOCP 3, 5.3.3)."""
    shape = op.inputs[0].shape
    return _tournament(op, op.params.get("axis", len(shape) - 1))


@algorithm.rule("approx_top_k")
def approx_top_k(op: Op) -> Cost:
    """As the exact top_k: (n - k) + (k - 1)*ceil(log2 n) comparisons per line."""
    return _tournament(op, op.params["reduction_dimension"])


def _tournament(op: Op, axis: int) -> Cost:
    operand, k = op.inputs[0], op.params["k"]
    n, further = operand.shape[axis], folds(k)
    comparisons = (folds(n) - further + further * ceil_log2(n)) * (1 - is_empty(k))
    return repeat(lines_along(operand.shape, axis) * comparisons, _compare(operand.dtype))


def _compare(dtype: str) -> Cost:
    """One comparison that orders two elements."""
    return scalar("compare", dtype)
