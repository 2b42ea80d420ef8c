"""Structural symbols: those that change how many operations a program has (layers, unrolled time steps).

The sizes are generalised at each of a few values of the symbol. Rows of repeated
modules (`Block_0` ... `Block_5`) are added up under one name (`Block_*`), and each
coefficient of each row is solved as a function of the symbol: constant, powers,
geometric series (widths that double per stage), floor(L/q) (every second layer).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from symcost.domain import Domain, format_sizes
from symcost.errors import BuildError, GeneralizationError, LoweringError
from symcost.generalize import (
    Correction,
    Fit,
    SizeGeneralizer,
    StructureDiffers,
    Traces,
    ledger_differences,
)
from symcost.ledger import Key, Ledger, Row
from symcost.polynomial import (
    Number,
    Poly,
    Size,
    bind,
    evaluate,
    floor_div,
    floor_log2,
    make,
    mod,
    power,
    symbol,
    terms_of,
)
from symcost.program import Program
from symcost.sampling import LARGE, Condition, Point, Sampler, bounds, choices
from symcost.solve import _linear
from symcost.symbolize import first_difference, structure

SMALL = 33
"""Where structure differs at small sizes, larger ones are first sought from here on: above five halvings."""

SAMPLES = 4
"""Values of a structural symbol that are traced first; one more where no function of it fits."""


class Generalizer:
    """Generalises a family over all its symbols, structural ones found on the way.

    Attributes:
        structural: names of the structural symbols, in the order found.
    """

    def __init__(
        self,
        traces: Traces,
        domain: Domain,
        interpret: Callable[[Program], Ledger],
        structural: Sequence[str] = (),
        hints: Sequence[Size] = (),
    ):
        self.traces, self.domain, self.interpret = traces, domain, interpret
        self.structural: list[str] = list(structural)
        self.hints = list(hints)
        self._chosen: dict[str, list[int]] = {}
        self.breaks: list[Condition] = []
        self.small_breaks: dict[str, int] = {}

    def run(self) -> Fit:
        """The fit of the whole family, checked at a fresh point.

        Raises:
            GeneralizationError: no formula of the grammar fits; the message says where and for which sizes.
        """
        for _ in range(2 * len(self.domain.dims) + 2):
            try:
                fit = self._over(list(self.structural), {}, None)
            except StructureDiffers as difference:
                self._classify(difference)
                continue
            if self.structural:
                self._check(fit)
            return fit
        raise GeneralizationError("the program's structure changes with every symbol", todo="fix one of them")

    # -- which symbol changes the structure, and how -----------------------------------------
    def _classify(self, difference: StructureDiffers) -> None:
        """Note what explains a difference in structure: a structural symbol, small sizes, or a remainder."""
        name, a, b = self._responsible(difference)
        if name in self.structural:
            raise self._branch(a, b)
        if self._grows(name, a, b):
            self.structural.append(name)
            return
        if name not in self.small_breaks:
            self.small_breaks[name] = SMALL  # larger sizes will show whether it is more than that
            return
        far = self._far(name, a)
        odd = [p for p in far if structure(self.traces.at(p)) != structure(self.traces.at(far[0]))]
        if far and not odd and 2 * self.small_breaks[name] < LARGE:
            self.small_breaks[name] *= 2
            return
        modulus = self._modulus(name, far[0]) if far else None
        if modulus is None or any(c[0] == mod(symbol(name), modulus) for c in self.breaks):
            del self.small_breaks[name]
            self.structural.append(name)
            return
        del self.small_breaks[name]
        self.breaks.append((mod(symbol(name), modulus), 0))

    def _responsible(self, difference: StructureDiffers) -> tuple[str, Point, Point]:
        """The symbol whose change alone changes the structure, with two points that show it."""
        a, b = difference.a, difference.b
        base = structure(self.traces.at(a))
        candidates = [n for n in self.domain.names if n not in self.structural and a[n] != b[n]]
        shapes = [{d for v in self.traces.at(p).inputs for d in v.shape} for p in (a, b)]
        sizes = [self.traces.units.sizes(p) for p in (a, b)]
        # A count of layers is seldom the size of an array.
        candidates.sort(key=lambda n: all(s[n] in dims for s, dims in zip(sizes, shapes, strict=True)))
        for name in candidates:
            mixed = {**a, name: b[name]}
            if mixed == b:
                return name, a, b
            program = self._try(mixed)
            if program is not None and structure(program) != base:
                return name, a, mixed
        raise self._branch(a, b)

    def _try(self, point: Point) -> Program | None:
        """The program at a point; None where the domain or the model does not allow it."""
        if not Sampler(self.domain).valid(point):
            return None
        try:
            return self.traces.at(point)
        except BuildError:
            return None

    def _grows(self, name: str, a: Point, b: Point) -> bool:
        """Whether modules are added, or operations in proportion, as the symbol grows."""
        at_a, at_b = self.traces.at(a), self.traces.at(b)
        scopes = [{i.template.scope for i in p.walk()} for p in (at_a, at_b)]
        if any(_INDEXED.match(s.rsplit("/", 1)[-1]) for s in scopes[0] ^ scopes[1]):
            return True
        low, high = sorted((a[name], b[name]))
        counts = {p[name]: sum(1 for _ in q.walk()) for p, q in ((a, at_a), (b, at_b))}
        third = self._try({**a, name: 2 * high - low})
        if third is None:
            return self.domain[name].power_of is not None
        growth = counts[high] - counts[low]
        # so many operations for each unit; dimensions that become 1 one after the other add fewer, and unevenly
        return growth > 0 and growth % (high - low) == 0 and sum(1 for _ in third.walk()) - counts[high] == growth

    def _far(self, name: str, a: Point) -> list[Point]:
        """Points at which only `name` differs from `a`, large, and with other remainders than each other."""
        points = [{**a, name: v} for v in (101, 103, 144) if v in choices(self.domain[name], v, v)]
        return [p for p in points if self._try(p) is not None]

    def _modulus(self, name: str, base: Point) -> int | None:
        """The smallest modulus whose multiples have another structure than `base`, a size without small factors."""
        for modulus in (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 32, 64, 128):
            factor = next(f for f in (37, 41, 43) if modulus * f > 64)
            program = self._try({**base, name: modulus * factor if modulus < 32 else modulus})
            if program is not None and structure(program) != structure(self.traces.at(base)):
                return modulus
        return None

    def _branch(self, a: Point, b: Point) -> GeneralizationError:
        x, y = first_difference(self.traces.at(a), self.traces.at(b))
        at_a, at_b = (format_sizes(self.traces.units.sizes(p)) for p in (a, b))
        steps = [f"{i.template.primitive!r} at {s}" if i else f"nothing at {s}" for i, s in ((x, at_a), (y, at_b))]
        source = next((str(i.source) for i in (x, y) if i and str(i.source or "")), "")
        scope = next((i.template.scope for i in (x, y) if i and i.template.scope), "")
        return GeneralizationError(
            f"the program changes with the sizes in a way that no formula covers: {steps[0]}, {steps[1]}",
            where=", ".join(filter(None, [scope, source])) or None,
            todo="declare a domain on one side of the branch, e.g. sc.dim(name, multiple_of=...) or sc.dim(name, min=...)",
        )

    # -- fitting ---------------------------------------------------------------------------
    def _over(self, names: list[str], fixed: dict[str, int], known: Fit | None) -> Fit:
        if not names:
            generalizer = SizeGeneralizer(
                self.traces, self.domain, self.interpret, fixed, self.breaks, self.small_breaks
            )
            return generalizer.fit(check=not self.structural, known=known, hints=self.hints)
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
                return self._solve(name, {v: fits[v] for v in sorted(fits)}, fixed, rest, base)
            except _NoFunction as failure:
                if not spare:
                    raise self._unsolved(name, failure) from None
                value = spare.pop(0)
                fits[value] = self._over(rest, {**fixed, name: value}, base)

    def _values(self, name: str) -> list[int]:
        if name in self._chosen:
            return self._chosen[name]
        dim = self.domain[name]
        found = choices(dim, 2, 4096 if dim.power_of else 40)
        traced = sorted({dict(key)[name] for key in self.traces.programs} & set(found[: SAMPLES + 2]))
        found = sorted({*traced[:SAMPLES], *[v for v in found if v not in traced][: max(0, SAMPLES - len(traced))]})
        return found or choices(dim, *(lambda low, high: (low, high or low + SAMPLES))(*bounds(dim)))

    def _spare(self, name: str, used: Sequence[int]) -> list[int]:
        return [v for v in choices(self.domain[name], 2, 4096 if self.domain[name].power_of else 12) if v not in used][
            :3
        ]

    def _solve(self, name: str, fits: Mapping[int, Fit], fixed, rest: list[str], base: Fit) -> Fit:
        merge = _merging([fit for fit in fits.values()])
        ledger = _solve_ledgers(self.domain, name, {v: f.ledger.group(merge) for v, f in fits.items()})
        corrections = []
        for where in dict.fromkeys(c.where for f in fits.values() for c in f.corrections):
            ledgers = {
                v: next((c.ledger.group(merge) for c in f.corrections if c.where == where), Ledger())
                for v, f in fits.items()
            }
            corrections.append(Correction(where, _solve_ledgers(self.domain, name, ledgers)))
        fit = Fit(ledger, corrections, base.formulas, base.constants, None, base.models, base.excluded)
        for value in self._special_values(name):
            self._special(fit, name, value, fixed, rest, base, merge)
        return fit

    def _special_values(self, name: str) -> list[int]:
        least, _ = bounds(self.domain[name])
        return [v for v in (1, 0) if v >= least and (self.domain[name].max is None or v <= self.domain[name].max)]

    def _special(self, fit: Fit, name: str, value: int, fixed, rest, base: Fit, merge) -> None:
        """One layer, or none: a correction of its own where the general function deviates."""
        try:
            alone = self._over(rest, {**fixed, name: value}, base)
        except BuildError as error:
            size = value * self.domain[name].multiple_of
            fit.excluded.append((f"{name} == {size}", error.what.split("\n")[0]))
            return
        actual = alone.complete().group(merge)
        predicted = fit.complete().map(lambda s: bind(s, {name: value}))
        delta = actual.combine(predicted, sign=-1)
        rows = [r for r in delta.rows if any(isinstance(s, Poly) or s for s in (r.count, *r.costs.values()))]
        if rows:
            fit.corrections.append(Correction(((symbol(name), value),), Ledger(rows)))

    def _check(self, fit: Fit) -> None:
        """Compare with one more program: other sizes, and more layers than any sample had."""
        fixed = {}
        for name in self.structural:
            used = self._chosen[name]
            pool = [v for v in choices(self.domain[name], max(used) + 2, 4 * max(used) + 8)]
            fixed[name] = pool[0] if pool else used[-1]
        sampler = Sampler(self.domain, fixed)
        point = sampler.check([], large=True) if sampler.free else fixed
        if point is None:
            return
        try:
            program = self.traces.at(point)
        except LoweringError:
            point = sampler.check([], large=False)
            if point is None:
                raise
            program = self.traces.at(point)
        concrete = self.interpret(program)
        merge = _merging([fit, Fit(concrete, [], [], set())], settled=fit)
        differences = ledger_differences(fit.complete(), concrete.group(merge), point)
        if differences:
            raise GeneralizationError(
                f"the formula found for {', '.join(self.structural)} fails at a fresh point",
                where=f"{format_sizes(self.traces.units.sizes(point))}: " + "; ".join(differences[:3]),
                todo="declare a narrower domain, e.g. sc.dim(name, max=...), or fix the symbol to a number",
            )

    def _unsolved(self, name: str, failure: _NoFunction) -> GeneralizationError:
        values = "; ".join(f"{c} at {name}={v}" for v, c in failure.values.items())
        return GeneralizationError(
            f"no function of {name} gives the {failure.quantity} of {failure.key.primitive!r}: coefficients {values}",
            where=failure.key.scope or None,
            todo=f"fix {name} to a number, or declare its domain, e.g. sc.dim({name!r}, multiple_of=...) or power_of=2",
        )


class _NoFunction(Exception):
    def __init__(self, key: Key, quantity: str, values: Mapping[int, Number]):
        self.key, self.quantity, self.values = key, quantity, values


# -- rows that belong together ----------------------------------------------------------------

_INDEXED = re.compile(r"^(.*?)(\d+)$")


def _merging(fits: Sequence[Fit], settled: Fit | None = None) -> Callable[[Key], Key]:
    """Renames scopes so that repeated modules share one row: `Block_3` -> `Block_*` where the number of blocks varies."""
    found = [_scopes(f) for f in fits]
    varying: set[tuple[str, ...]] = set()
    if settled is not None:
        varying = {tuple(s[: i + 1]) for s in found[0] for i, part in enumerate(s) if part.endswith("*")}
        varying = {(*v[:-1], v[-1][:-1]) for v in varying}
    else:
        depth = max((len(s) for scopes in found for s in scopes), default=0)
        for level in range(depth):
            prefixes = [
                {(_starred(s[:level], varying), s[level]) for s in scopes if len(s) > level} for scopes in found
            ]
            common = set.intersection(*prefixes) if prefixes else set()
            for parent, part in set.union(*prefixes) - common if prefixes else ():
                match = _INDEXED.match(part)
                if match:
                    varying.add((*parent, match[1]))

    def merge(key: Key) -> Key:
        return replace(key, scope="/".join(_starred(tuple(key.scope.split("/")), varying)) if key.scope else "")

    return merge


def _scopes(fit: Fit) -> set[tuple[str, ...]]:
    ledgers = [fit.ledger, *(c.ledger for c in fit.corrections)]
    return {tuple(r.key.scope.split("/")) for ledger in ledgers for r in ledger.rows if r.key.scope}


def _starred(parts: tuple[str, ...], varying: set[tuple[str, ...]]) -> tuple[str, ...]:
    done: tuple[str, ...] = ()
    for part in parts:
        match = _INDEXED.match(part)
        done = (*done, f"{match[1]}*" if match and (*done, match[1]) in varying else part)
    return done


# -- functions of the structural symbol ---------------------------------------------------------


def _solve_ledgers(domain: Domain, name: str, ledgers: Mapping[int, Ledger]) -> Ledger:
    """One ledger whose coefficients are functions of `name`."""
    keys = dict.fromkeys(r.key for ledger in ledgers.values() for r in ledger.rows)
    by_key = {v: {r.key: r for r in ledger.rows} for v, ledger in ledgers.items()}
    memo: dict[tuple, Size] = {}
    logarithms = domain[name].power_of == 2
    rows = []
    for key in keys:
        present = {v: rows_.get(key) for v, rows_ in by_key.items()}
        quantities = dict.fromkeys(q for r in present.values() if r for q in r.costs)
        row = Row(
            key, _function(name, {v: r.count if r else 0 for v, r in present.items()}, key, "count", memo, logarithms)
        )
        for q in quantities:
            row.costs[q] = _function(name, {v: r[q] if r else 0 for v, r in present.items()}, key, q, memo, logarithms)
        rows.append(row)
    unknown = dict.fromkeys(u for ledger in ledgers.values() for u in ledger.unknown)
    return Ledger(rows, unknown)


def _function(name: str, sizes: Mapping[int, Size], key: Key, quantity: str, memo: dict, logarithms: bool) -> Size:
    """A size whose coefficients, monomial by monomial, are functions of `name`."""
    monomials = dict.fromkeys(m for s in sizes.values() for m in terms_of(s))
    result: Size = 0
    for m in monomials:
        values = {v: terms_of(s).get(m, 0) for v, s in sizes.items()}
        at = tuple(values.items())
        if at not in memo:
            memo[at] = _coefficient(name, values, key, quantity, logarithms)
        result = result + memo[at] * make({m: 1})
    return result


def _coefficient(name: str, values: Mapping[int, Number], key: Key, quantity: str, logarithms: bool) -> Size:
    at, wanted = list(values), tuple(values.values())
    if len(set(wanted)) == 1:
        return wanted[0]  # type: ignore[return-value]
    for basis in _bases(symbol(name), logarithms):
        if len(basis) + 1 >= len(at):  # one point must be left to check the fit
            continue
        columns = [tuple(_at(b, name, v) for v in at) for b in basis]
        fit = _linear(columns, wanted)
        if fit is not None:
            return sum((c * b for c, b in zip(fit[1:], basis, strict=True)), start=make({(): fit[0]}))
    raise _NoFunction(key, quantity, values)


def _at(size: Size, name: str, value: int):
    return evaluate(size, {name: value})


def _bases(n: Poly, logarithms: bool) -> list[list[Size]]:
    """Functions (beside a constant) from which a coefficient may be made, simplest first."""
    bases: list[list[Size]] = [[n], [n * n], [n, n * n], [n**3]]
    if logarithms:  # the symbol is a power of two: divide and conquer, FFT by stages, tree reductions
        log = floor_log2(n)
        return [*bases[:1], [log], [n, log], [n, n * log], [log, log * log], [n, log, n * log], *bases[1:]]
    for r in (2, 3, 4):
        bases += [[power(r, n)], [power(r * r, n)], [n, power(r, n)]]
    for q in (2, 3, 4):
        bases += [[floor_div(n, q)], [floor_div(n + q - 1, q)], [n, floor_div(n, q)], [n, floor_div(n + q - 1, q)]]
    bases += [
        [n, n * n, n**3],
        [power(2, n), power(4, n)],
        [power(2, n), n * power(2, n)],
        [n, power(2, n), power(4, n)],
    ]
    return bases
