"""Paragraphs and tables that sections of pages are made of, and how they get there. Not a benchmark by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Parts = Iterator[str]
"""Paragraphs and tables of a section."""


def replaced(page: str, mark: str, parts: Iterable[str]) -> str:
    """The text of a page with what stands between ``<!-- mark -->`` and ``<!-- end -->`` made anew."""
    section = re.compile(rf"(<!-- {re.escape(mark)} -->\n).*?(<!-- end -->)", re.DOTALL)
    return section.sub(lambda match: match[1] + joined(parts) + match[2], page)


def joined(parts: Iterable[str]) -> str:
    """The text of a section."""
    return "".join(f"\n{part}\n" for part in parts) + "\n"


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
