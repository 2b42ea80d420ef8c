"""Reports as HTML, for notebooks and web pages; formulas as code, names escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from symcost.domain import format_sizes
from symcost.report.document import Cell, Formula, Report, Share, Table

_LEFT, _RIGHT = (f' style="text-align: {side}; vertical-align: top; padding: 2px 8px"' for side in ("left", "right"))


def to_html(report: Report) -> str:
    """`report` as HTML.

    Example:
        >>> from symcost.report.document import Quantity
        >>> html = to_html(Report("<lambda>", quantities=(Quantity("flops", "FLOPs", Formula("2*N")),)))
        >>> "<strong>&lt;lambda&gt;</strong>" in html, "<code>2*N</code>" in html
        (True, True)
    """
    return "\n".join(['<div class="symcost">', *_lines(report), "</div>"])


def _lines(report: Report) -> Iterator[str]:
    yield f"<p><strong>{escape(report.title)}</strong></p>"
    facts = [f"{escape(fact.label)}: {escape(fact.text)}" for fact in report.facts]
    many = len(report.points) > 1
    facts += [f"at{f' ({i + 1})' * many}: {escape(format_sizes(p))}" for i, p in enumerate(report.points) if p]
    facts += [f"<strong>{escape(w.label)}: {escape(w.text)}</strong>" for w in report.warnings]
    if facts:
        yield f"<p>{'<br>'.join(facts)}</p>"
    if report.quantities:
        values = [f"value ({i + 1})" if many else "value" for i in range(len(report.points))]
        rows = [(q.name, *q.values, q.formula) for q in report.quantities]
        yield from _table(("quantity", *values, "formula"), rows)
    if report.zeros:
        yield f"<p>0 at all sizes: {escape(', '.join(report.zeros))}</p>"
    for table in report.tables:
        if table.title:
            yield f"<p><strong>{escape(table.title)}</strong></p>"
        yield from _table(table.columns, table.rows, table.total)
        yield from _notes(table)
    for note in report.notes:
        yield f"<p><em>{escape(note)}</em></p>"


def _notes(table: Table) -> Iterator[str]:
    if table.notes:
        yield f"<p><em>{escape('; '.join(table.notes))}</em></p>"


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], total: Sequence[Cell] | None = None
) -> Iterator[str]:
    numbers = int | float | Share | None
    right = [bool(rows) and all(isinstance(row[i], numbers) for row in rows) for i in range(len(columns))]

    def line(cells: Sequence[str], tag: str) -> str:
        marked = zip(cells, right, strict=True)
        return f"<tr>{''.join(f'<{tag}{_RIGHT if r else _LEFT}>{c}</{tag}>' for c, r in marked)}</tr>"

    yield "<table>"
    yield f"<thead>{line([escape(c) for c in columns], 'th')}</thead>"
    yield "<tbody>"
    for row in rows:
        yield line([_cell(c) for c in row], "td")
    yield "</tbody>"
    if total:
        yield f"<tfoot>{line([_cell(c) for c in total], 'th')}</tfoot>"
    yield "</table>"


def _cell(cell: Cell) -> str:
    if isinstance(cell, Formula):
        return f"<code>{escape(cell.shown)}</code>"
    if isinstance(cell, int):
        return f"{cell:,}"
    return "" if cell is None else escape(str(cell))
