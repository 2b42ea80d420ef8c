"""Loops and branches: how often nested programs run."""

from __future__ import annotations

from symcost.program import Op
from symcost.rules.registry import TRIPS, Flow, algorithm


@algorithm.rule("scan")
def scan(op: Op) -> Flow:
    """The body, length times."""
    (body,) = op.regions
    return Flow(((op.params["length"], body),))


@algorithm.rule("while")
def while_loop(op: Op) -> Flow:
    """The body once per trip and the condition once more; the trip count is a symbol where the program does not
    say it."""
    condition, body = op.regions
    trips = op.params.get("trip_count")
    if trips is None:
        trips = TRIPS
    return Flow(((trips + 1, condition), (trips, body)))


@algorithm.rule("cond")
def cond(op: Op) -> Flow:
    """The maximum over branches, for each quantity by itself."""
    return Flow(tuple((1, branch) for branch in op.regions), combine="max")


@algorithm.rule("custom_linear_solve")
def custom_linear_solve(op: Op) -> Flow:
    """The user's solve, once."""
    (solve,) = op.regions
    return Flow(((1, solve),))
