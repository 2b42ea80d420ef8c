"""What is found together: quantities by the part of a cost that they belong to."""

from __future__ import annotations

PARTS = {"bytes_accessed": "traffic", "fused_bytes": "fusion", "compulsory_bytes": "fusion", "peak_memory": "memory"}
"""Quantities that are found when they are asked for; all others are "work", which is found first."""


def part_of(quantity: str) -> str:
    """The part that a quantity belongs to."""
    return PARTS.get(quantity, "work")


def quantities_of(part: str) -> tuple[str, ...]:
    """The quantities that are found with a part."""
    return tuple(q for q, p in PARTS.items() if p == part)


BY_LINE = " by line"
"""Ends the name of a part whose rows tell the user's lines apart: "work by line", "traffic by line"."""


def by_line(quantity: str) -> str:
    """The part that tells lines apart for a quantity; "" where there is none."""
    part = part_of(quantity)
    return part + BY_LINE if part in ("work", "traffic") else ""
