"""Arrays of integers of any width, in pieces of 16 bits: exact where int32 and float32 are not.

JAX has no wider integers than 32 bits unless x64 is on, and floats lose what cancels. An operation here works on
arrays of uint32 that hold 16 bits each, so that no product and no sum of pieces overflows; XLA may do what it likes
with such code. How many pieces a result needs follows from its bounds, which are known before anything is computed,
because the types and domains of the sizes are: nothing overflows, whatever the sizes are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BITS = 16
MASK = 2**BITS - 1
ROOM = 2**32
"""What a piece may never reach while it is added up."""


@dataclass(frozen=True, slots=True, eq=False)
class Wide:
    """Integers, one for each element of arrays.

    Attributes:
        limbs: pieces of 16 bits, the lowest first, each an array of uint32 or a Python integer. If `low` is negative,
            they are the two's complement. low, high: what no element is below, or above.
    """

    limbs: tuple[Any, ...]
    low: int
    high: int


Number = int | Wide
"""A Python integer is the same for all elements, and known at once."""


def bounds(number: Number) -> tuple[int, int]:
    """What no element is below, and above."""
    return (number, number) if isinstance(number, int) else (number.low, number.high)


def width(low: int, high: int) -> int:
    """Pieces that hold every integer between two."""
    bits = high.bit_length() if low >= 0 else max(high.bit_length(), (-low - 1).bit_length()) + 1
    return max(1, -(-bits // BITS))


def pieces(number: Number, count: int) -> list[Any]:
    """The lowest `count` pieces."""
    if isinstance(number, int):
        return [number >> BITS * i & MASK for i in range(count)]
    missing = count - len(number.limbs)
    fill = (number.limbs[-1] >> (BITS - 1)) * MASK if missing > 0 and number.low < 0 else 0
    return [*number.limbs[:count], *[fill] * missing]


def product_bounds(a: Number, b: Number) -> tuple[int, int]:
    """Bounds of a product."""
    corners = [x * y for x in bounds(a) for y in bounds(b)]
    return min(corners), max(corners)


class WideArithmetic:
    """Operations on wide integers, elementwise and broadcasting.

    Args:
        xp: `numpy` or `jax.numpy`.
    """

    def __init__(self, xp: Any):
        self.xp = xp

    bounds = staticmethod(bounds)

    # -- sums and products -------------------------------------------------------------------
    def multiply_add(self, a: Number, b: Number, c: Number) -> Number:
        """``a*b + c``"""
        if isinstance(a, int) and isinstance(b, int):
            if isinstance(c, int):
                return a * b + c
            a, b, c = 1, c, a * b
        if a == 0 or b == 0:
            return c
        if c == 0 and (a == 1 or b == 1):
            return b if a == 1 else a
        least, most = product_bounds(a, b)
        low, high = least + bounds(c)[0], most + bounds(c)[1]
        count = width(low, high)
        columns: list[list[tuple[Any, int]]] = [[] for _ in range(count + 1)]
        for i, (x, x_most) in enumerate(self._bounded(a, count)):
            for j, (y, y_most) in enumerate(self._bounded(b, count)):
                most = x_most * y_most
                if i + j >= count or not most:
                    continue
                product = x * y
                if most < ROOM // 16:
                    columns[i + j].append((product, most))
                else:
                    columns[i + j].append((product & MASK, MASK))
                    columns[i + j + 1].append((product >> BITS, most >> BITS))
        for i, piece in enumerate(self._bounded(c, count)):
            columns[i].append(piece)
        return self._made(columns, low, high)

    def subtract(self, a: Number, b: Number) -> Number:
        """``a - b``"""
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        if b == 0:
            return a
        low, high = bounds(a)[0] - bounds(b)[1], bounds(a)[1] - bounds(b)[0]
        count = width(low, high)
        columns: list[list[tuple[Any, int]]] = [[(x, MASK)] for x in pieces(a, count)] + [[]]
        for i, y in enumerate(pieces(b, count)):  # the complement of each piece, and 1
            columns[i].append((MASK - y + int(i == 0), MASK + 1))
        return self._made(columns, low, high)

    def _bounded(self, number: Number, count: int) -> list[tuple[Any, int]]:
        """The pieces that are not 0 everywhere, each with what it is at most."""
        low, high = bounds(number)
        if low < 0:
            return [(x, MASK) for x in pieces(number, count)]
        return [(x, min(MASK, high >> BITS * i)) for i, x in enumerate(pieces(number, min(count, width(low, high))))]

    def _made(self, columns: list[list[tuple[Any, int]]], low: int, high: int) -> Number:
        """Columns added up, what is above 16 bits of one carried to the next."""
        limbs: list[Any] = []
        carried: tuple[Any, int] = (0, 0)
        for i in range(width(low, high)):
            total, most = carried
            for piece, piece_most in columns[i]:
                if most + piece_most >= ROOM:
                    columns[i + 1].append((total >> BITS, most >> BITS))
                    total, most = total & MASK, MASK
                total, most = total + piece, most + piece_most
            carried = (total >> BITS, most >> BITS) if most > MASK else (0, 0)
            limbs.append(total & MASK if most > MASK else total)
        return low if low == high else Wide(tuple(limbs), low, high)

    # -- comparisons -------------------------------------------------------------------------
    def at_least(self, a: Number, b: Number) -> Any:
        """Where ``a >= b``: an array of booleans, or a boolean that is so everywhere."""
        difference = self.subtract(a, b)
        low, high = bounds(difference)
        if low >= 0 or high < 0:
            return low >= 0
        assert isinstance(difference, Wide)
        return difference.limbs[-1] < 2 ** (BITS - 1)

    def equal(self, a: Number, b: Number) -> Any:
        """Where ``a == b``."""
        if isinstance(a, int) and isinstance(b, int):
            return a == b
        (a_low, a_high), (b_low, b_high) = bounds(a), bounds(b)
        if a_low > b_high or b_low > a_high:
            return False
        count = width(min(a_low, b_low), max(a_high, b_high))
        result: Any = True
        for x, y in zip(pieces(a, count), pieces(b, count), strict=True):
            same = x == y
            result = same if result is True else result & same
        return result

    def where(self, mask: Any, a: Number, b: Number) -> Number:
        """``a`` where `mask` is so, else ``b``."""
        if isinstance(mask, bool):
            return a if mask else b
        low, high = min(bounds(a)[0], bounds(b)[0]), max(bounds(a)[1], bounds(b)[1])
        if low == high:
            return low
        count = width(low, high)
        chosen = zip(pieces(a, count), pieces(b, count), strict=True)
        return Wide(tuple(self._where(mask, x, y) for x, y in chosen), low, high)

    def _where(self, mask: Any, x: Any, y: Any) -> Any:
        if isinstance(x, int) and isinstance(y, int) and x == y:
            return x
        x, y = (self.xp.uint32(part) if isinstance(part, int) else part for part in (x, y))
        return self.xp.where(mask, x, y)

    def within(self, number: Number, low: int, high: int) -> Number:
        """The same number, known to lie between two."""
        if isinstance(number, int):
            return number
        low, high = max(low, number.low), min(high, number.high)
        return low if low == high else Wide(tuple(pieces(number, width(low, high))), low, high)

    # -- division ----------------------------------------------------------------------------
    def divide(self, a: Number, b: Number) -> Number:
        """``floor(a / b)`` for b above 0; anything where b is not."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        low, high = bounds(a)
        least, most = max(1, bounds(b)[0]), max(1, bounds(b)[1])
        if low < 0:  # moved up by multiples of b, and back down
            up = -(low // least)
            return self.subtract(self.divide(self.within(self.multiply_add(b, up, a), 0, high + up * most), b), up)
        found = (low // most, high // least)
        if found[0] == found[1]:
            return found[0]
        if isinstance(a, int):  # by different divisors
            a = Wide(tuple(pieces(a, width(a, a))), a, a)
        factors = _small_factors(b) if isinstance(b, int) else []
        for factor in factors:
            a = self._by_small(a, factor)
        if factors:
            return self.within(a, *found)
        if high < ROOM and most < ROOM:
            divisor = self.xp.maximum(self._uint32(b), self.xp.uint32(1))
            return self._split(self._uint32(a) // divisor, *found)
        return self.within(self._by_bits(a, b), *found)

    def _by_small(self, a: Wide, divisor: int) -> Wide:
        """Divided by a number of at most 16 bits, the highest piece first."""
        limbs: list[Any] = []
        rest: Any = 0
        for x in reversed(a.limbs):
            x = (rest << BITS) + x
            quotient = x // divisor
            limbs.append(quotient)
            rest = x - quotient * divisor
        low, high = a.low // divisor, a.high // divisor
        return Wide(tuple(limbs[::-1][: width(low, high)]), low, high)

    def _by_bits(self, a: Wide, b: Number) -> Wide:
        """Divided one bit after another, the highest first."""
        rest: Number = 0
        bits: list[Any] = []
        _, most = bounds(b)
        for x in reversed(a.limbs):
            for bit in reversed(range(BITS)):
                twice = self.multiply_add(rest, 2, Wide((x >> bit & 1,), 0, 1))
                fits = self.at_least(twice, b)
                rest = self.within(self.where(fits, self.subtract(twice, b), twice), 0, max(most - 1, 1))
                bits.append(fits)
        limbs = []
        for start in range(len(bits) - BITS, -1, -BITS):
            limb: Any = 0
            for fits in bits[start : start + BITS]:
                limb = limb * 2 + (int(fits) if isinstance(fits, bool) else fits.astype("uint32"))
            limbs.append(limb)
        return Wide(tuple(limbs), 0, 2 ** (BITS * len(limbs)) - 1)

    def bit_length(self, a: Number) -> Number:
        """Bits of an integer that is not negative; 0 of 0."""
        if isinstance(a, int):
            return a.bit_length()
        found: Number = 0
        for i, limb in enumerate(a.limbs):
            if isinstance(limb, int):
                some: Any = limb.bit_length()
                mask: Any = limb > 0
            else:  # 16 bits are exact as floats
                exponent = self.xp.frexp(limb.astype("float32"))[1]
                some, mask = Wide((exponent.astype("uint32"),), 0, BITS), limb > 0
            found = self.where(mask, self.multiply_add(1, some, BITS * i), found)
        return self.within(found, max(a.low, 0).bit_length(), a.high.bit_length())

    # -- in and out --------------------------------------------------------------------------
    def _uint32(self, number: Number) -> Any:
        first, second = pieces(number, 2)
        if isinstance(first, int) and isinstance(second, int):
            return self.xp.uint32(first + (second << BITS))
        high = self.xp.uint32(second) if isinstance(second, int) else second
        return (high << BITS) + first

    def _split(self, array: Any, low: int, high: int) -> Number:
        """An array of uint32 as pieces."""
        if low == high:
            return low
        if width(low, high) == 1:
            return Wide((array,), low, high)
        return Wide((array & MASK, array >> BITS), low, high)

    def from_integers(self, array: Any, low: int, high: int) -> Number:
        """An array of integers that are not negative, of a type of at most 64 bits."""
        wide = array.dtype.itemsize == 8
        if not wide:
            return self._split(array.astype("uint32"), low, high)
        limbs = [(array >> BITS * i & MASK).astype("uint32") for i in range(width(low, high))]
        return low if low == high else Wide(tuple(limbs), low, high)

    def from_boolean(self, mask: Any) -> Number:
        """1 where `mask` is so, else 0."""
        return int(mask) if isinstance(mask, bool) else Wide((mask.astype("uint32"),), 0, 1)

    def to_float(self, number: Number, denominator: int, dtype: Any) -> Any:
        """``number / denominator`` as floats; the pieces are added as floats of one sign, so that nothing cancels."""
        if isinstance(number, int):
            return self.xp.asarray(_float(number, denominator), dtype)
        negative = None
        if number.low < 0:
            negative = number.limbs[-1] >= 2 ** (BITS - 1)
            magnitude = self.where(negative, self.subtract(0, number), number)
            number = self.within(magnitude, 0, max(-number.low, number.high))  # type: ignore[assignment]
            assert isinstance(number, Wide)
        largest = float(self.xp.finfo(dtype).max)
        total: Any = None
        for i, limb in enumerate(number.limbs):
            factor = _float(2 ** (BITS * i), denominator)
            x = self.xp.asarray(limb).astype(dtype)
            if factor <= largest:
                part = x * self.xp.asarray(factor, dtype)
            else:
                part = self.xp.where(x > 0, self.xp.asarray(float("inf"), dtype), self.xp.asarray(0, dtype))
            total = part if total is None else total + part
        return total if negative is None else self.xp.where(negative, -total, total)


def _float(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return float("inf") if numerator > 0 else float("-inf")


def _small_factors(number: int) -> list[int]:
    """Factors below 2**16 of which a number is the product; none if it takes others."""
    found: list[int] = []
    rest = number
    for prime in range(2, 2**BITS):
        while rest % prime == 0:
            if found and found[-1] * prime <= MASK:
                found[-1] *= prime
            else:
                found.append(prime)
            rest //= prime
        if rest == 1:
            break
    return found if rest == 1 else []
