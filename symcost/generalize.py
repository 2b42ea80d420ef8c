"""Concrete programs at a few points -> one ledger that holds for all sizes of the domain.

The course of it (docs/architecture.md has the picture):

1. Trace at points in general position. If two points differ in structure, the symbols
   responsible are *structural* (`symcost.structural` takes over for them).
2. Line up the slots and solve them (`symcost.symbolize`); add points where a slot has
   no formula yet or two formulas fit.
3. Check at a fresh, large point that was used for nothing else.
4. Try the special sizes, 1 above all, and correct the formula where the program there
   costs something else (`Correction`).

The result is a formula that was checked, or an error that names the slot, the source
line and the values; never a formula that failed its check.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from symcost.domain import Domain, format_sizes
from symcost.errors import BuildError, GeneralizationError, LoweringError
from symcost.ledger import Key, Ledger, Row
from symcost.polynomial import Atom, Poly, Size, bind, evaluate, indicator, product, substitute, symbol, symbols_of
from symcost.program import Program
from symcost.sampling import Condition, Point, Sampler, Units, bounds
from symcost.solve import Solver
from symcost.symbolize import Models, Unsolved, agrees, structure, symbolize

POINTS = 4
"""Points in general position to begin with: enough for constants, symbols, multiples of monomials and lines in
them, which is what nearly all slots hold; a slot that needs more asks for it."""

EXTRA_POINTS = 6
"""Points added at most for slots that are unsolved or ambiguous."""


@dataclass
class Traces:
    """Programs by point; each is traced once."""

    program_at: Callable[[Mapping[str, int]], Program]  # user's sizes -> program
    units: Units
    progress: Callable[[str], None] = lambda message: None
    programs: dict[tuple, Program] = field(default_factory=dict)

    def having(self, sampler: Sampler) -> list[Point]:
        """Points traced before that `sampler` could have drawn."""
        points = [dict(key) for key in self.programs]
        return [p for p in points if all(p[n] == v for n, v in sampler.fixed.items()) and sampler.valid(p)]

    def at(self, point: Mapping[str, int]) -> Program:
        """The program at a point (in units)."""
        key = tuple(point.items())
        if key not in self.programs:
            self.progress(f"tracing at {format_sizes(self.units.sizes(point))}")
            self.programs[key] = self.program_at(self.units.sizes(point))
        return self.programs[key]

    @property
    def count(self) -> int:
        """Points traced so far."""
        return len(self.programs)


class StructureDiffers(Exception):
    """Two points of a family have programs of different structure."""

    def __init__(self, a: Point, b: Point):
        self.a, self.b = a, b


Where = tuple[Condition, ...]
"""Conditions that hold together: ((B, 1), (M, 0)), or ((ceil(H/16), 1),)."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What to add to the general ledger where all conditions of `where` hold."""

    where: Where
    ledger: Ledger

    def applied(self) -> Ledger:
        """The correction under its indicator."""
        return self.ledger.scale(product(indicator(size, value) for size, value in self.where))


@dataclass
class Fit:
    """A family (with some symbols fixed) as formulas in units.

    Attributes:
        ledger: the general costs, without corrections. corrections: at special sizes.
        formulas, constants: what slots were found to be, to be tried first in neighbouring families.
        program: the symbolic program, where there is one for all sizes.
        models: symbolic programs of the family, whose operations help to recognise neighbours.
        excluded: (condition, reason) of special sizes that cannot be built.
    """

    ledger: Ledger
    corrections: list[Correction]
    formulas: list[Size]
    constants: set[int]
    program: Program | None = None
    models: list[Program] = field(default_factory=list)
    excluded: list[tuple[str, str]] = field(default_factory=list)

    def complete(self) -> Ledger:
        """General costs and corrections in one ledger."""
        result = self.ledger
        for correction in self.corrections:
            result = result.combine(correction.applied())
        return result


