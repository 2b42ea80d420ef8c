"""Operations on every element: one flop, one integer operation or one transcendental each."""

from __future__ import annotations

from symcost.program import Op
from symcost.rules.arithmetic import TRANSCENDENTALS, repeat, scalar, together
from symcost.rules.registry import Cost, algorithm


def one_per_element(op: Op) -> Cost:
    """One operation per output element: a flop for floats (also to compare them), an int_op for integers and
    booleans; on complex numbers its definition in reals."""
    return repeat(op.output.size, scalar(op.primitive, op.inputs[0].dtype))


def transcendental(op: Op) -> Cost:
    """One transcendental per output element; on complex numbers its definition in reals."""
    return repeat(op.output.size, scalar(op.primitive, op.inputs[0].dtype))


def elementwise(*primitives: str) -> None:
    """Register `primitives` as one operation per output element, judged by the dtype of the first operand."""
    algorithm.rule(*primitives)(one_per_element)


elementwise("add", "sub", "mul", "div", "rem", "neg", "abs", "sign", "max", "min", "clamp")
elementwise("floor", "ceil", "round", "nextafter", "is_finite")
elementwise("eq", "ne", "lt", "le", "gt", "ge", "eq_to", "lt_to", "le_to")
elementwise("and", "or", "xor", "not", "shift_left", "shift_right_arithmetic", "shift_right_logical")
elementwise("population_count", "clz", "mulhi")
elementwise("square", "integer_pow", "reciprocal")
elementwise("add_any")  # the sum of cotangents, of jaxprs before simplification

algorithm.rule(*TRANSCENDENTALS)(transcendental)


@algorithm.rule("one_minus_square")
def one_minus_square(op: Op) -> Cost:
    """1 - x*x: two operations per element."""
    return repeat(op.output.size, scalar("one_minus_square", op.inputs[0].dtype))


@algorithm.rule("conj")
def conj(op: Op) -> Cost:
    """One negation per element of a complex operand; a real one is only widened."""
    is_complex = op.inputs[0].dtype.startswith("complex")
    return repeat(op.output.size, scalar("conj", op.inputs[0].dtype)) if is_complex else Cost()


@algorithm.rule("polynomial")
def polynomial(op: Op) -> Cost:
    """Horner's scheme: a multiplication and an addition per element and degree."""
    dtype, degree = op.inputs[0].dtype, len(op.inputs) - 2  # x, then degree + 1 coefficients
    return repeat(op.output.size * degree, together(scalar("mul", dtype), scalar("add", dtype)))


@algorithm.rule("addupdate", "accum_grad_in_ref")
def addupdate(op: Op) -> Cost:
    """One addition per element added into the reference."""
    added = op.inputs[1]  # reference, value, indices
    return repeat(added.size, scalar("add", added.dtype))
