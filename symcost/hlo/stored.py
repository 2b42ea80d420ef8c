"""Programs whose arrays have the size that they take up in memory, tiles included.

The same instructions as those of a `Program`: a rule that is given such a program counts what is stored, where it
otherwise counts elements times their size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symcost.polynomial import Size
from symcost.program import Op, Program, Value


@dataclass(frozen=True, slots=True)
class Stored(Value):
    """An array with the bytes that it takes up; None where these are its elements'."""

    stored: int | None = None

    @property
    def bytes(self) -> Size:
        """Bytes in memory."""
        return Value.bytes.fget(self) if self.stored is None else self.stored  # type: ignore[misc]


@dataclass(slots=True)
class StoredProgram(Program):
    """A program of arrays in tiles.

    Attributes:
        stored: by value number, the bytes that the value takes up, or None.
    """

    stored: Sequence[int | None] = ()

    def ops(self) -> Iterator[Op]:
        """Every instruction as an `Op` whose inputs and outputs are `Stored`."""
        for op in Program.ops(self):
            i = op.instruction
            inputs = tuple(
                self._stored(v, r) if isinstance(r, int) else v for v, r in zip(op.inputs, i.reads, strict=True)
            )
            yield Op(i, inputs, tuple(self._stored(v, i.writes + n) for n, v in enumerate(op.outputs)))

    def _stored(self, value: Value, number: int) -> Stored:
        return Stored(value.shape, value.dtype, value.literal, self.stored[number])


def as_stored(program: Program, stored: Sequence[int | None]) -> StoredProgram:
    """`program`, whose values take up `stored` bytes, by value number."""
    inputs = tuple(Stored(v.shape, v.dtype, v.literal, n) for v, n in zip(program.inputs, stored, strict=False))
    return StoredProgram(
        inputs, program.instructions, program.outputs, program.kinds, program.name, stored=tuple(stored)
    )
