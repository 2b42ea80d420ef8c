"""Rows of a cost, added up by some of its columns; and the table of a paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symcost.conventions import convention
from symcost.errors import ArgumentError
from symcost.ledger import Ledger, Row

if TYPE_CHECKING:
    import pandas

    from symcost.cost import ProgramCost
    from symcost.report.document import Report, Table


class Tabled:
    """A table of a cost in every form that it is printed in.

    Attributes:
        cost: what it was made of.
    """

    cost: ProgramCost

    def report(self) -> Report:
        """The table with the facts of its cost, as parts that are then lowered to text, markdown or HTML."""
        raise NotImplementedError

    def _table(self) -> Table:
        return self.report().tables[0]

    def markdown(self) -> str:
        """The rows as a markdown table."""
        from symcost.report.markdown import to_markdown

        return to_markdown(self.report())

    def html(self) -> str:
        """The rows as HTML; formulas as code."""
        from symcost.report.html import to_html

        return to_html(self.report())

    def csv(self) -> str:
        """The rows as comma-separated values, the total last."""
        from symcost.report.rows import to_csv

        return to_csv(self._table())

    def frame(self) -> pandas.DataFrame:
        """The rows as a pandas frame, without the total: formulas as text, values as numbers, shares from 0 to 1.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        from symcost.report.rows import to_frame

        return to_frame(self._table())

    def latex(self, *, symbols: Mapping[str, str] | None = None, width: float = 345.0, label: str = "cost") -> str:
        r"""The rows as a LaTeX ``tabular``; formulas too long for a cell stand in a numbered ``align`` after it.

        Needs the packages booktabs and amsmath.

        Args:
            symbols: how symbols are written, ``{"N": r"|\mathcal{V}|", "F": "d_{in}"}``.
            width: of the text in points; 345 is an article's, 240 a column's of two.
            label: of the equations: ``eq:cost-1``.

        Raises:
            ArgumentError: a symbol that the cost does not have, or letters that LaTeX cannot set.
        """
        from symcost.report.latex_table import latex

        return latex(self.cost, self._table(), symbols, width, label)

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_latex_(self) -> str:
        from symcost.report.latex_table import in_math

        return in_math(self.cost, self._table())

    def __str__(self) -> str:
        from symcost.report.text import to_text

        return to_text(self.report())


class CostTable(Tabled):
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

    def report(self) -> Report:
        """The rows under the facts of their cost."""
        from symcost.report.breakdown import table_report

        return table_report(self)


class ModuleTable(Tabled):
    """Modules of a program with their formulas, as a paper prints them; made by `ProgramCost.table`.

    Attributes:
        cost: what it was made of. depth: of module paths, or None for all.
        quantities: columns. sizes: where values are taken, or None.
    """

    def __init__(
        self,
        cost: ProgramCost,
        depth: int | None = 2,
        quantities: Sequence[str] | str | None = None,
        sizes: Mapping[str, Any] | None = None,
    ):
        from symcost.report.modules import checked_depth, checked_point, checked_quantities

        self.cost, self.depth = cost, checked_depth(depth)
        self.quantities = checked_quantities(cost, quantities)
        self.sizes = None if sizes is None else checked_point(cost, sizes)

    def report(self) -> Report:
        """The modules under the facts of their cost."""
        from symcost.report.modules import module_report

        return module_report(self.cost, self.depth, self.quantities, self.sizes)
