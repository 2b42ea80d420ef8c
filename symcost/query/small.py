"""Arrays of int64 with what bounds them: refuses whatever might not fit, instead of overflowing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST, MOST = -(2**63), 2**63 - 1


class TooWide(Exception):
    """Something that is computed may not fit in int64."""


@dataclass(frozen=True, slots=True, eq=False)
class SmallIntegers:
    """An array of int64.

    Attributes:
        values: the array. low, high: what no element is below, or above.
    """

    values: Any
    low: int
    high: int

    @staticmethod
    def made(values: Any, low: int, high: int) -> Small:
        """The array, or the integer that all elements are."""
        if low < LEAST or high > MOST:
            raise TooWide
        return low if low == high else SmallIntegers(values.astype(np.int64), low, high)


Small = int | SmallIntegers


def _values(number: Small) -> Any:
    return np.int64(number) if isinstance(number, int) else number.values


class SmallArithmetic:
    """Operations on arrays of int64, elementwise and broadcasting."""

    def bounds(self, number: Small) -> tuple[int, int]:
        """What no element is below, and above."""
        return (number, number) if isinstance(number, int) else (number.low, number.high)

    def _made(self, compute: Callable[[], Any], low: int, high: int) -> Small:
        if low < LEAST or high > MOST:
            raise TooWide
        return low if low == high else SmallIntegers(compute(), low, high)

    def _fit(self, *numbers: Small) -> None:
        if any(isinstance(number, int) and not LEAST <= number <= MOST for number in numbers):
            raise TooWide

    def multiply_add(self, a: Small, b: Small, c: Small) -> Small:
        """``a*b + c``"""
        corners = [x * y for x in self.bounds(a) for y in self.bounds(b)]
        low, high = min(corners), max(corners)
        if low < LEAST or high > MOST:
            raise TooWide
        self._fit(a, b, c)
        if isinstance(a, int) and a == 1:
            product: Callable[[], Any] = lambda: _values(b)  # noqa: E731
        else:
            product = lambda: _values(a) * _values(b)  # noqa: E731
        more = self.bounds(c)
        return self._made(lambda: product() if c == 0 else product() + _values(c), low + more[0], high + more[1])

    def subtract(self, a: Small, b: Small) -> Small:
        """``a - b``"""
        if isinstance(b, int) and b == 0:
            return a
        (a_low, a_high), (b_low, b_high) = self.bounds(a), self.bounds(b)
        self._fit(a, b)
        return self._made(lambda: _values(a) - _values(b), a_low - b_high, a_high - b_low)

    def divide(self, a: Small, b: Small) -> Small:
        """``floor(a / b)`` for b above 0; anything where b is not."""
        self._fit(a, b)
        (low, high), (least, most) = self.bounds(a), (max(1, bound) for bound in self.bounds(b))
        return self._made(
            lambda: _values(a) // np.maximum(_values(b), 1),
            min(low // least, low // most),
            max(high // least, high // most),
        )

    def bit_length(self, a: Small) -> Small:
        """Bits of an integer that is not negative; 0 of 0."""
        if isinstance(a, int):
            return a.bit_length()
        upper = np.frexp((a.values >> 32).astype(np.float64))[1]  # halves are exact as floats
        lower = np.frexp((a.values & (2**32 - 1)).astype(np.float64))[1]
        bits = np.where(upper > 0, upper + 32, lower).astype(np.int64)
        return self._made(lambda: bits, max(a.low, 0).bit_length(), a.high.bit_length())

    def at_least(self, a: Small, b: Small) -> Any:
        """Where ``a >= b``: an array of booleans, or a boolean that is so everywhere."""
        (a_low, a_high), (b_low, b_high) = self.bounds(a), self.bounds(b)
        if a_low >= b_high or a_high < b_low:
            return a_low >= b_high
        return _values(a) >= _values(b)

    def equal(self, a: Small, b: Small) -> Any:
        """Where ``a == b``."""
        (a_low, a_high), (b_low, b_high) = self.bounds(a), self.bounds(b)
        if a_low > b_high or b_low > a_high:
            return False
        return a == b if isinstance(a, int) and isinstance(b, int) else _values(a) == _values(b)

    def where(self, mask: Any, a: Small, b: Small) -> Small:
        """``a`` where `mask` is so, else ``b``."""
        if isinstance(mask, bool):
            return a if mask else b
        self._fit(a, b)
        (a_low, a_high), (b_low, b_high) = self.bounds(a), self.bounds(b)
        return self._made(lambda: np.where(mask, _values(a), _values(b)), min(a_low, b_low), max(a_high, b_high))

    def within(self, number: Small, low: int, high: int) -> Small:
        """The same number, known to lie between two."""
        if isinstance(number, int):
            return number
        low, high = max(low, number.low), min(high, number.high)
        return self._made(lambda: number.values, low, high)

    def from_boolean(self, mask: Any) -> Small:
        """1 where `mask` is so, else 0."""
        return int(mask) if isinstance(mask, bool) else SmallIntegers(mask.astype(np.int64), 0, 1)

    def summed(self, count: Small, term: Callable[[Small], Small], high: int) -> Small:
        """The sum of ``term(k)`` over k below `count`."""
        total: Small = 0
        for k in range(self.bounds(count)[1]):
            counts = self.at_least(count, k + 1)
            total = self.within(self.multiply_add(1, self.where(counts, term(k), 0), total), 0, high)
        return total
