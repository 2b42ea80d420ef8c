"""Fused computations, which only optimised modules contain: arithmetic of the body, memory of its edges."""

from __future__ import annotations

from symcost.polynomial import Size, total
from symcost.program import Op, Program
from symcost.rules.registry import Cost, Flow, hlo

IMMEDIATE = 1
"""Constants of more elements than this inside a fusion are read from memory."""


@hlo.rule("fusion")
def fusion(op: Op) -> Cost | Flow:
    """Arithmetic of the body; bytes: what is written, and of every operand the part that the body reads. One made for a
    gather or scatter (kind=kCustom) costs what the first of these in its body does, and nothing else."""
    pick = picked(op)
    if pick is not None:
        cost = hlo.cost(pick)
        assert cost is not None
        return cost
    body = op.regions[0]
    inner = list(body.ops())
    read = [_read(body, inner, number) for number in range(len(body.inputs))]
    constants = [o.output.bytes for o in inner if o.primitive == "constant" and _elements(o) > IMMEDIATE]
    written = [_written(body, inner, number) for number in _results(body, inner)]
    memory = total((*read, *constants, *written))
    return Flow(((1, body),), own=Cost(bytes_accessed=memory), collapse=True)


def picked(op: Op) -> Op | None:
    """The gather or scatter that a fusion was made for, and is counted as; None for any other operation."""
    if op.primitive != "fusion" or op.params.get("kind") != "kCustom":
        return None
    return next((step for step in op.regions[0].ops() if step.primitive in ("gather", "scatter")), None)


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
        if not at:
            continue
        part = _part(o, number)
        if o.primitive == "fusion":
            parts += [_read_inside(o, i, _users(inner, o)) for i in at]
        elif part is not None:
            parts.append(part)
        elif o.primitive in ("broadcast", "reshape"):
            parts.append(whole)
        elif o.primitive != "dynamic-update-slice" or at[0] != 0:
            shared = True
    return total(parts) + (whole if shared else 0)


def _part(op: Op, number: int) -> Size | None:
    """What a slice takes of the value `number`; None for what is no slice of it."""
    if op.primitive == "slice" or (op.primitive == "dynamic-slice" and op.instruction.reads[0] == number):
        return op.output.bytes
    return None


def _users(inner: list[Op], producer: Op) -> list[tuple[Op, int]]:
    """Instructions that read a result, with the number under which they read it."""
    first = producer.instruction.writes
    numbers = range(first, first + len(producer.outputs))
    return [
        (o, next(r for r in o.instruction.reads if r in numbers))  # type: ignore[misc]
        for o in inner
        if any(isinstance(r, int) and r in numbers for r in o.instruction.reads)
    ]


def _read_inside(nested: Op, number: int, users: list[tuple[Op, int]]) -> Size:
    """Bytes that a fusion inside of a fusion reads of one operand.

    They are counted where its result is used: by a slice of it the part, if nothing but one step lies between; by all
    others together once. So one whose result leaves the outer fusion reads nothing.
    """
    body = nested.regions[0]
    steps = list(body.ops())
    simple = not steps or steps[-1].instruction.reads[:1] in ((), (number,))
    parts: list[Size] = []
    whole = False
    for user, result in users:
        part = _part(user, result)
        if simple and part is not None:
            parts.append(part)
        elif not (simple and user.primitive == "dynamic-update-slice" and user.instruction.reads[0] == result):
            whole = True
    return total(parts) + (_read(body, steps, number) if whole else 0)
