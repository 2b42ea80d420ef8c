"""Structural symbols: those that change how many operations a program has (layers, unrolled time steps).

The sizes are generalised at each of a few values of the symbol. Rows of repeated
modules (`Block_0` ... `Block_5`) are added up under one name (`Block_*`), and each
coefficient of each row is solved as a function of the symbol: constant, powers,
geometric series (widths that double per stage), floor(L/q) (every second layer).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from symcost.advice import advice, declare
from symcost.branches import Branches
from symcost.classify import Structure
from symcost.coefficients import NoFunction, solve_ledgers
from symcost.domain import Domain, format_sizes
from symcost.errors import BuildError, GeneralizationError, LoweringError, NoSizesError
from symcost.fit import Correction, Fit, Split, StructureDiffers, Threshold, Traces, ledger_differences, within
from symcost.generalize import SizeGeneralizer
from symcost.ledger import LARGEST, Ledger
from symcost.places import differing, line_of, place
from symcost.polynomial import Poly, Size, bind, symbol
from symcost.predicates import Count, counts
from symcost.program import Program
from symcost.repeated import merging
from symcost.sampling import Condition, Point, Sampler, bounds, choices

DEEPEST, TURNS = 130, 6
"""Layers traced at most because another kind of layer begins there, and how many such depths."""

MANY = 48, 64
"""Layers, between these, with which a maximum is compared: what is the largest of few may be small beside many."""

SAMPLES = 4
"""Values of a structural symbol that are traced first; one more where no function of it fits."""


class Generalizer:
    """Generalises a family over all its symbols, structural ones found on the way.

    Attributes:
        structure: what was found of how the program's structure depends on the symbols.
    """

    def __init__(
        self,
        traces: Traces,
        domain: Domain,
        interpret: Callable[[Program], Ledger],
        hints: Sequence[Size] = (),
        suspected: Sequence[Condition] = (),
        branches: Callable[[], Branches] = Branches,
        small: bool = True,
        exacting: bool = False,
    ):
        self.traces, self.domain, self.interpret = traces, domain, interpret
        self.structure = Structure(traces, domain)
        self.hints, self.suspected = list(hints), list(suspected)
        self.branches, self.small, self.exacting = branches, small, exacting
        self._chosen: dict[str, list[int]] = {}
        self._counted: dict[str, list[Count]] = {}

    def run(self) -> Fit:
        """The fit of the whole family, checked at a fresh point.

        Raises:
            GeneralizationError: no formula of the grammar fits; the message says where and for which sizes.
        """
        last: StructureDiffers | None = None
        for _ in range(4 * len(self.domain.dims) + 8):
            try:
                fit = self._over(list(self.structure.structural), {}, None)
            except StructureDiffers as difference:
                last = difference
                self.structure.classify(difference)
                continue
            except Threshold as threshold:
                self.structure.divide(threshold)
                continue
            except Split as split:
                self.structure.split(split.condition)
                continue
            except NoSizesError:
                if last is None or not self.structure.breaks:
                    raise  # the user's own relations leave none
                raise self.structure.branch(last.a, last.b) from None
            if self.structure.structural:
                self._check(fit)
            return fit
        assert last is not None
        raise self.structure.branch(last.a, last.b)

    # -- fitting ---------------------------------------------------------------------------
    def _over(self, names: list[str], fixed: dict[str, int], known: Fit | None) -> Fit:
        if not names:
            generalizer = SizeGeneralizer(
                self.traces,
                self.domain,
                self.interpret,
                fixed,
                self.structure.breaks,
                self.structure.small_breaks,
                self.suspected,
                self.branches,
                self.small,
                self.exacting,
            )
            return generalizer.fit(check=not self.structure.structural, known=known, hints=self.hints)
        name, rest = names[-1], names[:-1]
        values = self._values(name)
        base_value = values[min(1, len(values) - 1)]
        self._chosen[name] = values
        base = self._over(rest, {**fixed, name: base_value}, known)
        fits = {base_value: base}
        for value in values:
            if value != base_value:
                fits[value] = self._over(rest, {**fixed, name: value}, base)
        spare = self._spare(name, values)
        while True:
            try:
                return self._solved(name, {v: fits[v] for v in sorted(fits)}, fixed, rest, base)
            except NoFunction as failure:
                if not spare:
                    raise self._unsolved(name, failure) from None
                value = spare.pop(0)
                fits[value] = self._over(rest, {**fixed, name: value}, base)

    def _solved(self, name: str, fits: Mapping[int, Fit], fixed, rest: list[str], base: Fit) -> Fit:
        """The fit from all samples; of maxima also from all but the smallest, which are special then.

        With two layers the first is the last but one, and what fuses with what is another matter than with more.
        """
        values = list(fits)
        failures = []
        for few in range(max(len(values) - SAMPLES, 0) + 1 if self.exacting else 1):
            try:
                return self._solve(name, {v: fits[v] for v in values[few:]}, fixed, rest, base, values[:few])
            except NoFunction as failure:
                failures.append(failure)
        raise failures[0]

    def _values(self, name: str) -> list[int]:
        if name in self._chosen:
            return self._chosen[name]
        dim = self.domain[name]
        found = choices(dim, 2, 4096 if dim.power_of else 40)
        traced = sorted({dict(key)[name] for key in self.traces.programs} & set(found[: SAMPLES + 2]))
        found = sorted({*traced[:SAMPLES], *[v for v in found if v not in traced][: max(0, SAMPLES - len(traced))]})
        least, most = bounds(dim)
        turning = {u for count in self._counts(name) for u in count.units if u in choices(dim, 2, DEEPEST)}
        found = sorted({*found, *sorted(turning)[:TURNS]})
        return found or choices(dim, least, least + SAMPLES if most is None else most)

    def _counts(self, name: str) -> list[Count]:
        """How often tests on the count of a loop hold (`if i % 3 == 0`), as functions of the symbol at its end."""
        if name not in self._counted:
            self._counted[name] = counts(self.structure.observed(), self.domain, name)
        return self._counted[name]

    def _spare(self, name: str, used: Sequence[int]) -> list[int]:
        return [v for v in choices(self.domain[name], 2, 4096 if self.domain[name].power_of else 12) if v not in used][
            :3
        ]

    def _solve(
        self, name: str, fits: Mapping[int, Fit], fixed, rest: list[str], base: Fit, small: Sequence[int]
    ) -> Fit:
        merge = merging(list(fits.values()))
        likely = [[count.formula] for count in self._counts(name) if count.formula is not None]
        ledger = solve_ledgers(self.domain, name, {v: f.ledger.group(merge) for v, f in fits.items()}, likely)
        corrections: list[Correction] = []
        for where in dict.fromkeys(c.where for f in fits.values() for c in f.corrections):
            if _of_maxima(ledger):
                # What corrections add to a maximum is a difference of two, which says less than each of them
                there = {v: within(f.ledger, f.corrections, where).group(merge) for v, f in fits.items()}
                known = within(ledger, corrections, where)
                found = solve_ledgers(self.domain, name, there, likely).combine(known, sign=-1)
            else:
                own = {
                    v: next((c.ledger for c in f.corrections if c.where == where), Ledger()) for v, f in fits.items()
                }
                found = solve_ledgers(self.domain, name, {v: o.group(merge) for v, o in own.items()}, likely)
            corrections.append(Correction(where, found))
        fit = Fit(ledger, corrections, base.formulas, base.constants, None, base.models, base.excluded)
        for value in (*small, *self._special_values(name)):
            self._special(fit, name, value, fixed, rest, base, merge)
        return fit

    def _special_values(self, name: str) -> list[int]:
        least, most = bounds(self.domain[name])
        return [v for v in (1, 0) if v >= least and (most is None or v <= most)]

    def _special(self, fit: Fit, name: str, value: int, fixed, rest, base: Fit, merge) -> None:
        """One layer, or none: a correction of its own where the general function deviates."""
        try:
            alone = self._over(rest, {**fixed, name: value}, base)
            if not self._holds_at_ones(alone, {**fixed, name: value}):
                alone = self._over(rest, {**fixed, name: value}, None)
        except BuildError as error:
            if isinstance(error, LoweringError):
                size = value * self.domain[name].multiple_of
                fit.excluded.append((f"{name} == {size}", error.what.split("\n")[0]))
            return
        actual = alone.complete().group(merge)
        predicted = fit.complete().map(lambda s: bind(s, {name: value}))
        delta = actual.combine(predicted, sign=-1)
        rows = [r for r in delta.rows if any(isinstance(s, Poly) or s for s in (r.count, *r.costs.values()))]
        if rows:
            fit.corrections.append(Correction(((symbol(name), value),), Ledger(rows)))

    def _holds_at_ones(self, fit: Fit, fixed: Mapping[str, int]) -> bool:
        """Whether a fit made by its neighbour's formulas holds where all other sizes are 1 too: what vanishes with a
        product of sizes (a mean over one element) is nothing that the neighbour could know."""
        ones = {d.name: max(1, bounds(d)[0]) for d in self.domain.dims} | dict(fixed)
        if set(ones) == set(fixed) or not Sampler(self.domain, dict(fixed)).valid(ones):
            return True
        try:
            concrete = self.interpret(self.traces.at(ones))
        except (BuildError, LoweringError):
            return True
        merge = merging([fit, Fit(concrete, [], [], set())], settled=fit)
        return not ledger_differences(fit.complete().group(merge), concrete.group(merge), ones)

    def _check(self, fit: Fit) -> None:
        """Compare with every program traced, and with fresh ones: other sizes, and more layers than any sample had."""
        names = self.structure.structural
        deepest = {name: max(self._chosen[name]) for name in names}
        beyond = max((c + 1 for c in self.branches().compared if c < DEEPEST), default=0)  # `if i == 9` in a loop
        deeper = {}
        for name, most in deepest.items():
            pool = choices(self.domain[name], max(most, beyond) + 2, 4 * max(most, beyond) + 8)
            deeper[name] = pool[0] if pool else most
        self._compare(fit, self._fresh(deeper))
        if self.traces.elements:  # XLA counts the taps of windows that are larger than what they go over
            self._compare(fit, self._fresh(deeper, small=True))
        for name in names if self.exacting else ():
            pool = choices(self.domain[name], *MANY)
            self._compare(fit, self._many(name, deepest, pool))
        for name in names:
            for count in self._counts(name):
                self._behind(fit, name, count, {**deeper, name: deepest[name]})
        for key in list(self.traces.programs):
            self._compare(fit, dict(key))

    def _many(self, name: str, deepest: Mapping[str, int], pool: Sequence[int]) -> Point | None:
        return self._fresh({**deepest, name: pool[0]}, small=True) if pool else None

    def _fresh(self, fixed: dict[str, int], small: bool = False) -> Point | None:
        sampler = Sampler(self.domain, fixed)
        if not sampler.free:
            return fixed
        for large in () if small else (True, False):
            point = sampler.check([], large=large)
            if point is None:
                continue
            try:
                self.traces.at(point)
            except LoweringError:
                continue
            return point
        return sampler.draw(random.Random(29), 2, 12)

    def _behind(self, fit: Fit, name: str, count: Count, fixed: dict[str, int]) -> None:
        """Compare where a test on layers begins to turn out otherwise, if no sample went that far."""
        units = [u for u in count.units if u > fixed[name] and u in choices(self.domain[name], u, u)]
        for unit in units[:TURNS] if count.formula is None else units[-1:]:
            if unit > DEEPEST:
                size = unit * self.domain[name].multiple_of
                raise GeneralizationError(
                    f"from {name} = {size} on, {count.test.text} turns out otherwise than in the programs traced",
                    where=count.test.source,
                    todo=advice("keep to smaller sizes, {}", declare(name, max=size - self.domain[name].multiple_of)),
                )
            self._compare(fit, self._fresh({**fixed, name: unit}, small=True))

    def _compare(self, fit: Fit, point: Point | None) -> None:
        if point is None:
            return
        try:
            program = self.traces.at(point)
        except BuildError:
            return  # these sizes cannot be built, so that no formula is wrong there
        concrete = self.interpret(program)
        merge = merging([fit, Fit(concrete, [], [], set())], settled=fit)
        differences = ledger_differences(fit.complete(), concrete.group(merge), point)
        if differences:
            sizes, name = self.traces.units.sizes(point), self.structure.structural[-1]
            key = differing(fit.complete(), concrete.group(merge), point)
            most = max(self._chosen[name]) * self.domain[name].multiple_of
            raise GeneralizationError(
                f"the formula found for {', '.join(self.structure.structural)} fails at a fresh point, "
                f"{format_sizes(sizes)}: {'; '.join(differences[:3])}",
                where=key and place(key.scope, line_of([program], key)),
                todo=advice(
                    "keep to the sizes that were tried, {}, or give a number in place of {}",
                    declare(name, max=most),
                    name,
                ),
            )

    def _unsolved(self, name: str, failure: NoFunction) -> GeneralizationError:
        unit, key = self.domain[name].multiple_of, failure.key
        values = "; ".join(f"{c} at {name}={v * unit}" for v, c in failure.values.items())
        what = "number of operations" if failure.quantity == "count" else failure.quantity
        return GeneralizationError(
            f"no function of {name} gives the {what} of {key.primitive!r}: {values}",
            where=place(key.scope, line_of(reversed(self.traces.programs.values()), key)),
            todo=advice(
                "give a number in place of {}, or declare which of its sizes you need, such as {} or {}",
                name,
                declare(name, multiple_of=4 * unit),
                declare(name, power_of=2),
            ),
        )


def _of_maxima(ledger: Ledger) -> bool:
    return any(q in LARGEST for row in ledger.rows for q in row.costs)
