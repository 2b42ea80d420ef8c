"""Contractions: dots and convolutions, on the matrix unit; a multiply-accumulate is two operations."""

from __future__ import annotations

from symcost.polynomial import Size, product
from symcost.program import Op, Value, is_float
from symcost.rules.arithmetic import repeat, scalar, together
from symcost.rules.registry import Cost, algorithm


def multiply_accumulate(macs: Size, *operands: Value) -> Cost:
    """`macs` multiplications, each added to an accumulator that starts at zero.

    Floats: 2 flops. Integers and booleans: 2 int_ops. Complex: 8 flops (6 + 2). The
    dtype is that of the operands (of the float one, should they differ).
    """
    dtype = next((v.dtype for v in operands if is_float(v.dtype)), operands[0].dtype)
    once = together(Cost(macs=1, unit="matrix"), scalar("mul", dtype), scalar("add", dtype))
    return repeat(macs, once)


def free_extent(value: Value, *taken: tuple[int, ...]) -> Size:
    """Product of the dimensions of `value` that are in none of `taken`."""
    axes = {a for group in taken for a in group}
    return product(n for a, n in enumerate(value.shape) if a not in axes)


@algorithm.rule("dot_general")
def dot_general(op: Op) -> Cost:
    """A multiply and an add per output element and contracted element (2*m*n*k)."""
    (contracted, _), _ = op.params["dimension_numbers"]
    lhs, rhs = op.inputs
    return multiply_accumulate(op.output.size * product(lhs.shape[a] for a in contracted), lhs, rhs)


@algorithm.rule("ragged_dot_general")
def ragged_dot_general(op: Op) -> Cost:
    """A multiply and an add per element of lhs and free element of rhs: each ragged row meets one group only
    (group sizes that fill the ragged axis)."""
    numbers = op.params["ragged_dot_dimension_numbers"]
    (_, contracted), (_, batch) = numbers.dot_dimension_numbers
    lhs, rhs = op.inputs[:2]
    return multiply_accumulate(lhs.size * free_extent(rhs, contracted, batch, numbers.rhs_group_dimensions), lhs, rhs)


@algorithm.rule("scaled_dot")
def scaled_dot(op: Op) -> Cost:
    """A dot, and one multiplication per element of lhs and rhs by its block's scale."""
    (contracted, _), _ = op.params["dimension_numbers"]
    lhs, rhs = op.inputs[:2]
    dot = multiply_accumulate(op.output.size * product(lhs.shape[a] for a in contracted), lhs, rhs)
    return together(dot, repeat(lhs.size + rhs.size, scalar("mul", lhs.dtype)))


@algorithm.rule("scaled_matmul", "scaled_matmul_wrapper")
def scaled_matmul(op: Op) -> Cost:
    """(B, M, K) by (B, N, K) on the last axes, and one multiplication per element by its block's scale."""
    lhs, rhs = op.inputs[:2]
    dot = multiply_accumulate(op.output.size * lhs.shape[-1], lhs, rhs)
    return together(dot, repeat(lhs.size + rhs.size, scalar("mul", lhs.dtype)))


@algorithm.rule("conv_general_dilated")
def conv_general_dilated(op: Op) -> Cost:
    """A multiply and an add per output element, kernel tap and input channel of its group; all taps, also those
    on padding or between dilated elements."""
    lhs, rhs = op.inputs
    output_channels = op.params["dimension_numbers"].rhs_spec[0]
    # The kernel holds (input channels / groups) x taps for every output channel; a group of the
    # batch likewise meets only its own output channels, so the same product serves both.
    return multiply_accumulate(op.output.size * free_extent(rhs, (output_channels,)), lhs, rhs)
