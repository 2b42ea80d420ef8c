"""Formulas as text, read back: what `cost.text("flops")` prints, and what users write who expect a formula.

The grammar of shapes (`symcost.grammar`), with spaces anywhere, fractions, conditions in brackets (``[B = 1]``,
``[N <= 64]``, ``[T mod 8 = 0]``, several with "and") and the functions that formulas are printed with.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from symcost.errors import DimensionError
from symcost.grammar import Parser
from symcost.polynomial import Poly, Size, ceil_log2, conv_taps, floor_div, floor_log2, indicator, maximum
from symcost.ratio import Ratio


def parse_formula(text: str) -> tuple[Size | Fraction, tuple[str, ...]]:
    """The formula in `text`, and the names in it.

    Raises:
        DimensionError: the text is no formula.

    Example:
        >>> size, names = parse_formula("2*N*F + [N = 1]*(F - 3) + ceil(N/2)")
        >>> from symcost.formatting import format_size
        >>> format_size(size, names)
        '2*N*F + ceil(N/2) + F*[N = 1] - 3*[N = 1]'
    """
    return _parse_formula(text)


@lru_cache(maxsize=1024)
def _parse_formula(text: str) -> tuple[Size | Fraction, tuple[str, ...]]:
    parser = _FormulaParser(text)
    return parser.formula(), tuple(parser.names)


class _FormulaParser(Parser):
    def __init__(self, text: str):
        super().__init__(text, "formula")
        self.depth = 1  # spaces separate nothing
        self.functions = {**self.functions, **_PRINTED}

    def _error(self, why: str, position: int, todo: str | None = None) -> DimensionError:
        formulas = 'a formula is made of names, integers and + - * // **, floor(), ceil(), max(): "2*N*F*H + M*H"'
        return super()._error(why, position, todo or formulas)

    def formula(self) -> Size | Fraction:
        start = self.next.start
        size = self._sum().size()
        if size is None:
            raise self._error("a symbol is left in a denominator", start, todo="round with floor() or ceil()")
        if self.next.kind != "end":
            raise self._error(f"{self.next.text!r} is not expected here", self.next.start, todo="write 2*N*F + M*H")
        return size

    def _primary(self) -> Ratio:
        return self._condition() if self._take("[") else super()._primary()

    def _condition(self) -> Ratio:
        """1 where what stands before the closing bracket holds, else 0."""
        excesses: list[Size] = [0]
        while True:
            left = self._value()
            if self.next.text == "mod":
                self.at += 1
                divisor = self._value()
                if divisor == 0:
                    raise self._error("division by zero", self.next.start)
                left = left - divisor * floor_div(left, divisor)
            sign = self._take("=", "<=", "<")
            if sign is None:
                raise self._error(
                    "a comparison is expected", self.next.start, todo="[B = 1], [N <= 64] or [T mod 8 = 0]"
                )
            right = self._value()
            if sign.text == "=":
                if len(excesses) > 1 or not self._take("]"):
                    raise self._error("a condition with = stands alone", sign.start, todo="[B = 1]*[N = 1]")
                return Ratio(indicator(left, right))
            excesses.append(left - right + (sign.text == "<"))
            if self._take("]"):
                return Ratio(indicator(_above(excesses), 0))
            if self.next.text != "and":
                raise self._error("this condition does not end", self.next.start, todo="[N <= 64]")
            self.at += 1

    def _value(self) -> Size:
        start = self.next.start
        size = self._sum().size()
        if size is None or isinstance(size, Fraction):
            raise self._error("a size is expected in a condition", start, todo="[B = 1]")
        return size


def _above(excesses: list[Size]) -> Size:
    """What is 0 where no excess is above 0, as symcost writes it: ``floor(N/65)`` for N <= 64."""
    if len(excesses) == 2 and isinstance(excesses[1], Poly):
        excess = excesses[1]
        constant = excess.terms.get((), 0)
        if isinstance(constant, int) and constant < 0:
            return floor_div(excess - constant, 1 - constant)
    return maximum(*excesses)


def _sizes(arguments: list[Ratio]) -> list[Size]:
    return [a.size() for a in arguments]  # type: ignore[misc]  # the parser has refused quotients


_PRINTED: dict[str, Callable[[list[Ratio]], Ratio]] = {
    "ceil_log2": lambda arguments: Ratio(ceil_log2(*_sizes(arguments))),
    "floor_log2": lambda arguments: Ratio(floor_log2(*_sizes(arguments))),
    "conv_taps": lambda arguments: Ratio(conv_taps(*_sizes(arguments))),
}
"""Functions that shapes have not."""
