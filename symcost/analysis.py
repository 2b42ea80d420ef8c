"""A family and all that is found out about it: fits per language and registry, made when asked for."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from symcost.asked import asked
from symcost.branches import Branches, branches
from symcost.conventions import MEMORY, Convention, convention
from symcost.domain import Domain, format_sizes
from symcost.errors import BuildError, GeneralizationError, LoweringError
from symcost.family import Family, Instance, origin
from symcost.fusion import KERNELS, compulsory, fused, own_traffic, peak_rows
from symcost.generalize import Fit, Traces, ledger_differences
from symcost.interpret import interpret
from symcost.ledger import Key, Ledger, Row
from symcost.parts import BY_LINE, part_of
from symcost.polynomial import Number, Poly, Size, evaluate, symbols_of, total
from symcost.program import Program
from symcost.quasilinear import settled, simplest_taps
from symcost.rules import load
from symcost.rules.extent import smallest_sizes
from symcost.rules.registry import Rule
from symcost.rules.sense import own_rules, refuse_senseless
from symcost.sampling import Point, Sampler, Units, bounds
from symcost.special_candidates import neutral_literals
from symcost.structural import Generalizer
from symcost.unbuildable import without_failures
from symcost.watch import Watch, watching

INPUTS_FLAG = "inputs"
"""Flag of the ledger rows that describe a program's inputs instead of its operations."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said about how to count.

    Attributes:
        trips: trip counts of loops that do not say theirs. strict: unknown primitives are errors.
        rules: rules for this analysis only, by primitive.
    """

    trips: Mapping[str, Size] = field(default_factory=dict)
    strict: bool = False
    rules: Mapping[str, Rule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The costs of a family under one convention, in the user's symbols.

    Attributes:
        ledger: rows with formulas. domain: what they hold for.
        points: user's sizes that were traced. structural: names of structural symbols.
        fit: the fit in units. generalizer: how it was found.
    """

    ledger: Ledger
    domain: Domain
    points: tuple[dict[str, int], ...]
    structural: tuple[str, ...]
    fit: Fit
    generalizer: Generalizer


