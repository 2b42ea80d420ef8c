"""Sorting, Fourier transforms and the two decompositions that are opcodes."""

from __future__ import annotations

from symcost.polynomial import ceil_log2, floor_div, floor_log2, product
from symcost.program import Op, itemsize
from symcost.rules.hlo.memory import touched
from symcost.rules.registry import Cost, hlo


@hlo.rule("sort")
def sort(op: Op) -> Cost:
    """T*ceil(log2 T), where T is all elements of an operand, not the sorted dimension; the comparator is free."""
    elements = op.inputs[0].size
    return Cost(flops=elements * ceil_log2(elements), bytes_accessed=touched(op))


@hlo.rule("topk")
def topk(op: Op) -> Cost:
    """No flops; operands read and outputs written."""
    return Cost(bytes_accessed=touched(op))


@hlo.rule("fft")
def fft(op: Op) -> Cost:
    """8*N times the product (not the sum) of floor(log2 length); N: elements of the operand as given."""
    lengths = op.params["fft_length"]
    return Cost(flops=8 * op.inputs[0].size * product(floor_log2(n) for n in lengths))


@hlo.rule("triangular-solve")
def triangular_solve(op: Op) -> Cost:
    """2*n per element of the right-hand side; bytes: half of the matrix."""
    matrix, rhs = op.inputs
    half = matrix.size * (itemsize(matrix.dtype) // 2)
    return Cost(flops=2 * matrix.shape[-1] * rhs.size, bytes_accessed=op.output.bytes + half + rhs.bytes)


@hlo.rule("cholesky")
def cholesky(op: Op) -> Cost:
    """n*N/3, rounded down; bytes: half of the matrix read, half written."""
    matrix = op.inputs[0]
    return Cost(flops=floor_div(matrix.shape[-1] * matrix.size, 3), bytes_accessed=matrix.bytes)
