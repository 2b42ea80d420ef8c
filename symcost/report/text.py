"""Reports as text that fits the terminal."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from symcost.domain import format_sizes
from symcost.report.document import Cell, Formula, Report, Table
from symcost.report.layout import FormulaText, is_number, natural_width, plain_text
from symcost.report.totals import cost_report

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

LINES = box.Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")
"""A line under the heading, another above the total."""
GAP = 2
"""Spaces between columns."""
DROPPED = ("operations", "unexplained", "macs", "int_ops", "collective_bytes", "transcendentals")
"""Columns of numbers that a narrow terminal goes without, the first of them first; the text says so."""


def summary(cost: ProgramCost) -> str:
    """What ``print(cost)`` shows."""
    return to_text(cost_report(cost))


def to_text(report: Report, width: int | None = None) -> str:
    """`report` as plain text.

    Args:
        width: columns; the terminal's (or 80) if not said.
    """
    return plain_console(lambda columns: renderable(report, columns), width)


def plain_console(make: Callable[[int], RenderableType], width: int | None = None) -> str:
    """What a console of `width` columns (the terminal's if not said) shows of what `make` makes for it."""
    console = Console(
        file=io.StringIO(),
        width=width or shutil.get_terminal_size().columns,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        legacy_windows=False,
    )
    console.print(make(console.width), soft_wrap=False)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def renderable(report: Report, width: int) -> RenderableType:
    """`report` as a Rich object, for a console of `width` columns."""
    return Group(*_parts(report, width))


def _parts(report: Report, width: int) -> Iterator[RenderableType]:
    yield Text(report.title, style="bold")
    head = _grid()
    for fact in report.facts:
        head.add_row(Text(fact.label, style="dim"), Text(fact.text))
    for i, point in enumerate(report.points):
        label = "at" if len(report.points) == 1 else f"at ({i + 1})"
        head.add_row(Text(label, style="dim"), Text(format_sizes(point) or "no symbols"))
    if report.facts or report.points:
        yield Padding(head, (0, 0, 0, 2))
    for warning in report.warnings:
        yield Text(f"! {warning.label}: {warning.text}", style="bold red")
    if report.quantities or report.zeros:
        yield Text("")
        yield Padding(_quantities(report, width - 2), (0, 0, 0, 2))
    if report.zeros:
        yield Padding(Text(f"0 at all sizes: {', '.join(report.zeros)}", style="dim"), (0, 0, 0, 2))
    for part in report.tables:
        yield Text("")
        if part.title:
            yield Text(part.title, style="bold")
        yield _table(part, width)
        for note in part.notes:
            yield Text(f"note: {note}", style="dim")
    if report.notes:
        yield Text("")
    for note in report.notes:
        yield Text(f"note: {note}", style="dim")


def _quantities(report: Report, width: int) -> RenderableType:
    """Name, values, unit and formula of each quantity; formulas take the width that is left, or lines of their own."""
    bare = not report.points and all(isinstance(q.formula, int) for q in report.quantities)
    many = len(report.points) > 1
    used = max(len(q.name) + len(q.unit) for q in report.quantities) + 6 if report.quantities else 0
    used += sum(natural_width([q.values[i] for q in report.quantities]) + 2 for i in range(len(report.points)))
    below = bool(report.points) and width - used < 40
    grid = _grid()
    if many:
        heads = [Text(f"({i + 1})", style="dim", justify="right") for i in range(len(report.points))]
        grid.add_row("", *heads)
    for quantity in report.quantities:
        values = (quantity.formula,) if bare else quantity.values
        shown = [Text(plain_text(v), justify="right") if isinstance(v, int) else _cell(v) for v in values]
        name, unit = Text(quantity.name, style="bold cyan"), Text(quantity.unit, style="dim")
        formulas = [] if bare or below else [_cell(quantity.formula)]
        grid.add_row(name, *shown, unit, *formulas)
        if quantity.leading and not below and not bare:
            grid.add_row(Text("  leading", style="dim"), *[""] * len(shown), "", FormulaText(quantity.leading, "dim"))
        if quantity.big_o and not below:
            order = FormulaText(Formula(quantity.big_o), "dim")
            grid.add_row(Text("  growth", style="dim"), *[""] * len(shown), "", *([] if bare else [order]))
    if not below:
        return grid
    formulas = _grid()
    for quantity in report.quantities:
        formulas.add_row(Text(quantity.name, style="bold cyan"), _cell(quantity.formula))
        if quantity.leading:
            formulas.add_row(Text("  leading", style="dim"), FormulaText(quantity.leading, "dim"))
        if quantity.big_o:
            formulas.add_row(Text("  growth", style="dim"), FormulaText(Formula(quantity.big_o), "dim"))
    return Group(grid, Text(""), formulas)


def _table(table: Table, width: int) -> RenderableType:
    """A grid where it fits; else a block of lines per row for formulas, and fewer columns for numbers."""
    if _grid_width(table) <= width:
        return _as_grid(table)
    if any(isinstance(cell, Formula) for row in table.rows for cell in row):
        return _as_blocks(table)
    narrow, left_out = table, []
    for key in DROPPED:
        if _grid_width(narrow) <= width:
            break
        if key in narrow.keys:
            narrow = narrow.without(key)
            left_out.append(key)
    if _grid_width(narrow) > width:
        return _as_blocks(table)
    needed = ", ".join(_left_out(table, key) for key in left_out)
    needed = f"too narrow for {needed}: {_grid_width(table)} columns show all (COLUMNS={_grid_width(table)})"
    return Group(_as_grid(narrow), Text(needed, style="dim"))


def _left_out(table: Table, key: str) -> str:
    """A column that is not shown; what it would say where it says the same in every row."""
    i = table.keys.index(key)
    first = plain_text(table.rows[0][i])
    same = len(table.rows) > 1 and all(plain_text(row[i]) == first for row in table.rows)
    return f"{table.columns[i]} ({first} in every row)" if same and first else table.columns[i]


def _grid_width(table: Table) -> int:
    rows = [*table.rows, table.total] if table.total else [*table.rows]
    widths = [
        max(*map(len, column.split("_")), natural_width([row[i] for row in rows]))
        for i, column in enumerate(table.columns)
    ]
    return sum(widths) + GAP * (len(widths) - 1)


def _as_grid(table: Table) -> RenderableType:
    grid = Grid(box=LINES, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for i, column in enumerate(table.columns):
        numbers = i >= table.labels and all(is_number(row[i]) for row in table.rows)
        # a heading may wrap at its underscores, where it reads as two words
        heading = Text("\n".join(column.split("_")))
        grid.add_column(heading, justify="right" if numbers else "left", overflow="fold", vertical="top")
    for i, row in enumerate(table.rows):
        grid.add_row(*map(_cell, row), end_section=i == len(table.rows) - 1)
    if table.total:
        grid.add_row(*map(_cell, table.total), style="bold")
    return grid


def _as_blocks(table: Table) -> RenderableType:
    blocks: list[RenderableType] = []
    rows = [*table.rows, table.total] if table.total else table.rows
    for row in rows:
        label = ", ".join(plain_text(cell) for cell in row[: table.labels] if cell not in ("", None))
        blocks.append(Text(label, style="bold"))
        grid = _grid()
        for column, cell in zip(table.columns[table.labels :], row[table.labels :], strict=True):
            if cell not in (0, None):
                grid.add_row(Text(column, style="cyan"), _cell(cell))
        blocks.append(Padding(grid, (0, 0, 0, 2)))
    return Group(*blocks)


def _grid() -> Grid:
    """Columns without borders."""
    return Grid.grid(padding=(0, 2, 0, 0), pad_edge=False)


def _cell(cell: Cell) -> RenderableType:
    if isinstance(cell, Formula):
        return FormulaText(cell)
    return Text(plain_text(cell), overflow="fold")
