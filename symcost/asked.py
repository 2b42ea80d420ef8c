"""HLO opcodes without a rule: XLA is asked about the one operation, at several sizes, and a formula is found.

A release of XLA may have opcodes that symcost has never heard of. Where such an operation has neither attributes nor
computations of its own, it can be costed alone by XLA's own analysis.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from symcost.polynomial import Size, evaluate, symbols_of
from symcost.program import Op, Value
from symcost.rules.registry import ASKED, Cost
from symcost.solve import Solver

POINTS, CHECKED = 7, 3
"""Sizes at which XLA is asked, and of these how many only check the formula."""

LARGEST = 13
"""The largest unit of these sizes: totals stay far below 2**24, from which on XLA rounds."""

_OURS = ("jax_primitive",)
"""Parameters of an instruction that are no attributes of HLO."""


def asked(op: Op) -> Cost | None:
    """What XLA says of `op` alone, as a formula in its sizes; None where it cannot be asked or no formula fits."""
    if op.regions or len(op.outputs) != 1 or any(name not in _OURS for name in op.params):
        return None
    from symcost.capture_hlo import instruction_counts

    sizes = [d for v in (*op.inputs, *op.outputs) for d in v.shape]
    names = sorted({name for size in sizes for name in symbols_of(size)})
    rng = random.Random(len(names))
    points = [{name: rng.randint(1, LARGEST) for name in names} for _ in range(POINTS if names else 1)]
    found = []
    for point in points:
        counts = instruction_counts(op.primitive, [_at(v, point) for v in op.inputs], _at(op.output, point))
        if counts is None:
            return None
        found.append(counts)
    formulas = {}
    for quantity in found[0]:
        formula = _formula([int(counts[quantity]) for counts in found], points, names, op)
        if formula is None:
            return None
        formulas[quantity] = formula
    return Cost(**formulas, flag=ASKED)


def _at(value: Value, point: dict[str, int]) -> Value:
    return Value(tuple(evaluate(d, point) for d in value.shape), value.dtype)  # type: ignore[arg-type]


def _formula(values: Sequence[int], points: Sequence[dict[str, int]], names: Sequence[str], op: Op) -> Size | None:
    if not names:
        return values[0]
    fitted = len(points) - CHECKED
    solver = Solver(points[:fitted], names, [v.size for v in (*op.outputs, *op.inputs)], least=1)
    formula = solver.solve(tuple(values[:fitted]))
    if formula is None or any(evaluate(formula, p) != v for p, v in zip(points, values, strict=True)):
        return None
    return formula
