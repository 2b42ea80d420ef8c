"""The convention "fvcore": what FlopCountAnalysis of facebookresearch/fvcore counts.

Its operators and their figures are in fvcore/nn/flop_count.py and fvcore/nn/jit_handles.py (read at commit 017141c):
one per multiply-add of convolutions and matrix products, a few per element of normalisation layers and of global
average pooling, nothing for what has no handle. PyTorch knows these layers as operators and JAX does not, so
`symcost.conventions.normalization` finds them in the program first.
"""

from __future__ import annotations

from symcost.conventions.normalization import NORMALIZE, POOL, mark
from symcost.conventions.overlay import Overlay
from symcost.conventions.taps import all_taps
from symcost.polynomial import indicator, product
from symcost.program import Op
from symcost.rules.registry import Cost, algorithm


def multiply_adds(op: Op, cost: Cost) -> Cost:
    """One per multiply-add; nothing else."""
    return Cost(flops=cost.macs, macs=cost.macs, unit=cost.unit, bytes_accessed=0)


fvcore = Overlay("fvcore", algorithm, multiply_adds, "one per multiply-add, nothing else", prepare=mark)


@fvcore.rule("conv_general_dilated")
def convolution(op: Op) -> Cost:
    """One per multiply-add, all taps; a transposed convolution (a dilated input): batch, places of the input and
    elements of the kernel."""
    macs = all_taps(op)
    lhs, rhs = op.inputs
    places = product(lhs.shape[axis] for axis in op.params["dimension_numbers"].lhs_spec[2:])
    transposed = lhs.shape[op.params["dimension_numbers"].lhs_spec[0]] * rhs.size * places
    plain = product(indicator(dilation, 1) for dilation in op.params["lhs_dilation"])
    macs = transposed + plain * (macs - transposed)
    return Cost(flops=macs, macs=macs, unit="matrix", bytes_accessed=0)


@fvcore.rule(NORMALIZE)
def normalize(op: Op) -> Cost:
    """Per element: 4 where the statistics are computed, 1 where they are given; 1 more for a learned factor."""
    each = (4 if op.params["batch"] else 1) + (1 if op.params["affine"] else 0)
    return Cost(flops=each * op.output.size, bytes_accessed=0)


@fvcore.rule(POOL)
def global_average_pool(op: Op) -> Cost:
    """One per element of the input."""
    return Cost(flops=op.inputs[0].size, bytes_accessed=0)
