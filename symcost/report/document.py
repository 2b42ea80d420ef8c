"""A report as parts: facts, quantities, tables, remarks. What it looks like is decided by the lowerings.

`symcost.report.text` makes text of it, `symcost.report.markdown` markdown, and `plain`
below a dictionary that JSON can hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from symcost.polynomial import Size

UNITS = {
    "flops": "FLOPs",
    "transcendentals": "calls",
    "int_ops": "integer ops",
    "macs": "MACs",
    "bytes_accessed": "bytes",
    "collective_bytes": "bytes",
    "params": "parameters",
    "param_bytes": "bytes",
    "constant_bytes": "bytes",
    "fused_bytes": "bytes",
    "compulsory_bytes": "bytes",
    "peak_memory": "bytes",
}
"""The unit of every quantity, as it is printed."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as text, which may be broken between its terms and nowhere else.

    Attributes:
        text: all of it. brief: what people are shown where that is too long, or "".
        size: what it stands for, where it may be set in LaTeX.

    Example:
        >>> Formula("2*N*F - max(N - 1, F) + [B = 1]").terms
        ('2*N*F', '- max(N - 1, F)', '+ [B = 1]')
    """

    text: str
    brief: str = ""
    size: Size | None = None

    @property
    def shown(self) -> str:
        """What people are shown."""
        return self.brief or self.text

    @property
    def terms(self) -> tuple[str, ...]:
        """Summands with their signs; what stands in parentheses or brackets stays whole."""
        if self.brief:
            return (self.brief,)
        found, depth, start = [], 0, 0
        for i, character in enumerate(self.text):
            depth += (character in "([") - (character in ")]")
            if depth == 0 and self.text[i : i + 3] in (" + ", " - "):
                found.append(self.text[start:i])
                start = i + 1
        return (*found, self.text[start:])

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, from 0 to 1; or with `signed`, how much more (or less) than a whole.

    Example:
        >>> [str(Share(part, signed=True)) for part in (0.05, -2e-8, 0)], str(Share(1 / 3))
        (['+5.000%', '-2e-06%', 'none'], '33.3%')
    """

    part: float
    signed: bool = False

    def __str__(self) -> str:
        if self.signed and self.part:
            return f"{100 * self.part:+.3f}%" if abs(self.part) >= 5e-6 else f"{100 * self.part:+.0e}%"
        if self.signed:
            return "none"
        return f"{100 * self.part:.1f}%"


@dataclass(frozen=True, slots=True)
class Module:
    """A module, or a run of equal ones, as a row of a table.

    Attributes:
        names: its path; of a run the first and the last. times: how many modules the row stands for.
        remark: what is said beside the name.

    Example:
        >>> str(Module(("Block_0", "Block_11"), 12)), str(Module(("Net",), remark="own"))
        ('Block_0 … Block_11 (×12)', 'Net (own)')
    """

    names: tuple[str, ...]
    times: int = 1
    remark: str = ""

    def __str__(self) -> str:
        counted = [f"(×{self.times})"] if self.times > 1 else []
        remarked = [f"({self.remark})"] if self.remark else []
        return " ".join([" … ".join(self.names), *counted, *remarked])


Cell = str | int | float | Formula | Share | Module | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the whole: its label, what is printed, and what a machine should read."""

    label: str
    text: str
    value: Any = None

    @property
    def plain(self) -> Any:
        """The value for machines; the text where none was given."""
        return self.text if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of a cost.

    Attributes:
        name: field of a cost. unit: what is counted.
        formula: in the symbols; a bare number where no symbol is left.
        values: at each of the report's points; a formula where an unknown cost is left in it.
        leading: terms that no other term dominates; None where that is the whole formula, or of no interest.
        big_o: ``O(N*F)``; "" where nobody asked.
    """

    name: str
    unit: str
    formula: Formula | int | float
    values: tuple[Formula | int | float, ...] = ()
    leading: Formula | None = None
    big_o: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns.

    Attributes:
        columns: headings. rows: one cell per column. keys: names of the columns for machines.
        labels: how many columns at the left say what a row is; the others hold what was counted.
        total: a last row, set apart. notes: remarks on the rows.
        name: what machines call the list of rows. title: printed above, if there is more than one table.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[str, ...]
    labels: int = 1
    total: tuple[Cell, ...] | None = None
    notes: tuple[str, ...] = ()
    name: str = "rows"
    title: str = ""

    def without(self, key: str) -> Table:
        """The table less one column."""
        i = self.keys.index(key)

        def drop(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return (*row[:i], *row[i + 1 :])

        return replace(
            self,
            columns=drop(self.columns),
            rows=tuple(map(drop, self.rows)),
            keys=drop(self.keys),
            labels=self.labels - (i < self.labels),
            total=drop(self.total) if self.total else None,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes:
        title: first line. facts: lines on how and for what it was counted.
        points: sizes at which values were taken.
        quantities: totals. zeros: names of quantities that are 0 at all sizes.
        tables: rows by module, primitive and so on.
        warnings: what is not known, said loudly. notes: what readers may wonder about.
    """

    title: str
    facts: tuple[Fact, ...] = ()
    points: tuple[Mapping[str, int], ...] = ()
    quantities: tuple[Quantity, ...] = ()
    zeros: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()


def plain(report: Report) -> dict[str, Any]:
    """`report` as a dictionary that JSON can hold.

    A quantity is a number where one point (or no symbol) makes it one, else its formula;
    its formula always stands under "formulas".

    Example:
        >>> flops = Quantity("flops", "FLOPs", Formula("2*N"), values=(6,))
        >>> found = plain(Report("double", points=({"N": 3},), quantities=(flops,), zeros=("int_ops",)))
        >>> found["flops"], found["int_ops"], found["formulas"]["flops"], found["at"]
        (6, 0, '2*N', {'N': 3})
    """
    found: dict[str, Any] = {"name": report.title}
    found |= {fact.label: fact.plain for fact in report.facts}
    if len(report.points) == 1:
        found["at"] = dict(report.points[0])
    for quantity in report.quantities:
        found[quantity.name] = plain_cell(quantity.values[0] if len(quantity.values) == 1 else quantity.formula)
    found |= dict.fromkeys(report.zeros, 0)
    if report.quantities or report.zeros:
        named = {q.name: plain_cell(q.formula) for q in report.quantities}
        found["formulas"] = {**{n: str(f) for n, f in named.items()}, **dict.fromkeys(report.zeros, "0")}
        found["leading"] = {q.name: q.leading.text for q in report.quantities if q.leading}
        orders = {q.name: q.big_o for q in report.quantities if q.big_o}
        found |= {"big_o": orders} if orders else {}
        found["units"] = {name: UNITS[name] for name in (*named, *report.zeros) if name in UNITS}
    if len(report.points) > 1:
        found["points"] = [
            {
                "at": dict(point),
                **{q.name: plain_cell(q.values[i]) for q in report.quantities},
                **dict.fromkeys(report.zeros, 0),
            }
            for i, point in enumerate(report.points)
        ]
    found["unknown"] = [fact.plain for fact in report.warnings]
    for table in report.tables:
        found[table.name] = [_row(table, row) for row in table.rows]
        if table.total:
            found["total"] = _row(table, table.total)
    return found


def _row(table: Table, row: tuple[Cell, ...]) -> dict[str, Any]:
    return dict(zip(table.keys, map(plain_cell, row), strict=True))


def plain_cell(cell: Cell) -> Any:
    """A cell as a text, a number or None."""
    if isinstance(cell, Formula):
        return cell.text
    if isinstance(cell, Module):
        return str(cell)
    return cell.part if isinstance(cell, Share) else cell
