"""Formulas as text for people: factored, and in the order of `symcost.formatting`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symcost.factoring import Product, Sum, factored, flat
from symcost.formatting import format_power
from symcost.polynomial import Atom, Size, terms_of

ARGUMENTS = 200
"""Terms in all arguments of a maximum that are factored."""


def readable(size: Size | Fraction, order: Sequence[str] = ()) -> str:
    """`size` as people write it; `symcost.grammar.parse_formula` reads it back.

    Args:
        order: names of symbols as the user listed them; others follow by name.

    Example:
        >>> from symcost.polynomial import symbol, ceil_div
        >>> l, n, m, f, h = map(symbol, "LNMFH")
        >>> readable(l * (2 * n * f * h + 2 * m * h + 4 * f * h) + n * f, "NMFHL")
        '2*H*L*(N*F + M + 2*F) + N*F'
        >>> readable((n + m) * (h + f) / 2 + ceil_div(n, 2), "NMFH")
        '(N + M)*(F + H)/2 + ceil(N/2)'
    """
    return text_of(factored(size, order), order)


def text_of(form: Sum, order: Sequence[str] = ()) -> str:
    """A factored form as text."""
    text = ""
    for product in form.products:
        text += (" - " if product.number < 0 else " + ") if text else ("-" if product.number < 0 else "")
        text += _product(product, order)
    return text or "0"


def _product(product: Product, order: Sequence[str]) -> str:
    number = abs(Fraction(product.number))
    factors = [_power(atom, exponent, order) for atom, exponent in product.powers]
    factors += [f"({text_of(part, order)})" for part in product.sums]
    if number.numerator != 1 or not factors:
        factors.insert(0, str(number.numerator))
    return "*".join(factors) + (f"/{number.denominator}" if number.denominator != 1 else "")


def _power(atom: Atom, exponent: int, order: Sequence[str]) -> str:
    if atom.kind not in ("maximum", "minimum"):
        return format_power(atom, exponent, order)
    text = f"{atom.kind[:3]}({', '.join(text for text, _ in ordered_arguments(atom, order))})"
    return text if exponent == 1 else f"{text}**{exponent}"


def ordered_arguments(atom: Atom, order: Sequence[str]) -> list[tuple[str, Sum]]:
    """The arguments of a maximum or minimum with their text, as they are printed; if they are long, not factored."""
    short = sum(len(terms_of(argument)) for argument in atom.args) <= ARGUMENTS
    forms = (factored(argument, order) if short else flat(argument, order) for argument in atom.args)
    return sorted(((text_of(form, order), form) for form in forms), key=lambda found: found[0])
