"""Formulas over arrays of sizes: one walk through a formula, whatever arithmetic the numbers have.

Everything is an integer until the end: a formula with fractions is an integer over a common denominator, and rounding,
comparing and logarithms are operations on integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any, Protocol

from symcost.polynomial import Atom, Monomial, Size, terms_of

POWER_BITS = 256
"""Of the largest power with a symbolic exponent that is computed."""

UNROLLED = 32
"""Taps of a kernel that are counted one by one; those of a larger or symbolic kernel in a loop."""


class Arithmetic(Protocol):
    """What the walk needs: operations on numbers, each a Python integer or of the arithmetic's own kind."""

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any: ...
    def subtract(self, a: Any, b: Any) -> Any: ...
    def divide(self, a: Any, b: Any) -> Any: ...
    def bit_length(self, a: Any) -> Any: ...
    def at_least(self, a: Any, b: Any) -> Any: ...
    def equal(self, a: Any, b: Any) -> Any: ...
    def where(self, mask: Any, a: Any, b: Any) -> Any: ...
    def within(self, number: Any, low: int, high: int) -> Any: ...
    def bounds(self, number: Any) -> tuple[int, int]: ...
    def from_boolean(self, mask: Any) -> Any: ...
    def summed(self, count: Any, term: Callable[[Any], Any], high: int) -> Any: ...


