"""Sizes as plain Python functions: exact integers, a few microseconds per formula."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from symcost.polynomial import FUNCTIONS, Atom, Poly, Size, symbols_of, terms_of


def compile_size(size: Size | Fraction) -> Callable[[Mapping[str, int]], Any]:
    """A function from sizes (symbol name -> int) to the exact value of `size`: an integer, a fraction if it is none.

    The function raises KeyError for a missing name.

    Example:
        >>> from symcost.polynomial import symbol, floor_div
        >>> compile_size(3 * floor_div(symbol("N"), 2) + 1)({"N": 7})
        10
    """
    source = Source(symbols_of(size) if isinstance(size, Poly) else ())
    result = source.exact(size)
    head = [f"    {local} = sizes[{name!r}]" for name, local in source.symbols.items()]
    return made("formula(sizes)", [*head, *source.lines, f"    return {result}"])


class Source:
    """Python text that evaluates formulas. It holds nothing but integers, operators and names made here.

    Attributes:
        symbols: local variable by name of a symbol. lines: of a function's body, functions of sizes once each.
    """

    def __init__(self, names: Iterable[str]):
        self.symbols = {name: f"s{i}" for i, name in enumerate(sorted(names))}
        self.lines: list[str] = []
        self._names: dict[Atom, str] = {}

    def exact(self, size: Size | Fraction) -> str:
        """An expression for a whole formula: a fraction where it is no integer."""
        # what is rounded inside of a size is an integer by then; the whole is not rounded, nor are extrema of fractions
        return self._expression(size, "quotient({}, {})")

    def _expression(self, part: Size | Fraction, quotient: str = "({})//{}") -> str:
        terms = terms_of(part)
        if not terms:
            return "0"
        denominator = lcm(*(Fraction(c).denominator for c in terms.values()))
        summands = []
        for monomial, c in terms.items():
            scaled = int(c * denominator)
            factors = [f"{self._atom(a)}**{e}" if e > 1 else self._atom(a) for a, e in monomial]
            if scaled != 1 or not factors:
                factors.insert(0, f"({scaled})")
            summands.append("*".join(factors))
        text = "+".join(summands)
        return quotient.format(text, denominator) if denominator > 1 else text

    def _atom(self, a: Atom) -> str:
        if a.kind == "symbol":
            return self.symbols[a.name]
        if a not in self._names:
            exact = "quotient({}, {})" if a.kind in ("maximum", "minimum") else "({})//{}"
            arguments = ", ".join(self._expression(x, exact) for x in a.args)
            self._names[a] = f"a{len(self._names)}"
            self.lines.append(f"    {self._names[a]} = {a.kind}({arguments})")
        return self._names[a]


def made(signature: str, body: Iterable[str], **scope: Any) -> Callable[..., Any]:
    """The function of a signature and the lines of its body, which may use the functions of sizes and `scope`."""
    scope |= {**FUNCTIONS, "quotient": _quotient}
    exec(compile("\n".join([f"def {signature}:", *body]), "<formula>", "exec"), scope)
    return scope[signature.partition("(")[0]]


def _quotient(numerator: int, denominator: int) -> int | Fraction:
    whole, rest = divmod(numerator, denominator)
    return Fraction(numerator, denominator) if rest else whole
