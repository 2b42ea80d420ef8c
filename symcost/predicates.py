"""Conditions on sizes in the user's code, as functions of the symbols: where does ``tokens > 2 * width`` change?

`symcost.watch` notes the integers that stood in each test of one trace. Here they are recognised as formulas (40 was T,
74 was 2*F), so that the test can be asked at any size; from its answers follow the conditions under which the program
may be another one: single sizes, thresholds, residues, or a relation of several symbols.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symcost.domain import Domain
from symcost.polynomial import (
    Poly,
    Size,
    evaluate,
    floor_div,
    indicator,
    maximum,
    minimum,
    mod,
    symbol,
    symbols_of,
)
from symcost.sampling import Condition, Point, bounds
from symcost.watch import Test, Watch

REACH, FURTHEST = 1024, 40_000
"""Units of a symbol at which a test is asked: at least, and at most where the test names large numbers."""

LAYERS = 280
"""Layers at which a test on their count is asked."""

PIECES = 4
"""Single sizes, intervals or residues into which one test may divide a symbol."""


@dataclass(frozen=True)
class Predicate:
    """A test whose integers are known as formulas (in units).

    Attributes:
        test: where it stands. leaves: what each name in it holds: a size, a tuple of sizes, or another constant.
    """

    test: Test
    leaves: tuple[Any, ...]

    @property
    def names(self) -> frozenset[str]:
        """The symbols on which it depends."""
        return frozenset(n for leaf in self.leaves for size in _sizes(leaf) for n in symbols_of(size))

    def holds(self, point: Mapping[str, int]) -> bool | None:
        """Its answer at a point; None where it fails (a division by zero)."""
        try:
            return bool(self.test.evaluate(tuple(_at(leaf, point) for leaf in self.leaves)))
        except (ArithmeticError, TypeError, ValueError, IndexError):
            return None

    def conditions(self, domain: Domain, generic: bool) -> list[Condition] | None:
        """Where the answer is not `generic`: conditions whose regions divide the domain; None if none are known."""
        if len(self.names) == 1:
            return self._on_one(domain, next(iter(self.names)), generic)
        return self._on_several()

    # -- one symbol ------------------------------------------------------------------------
    def _on_one(self, domain: Domain, name: str, generic: bool) -> list[Condition] | None:
        least, most = bounds(domain[name])
        numbers = [n.value for n in ast.walk(self.test.expression) if isinstance(n, ast.Constant)]
        numbers += [size for leaf in self.leaves for size in _sizes(leaf)]
        largest = max((abs(n) for n in numbers if isinstance(n, int)), default=0)
        end = min(most or FURTHEST, FURTHEST, max(REACH, 4 * largest + 64))
        units = range(least, end + 1)
        differs = [u for u in units if self.holds({name: u}) not in (generic, None)]
        if not differs:
            return []
        found = _intervals(name, differs, units)
        return found if found is not None else _residues(name, differs, units)

    # -- several symbols -------------------------------------------------------------------
    def _on_several(self) -> list[Condition] | None:
        try:
            return [_region(self.test.expression, self)]
        except (TypeError, ValueError, ArithmeticError, NotImplementedError):
            return None

    def value(self, node: ast.expr) -> Any:
        """A part of the test over symbolic leaves."""
        if isinstance(node, ast.Name):
            return self.leaves[int(node.id[1:])]
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            return _ARITHMETIC[type(node.op)](self.value(node.left), self.value(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.value(node.operand)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
            function = minimum if node.func.id == "min" else maximum
            return function(*(self.value(a) for a in node.args))
        if isinstance(node, ast.Tuple | ast.List):
            return tuple(self.value(n) for n in node.elts)
        raise NotImplementedError

    def __str__(self) -> str:
        return f"`{self.test.text}`, {self.test.source}"


_ARITHMETIC = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
}


def _region(node: ast.expr, of: Predicate) -> Condition:
    """The region that a test cuts out, or what it leaves; which of the two is all the same."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _region(node.operand, of)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        if isinstance(node.ops[0], ast.NotEq):
            node = ast.Compare(node.left, [ast.Eq()], node.comparators)
        if isinstance(node.ops[0], ast.Eq):
            left, right = (_sizes(of.value(side)) for side in (node.left, *node.comparators))
            unequal = [(a - b, 0) for a, b in zip(left, right, strict=True) if a != b]
            if len(unequal) == 1:
                return unequal[0]
            raise NotImplementedError
    return _distance(node, of, True), 0