class SizeGeneralizer:
    """Generalises over size symbols, with structural symbols fixed.

    Args:
        traces: the family's programs. domain: its symbols.
        interpret: program -> ledger, concrete or symbolic.
        fixed: units of the symbols that are not to be generalised here.
        breaks: conditions under which the program is known to have another structure; the
            general formula is found where none of them holds.
        small_breaks: symbols at whose small sizes the structure differs, and the unit from which it does not.
    """

    def __init__(
        self,
        traces: Traces,
        domain: Domain,
        interpret: Callable[[Program], Ledger],
        fixed: Mapping[str, int] | None = None,
        breaks: Sequence[Condition] = (),
        small_breaks: Mapping[str, int] | None = None,
    ):
        self.traces, self.domain, self.interpret = traces, domain, interpret
        self.breaks, self.small_breaks = tuple(breaks), dict(small_breaks or {})
        self.regions: dict[Condition, tuple[str, frozenset[int]]] = {}  # derived conditions: symbol, where they hold
        floors = {n: floor for n, floor in self.small_breaks.items() if n not in (fixed or {})}
        self.sampler = Sampler(domain, fixed, avoid=self.breaks, floors=floors)
        self.names = [d.name for d in self.sampler.free]
        self.least = min((bounds(d)[0] for d in self.sampler.free), default=1)

    # -- the general formula -------------------------------------------------------------
    def fit(self, *, check: bool = True, known: Fit | None = None, hints: Sequence[Size] = ()) -> Fit:
        """Formulas for all sizes.

        Args:
            check: compare with the program at a fresh point. known: a neighbouring family's fit, which
                saves points. hints: formulas that are likely to occur.
        """
        if known is not None:
            return self._neighbour(known)
        if not self.names:
            program = self.traces.at(self.sampler.fixed)
            return Fit(self.interpret(program), [], [], set(), program)
        points = self.sampler.generic(POINTS, small=0 if self.small_breaks else 2)
        program, solver = self._solve(points, hints)
        if check:
            program, solver = self._checked(program, solver, points, hints)
        fit = Fit(self.interpret(program), [], solver.formulas(), solver.constants, program, [program])
        self._specials(fit)
        return fit

    def _solve(self, points: list[Point], known: Sequence[Size]) -> tuple[Program, Solver]:
        """Line up and solve; appends to `points` what it needed besides."""
        for _ in range(EXTRA_POINTS + 1):
            programs = []
            for point in points:
                programs.append(self.traces.at(point))
                if structure(programs[-1]) != structure(programs[0]):
                    raise StructureDiffers(points[0], point)
            solver = Solver(points, self.names, known, least=self.least)
            try:
                symbolic = symbolize(programs, solver)
            except Unsolved as error:
                failure = error
                more = self.sampler.more(points)
            else:
                wanted = self._separating(solver, points)
                if wanted is None:
                    return symbolic, solver
                failure = Unsolved(programs[0].instructions[0].template, "", ())
                more = [wanted]
            if not more:
                break
            points.extend(more)
        raise self._refusal(failure, points)

    def _separating(self, solver: Solver, points: Sequence[Point]) -> Point | None:
        for first, second in solver.conflicts:
            point = self.sampler.separating(lambda p, a=first, b=second: evaluate(a, p) != evaluate(b, p), points)
            if point is not None:
                return point
        return None

    def _refusal(self, failure: Unsolved, points: Sequence[Point]) -> GeneralizationError:
        sizes = [format_sizes(self.traces.units.sizes(p)) for p in points]
        seen = "; ".join(f"{v} at {s}" for v, s in zip(failure.values, sizes, strict=False))
        return GeneralizationError(
            f"no formula was found for a size of {failure.template.primitive!r}: {seen}",
            where=", ".join(filter(None, [failure.template.scope, failure.source])) or None,
            todo="declare what the sizes have in common, e.g. sc.dim(name, multiple_of=...), or fix a symbol to a number",
        )

    def _checked(self, program: Program, solver: Solver, points: list[Point], known) -> tuple[Program, Solver]:
        """The solution after its check at a fresh point; further rounds of solving if the check fails."""
        large = True
        for attempt in range(4):
            point = self.sampler.check(points, large=large and attempt != 1)
            if point is None:  # a domain with so few sizes that all were used
                return program, solver
            try:
                concrete = self.traces.at(point)
            except LoweringError:
                if not large:
                    raise
                large = False
                continue
            if agrees(program, concrete, point) or not self.differences(self.interpret(program), concrete, point):
                return program, solver
            if structure(concrete) != structure(self.traces.at(points[0])):
                raise StructureDiffers(points[0], point)
            points.append(point)
            program, solver = self._solve(points, known)
        raise self._broken(program, points[-1])

    def _broken(self, program: Program, point: Point) -> GeneralizationError:
        concrete = self.traces.at(point)
        return GeneralizationError(
            "the formula found at the sample points fails at a fresh point",
            where=f"{format_sizes(self.traces.units.sizes(point))}: "
            + "; ".join(self.differences(self.interpret(program), concrete, point)[:3]),
            todo="declare the domain more narrowly with sc.dim(name, max=...) or multiple_of=...",
        )

    def differences(self, ledger: Ledger, concrete: Program, point: Mapping[str, int]) -> list[str]:
        """Where a ledger's value at a point is not what the concrete program costs; by scope and phase."""
        return ledger_differences(ledger, self.interpret(concrete), point)

    # -- a neighbouring family -------------------------------------------------------------
    def _neighbour(self, known: Fit) -> Fit:
        """The fit of a family whose formulas are mostly those of `known`: one or two points instead of six."""
        program, solver = self._recognise((), known)
        fit = Fit(self.interpret(program), [], solver.formulas(), solver.constants, program, [program])
        for correction in known.corrections:
            self._correct(fit, correction.where)
        return fit

    def _region(self, where: Where) -> Sampler:
        """A sampler of the sizes where all conditions of `where` hold, and no other break."""
        fixed = {**self.sampler.fixed, **_bound(where)}
        require = [c for c in where if _name(c) is None]
        avoid = [c for c in self.breaks if c not in where]
        avoid += [c for c in self.regions if not self._implied((c,), where)]
        concerned = {n for size, _ in where for n in symbols_of(size)} | set(fixed)
        floors = {n: floor for n, floor in self.small_breaks.items() if n not in concerned}
        return Sampler(self.domain, fixed, require, avoid, floors)

    def _implied(self, these: Where, where: Where) -> bool:
        """Whether all of `these` hold wherever all of `where` do."""
        held = [self._where(c) for c in where]

        def holds(condition: Condition) -> bool:
            name, values = self._where(condition)
            return condition in where or any(n == name and v <= values for n, v in held)

        return all(holds(condition) for condition in these)

    def _where(self, condition: Condition) -> tuple[str, frozenset[int]]:
        """The symbol that a condition is about, and the units at which it holds."""
        name = _name(condition)
        if name is not None:
            return name, frozenset((condition[1],))
        return self.regions.get(condition, ("", frozenset()))

    def _recognise(self, where: Where, known: Fit) -> tuple[Program, Solver]:
        """Solve the family where the conditions of `where` hold, by formulas known elsewhere."""
        sampler, bound = self._region(where), _bound(where)
        names = [n for n in self.names if n not in bound]
        formulas = list(dict.fromkeys(bind(f, bound) for f in known.formulas))
        constants = known.constants | set(self.sampler.fixed.values()) | {value for _, value in where}
        models = Models(known.models, bound)
        points: list[Point] = []
        failure: Unsolved | None = None
        program: Program | None = None
        for attempt in range(EXTRA_POINTS):
            point = self._telling(sampler, formulas, constants, points, attempt)
            if point is None:
                break
            concrete = self.traces.at(point)
            if points and structure(concrete) != structure(self.traces.at(points[0])):
                raise StructureDiffers(points[0], point)
            if program is not None and agrees(program, concrete, point):
                return program, solver
            points.append(point)
            solver = Solver(points, names, formulas, constants, self.least)
            try:
                program = symbolize([self.traces.at(p) for p in points], solver, models)
            except Unsolved as error:
                program, failure = None, error
                continue
            if not solver.guessed and len(points) == 1:
                return program, solver
        if program is not None and (not sampler.free or point is None):
            return program, solver  # all sizes of the region were used
        if failure is None:
            raise GeneralizationError(f"no sizes to sample where {_text(where)}")
        raise self._refusal(failure, points)

    def _telling(
        self, sampler: Sampler, formulas: Sequence[Size], constants: set[int], before: Sequence[Point], attempt: int
    ) -> Point | None:
        """A point at which known formulas and constants have different values, so that values tell formulas."""
        if not sampler.free:
            return dict(sampler.fixed) if not before else None
        names = [d.name for d in sampler.free]

        def fresh(point: Point) -> bool:
            """Other than all points before in every free symbol, so that what is equal is a constant."""
            return all(point[n] != p[n] for n in names for p in before)

        symbolic = [f for f in formulas if isinstance(f, Poly)]

        def clashes(point: Point) -> int:
            values = [evaluate(f, point) for f in symbolic]
            return len(values) - len(set(values)) + 2 * len(set(values) & constants)

        traced = [p for p in self.traces.having(sampler) if fresh(p) and not clashes(p)]
        if traced:
            return traced[0]
        rng = random.Random(17 + attempt)
        best, fewest = None, -1
        for low, high in [(13, 97)] * 30 + [(2, 400)] * 10 + [(1, 400)] * 10:
            if best is not None and high == 400:
                break
            point = sampler.draw(rng, low, high)
            if point is None or not fresh(point):
                continue
            n = clashes(point)
            if best is None or n < fewest:
                best, fewest = point, n
                if not n:
                    break
        return best

    # -- special sizes ---------------------------------------------------------------------
    def _specials(self, fit: Fit) -> None:
        """Compare with the program at special sizes, and correct the formula where it differs there."""
        for condition in self.breaks:
            self._correct(fit, (condition,))
        singles = [(symbol(d.name), v) for d in self.sampler.free for v in _special_values(d)]
        derived: list[Condition] = []
        for condition in singles:
            name = _name(condition) or ""
            small = name in self.small_breaks and self._disagreeing(fit) is not None
            if small or not self._explained(fit, (condition,)):
                derived += self._derived(fit, name)
        possible = [condition for condition in singles if self._correct(fit, (condition,))]
        ones = [condition for condition in possible if condition[1] == 1]
        # Wider regions first: a correction is what those that hold on a wider region leave over.
        for condition in dict.fromkeys(derived):
            others = [one for one in ones if _name(one) not in symbols_of(condition[0])]
            self._interactions(fit, [condition, *others])
        self._interactions(fit, ones)
        self._small(fit)

    def _interactions(self, fit: Fit, conditions: Sequence[Condition]) -> None:
        """All at once: a difference that the corrections so far do not explain comes from an interaction."""
        size = 2
        while size <= len(conditions) and not self._explained(fit, tuple(conditions)):
            for where in itertools.combinations(conditions, size):
                self._correct(fit, where)
                if self._explained(fit, tuple(conditions)):
                    break
            size += 1

    def _derived(self, fit: Fit, name: str) -> list[Condition]:
        """Corrections where a dimension that follows from a symbol is 1: an image of 16 pixels, halved four times.

        Returns:
            The conditions tried, the widest first.
        """
        least, most = bounds(self.domain[name])
        candidates = range(least, min(most or 400, 400) + 1)
        regions: dict[tuple[int, ...], Condition] = {}
        for formula in fit.formulas:
            if symbols_of(formula) == {name} and _name((formula, 1)) is None and isinstance(formula, Poly):
                where = tuple(v for v in candidates if evaluate(formula, {name: v}) == 1)
                if len(where) > 1 and where[-1] < 400:
                    regions.setdefault(where, (formula, 1))
        ordered = sorted(regions.items(), key=lambda item: -len(item[0]))
        self.regions.update({condition: (name, frozenset(region)) for region, condition in ordered})
        for _, condition in ordered:
            if not self._explained(fit, (condition,)):
                self._correct(fit, (condition,))
        return [condition for _, condition in ordered]

    def _disagreeing(self, fit: Fit) -> tuple[Point, list[str]] | None:
        """A point traced so far at which the formula is wrong, with the differences."""
        complete = fit.complete()
        for point in self.traces.having(Sampler(self.domain, self.sampler.fixed)):
            concrete = self.traces.at(point)
            if fit.program is not None and not fit.corrections and agrees(fit.program, concrete, point):
                continue
            differences = self.differences(complete, concrete, point)
            if differences:
                return point, differences
        return None

    def _small(self, fit: Fit) -> None:
        """Every point traced so far must agree."""
        found = self._disagreeing(fit)
        if found is None:
            return
        point, differences = found
        raise GeneralizationError(
            "the program changes with the sizes in a way that no formula covers",
            where=f"{format_sizes(self.traces.units.sizes(point))}: " + "; ".join(differences[:3]),
            todo="declare a domain without these sizes, e.g. sc.dim(name, min=...) or multiple_of=...",
        )

    def _explained(self, fit: Fit, where: Where) -> bool:
        """Whether the formula with its corrections holds where all of `where` hold; True if that can't be built."""
        sampler = self._region(where)
        point = self._telling(sampler, [bind(f, _bound(where)) for f in fit.formulas], fit.constants, [], 0)
        if point is None:
            return True
        try:
            concrete = self.traces.at(point)
        except BuildError:
            return True
        if not fit.corrections and fit.program is not None and agrees(fit.program, concrete, point):
            return True
        return not self.differences(fit.complete(), concrete, point)

    def _correct(self, fit: Fit, where: Where) -> bool:
        """Add the correction for `where`, if one is needed; False if these sizes cannot be built."""
        bound = _bound(where)
        try:
            point = self._telling(self._region(where), [bind(f, bound) for f in fit.formulas], fit.constants, [], 0)
            if point is None:
                return False
            self.traces.at(point)
            if self._explained(fit, where):
                return True
            program, _ = self._recognise(where, fit)
        except BuildError as error:
            sizes = {n: v * self.domain[n].multiple_of for n, v in bound.items()}
            if not sizes:
                raise
            fit.excluded.append((", ".join(f"{n} == {v}" for n, v in sizes.items()), error.what.split("\n")[0]))
            return False
        predicted = fit.ledger
        for correction in fit.corrections:
            if self._implied(correction.where, where):
                predicted = predicted.combine(correction.ledger)
        predicted = predicted.map(lambda s: _given(s, where))
        delta = self.interpret(program).combine(predicted, sign=-1)
        rows = self._nonzero(delta, where)
        if rows:
            fit.corrections.append(Correction(where, Ledger(rows)))
            fit.models.append(program)
        return True

    def _nonzero(self, delta: Ledger, where: Where) -> list[Row]:
        """Rows of a difference that differ from 0 somewhere in the region."""
        rng = random.Random(3)
        sampler = self._region(where)
        points = [p for high in (40, 40, 200, 200, 400, 400) if (p := sampler.draw(rng, 0, high)) is not None]

        def vanishes(size: Size) -> bool:
            return (not isinstance(size, Poly) and not size) or all(_value(size, p) == 0 for p in points)

        rows = []
        for row in delta.rows:
            costs = {q: s for q, s in row.costs.items() if not vanishes(s)}
            if costs:
                rows.append(Row(row.key, row.count, costs))
        return rows


