"""A table of costs as a report: rows by module, primitive, dtype or phase."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symcost.ledger import Row
from symcost.polynomial import Size, bind, total
from symcost.report.document import Cell, Report, Share, Table
from symcost.report.totals import facts, formula, notes, warnings

if TYPE_CHECKING:
    from symcost.cost import CostTable

ORDER = ("flops", "transcendentals", "int_ops", "macs", "bytes_accessed", "collective_bytes")
"""Columns of a table; a program's inputs (parameters, constants) are no operations and have no rows."""

BRANCHES = (
    "rows with a branch are costs inside a conditional, as if that branch were taken; the conditional's own row holds "
    "the largest of them per quantity, so rows of branches are not part of the total and do not add up with the others"
)


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


def breakdown(table: CostTable, point: Mapping[str, int] | None = None, *, join: bool = True) -> Table:
    """The rows of `table`.

    Args:
        point: checked sizes, or None for formulas.
        join: show rows that differ in one number of their module path, and in nothing else, as one.
    """
    names = table.cost.domain.names
    at = (lambda size: bind(size, point)) if point is not None else (lambda size: size)
    rows = [Row(row.key, at(row.count), {q: at(s) for q, s in row.costs.items()}) for row in table.ledger.rows]
    defined = [q for q in ORDER if q in table.cost.quantities]
    kept = [q for q in defined if any(row[q] != 0 for row in rows)] or defined[:1]
    labelled = [(tuple(getattr(row.key, axis) for axis in table.axes), row, 1) for row in rows]
    if join and "scope" in table.axes:
        labelled = joined(labelled, table.axes.index("scope"))
    totals = {q: total(row[q] for row in rows if not row.key.branch) for q in kept}
    shared = next((q for q in kept if isinstance(totals[q], int) and totals[q]), None)
    remarks = any(row.key.branch or row.key.flag for row in rows)
    repeats = any(times > 1 for _, _, times in labelled)

    def cells(label: tuple[str, ...], costs: Mapping[str, Size], count: Size, times: int, remark: str) -> tuple:
        found: list[Cell] = [text or "(outside of modules)" * (axis == "scope") for text, axis in zip(label, table.axes)]
        if remarks:
            found.append(remark)
        if repeats:
            found.append(times)
        found.append(formula(count, names))
        for q in kept:
            size = costs.get(q, 0)
            found.append(formula(size, names))
            if q == shared:
                branch = remark.startswith("branch")
                found.append(None if branch or not isinstance(size, int) else Share(size / totals[q]))
        return tuple(found)

    keys = [*table.axes, *["remark"] * remarks, *["rows"] * repeats, "operations"]
    labels = len(table.axes) + remarks
    for q in kept:
        keys += [q, "share"] if q == shared else [q]
    columns = tuple(f"% of {shared}" if key == "share" else key for key in keys)
    counted = total(row.count for row in rows if not row.key.branch)
    number = sum(times for _, row, times in labelled if not row.key.branch)
    last = cells(("total", *[""] * (len(table.axes) - 1)), totals, counted, number, "")
    return Table(
        columns,
        tuple(cells(label, row.costs, row.count, times, _remark(row)) for label, row, times in labelled),
        tuple(keys),
        labels,
        last,
        _notes(labelled, repeats),
    )


def joined(labelled: list[tuple[tuple[str, ...], Row, int]], scope: int) -> list[tuple[tuple[str, ...], Row, int]]:
    """Rows with equal costs whose paths differ in one number, as one row: ``Encoder/Block_{0..11}/Dense_0``.

    The outermost number is tried first, so that layers are joined rather than the parts of a layer.
    """
    depth = max((label[scope].count("/") for label, _, _ in labelled), default=0) + 1
    for position in range(depth):
        groups: dict[Any, list[tuple[int, tuple[str, ...], Row, int]]] = {}
        for label, row, times in labelled:
            parts = label[scope].split("/")
            match = re.fullmatch(r"(.*?)(\d+)", parts[position]) if position < len(parts) else None
            if match is None or times > 1:
                groups[object()] = [(0, label, row, times)]
                continue
            parts[position] = f"{match[1]}\0"
            other = (*label[:scope], "/".join(parts), *label[scope + 1 :])
            costs = frozenset((q, s) for q, s in row.costs.items() if s != 0)
            groups.setdefault((other, row.key.branch, row.key.flag, row.count, costs), []).append(
                (int(match[2]), label, row, times)
            )
        labelled = [entry for key, group in groups.items() for entry in _join(key, group, scope)]
    return labelled


def _join(key: Any, group: list, scope: int) -> list[tuple[tuple[str, ...], Row, int]]:
    indices = [index for index, *_ in group]
    if len(group) == 1 or indices != [*range(indices[0], indices[0] + len(group))]:
        return [(label, row, times) for _, label, row, times in group]
    label, first = list(key[0]), group[0][2]
    label[scope] = label[scope].replace("\0", f"{{{indices[0]}..{indices[-1]}}}")
    times = len(group)
    return [(tuple(label), Row(first.key, times * first.count, {q: times * s for q, s in first.costs.items()}), times)]


def _remark(row: Row) -> str:
    return ", ".join(filter(None, (f"branch {row.key.branch}" if row.key.branch else "", row.key.flag)))


def _notes(labelled: list[tuple[tuple[str, ...], Row, int]], repeats: bool) -> tuple[str, ...]:
    found = []
    if any(row.key.branch for _, row, _ in labelled):
        found.append(BRANCHES)
    if repeats:
        found.append("rows that differ in nothing but a number of their path are shown as one, with the costs of all of them")
    return tuple(found)
