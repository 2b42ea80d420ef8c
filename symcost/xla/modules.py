"""Figures by module: which part of a model a formula's figure and XLA's figures belong to.

XLA's instructions carry the module path in their names. Before optimisation every instruction is one entry. In an
optimised module, arithmetic inside a fusion belongs to the modules of the instructions inside, which may be several;
the bytes of a fusion move at its edges, and belong to the module that its name says, which is that of its root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symcost.ledger import Ledger
from symcost.polynomial import evaluate
from symcost.xla.listing import Entry

if TYPE_CHECKING:
    from symcost.report.document import Report

OUTSIDE = "(outside of modules)"
"""What the user's function does itself."""
NO_MODULE = "(no module)"
"""What has no name: most of what XLA adds, and constants that are broadcast."""
REST = "(of no instruction)"
"""Rounding of XLA's float32 sums, and what a TPU's compiler counts for reasons that are not known."""

Figures = tuple[tuple[str, int, int], ...]
"""Module path, the formula's figure and XLA's."""


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """One module's part of three figures.

    Attributes:
        module: its path; in parentheses for what belongs to none. formula: the formula's value.
        before, after: XLA's figures before and after optimisation.
    """

    module: str
    formula: int
    before: int
    after: int

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data."""
        return {"module": self.module, "formula": self.formula, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Modules:
    """A comparison by module; prints as text.

    Attributes:
        name: of the cost. quantity, target, sizes: of the figures. rows: one per module, in the program's order.
        total: the figures of the whole program, which the rows add up to.
    """

    name: str
    quantity: str
    target: str
    sizes: Mapping[str, int]
    rows: tuple[ModuleRow, ...]
    total: ModuleRow

    def __iter__(self) -> Iterator[ModuleRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        return {
            "sizes": dict(self.sizes),
            "target": self.target,
            "quantity": self.quantity,
            "rows": [row.as_dict() for row in self.rows],
            "total": self.total.as_dict(),
        }

    def report(self) -> Report:
        """The rows as a report."""
        from symcost.xla.present import modules_report

        return modules_report(self)

    def __str__(self) -> str:
        from symcost.report.text import to_text

        return to_text(self.report())


# -- one figure ----------------------------------------------------------------------------
def figures(formula: Mapping[str, int], xla: Mapping[str, int], totals: tuple[int, int]) -> Figures:
    """The formula's and XLA's figure of every module, with what is left of the totals as a row of its own."""
    names = [n for n in dict.fromkeys((*formula, *xla)) if formula.get(n, 0) or xla.get(n, 0)]
    rows = [(n, formula.get(n, 0), xla.get(n, 0)) for n in names]
    left = (totals[0] - sum(formula.values()), totals[1] - sum(xla.values()))
    return (*rows, (REST, *left)) if any(left) else tuple(rows)


def formula_by_module(ledger: Ledger, quantity: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """A formula's value by module path; a conditional's largest branch belongs to the module that chooses."""
    found: dict[str, int] = {}
    for row in ledger.rows:
        if not row.key.branch:
            module = row.key.scope.rstrip("/") or OUTSIDE
            found[module] = found.get(module, 0) + int(evaluate(row[quantity], sizes))
    return found


def entries_by_module(entries: Sequence[Entry]) -> dict[str, int]:
    """XLA's count by module path.

    Args:
        entries: of a listing; those inside a fusion stand before the fusion itself.
    """
    found: dict[str, int] = {}
    inside: list[Entry] = []
    for entry in entries:
        if entry.fused:
            inside.append(entry)
            continue
        if entry.opcode == "fusion" and entry.amount:  # counted at its edges, or as the gather that it was made for
            named = next((e for e in (entry, *reversed(inside)) if _module(e) != NO_MODULE), entry)
            parts: Iterable[tuple[Entry, int]] = [(named, entry.amount + sum(e.amount for e in inside))]
        else:
            parts = [(e, e.amount) for e in (*inside, entry)]
        for part, amount in parts:
            module = _module(part)
            found[module] = found.get(module, 0) + amount
        inside = []
    return found


def _module(entry: Entry) -> str:
    place = entry.place[0]
    if place:
        return place
    return OUTSIDE if entry.primitive else NO_MODULE


# -- the table -------------------------------------------------------------------------------
def module_rows(before: Figures, after: Figures, depth: int | None) -> tuple[ModuleRow, ...]:
    """Rows of modules whose paths are cut to `depth` components; what belongs to no module comes last."""
    found: dict[str, list[int]] = {}
    for stage, rows in ((1, before), (2, after)):
        for path, formula, xla in rows:
            row = found.setdefault("/".join(path.split("/")[:depth]), [0, 0, 0])
            row[0] += formula if stage == 1 else 0
            row[stage] += xla
    last = (OUTSIDE, NO_MODULE, REST)
    names = [n for n in found if n not in last] + [n for n in last if n in found]
    return tuple(ModuleRow(n, *found[n]) for n in names if any(found[n]))
