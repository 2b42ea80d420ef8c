"""How a cost is printed for papers: readable formulas, tables of modules, LaTeX, HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symcost.cost_table import ModuleTable

if TYPE_CHECKING:
    import pandas


class Printed:
    """Formulas and tables of a cost for people; `ProgramCost` is one."""

    def readable(self: Any, quantity: str = "flops") -> str:
        """The formula of a quantity as people write it: common factors out, ``L*(...)`` for what repeats over layers.

        The same number as `text` at all sizes; docs/papers.md says which factors come out.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: x @ w + 3 * x @ w, sc.array("N F"), sc.array("F H"))
            >>> cost.text("flops"), cost.readable("flops")
            ('4*N*F*H + N*F + N*H', 'N*(4*F*H + F + H)')
        """
        from symcost.readable import readable

        return readable(self.size(quantity), self.domain.names)

    def table(
        self: Any,
        depth: int | None = 2,
        quantities: Sequence[str] | str | None = None,
        at: Mapping[str, Any] | None = None,
    ) -> ModuleTable:
        """The table of a paper: modules and their formulas, equal layers as one row, shares of the total.

        Args:
            depth: of module paths, the outermost module included; None for whole paths.
            quantities: columns, such as ``("flops", "bytes_accessed")``; FLOPs if not said (MACs under "macs").
            at: sizes at which values and shares are taken; without, shares are of the leading term, if there is one.

        Returns:
            A table that prints as text, and has `latex`, `markdown`, `html`, `csv` and `frame`.

        Raises:
            ConventionError, ArgumentError: a quantity that the convention does not define, or not by module.
            MissingSizeError, DomainError: sizes are missing, or outside of the domain.
        """
        return ModuleTable(self, depth, quantities, at)

    def frame(
        self: Any,
        depth: int | None = 2,
        quantities: Sequence[str] | str | None = None,
        at: Mapping[str, Any] | None = None,
    ) -> pandas.DataFrame:
        """`table` as a pandas frame; needs pandas: ``pip install 'symcost[frame]'``."""
        return self.table(depth, quantities, at).frame()

    def latex(self: Any, *quantities: str, symbols: Mapping[str, str] | None = None, width: float = 345.0) -> str:
        r"""Totals as a LaTeX ``align*``, factored; all that are not 0 if none is named. Needs the package amsmath.

        Args:
            symbols: how symbols are written, ``{"N": r"|\mathcal{V}|"}``. width: of the text, in points.

        Raises:
            ConventionError: the convention does not define a quantity.
            ArgumentError: a symbol that the cost does not have, or letters that LaTeX cannot set.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
            >>> print(cost.latex("flops", symbols={"F": "d_{in}"}))
            % <lambda>, convention 'algorithm'; holds for N >= 1, F >= 1, H >= 1
            \begin{align*}
            \text{flops} &= 2 N d_{in} H
            \end{align*}
        """
        from symcost.report.latex import totals

        return totals(self, quantities, symbols, width)

    def paper(
        self: Any,
        format: str = "latex",
        *,
        depth: int | None = 2,
        quantities: Sequence[str] | str | None = None,
        at: Mapping[str, Any] | None = None,
        symbols: Mapping[str, str] | None = None,
        standalone: bool = False,
        width: float | None = None,
        caption: str = "",
        label: str = "cost",
        command: str = "",
    ) -> str:
        r"""`table` with what is counted, what it holds for, versions, and how it was made; `symcost paper` writes it.

        Args:
            format: "latex", "markdown", "csv" or "html". depth, quantities, at: as `table` takes them.
            symbols: how LaTeX writes symbols, ``{"N": r"|\mathcal{V}|"}``.
            standalone: a whole document. width: of the text in points; an article's 345 if not said.
            caption: in LaTeX. label: of table and equations, ``tab:cost`` and ``eq:cost-1``.
            command: what makes the table again; it stands in a comment.

        Raises:
            ArgumentError: a format, symbol or quantity that there is none of.
        """
        from symcost.paper import paper

        return paper(
            self,
            format,
            depth=depth,
            quantities=quantities,
            at=at,
            symbols=symbols,
            standalone=standalone,
            width=width,
            caption=caption,
            label=label,
            command=command,
        )

    def html(self: Any) -> str:
        """The totals as HTML."""
        from symcost.report.html import to_html
        from symcost.report.totals import cost_report

        return to_html(cost_report(self))

    def _repr_html_(self: Any) -> str:
        from symcost.report.html import to_html
        from symcost.report.totals import brief_report

        return to_html(brief_report(self))

    def _repr_latex_(self: Any) -> str:
        from symcost.report.latex import in_math

        return in_math(self)
