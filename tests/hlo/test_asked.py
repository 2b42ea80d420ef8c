"""Opcodes that symcost does not know: XLA is asked. The witness is the rule that was taken away."""

from __future__ import annotations

import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.capture_hlo import instruction_counts
from symcost.conventions import convention
from symcost.hlo.shapes import dtype_name, element_type
from symcost.program import Value
from symcost.rules.registry import ASKED

CASES = {
    "exponential": (lambda x: jnp.exp(x) + 1, ["N"]),
    "add": (lambda x, y: x[:, None] + 2 * y, ["N", "M"]),
    "tanh": (lambda x: jnp.tanh(x[: x.shape[0] // 2]), ["N"]),
    "select": (lambda x, y: jnp.where(x > 0, x, y), ["B N", "B N"]),
    "multiply": (lambda x: x * x, ["3 5"]),
    "popcnt": (lambda x: jnp.bitwise_count(x.astype(jnp.int32)), ["N"]),
}


@pytest.mark.parametrize("opcode", CASES)
def test_what_xla_says_of_an_opcode_is_its_formula(opcode, monkeypatch):
    fn, shapes = CASES[opcode]
    arrays = [sc.array(shape) for shape in shapes]
    known = sc.trace(fn, *arrays).under("xla")
    assert opcode in {row.key.primitive for row in known.rows}
    monkeypatch.delitem(convention("xla").registry._rules, opcode)
    asked = sc.trace(fn, *arrays).under("xla")
    for quantity in ("flops", "transcendentals", "bytes_accessed"):
        assert asked.text(quantity) == known.text(quantity)
    assert asked.unknown == ()
    assert {row.key.flag for row in asked.rows if row.key.primitive == opcode} == {ASKED}
    assert f"note: {opcode}: without a rule" in str(asked)
    assert "without a rule" not in str(known)


def test_what_xla_cannot_be_asked_about_stays_unknown(monkeypatch):
    monkeypatch.delitem(convention("xla").registry._rules, "dot")
    cost = sc.trace(jnp.matmul, sc.array("N F"), sc.array("F H")).under("xla")
    assert [u.symbol for u in cost.unknown] == ["unknown_dot_0"]
    with pytest.raises(sc.errors.UnknownPrimitiveError, match="unknown_dot_0"):
        _ = cost.at(N=2, F=3, H=4).flops


def test_an_instruction_that_is_none():
    assert instruction_counts("no-such-opcode", [], Value((2,), "float32")) is None
    assert instruction_counts("transpose", [Value((2, 3), "float32")], Value((3, 2), "float32")) is None


@pytest.mark.parametrize("hlo", ["s32", "u8", "pred", "bf16", "f64", "c64", "f8e4m3fn", "s4", "token"])
def test_types_there_and_back(hlo):
    assert element_type(dtype_name(hlo)) == hlo