class Analysis:
    """Everything traced and solved for one family; conventions share traces.

    Args:
        family: what is analysed. options: how to count. progress: called with a line of text per traced point.
    """

    def __init__(self, family: Family, options: Options, progress: Callable[[str], None] = lambda message: None):
        load()
        self.family, self.options, self.progress = family, options, progress
        self.units = Units(family.domain)
        self.trips_in_units = {name: self.units.unit(count) for name, count in options.trips.items()}
        self._traced: dict[tuple, Any] = {}
        self._failed: dict[tuple, BuildError] = {}
        self._buildable = family.domain
        self._numbers: Branches | None = None
        self._traces: dict[tuple[str, str], Traces] = {}
        self._watched: list[tuple[Point, Watch]] = []
        self._outcomes: dict[tuple[str, str, str], Outcome] = {}

    # -- programs --------------------------------------------------------------------------
    def program(self, language: str, sizes: Mapping[str, int], platform: str = "cpu") -> Program:
        """The program at user's sizes, as jaxpr ("jaxpr by line" tells the user's lines apart) or as lowered HLO."""
        traced, kinds = self._trace(sizes)
        if language.startswith("jaxpr"):
            from symcost.capture import from_jaxpr

            return from_jaxpr(traced.jaxpr, kinds, lines=language.endswith(BY_LINE))
        from symcost.capture_hlo import hlo_text, parse_hlo

        lowered = self.lowered(sizes, platform)
        try:
            text = hlo_text(lowered)
        except Exception as error:
            raise self._unlowered(error, sizes, platform) from error
        return parse_hlo(text)

    def lowered(self, sizes: Mapping[str, int], platform: str = "cpu") -> Any:
        """`jax.stages.Lowered` of the program at user's sizes; for JAX's default device where `platform` is ""."""
        traced, _ = self._trace(sizes)
        try:
            return traced.lower(lowering_platforms=(platform,)) if platform else traced.lower()
        except Exception as error:
            raise self._unlowered(error, sizes, platform) from error

    def _unlowered(self, error: Exception, sizes: Mapping[str, int], platform: str) -> LoweringError:
        said = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return LoweringError(
            f"XLA cannot take the program at {format_sizes(sizes)}: {said}",
            where=f"lowering for {platform or 'the device'}",
            todo="ask for smaller sizes, or for the convention 'algorithm', which needs no XLA",
        )

    def _trace(self, sizes: Mapping[str, int]) -> tuple[Any, tuple[str, ...]]:
        key = tuple(sorted(sizes.items()))
        if key not in self._traced:

            def trace(instance: Instance) -> tuple[Any, tuple[str, ...]]:
                from symcost.capture import trace_donating

                return trace_donating(instance.fn, instance.args), instance.kinds

            if key in self._failed:
                raise self._failed[key]
            try:
                self._traced[key] = self.family.run(sizes, trace)
            except BuildError as error:
                self._failed[key] = error
                raise
        return self._traced[key]

    def traces(self, language: str, platform: str = "cpu") -> Traces:
        """Programs by point, shared by all conventions that read `language`."""
        key = (language, platform)
        if key not in self._traces:
            self._traces[key] = Traces(
                lambda sizes: self.program(language, sizes, platform),
                self.units,
                progress=self.progress,
                watcher=lambda: watching(lambda file: origin(file) != "machinery"),
                watched=self._watched,
            )
        return self._traces[key]

    # -- costs -----------------------------------------------------------------------------
    def interpret(self, program: Program, how: Convention, part: str = "", units: bool = False) -> Ledger:
        """The ledger of a program (concrete or symbolic), with rows for its inputs.

        Args:
            part: one of `symcost.parts`; "" for "work" and "traffic" together.
            units: the program's symbols stand for units (see `symcost.sampling`), not for the user's sizes.
        """
        if part == "memory":
            return Ledger(peak_rows(fused(program, traffic=own_traffic(self.options.rules))))
        part = part.removesuffix(BY_LINE)
        # What a symbol may be at least decides whether "n - 1 operations" needs a case for n = 0.
        with smallest_sizes({d.name: bounds(d)[0] for d in self.family.domain.dims}):
            trips = self.trips_in_units if units else self.options.trips
            if part == "fusion":
                return self._fused(program, trips)
            ledger = interpret(
                program,
                how.registry,
                strict=self.options.strict,
                trips=trips,
                rules=self.options.rules if how.language == "jaxpr" else None,
                ask=asked if how.language == "hlo" else lambda op: None,
            )
        rows = [*ledger.rows, *_input_rows(program)]
        if part:
            traffic = part == "traffic"
            rows = [
                Row(r.key, r.count, {q: s for q, s in r.costs.items() if (q == "bytes_accessed") == traffic})
                for r in rows
            ]
        return Ledger(rows, ledger.unknown)

    def _fused(self, program: Program, trips: Mapping[str, Size]) -> Ledger:
        """Memory traffic of the program's kernels, and of a chip that keeps everything: inputs and results once."""
        kernels = fused(program, traffic=own_traffic(self.options.rules))
        ledger = interpret(kernels, KERNELS, trips=trips)
        rows = [Row(r.key, r.count, {"fused_bytes": r["bytes_accessed"]}) for r in ledger.rows]
        least = {"compulsory_bytes": compulsory(kernels)}
        rows.append(Row(Key("", "inputs and results", "", "", "", flag=INPUTS_FLAG), 1, least))
        return Ledger(rows, ledger.unknown)

    def outcome(self, name: str, platform: str = "cpu", part: str = "work") -> Outcome:
        """The family's costs under a convention; computed once.

        Args:
            part: one of `symcost.parts`. At batch 1 broadcasts and sums vanish, which changes bytes and
                nothing else: bytes take further points, which are traced only when somebody asks for them.
        """
        how = convention(name)
        key = (how.language + how.registry.name, platform, part)
        if key not in self._outcomes:
            with _collector_paused():
                self._outcomes[key] = self._outcome(how, platform, part)
        return self._outcomes[key]

    def _outcome(self, how: Convention, platform: str, part: str) -> Outcome:
        # where lines are told apart, another line is another structure
        traces = self.traces(how.language + (BY_LINE if part.endswith(BY_LINE) else ""), platform)
        before = next(iter(self._outcomes.values()), None)
        generalizer = Generalizer(
            traces,
            self.family.domain,
            lambda program: self.interpret(program, how, part, units=True),
            before.fit.formulas if before else (),
            branches=self._branches,
            # what is structural is known by now, and XLA folds constants of few elements
            small=how.language == "jaxpr",
            suspected=neutral_literals(before.fit.program) if before and how.language == "hlo" else (),
            exacting=part == "memory",
        )
        if before:
            generalizer.structure.follow(before.generalizer.structure)
        if before and how.language == "hlo":
            sizes = (v.size for model in before.fit.models[:1] for op in model.ops() for v in op.outputs)
            traces.elements = [s for s in dict.fromkeys(sizes) if isinstance(s, Poly)]
        fit = generalizer.run()
        smallest = {d.name: bounds(d)[0] for d in self.family.domain.dims}
        least = min(smallest.values(), default=1)
        ledger = fit.complete().map(lambda size: self.units.formula(settled(simplest_taps(size, least), smallest)))
        points = tuple(self.units.sizes(dict(key)) for key in traces.programs)
        domain = self._without_failures(points, fit)
        outcome = Outcome(ledger, domain, points, tuple(generalizer.structure.structural), fit, generalizer)
        if how.language == "jaxpr" and part in ("work", "traffic"):
            self._own_rules_make_sense(outcome)
        if how.language == "hlo" and part == "work":
            self._against_xla(outcome, platform)
            # HLO does not say which of its parameters are the model's
            inputs = [r for r in self.outcome("algorithm").ledger.rows if r.key.flag == INPUTS_FLAG]
            outcome = replace(outcome, ledger=Ledger([*ledger.rows, *inputs], ledger.unknown))
        return outcome

    def _without_failures(self, points: Sequence[Mapping[str, int]], fit: Fit) -> Domain:
        """The family's domain without the sizes at which the code failed, or XLA did."""
        names = self.family.domain.names
        failed = [({n: dict(key)[n] for n in names}, e.what.split("\n")[0]) for key, e in self._failed.items()]
        formulas = [self.units.formula(size) for size in fit.formulas]
        self._buildable = without_failures(self._buildable, failed, points, formulas, self.family.builds)
        return replace(self._buildable, excluded=(*self._buildable.excluded, *dict.fromkeys(fit.excluded)))

    def _own_rules_make_sense(self, outcome: Outcome) -> None:
        """The user's own rules give integers that are not negative, at sizes drawn from the domain."""
        sampler = Sampler(self.family.domain)
        drawn = itertools.islice(sampler.between(0, 500, seed=7), 300) if sampler.free else [{}]
        points = (sizes for sizes in map(self.units.sizes, drawn) if outcome.domain.holds(sizes))
        rows = ((row.key.primitive, row.costs) for row in outcome.ledger.rows)
        refuse_senseless(rows, own_rules(self.options.rules), points)

    def _branches(self) -> Branches:
        """Numbers in the user's code, read off the first program traced."""
        if self._numbers is None:
            from symcost.capture import user_code

            programs = self.traces("jaxpr").programs
            self._numbers = branches(user_code(next(iter(programs.values())))) if programs else Branches()
        return self._numbers

    def ledger(self, name: str, platform: str = "cpu") -> Ledger:
        """All quantities of all rows."""
        work, traffic = (self.outcome(name, platform, part).ledger for part in ("work", "traffic"))
        rows = {r.key: Row(r.key, r.count, dict(r.costs)) for r in work.rows}
        for row in traffic.rows:
            rows.setdefault(row.key, Row(row.key, row.count)).costs.update(row.costs)
        return Ledger(rows.values(), work.unknown)

    def _against_xla(self, outcome: Outcome, platform: str) -> None:
        """XLA's own count at a traced point must be the formula's; anything else is an error of ours."""
        from symcost.capture_hlo import xla_counts

        sizes = min(outcome.points, key=lambda s: sum(s.values()))
        counts = xla_counts(self.lowered(sizes, platform))
        for quantity in ("flops", "transcendentals"):
            total = outcome.ledger.total(quantity)
            if not symbols_of(total) <= set(sizes):
                continue  # an opcode without a rule, which XLA would not be asked about: the total says so
            ours, theirs = evaluate(total, sizes), counts[quantity]
            if not matches_xla(ours, theirs, len(outcome.ledger.rows)):
                raise GeneralizationError(
                    f"XLA counts {theirs:.0f} {quantity} where symcost's reading of its program gives {ours}",
                    where=format_sizes(sizes),
                    todo="please report this program; cost.under('xla') cannot be trusted for it",
                )

    def verify(self, name: str, points: int, seed: int = 0, platform: str = "cpu") -> list[dict[str, int]]:
        """Compare the formulas with programs at fresh random points.

        Returns:
            The sizes compared.

        Raises:
            GeneralizationError: a formula differs from the program.
        """
        how, outcome = convention(name), self.outcome(name, platform)
        ledgers = {"": self.ledger(name, platform)}
        for part in dict.fromkeys(part_of(q) for q in how.quantities if q in MEMORY):
            ledgers[part] = self.outcome(name, platform, part).ledger
        sampler = Sampler(self.family.domain)
        seen: list[dict[str, int]] = []
        for point in sampler.between(0, 2048, seed):
            sizes = self.units.sizes(point)
            if any(point[n] > 12 for n in outcome.structural) or not outcome.domain.holds(sizes):
                continue
            self.progress(f"verifying at {format_sizes(sizes)}")
            program = self.program(how.language, sizes, platform)
            differences = []
            for part, symbolic in ledgers.items():
                concrete = self.interpret(program, how, part)
                if outcome.structural:
                    concrete, symbolic = concrete.group(_everywhere), symbolic.group(_everywhere)
                differences += ledger_differences(symbolic, concrete, sizes)
            if differences:
                raise GeneralizationError(
                    "the formula differs from the program at a fresh point",
                    where=f"{format_sizes(sizes)}: " + "; ".join(differences[:3]),
                    todo="please report this model; until then declare a narrower domain with sc.dim",
                )
            seen.append(sizes)
            if len(seen) == points or not sampler.free:
                break
        return seen


def _everywhere(key: Key) -> Key:
    return replace(key, scope="")


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection inside: traces make millions of objects that live, and scanning them again and
    again takes as long as tracing does (ResNet-50's gradient at 17 points: 40 s with, 21 s without)."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def matches_xla(ours: Number, theirs: float, instructions: int) -> bool:
    """Equality as far as XLA's float32 sums allow it: exact below 2**24."""
    if not isinstance(ours, int):
        return False
    if abs(ours) < 2**24:
        return ours == int(theirs)
    return abs(ours - theirs) <= max(1e-6, instructions * 2.0**-24) * abs(ours)


def _input_rows(program: Program) -> list[Row]:
    """Parameters and captured constants, as rows that take part in generalising like any other."""
    rows = []
    for kind, count, size in (("params", "params", "param_bytes"), ("constant", "", "constant_bytes")):
        values = [v for v, k in zip(program.inputs, program.kinds, strict=False) if k == kind]
        if values:
            costs = {size: total(v.bytes for v in values)}
            if count:
                costs[count] = total(v.size for v in values)
            rows.append(Row(Key("", kind, "", "", "", flag=INPUTS_FLAG), len(values), costs))
    return rows