class Walk:
    """Values of formulas at given sizes.

    Args:
        arithmetic: of the numbers. sizes: a number for each symbol.

    Attributes:
        failed: masks of elements without a value here (a division by 0, a power beyond any size), booleans or arrays.
    """

    def __init__(self, arithmetic: Arithmetic, sizes: Mapping[str, Any]):
        self.do, self.sizes = arithmetic, sizes
        self.failed: list[Any] = []
        self._known: dict[Atom, tuple[Any, int]] = {}

    def value(self, size: Size | Fraction) -> tuple[Any, int]:
        """A formula as numerator and denominator; the denominator is positive and the same for all elements."""
        terms = terms_of(size)
        shared: dict[Monomial, Fraction] = {}
        for monomial, c in terms.items():
            below = 1
            for atom, exponent in monomial:
                below *= self._atom(atom)[1] ** exponent
            shared[monomial] = Fraction(c) / below
        denominator = lcm(*(c.denominator for c in shared.values()))
        parts: list[dict[Monomial, int]] = [{}, {}]
        for monomial, c in shared.items():
            parts[c < 0][monomial] = abs(int(c * denominator))
        return self.do.subtract(self._sum(parts[0]), self._sum(parts[1])), denominator

    def _sum(self, terms: Mapping[Monomial, int]) -> Any:
        """Terms with positive coefficients, by Horner's scheme in the symbol that most of them have."""
        count: dict[Atom, int] = {}
        for monomial in terms:
            for atom, _ in monomial:
                count[atom] = count.get(atom, 0) + 1
        if not count:
            return sum(terms.values())
        first = max(count, key=lambda atom: (count[atom], -atom.index))
        inside: dict[Monomial, int] = {}
        rest: dict[Monomial, int] = {}
        for monomial, c in terms.items():
            powers = dict(monomial)
            if first not in powers:
                rest[monomial] = c
                continue
            powers[first] -= 1
            inside[tuple((atom, e) for atom, e in powers.items() if e)] = c
        return self.do.multiply_add(self._atom(first)[0], self._sum(inside), self._sum(rest))

    # -- functions of sizes ------------------------------------------------------------------
    def _atom(self, atom: Atom) -> tuple[Any, int]:
        if atom not in self._known:
            if atom.kind == "symbol":
                self._known[atom] = self.sizes[atom.name], 1
            else:
                self._known[atom] = getattr(self, f"_{atom.kind}")(*atom.args)
        return self._known[atom]

    def whole(self, size: Size) -> Any:
        """A formula rounded down."""
        numerator, denominator = self.value(size)
        return numerator if denominator == 1 else self.do.divide(numerator, denominator)

    def _same(self, sizes: tuple[Size, ...]) -> tuple[list[Any], int]:
        """Numerators over one denominator."""
        values = [self.value(size) for size in sizes]
        common = lcm(*(below for _, below in values))
        return [self._times(number, common // below) for number, below in values], common

    def _times(self, a: Any, b: Any) -> Any:
        return self.do.multiply_add(a, b, 0)

    def _add(self, a: Any, b: Any) -> Any:
        return self.do.multiply_add(1, a, b)

    def _larger(self, a: Any, b: Any) -> Any:
        bounds = self.do.bounds
        low, high = (pick(bounds(a)[i], bounds(b)[i]) for i, pick in ((0, max), (1, max)))
        return self.do.within(self.do.where(self.do.at_least(a, b), a, b), low, high)

    def _smaller(self, a: Any, b: Any) -> Any:
        bounds = self.do.bounds
        low, high = (min(bounds(a)[i], bounds(b)[i]) for i in (0, 1))
        return self.do.within(self.do.where(self.do.at_least(a, b), b, a), low, high)

    def _floor_div(self, a: Size, b: Size) -> tuple[Any, int]:
        (over, under), _ = self._same((a, b))
        return self._floor(over, under), 1

    def _floor(self, over: Any, under: Any) -> Any:
        if self.do.bounds(under)[0] <= 0:
            self.failed.append(self.do.equal(under, 0))
            positive = self.do.at_least(under, 1)
            over = self.do.where(positive, over, self.do.subtract(0, over))
            most = max(abs(bound) for bound in self.do.bounds(under))
            under = self.do.where(positive, under, self._larger(self.do.subtract(0, under), 1))
            under = self.do.within(under, 1, max(most, 1))
        return self.do.divide(over, under)

    def _maximum(self, *sizes: Size) -> tuple[Any, int]:
        first, *others = (values := self._same(sizes))[0]
        for other in others:
            first = self._larger(first, other)
        return first, values[1]

    def _minimum(self, *sizes: Size) -> tuple[Any, int]:
        first, *others = (values := self._same(sizes))[0]
        for other in others:
            first = self._smaller(first, other)
        return first, values[1]

    def _indicator(self, a: Size, b: Size) -> tuple[Any, int]:
        (first, second), _ = self._same((a, b))
        return self.do.from_boolean(self.do.equal(first, second)), 1

    def _ceil_log2(self, a: Size) -> tuple[Any, int]:
        numerator, denominator = self.value(a)
        above = self.do.divide(self._add(numerator, denominator - 1), denominator) if denominator > 1 else numerator
        return self.do.bit_length(self._larger(self.do.subtract(above, 1), 0)), 1

    def _floor_log2(self, a: Size) -> tuple[Any, int]:
        bits = self.do.bit_length(self._larger(self.whole(a), 0))
        return self._larger(self.do.subtract(bits, 1), 0), 1

    def _power(self, base: int, exponent: Size) -> tuple[Any, int]:
        number = self.whole(exponent)
        low, high = self.do.bounds(number)
        most = POWER_BITS // max(1, (base - 1).bit_length())
        if low < 0:
            self.failed.append(_not(self.do.at_least(number, 0)))
            number = self._larger(number, 0)
        if high > most:
            self.failed.append(self.do.at_least(number, most + 1))
            number = self._smaller(number, most)
        low, high = self.do.bounds(number)
        result: Any = 1
        for i in range(high.bit_length()):  # one bit of the exponent after another
            shifted = self.do.divide(number, 2**i)
            odd = self.do.subtract(shifted, self._times(self.do.divide(shifted, 2), 2))
            is_odd = self.do.at_least(odd, 1)
            result = self.do.where(is_odd, self._times(result, base ** (2**i)), result)
            result = self.do.within(result, 1, base**high)
        return self.do.within(result, base**low, base**high), 1

    def _conv_taps(self, *sizes: Size) -> tuple[Any, int]:
        size, kernel, output, stride, low, base_dilation, window_dilation = map(self.whole, sizes)
        limit = self._times(self.do.subtract(size, 1), base_dilation)
        last_output = self.do.subtract(output, 1)
        most = max(0, self.do.bounds(kernel)[1]) * max(0, self.do.bounds(output)[1])

        def tap(k: Any) -> Any:
            """Positions at which the tap reads an element: position o reads o*stride + shift."""
            shift = self.do.subtract(self._times(k, window_dilation), low)
            first = self._larger(self.do.subtract(0, self._floor(shift, stride)), 0)
            last = self._smaller(last_output, self._floor(self.do.subtract(limit, shift), stride))

            def residue(r: Any) -> Any:
                """Of the positions that are r modulo the dilation, where all or none read an element."""
                if isinstance(base_dilation, int) and base_dilation == 1:
                    return self._larger(self._add(self.do.subtract(last, first), 1), 0)
                place = self._add(self._times(r, stride), shift)
                rest = self.do.subtract(place, self._times(self._floor(place, base_dilation), base_dilation))
                upper = self._floor(self.do.subtract(last, r), base_dilation)
                lower = self._floor(self.do.subtract(self.do.subtract(first, 1), r), base_dilation)
                found = self._larger(self.do.subtract(upper, lower), 0)
                return self.do.where(self.do.equal(rest, 0), found, 0)

            return self._counted(base_dilation, residue, max(0, self.do.bounds(output)[1]))

        return self._counted(kernel, tap, most), 1

    def _counted(self, count: Any, term: Callable[[Any], Any], high: int) -> Any:
        """The sum of ``term(k)`` over k below `count`, none of which is negative."""
        if isinstance(count, int) and count <= UNROLLED:
            total: Any = 0
            for k in range(count):
                total = self._add(total, term(k))
            return self.do.within(total, 0, high)
        before = len(self.failed)
        total = self.do.summed(count, term, high)
        del self.failed[before:]  # what divides inside does so outside as well, or is at least 1
        return total


def _not(mask: Any) -> Any:
    return not mask if isinstance(mask, bool) else ~mask


def is_integral(size: Size | Fraction) -> bool:
    """Whether a formula is shown to be an integer at all sizes: ``N**2/2 - N/2`` is, ``N/2`` is not.

    The terms with fractions are looked at alone. A polynomial whose differences over a box of integers are integers is
    an integer everywhere, and its functions are integers themselves unless they have fractions inside.
    """
    terms = {m: Fraction(c) for m, c in terms_of(size).items() if Fraction(c).denominator > 1}
    for monomial in terms_of(size):
        for atom, _ in monomial:
            if atom.kind in ("maximum", "minimum") and not all(map(is_integral, atom.args)):
                return False
    degree: dict[Atom, int] = {}
    for monomial in terms:
        for atom, exponent in monomial:
            degree[atom] = max(degree.get(atom, 0), exponent)
    points: list[dict[Atom, int]] = [{}]
    for atom, most in degree.items():
        points = [{**point, atom: value} for point in points for value in range(most + 1)]
        if len(points) > 4096:
            return False
    return all(_at(terms, point).denominator == 1 for point in points)


def _at(terms: Mapping[Monomial, Fraction], point: Mapping[Atom, int]) -> Fraction:
    total = Fraction(0)
    for monomial, c in terms.items():
        for atom, exponent in monomial:
            c = c * point[atom] ** exponent
        total += c
    return total
