"""Fused computations, which only optimised modules contain: arithmetic of the body, memory of its edges."""

from __future__ import annotations

from symcost.polynomial import Size, total
from symcost.program import Op, Program
from symcost.rules.registry import Cost, Flow, hlo

IMMEDIATE = 8
"""Constants of more elements than this inside a fusion are read from memory."""


@hlo.rule("fusion")
def fusion(op: Op) -> Cost | Flow:
    """Arithmetic of the body; bytes: what is written, and of every operand the part that the body reads. One made for a
    gather or scatter (kind=kCustom) costs what the first of these in its body does, and nothing else."""
    body = op.regions[0]
    inner = list(body.ops())
    if op.params.get("kind") == "kCustom":
        for step in inner:
            if step.primitive in ("gather", "scatter"):
                cost = hlo.cost(step)
                assert cost is not None
                return cost
    read = [_read(body, inner, number) for number in range(len(body.inputs))]
    constants = [o.output.bytes for o in inner if o.primitive == "constant" and _elements(o) > IMMEDIATE]
    written = [_written(body, inner, number) for number in _results(body, inner)]
    memory = total((*read, *constants, *written))
    return Flow(((1, body),), own=Cost(bytes_accessed=memory), collapse=True)


def _elements(constant: Op) -> int:
    elements = constant.output.size
    assert isinstance(elements, int), "fusions are of concrete programs"
    return elements


def _results(body: Program, inner: list[Op]) -> list[int]:
    """Numbers of the values that leave the fusion, seen through a tuple at its root."""
    for o in inner:
        first = o.instruction.writes
        if o.primitive == "tuple" and tuple(body.outputs) == tuple(range(first, first + len(o.outputs))):
            return [r for r in o.instruction.reads if isinstance(r, int)]
    return [r for r in body.outputs if isinstance(r, int)]


def _written(body: Program, inner: list[Op], number: int) -> Size:
    """Of an array that is updated in place only the update is written."""
    if number < len(body.inputs):
        return body.inputs[number].bytes
    producer = next(o for o in reversed(inner) if o.instruction.writes <= number)
    if producer.primitive == "dynamic-update-slice":
        return producer.inputs[1].bytes
    return producer.outputs[number - producer.instruction.writes].bytes


def _read(body: Program, inner: list[Op], number: int) -> Size:
    """Bytes read of one operand: by slices what they take, by broadcasts and reshapes all, by the rest all, once."""
    whole = body.inputs[number].bytes
    parts: list[Size] = []
    shared = False  # somebody reads all of it, and others share that
    for o in inner:
        at = [i for i, r in enumerate(o.instruction.reads) if r == number]
        if not at or o.primitive == "tuple":
            shared = shared or bool(at)
        elif o.primitive == "fusion":
            nested = o.regions[0]
            parts += [_read(nested, list(nested.ops()), i) for i in at]
        elif o.primitive == "slice" or (o.primitive == "dynamic-slice" and at[0] == 0):
            parts.append(o.output.bytes)
        elif o.primitive in ("broadcast", "reshape"):
            parts.append(whole)
        elif o.primitive != "dynamic-update-slice" or at[0] != 0:
            shared = True
    return total(parts) + (whole if shared else 0)
