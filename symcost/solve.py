"""From the values that one size takes at the sample points to a formula.

The grammar, in the order in which it is tried; the first that fits every point wins:

1. a constant; a formula already found in the same program (most slots end here)
2. ``b*m`` and ``a + b*m`` for a monomial m, then sums of several symbols
3. products with a formula already found (``B * floor(H/2)``)
4. ``a + b*X`` with X one of floor((Y + r)/q), Y mod q, -Y mod q, or half of such a
   remainder, where Y is a symbol or a dimension found before; or the quotient of two
   symbols, rounded, or its remainder
5. sums and differences of two formulas found before; max and min of two
6. sums of two monomials and a constant

A fit with k free numbers is believed only with at least k + 2 points, so that two
points check it; the program's fresh point checks it once more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from math import log2

import numpy as np

from symcost.polynomial import (
    Monomial,
    Number,
    Poly,
    Size,
    ceil_div,
    evaluate,
    floor_div,
    grid,
    make,
    maximum,
    minimum,
    mod,
    substitute,
    symbol,
    symbols_of,
)

Values = tuple[int, ...]

DIVISORS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 24, 32, 48, 64, 96, 128, 256, 512)
"""Divisors tried in floors and remainders when the program names no other."""


ALTERNATIVES = 12
"""Other fits of a floor that are noted, so that points tell them apart."""

LITTLE_INFORMATION = 14.0
"""Bits (points times log2 of the range) below which a match by chance is likely among some thousand candidates."""


class Solver:
    """Formulas for tuples of values at fixed points.

    Args:
        points: symbol name -> integer, one per sample.
        names: symbols that formulas may contain.
        known: formulas already found elsewhere in the program family (tried first).
        constants: integers known to be constants of the program family; decides between a
            constant and a formula where there are too few points to tell.
        least: the smallest unit of any symbol. named: divisors that occur in the user's code.
    """

    def __init__(
        self,
        points: Sequence[Mapping[str, int]],
        names: Sequence[str],
        known: Iterable[Size] = (),
        constants: Iterable[int] = (),
        least: int = 0,
        named: Iterable[int] = (),
    ):
        self.points, self.names, self.least = list(points), list(names), least
        self.table: dict[Values, Size] = {}
        self.constants = {0, 1, 2, *constants}
        self.divisors: set[int] = set(DIVISORS)
        self.failed: dict[Values, int] = {}  # how many formulas were known when the grammar had none
        self.conflicts: list[tuple[Size, Size]] = []
        self.named = [q for q in dict.fromkeys(named) if 1 < q <= 4096]
        self.few = len(self.points) < 4
        self.guessed = False
        for name in self.names:
            self.learn(symbol(name))
        for formula in known:
            self.learn(formula)
        degree = 5 if len(self.names) <= 3 else 4
        self.monomials: list[tuple[Monomial, Values]] = [
            (m, tuple(int(evaluate(Poly({m: 1}), p)) for p in self.points)) for m in grid(self.names, degree)
        ]

    # -- the table ------------------------------------------------------------------
    def values(self, formula: Size) -> tuple[Number, ...]:
        """The values of `formula` at the points."""
        return tuple(evaluate(formula, p) for p in self.points)

    def learn(self, formula: Size) -> None:
        """Remember a formula that is known to be right; note it where another one has the same values."""
        if not isinstance(formula, Poly):
            if isinstance(formula, int):
                self.constants.add(formula)
            return
        values = self.values(formula)
        if any(not isinstance(v, int) for v in values):
            return
        before = self.table.setdefault(values, formula)  # type: ignore[arg-type]  # integers, as just checked
        if before != formula and (before, formula) not in self.conflicts:
            self.conflicts.append((before, formula))

    def formulas(self) -> list[Size]:
        """Every formula in the table, in the order found."""
        return list(self.table.values())

    # -- solving --------------------------------------------------------------------
    def solve(self, values: Values, nearby: Sequence[Size] = (), divisors: Sequence[int] = ()) -> Size | None:
        """The formula of a slot, or None.

        Args:
            values: what the slot holds at each point.
            nearby: symbolic dimensions of the same operation, likeliest first.
            divisors: strides, windows and dilations of the same operation.
        """
        if len(self.points) == 1:
            return self.recognise(values)
        constant = len(set(values)) == 1
        if constant:
            self.constants.add(values[0])
            return values[0]
        for formula in nearby:
            if isinstance(formula, Poly) and self.values(formula) == values:
                return formula
        if len(values) * log2(max(values) - min(values) + 1) < LITTLE_INFORMATION:
            for m, at in self.monomials:
                if (b := _ratio(values, at)) is not None:
                    return self.table.setdefault(values, make({m: b}))
            found = self.remainder(values, nearby, divisors)
            if found is not None:
                self.table.setdefault(values, found)
                return found
        found = self.table.get(values)
        if found is None and self.failed.get(values) != len(self.table):
            found = self.search(values)
            if found is not None:
                self.table[values] = found
            else:
                self.failed[values] = len(self.table)
        return found

    def recognise(self, values: Values) -> Size:
        """The formula of a slot from one point alone: a formula known elsewhere that has this value, or a constant.

        `guessed` notes that the point does not decide; the caller then compares with a second one.
        """
        (value,) = values
        formula = self.table.get(values) if self.names else None
        if formula is not None and value not in self.constants:
            return formula
        if formula is not None or (self.names and value not in self.constants):
            self.guessed = True
        return value

    def remainder(self, values: Values, nearby: Sequence[Size], divisors: Sequence[int]) -> Size | None:
        """A slot of few distinct values (a padding): a function of a remainder of a dimension close by.

        Such a tuple holds little information, and many functions fit it by chance. All
        that fit are noted as conflicts, for which points are added that tell them apart.
        """
        near = list(dict.fromkeys(f for f in nearby if isinstance(f, Poly)))
        usual, steps = ("mod", "negmod", "halfmod", "halfnegmod"), sorted({*divisors, 2} - {0, 1})
        found = (
            self._remainders(values, near, steps, usual)
            or self._remainders(values, near, steps, ("offsetmod",))
            or self._remainders(values, self.formulas(), (1,), ("same",))  # 1 - a padding found before
        )
        if not found and (quotient := self.quotients(values, set().union(*map(symbols_of, near)))) is not None:
            return quotient
        found = found or self._remainders(values, self.formulas(), (2, 3, 4, 8, 16), usual)
        for other in found[1:6]:
            if other != found[0]:
                self.conflicts.append((found[0], other))
        return found[0] if found else None

    def _remainders(
        self, values: Values, formulas: Iterable[Size], divisors: Sequence[int], shapes: Sequence[str]
    ) -> list[Size]:
        """Every ``a + b*X`` with X a remainder of one of some formulas."""
        found: list[Size] = []
        for formula in formulas:
            known = self.values(formula)
            for q, shape in itertools.product(divisors, shapes):
                for candidate, build in _floor_candidates(shape, known, formula, q):  # type: ignore[arg-type]
                    fit = _line(values, candidate)
                    if fit is not None and fit[0].denominator == fit[1].denominator == 1:
                        found.append(int(fit[0]) + build() * int(fit[1]))
        return found

    def search(self, values: Values) -> Size | None:
        """Try the grammar on `values`; None if nothing in it fits."""
        for attempt in (
            self.monomial,
            self.affine,
            self.multiple_of_known,
            self.floors,
            self.quotients,
            self.pairs_of_known,
            self.extrema,
            self.two_monomials,
            self.products_of_known,
        ):
            found = attempt(values)
            if found is not None and self.values(found) == values:
                return found
        return None

    def enough(self, free: int) -> bool:
        """Whether `free` numbers may be fitted: two points must be left to check them."""
        return len(self.points) >= free + 2

    def monomial(self, values: Values) -> Size | None:
        """``b*m``, then ``a + b*m``."""
        if self.enough(1) or (self.few and len(self.points) >= 2):
            for m, at in self.monomials:
                b = _ratio(values, at)
                if b is not None:
                    return make({m: b})
        if self.enough(2):
            for m, at in self.monomials:
                fit = _line(values, at)
                if fit is not None:
                    return make({(): fit[0], m: fit[1]})
        return None

    def affine(self, values: Values) -> Size | None:
        """``a + sum(b_i * s_i)`` over two or more symbols."""
        symbols = [(m, at) for m, at in self.monomials if len(m) == 1 and m[0][1] == 1]
        for n in range(2, len(symbols) + 1):
            if not self.enough(n + 1):
                break
            for chosen in itertools.combinations(symbols, n):
                fit = linear_fit([at for _, at in chosen], values)
                if fit is not None:
                    return make({(): fit[0], **{m: b for (m, _), b in zip(chosen, fit[1:], strict=True)}})
        return None

    def multiple_of_known(self, values: Values) -> Size | None:
        """A formula of the table times a monomial, plus a constant."""
        for known, formula in list(self.table.items()):
            if self.enough(1) and (b := _ratio(values, known)) is not None:
                return formula * b if b.denominator == 1 else _scaled(formula, b)
            if self.enough(2) and (fit := _line(values, known)) is not None:
                return fit[0] + _scaled(formula, fit[1])
        if not self.enough(1):
            return None
        for known, formula in list(self.table.items()):
            if all(k and v % k == 0 for k, v in zip(known, values, strict=True)):
                rest = tuple(v // k for k, v in zip(known, values, strict=True))
                for m, at in self.monomials:
                    b = _ratio(rest, at)
                    if b is not None:
                        return formula * make({m: b})
        return None

    def products_of_known(self, values: Values) -> Size | None:
        """A product of two or three formulas of the table, times a monomial."""
        table = [(k, f) for k, f in self.table.items() if all(k)]
        for (ka, fa), (kb, fb) in itertools.combinations_with_replacement(table, 2):
            if all(v % (a * b) == 0 for a, b, v in zip(ka, kb, values, strict=True)):
                rest = tuple(v // (a * b) for a, b, v in zip(ka, kb, values, strict=True))
                if all(r == rest[0] for r in rest):
                    return fa * fb * rest[0]
                found = self.table.get(rest)
                if found is not None:
                    return fa * fb * found
                for m, at in self.monomials:
                    b = _ratio(rest, at)
                    if b is not None:
                        return fa * fb * make({m: b})
        return None

    def floors(self, values: Values) -> Size | None:
        """``a + b*X`` for X a floor or a remainder of a formula of the table.

        Few points leave the offset of a floor open, floor((N + r)/q), and sometimes q. The simplest fit is taken;
        others that fit too are noted as conflicts, so that points are added which tell them apart.
        """
        if self.few:
            return None
        if len(set(values)) < 3 and not self.named:
            return None  # too little is seen of a floor to tell where it steps
        bases = [(k, f) for k, f in self.table.items() if all(abs(v) < 2**40 for v in k)]
        divisors = [*self.named, *sorted(self.divisors - set(self.named))]
        for shape in ("floor", "ceil", "mod", "negmod", "halfmod", "halfnegmod", "shifted"):
            for q in divisors:
                for known, formula in bases:
                    for candidate, build in _floor_candidates(shape, known, formula, q, q in self.named):
                        size = _through(values, candidate, build)
                        if size is None:
                            continue
                        if not shape.startswith("half"):
                            self._offsets(values, known, formula, q, size)
                        return size
        return None

    def quotients(self, values: Values, among: Collection[str] = ()) -> Size | None:
        """``a + b*X`` for X a quotient of two symbols, rounded, or what it leaves: T tokens in chunks of C."""
        if self.few:
            return None
        for n, m in itertools.permutations([n for n in self.names if not among or n in among], 2):
            if not all(p[m] for p in self.points):
                continue
            a, b = symbol(n), symbol(m)
            down, up = floor_div(a, b), floor_div(a + b - 1, b)
            found = []
            for of in (up, down, b * up - a, a - b * down, b * up, b * down):
                candidate = tuple(int(evaluate(of, p)) for p in self.points)
                size = _through(values, candidate, lambda of=of: of)
                if size is not None:
                    found.append(size)
            if found:  # up is down + 1 but where m divides n, which few points show
                self.conflicts += [(found[0], other) for other in found[1:]]
                return found[0]
        return None

    def _offsets(self, values: Values, known: Values, formula: Size, q: int, found: Size) -> None:
        """Note other offsets r with which floor((X + r)/q) or (X + r) mod q fits, so that points tell them apart."""
        others = []
        for r in range(q):
            for candidate, build in (
                (tuple((k + r) // q for k in known), lambda r=r: floor_div(formula + r, q)),
                (tuple((k + r) % q for k in known), lambda r=r: mod(formula + r, q)),
            ):
                size = _through(values, candidate, build)
                if size is not None and size != found:
                    others.append(size)
        self.conflicts += [
            (found, other) for other in dict.fromkeys((*others[:1], *others[-1:], *others[:ALTERNATIVES]))
        ]

    def pairs_of_known(self, values: Values) -> Size | None:
        """``X + Y + c``, ``X - Y + c`` with X and Y from the table."""
        if not self.enough(1):
            return None
        for (ka, fa), (kb, fb) in itertools.combinations(list(self.table.items()), 2):
            for sa, sb in ((1, 1), (1, -1), (-1, 1)):
                c = values[0] - sa * ka[0] - sb * kb[0]
                if all(v == sa * a + sb * b + c for v, a, b in zip(values, ka, kb, strict=True)):
                    return sa * fa + sb * fb + c
        return None

    def extrema(self, values: Values) -> Size | None:
        """max and min of two formulas, or of a formula (shifted) and a constant."""
        if self.few:
            return None
        table = list(self.table.items())
        for (ka, fa), (kb, fb) in itertools.combinations(table, 2):
            if all(v == max(a, b) for v, a, b in zip(values, ka, kb, strict=True)):
                return maximum(fa, fb)
            if all(v == min(a, b) for v, a, b in zip(values, ka, kb, strict=True)):
                return minimum(fa, fb)
        low, high = min(values), max(values)
        for known, formula in table:
            for limit, choose, build in ((low, max, maximum), (high, min, minimum)):
                shifts = {v - k for v, k in zip(values, known, strict=True) if v != limit}
                if len(shifts) == 1 and values.count(limit) < len(values) - 1:
                    (shift,) = shifts
                    if all(v == choose(k + shift, limit) for v, k in zip(values, known, strict=True)):
                        return build(formula + shift, limit)
        for (ka, fa), (kb, fb) in itertools.permutations(table, 2):
            shifts = {v - (a - b) for v, a, b in zip(values, ka, kb, strict=True) if v != low}
            if len(shifts) == 1 and values.count(low) < len(values) - 1:
                (shift,) = shifts
                if all(v == max(a - b + shift, low) for v, a, b in zip(values, ka, kb, strict=True)):
                    return maximum(fa - fb + shift, low)
        return None

    def two_monomials(self, values: Values) -> Size | None:
        """``a*m1 + b*m2``, then with a constant besides."""
        for free, constant in ((2, False), (3, True)):
            if not self.enough(free):
                return None
            columns = np.array([at for _, at in self.monomials], dtype=float)
            for i, j in _plausible_pairs(columns, np.array(values, dtype=float), constant):
                (mi, ai), (mj, aj) = self.monomials[i], self.monomials[j]
                fit = linear_fit([ai, aj], values, constant=constant)
                if fit is not None:
                    terms: dict[Monomial, Number] = {mi: fit[-2], mj: fit[-1]}
                    if constant:
                        terms[()] = fit[0]
                    return make(terms)
        return None


# -- exact fits --------------------------------------------------------------------------


def _ratio(values: Values, at: Values) -> Fraction | None:
    """b with values == b * at, if there is one."""
    if not at[0]:
        return None
    v0, a0 = values[0], at[0]
    if all(v * a0 == v0 * a for v, a in zip(values, at, strict=True)):
        return Fraction(v0, a0) if v0 else None
    return None


def _line(values: Values, at: Values) -> tuple[Fraction, Fraction] | None:
    """(a, b) with values == a + b * at, b nonzero, a an integer."""
    step = next(((v - values[0], k - at[0]) for v, k in zip(values, at, strict=True) if k != at[0]), None)
    if step is None or not step[0]:
        return None
    dv, dk = step
    if any((v - values[0]) * dk != dv * (k - at[0]) for v, k in zip(values, at, strict=True)):
        return None
    b = Fraction(dv, dk)
    return (values[0] - b * at[0], b) if b.denominator <= 64 else None


def _through(values: Values, candidate: Values, build: Callable[[], Size]) -> Size | None:
    """``a + b * build()`` with integers a and b that takes `candidate` to `values`, if there is one."""
    fit = _line(values, candidate) if len(set(candidate)) > 1 else None
    if fit is None or fit[0].denominator != 1 or fit[1].denominator != 1:
        return None
    return int(fit[0]) + build() * int(fit[1])


def _scaled(formula: Size, b: Fraction) -> Size:
    return formula * (b.numerator if b.denominator == 1 else b)


def _floor_candidates(shape: str, known: Values, formula: Size, q: int, named: bool = False):
    """(values, constructor) of one floor-like function of a known formula, or of the formula itself ("same")."""
    if shape == "same":
        yield known, lambda: formula
    elif shape == "floor":
        yield tuple(k // q for k in known), lambda: floor_div(formula, q)
    elif shape == "ceil":
        yield tuple(-(-k // q) for k in known), lambda: floor_div(formula + (q - 1), q)
    elif shape == "mod":
        yield tuple(k % q for k in known), lambda: mod(formula, q)
    elif shape == "negmod":
        yield tuple(-k % q for k in known), lambda: q * ceil_div(formula, q) - formula
    elif shape == "halfmod" and q > 2:
        for r in (0, 1):
            yield tuple((k % q + r) // 2 for k in known), lambda r=r: floor_div(mod(formula, q) + r, 2)
    elif shape == "halfnegmod" and q > 2:
        for r in (0, 1):
            yield (
                tuple((-k % q + r) // 2 for k in known),
                lambda r=r: floor_div(q * ceil_div(formula, q) - formula + r, 2),
            )
    elif shape == "offsetmod" and q > 2:
        for r in range(1, q):
            yield tuple((k + r) % q for k in known), lambda r=r: mod(formula + r, q)
    elif shape == "shifted" and (q <= 8 or named):
        for r in range(1, q - 1):
            yield tuple((k + r) // q for k in known), lambda r=r: floor_div(formula + r, q)


def _plausible_pairs(columns: np.ndarray, values: np.ndarray, constant: bool) -> list[tuple[int, int]]:
    """Pairs of columns that fit `values` in floating point, with a constant or without; the exact fit comes after.

    Args:
        columns: one row per monomial, one column per point. values: one per point.
    """
    shifted, target, tolerance = columns, values, 1e-6 * (1 + np.abs(values))
    if constant:  # differences from the first point leave two unknowns
        shifted, target, tolerance = columns[:, 1:] - columns[:, :1], values[1:] - values[0], tolerance[1:]
    i, j = np.triu_indices(len(columns), k=1)
    # Elimination with the larger pivot of the first two points, for all pairs at once.
    swap = np.abs(shifted[i, 1]) > np.abs(shifted[i, 0])
    first, second = np.where(swap, 1, 0), np.where(swap, 0, 1)
    with np.errstate(all="ignore"):  # pairs that are singular come out as nan or infinity, and are no fit
        factor = shifted[i, second] / shifted[i, first]
        y = (target[second] - factor * target[first]) / (shifted[j, second] - factor * shifted[j, first])
        x = (target[first] - y * shifted[j, first]) / shifted[i, first]
        residual = x[:, None] * shifted[i] + y[:, None] * shifted[j] - target
        fits = np.all(np.abs(residual) <= tolerance, axis=1)
    return [(int(a), int(b)) for a, b in zip(i[fits], j[fits], strict=True)]


def linear_fit(
    columns: Sequence[Sequence[Number]], values: Sequence[Number], constant: bool = True
) -> list[Fraction] | None:
    """Exact coefficients (constant first, if any) of a fit over all points; None if it does not fit or is trivial."""
    rows = [
        [*([Fraction(1)] if constant else []), *map(Fraction, row), Fraction(v)]
        for *row, v in zip(*columns, values, strict=True)
    ]
    n = len(rows[0]) - 1
    pivot_rows: list[int] = []
    used = 0
    for column in range(n):
        pivot = next((r for r in range(used, len(rows)) if rows[r][column]), None)
        if pivot is None:
            return None
        rows[used], rows[pivot] = rows[pivot], rows[used]
        scale = rows[used][column]
        rows[used] = [x / scale for x in rows[used]]
        for r in range(len(rows)):
            if r != used and rows[r][column]:
                factor = rows[r][column]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[used], strict=True)]
        pivot_rows.append(used)
        used += 1
    if any(row[-1] for row in rows[used:]):
        return None
    fit = [rows[i][-1] for i in range(n)]
    coefficients = fit[1:] if constant else fit
    if any(not c for c in coefficients) or any(c.denominator > 64 for c in fit):
        return None
    return fit


def rename(size: Size, scale: Mapping[str, Size]) -> Size:
    """`size` with internal symbols replaced by what they stand for (`F` counted in eights becomes `F/8`)."""
    return substitute(size, lambda a: scale.get(a.name) if a.kind == "symbol" else None)
