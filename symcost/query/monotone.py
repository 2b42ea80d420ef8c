"""Whether a formula in one symbol never falls as the symbol grows, shown by its structure."""

from __future__ import annotations

from fractions import Fraction

from symcost.polynomial import Atom, Poly, Size, bind, evaluate, make, symbol, terms_of


def never_falls(size: Size | Fraction, name: str, least: int) -> bool:
    """True if `size`, which has no other symbol, is shown not to fall for integers from `least` on.

    The part without functions is a polynomial whose coefficients are not negative once the symbol is written as
    ``least + t``, its constant apart. Terms with functions have positive coefficients and factors that are at least 0
    and never fall: floors by numbers, maxima, minima, logarithms and powers of what never falls.

    Example:
        >>> from symcost.polynomial import floor_div
        >>> n = symbol("N")
        >>> never_falls(n**2 - n + floor_div(n, 2), "N", 1), never_falls(n - floor_div(n, 2), "N", 1)
        (True, False)
    """
    if not isinstance(size, Poly):
        return True
    plain, functions = {}, []
    for monomial, c in terms_of(size).items():
        if all(atom.kind == "symbol" for atom, _ in monomial):
            plain[monomial] = c
        else:
            functions.append((monomial, c))
    shifted = bind(make(plain), {name: symbol(name) + least})
    if any(c < 0 for monomial, c in terms_of(shifted).items() if monomial):
        return False
    return all(c > 0 and all(_factor(atom, name, least) for atom, _ in monomial) for monomial, c in functions)


def _factor(atom: Atom, name: str, least: int) -> bool:
    """Whether a factor is at least 0 and never falls."""
    if atom.kind == "symbol":
        return least >= 0
    if atom.kind == "floor_div":
        over, under = atom.args
        fine = not isinstance(under, Poly) and under > 0 and never_falls(over, name, least)
    elif atom.kind in ("maximum", "minimum", "ceil_log2", "floor_log2"):
        fine = all(never_falls(argument, name, least) for argument in atom.args)
    elif atom.kind == "power":
        base, exponent = atom.args
        fine = not isinstance(base, Poly) and base >= 1 and never_falls(exponent, name, least)
    else:
        fine = False
    return fine and evaluate(make({((atom, 1),): 1}), {name: least}) >= 0


def without_indicators(size: Size | Fraction, name: str) -> tuple[Size | Fraction, frozenset[int]] | None:
    """A formula without what holds at single sizes only, and these sizes; None if one cannot be read off.

    Example:
        >>> from symcost.polynomial import indicator
        >>> n = symbol("N")
        >>> general, special = without_indicators(n**2 + n * indicator(n, 1), "N")
        >>> str(general), sorted(special)
        ('N**2', [1])
    """
    if not isinstance(size, Poly):
        return size, frozenset()
    found: set[int] = set()
    kept = {}
    for monomial, c in terms_of(size).items():
        indicators = [atom for atom, _ in monomial if atom.kind == "indicator"]
        for atom in indicators:
            offset, value = atom.args[0] - symbol(name), atom.args[1]
            if isinstance(offset, Poly) or isinstance(value, Poly):
                return None
            found.add(int(value - offset))  # [N + 1 = 3] is [N = 2]
        if not indicators:
            if any(_has_indicator(atom) for atom, _ in monomial):
                return None
            kept[monomial] = c
    return make(kept), frozenset(found)


def _has_indicator(atom: Atom) -> bool:
    inside = (a for size in atom.args for monomial in terms_of(size) for a, _ in monomial)
    return atom.kind == "indicator" or any(map(_has_indicator, inside))
