"""Paragraphs and tables that the sections of docs/benchmarks.md are made of. Not a benchmark by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Parts = Iterator[str]
"""Paragraphs and tables of a section."""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], labels: int = 1) -> str:
    """A markdown table whose columns after the first `labels` are numbers."""
    rule = ["---"] * labels + ["---:"] * (len(headings) - labels)
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows))


def listed(things: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, (", ".join(things[:-1]), *things[-1:])))


def times(record: dict[str, Any]) -> str:
    """How often something was measured."""
    return "once" if record["repeats"] == 1 else f"{record['repeats']} times, medians"
