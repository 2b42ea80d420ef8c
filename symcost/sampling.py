"""Which points to trace: sizes in general position, odd and even, small and large.

Points are held in *units*: a symbol declared `multiple_of=8` is sampled as 8 times
1, 2, 3 ..., and formulas are found in the unit; `Units` translates.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symcost.advice import advice, relate
from symcost.domain import Dim, Domain
from symcost.errors import DimensionError, NoSizesError
from symcost.polynomial import Poly, Size, evaluate, substitute, symbol, symbols_of

Point = dict[str, int]

Condition = tuple[Size, int]
"""A size (in units) and the value it has: (B, 1), (ceil(H/16), 1), (T mod 8, 0)."""

SELDOM = 16
"""Drawing again until conditions hold is given up where fewer than one in so many units meets them."""

WIDE = 600
"""Range of the units drawn above a large floor."""

MENDED = 60
"""Draws that are changed so that they meet what is required of several symbols at once."""

CANDIDATES = 40
"""Draws for each point in general position, of which the one is taken that goes best with those before."""

LARGE = 1031
"""Sizes of the check point start here: above the thresholds (128, 512, 1024) at which libraries change their ways."""


@dataclass(frozen=True, slots=True)
class Units:
    """Translation between user's sizes and the units in which they are sampled."""

    domain: Domain

    def sizes(self, point: Mapping[str, int]) -> Point:
        """User's sizes of a point."""
        return {d.name: point[d.name] * d.multiple_of for d in self.domain.dims}

    def formula(self, size: Size) -> Size:
        """A formula in units, in the user's symbols."""
        return self._scaled(size, {d.name: symbol(d.name) / d.multiple_of for d in self.domain.dims})

    def unit(self, size: Size) -> Size:
        """A formula in the user's symbols, in units."""
        return self._scaled(size, {d.name: symbol(d.name) * d.multiple_of for d in self.domain.dims})

    def _scaled(self, size: Size, scale: Mapping[str, Size]) -> Size:
        if all(d.multiple_of == 1 for d in self.domain.dims) or not isinstance(size, Poly):
            return size
        return substitute(size, lambda a: scale.get(a.name) if a.kind == "symbol" else None)


