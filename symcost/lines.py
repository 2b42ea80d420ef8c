"""Costs by the user's lines of code: ledgers whose rows tell lines apart, found when they are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from symcost.conventions import convention
from symcost.errors import ConventionError
from symcost.ledger import Key, Ledger, Row
from symcost.parts import BY_LINE

if TYPE_CHECKING:
    from symcost.cost import ProgramCost


def line_ledger(cost: ProgramCost) -> Ledger:
    """All quantities that add up over rows, of rows that tell lines apart.

    Raises:
        ConventionError: the cost does not tell lines apart.
    """
    work, traffic = cost.part(f"work{BY_LINE}"), cost.part(f"traffic{BY_LINE}")
    rows = {r.key: Row(r.key, r.count, dict(r.costs)) for r in work.rows}
    for row in traffic.rows:
        rows.setdefault(row.key, Row(row.key, row.count)).costs.update(row.costs)
    return Ledger([r for r in rows.values() if r.key.flag != "inputs"], cost.unknown)


def line_only(key: Key) -> Key:
    """A key that tells lines apart, branches and remarks, and nothing else."""
    return replace(key, scope="", primitive="", dtype="", unit="", phase="", conditional="")


def tells_lines(cost: ProgramCost) -> bool:
    """Whether a cost can tell lines apart."""
    return convention(cost.convention).language == "jaxpr" and cost.holds(f"work{BY_LINE}")


def no_lines(cost: ProgramCost) -> ConventionError:
    """The error for a cost that does not tell lines apart."""
    if convention(cost.convention).language != "jaxpr":
        return ConventionError(
            f"lines of code are not told apart under the convention {cost.convention!r}",
            where="XLA's program names the innermost line, which may be a library's",
            todo='cost.under("algorithm"), or by module: cost.by("scope", "primitive")',
        )
    return ConventionError(
        f"this cost ({cost.note or 'derived'}) does not tell lines of code apart",
        todo='ask the cost that sc.trace returned, or by module: cost.by("scope", "primitive")',
    )
