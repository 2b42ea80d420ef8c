"""Random numbers: one transcendental each."""

from __future__ import annotations

from symcost.polynomial import total
from symcost.program import Op
from symcost.rules.hlo.memory import touched
from symcost.rules.registry import Cost, hlo


@hlo.rule("rng")
def rng(op: Op) -> Cost:
    """One transcendental per number."""
    return Cost(transcendentals=op.output.size)


@hlo.rule("rng-bit-generator")
def rng_bit_generator(op: Op) -> Cost:
    """One transcendental per element of everything written, the new state included."""
    return Cost(transcendentals=total(v.size for v in op.outputs), bytes_accessed=touched(op))


@hlo.rule("rng-get-and-update-state")
def rng_get_and_update_state(op: Op) -> Cost:
    """No flops; the state written."""
    return Cost(bytes_accessed=touched(op))
