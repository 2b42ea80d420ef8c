"""What the TPU's compiler counts otherwise than XLA's common analysis: bytes of the same optimised module, by cause.

It follows the same rules with other sizes. Written against libtpu 0.0.42 - 0.0.50, whose figures these are (found by
compiling small programs; the compiler is not open):

- An array has the bytes of its whole tiles (`symcost.hlo.tiles`), a semaphore those of a tile of 8 by 128 numbers.
- The table of a tuple has 4 bytes per entry, in whole granules of memory (`Target.granule`).
- A gather reads, and a scatter reads and writes, one whole tile for every row that it picks: the rows of its result or
  updates times the extents of the tile in the dimensions that are indexed. A vector counts as tiles of 8 by 128.
- A buffer that is only allocated costs nothing, where other custom calls still are -1.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from symcost.hlo.stored import Stored
from symcost.polynomial import total
from symcost.program import Op, Program
from symcost.rules.hlo.fusion import picked
from symcost.rules.hlo.memory import POINTER_BYTES
from symcost.rules.registry import Flow, hlo
from symcost.xla.causes import Account
from symcost.xla.listing import Entry, Reader, list_hlo
from symcost.xla.opcodes import COPIES
from symcost.xla.targets import Target

BUFFERS = "allocated buffers"
_POINTER_BYTES = 4
_VECTOR = 8 * 128
"""Elements of the tile that a vector counts as when single elements of it are picked."""
_SEMAPHORE = 4 * 8 * 128
_SEMAPHORES = 2
"""Number of the memory that the semaphores of copies are in."""


def tpu_traffic(plain: list[Entry], stored: Program, target: Target) -> Account:
    """What the TPU's compiler adds to the bytes of XLA's common analysis, by cause.

    Args:
        plain: the optimised module as the common analysis counts it. stored: the same module, with arrays in tiles.
        target: whose granules count.
    """
    account = Account()
    reader = Reader("bytes_accessed", hlo)
    for entries, sign in ((list_hlo(stored, reader).entries, 1), (plain, -1)):
        for entry in entries:
            account.add(*_cause(entry), sign * entry.amount)
            if sign > 0 and not entry.fused:
                _otherwise(account, entry, reader, target)
    return account


def tpu_entries(stored: Program, target: Target) -> list[Entry]:
    """The instructions of an optimised module, each with the bytes that the TPU's compiler counts for it."""
    reader = Reader("bytes_accessed", hlo)
    found = []
    for entry in list_hlo(stored, reader).entries:
        more = Account()
        if not entry.fused:
            _otherwise(more, entry, reader, target)
        found.append(replace(entry, amount=entry.amount + more.total))
    return found


def without_buffers(entries: list[Entry]) -> list[Entry]:
    """Instructions by flops, with 0 for a buffer that is only allocated, where the common analysis says -1."""
    return [replace(e, amount=e.amount + _allocated(e.op)) for e in entries]


def _allocated(op: Op) -> int:
    """1 for what allocates a buffer and does nothing else."""
    return int(op.params.get("custom_call_target") == "AllocateBuffer")


def _cause(entry: Entry) -> tuple[str, str]:
    """What the difference between an instruction's bytes in tiles and its elements' is put down to."""
    if entry.opcode in COPIES:
        return "copies", entry.opcode
    if entry.fused or entry.opcode == "fusion":
        return "tiles", "fusions"
    return "tiles", entry.primitive or entry.opcode


def _otherwise(account: Account, entry: Entry, reader: Reader, target: Target) -> None:
    op = entry.op
    account.add("chip", BUFFERS, _allocated(op))
    cost = reader.cost(op)
    if not isinstance(cost, Flow) or cost.collapse:  # loops and calls touch only what their bodies do
        tables = [t for t in op.params.get("operand_tables") or () if t]
        entries = [n for n, _ in tables] + ([op.params["table"]] if entry.opcode == "tuple" else [])
        kind = "copies" if entry.opcode in COPIES else "tuple"
        account.add(kind, entry.opcode, sum(_table(n, target) - POINTER_BYTES * n for n in entries))
    if entry.opcode == "copy-start":
        flags = [v for v in op.outputs if isinstance(v, Stored) and v.storage and v.storage.space == _SEMAPHORES]
        account.add("copies", entry.opcode, sum(_SEMAPHORE - v.bytes for v in flags))  # type: ignore[misc, operator]
    pick = picked(op)
    if pick is not None:
        account.add("rows", pick.primitive, _rows(pick))


def _table(entries: int, target: Target) -> int:
    """Bytes of a tuple's table."""
    return -(-_POINTER_BYTES * entries // target.granule) * target.granule


def _rows(op: Op) -> int:
    """Bytes of tiles around the rows that a gather or scatter picks, less those of the rows themselves."""
    operand = op.inputs[0]
    if op.primitive == "gather":
        indexed, moved = op.params["start_index_map"], op.output.bytes
    else:
        indexed = op.params["scatter_dims_to_operand_dims"]
        moved = 2 * total(v.bytes for v in op.inputs[(len(op.inputs) + 1) // 2 :])  # read and written
    if not isinstance(operand, Stored) or operand.storage is None:
        return 0
    tile = operand.storage.tile
    if len(tile) == 1:
        return (_VECTOR - 1) * moved if tile[0][0] in indexed else 0  # type: ignore[operator, return-value]
    return (prod(extent for axis, extent in tile if axis in indexed) - 1) * moved  # type: ignore[operator, return-value]
