"""Scalars that count: a program run on them says how many operations its definition takes.

`Real`, `Integer` and `Complex` carry a value, so a scalar program must also compute
what JAX computes; only then is its count evidence. Loads, stores, choices, changes of
sign bits and of format are free. Complex operations are their textbook definitions in
`Real`s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass
class Tally:
    """Operations executed so far."""

    flops: int = 0
    transcendentals: int = 0
    int_ops: int = 0

    def real(self, value: float) -> Real:
        return Real(float(value), self)

    def integer(self, value: int, bits: int = 32) -> Integer:
        return Integer(int(value), self, bits)

    def complex(self, value: complex) -> Complex:
        return Complex(self.real(value.real), self.real(value.imag))

    def array(self, values) -> np.ndarray:
        """An object array of counting scalars like `values`, by their dtype."""
        values = np.asarray(values)
        if values.dtype.kind == "c":
            make = self.complex
        elif values.dtype.kind in "iu":
            make = lambda v: self.integer(v, 8 * values.dtype.itemsize)
        elif values.dtype.kind == "b":
            make = lambda v: self.integer(v, 1)
        else:
            make = self.real
        made = np.empty(values.shape, object)
        for index, value in np.ndenumerate(values):
            made[index] = make(value)
        return made


def values(result) -> np.ndarray:
    """The plain numbers in an object array of scalars (or in one scalar)."""
    array = np.asarray(result, dtype=object)
    plain = [v.plain() if hasattr(v, "plain") else v for v in array.ravel()]
    return np.array(plain).reshape(array.shape)


class Real:
    """A float whose arithmetic counts flops, and whose functions count transcendentals."""

    __slots__ = ("tally", "value")

    def __init__(self, value: float, tally: Tally):
        self.value, self.tally = value, tally

    def plain(self) -> float:
        return self.value

    def _flop(self, value: float) -> Real:
        self.tally.flops += 1
        return Real(value, self.tally)

    def __add__(self, other):
        return self._flop(self.value + _value(other))

    def __sub__(self, other):
        return self._flop(self.value - _value(other))

    def __mul__(self, other):
        return self._flop(self.value * _value(other))

    def __truediv__(self, other):
        return self._flop(self.value / _value(other))

    def __rsub__(self, other):
        return self._flop(_value(other) - self.value)

    def __neg__(self):
        return self._flop(-self.value)

    def __abs__(self):
        return self._flop(abs(self.value))

    def __mod__(self, other):
        return self._flop(math.fmod(self.value, _value(other)))

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other):
        self.tally.flops += 1
        return self.value < _value(other)

    def __gt__(self, other):
        self.tally.flops += 1
        return self.value > _value(other)

    def __eq__(self, other):
        self.tally.flops += 1
        return self.value == _value(other)

    __hash__ = None

    def signed_like(self, other: Real) -> Real:
        """This number with the sign bit of `other`: no arithmetic."""
        return Real(math.copysign(self.value, other.value), self.tally)

    def apply(self, function, *others) -> Real:
        """A transcendental function of this number (and others)."""
        self.tally.transcendentals += 1
        return Real(function(self.value, *map(_value, others)), self.tally)

    def root(self) -> Real:
        """A square root that counts as a flop, as roots of linear algebra do."""
        return self._flop(math.sqrt(self.value))


class Integer:
    """An unsigned word whose arithmetic counts int_ops and wraps around."""

    __slots__ = ("bits", "tally", "value")

    def __init__(self, value: int, tally: Tally, bits: int = 32):
        self.value, self.tally, self.bits = value, tally, bits

    def plain(self) -> int:
        return self.value

    def _op(self, value: int) -> Integer:
        self.tally.int_ops += 1
        return Integer(value % (1 << self.bits) if self.bits > 1 else value, self.tally, self.bits)

    def __add__(self, other):
        return self._op(self.value + _value(other))

    def __sub__(self, other):
        return self._op(self.value - _value(other))

    def __mul__(self, other):
        return self._op(self.value * _value(other))

    def __xor__(self, other):
        return self._op(self.value ^ _value(other))

    def __or__(self, other):
        return self._op(self.value | _value(other))

    def __and__(self, other):
        return self._op(self.value & _value(other))

    def __lshift__(self, other):
        return self._op(self.value << _value(other))

    def __rshift__(self, other):
        return self._op(self.value >> _value(other))

    def high_product(self, other) -> Integer:
        return self._op((self.value * _value(other)) >> self.bits)

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other):
        self.tally.int_ops += 1
        return self.value < _value(other)

    def __gt__(self, other):
        self.tally.int_ops += 1
        return self.value > _value(other)

    def __eq__(self, other):
        self.tally.int_ops += 1
        return self.value == _value(other)

    __hash__ = None


class Complex:
    """A pair of `Real`s with the textbook definitions of complex arithmetic."""

    __slots__ = ("im", "re")

    def __init__(self, re: Real, im: Real):
        self.re, self.im = re, im

    def plain(self) -> complex:
        return complex(self.re.value, self.im.value)

    @property
    def tally(self) -> Tally:
        return self.re.tally

    def __add__(self, w):
        return Complex(self.re + w.re, self.im + w.im)

    def __sub__(self, w):
        return Complex(self.re - w.re, self.im - w.im)

    def __neg__(self):
        return Complex(-self.re, -self.im)

    def conj(self):
        return Complex(self.re, -self.im)

    def __mul__(self, w):
        return Complex(self.re * w.re - self.im * w.im, self.re * w.im + self.im * w.re)

    def __truediv__(self, w):
        top = Complex(self.re * w.re + self.im * w.im, self.im * w.re - self.re * w.im)
        bottom = w.re * w.re + w.im * w.im
        return Complex(top.re / bottom, top.im / bottom)

    def __eq__(self, w):
        same = self.re == w.re, self.im == w.im
        self.tally.int_ops += 1
        return same[0] and same[1]

    __hash__ = None

    def __lt__(self, w):
        """Lexicographic: all three comparisons and both connectives, as hardware without branches does it."""
        less, same, below = self.re < w.re, self.re == w.re, self.im < w.im
        self.tally.int_ops += 2
        return less or (same and below)

    def __gt__(self, w):
        return w < self

    def plus_real(self, number: float) -> Complex:
        return Complex(self.re + number, self.im)

    def scaled(self, number: float) -> Complex:
        return Complex(self.re * number, self.im * number)

    def times_i(self) -> Complex:
        return Complex(-self.im, self.re)

    def times_minus_i(self) -> Complex:
        return Complex(self.im, -self.re)

    def modulus(self) -> Real:
        return (self.re * self.re + self.im * self.im).apply(math.sqrt)


def _value(x):
    return x.value if isinstance(x, (Real, Integer)) else x


def larger(a, b):
    """max(a, b): one comparison."""
    return b if a < b else a


def smaller(a, b):
    """min(a, b): one comparison."""
    return b if a > b else a
