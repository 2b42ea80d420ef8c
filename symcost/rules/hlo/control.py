"""Calls, loops, branches, and what XLA cannot see into."""

from __future__ import annotations

from symcost.program import Op
from symcost.rules.registry import LIBRARY_CALL, Cost, Flow, hlo


@hlo.rule("call", "async-start", "call-start")
def call(op: Op) -> Flow:
    """The called computation; nothing for the arguments."""
    return Flow(((1, op.regions[0]),))


@hlo.rule("while")
def while_(op: Op) -> Flow:
    """Body and condition once, whatever the trip count."""
    body, condition = op.regions
    return Flow(((1, body), (1, condition)))


@hlo.rule("conditional")
def conditional(op: Op) -> Flow:
    """The largest of the branches, each quantity by itself."""
    return Flow(tuple((1, branch) for branch in op.regions), combine="max")


@hlo.rule("custom-call")
def custom_call(op: Op) -> Cost:
    """-1 flops and -1 bytes: XLA's mark for "not known", which it nevertheless adds up."""
    return Cost(flops=-1, bytes_accessed=-1, flag=LIBRARY_CALL)
