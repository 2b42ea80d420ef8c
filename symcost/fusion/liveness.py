"""Peak memory of a fused program by liveness: what is alive while each kernel runs.

Arguments and constants stay for the whole program, unless they are donated; what a kernel writes is alive
until its last reader has run, results to the end. A kernel of element-wise operations writes over an operand that
nobody else needs (XLA's buffer assignment does the same); an update changes its operand in place. Inside of
a loop the carried values are there once, and once more while the body makes new ones; stacked results are there as
a whole from the start. Of a conditional the largest branch counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from symcost.dominance import largest
from symcost.fusion.kernels import carry
from symcost.fusion.kinds import CONTROL, freeable
from symcost.ledger import Key, Row
from symcost.polynomial import Size, product, total
from symcost.program import Instruction, Op, Program, Value


@dataclass(frozen=True, slots=True)
class Array:
    """An array that is alive: what it is, and the kernel that made it (None: an input of the program)."""

    value: Value
    maker: Instruction | None
    kind: str  # "params", "argument" ... of an input, else ""


@dataclass(frozen=True, slots=True)
class Live:
    """One moment of a program.

    Attributes:
        bytes: alive while the kernel runs. kernel: None before the first one.
        arrays: what is alive, where that was asked for; loops around the kernel come first.
    """

    bytes: Size
    kernel: Instruction | None
    arrays: tuple[Array, ...] = ()


Tell = Callable[[Live], None]


def moments(program: Program, *, arrays: bool = False) -> list[Live]:
    """Every moment of a fused program, in order.

    Args:
        program: what `fused` returned. arrays: tell what is alive, too.
    """
    found: list[Live] = []
    used = {r for i in program.instructions for r in i.reads if isinstance(r, int)}
    used |= {r for r in program.outputs if isinstance(r, int)}
    present = {n for n in range(len(program.inputs)) if n in used}
    _Walk(program, program.donated, present, arrays).run(0, (), found.append)
    return found


def peak_rows(program: Program) -> list[Row]:
    """The most that is alive while kernels of each module, phase and line of code run, as rows of a ledger.

    Lines are told apart because what is the larger one of two at a few layers need not be at many: only what the same
    line does again and again is known to grow evenly.
    """
    found: dict[tuple[str, str, str], list[Size]] = {}
    for moment in moments(program):
        template = moment.kernel.template if moment.kernel else None
        scope, phase = (template.scope, template.phase) if template else ("", "")
        found.setdefault((scope, phase, _line(moment.kernel)), []).append(moment.bytes)
    return [
        Row(Key(scope, "", "", "", phase, flag=f"peak {line}"), 0, {"peak_memory": largest(sizes)})
        for (scope, phase, line), sizes in found.items()
    ]


def _line(kernel: Instruction | None) -> str:
    """``model.py:12`` of a kernel's last operation; no folders, which differ between machines."""
    source = str(kernel.source or "") if kernel is not None else ""
    return source.partition(" (")[0].replace("\\", "/").rpartition("/")[2]


