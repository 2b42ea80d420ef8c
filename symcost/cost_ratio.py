"""`cost.per(B)`, `a / b`: costs as quotients, with formulas, values and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from symcost.conventions import convention
from symcost.domain import Domain, format_sizes
from symcost.errors import ArgumentError, ConventionError, DomainError, GeneralizationError, MissingSizeError
from symcost.formatting import format_size
from symcost.formulas import Formulas
from symcost.growth import growth
from symcost.ledger import Ledger
from symcost.parts import BY_LINE
from symcost.polynomial import Number, Size, is_nonnegative, symbols_of, terms_of
from symcost.quotients import Quotient, quotient

if TYPE_CHECKING:
    import sympy

    from symcost.asymptotics import Growth, Term
    from symcost.cost import ProgramCost


class CostRatio(Formulas):
    """A cost divided by a size, or by another cost: `flops`, `bytes_accessed` ... are rational functions of sizes.

    Attributes:
        name: of the quotient. convention: how both were counted. domain: what both formulas hold for.

    Example:
        >>> import symcost as sc
        >>> B, F, H = sc.dims("B F H")
        >>> cost = sc.trace(lambda x, w: x @ w + w.sum(), sc.array((B, F)), sc.array((F, H)))
        >>> per = cost.per(B)
        >>> print(per.text("flops"), "|", per.at(B=4, F=3, H=5).flops, "|", per.leading("flops"))
        2*F*H + H + F*H/B - 1/B | 77/2 | 2*F*H
    """

    def __init__(
        self, cost: ProgramCost, name: str, domain: Domain, denominator: Callable[[str], Size], over: ProgramCost | None
    ):
        self.name, self.domain, self.convention = name, domain, cost.convention
        self._cost, self._denominator, self._over = cost, denominator, over
        self._quotients: dict[str, Quotient] = {}

    @property
    def quantities(self) -> tuple[str, ...]:
        """Quantities of both."""
        return tuple(q for q in self._cost.quantities if self._over is None or q in self._over.quantities)

    def quotient(self, quantity: str) -> Quotient:
        """Numerator and denominator in lowest terms.

        Raises:
            ConventionError: one of the two costs does not have the quantity. DomainError: the denominator is 0.
        """
        if quantity not in self._quotients:
            top, bottom = self._cost.size(quantity), self._denominator(quantity)
            if bottom == 0:
                raise DomainError(
                    f"{quantity} of {self._over.name if self._over else 'it'} is 0 at all sizes, and divides nothing",
                    todo=f"one of {', '.join(self._shown()) or 'none'}",
                )
            self._quotients[quantity] = quotient(top, bottom)
        return self._quotients[quantity]

    def _shown(self) -> list[str]:
        """Quantities with a quotient that is not 0, as far as they are found."""
        return [q for q in self.quantities if self._zero(q) is False]

    def _zero(self, quantity: str) -> bool | None:
        """Whether the quotient is 0 at all sizes; None where there is none."""
        try:
            top, bottom = self._cost.size(quantity), self._denominator(quantity)
        except GeneralizationError:
            return None
        return None if bottom == 0 else top == 0

    def text(self, quantity: str) -> str:
        """The formula as text, symbols in the user's order: ``2*F*H + F*H/B``."""
        return self.quotient(quantity).text(self.domain.names)

    def size(self, quantity: str) -> Size:
        """The formula as a polynomial, where it is one.

        Raises:
            DomainError: a size is left in the denominator.
        """
        found = self.quotient(quantity)
        if found.denominator != 1:
            raise DomainError(f"{self.text(quantity)} is no polynomial", todo=f"quotient({quantity!r})")
        return found.numerator

    def expression(self, size: Size) -> sympy.Expr:
        """A size as a sympy expression in this cost's symbols."""
        from symcost.expression import expression_in

        return expression_in(self.domain, size)

    def _sympy(self, quantity: str) -> sympy.Expr:
        return self.quotient(quantity).sympy(self.expression)

    def at(self, *wrong: Any, **sizes: Any) -> RatioValues:
        """Exact values at given sizes: integers, or `fractions.Fraction`.

        Raises:
            MissingSizeError, DomainError: sizes are missing, outside of the domain, or a denominator is 0 there.
        """
        if wrong:
            given = ", ".join(f"{n}=8" for n in self.domain.names)
            raise ArgumentError(f"at takes sizes by name, not {wrong[0]!r}", todo=f"at({given})")
        counts = self._cost.at(**{**sizes, **self._other_sizes(sizes)}).sizes
        return RatioValues(self, {**counts, **self.domain.check(sizes)})

    def _other_sizes(self, sizes: Mapping[str, Any]) -> dict[str, Any]:
        """Counts that stand for what is not known in the other cost."""
        return {} if self._over is None else dict(self._over.at(**sizes).sizes)

    # -- growth --------------------------------------------------------------------------------
    def leading(self, quantity: str = "flops", *, wrt: Any = None, assuming: Any = ()) -> sympy.Expr:
        """The leading terms of the numerator over those of the denominator; arguments as of `ProgramCost.leading`."""
        return self._leading(quantity, wrt, assuming)[2].sympy(self.expression)

    def limit(self, quantity: str = "flops", *, wrt: Any = None, assuming: Any = ()) -> sympy.Expr:
        """What the quotient tends to as sizes grow: a number, 0 or oo; `leading` where that depends on how they grow.

        Args:
            quantity: of the costs. wrt, assuming: as of `ProgramCost.leading`.

        Example:
            >>> import jax, symcost as sc
            >>> step = sc.trace(jax.grad(lambda w, x: jax.numpy.sin(x @ w).sum(), argnums=(0, 1)),
            ...                 sc.array("F H"), sc.array("B F"))
            >>> ratio = step.phase("backward") / step.phase("forward")
            >>> print(ratio.text("flops"), "->", ratio.limit("flops"))
            2 + 1/(2*F) -> 2
        """
        import sympy

        top, bottom, found = self._leading(quantity, wrt, assuming)
        if not (is_nonnegative(top) and is_nonnegative(bottom)) or (found.denominator == 1 and not terms_of(top)):
            return found.sympy(self.expression)
        if isinstance(found.numerator, int) and isinstance(found.denominator, int):
            return found.sympy(self.expression)
        compared = self._growth(quantity, wrt, assuming)
        above, below = compared.terms(top), compared.terms(bottom)
        if _all_dominated(compared, above, below):
            return sympy.Integer(0)
        if _all_dominated(compared, below, above):
            return sympy.oo
        return found.sympy(self.expression)

    def _leading(self, quantity: str, wrt: Any, assuming: Any) -> tuple[Size, Size, Quotient]:
        found, whole = self._growth(quantity, wrt, assuming), self.quotient(quantity)
        top, bottom = found.leading(whole.numerator), found.leading(whole.denominator)
        return top, bottom, quotient(top, bottom)

    def _growth(self, quantity: str, wrt: Any, assuming: Any) -> Growth:
        whole = self.quotient(quantity)
        others = sorted((symbols_of(whole.numerator) | symbols_of(whole.denominator)) - set(self.domain.names))
        return growth(self.domain, wrt=wrt, assuming=assuming, others=others)

    # -- display -------------------------------------------------------------------------------
    def __str__(self) -> str:
        lines = [f"{self.name}, convention {self.convention!r}, {self.domain}"]
        shown = self._shown()
        width = max(map(len, shown), default=0)
        return "\n".join([*lines, *(f"  {q:{width}}  {self.text(q)}" for q in shown)])

    def __repr__(self) -> str:
        return f"<CostRatio {self.name}, convention {self.convention!r}>"

    def latex(self, quantity: str = "flops") -> str:
        """The formula of a quantity as LaTeX."""
        import sympy

        return sympy.latex(self._sympy(quantity))

    def _repr_latex_(self) -> str:
        names = {q: q.replace("_", r"\_") for q in self._shown()}
        rows = [rf"\text{{{name}}} &= {self.latex(q)}" for q, name in names.items()]
        return "$$\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$$"


