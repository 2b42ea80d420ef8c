"""Collectives as XLA's base analysis counts them: as if there were two replicas."""

from __future__ import annotations

from symcost.polynomial import total
from symcost.program import Op
from symcost.rules.hlo.memory import touched
from symcost.rules.registry import Cost, hlo


@hlo.rule("all-reduce", "all-reduce-start")
def all_reduce(op: Op) -> Cost:
    """One flop per element of the output, whatever the reducer; operands read and outputs written."""
    return Cost(flops=total(v.size for v in op.outputs), bytes_accessed=touched(op))


def exchange(op: Op) -> Cost:
    """No flops; operands read and outputs written."""
    return Cost(bytes_accessed=touched(op))


hlo.rule("all-gather", "all-gather-start", "all-gather-done", "all-to-all", "ragged-all-to-all")(exchange)
hlo.rule("collective-permute", "collective-permute-start", "collective-permute-done")(exchange)
hlo.rule("collective-broadcast", "reduce-scatter", "all-reduce-done", "partition-id", "replica-id")(exchange)