def bounds(dim: Dim) -> tuple[int, int | None]:
    """Smallest and largest unit of a dimension."""
    low = -(-dim.min // dim.multiple_of)
    return low, None if dim.max is None else dim.max // dim.multiple_of


def choices(dim: Dim, low: int, high: int) -> list[int]:
    """Units of `dim` in low..high that lie in its domain, thinned to at most a hundred or so."""
    least, most = bounds(dim)
    low, high = max(low, least), high if most is None else min(high, most)
    if dim.power_of:
        found = [dim.power_of**e for e in range(64) if low <= dim.power_of**e <= high]
    else:
        found = list(range(low, high + 1))
    return found


class Sampler:
    """Draws points of a domain, the same ones every time.

    Example:
        >>> from symcost.domain import Dim, Domain
        >>> sampler = Sampler(Domain((Dim("N"), Dim("F", multiple_of=8, min=8))))
        >>> points = sampler.generic(5)
        >>> {p["N"] % 2 for p in points}, {p["N"] % 3 for p in points}
        ({0, 1}, {0, 1, 2})
    """

    def __init__(
        self,
        domain: Domain,
        fixed: Mapping[str, int] | None = None,
        require: Sequence[Condition] = (),
        avoid: Sequence[Condition] = (),
        floors: Mapping[str, int] | None = None,
    ):
        self.floors = dict(floors or {})  # smallest units to draw, for some symbols
        self.domain, self.fixed = domain, dict(fixed or {})
        self.require, self.avoid = tuple(require), tuple(avoid)
        self.units = Units(domain)
        self.free = [d for d in domain.dims if d.name not in self.fixed]
        # Conditions on one symbol alone, for pools of which next to nothing is allowed
        self._alone: dict[str, list[tuple[Size, int, bool]]] = {}
        self._pools: dict[tuple[str, int, int], list[int]] = {}
        for conditions, wanted in ((self.require, True), (self.avoid, False)):
            for size, value in conditions:
                names = symbols_of(size) - set(self.fixed)
                if len(names) == 1:
                    self._alone.setdefault(names.pop(), []).append((size, value, wanted))

    def _allowed(self, name: str, pool: list[int]) -> list[int]:
        """`pool`, or what the conditions on the symbol alone leave of it, where that would seldom be met by chance."""
        left = pool
        for size, value, wanted in self._alone.get(name, ()):
            left = [n for n in left if (evaluate(size, {**self.fixed, name: n}) == value) == wanted]
        return left if len(left) * SELDOM < len(pool) else pool

    def valid(self, point: Mapping[str, int]) -> bool:
        """Whether the domain's relations and this sampler's conditions hold at a point."""
        return (
            all(point[name] >= floor for name, floor in self.floors.items())
            and all(evaluate(size, point) == value for size, value in self.require)
            and all(evaluate(size, point) != value for size, value in self.avoid)
            and self.domain.holds(self.units.sizes(point))
        )

    def draw(self, rng: random.Random, low: int, high: int, tries: int = 600) -> Point | None:
        """A random point with free units in low..high; the nearest allowed units where the domain has none there."""
        pools = {dim.name: self._pool(dim, low, high) for dim in self.free}
        if not all(pools.values()):
            return None
        for attempt in range(tries):
            point = {name: rng.choice(pool) for name, pool in pools.items()} | self.fixed
            if attempt < MENDED and self.require:
                point = self._mended(point, pools, rng)
            if self.valid(point):
                return point
        return None

    def _pool(self, dim: Dim, low: int, high: int) -> list[int]:
        """Units of one symbol to draw from."""
        key = (dim.name, low, high)
        if key not in self._pools:
            floor = self.floors.get(dim.name, 0)
            pool = choices(dim, *((low, high) if low >= floor else (floor, max(high, min(4 * floor, floor + WIDE)))))
            if not pool:
                least, most = bounds(dim)
                pool = choices(dim, least, least + (high - low)) if least > low else choices(dim, 1, most or high)[-8:]
            if not pool:
                raise DimensionError(f"the domain of {dim.name} has no size to sample: {dim}")
            self._pools[key] = self._allowed(dim.name, pool)
        return self._pools[key]

    def _mended(self, point: Point, pools: Mapping[str, list[int]], rng: random.Random) -> Point:
        """`point` with one symbol changed so that a required relation of several symbols holds."""
        for size, value in self.require:
            names = [n for n in symbols_of(size) if n in pools]
            if len(names) < 2 or evaluate(size, point) == value:
                continue
            name = rng.choice(sorted(names))
            fitting = [n for n in pools[name] if evaluate(size, {**point, name: n}) == value]
            if fitting:
                point = {**point, name: rng.choice(fitting)}
        return point

    def generic(self, count: int, small: int = 2) -> list[Point]:
        """`count` points in general position, residues mod 2, 3 and 4 mixed.

        The first `small` of them are small, which is where structural symbols are found
        cheaply; the others lie above 32, beyond which five halvings leave more than 1.
        """
        rng = random.Random(7)
        points: list[Point] = []
        for i in range(count):
            low, high = ((3, 7), (5, 13))[i % 2] if i < small else (33, 160)
            drawn = (self.draw(rng, low, high) or self.draw(rng, 1, 400, tries=20000) for _ in range(CANDIDATES))
            fitting = [point for point in drawn if point is not None]
            if not fitting:
                raise NoSizesError(
                    f"no sizes were found that satisfy {self.domain}",
                    todo=advice("loosen the relations, {}", relate(str(self.domain.relations[0])))
                    if self.domain.relations
                    else "declare a wider domain",
                )
            points.append(max(fitting, key=lambda point: self._score([*points, point])))
        return points

    def more(self, points: Sequence[Point], count: int = 1, seed: int = 1000) -> list[Point]:
        """Further points, distinct from `points`."""
        found: list[Point] = []
        rng = random.Random(seed + len(points))
        for _ in range(200):
            if len(found) == count:
                break
            point = self.draw(rng, 33, 199) or self.draw(rng, 1, 400)
            if point is not None and point not in points and point not in found:
                found.append(point)
        return found

    def check(self, points: Sequence[Point], large: bool = True) -> Point | None:
        """A fresh point, large where the domain allows it."""
        rng = random.Random(4711 + len(points))
        for low, high in ((LARGE, LARGE + 400), (60, 200)) if large else ((17, 61),):
            point = self.draw(rng, low, high)
            if point is not None and point not in points:
                return point
        return None

    def between(self, low: int, high: int, seed: int) -> Iterator[Point]:
        """Random points, log-uniform sizes in low..high, for `verify`."""
        rng = random.Random(seed)
        while True:
            top = int(2 ** rng.uniform(1, high.bit_length()))
            point = self.draw(rng, low, max(top, low + 1))
            if point is not None:
                yield point

    def separating(self, told: Callable[[Point], int], points: Sequence[Point]) -> Point | None:
        """A point at which `told` is large among those drawn; None if it is 0 at all of them."""
        rng = random.Random(99)
        for low, high in ((5, 61), (2, 200), (1, 1500)):
            best, most = None, 0
            for attempt in range(200 if low == 5 else 100):
                if best is not None and attempt >= CANDIDATES:
                    break
                point = self.draw(rng, low, high)
                if point is not None and point not in points and (found := told(point)) > most:
                    best, most = point, found
            if best is not None:
                return best
        return None

    def _score(self, points: Sequence[Point]) -> float:
        """How general a choice of points is: residues covered, symbols told apart, no value twice."""
        names = [d.name for d in self.free]
        score = 0.0
        for name in names:
            column = [p[name] for p in points]
            score += 3 * len({v % 2 for v in column}) + 2 * len({v % 3 for v in column}) + len({v % 4 for v in column})
            score += len({v // 2 % 2 for v in column}) + len({v // 4 % 2 for v in column}) + 2 * len(set(column))
        for a, b in itertools.combinations(names, 2):
            for q in (2, 3):
                difference = {(p[a] - p[b]) % q for p in points}
                sum_ = {(p[a] + p[b]) % q for p in points}
                score += (len(difference) > 1) * 3 + (len(sum_) > 1) * 3
            score -= sum(p[a] == p[b] for p in points) * 4
            score -= sum(max(p[a], p[b]) % max(1, min(p[a], p[b])) == 0 for p in points)
        return score
