"""Reports as markdown: pipe tables with formulas as code, for pull requests and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from symcost.domain import format_sizes
from symcost.report.document import Cell, Formula, Report, Table
from symcost.report.totals import cost_report

if TYPE_CHECKING:
    from symcost.cost import ProgramCost


def summary(cost: ProgramCost) -> str:
    """The totals of a cost."""
    return to_markdown(cost_report(cost))


def to_markdown(report: Report) -> str:
    """`report` as markdown.

    Example:
        >>> from symcost.report.document import Quantity
        >>> print(to_markdown(Report("double", quantities=(Quantity("flops", "FLOPs", Formula("2*N")),))))
        ### double
        <BLANKLINE>
        | quantity | unit | formula |
        |---|---|---|
        | flops | FLOPs | `2*N` |
    """
    return "\n".join(_lines(report)).strip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"### {_escaped(report.title)}"
    yield ""
    for fact in report.facts:
        yield f"- {fact.label}: {_escaped(fact.text)}"
    many = len(report.points) > 1
    for i, point in enumerate(report.points):
        yield f"- at{f' ({i + 1})' * many}: {format_sizes(point) or 'no symbols'}"
    for warning in report.warnings:
        yield f"- **{warning.label}: {_escaped(warning.text)}**"
    if report.facts or report.points or report.warnings:
        yield ""
    if report.quantities:
        values = [f"value ({i + 1})" if many else "value" for i in range(len(report.points))]
        rows = []
        for q in report.quantities:
            rows.append((q.name, q.unit, *q.values, q.formula))
            if q.leading:
                rows.append((f"{q.name}, leading", q.unit, *[None] * len(values), q.leading))
        yield from _pipes(("quantity", "unit", *values, "formula"), rows)
        yield ""
    if report.zeros:
        yield f"0 at all sizes: {_escaped(', '.join(report.zeros))}"
        yield ""
    for part in report.tables:
        if part.title:
            yield f"#### {_escaped(part.title)}"
            yield ""
        yield from _table(part)
        yield ""
        for note in part.notes:
            yield f"*{_escaped(note)}*"
            yield ""
    for note in report.notes:
        yield f"*{_escaped(note)}*"
        yield ""


def _table(table: Table) -> Iterator[str]:
    rows = [*table.rows, table.total] if table.total else table.rows
    yield from _pipes(table.columns, rows)


def _pipes(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    numbers = [all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(columns))]
    yield f"| {' | '.join(map(_escaped, columns))} |"
    yield f"|{'|'.join('---:' if right else '---' for right in numbers)}|"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(cell: Cell) -> str:
    if isinstance(cell, Formula):
        return f"`{cell.shown}`"
    if isinstance(cell, int):
        return f"{cell:,}"
    return _escaped("" if cell is None else str(cell))


def _escaped(text: str) -> str:
    """Text in which markdown finds nothing to mark."""
    for character in "\\`*_|<":
        text = text.replace(character, f"\\{character}")
    return text
