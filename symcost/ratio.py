"""Quotients of sizes, while they are being read: `N/F` is no size, but `floor(N/F)` is.

Shape strings and sympy expressions both pass through fractions on their way to a
`Size`; this is the one place that knows how a fraction becomes a size again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from symcost.polynomial import (
    Poly,
    Size,
    ceil_div,
    divide_exactly,
    floor_div,
    is_nonnegative_above_one,
    make,
    power,
    terms_of,
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """``numerator / denominator``; a numeric denominator is always folded into the numerator.

    Attributes:
        numerator: a size, possibly with rational coefficients.
        denominator: 1, or a size that contains a symbol.

    Example:
        >>> from symcost.polynomial import symbol
        >>> n, f = Ratio(symbol("N")), Ratio(symbol("F"))
        >>> str((n / f).floor()), str((n / Ratio(2)).ceil()), (n / f).size()
        ('floor((N)/(F))', 'floor((N + 1)/(2))', None)
    """

    numerator: Size | Fraction
    denominator: Size = 1

    def __add__(self, other: Ratio) -> Ratio:
        if self.denominator == other.denominator:
            return Ratio(self.numerator + other.numerator, self.denominator)
        return Ratio(
            self.numerator * other.denominator + other.numerator * self.denominator,
            self.denominator * other.denominator,
        )

    def __neg__(self) -> Ratio:
        return Ratio(-self.numerator, self.denominator)

    def __sub__(self, other: Ratio) -> Ratio:
        return self + (-other)

    def __mul__(self, other: Ratio) -> Ratio:
        return Ratio(self.numerator * other.numerator, self.denominator * other.denominator)

    def __truediv__(self, other: Ratio) -> Ratio:
        """Exact division; ZeroDivisionError for a constant zero."""
        numerator = self.numerator * other.denominator
        denominator = self.denominator * other.numerator
        if isinstance(denominator, Poly):
            return Ratio(numerator, denominator)
        return Ratio(numerator * (1 / Fraction(denominator)))

    def __pow__(self, exponent: int) -> Ratio:
        return Ratio(self.numerator**exponent, self.denominator**exponent)

    def size(self) -> Size | Fraction | None:
        """The same value without a denominator; None where a symbol stays in the denominator.

        A constant that is no integer stays a `Fraction`; it is the caller who knows whether that is an error.
        """
        if self.denominator == 1:
            return _whole(self.numerator)
        return divide_exactly(self.numerator, self.denominator)  # type: ignore[arg-type]  # it takes any coefficients

    def floor(self) -> Size:
        """``floor`` of the quotient."""
        numerator, denominator = self._integral()
        return floor_div(numerator, denominator)

    def ceil(self) -> Size:
        """``ceil`` of the quotient."""
        numerator, denominator = self._integral()
        if is_nonnegative_above_one(denominator - 1):
            return ceil_div(numerator, denominator)
        return -floor_div(-numerator, denominator)

    def _integral(self) -> tuple[Size, Size]:
        """Numerator and denominator scaled up to integer coefficients."""
        exact = self.size()
        numerator, denominator = (self.numerator, self.denominator) if exact is None else (exact, 1)
        scale = lcm(*(Fraction(c).denominator for part in (numerator, denominator) for c in terms_of(part).values()), 1)
        return _whole(numerator * scale), _whole(denominator * scale)  # type: ignore[return-value]  # scaled up to ints


def exponential(base: int, exponent: Size) -> Ratio | None:
    """``base ** exponent`` for a positive integer base, as powers with one monomial each: 2**(L+1) is 2 * 2**L.

    None where the exponent has a coefficient that is no integer.

    Example:
        >>> from symcost.polynomial import symbol
        >>> exponential(2, 2 * symbol("L") - 1).size()
        1/2*power(2, L)**2
    """
    result = Ratio(1)
    for monomial, c in terms_of(exponent).items():
        if not isinstance(c, int):
            return None
        step = Ratio(power(base, make({monomial: 1})))
        result = result * step**c if c >= 0 else result / step ** (-c)
    return result


def _whole(size: Size | Fraction) -> Size | Fraction:
    """An integral fraction as an int."""
    return size.numerator if isinstance(size, Fraction) and size.denominator == 1 else size
