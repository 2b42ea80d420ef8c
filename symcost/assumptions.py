"""What is assumed about how sizes grow beside each other: `"M = O(N)"`, `"F << N"`, `"H <= F"`, `"B = O(1)"`.

assumptions  comma-separated
assumption   product = O(product), product <= product, product << product (grows more slowly), and >=, >>
product      1, names, powers: N**2*F, M**1.5, N*log(N)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symcost.domain import near_names
from symcost.errors import DimensionError
from symcost.grammar import Relation
from symcost.polynomial import Monomial, Size, terms_of

Exponents = tuple[tuple[str, Fraction], ...]
"""A product of powers of names; ``log N`` stands for the logarithm of N."""

_SIGN = re.compile(r"<<|>>|<=|>=|==|=|<|>|~")
_FACTOR = re.compile(
    r"\s*(?:log\(\s*(?P<log>[^\W\d]\w*)\s*\)|(?P<name>[^\W\d]\w*)|(?P<number>\d+))"
    r"(?:\s*\*\*\s*(?P<power>\d+(?:\.\d+)?|\(\s*\d+\s*/\s*\d+\s*\)))?\s*"
)
FORMS = 'write "M = O(N)", "F << N", "H <= F" or "B = O(1)"'


@dataclass(frozen=True, slots=True)
class Assumption:
    """``small`` is at most a constant times ``large``; or, if `strict`, grows more slowly.

    Attributes:
        small, large: products of powers of names. text: as the user wrote it.
    """

    small: Exponents
    large: Exponents
    strict: bool
    text: str

    def __str__(self) -> str:
        return self.text


def parse_assumptions(given: Any, names: Sequence[str]) -> tuple[Assumption, ...]:
    """The assumptions in a text, in several, or in relations of sympy's.

    Args:
        given: texts. names: of the symbols that there are.

    Raises:
        DimensionError: a text is no assumption, or names an unknown symbol.

    Example:
        >>> (a,) = parse_assumptions("M = O(N**2)", ["N", "M"])
        >>> a.small, a.large, a.strict
        ((('M', Fraction(1, 1)),), (('N', Fraction(2, 1)),), False)
    """
    listed: Iterable[Any] = given if isinstance(given, (list, tuple, set, frozenset)) else (given,)
    if isinstance(given, (set, frozenset)):
        listed = sorted(map(str, given))
    found = []
    for text in listed:
        if isinstance(text, bool) or text is None or isinstance(text, (int, float)):
            raise DimensionError(f"{text!r} is no assumption about how sizes grow", todo=FORMS)
        found += [_assumption(part.strip(), names) for part in str(text).split(",") if part.strip()]
    return tuple(found)


def _assumption(text: str, names: Sequence[str]) -> Assumption:
    signs = list(_SIGN.finditer(text))
    if len(signs) != 1:
        what = "compares nothing" if not signs else "compares more than twice"
        raise DimensionError(f'the assumption "{text}" {what}', todo=FORMS)
    (sign,) = signs
    left, right = text[: sign.start()].strip(), text[sign.end() :].strip()
    operator = sign[0]
    if operator == "=":
        inside = re.fullmatch(r"O\s*\((.*)\)", right)
        if inside is None:
            todo = f'"{left} = O({right})", or cost.subs({left}="{right}") if they are equal'
            raise DimensionError(f'the assumption "{text}" says more than how sizes grow', todo=todo)
        right = inside[1]
    elif operator not in ("<=", ">=", "<<", ">>"):
        todo = f'"{left} <= {right}" or "{left} << {right}"' if operator in ("<", ">") else FORMS
        raise DimensionError(f'the assumption "{text}" has a sign without a meaning here, {operator!r}', todo=todo)
    small, large = _product(left, text, names), _product(right, text, names)
    if operator.startswith(">"):
        small, large = large, small
    return Assumption(small, large, operator in ("<<", ">>"), text)


def _product(side: str, text: str, names: Sequence[str]) -> Exponents:
    """One side of an assumption; a number in it changes nothing."""
    powers: dict[str, Fraction] = {}
    position = 0
    while True:
        match = _FACTOR.match(side, position)
        if match is None:
            raise DimensionError(
                f'the assumption "{text}": {side or "nothing"!r} is no product of sizes',
                todo="one product on each side, such as N*F or N**2; of a sum take the term that grows fastest",
            )
        name = match["log"] or match["name"]
        if match["number"] == "0":
            raise DimensionError(f'the assumption "{text}" is about 0, which does not grow', todo=FORMS)
        if name:
            if name not in names:
                near = near_names(name, tuple(names))
                raise DimensionError(
                    f'unknown symbol {name!r} in the assumption "{text}"',
                    where=f"the symbols: {', '.join(names) or 'none'}",
                    todo=f"did you mean {' or '.join(near)}?" if near else "name a symbol of the cost",
                )
            key = f"log {name}" if match["log"] else name
            powers[key] = powers.get(key, Fraction(0)) + _number(match["power"])
        position = match.end()
        if position == len(side):
            return tuple((n, e) for n, e in powers.items() if e)
        if side[position] != "*":
            raise DimensionError(
                f'the assumption "{text}": {side!r} is no product of sizes',
                where=f"at {side[position:]!r}",
                todo="one product on each side, such as N*F or N**2; of a sum take the term that grows fastest",
            )
        position += 1


def _number(text: str | None) -> Fraction:
    return Fraction(text.strip("() ").replace(" ", "")) if text else Fraction(1)


def from_relations(relations: Iterable[Relation]) -> tuple[Assumption, ...]:
    """What the relations of a domain say about growth: M <= N*N. Those that say it in sums or floors are left out."""
    found = []
    for relation in relations:
        sides = [(relation.left, relation.right)]
        if relation.operator in (">=", ">", "=="):
            sides = [(relation.right, relation.left)] if relation.operator != "==" else [*sides, sides[0][::-1]]
        if relation.operator == "!=":
            continue
        for small, large in sides:
            found += _from_sides(small, large, relation.text)
    return tuple(found)


def _from_sides(small: Size, large: Size, text: str) -> list[Assumption]:
    difference = terms_of(large - small)
    if any(atom.kind != "symbol" for monomial in difference for atom, _ in monomial):
        return []
    below = [m for m, c in difference.items() if c < 0]
    above = [m for m, c in difference.items() if c > 0 and m != ()]
    if len(above) != 1:  # no more than one of several must be large
        return []
    return [Assumption(_exponents(m), _exponents(above[0]), False, text) for m in below if m != ()]


def _exponents(monomial: Monomial) -> Exponents:
    return tuple((atom.name, Fraction(e)) for atom, e in monomial)
