"""Sizes at which programs change their ways, 1 above all: compare, and correct the formula where it differs.

At batch 1 a broadcast vanishes, a sum is skipped, a transpose becomes a reshape. The difference between the program
there and the general formula is found as a formula in the other symbols and added under an indicator.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from symcost.advice import advice, declare
from symcost.conditions import Where, bound_by, given, name_of
from symcost.domain import format_sizes
from symcost.errors import BuildError, GeneralizationError, LoweringError
from symcost.fit import Clamped, Correction, Fit, Split, Threshold, value_at
from symcost.ledger import Ledger, Row
from symcost.polynomial import Poly, Size, bind, evaluate, symbol, symbols_of
from symcost.program import Program
from symcost.sampling import Condition, Point, Sampler, bounds
from symcost.special_candidates import special_values, suspects
from symcost.special_tests import SizesOfTests
from symcost.symbolize import agrees, first_difference, structure

if TYPE_CHECKING:
    from symcost.generalize import SizeGeneralizer


DERIVED = 3
"""Dimensions that follow from a symbol, tried at most where they are empty or 1."""

EQUAL = 37
"""Size given to all symbols at once: one that programs do not single out."""

FAIR = 30
"""How many times as many points show that a difference of maxima is nowhere other than 0."""

ONE_BY_ONE = 20
"""Up to this threshold, sizes below it are corrected one by one where no formula covers them together."""

PAIRED = 4
"""Conditions, at most, of which every two are tried together."""

SUSPECTS = 2
"""Constants of a program that are tried as sizes, at most."""


class SpecialSizes:
    """Corrections of one fit; `of` is the generaliser that made it."""

    def __init__(self, of: SizeGeneralizer):
        self.of = of

    def correct_all(self, fit: Fit) -> None:
        """Compare with the program at special sizes, and correct the formula where it differs there."""
        for condition in self.of.breaks:
            self.correct(fit, (condition,))
        singles = [(symbol(d.name), v) for d in self.of.sampler.free for v in special_values(d)]
        singles += [c for c in self.of.suspected if name_of(c) in self.of.names and c not in singles]
        derived: list[Condition] = []
        for condition in singles:
            name = name_of(condition) or ""
            small = name in self.of.small_breaks and self._disagreeing(fit) is not None
            if small or not self.explained(fit, (condition,)):
                derived += self._derived(fit, name)
        possible = [condition for condition in singles if self.correct(fit, (condition,))]
        ones = [condition for condition in possible if condition[1] == 1]
        self._affine(fit)
        self._coincidences(fit)
        SizesOfTests(self).correct_all(fit)
        self._relations(fit)
        # Wider regions first: a correction is what those that hold on a wider region leave over.
        for condition in dict.fromkeys((*self.of.breaks, *derived)):
            others = [one for one in ones if name_of(one) not in symbols_of(condition[0])]
            self._interactions(fit, [condition, *others])
        for pair in itertools.combinations(self.of.breaks[:PAIRED], 2):
            if not any(self.of.implied((a,), (b,)) for a, b in (pair, pair[::-1])):
                self._interactions(fit, pair)
        self._interactions(fit, self.of.breaks[:PAIRED])
        if any(name_of(c) is not None for correction in fit.corrections for c in correction.where):
            for pair in itertools.combinations(ones, 2):  # a program that differs at 1 may do so in any combination
                self._interactions(fit, pair)
        self._interactions(fit, ones)
        self._interactions(fit, [condition for condition in possible if condition[1] == 0])
        self._visit_pieces(fit)
        self._small(fit)

    def _visit_pieces(self, fit: Fit) -> None:
        """Trace fresh points in every piece of the domain; `_small` compares them with the formula."""
        rng = random.Random(11)
        for condition in self.of.breaks:
            sampler = Sampler(self.of.domain, self.of.sampler.fixed, [condition])
            for low, high in ((1, 12), (1, 12), (13, 97)):
                point = sampler.draw(rng, low, high)
                if point is not None:
                    try:
                        self.of.traces.at(point)
                    except BuildError:
                        continue  # the sizes cannot be built, so that no formula is wrong there

        # what differs at 1 may differ at 2, and what differs at small sizes at any of them
        differing = {name_of(c.where[0]) for c in fit.corrections if len(c.where) == 1 and c.where[0][1] == 1}
        for dim in self.of.sampler.free:
            small = dim.name in self.of.small_breaks
            for unit in (2, 3, 5) if small else (2,) if dim.name in differing else ():
                point = self.one(dim.name, unit * dim.multiple_of)
                if point is not None:
                    try:
                        self.of.traces.at(point)
                    except BuildError:
                        continue

    def _coincidences(self, fit: Fit) -> None:
        """Sizes that are equal to each other, or to a constant of the program: a resize to 16 vanishes at 16.

        All symbols take the same value at once; only if the formula fails there, it is asked which of them it was.
        """
        names = [d.name for d in self.of.sampler.free]
        for value in [*suspects(fit.program)[:SUSPECTS], *([EQUAL] if len(names) > 1 else [])]:
            point = self.equal(value)
            if point is None or not self.wrong_at(fit, point):
                continue
            units = {n: point[n] for n in names if point[n] * self.of.domain[n].multiple_of == value}
            if value != EQUAL:
                for name, unit in units.items():
                    self.correct(fit, ((symbol(name), unit),))
            for a, b in itertools.combinations(units, 2):
                if self.wrong_at(fit, point):
                    scale = self.of.domain
                    self.correct(fit, ((symbol(a) * scale[a].multiple_of - symbol(b) * scale[b].multiple_of, 0),))

    def _affine(self, fit: Fit) -> None:
        """Sizes that leave less than nothing of a dimension, or one element: ``tokens - 3`` at 2, ``width//2`` at 2."""
        ends: dict[tuple[str, int], None] = {}
        singles: dict[Condition, tuple[str, int]] = {}
        for formula in fit.formulas:
            names = symbols_of(formula)
            if len(names) != 1 or name_of((formula, 1)) is not None or not isinstance(formula, Poly):
                continue
            (name,) = names
            least, most = bounds(self.of.domain[name])
            values = {v: evaluate(formula, {name: v}) for v in range(least, min(most or 400, 400) + 1)}
            negative = [v for v, size in values.items() if size < 0]
            if negative and negative[-1] + 1 in values:
                ends[name, negative[-1]] = None
            one = [v for v, size in values.items() if size == 1]
            if one and one[0] > max(1, least) and len(singles) < DERIVED:
                singles.setdefault((formula, 1), (name, one[0]))
        for name, last in list(ends)[:DERIVED]:
            point = self.one(name, last * self.of.domain[name].multiple_of)
            if point is not None and self.wrong_at(fit, point):
                if point not in self.of.points and structure(self.of.traces.at(point)) == structure(self._generic()):
                    raise Clamped(point)  # `x[5:]` of four is empty: max(0, N - 5)
                raise Threshold(name, point, last + 1)
        for condition, (name, unit) in singles.items():
            point = self.one(name, unit * self.of.domain[name].multiple_of)
            if point is not None and self.wrong_at(fit, point):
                self.of.regions.append(condition)
                self.correct(fit, (condition,))

    def _relations(self, fit: Fit) -> None:
        """Relations that hold together: ``T == H`` where also ``H >= 2 * F``."""
        alone = (c.where[0] for c in fit.corrections if len(c.where) == 1)
        found = [c for c in alone if len(symbols_of(c[0])) > 1 and c not in self.of.breaks]
        for pair in [*itertools.product(found, self.of.breaks), *itertools.combinations(found, 2)]:
            self._interactions(fit, pair)

    def _generic(self) -> Program:
        """The program at the first of the points at which formulas were solved."""
        return self.of.traces.at(self.of.points[0])

    def one(self, name: str, size: int) -> Point | None:
        """A point at which one symbol has a size, and the others none of note."""
        sampler, dim = self.of.sampler, self.of.domain[name]
        others = sampler.draw(random.Random(size), 33, 97)
        if others is None or dim.refusal(size) is not None:
            return None
        point = {**others, name: size // dim.multiple_of}
        return point if self.of.domain.holds(self.of.traces.units.sizes(point)) else None

    def equal(self, value: int) -> Point | None:
        """A point at which every symbol that may have it has this size; None if no symbol may."""
        sampler = self.of.sampler
        others = sampler.draw(random.Random(value), 33, 97)
        point = dict(others or {})
        for dim in sampler.free:
            if others and dim.refusal(value) is None:
                point[dim.name] = value // dim.multiple_of
        allowed = self.of.domain.holds(self.of.traces.units.sizes(point)) if others else False
        return point if allowed and point != others else None

    def wrong_at(self, fit: Fit, point: Point) -> bool:
        """Whether the formula, as far as it is corrected, fails at a point; False if that can't be built."""
        try:
            concrete = self.of.traces.at(point)
        except BuildError:
            return False
        if not fit.corrections and fit.program is not None and agrees(fit.program, concrete, point):
            return False
        return bool(self.of.differences(fit.complete(), concrete, point))

    def _interactions(self, fit: Fit, conditions: Sequence[Condition]) -> None:
        """All at once: a difference that the corrections so far do not explain comes from an interaction."""
        size = 2
        while size <= len(conditions) and not self.explained(fit, tuple(conditions)):
            for where in itertools.combinations(conditions, size):
                if not self.explained(fit, where):
                    self._derived_interactions(fit, where)
                    self.correct(fit, where)
                if self.explained(fit, tuple(conditions)):
                    break
            size += 1

    def _derived_interactions(self, fit: Fit, where: Where) -> None:
        """What differs at batch 1 and one pixel may differ at batch 1 and a few pixels that are halved to one."""
        for condition in where:
            name = name_of(condition)
            if name is not None and condition[1] == 1:
                others = tuple(c for c in where if c != condition)
                for derived in self._derived_conditions(fit, name):
                    self.correct(fit, (derived, *others))

    def _derived(self, fit: Fit, name: str) -> list[Condition]:
        """Corrections where a dimension that follows from a symbol is 0 or 1: an image of 16 pixels, halved four times.

        Returns:
            The conditions tried, the widest first.
        """
        conditions = self._derived_conditions(fit, name)
        for condition in conditions:
            if not self.explained(fit, (condition,)):
                self.correct(fit, (condition,))
        return conditions

    def _derived_conditions(self, fit: Fit, name: str) -> list[Condition]:
        """Dimensions that follow from a symbol and are 0 or 1 for some of its sizes, the widest region first."""
        least, most = bounds(self.of.domain[name])
        candidates = range(least, min(most or 400, 400) + 1)
        regions: dict[tuple[int, ...], Condition] = {}
        alone = [f for f in fit.formulas if symbols_of(f) == {name} and name_of((f, 1)) is None and isinstance(f, Poly)]
        for value in (1, 0):
            for formula in alone:
                where = tuple(v for v in candidates if evaluate(formula, {name: v}) == value)
                beside = len(where) > 1 and where[-1] - where[0] == len(where) - 1  # else 0 is a remainder
                if len(where) > 1 and where[-1] < 400 and (value == 1 or beside):
                    regions.setdefault(where, (formula, value))
        found = [condition for _, condition in sorted(regions.items(), key=lambda item: -len(item[0]))]
        self.of.regions += [condition for condition in found if condition not in self.of.regions]
        return found

    def _disagreeing(self, fit: Fit) -> tuple[Point, list[str]] | None:
        """A point traced so far at which the formula is wrong, with the differences."""
        return next(((point, found) for point, found in self._compared(fit) if found), None)

    def _compared(self, fit: Fit) -> Iterator[tuple[Point, list[str]]]:
        """Every point traced so far, with what the formula gets wrong there."""
        complete = fit.complete()
        for point in self.of.traces.having(Sampler(self.of.domain, self.of.sampler.fixed)):
            concrete = self.of.traces.at(point)
            if fit.program is not None and not fit.corrections and agrees(fit.program, concrete, point):
                yield point, []
            else:
                yield point, self.of.differences(complete, concrete, point)

    def _folded(self, fit: Fit) -> None:
        """Begin again if the formula fails just where some array is so small that XLA folds a constant into it."""
        names = self.of.names  # at size 1 operations vanish that would be folded
        compared = [(p, found) for p, found in self._compared(fit) if found or min(p[n] for n in names) > 1]
        for condition in self.of.traces.folded():
            small = [bool(found) for point, found in compared if evaluate(condition[0], point) == 0]
            large = [bool(found) for point, found in compared if evaluate(condition[0], point) > 0]
            if condition not in self.of.breaks and small and large and all(small) and not any(large):
                raise Split(condition)

    def _small(self, fit: Fit) -> None:
        """Every point traced so far must agree; sizes below a known threshold are corrected one by one if need be."""
        visited: set[str] = set()
        while (found := self._disagreeing(fit)) is not None:
            point, differences = found
            for name, floor in self.of.small_breaks.items():
                if point[name] < floor:
                    raise Threshold(name, point, floor)
            below = [n for n, floor in self.of.floors.items() if n not in visited and point[n] < floor <= ONE_BY_ONE]
            if not below:
                self._folded(fit)
                raise self.refusal(fit, point, differences)
            for name in below:
                visited.add(name)
                self._one_by_one(fit, name, self.of.floors[name])

    def _one_by_one(self, fit: Fit, name: str, floor: int) -> None:
        """Correct every single size below a threshold, alone and where other symbols are 1."""
        ones = [(symbol(d.name), 1) for d in self.of.sampler.free if d.name != name and bounds(d)[0] <= 1]
        for unit in range(bounds(self.of.domain[name])[0], floor):
            condition = (symbol(name), unit)
            if self.correct(fit, (condition,)):
                self._interactions(fit, [condition, *ones])

    def refusal(self, fit: Fit, point: Point, differences: Sequence[str]) -> GeneralizationError:
        """What is said where no formula holds: the sizes, what differs there, and the line of the first difference."""
        source = ""
        if fit.program is not None:
            steps = first_difference(fit.program, self.of.traces.at(point))
            source = next((f", {i.source}" for i in steps if i and str(i.source or "")), "")
        sizes = self.of.traces.units.sizes(point)
        name = min(self.of.names, key=lambda n: point[n])
        return GeneralizationError(
            "the program changes with the sizes in a way that no formula covers",
            where=f"{format_sizes(sizes)}: {'; '.join(differences[:3])}{source}",
            todo=advice(
                "declare a domain without these sizes, such as {} or {}",
                declare(name, min=sizes[name] + 1),
                declare(name, multiple_of=8),
            ),
        )

    def explained(self, fit: Fit, where: Where) -> bool:
        """Whether the formula with its corrections holds where all of `where` hold; True if that can't be built."""
        sampler = self.of.region(where)
        point = self.of.telling(sampler, [bind(f, bound_by(where)) for f in fit.formulas], fit.constants, [], 0)
        return point is None or not self.wrong_at(fit, point)

    def correct(self, fit: Fit, where: Where) -> bool:
        """Add the correction for `where`, if one is needed; False if these sizes cannot be built."""
        bound = bound_by(where)
        try:
            point = self.of.telling(self.of.region(where), [bind(f, bound) for f in fit.formulas], fit.constants, [], 0)
            if point is None:
                return False
            concrete = self.of.traces.at(point)
            if self.explained(fit, where) and not (self.of.exacting and self._other(fit, concrete, point)):
                return True
            program, _ = self.of.recognise(where, fit)
        except BuildError as error:
            sizes = {n: v * self.of.domain[n].multiple_of for n, v in bound.items()}
            if not sizes:
                raise
            if isinstance(error, LoweringError):  # where it cannot be built is found out in `unbuildable`
                fit.excluded.append((", ".join(f"{n} == {v}" for n, v in sizes.items()), error.what.split("\n")[0]))
            return False
        predicted = fit.ledger
        for correction in fit.corrections:
            if self.of.implied(correction.where, where):
                predicted = predicted.combine(correction.ledger)
        predicted = predicted.map(lambda s: given(s, where))
        delta = self.of.interpret(program).combine(predicted, sign=-1)
        rows = self._nonzero(delta, where)
        if rows:
            fit.corrections.append(Correction(where, Ledger(rows)))
            fit.models.append(program)
        return True

    def _other(self, fit: Fit, concrete: Program, point: Point) -> bool:
        """Whether the program at a point is another one than the general one."""
        return fit.program is None or not agrees(fit.program, concrete, point)

    def _nonzero(self, delta: Ledger, where: Where) -> list[Row]:
        """Rows of a difference that differ from 0 somewhere in the region."""
        rng = random.Random(3)
        sampler = self.of.region(where)
        highs = (40, 40, 200, 200, 400, 400) * (FAIR if self.of.exacting else 1)
        points = [p for high in highs if (p := sampler.draw(rng, 0, high)) is not None]

        def vanishes(size: Size) -> bool:
            return (not isinstance(size, Poly) and not size) or all(value_at(size, p) == 0 for p in points)

        rows = []
        for row in delta.rows:
            costs = {q: s for q, s in row.costs.items() if not vanishes(s)}
            if costs:
                rows.append(Row(row.key, row.count, costs))
        return rows
