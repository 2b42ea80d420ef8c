"""Reading and writing parts of arrays: only the part is touched."""

from __future__ import annotations

from symcost.program import Op
from symcost.rules.registry import Cost, hlo


@hlo.rule("slice")
def slice_(op: Op) -> Cost:
    """The part is read and written."""
    return Cost(bytes_accessed=2 * op.output.bytes)


@hlo.rule("slice-start")
def slice_start(op: Op) -> Cost:
    """As a slice: of what it writes, the first entry only hands its operand on."""
    return Cost(bytes_accessed=2 * op.outputs[len(op.inputs)].bytes)


@hlo.rule("dynamic-slice")
def dynamic_slice(op: Op) -> Cost:
    """The part is read and written, and the first index read (only the first)."""
    return Cost(bytes_accessed=2 * op.output.bytes + op.inputs[1].bytes)


@hlo.rule("dynamic-update-slice")
def dynamic_update_slice(op: Op) -> Cost:
    """The update is read and written, and the first index read."""
    return Cost(bytes_accessed=2 * op.inputs[1].bytes + op.inputs[2].bytes)


@hlo.rule("gather")
def gather(op: Op) -> Cost:
    """What is gathered is read and written, and the indices read."""
    return Cost(bytes_accessed=2 * op.output.bytes + op.inputs[1].bytes)
