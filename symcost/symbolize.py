"""Programs of equal structure at several points -> one symbolic program.

Slots are lined up and solved (`symcost.solve`); outputs of windowed operations follow
from their shape rules instead. Nothing here traces anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from symcost.polynomial import Poly, Size, bind, evaluate, symbol, symbols_of
from symcost.program import Instruction, Program, Slot, Template, Value
from symcost.quasilinear import simplest
from symcost.shapes import SHAPE_RULES, same_paddings, windows
from symcost.solve import Solver


@dataclass(eq=False)
class Unsolved(Exception):
    """A slot without a formula."""

    template: Template
    source: str
    values: tuple[int, ...]


def structure(program: Program) -> tuple:
    """What must be equal for two programs to be lined up: templates in order, what they read, and nested regions."""
    return tuple(
        (i.template, wires(i), tuple(map(structure, i.regions))) if i.regions else (i.template, wires(i))
        for i in program.instructions
    )


def wires(instruction: Instruction) -> tuple[int, ...]:
    """Which values an instruction reads; -1 for a literal. ``x @ x.T`` and ``x.T @ x`` differ in nothing else."""
    return tuple([r if isinstance(r, int) else -1 for r in instruction.reads])


def first_difference(a: Program, b: Program) -> tuple[Instruction | None, Instruction | None]:
    """The first pair of instructions at which two programs part ways (None: the program has ended)."""
    for x, y in zip(a.instructions, b.instructions, strict=False):
        if x.template is not y.template or wires(x) != wires(y) or len(x.regions) != len(y.regions):
            return x, y
        for r, s in zip(x.regions, y.regions, strict=True):
            if structure(r) != structure(s):
                return first_difference(r, s)
    n = min(len(a.instructions), len(b.instructions))
    rest_a, rest_b = a.instructions[n:], b.instructions[n:]
    return (rest_a[0] if rest_a else None), (rest_b[0] if rest_b else None)


def symbolize(programs: Sequence[Program], solver: Solver, models: Models | None = None) -> Program:
    """One program whose slots are formulas.

    Args:
        programs: one per point of `solver`, with equal `structure`.
        models: operations of similar programs, whose formulas are taken over where all their values fit.

    Raises:
        Unsolved: a slot for which the grammar has no formula.
    """
    known = -1
    while len(solver.table) > known:
        # What is computed further on may be what an earlier slot holds (a Dense layer's kernel behind a
        # convolution): unsolved slots are passed over as long as formulas are still being found.
        known = len(solver.table)
        first = _Symbolizer(solver, models or Models(), lenient=True)
        symbolic = first.program(programs)
        if not first.passed_over:
            return symbolic
    return _Symbolizer(solver, models or Models()).program(programs)


class Models:
    """Symbolic operations of similar programs, by what they do; module indices (`Block_3`) do not count.

    Args:
        programs: symbolic programs. bound: symbols that have one value in the new program.
    """

    def __init__(self, programs: Sequence[Program] = (), bound: Mapping[str, int] | None = None):
        self.slots: dict[tuple, list[tuple[Size, ...]]] = {}
        memo: dict[Size, Size] = {}
        for program in programs:
            seen: set[tuple] = set()
            for instruction in program.walk():
                key = (id(instruction.template), id(instruction.slots))
                if key in seen:
                    continue
                seen.add(key)
                slots = tuple(_bound(s, bound, memo) for s in instruction.slots)
                known = self.slots.setdefault(_likeness(instruction.template), [])
                if slots not in known:
                    known.append(slots)

    def find(self, template: Template, columns: Sequence[tuple[int, ...]], values: Callable) -> tuple[Size, ...] | None:
        """Formulas of a similar operation that have the values of `columns` at every point."""
        if not self.slots:
            return None
        wanted = tuple(zip(*columns, strict=True))
        for slots in self.slots.get(_likeness(template), ()):
            if len(slots) == len(wanted) and all(values(s) == w for s, w in zip(slots, wanted, strict=True)):
                return slots
        return None


_DIGITS = re.compile(r"\d+")
_LIKENESS: dict[int, tuple] = {}


def _likeness(template: Template) -> tuple:
    found = _LIKENESS.get(id(template))
    if found is None:
        scope = _DIGITS.sub("#", template.scope)
        found = _LIKENESS[id(template)] = (template.primitive, template.outputs, template.params, scope, template.phase)
    return found


def _bound(size: Size, bound: Mapping[str, int] | None, memo: dict[Size, Size]) -> Size:
    if not bound or not isinstance(size, Poly):
        return size
    if size not in memo:
        memo[size] = bind(size, bound)
    return memo[size]


UNSOLVED = symbol("?")
"""Stands for a slot that has no formula yet."""


def _unsolved_part(size: Size) -> bool:
    return isinstance(size, Poly) and "?" in symbols_of(size)


class _Symbolizer:
    def __init__(self, solver: Solver, models: Models, lenient: bool = False):
        self.solver, self.models, self.lenient = solver, models, lenient
        self.passed_over = False
        self.at: dict[Size, tuple] = {}
        self.memo: dict[tuple, tuple[Size, ...]] = {}
        self.values: dict[tuple, Value] = {}
        self.literals: dict[tuple, tuple[int, Size | None]] = {}  # how many formulas were known, and what was found

    def program(self, programs: Sequence[Program]) -> Program:
        inputs = tuple(self.value(vs) for vs in zip(*(p.inputs for p in programs), strict=True))
        values: list[Value] = list(inputs)
        instructions = []
        for parallel in zip(*(p.instructions for p in programs), strict=True):
            first = parallel[0]
            template = first.template
            shape_rule = SHAPE_RULES.get(template.primitive)
            reads = tuple(
                r if isinstance(r, int) else self.value(vs)
                for r, *vs in zip(first.reads, *(i.reads for i in parallel), strict=True)
            )
            columns = tuple(i.slots for i in parallel)
            if shape_rule is None:
                key = (template, columns)
                slots = self.memo.get(key)
                if slots is None:
                    slots = self.models.find(template, columns, self.evaluated)
                    slots = self.memo[key] = slots or self.plain(first, columns)
            else:
                operands = tuple(values[r] if isinstance(r, int) else r for r in reads)
                key = (template, columns, operands)
                slots = self.memo.get(key)
                if slots is None:
                    slots = self.models.find(template, columns, self.evaluated)
                    slots = self.memo[key] = slots or self.shaped(first, columns, operands)
            regions = first.regions
            if regions:
                regions = tuple(self.program(rs) for rs in zip(*(i.regions for i in parallel), strict=True))
            instructions.append(Instruction(template, slots, reads, first.writes, regions, first.source))
            values.extend(self.shared(v) for v in template.values(slots))
        first_program = programs[0]
        outputs = tuple(
            o if isinstance(o, int) else self.value(vs)
            for o, *vs in zip(first_program.outputs, *(p.outputs for p in programs), strict=True)
        )
        return Program(
            inputs, tuple(instructions), outputs, first_program.kinds, first_program.name, first_program.donated
        )

    def evaluated(self, size: Size) -> tuple:
        """The values of a formula at the points."""
        if not isinstance(size, Poly):
            return (size,) * len(self.solver.points)
        found = self.at.get(size)
        if found is None:
            found = self.at[size] = self.solver.values(size)
        return found

    def shared(self, value: Value) -> Value:
        """Equal values as one object, so that later look-ups compare by identity first."""
        return self.values.setdefault((value.shape, value.dtype), value)

    def value(self, parallel: Sequence[Value]) -> Value:
        """One input or literal."""
        shape = tuple(self.solve(column, None, "an input") for column in zip(*(v.shape for v in parallel), strict=True))
        return Value(shape, parallel[0].dtype, self.literal(tuple(v.literal for v in parallel)))

    def literal(self, values: tuple) -> Hashable:
        """A literal: the number itself, or a formula where it follows the sizes (`x * (tokens - 6)`), else None."""
        if len(set(values)) == 1:
            return values[0]
        numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and v == v // 1]
        if len(numbers) < len(values) or len(values) < 4:
            return None
        known = len(self.solver.table)
        if self.literals.get(values, (-1, None))[0] < known:  # a formula found since may help
            self.literals[values] = (known, self.solver.search(tuple(int(v) for v in numbers)))
        return self.literals[values][1]

    def plain(self, instruction: Instruction, columns: tuple[tuple[int, ...], ...]) -> tuple[Size, ...]:
        nearby: list[Size] = []
        slots = []
        constants = {c[0] for c in zip(*columns, strict=True) if len(set(c)) == 1 and 2 <= c[0] <= 64}
        for column in zip(*columns, strict=True):
            formula = self.solve(column, instruction, "", nearby, tuple(constants))
            if isinstance(formula, Poly) and formula not in nearby:
                nearby.append(formula)
            slots.append(formula)
        return tuple(slots)

    def shaped(self, instruction: Instruction, columns, operands: tuple[Value, ...]) -> tuple[Size, ...]:
        template, solver = instruction.template, self.solver
        parallel = list(zip(*columns, strict=True))
        n = template.rank_total
        slots: list[Size | None] = [None] * len(parallel)
        for i, column in enumerate(parallel):
            if i >= n and len(set(column)) == 1:
                slots[i] = self.solve(column, instruction)
        settled = self.paddings(instruction, parallel, slots, operands, columns)
        for i, column in enumerate(parallel):
            if i >= n and slots[i] is None:
                nearby = [d for v in operands for d in v.shape]
                slots[i] = self.solve(column, instruction, "", nearby)
        if not self._undetermined(slots[n:], operands):
            outputs = SHAPE_RULES[template.primitive](operands, template.fill(slots))  # type: ignore[arg-type]
            dimensions = [simplest(d, solver.least) for shape in outputs for d in shape]
            dimensions = [settled.get(i, d) for i, d in enumerate(dimensions)]
            for i, (column, dimension) in enumerate(zip(parallel[:n], dimensions, strict=False)):
                if all(evaluate(dimension, p) == v for p, v in zip(solver.points, column, strict=True)):
                    solver.learn(dimension)
                    slots[i] = dimension
        for i in range(n):
            if slots[i] is None:
                slots[i] = self.solve(parallel[i], instruction)
        return tuple(slots)  # type: ignore[arg-type]

    def _undetermined(self, slots, operands: tuple[Value, ...]) -> bool:
        """Whether a slot or a dimension of an operand has no formula yet."""
        sizes = [*slots, *(d for v in operands for d in v.shape)]
        return self.passed_over and any(map(_unsolved_part, sizes))

    def paddings(self, instruction: Instruction, parallel, slots, operands, columns) -> dict[int, Size]:
        """Solve varying paddings from the axis that they pad.

        Returns:
            Output axis -> its dimension, where the paddings say what it is ("SAME": ceil(size/stride)).
        """
        settled: dict[int, Size] = {}
        template, table = instruction.template, self.solver.table
        axes = windows(template.primitive, template.fill(columns[0]))
        if not axes:
            return settled
        skeleton = dict(template.params)["padding"]
        for window, (low, high) in zip(axes, skeleton, strict=True):
            near = [operands[0].shape[window.axis]]
            if window.kernel_axis is not None:
                near.append(operands[1].shape[window.kernel_axis])
            elif isinstance(window.size, Slot):
                near.append(slots[window.size.index])
            across = table.get(parallel[window.output_axis])
            if across is not None:
                near.append(across)
            near = [d for d in near if not _unsolved_part(d)]
            for slot in (low, high):
                if slots[slot.index] is None:
                    column = parallel[slot.index]
                    output = parallel[window.output_axis]
                    for candidate, dimension in same_paddings(near, window.divisors):
                        if self.evaluated(candidate) == column and self.evaluated(dimension) == output:
                            slots[slot.index] = simplest(candidate, self.solver.least)
                            settled[window.output_axis] = simplest(dimension, self.solver.least)
                            break
                    else:
                        slots[slot.index] = self.solve(column, instruction, "", near, window.divisors)
        return settled

    def solve(self, column, instruction: Instruction | None, what: str = "", nearby=(), divisors=()) -> Size:
        if self.passed_over:
            nearby = [d for d in nearby if not _unsolved_part(d)]
        formula = self.solver.solve(column, nearby, divisors)
        if formula is None and self.lenient:
            self.passed_over = True
            return UNSOLVED
        if formula is None:
            raise _unsolved(instruction, column)
        return formula


def _unsolved(instruction: Instruction | None, column: tuple[int, ...]) -> Unsolved:
    template = instruction.template if instruction else Template("input", (), ())
    return Unsolved(template, str(instruction.source or "") if instruction else "", column)


def agrees(symbolic: Program, concrete: Program, point: dict[str, int]) -> bool:
    """Whether `concrete` has the structure of `symbolic` and every slot its formula's value at `point`."""
    seen: dict[Size, int] = {}
    checked: set[tuple] = set()

    def at(formula: Size) -> object:
        if not isinstance(formula, Poly):
            return formula
        value = seen.get(formula)
        if value is None:
            value = seen[formula] = evaluate(formula, point)  # type: ignore[assignment]
        return value

    def same(a: Program, b: Program) -> bool:
        if len(a.instructions) != len(b.instructions) or len(a.inputs) != len(b.inputs):
            return False
        for x, y in zip(a.inputs, b.inputs, strict=True):
            if len(x.shape) != len(y.shape) or any(at(f) != v for f, v in zip(x.shape, y.shape, strict=True)):
                return False
        for i, j in zip(a.instructions, b.instructions, strict=True):
            if i.template is not j.template or len(i.slots) != len(j.slots) or wires(i) != wires(j):
                return False
            key = (id(i.slots), j.slots)
            if key not in checked:
                if any(at(f) != v for f, v in zip(i.slots, j.slots, strict=True)):
                    return False
                checked.add(key)
            if not all(same(r, s) for r, s in zip(i.regions, j.regions, strict=True)):
                return False
        return True

    return same(symbolic, concrete)
