r"""Totals as LaTeX, terms and symbols in the user's order: ``2 N F H + M H``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from symcost.formatting import ordered_terms
from symcost.polynomial import Atom, Size, terms_of

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

TERMS_PER_LINE = 6
"""A longer formula goes on in the next line of the ``align*``."""


def totals(cost: ProgramCost, quantities: Sequence[str] = ()) -> str:
    """An ``align*`` of totals; without `quantities`, of all that are not 0. Needs the package amsmath."""
    names = cost.domain.names
    shown = quantities or [q for q in cost.quantities if cost.size(q) != 0]
    lines = []
    for q in shown:
        terms = summands(cost.size(q), names)
        chunks = [" ".join(terms[i : i + TERMS_PER_LINE]) for i in range(0, len(terms), TERMS_PER_LINE)]
        lines.append(rf"\text{{{_text(q)}}} &= " + " \\\\\n&\\quad ".join(chunks))
    comment = f"% {cost.name}, convention {cost.convention!r}; holds for {cost.domain}"
    return "\n".join([comment, r"\begin{align*}", " \\\\\n".join(lines), r"\end{align*}"])


def formula(size: Size, names: Sequence[str] = ()) -> str:
    r"""A size as LaTeX.

    Example:
        >>> from symcost.polynomial import symbol, ceil_div
        >>> n, f = symbol("N"), symbol("d_model")
        >>> print(formula(2 * n * f**2 + ceil_div(n, 2) - f / 2, ["N", "d_model"]))
        2 N d_{model}^{2} - \frac{1}{2} d_{model} + \left\lceil \frac{N}{2} \right\rceil
    """
    return " ".join(summands(size, names))


def summands(size: Size, names: Sequence[str]) -> list[str]:
    """The terms of a size as LaTeX, each but the first with its sign."""
    found = []
    for c, powers in ordered_terms(size, names):
        factors = [_power(atom, exponent, names) for atom, exponent in powers]
        number = _number(abs(Fraction(c)))
        if number != "1" or not factors:
            factors.insert(0, number)
        sign = ("-" if c < 0 else "") if not found else ("- " if c < 0 else "+ ")
        found.append(sign + " ".join(factors))
    return found or ["0"]


def _number(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def _power(atom: Atom, exponent: int, names: Sequence[str]) -> str:
    text = _atom(atom, names)
    if exponent == 1:
        return text
    return f"{text}^{{{exponent}}}" if atom.kind == "symbol" else rf"\left({text}\right)^{{{exponent}}}"


def _atom(atom: Atom, names: Sequence[str]) -> str:
    if atom.kind == "symbol":
        return _symbol(atom.name)
    if atom.kind == "floor_div":
        return _rounded(atom.args[0], atom.args[1], names)
    arguments = [formula(a, names) for a in atom.args]
    if atom.kind == "indicator":
        return rf"\left[{arguments[0]} = {arguments[1]}\right]"
    if atom.kind == "power":
        base = arguments[0] if arguments[0].isalnum() else rf"\left({arguments[0]}\right)"
        return f"{base}^{{{arguments[1]}}}"
    if atom.kind in ("ceil_log2", "floor_log2"):
        side = "ceil" if atom.kind == "ceil_log2" else "floor"
        return rf"\left\l{side} \log_2 \left({arguments[0]}\right) \right\r{side}"
    name = {"maximum": r"\max", "minimum": r"\min"}.get(atom.kind, rf"\operatorname{{{_text(atom.kind)}}}")
    return rf"{name}\left({', '.join(arguments)}\right)"


def _rounded(a: Size, b: Size, names: Sequence[str]) -> str:
    """A quotient rounded down; up where the numerator's constant says so, as formulas are printed elsewhere."""
    constant = terms_of(a).get((), 0)
    side = "floor"
    whole = all(isinstance(c, int) for c in terms_of(a).values())
    if whole and isinstance(b, int) and isinstance(constant, int) and constant == b - 1:
        side, a = "ceil", a - constant
    return rf"\left\l{side} \frac{{{formula(a, names)}}}{{{formula(b, names)}}} \right\r{side}"


def _symbol(name: str) -> str:
    from sympy import Symbol, latex

    return latex(Symbol(name))


def _text(name: str) -> str:
    return name.replace("_", r"\_")
