"""A table of costs as a report: rows by module, primitive, dtype or phase."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symcost.ledger import Key, Row
from symcost.lines import short_lines
from symcost.polynomial import Size, bind, total
from symcost.report.document import Cell, Report, Share, Table
from symcost.report.totals import facts, formula, notes, warnings

if TYPE_CHECKING:
    from symcost.cost_table import CostTable

ORDER = ("flops", "transcendentals", "int_ops", "macs", "bytes_accessed", "collective_bytes")
"""Columns of a table; a program's inputs (parameters, constants) are no operations and have no rows."""

BRANCHES = (
    "rows with a branch are costs inside a conditional, as if that branch were taken; the conditional's own row holds "
    "the largest of them per quantity, so rows of branches are not part of the total and do not add up with the others"
)

REPEATS = "rows that differ in nothing but a number of their path are shown as one, with the costs of all of them"

LAYERS = "a * in a path stands for every number that a layer has there: the row holds the costs of all these layers"


def table_report(table: CostTable, sizes: Mapping[str, Any] | None = None, *, join: bool = True) -> Report:
    """The rows of `table` under the facts of its cost.

    Args:
        sizes: where to take values; formulas are shown without. join: as in `breakdown`.
    """
    cost = table.cost
    point = cost.at(**sizes).sizes if sizes is not None else None
    rows = breakdown(table, point, join=join)
    shown = [s for row in table.ledger.rows for s in row.costs.values()] if point is None else []
    return Report(
        f"{cost.name} by {', '.join(table.axes)}",
        facts(cost),
        (point,) if point is not None else (),
        tables=(rows,),
        warnings=warnings(cost),
        notes=notes(shown, cost.domain.names),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A row to print: what tells it apart, what it costs, how many rows of the ledger it stands for.

    Attributes:
        run: of several rows, which part of the module's path differs, and what it is in the first and in the last.
    """

    label: tuple[str, ...]
    row: Row
    times: int = 1
    run: tuple[int, str, str] | None = None

    @property
    def remark(self) -> str:
        """The conditional branch the row stands in, and what is special about it."""
        key = self.row.key
        branch = f"branch {key.branch}" if key.branch and key.branch not in self.label else ""
        return ", ".join(filter(None, (branch, key.flag)))


def breakdown(table: CostTable, point: Mapping[str, int] | None = None, *, join: bool = True) -> Table:
    """The rows of `table`.

    Args:
        point: checked sizes, or None for formulas.
        join: show rows that differ in one number of their module path, and in nothing else, as one.
    """
    axes, cost = table.axes, table.cost
    places = short_lines(r.key.line for r in table.ledger.rows)
    lines = [
        Line(tuple(places[r.key.line] if axis == "line" else getattr(r.key, axis) for axis in axes), _at(r, point))
        for r in table.ledger.rows
    ]
    whole = _total(lines, len(axes))
    defined = [q for q in ORDER if q in cost.quantities]
    kept = [q for q in defined if any(line.row[q] != 0 for line in lines)] or defined[:1]
    shared = next((q for q in kept if isinstance(whole.row[q], int) and whole.row[q] != 0), None)
    remarks = any(line.remark for line in lines)
    if join and "scope" in axes:
        lines = joined(lines, axes.index("scope"))
    if shared and not remarks and not {"scope", "phase"} & {*axes}:
        # the order of modules and phases says something; that of primitives does not
        lines = sorted(lines, key=lambda line: _number(line.row[shared]), reverse=True)
    repeats = any(line.times > 1 for line in lines)

    def cells(line: Line) -> tuple[Cell, ...]:
        found: list[Cell] = [
            text or ("(outside of modules)" if axis == "scope" else "")
            for text, axis in zip(line.label, axes, strict=True)
        ]
        found += [line.remark] * remarks
        found += [line.times] * repeats
        found.append(formula(line.row.count, cost.domain.names))
        for q in kept:
            found.append(formula(line.row[q], cost.domain.names))
            if q == shared:
                found.append(None if line.row.key.branch else _share(line.row[q], whole.row[q]))
        return tuple(found)

    keys = [*axes, *["remark"] * remarks, *["rows"] * repeats, "operations"]
    for q in kept:
        keys += [q, "share"] if q == shared else [q]
    return Table(
        tuple(f"% of {shared}" if key == "share" else key for key in keys),
        tuple(map(cells, lines)),
        tuple(keys),
        len(axes) + remarks,
        cells(whole),
        _notes(lines, repeats, axes),
    )


def _at(row: Row, point: Mapping[str, int] | None) -> Row:
    if point is None:
        return row
    return Row(row.key, bind(row.count, point), {q: bind(size, point) for q, size in row.costs.items()})


def _total(lines: list[Line], columns: int) -> Line:
    """The sum of the rows outside of branches."""
    rows = [line.row for line in lines if not line.row.key.branch]
    costs = {q: total(row[q] for row in rows) for q in ORDER}
    key = Key("", "", "", "", "")
    return Line(("total", *[""] * (columns - 1)), Row(key, total(row.count for row in rows), costs), len(rows))


def _number(size: Size) -> int:
    return size if isinstance(size, int) else 0


def _share(size: Size, whole: Size) -> Share | None:
    return Share(size / whole) if isinstance(size, int) and isinstance(whole, int) else None


def joined(lines: list[Line], scope: int) -> list[Line]:
    """Rows with equal costs whose paths differ in one number, as one row: ``Encoder/Block_{0..11}/Dense_0``.

    The outermost number is tried first, so that layers are joined rather than the parts of a layer.

    Args:
        scope: which part of a label is the module path.
    """
    depth = max((line.label[scope].count("/") for line in lines), default=0) + 1
    for position in range(depth):
        groups: dict[Any, list[tuple[int, Line]]] = {}
        for line in lines:
            parts = line.label[scope].split("/")
            match = re.fullmatch(r"(.*?)(\d+)", parts[position]) if position < len(parts) else None
            if match is None or line.times > 1:
                groups[object()] = [(0, line)]
                continue
            parts[position] = f"{match[1]}{_NUMBER}"
            label = (*line.label[:scope], "/".join(parts), *line.label[scope + 1 :])
            costs = frozenset((q, s) for q, s in line.row.costs.items() if s != 0)
            key = (label, line.remark, line.row.count, costs)
            groups.setdefault(key, []).append((int(match[2]), line))
        lines = [line for key, group in groups.items() for line in _join(key, group, scope)]
    return lines


_NUMBER = "\0"
"""Stands for the number that paths differ in; no path contains it."""


def _join(key: Any, group: list[tuple[int, Line]], scope: int) -> list[Line]:
    indices = [index for index, _ in group]
    times, first = len(group), group[0][1].row
    if times == 1 or indices != [*range(indices[0], indices[0] + times)]:
        return [line for _, line in group]
    label = list(key[0])
    label[scope] = label[scope].replace(_NUMBER, f"{{{indices[0]}..{indices[-1]}}}")
    row = Row(first.key, times * first.count, {q: times * size for q, size in first.costs.items()})
    position = key[0][scope][: key[0][scope].index(_NUMBER)].count("/")
    stem = key[0][scope].split("/")[position]
    ends = (stem.replace(_NUMBER, str(index)) for index in (indices[0], indices[-1]))
    return [Line(tuple(label), row, times, (position, *ends))]


def _notes(lines: list[Line], repeats: bool, axes: Sequence[str]) -> tuple[str, ...]:
    found = []
    if any(line.row.key.branch for line in lines):
        found.append(BRANCHES)
    if repeats:
        found.append(REPEATS)
    if "scope" in axes and any("*" in line.label[axes.index("scope")] for line in lines):
        found.append(LAYERS)
    return tuple(found)