def _name(condition: Condition) -> str | None:
    """The symbol of a condition on a symbol alone; None for a condition on a formula."""
    size = condition[0]
    if isinstance(size, Poly) and len(size.terms) == 1:
        ((monomial, c),) = size.terms.items()
        if c == 1 and len(monomial) == 1 and monomial[0][1] == 1 and monomial[0][0].kind == "symbol":
            return monomial[0][0].name
    return None


def _bound(where: Where) -> dict[str, int]:
    """Symbols that the conditions fix."""
    return {name: condition[1] for condition in where if (name := _name(condition)) is not None}


def _given(size: Size, where: Where) -> Size:
    """`size` where the conditions hold: symbols bound, their indicators 1."""
    held = {Atom("indicator", "", condition): 1 for condition in where}
    bound = _bound(where)

    def replace_(atom: Atom) -> Size | None:
        if atom in held:
            return 1
        return bound.get(atom.name) if atom.kind == "symbol" else None

    return substitute(size, replace_)


def _text(where: Where) -> str:
    return " and ".join(f"{size} = {value}" for size, value in where)


def _special_values(dim) -> list[int]:
    least, most = bounds(dim)
    return [v for v in dict.fromkeys((0, 1, least)) if v >= least and (most is None or v <= most)]


def _place(key: Key) -> Key:
    """Rows are compared by where they stand, not by primitive: a reshape may be a squeeze at size 1."""
    return replace(key, primitive="", dtype="", unit="", flag="")


def ledger_differences(symbolic: Ledger, concrete: Ledger, point: Mapping[str, int]) -> list[str]:
    """Totals per scope and phase in which a symbolic ledger, evaluated, differs from a concrete one."""
    expected = {r.key: r.costs for r in concrete.group(_place)}
    found = {r.key: r.costs for r in symbolic.group(_place)}
    differences = []
    for key in {**expected, **found}:
        for q in {**expected.get(key, {}), **found.get(key, {})}:
            want = _value(expected.get(key, {}).get(q, 0), point)
            have = _value(found.get(key, {}).get(q, 0), point)
            if want != have:
                place = key.scope or "top level"
                differences.append(f"{q} of {place} ({key.phase}): formula {have}, program {want}")
    return differences


def _value(size: Size, point: Mapping[str, int]) -> Any:
    try:
        return evaluate(size, point)
    except KeyError:  # trip counts and unknown primitives stay symbols
        return bind(size, dict(point))
