"""Data that is moved, renamed or only pointed at."""

from __future__ import annotations

from symcost.polynomial import total
from symcost.program import Op
from symcost.rules.hlo.memory import POINTER_BYTES, touched
from symcost.rules.registry import Cost, hlo


@hlo.rule("constant", "parameter", "get-tuple-element", "bitcast", "after-all", "add-dependency", "domain")
def untouched(op: Op) -> Cost:
    """Nothing: no computation and no memory."""
    return Cost(bytes_accessed=0)


def moved(op: Op) -> Cost:
    """No flops; operands read and outputs written."""
    return Cost(bytes_accessed=touched(op))


hlo.rule("broadcast", "reshape", "dynamic-reshape", "reverse", "concatenate", "pad", "iota", "copy")(moved)
hlo.rule(
    "copy-start",
    "copy-done",
    "slice-done",
    "async-update",
    "async-done",
    "call-update",
    "call-done",
    "send",
    "send-done",
    "recv",
    "recv-done",
)(moved)
hlo.rule("opt-barrier", "get-dimension-size")(moved)
hlo.rule("batch-norm-training", "batch-norm-inference", "batch-norm-grad")(moved)


@hlo.rule("tuple")
def tuple_(op: Op) -> Cost:
    """The table of pointers is written, its elements are not touched."""
    return Cost(bytes_accessed=POINTER_BYTES * op.params["table"])


@hlo.rule("transpose")
def transpose(op: Op) -> Cost:
    """Nothing where the layouts make it a renaming of dimensions (always, as JAX lowers); otherwise a copy."""
    return Cost(bytes_accessed=0 if op.params["bitcast"] else touched(op))


@hlo.rule("infeed")
def infeed(op: Op) -> Cost:
    """What comes in."""
    return Cost(bytes_accessed=total(v.bytes for v in op.outputs))


@hlo.rule("outfeed")
def outfeed(op: Op) -> Cost:
    """What goes out."""
    return Cost(bytes_accessed=total(v.bytes for v in op.inputs))
