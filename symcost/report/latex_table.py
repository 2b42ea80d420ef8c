r"""A table as LaTeX: a booktabs ``tabular``, and a numbered ``align`` for formulas too long for their cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symcost.errors import ArgumentError
from symcost.report.document import Cell, Formula, Module, Share, Table
from symcost.report.extent import extent, typewriter
from symcost.report.latex import WIDTH, broken, checked_width, formula, letters_of
from symcost.report.lettering import text
from symcost.report.modules import HEADINGS

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

PACKAGES = ("booktabs", "amsmath")
"""What a document needs for these tables."""

GAP = 12.0
"""Points between two columns."""
REFERENCE = 36.0
"""Points that ``Eq. (12)`` takes in a cell."""


@dataclass(frozen=True, slots=True)
class Letters:
    """How symbols are written.

    Attributes:
        order: of the symbols, the user's. symbols: LaTeX of some of them.
    """

    order: tuple[str, ...]
    symbols: Mapping[str, str]


@dataclass(slots=True)
class _Cell:
    """A cell as LaTeX, its width in points, and what becomes of it if it is too wide."""

    latex: str
    width: float
    formula: Formula | None = None
    module: Module | None = None


def latex(cost: ProgramCost, table: Table, symbols: Mapping[str, str] | None, width: float, label: str) -> str:
    """A table of `cost`: its ``tabular``, and the ``align`` if it needs one."""
    return "\n".join(filter(None, tabular(table, Letters(cost.domain.names, letters_of(cost, symbols)), width, label)))


def in_math(cost: ProgramCost, table: Table) -> str:
    """A table for a notebook, which sets a single formula."""
    letters = Letters(cost.domain.names, {})
    rows = [" & ".join(_in_math(c, letters) for c in row) for row in (*table.rows, *filter(None, [table.total]))]
    head = " & ".join(rf"\text{{{text(HEADINGS.get(name, name))}}}" for name in table.columns)
    return "\n".join(
        [
            rf"$\displaystyle \begin{{array}}{{{'l' * len(table.columns)}}}",
            head + r" \\ \hline",
            " \\\\\n".join(rows),
            r"\end{array}$",
        ]
    )


def _in_math(cell: Cell, letters: Letters) -> str:
    if isinstance(cell, Formula) and cell.size is not None:
        return formula(cell.size, letters.order, letters.symbols)
    found = _cell(cell, letters).latex
    return rf"\text{{{found}}}" if found else ""


def tabular(table: Table, letters: Letters, width: float = WIDTH, label: str = "cost") -> tuple[str, str]:
    """The ``tabular`` of a table, and the ``align`` of the formulas that do not fit in it; "" if all do.

    A table that is too wide all the same is set as one ``tabular`` for each quantity, in smaller letters if need be.

    Args:
        width: of the text, in points. label: of the equations, before a number.
    """
    checked_width(width)
    if not isinstance(label, str) or not re.fullmatch(r"[\w.:+-]+", label, re.ASCII):
        raise ArgumentError(f"label={label!r} cannot name an equation", todo='letters and digits: label="cost"')
    parts = _by_quantity(table)
    panels = [_Panel(table, letters, width, all_=len(parts) == 1)]
    if panels[0].width > width and len(parts) > 1:
        panels = [_Panel(part, letters, width, all_=True) for part in parts]
    bodies, equations = [], []
    for panel in panels:
        bodies.append(panel.latex(label, len(equations) + 1))
        equations += panel.equations(label, len(equations) + 1)
    align = "\n".join([r"\begin{align}", " \\\\\n".join(equations), r"\end{align}"]) if equations else ""
    return "\n\n\\medskip\n".join(bodies), align


def _by_quantity(table: Table) -> list[Table]:
    """A table for each quantity, with the columns that say what a row is."""
    groups: list[list[str]] = [[]]
    for key in table.keys[table.labels :]:
        if key in HEADINGS and any(k in HEADINGS for k in groups[-1]):
            groups.append([])
        groups[-1].append(key)
    parts = []
    for group in groups:
        part = table
        for key in table.keys[table.labels :]:
            if key not in group:
                part = part.without(key)
        parts.append(part)
    return parts


class _Panel:
    """One ``tabular``.

    Attributes:
        width: in points, after all that can be done about it but smaller letters.
    """

    def __init__(self, table: Table, letters: Letters, width: float, *, all_: bool):
        self.table, self.letters, self.available = table, letters, width
        self.lines = [*table.rows, *([table.total] if table.total else [])]
        self.rows = [[_cell(c, letters) for c in row] for row in self.lines]
        self.columns = [HEADINGS.get(name, name) for name in table.columns]
        self.heads = [_Cell(text(_capital(name)), 5.2 * len(name)) for name in self.columns]
        self.moved, self.width = _fit(self.rows, self.heads, width, all_)

    def latex(self, label: str, first: int) -> str:
        """The ``tabular``; `first` is the number of its first equation."""
        table, rows = self.table, self.rows
        for number, (i, j) in enumerate(self.moved, first):
            rows[i][j].latex = rf"Eq.~\eqref{{eq:{label}-{number}}}"
        numeric = (
            j >= table.labels and all(not isinstance(row[j], Formula) for row in self.lines)
            for j in range(len(self.columns))
        )
        lines = [
            rf"\begin{{tabular}}{{@{{}}{''.join('r' if right else 'l' for right in numeric)}@{{}}}}",
            r"\toprule",
            " & ".join(head.latex for head in self.heads) + r" \\",
            r"\midrule",
        ]
        for i, row in enumerate(rows):
            if table.total and i == len(rows) - 1:
                lines += [r"\midrule"] * (i > 0)
                row[0].latex = "Total"
            lines.append(" & ".join(c.latex for c in row) + r" \\")
        found = "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])
        if self.width <= self.available:
            return found
        size = next((size for size, scale in SIZES if self.width * scale <= self.available), SIZES[-1][0])
        return f"{{{size}\n{found}\n}}"

    def equations(self, label: str, first: int) -> list[str]:
        """The formulas that did not fit."""
        found = []
        for number, (i, j) in enumerate(self.moved, first):
            title = rf"\text{{{text(_capital(self.columns[j]))}, {_name(self.lines[i][0])}:}}"
            formula = self.rows[i][j].formula
            found.append(_equation(title, formula, self.letters, self.available, f"eq:{label}-{number}"))
        return found


SIZES = ((r"\small", 0.92), (r"\footnotesize", 0.84), (r"\scriptsize", 0.76), (r"\tiny", 0.58))
"""Smaller letters, and how wide a table is in them: its gaps do not shrink."""


def _fit(
    rows: list[list[_Cell]], heads: Sequence[_Cell], width: float, all_: bool
) -> tuple[list[tuple[int, int]], float]:
    """Cells to take out of the table until it is narrow enough, in the order of rows, and how wide it is then.

    Long formulas go first; then names of modules are broken; then, if `all_` may, shorter formulas go.
    """
    moved: set[tuple[int, int]] = set()

    def whole() -> float:
        columns = (max(heads[j].width, *(row[j].width for row in rows)) for j in range(len(heads)))
        return sum(columns) + GAP * (len(heads) - 1)

    def move(least: float) -> None:
        while whole() > width:
            cells = [(c.width, -i, -j) for i, row in enumerate(rows) for j, c in enumerate(row) if c.formula]
            widest, i, j = max(cells, default=(0.0, 0, 0))
            if widest <= least:
                return
            moved.add((-i, -j))
            rows[-i][-j].width = REFERENCE

    move(width / 3)
    for cells in rows if whole() > width else ():
        for c in cells:
            if c.module is not None and any("/" in name for name in c.module.names):
                c.latex, c.width = _wrapped(c.module)
    if all_:
        move(2 * REFERENCE)
    return sorted(moved), whole()


def _equation(title: str, found: Formula | None, letters: Letters, width: float, label: str) -> str:
    """The lines of one formula under its title; the last one has the number."""
    size = found.size if found is not None else None
    assert size is not None
    lines = broken(size, letters.order, letters.symbols, width - 60)
    continued = " \\notag \\\\\n&\\quad\\quad ".join(lines)
    return f"&{title} \\notag \\\\\n&\\quad {continued} \\label{{{label}}}"


def _cell(cell: Cell, letters: Letters) -> _Cell:
    if isinstance(cell, Formula):
        if cell.size is None:
            return _Cell(text(cell.shown), 5.0 * len(cell.shown))
        latex = formula(cell.size, letters.order, letters.symbols)
        return _Cell(f"${latex}$", extent(latex), cell)
    if isinstance(cell, Module):
        width = sum(map(typewriter, cell.names)) + 20 * (len(cell.names) - 1)
        width += 5 * (len(cell.remark) + 3) * bool(cell.remark) + 30 * (cell.times > 1)
        return _Cell(_name(cell), width, None, cell)
    if cell is None:
        return _Cell("", 0.0)
    if isinstance(cell, Share):
        shown = f"{100 * cell.part:.1f}"
        return _Cell(f"${shown}$" if cell.part < 0 else shown, 5.0 * len(shown))
    if isinstance(cell, (int, float)):
        shown = f"{cell:,}"
        return _Cell(f"${shown.replace(',', '{,}')}$" if cell < 0 else shown, 5.0 * len(shown))
    return _Cell(_name(cell), 5.2 * len(cell))


def _name(cell: Cell) -> str:
    """The label of a row: names of modules in a fixed-width font, what is said of them in the text's."""
    if not isinstance(cell, Module):
        return text(str(cell))
    return r" \ldots{} ".join(rf"\texttt{{{text(name)}}}" for name in cell.names) + _remarks(cell)


def _remarks(module: Module) -> str:
    times = rf" ($\times {module.times}$)" if module.times > 1 else ""
    return times + (f" ({text(module.remark)})" if module.remark else "")


def _wrapped(module: Module) -> tuple[str, float]:
    """A long name in several lines, broken where one module stands in another."""
    parts: list[str] = []
    for k, name in enumerate(module.names):
        pieces = name.split("/")
        found = [piece + "/" * (i < len(pieces) - 1) for i, piece in enumerate(pieces)]
        if k < len(module.names) - 1:
            found[-1] += "\0"
        parts += found
    lines = []
    for i, part in enumerate(parts):
        name = rf"\texttt{{{text(part.rstrip(chr(0)))}}}" + (r" \ldots{}" if part.endswith("\0") else "")
        lines.append(r"\quad " * (i > 0) + name)
    lines[-1] += _remarks(module)
    width = max(map(typewriter, parts)) + 45
    return r"\begin{tabular}[t]{@{}l@{}}" + r" \\ ".join(lines) + r"\end{tabular}", width


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
