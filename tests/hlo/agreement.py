"""The one comparison of these tests: symcost's reading of a program's HLO against XLA's own figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import symcost.rules.hlo
from symcost import capture_hlo
from symcost.interpret import interpret
from symcost.program import Program

REGISTRY = symcost.rules.hlo.hlo


def costs(program: Program) -> dict[str, int]:
    """Flops, transcendentals and bytes of a program; every opcode must have a rule."""
    ledger = interpret(program, REGISTRY, strict=True)
    return {q: ledger.total(q) for q in ("flops", "transcendentals", "bytes_accessed")}


def assert_equals_xla(fn: Callable, args: Sequence[Any], platform: str = "cpu") -> Program:
    """All three figures are XLA's: equal below 2**24, from there on up to the rounding of its float32 counters."""
    lowered = capture_hlo.lower(fn, args, platform)
    program = capture_hlo.parse_hlo(capture_hlo.hlo_text(lowered))
    assert_close(costs(program), capture_hlo.xla_counts(lowered), sum(1 for _ in program.walk()))
    return program


def assert_close(ours: dict[str, int], xla: dict[str, float], instructions: int) -> None:
    for quantity, figure in xla.items():
        if figure < 2**24:
            assert ours[quantity] == figure, quantity
        else:
            assert abs(ours[quantity] - figure) <= max(1e-6, instructions * 2**-24) * figure, quantity