class RatioValues:
    """The quantities of a quotient at given sizes, exactly; computed when asked for."""

    def __init__(self, ratio: CostRatio, sizes: Mapping[str, int]):
        self._ratio, self.sizes = ratio, dict(sizes)

    def __getattr__(self, name: str) -> Number:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in convention("algorithm").quantities:
            raise AttributeError(f"no quantity is called {name!r}; there are {', '.join(self._ratio.quantities)}")
        found = self._ratio.quotient(name)
        missing = sorted((symbols_of(found.numerator) | symbols_of(found.denominator)) - set(self.sizes))
        if missing:
            todo = f"give {'it' if len(missing) == 1 else 'them'} as well: {missing[0]}=10"
            raise MissingSizeError(f"{name} contains what is not known: {', '.join(missing)}", todo=todo)
        try:
            value = found.value(self.sizes)
        except ZeroDivisionError:
            raise DomainError(
                f"{name}: the denominator is 0 at {format_sizes(self.sizes)}",
                where=f"{self._ratio.text(name)}",
                todo="other sizes",
            ) from None
        object.__setattr__(self, name, value)
        return value

    def __repr__(self) -> str:
        shown = ", ".join(f"{q}={getattr(self, q)}" for q in self._ratio._shown())
        return f"RatioValues({format_sizes(self.sizes)}; {self._ratio.convention}: {shown})"


