"""Rows of a cost, added up by some of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from symcost.conventions import convention
from symcost.errors import ArgumentError
from symcost.ledger import Ledger, Row

if TYPE_CHECKING:
    from symcost.cost import ProgramCost


class CostTable:
    """Rows of costs added up by some columns; prints as text, converts to markdown and plain dictionaries.

    Attributes:
        cost: what it was made of. axes: columns that tell rows apart. ledger: the rows.
    """

    def __init__(self, cost: ProgramCost, axes: Sequence[str], ledger: Ledger):
        self.cost, self.axes, self.ledger = cost, tuple(axes), ledger

    def __iter__(self) -> Iterator[Row]:
        return iter(self.ledger.rows)

    def __len__(self) -> int:
        return len(self.ledger.rows)

    def __getitem__(self, value: str | tuple[str, ...]) -> Row:
        """The row whose columns have these values: ``table["MLP/Dense_0"]``."""
        wanted = tuple(value) if isinstance(value, tuple) else (value,)
        for row in self.ledger.rows:
            if tuple(getattr(row.key, a) for a in self.axes) == wanted and not row.key.branch:
                return row
        raise ArgumentError(
            f"no row for {', '.join(map(str, wanted))}",
            todo="one of " + "; ".join(dict.fromkeys(", ".join(getattr(r.key, a) for a in self.axes) for r in self)),
        )

    def formulas(self, quantity: str) -> dict[str, Any]:
        """Row label -> sympy expression of one quantity, branches left out."""
        convention(self.cost.convention).require(quantity)
        return {
            ", ".join(getattr(r.key, a) for a in self.axes): self.cost.expression(r[quantity])
            for r in self.ledger.rows
            if not r.key.branch
        }

    def markdown(self) -> str:
        """The rows as a markdown table."""
        from symcost.report.markdown import table

        return table(self)

    def __str__(self) -> str:
        from symcost.report.text import table

        return table(self)
