r"""Formulas as LaTeX, factored, with terms and symbols in the user's order: ``2 N H (F + C) + 2 M (H + C)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from symcost.errors import ArgumentError
from symcost.factoring import Product, Sum, factored
from symcost.formatting import conditions_of, format_size, rounding
from symcost.parts import part_of
from symcost.polynomial import Atom, Size
from symcost.readable import ordered_arguments
from symcost.report.document import Formula
from symcost.report.extent import extent
from symcost.report.lettering import checked, letter, text
from symcost.report.totals import formula as printed
from symcost.report.totals import totals as all_totals

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

WIDTH = 345.0
"""Points: the text of an article at 10 pt."""

_EXTREMA = {"maximum": r"\max", "minimum": r"\min"}

Piece = tuple[int, str]
"""A part of a formula in front of which its line may end, and how deep in parentheses that is."""


def totals(
    cost: ProgramCost, quantities: Sequence[str] = (), symbols: Mapping[str, str] | None = None, width: float = WIDTH
) -> str:
    """An ``align*`` of totals; without `quantities`, of all that are not 0. Needs the package amsmath."""
    comments = [f"{cost.name}, convention {cost.convention!r}; holds for {cost.domain}"]
    if not quantities:
        found, unfound = all_totals(cost)
        comments += unfound
        for q, size in found.items():
            shown = printed(size, cost.domain.names, q)
            if isinstance(shown, Formula) and shown.brief:
                comments.append(f"{q}: {shown.brief.split('; ')[0]}; cost.latex({q!r}) sets it")
            elif size != 0:
                quantities = (*quantities, q)
    lines = [f"% {line}" for comment in comments for line in comment.splitlines()]
    equations_ = equations(cost, quantities, letters_of(cost, symbols), checked_width(width))
    return "\n".join([*lines, r"\begin{align*}", equations_ or "0", r"\end{align*}"])


def checked_width(width: float) -> float:
    """A width in points.

    Raises:
        ArgumentError: it is none.
    """
    if isinstance(width, bool) or not isinstance(width, (int, float)) or not 0 < width < 1e4:
        raise ArgumentError(
            f"width={width!r} is not a width in points", todo="width=345 for an article, 240 for a column of two"
        )
    return float(width)


def equations(cost: ProgramCost, quantities: Sequence[str], letters: Mapping[str, str], width: float) -> str:
    """The lines of ``align`` or ``aligned``: a quantity, ``&=`` and its total."""
    rows = []
    for q in quantities:
        left = rf"\text{{{text(q)}}}"
        lines = broken(cost.size(q), cost.domain.names, letters, width - extent(left) - 35)
        rows.append(f"{left} &= " + " \\\\\n&\\quad ".join(lines))
    return " \\\\\n".join(rows)


def in_math(cost: ProgramCost) -> str:
    """Totals for a notebook, which sets a single formula."""
    # what is there without further traces
    work = [q for q in cost.quantities if part_of(q) == "work" and cost.size(q) != 0]
    return "\n".join([r"$\displaystyle \begin{aligned}", equations(cost, work, {}, WIDTH), r"\end{aligned}$"])


def letters_of(cost: ProgramCost, symbols: Mapping[str, str] | None) -> dict[str, str]:
    """The user's letters, checked against the symbols of `cost`."""
    return checked(symbols, [*cost.domain.names, *(u.symbol for u in cost.unknown)])


def formula(size: Size | Fraction, names: Sequence[str] = (), symbols: Mapping[str, str] | None = None) -> str:
    r"""A size as LaTeX.

    Args:
        names: symbols in the user's order. symbols: how some of them are written.

    Example:
        >>> from symcost.polynomial import symbol, ceil_div
        >>> n, f = symbol("N"), symbol("d_model")
        >>> print(formula(2 * n * f**2 + 5 * n * f + ceil_div(n, 2), ["N", "d_model"], {"N": r"|\mathcal{V}|"}))
        |\mathcal{V}| d_{\mathrm{model}} (2 d_{\mathrm{model}} + 5) + \lceil |\mathcal{V}|/2 \rceil
    """
    return " ".join(piece for _, piece in _pieces(factored(size, names), tuple(names), symbols or {}, 0))


def broken(
    size: Size | Fraction, names: Sequence[str], symbols: Mapping[str, str] | None = None, width: float = WIDTH
) -> list[str]:
    """A size as LaTeX in lines of at most `width` points, as far as its terms allow."""
    lines: list[list[Piece]] = []
    for piece in _pieces(factored(size, names), tuple(names), symbols or {}, 0):
        if lines and _extent([*lines[-1], piece]) <= width - (12 if len(lines) > 1 else 0):
            lines[-1].append(piece)
            continue
        # the line rather ends between two terms than inside of one, if it is not much shorter for it
        carried: list[Piece] = []
        if lines and piece[0] > 0:
            outer = [i for i, (depth, _) in enumerate(lines[-1]) if i and depth < piece[0]]
            if outer and _extent(lines[-1][: outer[-1]]) > width / 2:
                lines[-1], carried = lines[-1][: outer[-1]], lines[-1][outer[-1] :]
        lines.append([*carried, piece])
    return [" ".join(part for _, part in line) for line in lines]


