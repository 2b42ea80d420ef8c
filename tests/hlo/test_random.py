"""Random programs: symcost's reading of their HLO is XLA's own figure, and formulas hold at sizes never traced."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import pytest

import symcost as sc
from symcost import capture, capture_hlo
from symcost.conventions import convention
from symcost.errors import GeneralizationError
from symcost.interpret import interpret
from tests.hlo.agreement import costs
from tests.hlo.random import Random, program

PROGRAMS = 40
LONG = 2000
BLOCK = 50
SYMBOLIC = (14, 15, 16)
"""Seeds whose formulas are found quickly; `test_long_formulas` has the others."""
LONG_SYMBOLIC = 60
REFUSED = 0.2
"""The share of programs that may be refused: sizes are halved, merged and divided by three until no grammar helps."""
FRESH = ({"A": 11, "B": 13}, {"A": 9, "B": 8}, {"A": 1, "B": 10}, {"A": 12, "B": 12})
QUANTITIES = ("flops", "transcendentals", "int_ops", "macs")


def against_xla(found: Random, sizes: Mapping[str, int]) -> list[str]:
    """What differs from XLA, in words; nothing if all three figures agree."""
    lowered = capture_hlo.lower(*found.build(**sizes))
    read = capture_hlo.parse_hlo(capture_hlo.hlo_text(lowered))
    ours, instructions = costs(read), sum(1 for _ in read.walk())
    return [
        f"random program {found.seed} at {sizes}: {quantity} {ours[quantity]}, XLA {theirs:.0f}; "
        f"to see it: python -m tests.hlo.random {found.seed}"
        for quantity, theirs in capture_hlo.xla_counts(lowered).items()
        if abs(ours[quantity] - theirs) > (instructions * 2**-24 * abs(theirs) if abs(theirs) >= 2**24 else 0)
    ]


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_random_program_costs_what_xla_says(seed):
    found = program(seed)
    assert not (differences := against_xla(found, found.sizes())), "\n".join(differences)


@pytest.mark.long
@pytest.mark.parametrize("first", range(PROGRAMS, LONG, BLOCK))
def test_random_programs_cost_what_xla_says(first):
    seeds = range(first, min(first + BLOCK, LONG))
    differences = [line for seed in seeds for line in against_xla(program(seed), program(seed).sizes())]
    assert not differences, "\n".join(differences)


def against_formulas(found: Random) -> list[str]:
    """Where formulas, of "algorithm" and of "xla", differ from the concrete program at sizes never traced."""
    cost = sc.trace_family(found.build, " ".join(found.symbols))
    xla = cost.under("xla")
    differences = []
    for sizes in FRESH:
        fn, args = found.build(**sizes)
        program = capture.from_jaxpr(jax.jit(fn).trace(*args).jaxpr)
        rules = convention("algorithm").registry
        trips = {u.symbol: 5 for u in interpret(program, rules).unknown}
        totals = interpret(program, rules, trips=trips).totals()
        values, theirs = cost.at(**sizes, **trips), capture_hlo.xla_counts(fn, args)
        pairs = [(q, getattr(values, q), totals[q]) for q in QUANTITIES]
        pairs += [(f"xla {q}", getattr(xla.at(**sizes), q), theirs[q]) for q in ("flops", "transcendentals")]
        differences += [
            f"random program {found.seed} at {sizes}: the formula of {name} gives {formula}, the program {figure}; "
            f"to see it: python -m tests.hlo.random {found.seed} --same A={sizes['A']} B={sizes['B']}"
            for name, formula, figure in pairs
            if formula != figure and abs(figure) < 2**24
        ]
    return differences


@pytest.mark.parametrize("seed", SYMBOLIC)
def test_formulas_of_a_random_program_hold_at_fresh_sizes(seed):
    assert not (differences := against_formulas(program(seed, same=True))), "\n".join(differences)


@pytest.mark.long
def test_formulas_of_random_programs_hold_at_fresh_sizes():
    differences: list[str] = []
    refused: dict[int, str] = {}
    for seed in range(LONG_SYMBOLIC):
        try:
            differences += against_formulas(program(seed, same=True))
        except GeneralizationError as error:
            refused[seed] = error.what
    print("refused:", *(f"{seed}: {why}" for seed, why in refused.items()), sep="\n  ")
    assert not differences, "\n".join(differences)
    assert len(refused) <= REFUSED * LONG_SYMBOLIC, refused


def test_a_seed_is_the_same_program_at_every_size():
    found = program(14, same=True)
    first, second = (
        [
            i.template.primitive
            for i in capture.from_jaxpr(jax.jit(fn).trace(*args).jaxpr).walk()
            if i.template.primitive != "broadcast_in_dim"
        ]
        for fn, args in (found.build(A=5, B=7), found.build(A=8, B=6))
    )
    assert first == second
    assert len(first) >= 5
