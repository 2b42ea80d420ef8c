"""Exact polynomials over sizes: the arithmetic in which costs are added up.

A `Size` is an `int` or a `Poly`. A `Poly` is a sum of monomials with rational
coefficients; its generators are *atoms*: symbols (``N``), and functions of
polynomials that stay exact on integers (``floor(N/2)``, ``max(N, M)``,
``ceil_log2(N)``, the indicator ``[N = 1]``). Rules use the ordinary operators and
the functions of this module, so the same rule serves a concrete program (ints in,
ints out) and a symbolic one.

sympy appears only at the edge (`to_sympy` in `symcost.expression`): adding
thousands of small sympy expressions is about a hundred times slower than adding
dictionaries.

Example:
    >>> from symcost.polynomial import symbol, floor_div
    >>> n = symbol("N")
    >>> str((n + 1) * (n - 1)), str(floor_div(4 * n + 5, 4)), floor_div(7, 2)
    ('N**2 - 1', 'N + 1', 3)
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import gcd, lcm, prod

Number = int | Fraction


class Atom:
    """A generator of the polynomial ring: a symbol, or a function of sizes.

    Atoms are interned: equal atoms are the same object, so that monomials hash fast.
    """

    __slots__ = ("args", "index", "kind", "name")
    _interned: dict[tuple, Atom] = {}

    kind: str  # "symbol", or a key of FUNCTIONS
    name: str  # the symbol's name, or ""
    args: tuple[Size, ...]  # arguments of a function atom
    index: int  # order of creation

    def __new__(cls, kind: str, name: str = "", args: tuple[Size, ...] = ()) -> Atom:
        key = (kind, name, args)
        found = cls._interned.get(key)
        if found is None:
            found = object.__new__(cls)
            found.kind, found.name, found.args = kind, name, args
            found.index = len(cls._interned)
            cls._interned[key] = found
        return found

    def __reduce__(self):
        return Atom, (self.kind, self.name, self.args)

    def __lt__(self, other: Atom) -> bool:
        return self.index < other.index

    def __repr__(self) -> str:
        if self.kind == "symbol":
            return self.name
        if self.kind == "floor_div":
            return f"floor(({self.args[0]})/({self.args[1]}))"
        return f"{self.kind}({', '.join(map(str, self.args))})"

    def evaluate(self, sizes: Mapping[str, int]) -> Number:
        """The value at `sizes`; raises KeyError for a name that is missing."""
        if self.kind == "symbol":
            return sizes[self.name]
        return FUNCTIONS[self.kind](*(evaluate(a, sizes) for a in self.args))


Monomial = tuple[tuple[Atom, int], ...]


class Poly:
    """A polynomial that is not a constant; see the module's docstring. Immutable."""

    __slots__ = ("_hash", "terms")
    terms: dict[Monomial, Number]

    def __init__(self, terms: dict[Monomial, Number]):
        self.terms = terms
        self._hash = None

    # -- arithmetic -----------------------------------------------------------------
    def __add__(self, other):
        if isinstance(other, Poly):
            terms = dict(self.terms)
            for monomial, c in other.terms.items():
                terms[monomial] = terms.get(monomial, 0) + c
            return make(terms)
        if isinstance(other, (int, Fraction)):
            if not other:
                return self
            terms = dict(self.terms)
            terms[()] = terms.get((), 0) + other
            return make(terms)
        return NotImplemented

    __radd__ = __add__

    def __neg__(self):
        return Poly({m: -c for m, c in self.terms.items()})

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return (-self) + other

    def __mul__(self, other):
        if isinstance(other, Poly):
            terms: dict[Monomial, Number] = {}
            for m1, c1 in self.terms.items():
                for m2, c2 in other.terms.items():
                    m = _multiply(m1, m2)
                    terms[m] = terms.get(m, 0) + c1 * c2
            return make(terms)
        if isinstance(other, (int, Fraction)):
            if not other:
                return 0
            return make({m: c * other for m, c in self.terms.items()})
        return NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other):
        """Exact division by a number; dividing by a size needs `floor_div`."""
        if isinstance(other, (int, Fraction)):
            return self * Fraction(1, 1) * Fraction(1, other)
        return NotImplemented

    def __pow__(self, n: int):
        if not isinstance(n, int) or n < 0:
            return NotImplemented
        result: Size = 1
        for _ in range(n):
            result = result * self
        return result

    def __floordiv__(self, other):
        return floor_div(self, other)

    def __rfloordiv__(self, other):
        return floor_div(other, self)

    def __mod__(self, other):
        return mod(self, other)

    def __rmod__(self, other):
        return mod(other, self)

    # -- identity -------------------------------------------------------------------
    def __eq__(self, other):
        return isinstance(other, Poly) and self.terms == other.terms

    def __hash__(self):
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __bool__(self):
        raise TypeError(f"the truth of the size {self} is not known; use symcost.polynomial.maximum/minimum/indicator")

    def _no_order(self, other):
        raise TypeError(f"sizes {self} and {other} cannot be ordered; use maximum/minimum instead")

    __lt__ = __le__ = __gt__ = __ge__ = _no_order

    def __int__(self):
        raise TypeError(f"the size {self} is symbolic, not an integer")

    __index__ = __int__

    def __reduce__(self):
        return _unpickled, (self.terms,)

    def __str__(self) -> str:
        def key(item):
            monomial, _ = item
            return -sum(e for _, e in monomial), [(str(a), -e) for a, e in monomial]

        text = ""
        for monomial, c in sorted(self.terms.items(), key=key):
            factors = [f"{a}**{e}" if e > 1 else str(a) for a, e in sorted(monomial, key=lambda f: str(f[0]))]
            if abs(c) != 1 or not factors:
                factors.insert(0, str(abs(c)))
            sign = " - " if c < 0 else " + "
            text += (sign if text else ("-" if c < 0 else "")) + "*".join(factors)
        return text

    __repr__ = __str__