_OPPOSITE = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}


def _distance(node: ast.expr, of: Predicate, wanted: bool) -> Size:
    """0 where a test turns out as `wanted`, more where it does not."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _distance(node.operand, of, not wanted)
    if isinstance(node, ast.BoolOp):
        parts = [_distance(part, of, wanted) for part in node.values]
        return maximum(*parts) if isinstance(node.op, ast.And) == wanted else minimum(*parts)
    if not isinstance(node, ast.Compare):
        value = of.value(node)
        if isinstance(value, bool):
            return int(value != wanted)
        raise NotImplementedError
    if len(node.ops) > 1:
        sides = [node.left, *node.comparators]
        pairs: list[ast.expr] = [
            ast.Compare(a, [op], [b]) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)
        ]
        return _distance(ast.BoolOp(ast.And(), pairs), of, wanted)
    left, right = of.value(node.left), of.value(node.comparators[0])
    op = type(node.ops[0]) if wanted else _OPPOSITE.get(type(node.ops[0]), ast.In)
    if op is ast.Eq:
        return maximum(left - right, right - left)
    if op is ast.NotEq:
        return indicator(left - right, 0)
    if op in (ast.Lt, ast.LtE):
        return maximum(0, left - right + (op is ast.Lt))
    if op in (ast.Gt, ast.GtE):
        return maximum(0, right - left + (op is ast.Gt))
    raise NotImplementedError


def _intervals(name: str, differs: Sequence[int], units: range) -> list[Condition] | None:
    """Single sizes and thresholds, if the units are few or lie side by side."""
    runs: list[list[int]] = []
    for unit in differs:
        if runs and unit == runs[-1][1] + 1:
            runs[-1][1] = unit
        else:
            runs.append([unit, unit])
        if len(runs) > PIECES:
            return None
    found: dict[Condition, None] = {}
    size = symbol(name)
    for first, last in runs:
        if first == last and last != units[-1]:
            found[size, first] = None
            continue
        if last != units[-1]:
            found[floor_div(size, last + 1), 0] = None
        if first != units[0]:
            found[floor_div(size, first), 0] = None
    return list(found)


def _residues(name: str, differs: Sequence[int], units: range) -> list[Condition] | None:
    """Residue classes, if the units repeat."""
    marked = set(differs)
    pattern = [u in marked for u in units]
    for modulus in range(2, len(pattern) // 3):
        if pattern[modulus:] != pattern[:-modulus]:
            continue
        inside = {u % modulus for u in units if u in marked}
        outside = set(range(modulus)) - inside
        chosen = min((inside, outside), key=len)
        if len(chosen) > PIECES:
            return None
        return [(mod(symbol(name) - r, modulus), 0) for r in sorted(chosen)]
    return None


# -- recognising the leaves ----------------------------------------------------------------


def _sizes(leaf: Any) -> tuple[Any, ...]:
    return leaf if isinstance(leaf, tuple) else (leaf,)


def _at(leaf: Any, point: Mapping[str, int]) -> Any:
    if isinstance(leaf, tuple):
        return tuple(_at(size, point) for size in leaf)
    return evaluate(leaf, point) if isinstance(leaf, Poly) else leaf


@dataclass(frozen=True)
class Loop:
    """A test inside a loop that counts: ``i % 6 == 5`` with i from `start`, `trips` times at the point watched.

    Attributes:
        predicate: the test; its leaf `counter` stands for the count.
    """

    predicate: Predicate
    counter: int
    start: int
    trips: int
    point: Mapping[str, int]

    def structural(self, domain: Domain) -> str | None:
        """The symbol that sets the number of trips, as far as one size is like it."""
        for offset in (0, -1, 1, -2, 2):
            for dim in domain.dims:
                if self.point[dim.name] * dim.multiple_of + offset == self.trips:
                    return dim.name
        return None

    def held(self, domain: Domain, name: str, unit: int) -> int | None:
        """How often the test holds when `name` has so many units; None where that depends on other symbols."""
        if self.predicate.names - {name}:
            return None
        trips = self.trips + (unit - self.point[name]) * domain[name].multiple_of
        leaves, total = list(self.predicate.leaves), 0
        for i in range(self.start, self.start + trips):
            leaves[self.counter] = i
            answer = Predicate(self.predicate.test, tuple(leaves)).holds({name: unit})
            if answer is None:
                return None
            total += answer
        return total


@dataclass(frozen=True)
class Count:
    """How often something happens, as a function of a structural symbol.

    Attributes:
        formula: of the symbol (in units); None if the grammar has none. units: where its slope changes, and behind.
        test: what counts.
    """

    formula: Size | None
    units: tuple[int, ...]
    test: Test


def counts(seen: Observed, domain: Domain, name: str) -> list[Count]:
    """What a structural symbol counts otherwise than in proportion: tests on layers, and ranges with a step."""
    found = []
    for loop in seen.loops:
        if loop.structural(domain) == name:
            found.append((loop.predicate.test, [loop.held(domain, name, unit) for unit in range(1, LAYERS + 1)]))
    for ends in seen.counted:
        if ends.names == {name}:
            found.append((ends.test, [_length(ends, {name: unit}) for unit in range(1, LAYERS + 1)]))
    made = (_count(test, held, name) for test, held in found if None not in held)
    return [count for count in made if count is not None]


def _length(ends: Predicate, point: Mapping[str, int]) -> int | None:
    try:
        return len(range(*ends.test.evaluate(tuple(_at(leaf, point) for leaf in ends.leaves))))
    except (ArithmeticError, TypeError, ValueError):
        return None


def _count(test: Test, held: Sequence[int], name: str) -> Count | None:
    """The function that takes the values `held` from 1 on; None for a line."""
    n, steps = symbol(name), [b - a for a, b in itertools.pairwise(held)]
    turns = [i + 2 for i, (a, b) in enumerate(itertools.pairwise(steps)) if a != b]
    if not turns:
        return None
    units = tuple(dict.fromkeys(u for turn in turns[: 2 * PIECES] for u in (turn, turn + 1, turn + 2)))
    formula: Size = held[0] + steps[0] * (n - 1)
    if len(turns) <= 3 * PIECES and turns[-1] < LAYERS // 2:
        waiting = list(turns)
        while waiting:
            turn = waiting.pop(0)
            change = steps[turn - 1] - steps[turn - 2]
            if waiting and waiting[0] == turn + 1 and steps[turn] == steps[turn - 2]:  # one layer is another one
                waiting.pop(0)
                formula = formula + change * (1 - indicator(floor_div(n, turn + 1), 0))
            else:
                formula = formula + change * maximum(0, n - turn)
        return Count(formula, units, test)
    for period in range(2, LAYERS // 3):
        if steps[period:] == steps[:-period]:
            least = min(steps[:period])
            formula = held[0] + least * (n - 1)
            for i, step in enumerate(steps[:period]):
                if step > least:  # one more for each unit that is i + 2, and so on by periods
                    formula = formula + (step - least) * floor_div(n + (period - 2 - i) % period, period)
                    formula = formula - (step - least) * ((1 + (period - 2 - i) % period) // period)
            return Count(formula, (turns[0], turns[0] + 1, turns[0] + period, turns[0] + period + 1), test)
    return Count(None, units, test)


@dataclass(frozen=True)
class Observed:
    """What one watched trace says about sizes.

    Attributes:
        predicates: tests that depend on symbols. loops: tests on the counter of a loop.
        ranged: symbols that are the argument of a `range`. counted: ranges whose length depends on sizes.
        divisors: constants by which something is divided.
    """

    predicates: tuple[Predicate, ...] = ()
    loops: tuple[Loop, ...] = ()
    ranged: frozenset[str] = frozenset()
    counted: tuple[Predicate, ...] = ()
    divisors: tuple[int, ...] = ()

    def joined(self, other: Observed) -> Observed:
        """What either of two traces says."""
        known = {(p.test, p.leaves) for p in self.predicates}
        loops = {loop.predicate.test for loop in self.loops}
        counted = {(p.test, p.leaves) for p in self.counted}
        return Observed(
            (*self.predicates, *(p for p in other.predicates if (p.test, p.leaves) not in known)),
            (*self.loops, *(loop for loop in other.loops if loop.predicate.test not in loops)),
            self.ranged & other.ranged,  # by chance a size may be like a constant, but hardly twice
            (*self.counted, *(p for p in other.counted if (p.test, p.leaves) not in counted)),
            tuple(sorted({*self.divisors, *other.divisors})),
        )


def observed(watch: Watch, point: Point, domain: Domain, formulas: Iterable[Size] = ()) -> Observed:
    """Recognise what stood in the tests of a trace.

    Args:
        watch: the tests. point: where it was traced (units). formulas: sizes (in units) that occur in the program.
    """
    table: dict[int, Size] = {}
    known = [*(symbol(d.name) * d.multiple_of for d in domain.dims), *formulas]
    for formula in known:
        if isinstance(formula, Poly):
            value = evaluate(formula, point)
            if isinstance(value, int) and value > 2:
                table.setdefault(value, formula)

    def recognise(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(recognise(v) for v in value)
        return table.get(value, value) if isinstance(value, int) and not isinstance(value, bool) else value

    predicates: dict[tuple, Predicate] = {}
    loops: list[Loop] = []
    ranged: set[str] = set()
    counted: dict[tuple, Predicate] = {}
    divisors: set[int] = set()
    for test, executions in watch.seen.items():
        distinct = list(dict.fromkeys(executions))
        counter = _counter(distinct)
        if test.kind == "divisor":
            told = (n for values in distinct for n in _told(test, tuple(map(recognise, values))))
            divisors |= {n for n in told if isinstance(n, int) and n > 1}
        elif test.kind == "range":
            for values in distinct:
                found = Predicate(test, tuple(map(recognise, values)))
                ends = _told(test, found.leaves)
                if len(found.names) == 1 and 0 < len(ends) < 3 and ends[-1] == symbol(*found.names):
                    ranged |= found.names  # so many layers; `range(0, tokens, 128)` is something else
                elif found.names:
                    counted[found.leaves] = found
        elif counter is not None:
            leaves = tuple(v if i == counter else recognise(v) for i, v in enumerate(distinct[0]))
            loops.append(Loop(Predicate(test, leaves), counter, distinct[0][counter], len(distinct), point))
        else:
            for values in distinct:
                found = Predicate(test, tuple(map(recognise, values)))
                if found.names:
                    predicates.setdefault((test, found.leaves), found)
    return Observed(
        tuple(predicates.values()),
        tuple(loops),
        frozenset(ranged),
        tuple(counted.values()),
        tuple(sorted(divisors)),
    )


def _told(test: Test, leaves: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values that a test tells of symbolic leaves; none where they are computed as only integers can be."""
    try:
        return test.evaluate(leaves)
    except (ArithmeticError, TypeError, ValueError):
        return ()


def _counter(executions: Sequence[tuple]) -> int | None:
    """The leaf that counts up by one from one execution to the next while the others stay."""
    if len(executions) < 2:
        return None
    for i, first in enumerate(executions[0]):
        if isinstance(first, int) and not isinstance(first, bool):
            rest = {(*v[:i], *v[i + 1 :]) for v in executions}
            if len(rest) == 1 and [v[i] for v in executions] == list(range(first, first + len(executions))):
                return i
    return None
