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
    return (1, len(rank), _atom(atom, tuple(rank)))


def _order(monomial: Monomial, rank: dict[str, int]) -> tuple:
    """Higher degree first, then the user's order; what only holds at special sizes last."""
    special = sum(1 for a, _ in monomial if a.kind == "indicator")
    degree = sum(e for a, e in monomial if a.kind != "indicator")
    exponents = {a.name: e for a, e in monomial if a.kind == "symbol"}
    listed = tuple(-exponents.get(name, 0) for name in rank)
    return (special, -degree, listed, sorted((_rank(a, rank), -e) for a, e in monomial))


def _power(atom: Atom, exponent: int, order: Sequence[str]) -> str:
    text = _atom(atom, order)
    if exponent == 1:
        return text
    return f"({text})**{exponent}" if atom.kind == "power" else f"{text}**{exponent}"


def _atom(atom: Atom, order: Sequence[str]) -> str:
    if atom.kind == "symbol":
        return atom.name
    if atom.kind == "floor_div":
        return _floor(atom.args[0], atom.args[1], order)
    arguments = [format_size(a, order) for a in atom.args]
    if atom.kind in ("maximum", "minimum"):
        arguments.sort()
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
    if value != 0:
        return None
    for floor in (a for m in terms_of(size) for a, _ in m if a.kind == "floor_div"):
        inner, q = floor.args
        if isinstance(q, int) and size == floor_div(inner, q):
            return f"{format_size(inner, order)} <= {q - 1}"
        if size == mod(inner, q):
            divisor = format_size(q, order)
            return f"{_operand(inner, order)} mod {divisor if divisor.isalnum() else f'({divisor})'} = 0"
    excesses = _excesses(size)
    if excesses:
        return " and ".join(_at_most(*_sides(excess), order) for excess in excesses)
    left, right = _sides(size)
    return f"{format_size(left, order)} = {format_size(right, order)}" if right != 0 else None


def _at_most(left: Size, right: Size, order: Sequence[str]) -> str:
    """``left <= right``, or ``left - 1 < right`` where that reads better."""
    less = terms_of(left).get(()) == 1 and left != 1
    return f"{format_size(left - less, order)} {'<' if less else '<='} {format_size(right, order)}"


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
    constant = terms_of(a).get((), 0)
    name = "floor"
    rest = a - (b - 1)
    if isinstance(b, int):
        upward = constant == b - 1 and all(isinstance(c, int) for c in terms_of(a).values())
    else:
        upward = len(terms_of(rest)) < len(terms_of(a))
    if upward:
        name, a = "ceil", rest
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
