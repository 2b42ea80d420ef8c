"""What generalising works on and what it yields: traces by point, fits, corrections, and how ledgers are compared."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from symcost.conditions import Where, given
from symcost.domain import Domain, format_sizes
from symcost.ledger import Key, Ledger
from symcost.polynomial import Size, bind, evaluate, indicator, maximum, product
from symcost.predicates import Observed, observed
from symcost.program import Program
from symcost.sampling import Condition, Point, Sampler, Units
from symcost.watch import Watch

FOLDED = 65_536
"""Elements up to which XLA's converter applies an operation to a constant at once."""


WATCHED = 2
"""Traces that are watched, at most."""


@dataclass
class Traces:
    """Programs by point; each is traced once.

    Attributes:
        program_at: user's sizes -> program. watcher: what to trace in so that the user's tests are seen.
        watched: the points traced so, each with the tests.
        elements: sizes of arrays, where the programs are XLA's.
    """

    program_at: Callable[[Mapping[str, int]], Program]
    units: Units
    progress: Callable[[str], None] = lambda message: None
    programs: dict[tuple, Program] = field(default_factory=dict)
    watcher: Callable[[], AbstractContextManager[Watch]] = lambda: nullcontext(Watch())
    watched: list[tuple[Point, Watch]] = field(default_factory=list)
    elements: list[Size] = field(default_factory=list)

    def folded(self) -> list[Condition]:
        """Conditions under which XLA's converter may fold a constant: an array is small."""
        return [(maximum(0, size - FOLDED), 0) for size in self.elements]

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

    def watched_at(self, point: Point) -> Program:
        """The program at a point, watched: small sizes may run other lines than large ones, so two points are.

        A point traced before shows nothing.
        """
        if len(self.watched) >= WATCHED or tuple(point.items()) in self.programs:
            return self.at(point)
        with self.watcher() as watch:
            program = self.at(point)
        self.watched.append((dict(point), watch))
        return program

    def observed(self, domain: Domain, formulas: Iterable[Size] = ()) -> Observed | None:
        """What the user's tests say, in terms of `formulas`; None if no trace was watched."""
        known = list(formulas)
        seen = [observed(watch, point, domain, known) for point, watch in self.watched]
        return functools.reduce(Observed.joined, seen) if seen else None

    @property
    def count(self) -> int:
        """Points traced so far."""
        return len(self.programs)


class StructureDiffers(Exception):
    """Two points of a family have programs of different structure."""

    def __init__(self, a: Point, b: Point):
        self.a, self.b = a, b


class Threshold(Exception):
    """Up to some size of a symbol the program is another one; `point` is below that size, `above` a unit above it."""

    def __init__(self, name: str, point: Point, above: int):
        self.name, self.point, self.above = name, point, above


class Clamped(Exception):
    """The program at a point is the same one, but a dimension ends at 0 there: solve again with this point."""

    def __init__(self, point: Point):
        self.point = point


class Split(Exception):
    """Where a condition holds, the program is another one."""

    def __init__(self, condition: Condition):
        self.condition = condition


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
        excluded: (condition, reason) of special sizes that XLA cannot represent.
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


def within(ledger: Ledger, corrections: Iterable[Correction], where: Where) -> Ledger:
    """Corrected costs where conditions hold."""

    def bound(size: Size) -> Size:
        return given(size, where)

    result = ledger.map(bound)
    for correction in corrections:
        if set(correction.where) <= set(where):
            result = result.combine(correction.ledger.map(bound))
    return result


def _place(key: Key) -> Key:
    """Rows are compared by where they stand, not by primitive: a reshape may be a squeeze at size 1."""
    return replace(key, primitive="", dtype="", unit="", flag="", conditional="")


def ledger_differences(symbolic: Ledger, concrete: Ledger, point: Mapping[str, int]) -> list[str]:
    """Totals per scope and phase in which a symbolic ledger, evaluated, differs from a concrete one."""
    expected = {r.key: r.costs for r in concrete.group(_place)}
    found = {r.key: r.costs for r in symbolic.group(_place)}
    differences = []
    for key in {**expected, **found}:
        for q in {**expected.get(key, {}), **found.get(key, {})}:
            want = value_at(expected.get(key, {}).get(q, 0), point)
            have = value_at(found.get(key, {}).get(q, 0), point)
            if want != have:
                place = key.scope or "top level"
                differences.append(f"{q} of {place} ({key.phase}): formula {have}, program {want}")
    return differences


def value_at(size: Size, point: Mapping[str, int]) -> Any:
    """The value of a size, or what is left of it where trip counts and unknown primitives stay symbols."""
    try:
        return evaluate(size, point)
    except KeyError:
        return bind(size, dict(point))
