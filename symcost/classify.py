"""Why two programs of one family differ in structure: layers are added, sizes are small, a remainder is 0."""

from __future__ import annotations

import itertools
import random

from symcost.advice import advice, declare
from symcost.conditions import text_of
from symcost.domain import Domain, format_sizes
from symcost.errors import BuildError, GeneralizationError
from symcost.fit import StructureDiffers, Threshold, Traces
from symcost.places import parting, place
from symcost.polynomial import evaluate, floor_div, maximum, mod, symbol
from symcost.predicates import Observed
from symcost.program import Program
from symcost.repeated import INDEXED
from symcost.sampling import LARGE, Condition, Point, Sampler, choices
from symcost.symbolize import structure

SMALL = 33
"""Where structure differs at small sizes, larger ones are first sought from here on: above five halvings."""


class Structure:
    """What is known of how a family's structure depends on its symbols.

    Attributes:
        structural: symbols with which the number of operations grows, in the order found.
        breaks: conditions under which the structure differs, such as (T mod 8, 0).
        small_breaks: symbols at whose small sizes it differs, and the unit from which it does not.
    """

    def __init__(self, traces: Traces, domain: Domain):
        self.traces, self.domain = traces, domain
        self.structural: list[str] = []
        self.breaks: list[Condition] = []
        self.small_breaks: dict[str, int] = {}

    def follow(self, other: Structure) -> None:
        """Begin with what is known of the same family in another language or for other quantities."""
        self.structural = list(other.structural)
        self.breaks, self.small_breaks = list(other.breaks), dict(other.small_breaks)

    def split(self, condition: Condition) -> None:
        """Note a condition where the program is another one."""
        if condition in self.breaks:
            raise GeneralizationError(
                f"the program changes with the sizes in a way that no formula covers, around {text_of((condition,))}"
            )
        self.breaks.append(condition)

    def classify(self, difference: StructureDiffers) -> None:
        """Note what explains a difference in structure: a test of the user's, layers, small sizes, or a remainder."""
        condition = self._tested(difference.a, difference.b)
        if condition is not None:
            self.breaks.append(condition)
            return
        responsible = self._changing(difference)
        if responsible is not None and responsible[0] not in self.structural and self._grows(*responsible):
            self.structural.append(responsible[0])
            return
        condition = self._ordered(difference.a, difference.b) or self._folded(difference.a, difference.b)
        if condition is not None:
            self.breaks.append(condition)
            return
        if responsible is None:
            raise self.branch(difference.a, difference.b)
        name, a, _ = responsible
        if name not in self.small_breaks:
            self.small_breaks[name] = SMALL  # larger sizes will show whether it is more than that
            return
        far = self._far(name, a)
        odd = [p for p in far if structure(self.traces.at(p)) != structure(self.traces.at(far[0]))]
        if far and not odd and self.small_breaks[name] < LARGE:
            self.small_breaks[name] *= 4
            return
        modulus = self._modulus(name, far[0]) if far else None
        if modulus is None or any(c[0] == mod(symbol(name), modulus) for c in self.breaks):
            del self.small_breaks[name]
            self.structural.append(name)
            return
        del self.small_breaks[name]
        self.breaks.append((mod(symbol(name), modulus), 0))

    def divide(self, threshold: Threshold) -> None:
        """Find by bisection up to which size of a symbol the program is another one (`if tokens > 64`)."""
        name, low = threshold.name, threshold.point
        self.small_breaks.pop(name, None)
        high = {**low, name: threshold.above}
        above = self._try(high)
        if above is not None and structure(above) == structure(self.traces.at(low)):
            # `x[:min(tokens, 4)]` costs at 4 what the program above costs, but cuts nothing yet
            high = {**high, name: high[name] + 1}
            above = self._try(high)
        if above is None or structure(above) == structure(self.traces.at(low)):
            raise self.branch(low, high)
        below, least = low[name], high[name]
        while least - below > 1:
            middle = (below + least) // 2
            program = self._try({**low, name: middle})
            if program is not None and structure(program) == structure(above):
                least = middle
            else:
                below = middle
        condition = (floor_div(symbol(name), least), 0)
        if condition in self.breaks:
            raise self.branch(low, high)
        self.breaks.append(condition)

    def observed(self) -> Observed:
        """What the user's tests say; a small point is traced and watched if none was."""
        rng = random.Random(21)
        for low, high in ((5, 13),) * 80 + ((5, 20),) * 40 + ((5, 40),) * 20:
            point = Sampler(self.domain).draw(rng, low, high) if not self.traces.watched else None
            if point is None:
                break
            if tuple(point.items()) not in self.traces.programs and len(set(point.values())) == len(point):
                try:
                    self.traces.watched_at(point)
                except BuildError:
                    return Observed()
        return self.traces.observed(self.domain) or Observed()

    def _tested(self, a: Point, b: Point) -> Condition | None:
        """A condition, read off a test in the user's code, that holds at one of two points and divides the programs."""
        for predicate in self.observed().predicates:
            names = predicate.names - set(self.structural)
            answers = predicate.holds(a), predicate.holds(b)
            if not names or None in answers or answers[0] == answers[1]:
                continue
            program = self._try({**a, **{n: b[n] for n in predicate.names}})
            if program is not None and structure(program) == structure(self.traces.at(a)):
                continue
            larger = max((a, b), key=lambda p: sum(p.values()))
            for size, value in predicate.conditions(self.domain, bool(predicate.holds(larger))) or ():
                divides = (evaluate(size, a) == value) != (evaluate(size, b) == value)
                if divides and (size, value) not in self.breaks:
                    return size, value
        return None

    def _ordered(self, a: Point, b: Point) -> Condition | None:
        """One size being larger than another, where exchanging the two makes one program the other (QR, padding)."""
        scale = self.domain
        for n, m in itertools.combinations([n for n in self.domain.names if n not in self.structural], 2):
            if scale[n].multiple_of != scale[m].multiple_of or (a[n] - a[m]) * (b[n] - b[m]) >= 0:
                continue
            program = self._try({**a, n: a[m], m: a[n]})
            condition = (maximum(0, symbol(n) - symbol(m)), 0)
            if program is None or structure(program) != structure(self.traces.at(b)) or condition in self.breaks:
                continue
            if structure(program) != structure(self.traces.at(a)):
                return condition
        return None

    def _folded(self, a: Point, b: Point) -> Condition | None:
        """An array so small that XLA folds a constant into it, if all programs traced so far differ by just that."""
        traced = [(dict(key), structure(program)) for key, program in self.traces.programs.items()]
        fixed = {n: a[n] for n in self.structural}
        traced = [(p, s) for p, s in traced if all(p[n] == v for n, v in fixed.items())]
        for condition in self.traces.folded():
            small = [s for p, s in traced if evaluate(condition[0], p) == 0]
            large = [s for p, s in traced if evaluate(condition[0], p) > 0]
            if condition not in self.breaks and small and large and large[0] not in small and len(set(large)) == 1:
                return condition
        return None

    def _changing(self, difference: StructureDiffers) -> tuple[str, Point, Point] | None:
        """The symbol whose change alone changes the structure, with two points that show it; None if none does."""
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
        return None

    def _try(self, point: Point) -> Program | None:
        """The program at a point; None where the domain or the model does not allow it."""
        sizes = self.traces.units.sizes(point)
        if not self.domain.holds(sizes) or any(d.refusal(sizes[d.name]) for d in self.domain.dims):
            return None
        try:
            return self.traces.at(point)
        except BuildError:
            return None

    def _grows(self, name: str, a: Point, b: Point) -> bool:
        """Whether modules are added, or operations in proportion, as the symbol grows."""
        at_a, at_b = self.traces.at(a), self.traces.at(b)
        scopes = [{i.template.scope for i in p.walk()} for p in (at_a, at_b)]
        if any(INDEXED.match(s.rsplit("/", 1)[-1]) for s in scopes[0] ^ scopes[1]):
            return True
        low, high = sorted((a[name], b[name]))
        counts = {p[name]: sum(1 for _ in q.walk()) for p, q in ((a, at_a), (b, at_b))}
        third = self._try({**a, name: 2 * high - low})
        if third is None:
            return self.domain[name].power_of is not None
        growth = counts[high] - counts[low]
        if growth > 0 and name in self.observed().ranged:
            return True  # `for i in range(layers)`, where every third layer may be another one
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

    def branch(self, a: Point, b: Point) -> GeneralizationError:
        """The error for programs that part ways as no formula can follow, with line and sizes."""
        for name in reversed(self.domain.names):  # of several sizes that differ, one may be enough
            mixed = {**a, name: b[name]}
            program = self._try(mixed) if mixed != a else None
            if program is not None and structure(program) != structure(self.traces.at(a)):
                b = mixed
                break
        found = parting(self.traces.at(a), self.traces.at(b))
        at_a, at_b = (self.traces.units.sizes(p) for p in (a, b))
        name = next((n for n in reversed(self.domain.names) if at_a[n] != at_b[n]), "")
        sides = [declare(name, min=max(at_a[name], at_b[name])), declare(name, multiple_of=8)] if name else []
        return GeneralizationError(
            "the program changes with the sizes in a way that no formula covers: "
            f"{found.a} at {format_sizes(at_a)}, {found.b} at {format_sizes(at_b)}",
            where=place(found.scope, found.source),
            todo=advice("declare a domain on one side of the branch, such as {} or {}", *sides) if sides else None,
        )
