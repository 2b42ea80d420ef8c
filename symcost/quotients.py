"""Quotients of formulas: a cost per sample or token, one cost in terms of another, backward in terms of forward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

from symcost.formatting import format_size, ordered_terms
from symcost.polynomial import (
    BUILDERS,
    Atom,
    Monomial,
    Number,
    Size,
    divide_exactly,
    evaluate,
    make,
    substitute,
    terms_of,
)

if TYPE_CHECKING:
    import sympy

LARGE = 250
"""Terms of numerator and denominator together up to which a common factor of several terms is looked for."""


@dataclass(frozen=True, slots=True)
class Quotient:
    """``numerator / denominator`` in lowest terms. Made by `quotient`.

    Attributes:
        numerator, denominator: sizes with integer coefficients; the first coefficient of the denominator is positive.
    """

    numerator: Size
    denominator: Size

    def text(self, order: Sequence[str] = ()) -> str:
        """As text; term by term where the denominator is one: ``2*F*H + F*H/B``."""
        top, bottom = terms_of(self.numerator), terms_of(self.denominator)
        if self.denominator == 1 or not top:
            return format_size(self.numerator, order)
        if len(bottom) > 1:
            numerator = format_size(self.numerator, order)
            numerator = f"({numerator})" if len(top) > 1 else numerator
            return f"{numerator}/({format_size(self.denominator, order)})"
        text = ""
        for c, powers in ordered_terms(self.numerator, order):
            part = quotient(make({_sorted(dict(powers)): abs(c)}), self.denominator)
            below = format_size(part.denominator, order)
            term = format_size(part.numerator, order)
            if part.denominator != 1:
                term = f"{term}/{below if _single(part.denominator) else f'({below})'}"
            text += (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
            text += term
        return text

    def sympy(self, expression: Any) -> sympy.Expr:
        """As a sympy expression, by a function that makes one of a size."""
        import sympy

        bottom = expression(self.denominator)
        if len(terms_of(self.denominator)) > 1:
            return expression(self.numerator) / bottom
        return sympy.Add(*(expression(make({m: c})) / bottom for m, c in terms_of(self.numerator).items()))

    def value(self, sizes: Mapping[str, int]) -> Number:
        """The exact value: an integer, or a fraction if it is none.

        Raises:
            ZeroDivisionError: the denominator is 0 at these sizes. KeyError: a size is missing.
        """
        found = Fraction(evaluate(self.numerator, sizes)) / Fraction(evaluate(self.denominator, sizes))
        return found.numerator if found.denominator == 1 else found


def quotient(numerator: Size, denominator: Size) -> Quotient:
    """A quotient in lowest terms, as far as the greatest common divisor of polynomials tells.

    Raises:
        ZeroDivisionError: the denominator is 0.

    Example:
        >>> from symcost.polynomial import symbol
        >>> b, f, h = symbol("B"), symbol("F"), symbol("H")
        >>> quotient(2 * b * f * h + f * h, b).text("BFH")
        '2*F*H + F*H/B'
        >>> quotient(6 * b * f**2 - 6 * b * h**2, 2 * f + 2 * h).text("BFH")
        '3*B*F - 3*B*H'
    """
    if denominator == 0:
        raise ZeroDivisionError("a quotient by 0")
    top, bottom = _factored(numerator), _factored(denominator)
    scale = lcm(*(Fraction(c).denominator for s in (top, bottom) for c in terms_of(s).values()))
    top, bottom = top * scale, bottom * scale
    if top == 0:
        return Quotient(0, 1)
    common = _common([*terms_of(top).items(), *terms_of(bottom).items()])
    top, bottom = _without(top, common), _without(bottom, common)
    few = len(terms_of(top)) + len(terms_of(bottom)) <= LARGE
    if len(terms_of(bottom)) > 1 and few:
        top, bottom = _cancelled(top, bottom)
    if next(iter(_by_degree(bottom)))[1] < 0:
        top, bottom = -top, -bottom
    return Quotient(top, bottom)


def _single(size: Size) -> bool:
    """Whether a size is one power, or a number."""
    ((monomial, c),) = terms_of(size).items()
    return len(monomial) == (c == 1)


def _by_degree(size: Size) -> list[tuple[Monomial, Number]]:
    return sorted(terms_of(size).items(), key=lambda item: (-sum(e for _, e in item[0]), str(item[0])))


def _common(terms: Sequence[tuple[Monomial, Number]]) -> Size:
    """The largest product that divides all terms."""
    powers = reduce(lambda a, b: {x: min(e, b[x]) for x, e in a.items() if x in b}, (dict(m) for m, _ in terms))
    return make({_sorted(powers): reduce(gcd, (int(abs(c)) for _, c in terms))})


def _without(size: Size, common: Size) -> Size:
    found = divide_exactly(size, common)
    assert found is not None
    return found


def _sorted(powers: Mapping[Atom, int]) -> Monomial:
    return tuple(sorted(((x, e) for x, e in powers.items() if e), key=lambda item: item[0].index))


def _factored(size: Size) -> Size:
    """The size with what all arguments of a maximum or minimum have in common in front of it."""

    def outside(atom: Atom) -> Size | None:
        if atom.kind not in ("maximum", "minimum"):
            return None
        terms = [item for a in atom.args for item in terms_of(a).items()]
        shared = _common([(tuple((x, e) for x, e in m if x.kind == "symbol"), 1) for m, _ in terms])
        if shared == 1 or not all(terms_of(a) for a in atom.args):
            return None
        inner = [divide_exactly(a, shared) for a in atom.args]
        if any(a is None for a in inner):  # fractions as coefficients
            return None
        return shared * BUILDERS[atom.kind](*inner)

    return substitute(size, outside)


def _cancelled(top: Size, bottom: Size) -> tuple[Size, Size]:
    """Numerator and denominator without their greatest common divisor, functions counting as variables."""
    from sympy import ZZ
    from sympy.polys.rings import ring

    atoms = sorted({a for s in (top, bottom) for m in terms_of(s) for a, _ in m}, key=lambda a: a.index)
    made, *_ = ring([f"x{i}" for i in range(len(atoms))], ZZ)
    place = {a: i for i, a in enumerate(atoms)}

    def inward(size: Size) -> Any:
        found = {}
        for monomial, c in terms_of(size).items():
            exponents = [0] * len(atoms)
            for a, e in monomial:
                exponents[place[a]] = e
            found[tuple(exponents)] = ZZ(int(c))
        return made.from_dict(found)

    def outward(polynomial: Any) -> Size:
        return make(
            {
                tuple((a, e) for a, e in zip(atoms, exponents, strict=True) if e): int(c)
                for exponents, c in polynomial.items()
            }
        )

    p, q = inward(top).cancel(inward(bottom))
    return outward(p), outward(q)
