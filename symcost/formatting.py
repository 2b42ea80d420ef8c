"""Formulas as text, in one stable order with the user's symbols in the user's order; and their leading terms."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symcost.polynomial import Atom, Monomial, Number, Size, floor_div, make, mod, symbols_of, terms_of


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
        factors = [_power(a, e, order) for a, e in powers]
        magnitude = abs(c)
        if magnitude != 1 or not factors:
            factors.insert(0, str(magnitude) if Fraction(magnitude).denominator == 1 else f"({magnitude})")
        text += (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
        text += "*".join(factors)
    return text or "0"


def ordered_terms(size: Size, order: Sequence[str] = ()) -> list[tuple[Number, list[tuple[Atom, int]]]]:
    """The terms of `size` as (coefficient, powers of atoms), in the order in which they are printed."""
    rank = {name: i for i, name in enumerate(order)}
    terms = sorted(terms_of(size).items(), key=lambda item: _order(item[0], rank))
    return [(c, sorted(monomial, key=lambda f: _rank(f[0], rank))) for monomial, c in terms]


def _rank(atom: Atom, rank: dict[str, int]) -> tuple:
    if atom.kind == "symbol":
        return (0, rank.get(atom.name, len(rank)), atom.name)
    return (1, len(rank), str(atom))


def _order(monomial: Monomial, rank: dict[str, int]) -> tuple:
    """Higher degree first, then the user's order; what only holds at special sizes last."""
    special = sum(1 for a, _ in monomial if a.kind == "indicator")
    degree = sum(e for a, e in monomial if a.kind != "indicator")
    exponents = {a.name: e for a, e in monomial if a.kind == "symbol"}
    listed = tuple(-exponents.get(name, 0) for name in rank)
    return (special, -degree, listed, sorted((_rank(a, rank), -e) for a, e in monomial))


def _power(atom: Atom, exponent: int, order: Sequence[str]) -> str:
    text = _atom(atom, order)
    return text if exponent == 1 else f"{text}**{exponent}"


def _atom(atom: Atom, order: Sequence[str]) -> str:
    if atom.kind == "symbol":
        return atom.name
    if atom.kind == "floor_div":
        return _floor(atom.args[0], atom.args[1], order)
    arguments = [format_size(a, order) for a in atom.args]
    if atom.kind == "indicator":
        return f"[{_condition(atom, order) or f'{arguments[0]} = {arguments[1]}'}]"
    if atom.kind == "power":
        base = arguments[0] if arguments[0].isalnum() else f"({arguments[0]})"
        return f"{base}**{arguments[1] if arguments[1].isalnum() else f'({arguments[1]})'}"
    name = {"maximum": "max", "minimum": "min"}.get(atom.kind, atom.kind)
    return f"{name}({', '.join(arguments)})"


def _condition(atom: Atom, order: Sequence[str]) -> str | None:
    """``N <= 64`` for floor(N/65) = 0, ``T mod 8 = 0`` for T - 8*floor(T/8) = 0."""
    size, value = atom.args
    if value == 0 and sorted(terms_of(size).values()) == [-1, 1]:
        (a, b) = (make({m: abs(c)}) for m, c in sorted(terms_of(size).items(), key=lambda item: -item[1]))
        return f"{format_size(a, order)} = {format_size(b, order)}"
    floors = [a for m in terms_of(size) for a, _ in m if a.kind == "floor_div" and isinstance(a.args[1], int)]
    if value != 0 or len(floors) != 1:
        return None
    inner, q = floors[0].args
    assert isinstance(q, int)
    if size == floor_div(inner, q):
        return f"{format_size(inner, order)} <= {q - 1}"
    return f"{format_size(inner, order)} mod {q} = 0" if size == mod(inner, q) else None


def _floor(a: Size, b: Size, order: Sequence[str]) -> str:
    constant = terms_of(a).get((), 0)
    name = "floor"
    if isinstance(b, int) and constant == b - 1 and all(isinstance(c, int) for c in terms_of(a).values()):
        name, a = "ceil", a - (b - 1)
    top, bottom = format_size(a, order), format_size(b, order)
    top = f"({top})" if " " in top else top
    return f"{name}({top}/{bottom if bottom.isalnum() else f'({bottom})'})"


def leading_terms(size: Size) -> Size:
    """The terms that no other term dominates as all symbols grow; indicators of special sizes are left out."""
    terms = {m: c for m, c in terms_of(size).items() if all(a.kind != "indicator" for a, _ in m)}
    degrees = {m: _degrees(m) for m in terms}

    def dominated(m: Monomial) -> bool:
        mine = degrees[m]
        for other, theirs in degrees.items():
            if other != m and theirs != mine and all(theirs.get(n, 0) >= e for n, e in mine.items()):
                return True
        return False

    return make({m: c for m, c in terms.items() if not dominated(m)})


def _degrees(monomial: Monomial) -> dict[str, int]:
    """Growth of a monomial in each symbol; a function of sizes counts as much as its fastest term."""
    found: dict[str, int] = {}
    for atom, exponent in monomial:
        for name, degree in _growth(atom).items():
            found[name] = found.get(name, 0) + degree * exponent
    return {n: e for n, e in found.items() if e}


def _growth(atom: Atom) -> dict[str, int]:
    if atom.kind == "symbol":
        return {atom.name: 1}
    if atom.kind in ("ceil_log2", "floor_log2"):
        return {}
    if atom.kind == "power":
        return dict.fromkeys(symbols_of(atom.args[1]), 1000)
    found: dict[str, int] = {}
    for argument in atom.args[:1] if atom.kind == "floor_div" else atom.args:
        for monomial in terms_of(argument):
            for name, degree in _degrees(monomial).items():
                found[name] = max(found.get(name, 0), degree)
    return found
