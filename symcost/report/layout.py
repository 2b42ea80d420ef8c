"""How parts of a report become Rich objects that fit any width: formulas break between terms, nothing is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from symcost.report.document import Cell, Formula, Module

WIDE = 40
"""A formula column is not made narrower than this, unless its formulas are."""
SENTENCE = 24
"""Nor is a column of sentences made narrower than this."""


class FormulaText:
    """A formula that wraps between its terms; a term that is wider than the column, between its words."""

    def __init__(self, formula: Formula, style: str = ""):
        self.formula, self.style = formula, style

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = min(max(map(len, self.formula.terms)), WIDE)
        return Measurement(widest, max(widest, len(self.formula.shown))).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in wrapped(self.formula, options.max_width):
            yield Text(line, style=self.style, no_wrap=True, overflow="fold")


def wrapped(formula: Formula, width: int) -> list[str]:
    """The lines of a formula at most `width` wide.

    Example:
        >>> wrapped(Formula("2*N*F + N*H - max(N - 1, F)"), 16)
        ['2*N*F + N*H', '- max(N - 1, F)']
    """
    return _filled((piece for term in formula.terms for piece in _pieces(term, width)), width)


def _pieces(term: str, width: int) -> Iterator[str]:
    """A term in parts that fit: whole; else by words, with the sign kept at its word; else by characters."""
    if len(term) <= width:
        yield term
        return
    words = term.split(" ")
    if words[0] in ("+", "-") and len(words) > 1:
        words[:2] = [" ".join(words[:2])]
    for word in words:
        yield from (word[i : i + width] for i in range(0, len(word), width))


def _filled(pieces: Iterator[str], width: int) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + 1 + len(piece) <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def number(value: int) -> str:
    """An exact integer with its thousands set apart: ``125,390,000``."""
    return f"{value:,}"


def plain_text(cell: Cell) -> str:
    """A cell on one line."""
    if cell is None:
        return ""
    return number(cell) if isinstance(cell, int) else str(cell)


def is_number(cell: Cell) -> bool:
    """Whether a cell belongs at the right of its column; a text may be a number with its sign, ``+816``."""
    if isinstance(cell, str):
        return re.fullmatch(r"[+-]?[\d,.]*%?", cell) is not None
    return not isinstance(cell, (Formula, Module))


def natural_width(column: Sequence[Cell]) -> int:
    """How wide a column must at least be: its widest number, path or term; formulas and sentences wrap."""
    return max(map(_least, column), default=0)


def _least(cell: Cell) -> int:
    text = plain_text(cell)
    if isinstance(cell, Formula):
        return min(len(text), WIDE)
    if isinstance(cell, (str, Module)) and " " in text:
        return min(len(text), SENTENCE)
    return len(text)
