"""Solving linear systems whose matrix is triangular, tridiagonal or given by a program."""

from __future__ import annotations

from symcost.polynomial import product
from symcost.program import Op
from symcost.rules.arithmetic import together
from symcost.rules.contractions import multiply_accumulate
from symcost.rules.extent import exactly, folds, triangle
from symcost.rules.householder import Operations
from symcost.rules.registry import Cost, algorithm


@algorithm.rule("triangular_solve")
def triangular_solve(op: Op) -> Cost:
    """n^2 flops per right-hand side (n(n-1)/2 multiplications and additions, n divisions); n^2 - n with a unit
    diagonal (GVL 3.1)."""
    a, b = op.inputs
    *batch, rows, columns = b.shape
    n, sides = (rows, columns) if op.params["left_side"] else (columns, rows)
    divisions = 0 if op.params["unit_diagonal"] else n
    return (Operations(triangle(n) + divisions, triangle(n)) * (sides * product(batch))).cost(a.dtype)


@algorithm.rule("tridiagonal_solve")
def tridiagonal_solve(op: Op) -> Cost:
    """Thomas algorithm: 3(n-1) flops to eliminate, 5n - 4 per right-hand side (GVL 4.3)."""
    *batch, n, sides = op.inputs[3].shape  # lower, diagonal, upper, right-hand sides
    steps = folds(n)
    # A step: w = lower/diagonal, diagonal -= w*upper; side -= w*side above. Back: (side - upper*x)/diagonal.
    eliminate = Operations(2 * steps, steps)
    solve = Operations(2 * steps + n, 2 * steps) * sides
    return ((eliminate + solve) * product(batch)).cost(op.inputs[0].dtype)


@algorithm.rule("symmetric_product")
def symmetric_product(op: Op) -> Cost:
    """alpha A A' + beta C on the lower triangle: a dot of length k for each of n(n+1)/2 elements, and 3 flops to
    scale and add."""
    *batch, n, k = op.inputs[0].shape
    elements = product(batch) * exactly(n * (n + 1), 2)
    dots = multiply_accumulate(elements * k, op.inputs[0])
    return together(dots, Operations(2 * elements, elements).cost(op.inputs[0].dtype))
