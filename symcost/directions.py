"""In which directions sizes may grow, and which products of sizes are bounded by which others there.

A product of powers of sizes and their logarithms is a vector: the exponents. What is known about growth is a set of
vectors whose products are bounded: 1/N (sizes are at least 1), M/N (where M = O(N) is assumed), log(N)/N**epsilon. A
product is bounded if its vector is a nonnegative combination of those (Farkas), which a linear program over fractions
decides exactly. It tends to 0 if one of those that do (1/N, F/N where F << N) takes part in the combination.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import log

from symcost.assumptions import Assumption
from symcost.errors import DimensionError

Coordinate = tuple
"""("size", N), ("log", N), or ("power", base, product): the exponent of N, of log(N), of base**product."""
Vector = tuple[tuple[Coordinate, Fraction], ...]
"""Exponents that are not 0, sorted."""

EPSILON = Fraction(1, 10**6)
"""log(N) is bounded by N to any positive power; this one stands for all of them."""

ONE: Vector = ()


def vector(exponents: Mapping[Coordinate, Fraction | int]) -> Vector:
    """Exponents by coordinate as a vector."""
    return tuple(sorted((k, Fraction(e)) for k, e in exponents.items() if e))


def plus(a: Vector, b: Vector, times: Fraction | int = 1) -> Vector:
    """The vector of the product ``a * b**times``."""
    if not b:
        return a
    exponents = dict(a)
    for key, e in b:
        exponents[key] = exponents.get(key, Fraction(0)) + times * e
    return vector(exponents)


class Directions:
    """How sizes may grow.

    Args:
        names: symbols that grow without bound. fixed: symbols that do not. Others (unknown costs) may do anything.
        assumptions: what is known besides.

    Example:
        >>> from symcost.assumptions import parse_assumptions
        >>> n, m = (((("size", name), Fraction(1)),) for name in "NM")
        >>> some = Directions(["N", "M"], (), parse_assumptions("M = O(N)", ["N", "M"]))
        >>> some.bounded(plus(m, n, -1)), some.vanishes(plus(m, n, -1)), some.vanishes(plus(m, n, -2))
        (True, False, True)
    """

    def __init__(self, names: Sequence[str], fixed: Iterable[str] = (), assumptions: Sequence[Assumption] = ()):
        self.growing, self.fixed, self.assumptions = list(names), set(fixed), list(assumptions)
        self._powers: list[Coordinate] = []
        self._known: dict[tuple[str, Vector], bool] = {}
        self._simple = not assumptions
        self._bound_symbols()
        self._contradiction()

    def _bound_symbols(self) -> None:
        """Symbols that do not grow by what is assumed: B = O(1), and whatever is O(B) then."""
        while True:
            stated = [self._of(a) for a in self.assumptions]
            least = [(((("size", name), Fraction(-1)),)) for name in self.growing]
            others = [n.removeprefix("log ") for a in self.assumptions for n, _ in (*a.small, *a.large)]
            names = [n for n in dict.fromkeys((*self.growing, *others)) if n not in self.fixed]
            found = [n for n in names if _combines([*stated, *least], ((("size", n), Fraction(1)),))]
            if not found:
                return
            self.fixed |= set(found)
            self.growing = [n for n in self.growing if n not in self.fixed]

    def _contradiction(self) -> None:
        zero = [a for a in self.assumptions if a.strict and not self._of(a)]
        if zero or self._reaches(ONE, some=True):
            texts = ", ".join(dict.fromkeys(str(a) for a in self.assumptions))
            raise DimensionError(
                f"the assumptions contradict each other: {texts}",
                where=f"sizes that grow: {', '.join(self.growing) or 'none'}",
                todo="leave one of them out",
            )

    def _of(self, assumption: Assumption) -> Vector:
        """The vector that an assumption says to be bounded."""
        return plus(self._product(assumption.small), self._product(assumption.large), -1)

    def _product(self, exponents: Iterable[tuple[str, Fraction]]) -> Vector:
        found: Vector = ONE
        for name, e in exponents:
            plain = name.removeprefix("log ")
            if plain not in self.fixed:
                found = plus(found, (((("log" if name != plain else "size"), plain), e),))
        return found

    def size(self, name: str) -> Vector:
        """The vector of a symbol."""
        return ONE if name in self.fixed else ((("size", name), Fraction(1)),)

    def log(self, name: str) -> Vector:
        """The vector of a symbol's logarithm."""
        return ONE if name in self.fixed else ((("log", name), Fraction(1)),)

    def power(self, base: int, exponent: Iterable[tuple[str, int]]) -> Vector:
        """The vector of ``base**exponent``, the exponent being a product of powers of symbols."""
        product = tuple(sorted((n, e) for n, e in exponent))
        if all(n in self.fixed for n, _ in product):
            return ONE
        key = ("power", base, product)
        if key not in self._powers:
            self._powers.append(key)
            self._known.clear()
        return ((key, Fraction(1)),)

    # -- what is bounded -----------------------------------------------------------------------
    def bounded(self, v: Vector) -> bool:
        """Whether the product with this vector is at most a constant, however sizes grow."""
        if all(e <= 0 and k[1] in self.growing for k, e in v if k[0] != "power") and all(
            e <= 0 for k, e in v if k[0] == "power"
        ):
            return True
        if self._simple and all(k[0] == "size" for k, _ in v):
            return False
        key = ("bounded", v)
        if key not in self._known:
            self._known[key] = _combines([g for g, _ in self._generators(v)], v)
        return self._known[key]

    def vanishes(self, v: Vector) -> bool:
        """Whether the product with this vector tends to 0, however sizes grow."""
        if not v:
            return False
        if self._simple and all(k[0] == "size" for k, _ in v):
            return all(e < 0 and k[1] in self.growing for k, e in v)
        key = ("vanishes", v)
        if key not in self._known:
            self._known[key] = self._reaches(v, some=False)
        return self._known[key]

    def _reaches(self, v: Vector, some: bool) -> bool:
        """Whether a combination in which something that vanishes takes part gives a positive multiple of v."""
        generators = self._generators(v)
        columns = [(*g, *(((("some",), Fraction(1)),) if strict else ())) for g, strict in generators]
        if not some:
            columns.append(plus(ONE, v, -1))
        return _combines(columns, ((("some",), Fraction(1)),))

    def _generators(self, v: Vector) -> list[tuple[Vector, bool]]:
        """Vectors of what is bounded, and whether it vanishes."""
        found: list[tuple[Vector, bool]] = []
        for name in self.growing:
            size, logarithm = self.size(name), self.log(name)
            found.append((plus(ONE, size, -1), True))
            found.append((plus(ONE, logarithm, -1), True))
            found.append((plus(logarithm, size, -EPSILON), True))
        for assumption in self.assumptions:
            found.append((self._of(assumption), assumption.strict))
            found += [(g, False) for g in self._logarithms(assumption)]
        return found + self._of_powers()

    def _logarithms(self, assumption: Assumption) -> list[Vector]:
        """log(M) is bounded by log(N) where M (or M times something) is bounded by a power of N."""
        large = [n for n, _ in assumption.large if n not in self.fixed]
        if len(large) != 1 or large[0].startswith("log "):
            return []
        small = [n for n, _ in assumption.small if n in self.growing and n != large[0]]
        return [plus(self.log(n), self.log(large[0]), -1) for n in small]

    def _of_powers(self) -> list[tuple[Vector, bool]]:
        found: list[tuple[Vector, bool]] = []
        for key in self._powers:
            _, base, product = key
            own = ((key, Fraction(1)),)
            if any(n not in self.fixed and n not in self.growing for n, _ in product):
                continue
            found.append((plus(ONE, own, -1), True))
            found += [(plus(self.size(n), own, -EPSILON), True) for n, _ in product if n in self.growing]
            for other in self._powers:
                if other == key:
                    continue
                _, larger, theirs = other
                whole = dict(theirs)
                if base <= larger and all(whole.get(n, 0) >= e for n, e in product):
                    # base is at most larger to this power, rounded up
                    exponent = Fraction(1)
                    if base < larger:
                        exponent = min(exponent, Fraction(int(log(base) / log(larger) * 10**6) + 1, 10**6))
                    found.append((plus(own, ((other, Fraction(1)),), -exponent), exponent < 1))
        return found


