"""What a cost is asked as a formula: how it grows, what it is per sample, where its terms come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symcost.cost_table import CostTable
from symcost.errors import ArgumentError
from symcost.lines import line_ledger, line_only

if TYPE_CHECKING:
    import sympy

    from symcost.annotate import Annotation
    from symcost.cost import ProgramCost
    from symcost.cost_ratio import CostRatio
    from symcost.explain import Explanation
    from symcost.growth import BigO


class Questions:
    """Growth, quotients and provenance of a cost; `ProgramCost` is one."""

    def leading(self: Any, quantity: str = "flops", *, wrt: Any = None, assuming: Any = ()) -> sympy.Expr:
        """The terms of `quantity` that no other term dominates as its sizes grow, with their coefficients.

        Args:
            quantity: of the cost. wrt: the symbols that grow, ``"T"``, while all others stay; all of them if None.
            assuming: how sizes grow beside each other, ``["M = O(N)", "F << N", "H <= F", "B = O(1)"]``.

        Raises:
            DimensionError: an unknown symbol, or assumptions that contradict each other.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: (x @ w).sum(), sc.array("N F"), sc.array("F H"))
            >>> cost.flops, cost.leading("flops")
            (2*F*H*N + H*N - 1, 2*F*H*N)
        """
        from symcost.growth import leading_terms

        return self.expression(leading_terms(self.size(quantity), self.domain, wrt=wrt, assuming=assuming))

    def big_o(self: Any, quantity: str = "flops", *, wrt: Any = None, assuming: Any = ()) -> BigO:
        """What `quantity` is at most up to a constant factor: ``O(N*F*H + M*H)``; arguments as of `leading`.

        Example:
            >>> import jax, symcost as sc
            >>> cost = sc.trace(jax.nn.dot_product_attention, *[sc.array("B T H K")] * 3)
            >>> cost.big_o("flops"), cost.big_o("flops", wrt="T"), cost.big_o("flops", assuming="B = O(1)").terms
            (O(B*T**2*H*K), O(T**2), (H*K*T**2,))
        """
        from symcost.growth import big_o

        return big_o(self.size(quantity), self.domain, wrt=wrt, assuming=assuming)

    def by_line(self: Any) -> CostTable:
        """Costs by line of the user's own code; what a library does belongs to the line that called it.

        Raises:
            ConventionError: the convention, or a file that was loaded, does not tell lines apart.
        """
        return CostTable(self, ("line",), line_ledger(self).group(line_only))

    def explain(self: Any, term: Any, quantity: str = "flops") -> Explanation:
        """Where a term of a formula comes from: modules, primitives and lines of code, adding up to its coefficient.

        Args:
            term: a product as text or of sympy's, ``"M*H"``. quantity: the formula that it is a term of.

        Raises:
            ArgumentError: the formula has no such term, or is a maximum and no sum.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: (x @ w).sum() + x.sum(), sc.array("N F"), sc.array("F H"))
            >>> [(c.primitive, c.phase, c.coefficient) for c in cost.explain("N*F").contributions]
            [('reduce_sum', 'forward', 1)]
        """
        from symcost.explain import explain

        return explain(self, term, quantity)

    def annotate(self: Any, quantity: str = "flops", **sizes: Any) -> Annotation:
        """The program's own source with what each line costs; with its share where sizes are given.

        Raises:
            ArgumentError: lines do not have the quantity. ConventionError: the cost does not tell lines apart.
        """
        from symcost.annotate import annotate

        return annotate(self, quantity, sizes or None)

    def per(self: Any, divisor: Any) -> CostRatio:
        """The cost per sample, ``cost.per(B)``, or per token, ``cost.per("B*T")``: every formula divided by a size.

        Raises:
            ArgumentError: the divisor is 0 or negative, or contains a symbol that the cost lacks.
        """
        from symcost.cost_ratio import per

        return per(self, divisor)

    def ratio(self: Any, other: ProgramCost) -> CostRatio:
        """This cost in terms of another, ``a / b``, quantity by quantity, in lowest terms.

        Raises:
            ConventionError: they were counted under different conventions.
        """
        from symcost.cost_ratio import ratio

        if not isinstance(other, Questions):
            raise ArgumentError(f"{other!r} is no cost", todo="a.ratio(b), or a.per(B) for a size")
        return ratio(self, other)

    def __truediv__(self: Any, other: Any) -> CostRatio:
        return self.ratio(other) if isinstance(other, Questions) else self.per(other)

    def phase(self: Any, name: str) -> ProgramCost:
        """What "forward", "backward", "recomputed" or "update" costs alone.

        Example:
            >>> import jax, symcost as sc
            >>> step = sc.trace(jax.grad(lambda w, x: ((x @ w[0]) @ w[1]).sum()),
            ...                 [sc.array("F F"), sc.array("F F")], sc.array("B F"))
            >>> ratio = step.phase("backward") / step.phase("forward")
            >>> print(ratio.text("flops"), "->", ratio.limit("flops"))
            3 -> 3
        """
        from symcost.cost_ratio import phase

        return phase(self, name)
