"""Sizes at which a test in the user's code turns out otherwise: compare there, and correct the formula or split.

A test is known by a formula (`symcost.predicates`), by the answers it gave, or only by the numbers in its bytecode.
"""

from __future__ import annotations

import random
from math import gcd
from typing import TYPE_CHECKING

from symcost.conditions import name_of, threshold_of
from symcost.domain import format_sizes
from symcost.errors import GeneralizationError
from symcost.fit import Fit, Split, Threshold
from symcost.polynomial import atoms_of, mod, symbol, symbols_of
from symcost.predicates import Predicate
from symcost.sampling import Condition, Point, Sampler
from symcost.special_candidates import special_values

if TYPE_CHECKING:
    from symcost.special import SpecialSizes


class SizesOfTests:
    """Corrections that the tests of a program ask for; `special` compares and corrects."""

    def __init__(self, special: SpecialSizes):
        self.special, self.of = special, special.of

    def correct_all(self, fit: Fit) -> None:
        """Sizes at which a test in the user's code turns out otherwise than at sizes in general position."""
        seen = self.of.traces.observed(self.of.domain, fit.formulas)
        if seen is None or self.of.branches().blind:
            self._numbers(fit)
        known = {(symbol(d.name), v) for d in self.of.sampler.free for v in special_values(d)}
        for predicate in seen.predicates if seen is not None else ():
            if not predicate.names <= set(self.of.names):
                continue
            generic = self._generic(predicate)
            conditions = predicate.conditions(self.of.domain, generic)
            if conditions is None:
                self._search(fit, predicate, generic)
            for condition in conditions or ():
                if condition not in self.of.breaks and condition not in known:
                    self._tested(fit, condition)

    def _generic(self, predicate: Predicate) -> bool:
        """The answer of a test at most sizes in general position."""
        rng = random.Random(5)
        points = [p for _ in range(5) if (p := self.of.sampler.draw(rng, 33, 160)) is not None]
        return 2 * sum(predicate.holds(p) is True for p in points) > len(points)

    def _tested(self, fit: Fit, condition: Condition) -> None:
        """Compare where a condition holds, and around a threshold; correct the formula, or begin again with a split."""
        name, threshold = name_of(condition), threshold_of(condition)
        if name is not None:
            point = self.special.one(name, condition[1] * self.of.domain[name].multiple_of)
            if point is not None and self.special.wrong_at(fit, point):
                self.special.correct(fit, (condition,))
        elif threshold is not None:
            self._around(fit, *threshold)
        elif any(self.special.wrong_at(fit, point) for point in self._within(fit, condition)):
            kinds = {atom.kind for atom in atoms_of(condition[0])}
            if len(symbols_of(condition[0])) == 1 or kinds & {"maximum", "minimum", "floor_div"}:
                raise Split(condition)
            self.special.correct(fit, (condition,))
            for point in self._within(fit, condition):
                if self.special.wrong_at(fit, point):
                    raise self.special.refusal(
                        fit, point, self.of.differences(fit.complete(), self.of.traces.at(point), point)
                    )

    def _within(self, fit: Fit, condition: Condition) -> list[Point]:
        """Points where a condition holds and no relation for which the formula is corrected already."""
        corrected = [c for correction in fit.corrections for c in correction.where if len(correction.where) == 1]
        avoid = [c for c in (*corrected, *self.of.breaks) if not self.of.implied((c,), (condition,))]
        floors = {n: floor for n, floor in self.of.floors.items() if n not in symbols_of(condition[0])}
        sampler, rng = Sampler(self.of.domain, self.of.sampler.fixed, [condition], avoid, floors), random.Random(8)
        drawn = (sampler.draw(rng, low, high) for low, high in ((33, 160), (2, 70), (1, 400)))
        return [point for point in drawn if point is not None]

    def _around(self, fit: Fit, name: str, unit: int) -> None:
        """Sizes around one with which the user's code compares a symbol."""
        scale = self.of.domain[name].multiple_of
        points = {u: self.special.one(name, u * scale) for u in (unit - 1, unit, unit + 1)}
        wrong = [u for u, point in points.items() if point is not None and self.special.wrong_at(fit, point)]
        if wrong == [unit]:
            self.special.correct(fit, ((symbol(name), unit),))
        elif wrong:
            # else the formula holds below, and the program changes above
            low = wrong[-1] if wrong[0] < unit else max(u for u in (unit - 1, unit) if u not in wrong)
            point = points[low]
            if point is not None:
                raise Threshold(name, point, low + 1)

    def _search(self, fit: Fit, predicate: Predicate, generic: bool) -> None:
        """A test of which no formula is known: the program must be the same however it turns out."""
        rng = random.Random(13)
        for low, high in ((1, 12), (1, 400), (1, 70), (33, 4000)):
            for _ in range(60):
                point = self.of.sampler.draw(rng, low, high)
                if point is None or predicate.holds(point) in (generic, None):
                    continue
                if self.special.wrong_at(fit, point):
                    raise GeneralizationError(
                        f"the program changes with the sizes in a way that no formula covers: {predicate.test.text}",
                        where=f"{predicate.test.source}, {format_sizes(self.of.traces.units.sizes(point))}",
                        todo="declare a domain on one side of the branch: sc.dim(name, multiple_of=...) or where=[...]",
                    )
                break

    def _numbers(self, fit: Fit) -> None:
        """Sizes around the numbers in the user's bytecode: all that is known of code that has no source."""
        found = self.of.branches()
        for number in found.divisors:
            for name in self._responsible(fit, 3 * number):
                unit = number // gcd(number, self.of.domain[name].multiple_of)
                if unit > 1 and (mod(symbol(name), unit), 0) not in self.of.breaks:
                    raise Split((mod(symbol(name), unit), 0))
        for number in found.compared:
            wrong = [n for size in (number - 1, number, number + 1) for n in self._responsible(fit, size)]
            for name in dict.fromkeys(wrong):
                self._around(fit, name, number // self.of.domain[name].multiple_of)

    def _responsible(self, fit: Fit, size: int) -> list[str]:
        """Symbols for which a size, taken by them alone, is one at which the formula fails."""
        together = self.special.equal(size)
        if together is None or not self.special.wrong_at(fit, together):
            return []
        names = [d.name for d in self.of.sampler.free]
        alone = {name: self.special.one(name, size) for name in names}
        return [name for name, point in alone.items() if point is not None and self.special.wrong_at(fit, point)]
