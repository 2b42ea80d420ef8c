"""Communication between the devices of a mesh, by ring algorithms: bytes that each device sends.

Chan, Heimlich, Purkayastha, van de Geijn: "Collective communication: theory, practice,
and experience" (2007); Thakur, Rabenseifner, Gropp: "Optimization of
collective communication operations in MPICH" (2005). A ring of n devices cuts a buffer
into n chunks of equal size; where n does not divide it, the chunks are rounded up, so
that every count is an integer.

Costs are those of one device; `shard_map` multiplies all but `collective_bytes` by the
number of devices. A row carries the mesh axes it communicates over in its flag.
"""

from __future__ import annotations

from dataclasses import replace

from symcost.polynomial import Size, ceil_div, divide_exactly, product
from symcost.program import Op, itemsize
from symcost.rules.arithmetic import repeat, scalar
from symcost.rules.extent import folds
from symcost.rules.registry import Cost, algorithm

ALL_REDUCES = {
    "psum": "add",
    "psum_invariant": "add",
    "unreduced_psum": "add",
    "pmax": "max",
    "unreduced_pmax": "max",
    "pmin": "min",
    "unreduced_pmin": "min",
    "psum_start": "add",
    "psum_invariant_start": "add",
    "unreduced_psum_start": "add",
}
"""The scalar operation that folds the devices' values."""


def devices(op: Op) -> Size:
    """How many devices take part in one group."""
    return product(op.params["group"])


def chunk(elements: Size, n: Size) -> Size:
    """Elements of the largest of `n` chunks."""
    exact = divide_exactly(elements, n)
    return ceil_div(elements, n) if exact is None else exact


def sent(op: Op, elements: Size, work: Cost | None = None) -> Cost:
    """Each device sends `elements` of the operand's dtype, and does `work` besides."""
    axes = ", ".join(op.params["axes"])
    bytes_ = elements * itemsize(op.inputs[0].dtype)
    return replace(work or Cost(), collective_bytes=bytes_, flag=f"over {axes}" if axes else "")


@algorithm.rule(*ALL_REDUCES)
def all_reduce(op: Op) -> Cost:
    """Ring all-reduce of s elements over n devices: each sends 2(n - 1) chunks of ceil(s/n) and folds n - 1 of them
    (Chan et al.: reduce-scatter, then all-gather); axes of the array itself are reduced first."""
    n, s = devices(op), op.output.size
    fold = scalar(ALL_REDUCES[op.primitive], op.inputs[0].dtype)
    piece = chunk(s, n)
    shape = op.inputs[0].shape
    inside = s * folds(product(shape[a] for a in op.params["positional"]))
    return sent(op, 2 * (n - 1) * piece, repeat((n - 1) * piece + inside, fold))


@algorithm.rule(
    *("all_gather", "all_gather_invariant", "all_gather_reduced", "all_gather_start", "all_gather_reduced_start"),
)
def all_gather(op: Op) -> Cost:
    """Ring all-gather over n devices: each sends its own piece and n - 2 others on, (n - 1)/n of the output."""
    return sent(op, (devices(op) - 1) * op.inputs[0].size)


@algorithm.rule(
    *("reduce_scatter", "unreduced_reduce_scatter", "reduce_scatter_start", "unreduced_reduce_scatter_start")
)
def reduce_scatter(op: Op) -> Cost:
    """Ring reduce-scatter over n devices: each sends n - 1 pieces of the output's size, (n - 1)/n of the input, and
    adds n - 1 of them up."""
    n = devices(op)
    pieces = (n - 1) * chunk(op.inputs[0].size, n)
    return sent(op, pieces, repeat(pieces, scalar("add", op.inputs[0].dtype)))


@algorithm.rule("all_to_all", "all_to_all_start")
def all_to_all(op: Op) -> Cost:
    """Each device sends every other its piece: (n - 1)/n of the operand (Thakur et al., pairwise exchange)."""
    n = devices(op)
    return sent(op, (n - 1) * chunk(op.inputs[0].size, n))


@algorithm.rule("ragged_all_to_all")
def ragged_all_to_all(op: Op) -> Cost:
    """At most the whole operand: the pieces' sizes are data."""
    return sent(op, op.inputs[0].size)


@algorithm.rule("ppermute", "ppermute_start", "psend")
def ppermute(op: Op) -> Cost:
    """The whole buffer, from every device that the permutation moves; nothing where it moves none."""
    return sent(op, op.params["sends"] * op.inputs[0].size)


@algorithm.rule("pbroadcast", "pbroadcast_start", "pbroadcast_dynamic")
def pbroadcast(op: Op) -> Cost:
    """Pipelined around the ring: the buffer crosses n - 1 links, (n - 1)/n of it for each of n devices."""
    n = devices(op)
    return sent(op, (n - 1) * chunk(op.inputs[0].size, n))


algorithm.free("precv", why="receives; what is sent counts where it is sent")
algorithm.free(
    *("all_gather_done", "psum_done", "reduce_scatter_done", "all_to_all_done", "ppermute_done", "pbroadcast_done"),
    why="waits for a collective that counts where it starts",
)
algorithm.free(
    *("global_array_to_host_local_array", "host_local_array_to_global_array"),
    why="the same array seen by one host or by all, no arithmetic",
)
