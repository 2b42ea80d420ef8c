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
