"""Sizes that are tried on purpose: the smallest, those that make a literal 0 or 1, and a program's own constants."""

from __future__ import annotations

from collections.abc import Iterator

from symcost.domain import Dim
from symcost.polynomial import Poly, evaluate, symbol, symbols_of
from symcost.program import Op, Program, Value
from symcost.sampling import LARGE, Condition, bounds

FEW = 3
"""Symbols, at most, of which each is tried at 2 because some float changes with the sizes."""

NEUTRAL = 8
"""Sizes tried at most because a literal becomes 0 or 1 there."""


def special_values(dim: Dim) -> list[int]:
    """Units to try on purpose: 0, 1 and the smallest, as far as the domain has them."""
    least, most = bounds(dim)
    return [v for v in dict.fromkeys((0, 1, least)) if v >= least and (most is None or v <= most)]


def neutral_literals(program: Program | None) -> list[Condition]:
    """Sizes at which a literal that follows a size is 0 or 1, so that XLA's converter drops the operation.

    Of a float that changes with the sizes (``0.5 * (N - 1)``) no formula is known; it is likeliest so at 2.
    """
    found: dict[Condition, None] = {}
    literals = {r.literal for i in (program.walk() if program else ()) for r in i.reads if isinstance(r, Value)}
    if program is not None and None in literals:
        names = sorted({n for v in program.inputs for d in v.shape for n in symbols_of(d)})
        found.update(dict.fromkeys((symbol(n), 2) for n in (names if len(names) <= FEW else ())))
    for literal in sorted((s for s in literals if isinstance(s, Poly)), key=str):
        names = symbols_of(literal)
        if len(names) == 1:
            (name,) = names
            for unit in range(2, LARGE):
                if evaluate(literal, {name: unit}) in (0, 1):
                    found[(symbol(name), unit)] = None
    return list(found)[:NEUTRAL]


def _every_op(program: Program | None) -> Iterator[Op]:
    for op in program.ops() if program is not None else ():
        yield op
        for region in op.regions:
            yield from _every_op(region)


def suspects(program: Program | None) -> list[int]:
    """Constant dimensions that a symbolic one turns into (resize, pad or cut to a fixed length), likeliest first."""
    found: dict[int, int] = {}
    weight = {"pad": 8, "slice": 8, "dot_general": 1, "gather": 4, "dynamic_slice": 4, "concatenate": 4}
    weight |= {"dot": 1, "dynamic-slice": 4}  # HLO opcodes
    for op in _every_op(program):
        if op.primitive not in weight or not op.inputs:
            continue
        symbolic = any(isinstance(d, Poly) for v in op.inputs for d in v.shape)
        before = {d for v in op.inputs for d in v.shape} if weight[op.primitive] > 1 else set()
        for v in op.outputs:
            for d in v.shape:
                if symbolic and isinstance(d, int) and d > 1 and d not in before:
                    found[d] = found.get(d, 0) + weight[op.primitive]
    return sorted(found, key=lambda d: -found[d])