def _all_dominated(compared: Growth, small: list[Term], large: list[Term]) -> bool:
    """Whether every one of `small` is dominated by one of `large`."""
    return not set(compared.undominated([*large, *small])) & set(small)


# -- how they are made -----------------------------------------------------------------------


def per(cost: ProgramCost, divisor: Any) -> CostRatio:
    """A cost divided by a size.

    Raises:
        ArgumentError: the divisor is 0, negative, or contains a symbol that the cost lacks.
    """
    from symcost.algebra import size_of

    size = size_of(divisor, "a divisor", declare=False)
    text = format_size(size, cost.domain.names)
    unknown = sorted(symbols_of(size) - set(cost.domain.names))
    if unknown:
        raise ArgumentError(
            f"the cost has no symbol {unknown[0]!r} to be divided by",
            where=f"its symbols: {', '.join(cost.domain.names) or 'none'}",
            todo=f"cost.per({cost.domain.names[0]})" if cost.domain.names else None,
        )
    if size == 0 or is_nonnegative(-size):
        raise ArgumentError(f"a cost per {text} has no meaning", todo='cost.per("B*T"), a size that is positive')
    short = text if text.isalnum() else f"({text})"
    return CostRatio(cost, f"{cost.name} per {short}", cost.domain, lambda quantity: size, None)


def ratio(a: ProgramCost, b: ProgramCost) -> CostRatio:
    """One cost divided by another, quantity by quantity.

    Raises:
        ConventionError: they were counted under different conventions.
    """
    from symcost.algebra import joined

    if a.convention != b.convention:
        raise ConventionError(
            f"costs under {a.convention!r} and {b.convention!r} are not to be compared",
            todo=f"a.under({b.convention!r}) first",
        )
    return CostRatio(a, f"{a.name} / {b.name}", joined(a.domain, b.domain), b.size, b)


def phase(cost: ProgramCost, name: str) -> ProgramCost:
    """What one phase of a program costs; parameters and constants, which belong to no phase, stay.

    Raises:
        ArgumentError: the program has no such phase.
    """
    from symcost.cost import ProgramCost as Cost

    found = [p for p in dict.fromkeys(row.key.phase for row in cost.ledger.rows) if p]
    if name not in found:
        listed = " or ".join(f'cost.phase("{p}")' for p in found)
        raise ArgumentError(
            f"the program has no phase {name!r}",
            where=f"its phases: {', '.join(found) or 'none'}",
            todo=listed or "trace a gradient, or sc.trace_training",
        )

    def only(ledger: Ledger) -> Ledger:
        rows = [r for r in ledger.rows if r.key.phase == name or r.key.flag == "inputs"]
        names = {n for r in rows for size in r.costs.values() for n in symbols_of(size)}
        return Ledger(rows, [u for u in ledger.unknown if any(n.startswith(u.symbol) for n in names)])

    lines = [f"{part}{BY_LINE}" for part in ("work", "traffic")]
    parts = {part: (lambda part=part: only(cost.part(part))) for part in lines if cost.holds(part)}
    note = f"the {name} phase of {cost.name}"
    return Cost(f"{cost.name} ({name})", only(cost.ledger), cost.domain, cost.convention, note=note, parts=parts)
