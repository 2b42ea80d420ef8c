"""The convention "catamount": how Baidu's Catamount counts the FLOPs of TensorFlow graphs.

Hestness, Ardalani, Diamos: Beyond Human-Level Accuracy: Computational Challenges in Deep Learning, PPoPP 2019. Its
operators are classes with a `calcAlgFlops` in catamount/ops of baidu-research/catamount (read at commit 1ad4842):
one figure for all arithmetic, of floats, integers and booleans alike.
"""

from __future__ import annotations

from symcost.conventions.overlay import Overlay
from symcost.conventions.taps import all_taps
from symcost.polynomial import floor_div, product
from symcost.program import Op
from symcost.rules.reductions import REDUCTIONS
from symcost.rules.registry import Cost, Rule, algorithm
from symcost.rules.scatter import SCATTERS
from symcost.rules.windows import WINDOWED


def alike(op: Op, cost: Cost) -> Cost:
    """Flops, transcendentals and integer operations as one figure."""
    flops = cost.flops + cost.transcendentals + cost.int_ops
    return Cost(flops=flops, macs=cost.macs, unit=cost.unit, bytes_accessed=0, flag=cost.flag)


catamount = Overlay("catamount", algorithm, alike, "flops, transcendentals and integer operations alike")


def composed(steps: int, words: str) -> Rule:
    """A function of one element that Catamount takes to be several operations."""

    def rule(op: Op) -> Cost:
        return Cost(flops=steps * op.output.size, bytes_accessed=0)

    rule.__doc__ = f"{steps} per element: {words}."
    return rule


catamount.rule("log1p")(composed(2, "an addition, a logarithm"))
catamount.rule("rsqrt")(composed(2, "a root, a reciprocal"))
catamount.rule("logistic")(composed(4, "a negation, an exponential, an addition, a reciprocal"))
catamount.rule("tanh")(composed(6, "a negation, two exponentials, an addition, a subtraction, a quotient"))


@catamount.rule(*REDUCTIONS)
def reduction(op: Op) -> Cost:
    """One per element of the input."""
    return Cost(flops=op.inputs[0].size, bytes_accessed=0)


@catamount.rule(*WINDOWED)
def pooling(op: Op) -> Cost:
    """The size of the window per element of the output (Catamount's maximum pooling; sums by analogy)."""
    return Cost(flops=product(op.params["window_dimensions"]) * op.output.size, bytes_accessed=0)


@catamount.rule("select_n")
def select(op: Op) -> Cost:
    """One per element of the predicate."""
    return Cost(flops=op.inputs[0].size, bytes_accessed=0)


@catamount.rule("scatter", *SCATTERS)
def scatter(op: Op) -> Cost:
    """One per element of the updates."""
    return Cost(flops=op.inputs[2].size, bytes_accessed=0)


@catamount.rule("conv_general_dilated")
def convolution(op: Op) -> Cost:
    """2 per multiply-add, all taps; where the input is dilated (the gradient of a strided convolution) divided by the
    dilation and rounded down."""
    macs = floor_div(all_taps(op), product(op.params["lhs_dilation"]))
    return Cost(flops=2 * macs, macs=macs, unit="matrix", bytes_accessed=0)


RANDOM = ("threefry2x32", "threefry4x32", "philox2x32", "philox4x32", "random_bits", "random_seed", "random_split")
catamount.free(*RANDOM, why="Catamount's random initializers have no FLOPs")
catamount.free(
    "random_fold_in", "rng_bit_generator", "rng_uniform", why="Catamount's random initializers have no FLOPs"
)
