"""Where in the user's code a row of a ledger, a size or a difference between two programs belongs; for messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from symcost.fit import value_at
from symcost.ledger import Key, Ledger
from symcost.program import Instruction, Program, Record, Slot, Template
from symcost.symbolize import Unsolved, structure


def place(scope: str, source: str) -> str | None:
    """``MLP/Dense_0, model.py:12 (__call__)``; None where neither is known."""
    return ", ".join(filter(None, [scope, source])) or None


# -- rows --------------------------------------------------------------------------------


def line_of(programs: Iterable[Program], key: Key) -> str:
    """``file:line (function)`` of the first instruction that belongs to a row, or at least to its scope; or "".

    Args:
        programs: where to look. key: of the row; ``Block_*`` in its scope stands for all indices.
    """
    scope = re.compile("/".join(re.escape(p).replace(r"\*", r"\d+") for p in key.scope.split("/")))
    fallback = ""
    for program in programs:
        for instruction in program.walk():
            template = instruction.template
            if not scope.fullmatch(template.scope):
                continue
            source = str(instruction.source or "")
            if source and template.primitive == key.primitive and template.phase == key.phase:
                return source
            fallback = fallback or source
    return fallback


def differing(symbolic: Ledger, concrete: Ledger, point: Mapping[str, int]) -> Key | None:
    """The first row whose value at a point is not what a concrete ledger says."""
    expected = {r.key: r.costs for r in concrete.rows}
    found = {r.key: r.costs for r in symbolic.rows}
    for key in {**expected, **found}:
        a, b = expected.get(key, {}), found.get(key, {})
        if any(value_at(a.get(q, 0), point) != value_at(b.get(q, 0), point) for q in {**a, **b}):
            return key
    return None


# -- sizes -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hole:
    """A size of an operation.

    Attributes:
        text: ``dimension 1 of the output``, ``the parameter padding``.
        step, index: which operation of the program, which of its slots; -1 where that is not known.
    """

    text: str
    step: int = -1
    index: int = 0

    def differs(self, a: Program, b: Program) -> bool:
        """Whether two programs have other values there."""
        if self.step < 0:
            return False
        x, y = (next(islice(p.walk(), self.step, None), None) for p in (a, b))
        return x is None or y is None or x.template is not y.template or x.slots[self.index] != y.slots[self.index]


def hole(failure: Unsolved, programs: Sequence[Program]) -> Hole:
    """The size that has the values of `failure` at the first of `programs`."""
    for step, found in enumerate(zip(*(p.walk() for p in programs[: len(failure.values)]), strict=False)):
        template = found[0].template
        if template is failure.template and all(i.template is template for i in found):
            for index, column in enumerate(zip(*(i.slots for i in found), strict=True)):
                if column == tuple(failure.values):
                    return Hole(_slot(template, index), step, index)
    return Hole("a size")


def _slot(template: Template, index: int) -> str:
    if index >= template.rank_total:
        name = next((n for n, skeleton in template.params if index in _indices(skeleton)), "")
        return f"the parameter {name}" if name else "a size"
    for number, (rank, _) in enumerate(template.outputs):
        if index < rank:
            return f"dimension {index} of {'the output' if len(template.outputs) == 1 else f'output {number}'}"
        index -= rank
    return "a size"


def _indices(skeleton) -> set[int]:
    if isinstance(skeleton, Slot):
        return {skeleton.index}
    if isinstance(skeleton, Record):
        skeleton = tuple(v for _, v in skeleton.items_)
    return set().union(*map(_indices, skeleton)) if isinstance(skeleton, tuple) else set()


# -- differences between programs -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two programs part ways.

    Attributes:
        a, b: what each does there, in words. scope, source: of the operation.
    """

    a: str
    b: str
    scope: str
    source: str


def parting(a: Program, b: Program) -> Parting:
    """The first difference between two programs, that of nested programs included.

    Programs of equal structure differ in sizes alone; the first operation with other sizes is given then.
    """
    return _parting(a, b, "") or _resized(a, b)


def _parting(a: Program, b: Program, inside: str) -> Parting | None:
    for x, y in zip(a.instructions, b.instructions, strict=False):
        if x.template is not y.template:
            one, other = _unlike(x, y)
            return _of(one + inside, other + inside, x, y)
        if len(x.regions) != len(y.regions):
            counts = [f"{x.template.primitive!r} of {len(i.regions)} branches{inside}" for i in (x, y)]
            return _of(counts[0], counts[1], x, y)
        for r, s in zip(x.regions, y.regions, strict=True):
            if structure(r) != structure(s):
                found = _parting(r, s, f" inside of {x.template.primitive!r}")
                if found is not None and not found.source:
                    found = Parting(found.a, found.b, found.scope or x.template.scope, str(x.source or ""))
                return found
    n, m = len(a.instructions), len(b.instructions)
    if n == m:
        return None
    longer = (a if n > m else b).instructions[min(n, m)]
    ends = (f"only {min(n, m)} operation{'' if min(n, m) == 1 else 's'}" if min(n, m) else "no operation") + inside
    more = f"{longer.template.primitive!r} as operation {min(n, m) + 1} of {max(n, m)}{inside}"
    return _of(more, ends, longer) if n > m else _of(ends, more, longer)


def _resized(a: Program, b: Program) -> Parting:
    """Programs with the same operations: the first with sizes of its own making."""
    for x, y in zip(a.walk(), b.walk(), strict=False):
        if x.slots != y.slots:
            index = next(i for i, (s, t) in enumerate(zip(x.slots, y.slots, strict=True)) if s != t)
            what = f"{x.template.primitive!r} with {_slot(x.template, index)}"
            return _of(f"{what} = {x.slots[index]}", f"{what} = {y.slots[index]}", x, y)
    return Parting("a program", "the same program", "", "")


def _of(a: str, b: str, *instructions: Instruction) -> Parting:
    scope = next((i.template.scope for i in instructions if i.template.scope), "")
    return Parting(a, b, scope, next((str(i.source) for i in instructions if str(i.source or "")), ""))


def _unlike(x: Instruction, y: Instruction) -> tuple[str, str]:
    """What tells two instructions of different templates apart."""
    s, t = x.template, y.template
    if s.primitive != t.primitive:
        return repr(s.primitive), repr(t.primitive)
    both = repr(s.primitive)
    if s.outputs != t.outputs:
        return f"{both} to {_arrays(s)}", f"{both} to {_arrays(t)}"
    if s.scope != t.scope:
        return f"{both} in {s.scope or 'no module'}", f"{both} in {t.scope or 'no module'}"
    if s.phase != t.phase:
        return f"{both} ({s.phase})", f"{both} ({t.phase})"
    if s.line != t.line:
        return f"{both}, {s.line or 'no line'}", f"{both}, {t.line or 'no line'}"
    one, other = (i.template.fill(i.slots) for i in (x, y))
    skeletons, others = dict(s.params), dict(t.params)
    for name in {**skeletons, **others}:
        if skeletons.get(name) != others.get(name):
            return f"{both} with {name}={_short(one.get(name))}", f"{both} with {name}={_short(other.get(name))}"
    return both, both


def _arrays(template: Template) -> str:
    return " and ".join(f"{dtype} of {rank} dimension{'' if rank == 1 else 's'}" for rank, dtype in template.outputs)


def _short(value) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