def _combines(columns: Sequence[Vector], target: Vector) -> bool:
    """Whether `target` is a nonnegative combination of `columns`: the first phase of the simplex method, exactly.

    Bland's rule (the first column that helps, the first row that limits it) keeps it from going in circles.
    """
    keys = sorted({k for v in (*columns, target) for k, _ in v})
    place = {k: i for i, k in enumerate(keys)}
    width = len(columns)
    rows = [[Fraction(0)] * (width + 1) for _ in keys]
    for j, column in enumerate((*columns, target)):
        for k, e in column:
            rows[place[k]][j] += e
    rows = [[-x for x in row] if row[-1] < 0 else row for row in rows]
    basis = [width + i for i in range(len(rows))]  # artificial variables, which are to leave
    cost = [sum((row[j] for row in rows), Fraction(0)) for j in range(width + 1)]
    while cost[-1] > 0:
        entering = next((j for j in range(width) if cost[j] > 0), None)
        if entering is None:
            return False
        limits = [(row[-1] / row[entering], basis[i], i) for i, row in enumerate(rows) if row[entering] > 0]
        if not limits:
            return False
        _, _, i = min(limits)
        pivot = rows[i][entering]
        rows[i] = [x / pivot for x in rows[i]]
        for r, row in enumerate(rows):
            if r != i and row[entering]:
                factor = row[entering]
                rows[r] = [x - factor * y for x, y in zip(row, rows[i], strict=True)]
        factor = cost[entering]
        cost = [x - factor * y for x, y in zip(cost, rows[i], strict=True)]
        basis[i] = entering
    return True
