"""Formulas as text, in one stable order with the user's symbols in the user's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from symcost.polynomial import Atom, Monomial, Number, Size, divide_exactly, floor_div, make, mod, terms_of


def format_size(size: Size, order: Sequence[str] = ()) -> str:
    """`size` as text.

    Args:
        size: an int or polynomial. order: names of symbols as the user listed them; others follow by name.

    Example:
        >>> from symcost.polynomial import symbol, floor_div
        >>> n, m, f, h = map(symbol, "NMFH")
        >>> format_size(m * h + 2 * f * h * n + floor_div(n + 1, 2), "NMFH")
        '2*N*F*H + M*H + ceil(N/2)'
    """
    text = ""
    for c, powers in ordered_terms(size, order):
        factors = [format_power(a, e, order) for a, e in powers]
        magnitude = abs(c)
        if magnitude != 1 or not factors:
            factors.insert(0, str(magnitude) if Fraction(magnitude).denominator == 1 else f"({magnitude})")
        text += (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
        text += "*".join(factors)
    return text or "0"


def ordered_terms(size: Size, order: Sequence[str] = ()) -> list[tuple[Number, list[tuple[Atom, int]]]]:
    """The terms of `size` as (coefficient, powers of atoms), in the order in which they are printed."""
    rank = {name: i for i, name in enumerate(order)}
    terms = sorted(terms_of(size).items(), key=lambda item: term_order(item[0], rank))
    return [(c, sorted(monomial, key=lambda f: atom_order(f[0], rank))) for monomial, c in terms]


def atom_order(atom: Atom, rank: Mapping[str, int]) -> tuple:
    """Sorts the factors of a term: symbols as the user listed them, others by name, then functions."""
    if atom.kind == "symbol":
        return (0, rank.get(atom.name, len(rank)), atom.name)
    return (1, len(rank), format_atom(atom, tuple(rank)))


def term_order(monomial: Monomial, rank: Mapping[str, int]) -> tuple:
    """Sorts the terms of a sum. Higher degree first, then the user's order; what only holds at special sizes last."""
    special = sum(1 for a, _ in monomial if a.kind == "indicator")
    degree = sum(e for a, e in monomial if a.kind != "indicator")
    exponents = {a.name: e for a, e in monomial if a.kind == "symbol"}
    listed = tuple(-exponents.get(name, 0) for name in rank)
    return (special, -degree, listed, sorted((atom_order(a, rank), -e) for a, e in monomial))


def format_power(atom: Atom, exponent: int, order: Sequence[str]) -> str:
    """A factor of a term as text."""
    text = format_atom(atom, order)
    if exponent == 1:
        return text
    return f"({text})**{exponent}" if atom.kind == "power" else f"{text}**{exponent}"


def format_atom(atom: Atom, order: Sequence[str]) -> str:
    """A symbol or a function of sizes as text."""
    if atom.kind == "symbol":
        return atom.name
    if atom.kind == "floor_div":
        return _floor(atom.args[0], atom.args[1], order)
    arguments = [format_size(a, order) for a in atom.args]
    if atom.kind in ("maximum", "minimum"):
        arguments.sort()
    if atom.kind == "indicator":
        return f"[{_condition(atom, order)}]"
    if atom.kind == "power":
        base = arguments[0] if arguments[0].isalnum() else f"({arguments[0]})"
        return f"{base}**{arguments[1] if arguments[1].isalnum() else f'({arguments[1]})'}"
    name = {"maximum": "max", "minimum": "min"}.get(atom.kind, atom.kind)
    return f"{name}({', '.join(arguments)})"


def _condition(atom: Atom, order: Sequence[str]) -> str:
    return " and ".join(
        f"{format_size(left, order)} {operator} {format_size(right, order)}"
        if modulus == 0
        else f"{_operand(left, order)} mod {_divisor(modulus, order)} {operator} {format_size(right, order)}"
        for left, modulus, operator, right in conditions_of(atom)
    )


def conditions_of(atom: Atom) -> list[tuple[Size, Size, str, Size]]:
    """What an indicator says, as it is printed: ``left mod modulus = right``, or ``left <= right`` with modulus 0.

    ``N <= 64`` for floor(N/65) = 0, ``T mod 8 = 0`` for T - 8*floor(T/8) = 0; all that are returned hold together.
    """
    size, value = atom.args
    if value != 0:
        return [(size, 0, "=", value)]
    for floor in (a for m in terms_of(size) for a, _ in m if a.kind == "floor_div"):
        inner, q = floor.args
        if isinstance(q, int) and size == floor_div(inner, q):
            return [(inner, 0, "<=", q - 1)]
        if size == mod(inner, q):
            return [(inner, q, "=", 0)]
    excesses = _excesses(size)
    if excesses:
        return [_at_most(*_sides(excess)) for excess in excesses]
    left, right = _sides(size)
    return [(left, 0, "=", right) if right != 0 else (size, 0, "=", value)]


def _at_most(left: Size, right: Size) -> tuple[Size, Size, str, Size]:
    """``left <= right``, or ``left - 1 < right`` where that reads better."""
    less = terms_of(left).get(()) == 1 and left != 1
    return left - less, 0, "<" if less else "<=", right


def _sides(size: Size) -> tuple[Size, Size]:
    """Positive terms and, on the other side, negative ones."""
    left, right = (make({m: abs(c) for m, c in terms_of(size).items() if sign * c > 0}) for sign in (1, -1))
    return left, right


def _operand(size: Size, order: Sequence[str]) -> str:
    text = format_size(size, order)
    return f"({text})" if " " in text else text


def _excesses(size: Size) -> list[Size]:
    """x and y of max(0, x, y)."""
    terms = terms_of(size)
    if len(terms) == 1 and set(terms.values()) == {1}:
        ((atom, exponent), *others) = next(iter(terms))
        if not others and exponent == 1 and atom.kind == "maximum" and 0 in atom.args:
            return [a for a in atom.args if a != 0]
    return []


def _floor(a: Size, b: Size, order: Sequence[str]) -> str:
    name, a = rounding(a, b)
    return f"{name}({_operand(a, order)}/{_divisor(b, order)})"


def rounding(a: Size, b: Size) -> tuple[str, Size]:
    """How ``floor(a/b)`` is printed: "floor" or, where the numerator says so, "ceil", and the numerator in it."""
    rest = a - (b - 1)
    if isinstance(b, int):
        upward = terms_of(a).get((), 0) == b - 1 and all(isinstance(c, int) for c in terms_of(a).values())
    else:
        upward = len(terms_of(rest)) < len(terms_of(a)) and divide_exactly(rest, b) is None
    return ("ceil", rest) if upward else ("floor", a)


def _divisor(size: Size, order: Sequence[str]) -> str:
    text = format_size(size, order)
    return text if text.isalnum() else f"({text})"
