"""The grammar of printed formulas: `"L*(2*N*F + M) + 4*[N = 1]*ceil_log2(M)"`.

What `symcost.formatting` and `symcost.readable` print is read back as the same size. It is the grammar of dimensions,
with spaces wherever they please, and

    function    ceil_log2() floor_log2() conv_taps(), besides min() max() floor() ceil() mod() abs()
    condition   1 where it holds, else 0: [N = 1] [N <= 64] [T mod 8 = 0] [2*M <= N and M < K]
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from symcost.errors import DimensionError
from symcost.grammar import Parser, Token
from symcost.polynomial import BUILDERS, Size, floor_div, indicator, is_nonnegative, maximum, mod
from symcost.ratio import Ratio

_TODO = 'formulas read "2*N*(F + 1)", with conditions such as [N = 1], [N <= 64] and [T mod 8 = 0]'


def parse_formula(text: str) -> Size | Fraction:
    """The size that a printed formula stands for.

    Raises:
        DimensionError: the text is no formula.

    Example:
        >>> from symcost.formatting import format_size
        >>> format_size(parse_formula("N*(N + 1)/2 + 3*[N <= 64]*ceil_log2(M)"))
        '(1/2)*N**2 + (1/2)*N + 3*[N <= 64]*ceil_log2(M)'
    """
    return _FormulaParser(text, "formula").formula()


def _printed(name: str) -> Callable[[list[Ratio]], Ratio]:
    return lambda arguments: Ratio(BUILDERS[name](*(a.size() for a in arguments)))  # type: ignore[misc]  # no quotients


class _FormulaParser(Parser):
    """Dimensions, further functions, and conditions in brackets."""

    signs = re.compile(Parser.signs.pattern.replace("[-+", r"[\[\]\-+"), re.UNICODE)
    functions = {**Parser.functions, **{name: _printed(name) for name in ("ceil_log2", "floor_log2", "conv_taps")}}
    arity = {**Parser.arity, "ceil_log2": 1, "floor_log2": 1, "conv_taps": 7}

    def formula(self) -> Size | Fraction:
        """All of the text."""
        self.depth += 1  # spaces separate nothing
        size = self._sum().size()
        if size is None:
            raise self._refusal("a symbol is left in a denominator", self.tokens[0])
        if self.next.kind != "end":
            raise self._refusal(f"{self.next.text!r} is not expected here", self.next)
        return size

    def _error(self, why: str, position: int, todo: str | None = None) -> DimensionError:
        return super()._error(why, position, todo or _TODO)

    def _refusal(self, why: str, token: Token) -> DimensionError:
        return self._error(why, token.start)

    def _primary(self) -> Ratio:
        token = self.next
        if token.text != "[":
            return super()._primary()
        self.at += 1
        conditions = [self._condition()]
        while self.next.text == "and":
            self.at += 1
            conditions.append(self._condition())
        if not self._take("]"):
            raise self._refusal("this bracket is not closed", token)
        if len(conditions) > 1:
            excesses = [left - most for left, most in conditions if most is not None]
            if len(excesses) < len(conditions):
                raise self._refusal("`and` joins conditions of the form M <= N", token)
            return Ratio(indicator(maximum(0, *excesses), 0))
        ((left, most),) = conditions
        if most is None:
            return Ratio(left)
        if isinstance(most, int) and most >= 0 and is_nonnegative(left):
            return Ratio(indicator(floor_div(left, most + 1), 0))
        return Ratio(indicator(maximum(0, left - most), 0))

    def _condition(self) -> tuple[Size, Size | None]:
        """An indicator, and None; or what is to be compared, and what it is at most."""
        start, left = self.next, self._dimension()
        if self.next.text == "mod":
            self.at += 1
            divisor = self._dimension()
            if divisor == 0:
                raise self._refusal("division by zero", start)
            left = mod(left, divisor)
        sign = self._take("=", "<=", "<")
        if sign is None:
            raise self._refusal("there is no comparison", start)
        right = self._dimension()
        if sign.text == "=":
            return (indicator(left, right) if isinstance(right, int) else indicator(left - right, 0)), None
        return left, right - (sign.text == "<")