class _Walk:
    """A pass over one program.

    Args:
        free: inputs that are gone after their last reader. present: inputs whose bytes are part of the count.
        unwritten: results that cost nothing here, because they are written where they belong at once.
    """

    def __init__(
        self,
        program: Program,
        free: frozenset[int],
        present: Iterable[int],
        arrays: bool,
        unwritten: frozenset[int] = frozenset(),
    ):
        self.program, self.arrays, self.unwritten = program, arrays, unwritten
        self.values: list[Value] = list(program.inputs)
        self.makers: list[Instruction | None] = [None] * len(program.inputs)
        self.free = set(free)
        self.alive: dict[int, None] = dict.fromkeys(present)
        self.last: dict[int, int] = {}
        for i, kernel in enumerate(program.instructions):
            self.last.update(dict.fromkeys((r for r in kernel.reads if isinstance(r, int)), i))
        self.ends = {r for r in program.outputs if isinstance(r, int)}

    def run(self, base: Size, around: tuple[Array, ...], tell: Tell) -> None:
        """Tell every moment; `base` bytes are alive outside, made of the arrays `around`."""
        live = base + total(self.values[n].bytes for n in self.alive)
        for n in [n for n in self.alive if n in self.free and n not in self.last and n not in self.ends]:
            live = live - self._freed(n)
        if not self.program.instructions:
            tell(Live(live, None, self._arrays(around)))
        for i, kernel in enumerate(self.program.instructions):
            first = len(self.values)
            self.values.extend(kernel.template.values(kernel.slots))
            made = list(range(first, len(self.values)))
            self.makers.extend([kernel] * len(made))
            self.free.update(made)
            gone = [r for r in dict.fromkeys(kernel.reads) if isinstance(r, int) and self._dies(r, i)]
            before = live
            live = live + self._taken(kernel, made, gone)
            if kernel.template.primitive in CONTROL:
                self._inside(kernel, made, before, live, around, tell)
            tell(Live(live, kernel, self._arrays(around)))
            for n in (*gone, *(n for n in made if n not in self.last and n not in self.ends)):
                if n in self.alive:
                    live = live - self._freed(n)

    def _dies(self, number: int, i: int) -> bool:
        return self.last[number] == i and number in self.free and number in self.alive and number not in self.ends

    def _freed(self, number: int) -> Size:
        del self.alive[number]
        return self.values[number].bytes

    def _taken(self, kernel: Instruction, made: Sequence[int], gone: Sequence[int]) -> Size:
        """Bytes that a kernel takes for what it makes; memory of operands that die here is used again."""
        taken: Size = 0
        pairs = self._passed_on(kernel, made)
        for n in made:
            if n in self.unwritten:
                continue
            self.alive[n] = None
            old = next((r for r in pairs.get(n, ()) if r in gone and r in self.alive), None)
            if old is None:
                taken = taken + self.values[n].bytes
            else:
                del self.alive[old]
        return taken

    def _passed_on(self, kernel: Instruction, made: Sequence[int]) -> dict[int, list[int]]:
        """Whose memory each result may take over."""
        primitive, params = kernel.template.primitive, dict(kernel.template.params)
        if "over" in params:
            return {made[0]: [r for k in params["over"] if isinstance(r := kernel.reads[k], int)]} if made else {}
        if primitive not in ("scan", "while"):
            return {}
        initial, carried = self._carried(kernel)
        once = [r for r in kernel.reads if kernel.reads.count(r) == 1]
        pairs = zip(made[:carried], kernel.reads[initial : initial + carried], strict=True)
        return {n: [r] for n, r in pairs if isinstance(r, int) and r in once}

    def _carried(self, kernel: Instruction) -> tuple[int, int]:
        """The first operand of a loop that is carried, and how many are."""
        consts, carried = carry(self._op(kernel), kernel.regions[-1])
        if kernel.template.primitive == "while":  # constants of the condition come first, of the body next
            return len(kernel.reads) - carried, carried
        return consts, carried

    def _op(self, kernel: Instruction) -> Op:
        inputs = tuple(self.values[r] if isinstance(r, int) else r for r in kernel.reads)
        return Op(kernel, inputs, kernel.template.values(kernel.slots))

    # -- nested programs ---------------------------------------------------------------------
    def _inside(
        self, kernel: Instruction, made: Sequence[int], before: Size, live: Size, around: tuple[Array, ...], tell: Tell
    ) -> None:
        op, primitive = self._op(kernel), kernel.template.primitive
        carried = carry(op, kernel.regions[-1])[1] if primitive in ("scan", "while") else 0
        # a walk of a body tells what is carried itself, one of a branch all that it makes
        outside = self._arrays(around, made[:carried] if primitive in ("scan", "while") else made)
        for region in kernel.regions:
            if primitive in ("scan", "while"):
                self._loop(op, region, live, outside, tell)
            elif primitive == "shard_map":
                times = product(op.params["devices"])

                def everywhere(moment: Live, times: Size = times) -> None:
                    tell(Live(before + times * moment.bytes, moment.kernel, moment.arrays))

                _Walk(region, frozenset(), (), self.arrays).run(0, outside, everywhere)
            else:  # what it makes is made inside
                _Walk(region, frozenset(), (), self.arrays).run(before, outside, tell)

    def _loop(self, op: Op, region: Program, live: Size, outside: tuple[Array, ...], tell: Tell) -> None:
        """One trip: carried values are alive outside, and may be overwritten; slices only where a kernel needs them."""
        consts, carried = carry(op, region)
        free = freeable(op.primitive, len(region.inputs), consts, carried)
        slices = {n for n in free if n >= consts + carried and _stored(region, n)}
        carries = frozenset(range(consts, consts + carried)) & free
        # carried values are counted outside; here they only die
        walk = _Walk(
            region, carries | slices, (*carries, *slices), self.arrays, _stacked(region, carried, op.primitive)
        )
        walk.run(live - total(region.inputs[n].bytes for n in carries), outside, tell)

    def _arrays(self, around: tuple[Array, ...], without: Sequence[int] = ()) -> tuple[Array, ...]:
        if not self.arrays:
            return ()
        kinds = self.program.kinds
        alive = (n for n in self.alive if n not in without)
        own = (Array(self.values[n], self.makers[n], kinds[n] if n < len(kinds) else "") for n in alive)
        return (*around, *own)


def _stored(region: Program, number: int) -> bool:
    """Whether a slice of a loop's operand is written to memory: unless element-wise kernels alone read it."""
    readers = [i for i in region.instructions if number in i.reads]
    return number in region.outputs or not all(dict(i.template.params).get("loop") for i in readers)


def _stacked(region: Program, carried: int, primitive: str) -> frozenset[int]:
    """Results of a scan's body that an element-wise kernel writes into the stacked array at once."""
    if primitive != "scan":
        return frozenset()
    kept = set(region.outputs[:carried]) | {r for kernel in region.instructions for r in kernel.reads}
    found, number = set(), len(region.inputs)
    for kernel in region.instructions:
        made = range(number, number + len(kernel.template.outputs))
        if dict(kernel.template.params).get("loop"):
            found.update(n for n in made if n in region.outputs[carried:] and n not in kept)
        number += len(made)
    return frozenset(found)
