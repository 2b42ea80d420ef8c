"""Sizes at which there is no program: relations that say where the user's code fails, found by trying.

The four largest of a row need a row of four: at one element the code fails, and so it does at two and three, which
nobody has tried. From each point that failed, the symbols that are to blame are told apart, and how far it reaches.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from symcost.domain import Dim, Domain
from symcost.errors import DimensionError
from symcost.formatting import format_size
from symcost.grammar import parse_relations
from symcost.polynomial import Size, evaluate, product, symbol, symbols_of

Sizes = Mapping[str, int]

BUILDS, SECONDS = 60, 10.0
"""Of one point, at most; what is not known then is said of the point alone."""

NEAR = 3
"""Values of each symbol beside each other, where several together are to blame."""

FARTHER = (2, 10)
"""Multiples of a size from which on a code fails, as far as it is tried."""


class _Spent(Exception):
    """Enough has been tried."""


def without_failures(
    domain: Domain,
    failed: Sequence[tuple[Sizes, str]],
    built: Sequence[Sizes],
    formulas: Sequence[Size],
    builds: Callable[[Sizes], bool],
) -> Domain:
    """`domain`, with the sizes excluded at which the code fails.

    Args:
        failed: sizes at which it failed, each with what it said. built: sizes at which it did not.
        formulas: dimensions of the program, one of which may be what is too small.
        builds: whether the code runs at these sizes.
    """
    left = domain
    for sizes, reason in failed:
        if built and left.holds(sizes):
            description = _Region(domain, sizes, built, formulas, builds).description()
            left = replace(left, excluded=(*left.excluded, (description, reason)))
    return left


class _Region:
    """Where a code fails that failed at `sizes`."""

    def __init__(
        self,
        domain: Domain,
        sizes: Sizes,
        built: Sequence[Sizes],
        formulas: Sequence[Size],
        builds: Callable[[Sizes], bool],
    ):
        self.domain, self.sizes, self.formulas, self.trace = domain, sizes, formulas, builds
        # one of usual sizes: what fails beside it fails by itself
        self.usual = max(built, key=lambda point: min(point.values(), default=0))
        self.known = {_key(sizes): False, _key(self.usual): True}
        self.deadline = time.monotonic() + SECONDS

    def description(self) -> str:
        """Relations that hold together where it fails, as the domain of a cost has them."""
        blamed = [*self.sizes]
        try:
            point, blamed = self._blamed()
            found = self._interval(point, *blamed) if len(blamed) == 1 else self._relation(point, blamed)
        except _Spent:
            found = None
        return found or ", ".join(f"{name} == {self.sizes[name]}" for name in blamed)

    def _fails(self, sizes: Sizes) -> bool:
        key = _key(sizes)
        if key not in self.known:
            if not self.domain.holds(sizes) or len(self.known) > BUILDS or time.monotonic() > self.deadline:
                raise _Spent
            self.known[key] = self.trace(sizes)
        return not self.known[key]

    def _blamed(self) -> tuple[Sizes, list[str]]:
        """The failing point with as many usual sizes as it may have, and the names of the others."""
        point = dict(self.sizes)
        for name in self.sizes:
            changed = {**point, name: self.usual[name]}
            if changed != point and self.domain.holds(changed) and self._fails(changed):
                point = changed
        return point, [name for name in point if point[name] != self.usual[name]]

    def _interval(self, point: Sizes, name: str) -> str | None:
        """One symbol is too small or too large; None where sizes between them are not."""
        last = self._last(point, name)
        dim, at = self.domain[name], point[name]
        if at < self.usual[name]:
            least = dim.at_least(dim.min)
            below = [least, *_between(dim, least, at)[:NEAR]]
            if last == least or not all(self._fails({**point, name: n}) for n in below if n < at):
                return None
            return f"{name} <= {last}"
        beyond = [dim.at_least(factor * at) for factor in FARTHER] if dim.max is None else [dim.max]
        return f"{name} >= {last}" if all(self._fails({**point, name: n}) for n in beyond) else None

    def _last(self, point: Sizes, name: str) -> int:
        """The size nearest to the usual one at which it fails, with all from the failing one on."""
        low, high = sorted((point[name], self.usual[name]))
        order = [low, *_between(self.domain[name], low, high), high]
        if point[name] == high:
            order.reverse()
        bad, good = 0, len(order) - 1
        while good - bad > 1:
            middle = (bad + good) // 2
            bad, good = (middle, good) if self._fails({**point, name: order[middle]}) else (bad, middle)
        if any(not self._fails({**point, name: size}) for size in order[1:bad][:NEAR]):
            return point[name]
        return order[bad]

    def _relation(self, point: Sizes, blamed: Sequence[str]) -> str | None:
        """Several symbols together: a dimension that follows from them, their product or a difference is too small."""
        for name in blamed:
            self._last(point, name)
        near = {name: self._near(name, point[name]) for name in blamed}
        for chosen in itertools.product(*near.values()):
            changed = {**point, **dict(zip(near, chosen, strict=True))}
            if self.domain.holds(changed):
                self._fails(changed)
        seen = [(dict(key), built) for key, built in self.known.items()]
        seen = [(s, built) for s, built in seen if all(s[n] == point[n] for n in s if n not in blamed)]
        for size, texts in self._candidates(blamed):
            bad = [evaluate(size, s) for s, built in seen if not built]
            good = [evaluate(size, s) for s, built in seen if built]
            if max(bad) < min(good) and min(good) - max(bad) <= 1:
                return next(filter(_reads, texts(int(max(bad)))), None)
        return None

    def _near(self, name: str, size: int) -> list[int]:
        """A few sizes from the failing one on."""
        found = [size]
        while len(found) < NEAR:
            try:
                found.append(self.domain[name].at_least(found[-1] + 1))
            except DimensionError:
                break
        return found

    def _candidates(self, blamed: Sequence[str]) -> Iterator[tuple[Size, Callable[[int], list[str]]]]:
        """Sizes that may be too small, each with the texts of its being at most a number."""
        names = set(blamed)
        for a, b in itertools.permutations(blamed, 2) if len(blamed) == 2 else ():
            yield symbol(a) - symbol(b), lambda most, a=a, b=b: [_order(a, b, most)]
        own = [size for size in self.formulas if symbols_of(size) == names]
        for size in (*own, product(symbol(name) for name in blamed)):
            yield size, lambda most, size=size: [f"{format_size(size, self.domain.names)} <= {most}"]


def _between(dim: Dim, low: int, high: int) -> list[int]:
    """Admissible sizes between two."""
    found, size = [], dim.at_least(low + 1) if low < high else high
    while size < high:
        found.append(size)
        size = dim.at_least(size + 1)
    return found


def _order(a: str, b: str, most: int) -> str:
    """``a - b <= most`` as people say it."""
    return f"{a} < {b}" if most == -1 else f"{a} <= {b}" if most == 0 else f"{a} - {b} <= {most}"


def _reads(text: str) -> bool:
    """Whether a relation can be read again: some functions cannot."""
    try:
        parse_relations(text)
    except DimensionError:
        return False
    return True


def _key(sizes: Sizes) -> tuple[tuple[str, int], ...]:
    return tuple(sizes.items())
