"""What changed between two costs as a report: totals, modules, and growth at given sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symcost.formatting import format_size
from symcost.ledger import LARGEST
from symcost.polynomial import Poly, Size
from symcost.report.document import Cell, Fact, Formula, Report, Table
from symcost.report.totals import formula

if TYPE_CHECKING:
    from symcost.differences import Change, CostDiff, Growth

OUTSIDE = "(outside of modules)"


def difference_report(
    found: CostDiff, at: Sequence[Mapping[str, int]] = (), sides: tuple[str, str] = ("", "")
) -> Report:
    """Two costs beside each other.

    Args:
        at: sizes at which growth is shown; each gives all symbols of both sides.
        sides: where the two come from, such as names of files.
    """
    names = tuple(dict.fromkeys((*found.new.domain.names, *found.old.domain.names)))
    points = [(point, found.at(**point)) for point in at]
    old, new = (
        f"{cost.name}{f' ({side})' * bool(side)}" for cost, side in zip((found.old, found.new), sides, strict=True)
    )
    facts = [Fact("old", old), Fact("new", new), Fact("convention", found.new.convention)]
    facts.append(Fact("domain", str(found.new.domain)))
    return Report(
        "Costs before and after",
        tuple(facts),
        tuple(dict(growths[0].sizes) for _, growths in points if growths),
        tables=tuple(_tables(found, names, [growths for _, growths in points])),
        warnings=tuple(Fact("note well", text) for text in found.warnings),
        notes=tuple(_notes(found)),
    )


def as_dict(found: CostDiff, at: Sequence[Mapping[str, int]] = ()) -> dict[str, Any]:
    """Two costs beside each other as plain data."""
    names = tuple(dict.fromkeys((*found.new.domain.names, *found.old.domain.names)))

    def change(c: Change) -> dict[str, Any]:
        return {
            "quantity": c.quantity,
            **({} if c.scope is None else {"module": c.scope}),
            "kind": c.kind,
            "old": format_size(c.old, names),
            "new": format_size(c.new, names),
            "difference": format_size(c.difference, names),
        }

    def growth(g: Growth) -> dict[str, Any]:
        return {
            "quantity": g.quantity,
            **({} if g.scope is None else {"module": g.scope}),
            "old": _plain(g.old),
            "new": _plain(g.new),
            "growth": None if g.ratio is None else float(g.ratio),
        }

    return {
        "old": {"name": found.old.name, "domain": str(found.old.domain)},
        "new": {"name": found.new.name, "domain": str(found.new.domain)},
        "convention": found.new.convention,
        "same": found.same,
        "totals": [change(c) for c in found.totals],
        "modules": [change(c) for c in found.changes],
        "renamed": {old: new for new, old in found.renamed.items()},
        "points": [{"at": dict(point), "growth": [growth(g) for g in found.at(**point)]} for point in at],
        "warnings": list(found.warnings),
    }


def _plain(number: Any) -> int | float:
    return number if isinstance(number, int) else float(number)


def _tables(found: CostDiff, names: Sequence[str], points: Sequence[Sequence[Growth]]) -> Iterator[Table]:
    changed = [c for c in found.totals if c.kind != "same"]
    if changed:
        rows = [(c.quantity, *_formulas(c, names)) for c in changed]
        yield Table(
            ("total", "old", "new", "new less old"),
            tuple(rows),
            ("quantity", "old", "new", "difference"),
            name="totals",
            title="totals",
        )
    if points and changed:
        yield _growth([[g for g in growths if g.scope is None] for growths in points], changed, "totals at these sizes")
    for quantity in dict.fromkeys(c.quantity for c in found.changes):
        changes = [c for c in found.changes if c.quantity == quantity]
        rows = [(c.scope or OUTSIDE, c.kind, *_formulas(c, names)) for c in changes]
        columns = ("module", "", "old", "new", "new less old")
        keys = ("module", "kind", "old", "new", "difference")
        yield Table(columns, tuple(rows), keys, labels=2, name=quantity, title=f"{quantity} by module")
        if points:
            modules = [[g for g in growths if g.scope is not None and g.quantity == quantity] for growths in points]
            yield _growth(modules, changes, f"{quantity} by module at these sizes")


def _growth(points: Sequence[Sequence[Growth]], changes: Sequence[Change], title: str) -> Table:
    """Old and new at every point, for what changed."""
    wanted = {(c.quantity, c.scope) for c in changes}
    rows: list[tuple[Cell, ...]] = []
    for key in ((c.quantity, c.scope) for c in changes):
        for i, growths in enumerate(points):
            for g in growths:
                if (g.quantity, g.scope) == key and key in wanted:
                    label = g.quantity if g.scope is None else g.scope or OUTSIDE
                    rows.append((label, f"({i + 1})", _plain(g.old), _plain(g.new), g.percent))
    keys = ("what", "at", "old", "new", "growth")
    first = "total" if changes[0].scope is None else "module"
    table = Table((first, "at", "old", "new", "growth"), tuple(rows), keys, labels=2, name="growth", title=title)
    return table if len(points) > 1 else table.without("at")


def _formulas(change: Change, names: Sequence[str]) -> tuple[Cell, ...]:
    return (
        formula(change.old, names, change.quantity),
        formula(change.new, names, change.quantity),
        # the difference of two maxima tells nothing that the two do not
        None if change.quantity in LARGEST else _signed(change.difference, names),
    )


def _signed(size: Size, names: Sequence[str]) -> Cell:
    if isinstance(size, Poly):
        return Formula(format_size(size, names))
    return f"{size:+,}" if isinstance(size, int) else f"{float(size):+,}"


def _notes(found: CostDiff) -> Iterator[str]:
    same = [c.quantity for c in found.totals if c.kind == "same"]
    if found.same:
        yield "nothing changed: every formula of every module is the same"
    elif same:
        yield f"the same in total: {', '.join(same)}"
    for new, old in found.renamed.items():
        yield f"renamed, with the same costs: {old or OUTSIDE} is now {new or OUTSIDE}"
    gone = sorted({c.scope or OUTSIDE for c in found.changes if c.kind == "removed"})
    if gone:
        yield f"no longer there: {', '.join(gone)}"
