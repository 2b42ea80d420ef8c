"""Composed programs and models: all figures of XLA, before and after it optimises."""

from __future__ import annotations

import jax
import pytest

from symcost import capture, capture_hlo
from symcost.interpret import interpret
from tests.hlo.agreement import REGISTRY, assert_close, assert_equals_xla, costs
from tests.hlo.programs import PROGRAMS


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_costs_what_xla_says(name):
    fn, args = PROGRAMS[name]
    assert_equals_xla(fn, args)


COMPILED = [
    "nested scans",
    "cond in scan, gradient",
    "conv stride 2, gradient",
    "max pool, gradient",
    "segment_sum",
    "dynamic update",
    "normal",
    "LSTM",
    "MLP, training step",
]


@pytest.mark.parametrize("name", COMPILED)
def test_an_optimised_module_costs_what_xla_says(name):
    """Fusions, known trip counts, layouts: what the compiler for CPUs makes of it."""
    fn, args = PROGRAMS[name]
    compiled = jax.jit(fn).lower(*args).compile()
    program = capture_hlo.parse_hlo(compiled.runtime_executable().hlo_modules()[0].to_string())
    assert any(i.template.primitive == "fusion" for i in program.walk())
    assert_close(costs(program), capture_hlo.xla_counts(compiled), 0)


SCOPES = ["nested jits, shared", "scan of remat, gradient", "Encoder, training step", "LSTM, training step", "Layers"]


@pytest.mark.parametrize("name", SCOPES)
def test_module_paths_and_phases_are_those_of_the_jaxpr(name):
    fn, args = PROGRAMS[name]
    theirs = {(i.template.scope, i.template.phase) for i in capture.trace(fn, args).walk()}
    ours = {
        (i.template.scope, i.template.phase)
        for i in capture_hlo.lower_program(fn, args).walk()
        if i.template.primitive not in ("constant", "broadcast", "tuple", "opt-barrier")  # lowering's own
    }
    assert ours - {(scope.rstrip("/"), phase) for scope, phase in theirs} == set()


def test_primitives_and_source_lines_stay_reachable():
    fn, args = PROGRAMS["MLP, training step"]
    instructions = list(capture_hlo.lower_program(fn, args).walk())
    dots = [i for i in instructions if i.template.primitive == "dot"]
    assert {dict(i.template.params)["jax_primitive"] for i in dots} == {"dot_general"}
    assert {i.template.phase for i in dots} == {"forward", "backward"}
    powers = [i for i in instructions if dict(i.template.params)["jax_primitive"] == "integer_pow"]
    assert all("programs.py:" in str(i.source) for i in powers)
    assert powers


def test_a_custom_call_is_flagged():
    fn, args = PROGRAMS["svd, eigh, qr"]
    program = capture_hlo.lower_program(fn, args)
    flagged = [row for row in interpret(program, REGISTRY) if row.key.flag == "custom call"]
    assert sum(row["flops"] for row in flagged) == -sum(row.count for row in flagged) < 0
