"""Bytes that XLA takes an instruction to touch, and the one figure that depends on the release."""

from __future__ import annotations

import re
from importlib import metadata

from symcost.polynomial import Size, total
from symcost.program import Op


def pointer_bytes(jaxlib: str) -> int:
    """Bytes of one entry of a tuple's table, in the analysis of this release of jaxlib.

    Example:
        >>> pointer_bytes("0.11.1"), pointer_bytes("0.11.2"), pointer_bytes("0.12.0.1")
        (8, 4, 4)
    """
    release = tuple(int(part) for part in re.findall(r"\d+", jaxlib)[:3])
    return 4 if release >= (0, 11, 2) else 8


POINTER_BYTES = pointer_bytes(metadata.version("jaxlib"))
"""Bytes of one entry of a tuple's table, here and now."""


def touched(op: Op) -> Size:
    """The default: operands and outputs, in full; of a tuple its leaves where written, its table where read."""
    written = total(v.bytes for v in op.outputs)
    tables = op.params.get("operand_tables")
    if tables is None:
        return written + total(v.bytes for v in op.inputs)
    read, at = [], 0
    for table in tables:
        if table is None:
            read.append(op.inputs[at].bytes)
            at += 1
        else:
            entries, leaves = table
            read.append(POINTER_BYTES * entries)
            at += leaves
    return written + total(read)
