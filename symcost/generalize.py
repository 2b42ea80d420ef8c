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

import random
from collections.abc import Callable, Mapping, Sequence

from symcost.advice import advice, declare
from symcost.branches import Branches
from symcost.conditions import Where, bound_by, name_of, text_of, threshold_of
from symcost.domain import Domain, format_sizes
from symcost.errors import GeneralizationError, LoweringError, NoSizesError, SymcostError
from symcost.fit import Clamped, Fit, StructureDiffers, Traces, ledger_differences
from symcost.ledger import Ledger
from symcost.places import Hole, differing, hole, line_of, place
from symcost.polynomial import Poly, Size, bind, evaluate, symbols_of
from symcost.program import Program
from symcost.sampling import LARGE, Condition, Point, Sampler, bounds
from symcost.solve import Solver
from symcost.special import SpecialSizes
from symcost.symbolize import Models, Unsolved, agrees, structure, symbolize

POINTS = 4
"""Points in general position to begin with: enough for constants, symbols, multiples of monomials and lines in
them, which is what nearly all slots hold; a slot that needs more asks for it."""

RANGES = ((1, 12), (1, 12), (2, 33), (13, 97), (33, 160), (33, 400), (1, 400), (1, 400))
"""Where it is tried whether one condition follows from others."""

EXTRA_POINTS = 10
"""Points added at most for slots that are unsolved or ambiguous."""


PAIRS = 40
"""Pairs of formulas that one point is chosen to tell apart."""


