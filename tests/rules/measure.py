"""What symcost counts for a JAX function, on concrete sizes and as formulas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import jax

from symcost import polynomial
from symcost.capture import trace
from symcost.interpret import interpret
from symcost.polynomial import Poly, Size, symbol
from symcost.program import Instruction, Program, Value
from symcost.rules import load
from symcost.rules.registry import algorithm

load()

SIZES = {"N": 1009, "M": 1103, "K": 1201, "B": 1301}
"""Sizes at which a program is traced to be lifted: primes that are no other number of a program."""

FUNCTIONS = {
    name: getattr(polynomial, name)
    for name in ("floor_div", "ceil_div", "ceil_log2", "floor_log2", "maximum", "minimum", "indicator")
}
"""What a formula written by hand may use besides + - * and **."""


def formula(text: str, sizes: Mapping[str, Size]) -> Size:
    """The value of a formula; ``x / 6`` is an exact quotient."""
    text = re.sub(r"(\))\s*/\s*(\d+)", r"\1 * over(\2)", text)
    value = eval(text, {"__builtins__": {}}, {**FUNCTIONS, "over": lambda d: Fraction(1, d), **sizes})
    if isinstance(value, Fraction):
        assert value.denominator == 1, f"{text} is {value} at {sizes}"
        return value.numerator
    return value


def counts(fn: Callable, *args: Any) -> dict[str, Size]:
    """Totals of a function on arrays or shapes, zeros left out, and nothing unknown in it."""
    return totals(trace(fn, args))


def totals(program: Program) -> dict[str, Size]:
    ledger = interpret(program, algorithm, strict=True)
    assert not ledger.unknown
    found = {q: ledger.totals()[q] for q in ("flops", "transcendentals", "int_ops", "macs")}
    return {q: size for q, size in found.items() if isinstance(size, Poly) or size}


def argument(spec: str, sizes: Mapping[str, int]) -> jax.ShapeDtypeStruct:
    """``"N 2*M int8"`` -> shapes at the given sizes; float32 where no dtype is said."""
    *dims, last = spec.split() or [""]
    if re.match(r"b?float\d|complex\d|u?int\d|bool", last):
        dtype = last
    else:
        dims, dtype = ([*dims, last] if last else []), "float32"
    shape = tuple(int(eval(d, {"__builtins__": {}}, dict(sizes))) for d in dims)
    return jax.ShapeDtypeStruct(shape, dtype)


def arguments(specs: Sequence[str], sizes: Mapping[str, int]) -> list[jax.ShapeDtypeStruct]:
    return [argument(spec, sizes) for spec in specs]


def lift(program: Program, derived: Sequence[str] = ()) -> Program:
    """A program traced at `SIZES` with symbols in place of the primes, and of the `derived` sizes.

    A large integer that is none of these is an error: it would stay a number in silence.
    """
    names = {name: symbol(name) for name in SIZES}
    table = {formula(text, SIZES): formula(text, names) for text in (*SIZES, *derived)}

    def size(n: int) -> Size:
        assert n < 300 or n in table, f"{n} is no size that the test names"
        return table.get(n, n)

    def value(v: Value) -> Value:
        return Value(tuple(size(n) for n in v.shape), v.dtype, v.literal)

    def instruction(i: Instruction) -> Instruction:
        return Instruction(
            i.template,
            tuple(size(s) if isinstance(s, int) else s for s in i.slots),
            tuple(value(r) if isinstance(r, Value) else r for r in i.reads),
            i.writes,
            tuple(lifted(r) for r in i.regions),
            i.source,
        )

    def lifted(p: Program) -> Program:
        return Program(tuple(map(value, p.inputs)), tuple(map(instruction, p.instructions)), p.outputs, p.kinds, p.name)

    return lifted(program)
