"""Costs by the user's lines of code: ledgers whose rows tell lines apart, found when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class Place:
    """A line of code.

    Attributes:
        file: path of it. number: of the line. function: that it stands in.
    """

    file: str
    number: int
    function: str

    @classmethod
    def parse(cls, line: str) -> Place | None:
        """The place that a row's line tells; None where it tells none."""
        match = re.fullmatch(r"(.*):(\d+) \((.*)\)", line, re.DOTALL)
        return cls(match[1], int(match[2]), match[3]) if match else None


def short_names(files: Iterable[str]) -> dict[str, str]:
    """Files by the end of their path that tells them apart: ``model.py``, or ``a/model.py`` beside ``b/model.py``.

    Example:
        >>> short_names(["/home/a/model.py", "/home/b/model.py", "/home/b/loss.py"])
        {'/home/a/model.py': 'a/model.py', '/home/b/model.py': 'b/model.py', '/home/b/loss.py': 'loss.py'}
    """
    parts = {file: [file] if file.startswith("<") else file.replace("\\", "/").split("/") for file in files}
    found = {}
    for file, own in parts.items():
        length = 1
        others = [p for f, p in parts.items() if f != file]
        while length < len(own) and any(p[-length:] == own[-length:] for p in others):
            length += 1
        found[file] = "/".join(own[-length:])
    return found


def short_lines(lines: Iterable[str]) -> dict[str, str]:
    """Rows' lines with short names of files: ``model.py:12 (GCN.__call__)``; "" has no line."""
    places = {line: Place.parse(line) for line in lines}
    names = short_names(dict.fromkeys(p.file for p in places.values() if p))
    return {line: f"{names[p.file]}:{p.number} ({p.function})" if p else line or NO_LINE for line, p in places.items()}


NO_LINE = "(no line of code)"
"""What is printed for rows that come from no line known."""