Size = int | Poly


def _unpickled(terms: dict[Monomial, Number]) -> Poly:
    """A polynomial of another process, in which atoms were created, and so ordered, otherwise."""
    return Poly({tuple(sorted(m, key=lambda f: f[0].index)): c for m, c in terms.items()})


def make(terms: dict[Monomial, Number]) -> Size:
    """The canonical size of `terms`: no zero coefficients, integers as int, constants as numbers."""
    clean = {}
    for m, c in terms.items():
        if c:
            clean[m] = c.numerator if isinstance(c, Fraction) and c.denominator == 1 else c
    if not clean:
        return 0
    if len(clean) == 1 and () in clean:
        return clean[()]
    return Poly(clean)


def _multiply(a: Monomial, b: Monomial) -> Monomial:
    if not a:
        return b
    if not b:
        return a
    powers = dict(a)
    for atom, e in b:
        powers[atom] = powers.get(atom, 0) + e
    # [x = v]**2 is [x = v]
    return tuple(sorted(((x, 1 if x.kind == "indicator" else e) for x, e in powers.items()), key=lambda f: f[0].index))


def symbol(name: str) -> Poly:
    """The size that is the symbol `name` alone."""
    return Poly({((Atom("symbol", name), 1),): 1})


def _atom(kind: str, *args: Size) -> Poly:
    return Poly({((Atom(kind, "", tuple(args)), 1),): 1})


def terms_of(size: Size | Fraction) -> dict[Monomial, Number]:
    """The terms of any size, constants included."""
    if isinstance(size, Poly):
        return size.terms
    return {(): size} if size else {}


def total(sizes: Iterable[Size]) -> Size:
    """The sum of many sizes; linear in the number of their terms."""
    terms: dict[Monomial, Number] = {}
    constant: Number = 0  # apart, because the sizes of concrete programs are nothing else
    for size in sizes:
        if isinstance(size, Poly):
            for m, c in size.terms.items():
                terms[m] = terms.get(m, 0) + c
        else:
            constant += size
    if not terms and isinstance(constant, int):
        return constant
    terms[()] = terms.get((), 0) + constant
    return make(terms)


def product(sizes: Iterable[Size]) -> Size:
    """The product of sizes; 1 for none."""
    return prod(sizes, start=1)


# -- functions that stay exact on integers ----------------------------------------------


