"""`cost.leading` and `cost.big_o`: how a formula grows with its sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symcost.assumptions import Assumption, from_relations, parse_assumptions
from symcost.asymptotics import Growth, Scale
from symcost.directions import Coordinate, Directions
from symcost.domain import Domain, unknown_symbol
from symcost.errors import DimensionError
from symcost.formatting import format_size
from symcost.limits import written_out
from symcost.polynomial import Size, symbols_of

if TYPE_CHECKING:
    import sympy


def growth(domain: Domain, *, wrt: Any = None, assuming: Any = (), others: Iterable[str] = ()) -> Growth:
    """How formulas of a domain grow.

    Args:
        domain: its symbols and relations. wrt: the symbols that grow, alone; all of them if None.
        assuming: how they grow beside each other, `symcost.assumptions`.
        others: symbols of unknown costs and trip counts, which may be anything.

    Raises:
        DimensionError: a symbol is unknown, or what is assumed contradicts itself.
    """
    names = [*domain.names, *(n for n in dict.fromkeys(others) if n not in domain.names)]
    assumed = list(parse_assumptions(assuming, names))
    if wrt is None:
        return Growth(Directions(domain.names, (), [*assumed, *from_relations(domain.relations)]), written_out)
    alone = _symbols(wrt, names)
    directions = Directions(alone, [n for n in names if n not in alone], assumed)
    still = [n for n in alone if n in directions.fixed]
    if still:
        raise DimensionError(
            f"{', '.join(still)} cannot grow alone under the assumptions: {', '.join(map(str, assumed))}",
            todo="leave the assumption out, or let all sizes grow: without wrt",
        )
    return Growth(directions, written_out)


def leading_terms(size: Size, domain: Domain, *, wrt: Any = None, assuming: Any = ()) -> Size:
    """The terms of `size` that no other term dominates.

    Example:
        >>> from symcost.domain import Dim
        >>> from symcost.polynomial import symbol
        >>> t, f = symbol("T"), symbol("F")
        >>> domain = Domain((Dim("T"), Dim("F")))
        >>> format_size(leading_terms(4 * t**2 * f + 24 * t * f**2 + t, domain), "TF")
        '4*T**2*F + 24*T*F**2'
        >>> format_size(leading_terms(4 * t**2 * f + 24 * t * f**2 + t, domain, assuming="T << F"), "TF")
        '24*T*F**2'
    """
    return growth(domain, wrt=wrt, assuming=assuming, others=_others(size, domain)).leading(size)


def big_o(size: Size, domain: Domain, *, wrt: Any = None, assuming: Any = ()) -> BigO:
    """What `size` is bounded by as sizes grow."""
    found = growth(domain, wrt=wrt, assuming=assuming, others=_others(size, domain))
    scales = tuple(found.scales(size, domain.names))
    names = [*domain.names, *_others(size, domain)]
    assumed = parse_assumptions(assuming, names)
    alone = () if wrt is None else tuple(_symbols(wrt, names))
    return BigO(scales, domain.names, alone, assumed, {d.name for d in domain.dims if d.min == 0})


def _others(size: Size, domain: Domain) -> list[str]:
    return sorted(symbols_of(size) - set(domain.names))


def _symbols(wrt: Any, names: Sequence[str]) -> list[str]:
    """Names of the symbols in ``"T"``, ``"N M"``, a symbol of sympy's or a list of these."""
    listed = wrt if isinstance(wrt, (list, tuple, set, frozenset)) else (wrt,)
    found: dict[str, None] = {}
    for item in listed:
        if not isinstance(item, str) and not getattr(item, "is_Symbol", False):
            raise DimensionError(f"wrt={wrt!r} names no symbols", todo=f'wrt="{names[0] if names else "N"}"')
        for name in str(item).replace(",", " ").split():
            if name not in names:
                raise unknown_symbol(name, tuple(names), "wrt")
            found[name] = None
    if not found:
        raise DimensionError("wrt names no symbol", todo=f'wrt="{names[0] if names else "N"}"')
    return sorted(found, key=list(names).index)


