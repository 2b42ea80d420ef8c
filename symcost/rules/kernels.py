"""Programs that run more than once side by side: kernels on their grid, programs on the devices of a mesh."""

from __future__ import annotations

from typing import Any

from symcost.polynomial import Size, product
from symcost.program import Op, Program
from symcost.rules.reductions import traffic
from symcost.rules.registry import TRIPS, Cost, Flow, algorithm

ESTIMATED = ("flops", "transcendentals", "bytes_accessed")
"""What the author of a kernel estimates; multiply-accumulates and integer operations still come from its body."""


@algorithm.rule("shard_map")
def shard_map(op: Op) -> Flow:
    """The body on every device of the axes it is manual over; collective_bytes stays that of one device."""
    (body,) = op.regions
    return Flow(((product(op.params["devices"]), body),), instead=(("collective_bytes", 1),))


def kernel(op: Op, estimate: Any, runs: tuple[tuple[Size, Program], ...]) -> Flow:
    """A kernel reads its operands and writes its results once; what it moves on the chip is not counted.

    Args:
        estimate: the kernel's own `CostEstimate`, or None.
        runs: how often each of its programs runs.
    """
    if estimate is None:
        return Flow(runs, own=Cost(bytes_accessed=traffic(op)), instead=(("bytes_accessed", 0),))
    has_dot = any(i.template.primitive == "dot_general" for _, region in runs for i in region.walk())
    own = Cost(
        **{quantity: getattr(estimate, quantity) for quantity in ESTIMATED},
        collective_bytes=estimate.remote_bytes_transferred,
        unit="matrix" if has_dot else "vector",
        flag="the kernel's own estimate",
    )
    return Flow(runs, own=own, instead=tuple((quantity, 0) for quantity in (*ESTIMATED, "collective_bytes")))


@algorithm.rule("pallas_call")
def pallas_call(op: Op) -> Flow:
    """The kernel's own CostEstimate, where it has one (the row says so); else its body once per point of the grid,
    and operands and results once in bytes. A dynamic dimension of the grid is a trip-count symbol."""
    (body,) = op.regions
    points = product(op.params["grid"]) * (TRIPS if op.params["dynamic"] else 1)
    return kernel(op, op.params["cost_estimate"], ((points, body),))


@algorithm.rule("core_map")
def core_map(op: Op) -> Flow:
    """The kernel's own CostEstimate, else its body once per core."""
    (body,) = op.regions
    return kernel(op, op.params["cost_estimate"], ((product(op.params["cores"]), body),))


@algorithm.rule("mpmd_map")
def mpmd_map(op: Op) -> Flow:
    """The kernel's own CostEstimate, else each of its programs once per core of its mesh."""
    runs = tuple((product(cores), body) for cores, body in zip(op.params["cores"], op.regions, strict=True))
    return kernel(op, op.params["cost_estimate"], runs)


@algorithm.rule("run_scoped")
def run_scoped(op: Op) -> Flow:
    """The body once; scratch memory is free."""
    (body,) = op.regions
    return Flow(((1, body),))


algorithm.free("program_id", "num_programs", "get_global", why="asks the kernel where it is")
algorithm.free("multiple_of", "max_contiguous", "add_dependency", "trace_value", why="tells the compiler of a kernel")
algorithm.free("delay", "debug_barrier", "debug_barrier_p", why="waits, no arithmetic")
algorithm.free(
    *("semaphore_read", "semaphore_signal", "semaphore_wait", "get_barrier_semaphore"),
    why="orders the programs of a kernel",
)
algorithm.free("dma_start", "dma_wait", why="copies between memories of the chip, no arithmetic")
algorithm.free("roll", "einshape_lo", "bitcast", why="moves data inside a kernel, no arithmetic")
algorithm.free("remove_memory_space", "has_memory_space", why="says where a value lives; arithmetic free")
algorithm.free("create_linear", why="makes or ends a reference, no arithmetic")
algorithm.free("unreachable", why="is never run")
algorithm.free("check", why="raises an error where a condition that counts by itself does not hold")
algorithm.free("debug_print", why="prints on the host, no arithmetic of the device")
algorithm.free("inspect_sharding", why="asks the compiler where a value lives")