class SizeGeneralizer:
    """Generalises over size symbols, with structural symbols fixed.

    Args:
        traces: the family's programs. domain: its symbols.
        interpret: program -> ledger, concrete or symbolic.
        fixed: units of the symbols that are not to be generalised here.
        breaks: conditions under which the program is known to have another structure; the
            general formula is found where none of them holds.
        small_breaks: symbols at whose small sizes the structure differs, and the unit from which it does not.
        suspected: further sizes to try. branches: numbers that the user's code compares sizes with.
        small: begin with two small points, which show structural symbols cheaply.
        exacting: costs are maxima, which agree at a point by chance: where a program differs, its formula is
            found even so.
    """

    def __init__(
        self,
        traces: Traces,
        domain: Domain,
        interpret: Callable[[Program], Ledger],
        fixed: Mapping[str, int] | None = None,
        breaks: Sequence[Condition] = (),
        small_breaks: Mapping[str, int] | None = None,
        suspected: Sequence[Condition] = (),
        branches: Callable[[], Branches] = Branches,
        small: bool = True,
        exacting: bool = False,
    ):
        self.traces, self.domain, self.interpret = traces, domain, interpret
        self.branches, self.small, self.exacting = branches, small, exacting
        self.suspected = list(suspected)
        self.breaks, self.small_breaks = tuple(breaks), dict(small_breaks or {})
        self.regions: list[Condition] = []  # where a dimension that follows from a symbol is 1
        self._held: dict[Condition, tuple[str, frozenset[int]]] = {}
        self._implied: dict[tuple[Condition, Where], bool] = {}
        self.floors = dict(self.small_breaks)
        for name, floor in filter(None, map(threshold_of, self.breaks)):
            self.floors[name] = max(floor, self.floors.get(name, 0))
        floors = {n: floor for n, floor in self.floors.items() if n not in (fixed or {})}
        self.sampler = Sampler(domain, fixed, avoid=self.breaks, floors=floors)
        self.names = [d.name for d in self.sampler.free]
        self.least = min((bounds(d)[0] for d in self.sampler.free), default=1)
        self.points: list[Point] = []  # at which formulas were solved
        self.ledgers: dict[tuple, Ledger] = {}  # of concrete programs, by point
        self.inseparable: set[tuple[Size, Size]] = set()  # formulas that no point of the domain tells apart
        # wider regions first: what is corrected there holds inside of the narrower ones as well
        self.breaks = tuple(sorted(breaks, key=lambda c: sum(self.implied((other,), (c,)) for other in breaks)))

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
        points = self.sampler.generic(POINTS, small=2 if self.small and not self.small_breaks else 0)
        while True:
            program, solver = self._solve(points, hints)
            if check:
                program, solver = self._checked(program, solver, points, hints)
            fit = Fit(self.interpret(program), [], solver.formulas(), solver.constants, program, [program])
            self.points = [dict(point) for point in points]
            try:
                SpecialSizes(self).correct_all(fit)
            except Clamped as clamped:
                points.append(clamped.point)
            else:
                return fit

    def _solve(self, points: list[Point], known: Sequence[Size]) -> tuple[Program, Solver]:
        """Line up and solve; appends to `points` what it needed besides."""
        for _ in range(EXTRA_POINTS + 1):
            programs = []
            for i, point in enumerate(points):
                # a slot that is hard to solve may be divided by a number in the user's code
                programs.append(self.traces.at(point) if i < POINTS else self.traces.watched_at(point))
                if structure(programs[-1]) != structure(programs[0]):
                    raise StructureDiffers(points[0], point)
            solver = Solver(points, self.names, known, least=self.least, named=self._divisors())
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

    def _divisors(self) -> list[int]:
        """Numbers by which the user's code divides."""
        seen = self.traces.observed(self.domain)
        return [*self.branches().divisors, *(seen.divisors if seen is not None else ())]

    def _separating(self, solver: Solver, points: Sequence[Point]) -> Point | None:
        """A point that tells as many as possible of the formulas apart that fit equally well."""
        pairs = [pair for pair in dict.fromkeys(solver.conflicts) if pair not in self.inseparable]
        if not pairs:
            return None
        some = pairs[:PAIRS]
        point = self.sampler.separating(lambda p: sum(evaluate(a, p) != evaluate(b, p) for a, b in some), points)
        if point is None:
            self.inseparable.update(some)
            return self._separating(solver, points)
        return point

    def _refusal(self, failure: Unsolved, points: Sequence[Point]) -> GeneralizationError:
        sizes = [format_sizes(self.traces.units.sizes(p)) for p in points]
        seen = [f"{v} at {s}" for v, s in zip(failure.values, sizes, strict=False)]
        programs = [self.traces.at(p) for p in points]
        size = hole(failure, programs)
        name = next((n for n in self.names if self._moves(n, size, points)), self.domain.names[-1])
        return GeneralizationError(
            f"no formula was found for {size.text} of {failure.template.primitive!r}: "
            + "; ".join([*seen[:6], *(["..."] if seen[6:] else [])]),
            where=place(failure.template.scope, failure.source),
            todo=advice(
                "declare what the sizes have in common, such as {} or {}, or give a number in place of {}",
                declare(name, multiple_of=8),
                declare(name, power_of=2),
                name,
            ),
        )

    def _moves(self, name: str, size: Hole, points: Sequence[Point]) -> bool:
        """Whether a change of one symbol alone changes a size of the program; for messages."""
        if len(points) < 2:
            return False
        try:
            return size.differs(self.traces.at(points[0]), self.traces.at({**points[0], name: points[1][name]}))
        except SymcostError:
            return False

    def _checked(self, program: Program, solver: Solver, points: list[Point], known) -> tuple[Program, Solver]:
        """The solution after its check at a fresh point; further rounds of solving if the check fails."""
        large = True
        for attempt in range(4):
            point = self.sampler.check(points, large=large and attempt != 1)
            if point is None:  # a domain with so few sizes that all were used
                return program, solver
            try:
                concrete = self.traces.watched_at(point)
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
        concrete, ledger = self.traces.at(point), self.interpret(program)
        differences = self.differences(ledger, concrete, point)
        key = differing(ledger, self.ledgers[tuple(point.items())], point)
        name = max(self.names, key=lambda n: point[n])
        most = max((u for key in self.traces.programs if (u := dict(key)[name]) < point[name]), default=point[name])
        return GeneralizationError(
            "the formula found at the sample points fails at a fresh point, "
            f"{format_sizes(self.traces.units.sizes(point))}: {'; '.join(differences[:3])}",
            where=key and place(key.scope, line_of([concrete], key)),
            todo=advice(
                "declare the domain more narrowly, such as {}, or {}",
                declare(name, max=most * self.domain[name].multiple_of),
                declare(name, multiple_of=8),
            ),
        )

    def differences(self, ledger: Ledger, concrete: Program, point: Mapping[str, int]) -> list[str]:
        """Where a ledger's value at a point is not what the concrete program costs; by scope and phase."""
        key = tuple(point.items())
        if key not in self.ledgers:  # one point is compared several times, before and after a correction
            self.ledgers[key] = self.interpret(concrete)
        return ledger_differences(ledger, self.ledgers[key], point)

    # -- a neighbouring family -------------------------------------------------------------
    def _neighbour(self, known: Fit) -> Fit:
        """The fit of a family whose formulas are mostly those of `known`: one or two points instead of six."""
        program, solver = self.recognise((), known)
        fit = Fit(self.interpret(program), [], solver.formulas(), solver.constants, program, [program])
        for correction in known.corrections:
            SpecialSizes(self).correct(fit, correction.where)
        return fit

    def region(self, where: Where) -> Sampler:
        """A sampler of the sizes where all conditions of `where` hold, and no other break."""
        fixed = {**self.sampler.fixed, **bound_by(where)}
        require = [c for c in where if name_of(c) is None]
        avoid = [c for c in (*self.breaks, *self.regions) if not self.implied((c,), where)]
        concerned = {n for size, _ in where for n in symbols_of(size)} | set(fixed)
        floors = {n: floor for n, floor in self.floors.items() if n not in concerned}
        return Sampler(self.domain, fixed, require, avoid, floors)

    def implied(self, these: Where, where: Where) -> bool:
        """Whether all of `these` hold wherever all of `where` do."""
        held = [self._where(c) for c in where]
        bound = bound_by(where)

        def holds(condition: Condition) -> bool:
            if condition in where or bind(condition[0], bound) == condition[1]:
                return True
            name, values = self._where(condition)
            if name and any(n == name and v <= values for n, v in held if n):
                return True
            related = any(len(symbols_of(size)) > 1 for size, _ in (condition, *where))
            return related and self._always(condition, where)

        return all(holds(condition) for condition in these)

    def _always(self, condition: Condition, where: Where) -> bool:
        """Whether a condition holds at all of some points drawn where those of `where` do."""
        key = (condition, where)
        if key not in self._implied:
            fixed = {**self.sampler.fixed, **bound_by(where)}
            sampler, rng = Sampler(self.domain, fixed, [c for c in where if name_of(c) is None]), random.Random(17)
            drawn = (sampler.draw(rng, low, high) for low, high in RANGES)
            points = [point for point in drawn if point is not None]
            self._implied[key] = bool(points) and all(evaluate(condition[0], p) == condition[1] for p in points)
        return self._implied[key]

    def _where(self, condition: Condition) -> tuple[str, frozenset[int]]:
        """The symbol that a condition is about, and the units (as far as we look) at which it holds."""
        name = name_of(condition)
        if name is not None:
            return name, frozenset((condition[1],))
        if condition not in self._held:
            size, value = condition
            names = symbols_of(size)
            (name,) = names if len(names) == 1 else ("",)
            held = (n for n in range(LARGE) if evaluate(size, {name: n}) == value) if name else ()
            self._held[condition] = (name, frozenset(held))
        return self._held[condition]

    def recognise(self, where: Where, known: Fit) -> tuple[Program, Solver]:
        """Solve the family where the conditions of `where` hold, by formulas known elsewhere."""
        sampler, bound = self.region(where), bound_by(where)
        names = [n for n in self.names if n not in bound]
        formulas = list(dict.fromkeys(bind(f, bound) for f in known.formulas))
        constants = known.constants | set(self.sampler.fixed.values()) | {value for _, value in where}
        models = Models(known.models, bound)
        points: list[Point] = []
        failure: Unsolved | None = None
        solver = Solver([], names, (), (), self.least)
        program: Program | None = None
        for attempt in range(EXTRA_POINTS):
            point = self.telling(sampler, formulas, constants, points, attempt)
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
            fixed = format_sizes(self.traces.units.sizes({**dict.fromkeys(self.domain.names, 1), **sampler.fixed}))
            raise NoSizesError(
                f"the domain has no sizes to sample where {text_of(where) or 'the program is the general one'}",
                where=f"looked around {fixed}",
                todo=advice(
                    "declare a wider domain, such as {}, or give a number in place of a symbol",
                    declare(self.domain.names[-1], max=4096),
                ),
            )
        raise self._refusal(failure, points)

    def telling(
        self, sampler: Sampler, formulas: Sequence[Size], constants: set[int], before: Sequence[Point], attempt: int
    ) -> Point | None:
        """A point at which known formulas and constants have different values, so that values tell formulas."""
        if not sampler.free:
            return dict(sampler.fixed) if not before and sampler.valid(sampler.fixed) else None
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
            if best is not None and high == 400 and not (fewest and sampler.require):
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