def floor_div(a: Size, b: Size) -> Size:
    """``floor(a / b)``: integer multiples come out, nested floors collapse (floor(floor(N/2)/2) = floor(N/4))."""
    if not isinstance(a, Poly) and not isinstance(b, Poly):
        return a // b
    if isinstance(b, Poly):
        quotient = divide_exactly(a, b)
        return quotient if quotient is not None else _atom("floor_div", a, b)
    assert isinstance(a, Poly)  # one of the two is
    if b < 0:
        return floor_div(-a, -b)
    if b == 1 and all(isinstance(c, int) for c in a.terms.values()):
        return a
    if isinstance(b, Fraction):
        return floor_div(a * b.denominator, b.numerator)
    # one floor atom of coefficient 1, integers beside it: floor((floor(p/q) + r)/b) = floor((p + q*r)/(q*b))
    floors = [m for m in a.terms if any(f.kind == "floor_div" for f, _ in m)]
    integral = all(isinstance(c, int) for c in a.terms.values())
    if integral and len(floors) == 1 and a.terms[floors[0]] == 1 and len(floors[0]) == 1:
        inner, exponent = floors[0][0]
        if exponent == 1 and isinstance(inner.args[1], int):
            rest = make({m: c for m, c in a.terms.items() if m != floors[0]})
            return floor_div(inner.args[0] + inner.args[1] * rest, inner.args[1] * b)
    denominator = lcm(*(Fraction(c).denominator for c in a.terms.values()))
    scaled = {m: int(c * denominator) for m, c in a.terms.items()}
    b *= denominator
    whole: dict[Monomial, Number] = {m: c // b for m, c in scaled.items()}
    left: dict[Monomial, Number] = {m: c % b for m, c in scaled.items()}
    outside, inside = make(whole), make(left)
    if not isinstance(inside, Poly):
        return outside + inside // b
    # common factor of numerator and denominator; the constant may round down with it
    common = b
    for m, c in inside.terms.items():
        if m != ():
            common = gcd(common, int(c))
    if common > 1:
        inside = make({m: (c // common) for m, c in inside.terms.items()})
        b //= common
    return outside + (_atom("floor_div", inside, b) if b > 1 else inside)


def divide_exactly(a: Size, b: Size) -> Size | None:
    """``a / b`` where b is a monomial that divides every term of a; None otherwise."""
    if a == 0:
        return 0
    b_terms = terms_of(b)
    if len(b_terms) != 1:
        return 1 if a == b else None
    ((divisor, c),) = b_terms.items()
    result = {}
    for m, k in terms_of(a).items():
        powers = dict(m)
        for atom, e in divisor:
            if powers.get(atom, 0) < e:
                return None
            powers[atom] -= e
        result[tuple((x, powers[x]) for x, _ in m if powers[x])] = Fraction(k) / c
    if any(Fraction(v).denominator != 1 for v in result.values()):
        return None
    return make(result)


def ceil_div(a: Size, b: Size) -> Size:
    """``ceil(a / b)`` for positive b."""
    return floor_div(a + b - 1, b)


def mod(a: Size, b: Size) -> Size:
    """``a mod b``, with the sign of b (as in Python)."""
    return a - b * floor_div(a, b)


def is_nonnegative(a: Size) -> bool:
    """True if `a >= 0` for all sizes >= 0 by the signs of its terms; False means not known."""
    return all(c >= 0 and is_nonnegative_product(monomial) for monomial, c in terms_of(a).items())


def is_nonnegative_product(monomial: Monomial) -> bool:
    """True if a product of powers is 0 or more at all sizes >= 0; False means not known."""
    return all(atom.kind == "symbol" or exponent % 2 == 0 or _counts(atom) for atom, exponent in monomial)


@functools.lru_cache(100_000)
def _counts(atom: Atom) -> bool:
    """Whether a function is 0 or more at all sizes >= 0, by the signs of its arguments."""
    if atom.kind == "maximum":
        return any(map(is_nonnegative, atom.args))
    if atom.kind in ("floor_div", "minimum"):
        return all(map(is_nonnegative, atom.args))
    # what counts something: logarithms, taps, indicators, powers of positive integers
    return atom.kind != "power" or is_nonnegative(atom.args[0])


def is_nonnegative_above_one(a: Size) -> bool:
    """True if `a >= 0` whenever every symbol is at least 1, shown by the substitution symbol = 1 + t."""
    if is_nonnegative(a):
        return True
    if any(x.kind != "symbol" for m in terms_of(a) for x, _ in m):
        return False
    return is_nonnegative(substitute(a, lambda x: symbol(x.name) + 1 if x.kind == "symbol" else None))


def maximum(*sizes: Size) -> Size:
    """The largest of `sizes`; those dominated for all sizes >= 0 are dropped."""
    return _extremum("maximum", sizes, max)


def minimum(*sizes: Size) -> Size:
    """The smallest of `sizes`; those never smaller for sizes >= 0 are dropped."""
    return _extremum("minimum", sizes, min)


def arguments(size: Size, kind: str = "maximum") -> tuple[Size, ...]:
    """What a size is the maximum (or another function) of; the size itself, if it is none."""
    if isinstance(size, Poly) and len(size.terms) == 1:
        ((monomial, c),) = size.terms.items()
        if c == 1 and len(monomial) == 1 and monomial[0][1] == 1 and monomial[0][0].kind == kind:
            return monomial[0][0].args
    return (size,)


def _extremum(kind: str, sizes: Iterable[Size], plain: Callable) -> Size:
    flat = [a for s in sizes for a in arguments(s, kind)]
    numbers = [s for s in flat if not isinstance(s, Poly)]
    candidates: list[Size] = [*dict.fromkeys(s for s in flat if isinstance(s, Poly))]
    if numbers:
        candidates.append(plain(numbers))
    sign = 1 if kind == "maximum" else -1
    kept: list[Size] = []
    for i, s in enumerate(candidates):
        beaten = any(
            j != i and is_nonnegative(sign * (t - s)) and not (t == s and j > i) for j, t in enumerate(candidates)
        )
        if not beaten:
            kept.append(s)
    if len(kept) == 1:
        return kept[0]
    return _atom(kind, *sorted(kept, key=str))


def ceil_log2(n: Size) -> Size:
    """``ceil(log2(n))`` for n >= 1 (XLA's sort)."""
    return _ceil_log2(n) if not isinstance(n, Poly) else _atom("ceil_log2", n)


def floor_log2(n: Size) -> Size:
    """``floor(log2(n))`` for n >= 1 (XLA's FFT)."""
    return _floor_log2(n) if not isinstance(n, Poly) else _atom("floor_log2", n)


def indicator(size: Size, value: Size) -> Size:
    """1 where ``size == value``, else 0."""
    difference = size - value
    if not isinstance(difference, Poly):
        return int(difference == 0)
    return _atom("indicator", size, value)


def power(base: Size, exponent: Size) -> Size:
    """``base ** exponent`` for an integer base; the exponent may be symbolic (widths that double per stage)."""
    if isinstance(exponent, Poly):
        return _atom("power", base, exponent)
    return base**exponent


def conv_taps(
    size: Size, kernel: Size, output: Size, stride: Size, low: Size, base_dilation: Size, window_dilation: Size
) -> Size:
    """Pairs (output position, kernel tap) of one spatial axis that read an element of the input, not padding.

    Args:
        size: extent of the input along the axis. kernel: taps. output: output positions.
        stride, low: window stride, low padding (may be negative).
        base_dilation, window_dilation: dilation of input and of kernel.

    Source: `HloCostAnalysis::GetConvolutionFlops` in openxla/xla.
    """
    args = (size, kernel, output, stride, low, base_dilation, window_dilation)
    if any(isinstance(a, Poly) for a in args):
        if kernel == 1 and stride == 1 and low == 0 and base_dilation == 1 and size == output:
            return output
        return _atom("conv_taps", *args)
    return _conv_taps(*args)


def _conv_taps(size, kernel, output, stride, low, base_dilation, window_dilation) -> int:
    count = 0
    for k in range(kernel):
        shift = k * window_dilation - low  # position of output o is o*stride + shift
        if base_dilation == 1:
            first = max(0, -(shift // stride))  # smallest o with o*stride + shift >= 0
            last = min(output - 1, (size - 1 - shift) // stride)
            count += max(0, last - first + 1)
        else:
            limit = (size - 1) * base_dilation
            count += sum(
                1
                for o in range(output)
                if 0 <= o * stride + shift <= limit and (o * stride + shift) % base_dilation == 0
            )
    return count


def _ceil_log2(n: int) -> int:
    return max(0, (n - 1).bit_length()) if n > 0 else 0


def _floor_log2(n: int) -> int:
    return max(0, n.bit_length() - 1)


def _floor_divide(a: Number, b: Number) -> int:
    return a // b


FUNCTIONS: dict[str, Callable[..., Number]] = {
    "floor_div": _floor_divide,
    "maximum": max,
    "minimum": min,
    "ceil_log2": _ceil_log2,
    "floor_log2": _floor_log2,
    "indicator": lambda a, b: int(a == b),
    "conv_taps": _conv_taps,
    "power": lambda a, b: a**b,
}
"""Exact integer meaning of every function atom; the one table that evaluation, code generation and JSON share."""

BUILDERS: dict[str, Callable[..., Size]] = {
    "floor_div": floor_div,
    "maximum": maximum,
    "minimum": minimum,
    "ceil_log2": ceil_log2,
    "floor_log2": floor_log2,
    "indicator": indicator,
    "conv_taps": conv_taps,
    "power": power,
}
"""The simplifying constructor of every function atom."""


# -- looking into polynomials ------------------------------------------------------------


def evaluate(size: Size | Fraction, sizes: Mapping[str, int]) -> Number:
    """The exact value of `size` at `sizes` (symbol name -> integer); KeyError for a missing name."""
    if not isinstance(size, Poly):
        return size
    result: Number = 0
    for monomial, c in size.terms.items():
        for atom, e in monomial:
            c = c * atom.evaluate(sizes) ** e
            if not c:
                break
        result += c
    if isinstance(result, Fraction) and result.denominator == 1:
        return result.numerator
    return result


def substitute(size: Size, replace: Callable[[Atom], Size | None]) -> Size:
    """`size` with atoms replaced: `replace` returns the new size of an atom, or None to keep it.

    Arguments of function atoms are replaced too, and the functions simplified again.
    """
    if not isinstance(size, Poly):
        return size
    parts = []
    for monomial, c in size.terms.items():
        part: Size = c  # type: ignore[assignment]  # a fraction multiplies as an int does
        for atom, e in monomial:
            part = part * _substitute_atom(atom, replace) ** e
        parts.append(part)
    return total(parts)


def _substitute_atom(atom: Atom, replace) -> Size:
    new = replace(atom)
    if new is not None:
        return new
    if atom.kind == "symbol":
        return Poly({((atom, 1),): 1})
    return BUILDERS[atom.kind](*(substitute(a, replace) for a in atom.args))


def bind(size: Size, values: Mapping[str, Size]) -> Size:
    """`size` with symbols replaced by name."""
    if not isinstance(size, Poly):
        return size
    return substitute(size, lambda a: values.get(a.name) if a.kind == "symbol" else None)


def symbols_of(size: Size) -> set[str]:
    """Names of all symbols in `size`, those inside functions included."""
    found: set[str] = set()
    if isinstance(size, Poly):
        for atom in {a for m in size.terms for a, _ in m}:
            if atom.kind == "symbol":
                found.add(atom.name)
            else:
                found.update(*(symbols_of(a) for a in atom.args))
    return found


def atoms_of(size: Size) -> list[Atom]:
    """The distinct atoms of `size` itself (not those inside functions), in order of creation."""
    if not isinstance(size, Poly):
        return []
    return sorted({a for m in size.terms for a, _ in m}, key=lambda a: a.index)


def grid(names: Iterable[str], degree: int) -> list[Monomial]:
    """All monomials in the symbols `names` of total degree 1..degree."""
    atoms = sorted((Atom("symbol", n) for n in names), key=lambda a: a.index)
    found = []
    for d in range(1, degree + 1):
        for choice in itertools.combinations_with_replacement(atoms, d):
            powers: dict[Atom, int] = {}
            for a in choice:
                powers[a] = powers.get(a, 0) + 1
            found.append(tuple(sorted(powers.items(), key=lambda f: f[0].index)))
    return found
