"""One operation per element of the output, whatever its type."""

from __future__ import annotations

from symcost.program import Op
from symcost.rules.registry import Cost, hlo


@hlo.rule(
    *"abs add and ceil clamp compare complex convert count-leading-zeros divide floor imag is-finite maximum minimum mulhi".split(),
    *"multiply negate not or popcnt real reduce-precision remainder round-nearest-afz".split(),
    *"round-nearest-even select shift-left shift-right-arithmetic shift-right-logical sign stochastic-convert".split(),
    *"subtract xor bitcast-convert".split(),
)
def elementwise(op: Op) -> Cost:
    """One flop per element of the output."""
    return Cost(flops=op.output.size)


@hlo.rule(
    *"acos acosh asin asinh atan2 atanh cbrt cosh cosine erf exp2 exponential exponential-minus-one log log2".split(),
    *"log-plus-one logistic power rsqrt sine sinh sqrt tan tanh".split(),
)
def transcendental(op: Op) -> Cost:
    """One transcendental per element of the output."""
    return Cost(transcendentals=op.output.size)
