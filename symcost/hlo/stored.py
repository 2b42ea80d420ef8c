"""Programs whose arrays have the size that they take up in memory, tiles included.

The instructions are those of a `Program`. A rule that is given such a program counts what is stored, where it otherwise
counts elements times their size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symcost.hlo.tiles import Storage
from symcost.polynomial import Size
from symcost.program import Op, Program, Value, itemsize


@dataclass(frozen=True, slots=True)
class Stored(Value):
    """An array with its place in memory; None where it takes up no more than its elements."""

    storage: Storage | None = None

    @property
    def bytes(self) -> Size:
        """Bytes in memory, tiles included."""
        return self.size * itemsize(self.dtype) if self.storage is None else self.storage.bytes


@dataclass(slots=True)
class StoredProgram(Program):
    """A program of arrays in tiles.

    Attributes:
        storage: how values lie in memory, by value number.
    """

    storage: Sequence[Storage | None] = ()

    def ops(self) -> Iterator[Op]:
        """Every instruction as an `Op` whose inputs and outputs are `Stored`."""
        for op in Program.ops(self):
            i = op.instruction
            read = (self._stored(v, r) if isinstance(r, int) else v for v, r in zip(op.inputs, i.reads, strict=True))
            yield Op(i, tuple(read), tuple(self._stored(v, i.writes + n) for n, v in enumerate(op.outputs)))

    def _stored(self, value: Value, number: int) -> Stored:
        return Stored(value.shape, value.dtype, value.literal, self.storage[number])


def as_stored(program: Program, storage: Sequence[Storage | None]) -> StoredProgram:
    """`program`, whose values lie in memory as `storage` says, by value number."""
    inputs = tuple(Stored(v.shape, v.dtype, v.literal, s) for v, s in zip(program.inputs, storage, strict=False))
    p = program
    return StoredProgram(inputs, p.instructions, p.outputs, p.kinds, p.name, storage=tuple(storage))