def _extent(line: list[Piece]) -> float:
    return extent(" ".join(part for _, part in line))


def _pieces(form: Sum, names: tuple[str, ...], symbols: Mapping[str, str], depth: int) -> list[Piece]:
    """The terms of a sum with their signs; a term with parentheses in as many pieces as these have terms."""
    found: list[Piece] = []
    for product in form.products:
        sign = ("-" if product.number < 0 else "") if not found else ("- " if product.number < 0 else "+ ")
        pieces = _product(product, names, symbols, depth)
        found += [(depth, sign + pieces[0][1]), *pieces[1:]]
    return found or [(depth, "0")]


def _product(product: Product, names: tuple[str, ...], symbols: Mapping[str, str], depth: int) -> list[Piece]:
    number = abs(Fraction(product.number))
    whole = [(a, e) for a, e in product.powers if a.kind not in _EXTREMA]
    extrema = [(a, e) for a, e in product.powers if a.kind in _EXTREMA]
    factors = [_power(atom, exponent, names, symbols) for atom, exponent in whole]
    if number != 1 or not (factors or extrema or product.sums):
        dot = [r"\cdot"] if factors and factors[0][:1].isdigit() else []
        factors = [_number(number), *dot, *factors]
    pieces: list[Piece] = [(depth, " ".join(factors))]
    for atom, exponent in extrema:
        inside: list[Piece] = []
        for _, form in ordered_arguments(atom, names):
            if inside:
                inside[-1] = (inside[-1][0], f"{inside[-1][1]},")
            inside += _pieces(form, names, symbols, depth + 1)
        above = f"^{{{exponent}}}" if exponent > 1 else ""
        pieces = _enclosed(pieces, _EXTREMA[atom.kind], inside, above)
    for part in product.sums:
        pieces = _enclosed(pieces, "", _pieces(part, names, symbols, depth + 1), "")
    return pieces


def _enclosed(before: list[Piece], name: str, inside: list[Piece], after: str) -> list[Piece]:
    """Pieces followed by others in parentheses; larger ones around parentheses."""
    nested = any("(" in piece for _, piece in inside)
    left, right = (r"\bigl(", r"\bigr)") if nested else ("(", ")")
    depth, last = before[-1]
    joined = [*before[:-1], (depth, f"{last} {name}{left}".lstrip() + inside[0][1]), *inside[1:]]
    joined[-1] = (joined[-1][0], joined[-1][1] + right + after)
    return joined


def _number(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def _power(atom: Atom, exponent: int, names: tuple[str, ...], symbols: Mapping[str, str]) -> str:
    found = _atom(atom, names, symbols)
    if exponent == 1:
        return found
    if atom.kind == "power":
        return f"({found})^{{{exponent}}}"
    if atom.kind == "symbol":
        return f"{{{found}}}^{{{exponent}}}" if "^" in found else f"{found}^{{{exponent}}}"
    return f"{found}^{{{exponent}}}"


def _atom(atom: Atom, names: tuple[str, ...], symbols: Mapping[str, str]) -> str:
    if atom.kind == "symbol":
        return symbols.get(atom.name) or letter(atom.name)

    def inner(size: Size) -> str:
        return formula(size, names, symbols)

    def operand(size: Size) -> str:
        return f"({inner(size)})" if " " in format_size(size, names) else inner(size)

    def divisor(size: Size) -> str:
        return inner(size) if format_size(size, names).isalnum() else f"({inner(size)})"

    if atom.kind == "floor_div":
        side, top = rounding(*atom.args)
        return rf"\l{side} {operand(top)}/{divisor(atom.args[1])} \r{side}"
    if atom.kind == "indicator":
        conditions = []
        for left, modulus, operator, right in conditions_of(atom):
            sign = r"\leq" if operator == "<=" else operator
            said = inner(left) if modulus == 0 else rf"{operand(left)} \bmod {divisor(modulus)}"
            conditions.append(f"{said} {sign} {inner(right)}")
        return "[" + r" \text{ and } ".join(conditions) + "]"
    if atom.kind == "power":
        return f"{divisor(atom.args[0])}^{{{inner(atom.args[1])}}}"
    if atom.kind in ("ceil_log2", "floor_log2"):
        side = atom.kind.removesuffix("_log2")
        return rf"\l{side} \log_2 {operand(atom.args[0])} \r{side}"
    return rf"\operatorname{{{text(atom.kind)}}}({', '.join(map(inner, atom.args))})"
