"""Sizes as plain Python functions: exact integers, a few microseconds per formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from symcost.polynomial import FUNCTIONS, Atom, Size, symbols_of, terms_of


def compile_size(size: Size) -> Callable[[Mapping[str, int]], Any]:
    """A function from sizes (symbol name -> int) to the exact value of `size`: an integer, a fraction if it is none.

    The function raises KeyError for a missing name.

    Example:
        >>> from symcost.polynomial import symbol, floor_div
        >>> compile_size(3 * floor_div(symbol("N"), 2) + 1)({"N": 7})
        10
    """
    lines: list[str] = []
    names: dict[Atom, str] = {}
    symbols = {name: f"s{i}" for i, name in enumerate(sorted(symbols_of(size)))}

    def expression(part: Size, quotient: str = "({})//{}") -> str:
        terms = terms_of(part)
        if not terms:
            return "0"
        denominator = lcm(*(Fraction(c).denominator for c in terms.values()))
        summands = []
        for monomial, c in terms.items():
            scaled = int(c * denominator)
            factors = [f"{atom(a)}**{e}" if e > 1 else atom(a) for a, e in monomial]
            if scaled != 1 or not factors:
                factors.insert(0, f"({scaled})")
            summands.append("*".join(factors))
        text = "+".join(summands)
        return quotient.format(text, denominator) if denominator > 1 else text

    def atom(a: Atom) -> str:
        if a.kind == "symbol":
            return symbols[a.name]
        if a not in names:
            exact = "quotient({}, {})" if a.kind in ("maximum", "minimum") else "({})//{}"
            arguments = ", ".join(expression(x, exact) for x in a.args)
            names[a] = f"a{len(names)}"
            lines.append(f"    {names[a]} = {a.kind}({arguments})")
        return names[a]

    # what is rounded inside of a size is an integer by then; the whole is not rounded, nor are extrema of fractions
    result = expression(size, "quotient({}, {})")
    # The text holds nothing but integers, operators and names made here.
    head = ["def formula(sizes):", *(f"    {local} = sizes[{name!r}]" for name, local in symbols.items())]
    scope: dict = {**FUNCTIONS, "quotient": _quotient}
    exec(compile("\n".join([*head, *lines, f"    return {result}"]), "<formula>", "exec"), scope)
    return scope["formula"]


def _quotient(numerator: int, denominator: int) -> int | Fraction:
    whole, rest = divmod(numerator, denominator)
    return Fraction(numerator, denominator) if rest else whole
