"""Computations applied element by element: reductions, windows, scatters, maps."""

from __future__ import annotations

from symcost.polynomial import Size, indicator, product, total
from symcost.program import Op
from symcost.rules.hlo.memory import touched
from symcost.rules.registry import Cost, Flow, hlo


@hlo.rule("reduce")
def reduce(op: Op) -> Flow:
    """The reducer once per element that disappears: N_in - N_out (below zero where an empty array is reduced)."""
    count = op.inputs[0].size - op.output.size
    return _applied(op, count)


@hlo.rule("map")
def map_(op: Op) -> Flow:
    """The function once per element of the output."""
    return _applied(op, op.output.size)


@hlo.rule("scan")
def scan(op: Op) -> Flow:
    """The body as often as the second operand has elements (the carry, in a scan over one array), not once per step."""
    return _applied(op, op.inputs[1].size)


@hlo.rule("reduce-window")
def reduce_window(op: Op) -> Flow:
    """The reducer (window - 1) times per element of the output, padding included.

    One special case: a window over one dimension of size n alone, with 2n - 1 taps and n - 1 padding on both
    sides, is a reduction that is broadcast back: N_out / n + n - 1 times.
    """
    sizes, padding, out = op.params["window_dimensions"], op.params["padding"], op.output.shape
    count = (product(sizes) - 1) * op.output.size
    if len(op.outputs) > 1:
        return _applied(op, count)
    reduced = total(1 - indicator(n, 1) for n in sizes)
    padded = total(1 - indicator(low, 0) * indicator(high, 0) for low, high in padding)
    single = indicator(reduced, 1) * indicator(padded, 1)
    corrections: list[Size] = []
    for axis, (taps, (low, high)) in enumerate(zip(sizes, padding, strict=True)):
        spans = indicator(taps, 2 * low + 1) * indicator(low, high) * indicator(low, out[axis] - 1)
        spans = spans * (1 - indicator(low, 0)) * (1 - indicator(taps, 1)) * single
        if isinstance(spans, int) and not spans:
            continue
        others = product(n for i, n in enumerate(out) if i != axis)
        corrections.append(spans * (others + out[axis] - 1 - count))
    return _applied(op, count + total(corrections))


@hlo.rule("select-and-scatter")
def select_and_scatter(op: Op) -> Flow:
    """Per element of the source: (window - 1) selections and one scatter."""
    select, scatter = op.regions
    source = op.inputs[1].size
    taps = product(op.params["window_dimensions"])
    runs = ((source * (taps - 1), select), (source, scatter))
    return Flow(runs, own=Cost(bytes_accessed=touched(op)), collapse=True)


@hlo.rule("scatter")
def scatter(op: Op) -> Flow:
    """The reducer once per element of the (first) updates; bytes: updates three times, and the indices."""
    n = (len(op.inputs) - 1) // 2
    indices, updates = op.inputs[n], op.inputs[n + 1 :]
    touched_bytes = 3 * total(v.bytes for v in updates) + indices.bytes
    return Flow(((updates[0].size, op.regions[0]),), own=Cost(bytes_accessed=touched_bytes), collapse=True)


def _applied(op: Op, count: Size) -> Flow:
    return Flow(((count, op.regions[0]),), own=Cost(bytes_accessed=touched(op)), collapse=True)