@dataclass(frozen=True, slots=True, eq=False)
class BigO:
    """What a formula is at most, up to a constant factor, as its sizes grow: prints as ``O(N*F*H + M*H)``.

    Attributes:
        scales: its terms in symcost's own form. order: of symbols. wrt: symbols that grow; () for all of them.
        assuming: what was assumed. nonnegative: symbols that may be 0.
    """

    scales: tuple[Scale, ...]
    order: tuple[str, ...]
    wrt: tuple[str, ...] = ()
    assuming: tuple[Assumption, ...] = ()
    nonnegative: Iterable[str] = ()

    @property
    def terms(self) -> tuple[sympy.Expr, ...]:
        """The terms as sympy expressions, without coefficients; none of them bounds another one."""
        return tuple(map(self._sympy, self.scales))

    def __str__(self) -> str:
        return f"O({self.text})"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BigO) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def text(self) -> str:
        """The terms as text: ``N*F*H + M*H``; "0" for what is 0."""
        return " + ".join(self._text(s) for s in self.scales) or "0"

    def latex(self) -> str:
        r"""As LaTeX: ``O\left(N F H + M H\right)``."""
        return rf"O\left({' + '.join(map(self._latex, self.scales)) or '0'}\right)"

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    # -- one term ------------------------------------------------------------------------------
    def _powers(self, scale: Scale) -> list[tuple[Coordinate, Fraction]]:
        """In the order in which they are printed."""
        rank = {name: i for i, name in enumerate(self.order)}
        kinds = {"power": 0, "size": 1, "log": 2}
        return sorted(scale.powers, key=lambda p: (kinds.get(p[0][0], 3), rank.get(p[0][1], len(rank)), str(p[0])))

    def _text(self, scale: Scale) -> str:
        above, below = [], []
        for key, e in self._powers(scale):
            if key[0] == "power":
                exponent = "*".join(_raised(n, Fraction(k)) for n, k in key[2])
                exponent = exponent if e == 1 else f"{e}*{exponent}"
                above.append(f"{key[1]}**{exponent if exponent.isalnum() else f'({exponent})'}")
                continue
            base = f"log({key[1]})" if key[0] == "log" else str(key[1])
            (above if e > 0 else below).append(_raised(base, abs(e)))
        above += [_raised(format_size(f.shown, self.order), Fraction(e)) for f, e in scale.factors]
        text = "*".join(above) or "1"
        if below:
            text += f"/{below[0]}" if len(below) == 1 else f"/({'*'.join(below)})"
        return text

    def _latex(self, scale: Scale) -> str:
        import sympy

        if len(scale.powers) + len(scale.factors) == 0:
            return "1"
        if any(e < 0 for _, e in scale.powers):
            return sympy.latex(self._sympy(scale))
        parts = []
        for key, e in self._powers(scale):
            one = Scale(((key, Fraction(1)),))
            base = rf"\log {sympy.latex(self._symbol(key[1]))}" if key[0] == "log" else ""
            if key[0] == "log" and e != 1:
                base = rf"\log^{{{e}}} {sympy.latex(self._symbol(key[1]))}"
            parts.append(base or sympy.latex(self._sympy(one) ** sympy.Rational(e.numerator, e.denominator)))
        parts += [sympy.latex(self._sympy(Scale((), ((f, e),)))) for f, e in scale.factors]
        return " ".join(parts)

    def _symbol(self, name: str) -> sympy.Symbol:
        from symcost.expression import sympy_symbol

        return sympy_symbol(name, nonnegative=name in self.nonnegative or None)

    def _sympy(self, scale: Scale) -> sympy.Expr:
        import sympy

        from symcost.expression import to_sympy

        found: Any = sympy.Integer(1)
        for key, e in scale.powers:
            if key[0] == "power":
                exponent = sympy.Mul(*(self._symbol(n) ** k for n, k in key[2]))
                found *= sympy.Pow(key[1], e * exponent)
                continue
            base = self._symbol(key[1]) if key[0] == "size" else sympy.log(self._symbol(key[1]))
            found *= base ** sympy.Rational(e.numerator, e.denominator)
        for factor, e in scale.factors:
            symbols = {n: self._symbol(n) for n in symbols_of(factor.shown)}
            found *= to_sympy(factor.shown, symbols) ** e
        return found


def _raised(base: str, exponent: Fraction) -> str:
    if exponent == 1:
        return base
    return f"{base}**{exponent}" if exponent.denominator == 1 else f"{base}**({exponent})"
