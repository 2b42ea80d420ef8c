"""One operation per element of the output, whatever its type."""

from __future__ import annotations

from symcost.program import Op
from symcost.rules.registry import Cost, hlo


def one_per_element(op: Op) -> Cost:
    """One flop per element of the output."""
    return Cost(flops=op.output.size)


def transcendental(op: Op) -> Cost:
    """One transcendental per element of the output."""
    return Cost(transcendentals=op.output.size)


def elementwise(*opcodes: str) -> None:
    """Register `opcodes` as one flop per element."""
    hlo.rule(*opcodes)(one_per_element)


elementwise("abs", "add", "subtract", "multiply", "mulhi", "divide", "remainder", "negate", "sign")
elementwise("maximum", "minimum", "clamp", "compare", "select", "is-finite")
elementwise("ceil", "floor", "round-nearest-afz", "round-nearest-even", "reduce-precision")
elementwise("and", "or", "xor", "not", "popcnt", "count-leading-zeros")
elementwise("shift-left", "shift-right-arithmetic", "shift-right-logical")
elementwise("real", "imag", "complex", "convert", "bitcast-convert", "stochastic-convert")

hlo.rule("exponential", "exponential-minus-one", "exp2", "log", "log-plus-one", "log2", "logistic")(transcendental)
hlo.rule("power", "sqrt", "rsqrt", "cbrt", "erf", "tanh", "atan2")(transcendental)
hlo.rule("sine", "cosine", "tan", "asin", "acos", "sinh", "cosh", "asinh", "acosh", "atanh")(transcendental)
