"""Program -> program of kernels: what is not written to memory joins the kernel that reads it.

An element-wise operation is not written to memory if everything that reads it is one kernel; a cheap one (a
broadcast) never, as long as its readers can make it themselves. Whether that is so depends on who reads what, never
on sizes: the kernels of a symbolic program are those of every concrete one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from symcost.fusion.kinds import (
    ALIGNED,
    CHEAP,
    CONSUMERS,
    CONTROL,
    OVERWRITES,
    PRODUCERS,
    SLICING,
    SPLITS,
    UPDATES,
    VIEWS,
    freeable,
)
from symcost.polynomial import Size, minimum, total
from symcost.program import Instruction, Op, Program, Slot, Template, Value, itemsize
from symcost.rules.registry import Cost, Flow, Registry, Rule, algorithm, checked

Turns = tuple[tuple[int, ...], ...]
"""Transpositions, one after the other."""

Traffic = Callable[[Op], Size | None]
"""Bytes that an operation moves by a rule of its own; None where it reads its operands and writes its outputs."""


class Kernels(Registry):
    """Bytes of fused programs: what each kernel reads and writes, loops and branches as in "algorithm"."""

    def __contains__(self, primitive: str) -> bool:
        return True

    def cost(self, op: Op) -> Cost | Flow | None:
        if "read" in op.params:
            return Cost(bytes_accessed=op.params["read"] + op.params["written"])
        return algorithm.cost(op)


KERNELS = Kernels("fused")
"""The rules of the programs that `fused` returns."""


def own_traffic(rules: Mapping[str, Rule]) -> Traffic:
    """What rules of the user's say, the registered ones and those for one analysis, and JAX's of kernels."""
    foreign = {**algorithm.foreign(), **rules}

    def traffic(op: Op) -> Size | None:
        rule = foreign.get(op.primitive)
        if rule is None and not (op.regions and op.primitive in algorithm):
            return None
        cost = algorithm.cost(op) if rule is None else checked(rule, op)
        return None if cost is None else (cost.own if isinstance(cost, Flow) else cost).bytes_accessed

    return traffic


def fused(
    program: Program, donated: frozenset[int] | None = None, *, traffic: Traffic | None = None, whole: bool = True
) -> Program:
    """The kernels of a program, in its order.

    Args:
        program: concrete or symbolic. donated: inputs that it may overwrite; of the program's own those that fit a
            result, if not said.
        traffic: see `Traffic`. whole: the program is no part of another: each result has memory of its own, so that
            an input that it returns is copied, and so is what it returns twice.

    Returns:
        A program whose instructions hold, among their parameters, the bytes ``read`` and ``written``, those read of
        ``each`` operand, which operands they may overwrite (``over``), and whether they are made of element-wise
        operations (``loop``).
        Loops and branches keep their own parameters, and kernels in their regions.
    """
    return _Fusion(program, donated, traffic or own_traffic({}), whole).program()


@dataclass(slots=True)
class _Kernel:
    """One kernel while it is being put together: what it reads of which value, in the order met."""

    members: list[int] = field(default_factory=list)
    whole: dict[int, Size] = field(default_factory=dict)  # value number -> its bytes
    parts: dict[int, Size] = field(default_factory=dict)  # value number -> bytes of the slices read of it

    def read(self, number: int, value: Value, part: Size | None) -> None:
        if part is None:
            self.whole[number] = value.bytes
        else:
            self.parts[number] = self.parts.get(number, 0) + part

    @property
    def numbers(self) -> list[int]:
        return list(dict.fromkeys((*self.whole, *self.parts)))

    def bytes(self) -> list[Size]:
        """What is read of each of `numbers`."""
        return [self.whole[n] if n in self.whole else self.parts[n] for n in self.numbers]


class _Fusion:
    def __init__(self, program: Program, donated: frozenset[int] | None, traffic: Traffic, whole: bool):
        self.source, self.traffic, self.whole = program, traffic, whole
        program = _with_slices(program)
        self.steps = program.instructions
        self.ops = list(program.ops())
        self.values: list[Value] = list(program.inputs)
        self.maker: list[int] = [-1] * len(program.inputs)  # the instruction that makes a value
        for i, op in enumerate(self.ops):
            self.values.extend(op.outputs)
            self.maker.extend([i] * len(op.outputs))
        self.roots = self._roots()
        self.turns = self._turned()
        self.reads = [[self.root(r) for r in step.reads] for step in self.steps]
        self.outputs = [self.root(r) for r in program.outputs]
        self.donated = self._reused() if donated is None else donated
        self.needed = {root for root in self.outputs if isinstance(root, int)}
        self.readers = self._readers()
        self.kernel = self._assigned()
        self.keeps = [
            ends == {i} and step.template.primitive not in VIEWS
            for i, (ends, step) in enumerate(zip(self.kernel, self.steps, strict=True))
        ]  # whether each instruction ends a kernel: what it makes is written to memory

    # -- who is who ------------------------------------------------------------------------
    def root(self, read: int | Value) -> int | Value:
        return self.roots[read] if isinstance(read, int) else read

    def _roots(self) -> list[int | Value]:
        """What each value is another name of."""
        roots: list[int | Value] = list(range(len(self.values)))
        for step in self.steps:
            if step.template.primitive in VIEWS:
                for k in range(len(step.template.outputs)):
                    seen = step.reads[min(k, len(step.reads) - 1)]
                    roots[step.writes + k] = roots[seen] if isinstance(seen, int) else seen
        return roots

    def _reused(self) -> frozenset[int]:
        """Donated inputs whose memory a result may take; XLA keeps the others.

        JAX pairs them with results of the same shape and type, or else of the same size (`_set_up_aliases` in
        jax/_src/interpreters/mlir.py). Sizes may coincide, so we go by rank and type, and for results that are other
        names of an array by its rank.
        """
        found: set[int] = set()
        left = [(r, root) for r, root in zip(self.source.outputs, self.outputs, strict=True) if isinstance(r, int)]
        for own in (True, False):
            for pair in list(left):
                result = self.values[pair[0] if own or not isinstance(pair[1], int) else pair[1]]
                for number in sorted(self.source.donated - found):
                    given = self.values[number]
                    if (len(given.shape), given.dtype) == (len(result.shape), result.dtype):
                        found.add(number)
                        left.remove(pair)
                        break
        return frozenset(found)

    def _turned(self) -> list[Turns]:
        """How each value is transposed, seen from what it is another name of."""
        turns: list[Turns] = [()] * len(self.values)
        for step, op in zip(self.steps, self.ops, strict=True):
            if step.template.primitive in VIEWS:
                for k in range(len(step.template.outputs)):
                    seen = step.reads[min(k, len(step.reads) - 1)]
                    before = turns[seen] if isinstance(seen, int) else ()
                    turned = op.primitive == "transpose"
                    turns[step.writes + k] = (*before, op.params["permutation"]) if turned else before
        return turns

    def _readers(self) -> dict[int, list[tuple[int, int]]]:
        """Who reads a value: (instruction, operand) pairs, views left out."""
        readers: dict[int, list[tuple[int, int]]] = {}
        for i, reads in enumerate(self.reads):
            if self.steps[i].template.primitive not in VIEWS:
                for operand, root in enumerate(reads):
                    if isinstance(root, int):
                        readers.setdefault(root, []).append((i, operand))
        return readers

    def written(self, i: int) -> range:
        """Numbers of the values that an instruction makes."""
        first = self.steps[i].writes
        return range(first, first + len(self.steps[i].template.outputs))

    def _assigned(self) -> list[frozenset[int]]:
        """The kernels that each instruction is part of, by the instruction that they end with."""
        kernel: list[frozenset[int]] = [frozenset()] * len(self.steps)
        for i in reversed(range(len(self.steps))):
            primitive = self.steps[i].template.primitive
            kernel[i] = frozenset((i,))
            if primitive not in PRODUCERS or any(n in self.needed for n in self.written(i)):
                continue
            edges = [edge for n in self.written(i) for edge in self.readers.get(n, ())]
            if not edges and primitive == "slice":  # a part of a split array that nobody reads
                kernel[i] = frozenset()
            if not edges or not all(self._takes_in(*edge) for edge in edges):
                continue
            ends = frozenset().union(*(kernel[j] for j, _ in edges))
            if len(ends) == 1 or primitive in CHEAP:
                kernel[i] = ends
        return kernel

    def _takes_in(self, i: int, operand: int) -> bool:
        """Whether an instruction can compute an operand itself."""
        primitive = self.steps[i].template.primitive
        picks = primitive in SLICING and primitive != "slice"  # elements that may come more than once
        return primitive in CONSUMERS and not (operand == 0 and (primitive in UPDATES or picks))

    # -- kernels ---------------------------------------------------------------------------
    def program(self) -> Program:
        """The program of kernels."""
        kernels = self._kernels()
        numbers: dict[int, int] = {n: n for n in range(len(self.source.inputs))}
        count = len(numbers)
        made: list[Instruction] = []
        for i, step in enumerate(self.steps):
            if not self.keeps[i]:
                continue
            if step.template.primitive in CONTROL:
                kernel = self._control(i, count, numbers)
            else:
                kernel = self._kernel(i, kernels[i], count, numbers)
            made.append(kernel)
            for k, number in enumerate(self.written(i)):
                numbers[number] = count + k
            count += len(step.template.outputs)
        outputs: list[int | Value] = []
        for root in self.outputs:
            if not isinstance(root, int):
                outputs.append(root)
            elif self.whole and (root < len(self.source.inputs) or numbers[root] in outputs):
                made.append(_copy(numbers[root], self.values[root], count))
                outputs.append(count)
                count += 1
            else:
                outputs.append(numbers[root])
        return Program(
            self.source.inputs, tuple(made), tuple(outputs), self.source.kinds, self.source.name, self.donated
        )

    def _kernels(self) -> dict[int, _Kernel]:
        """By the instruction that each ends with."""
        kernels: dict[int, _Kernel] = {i: _Kernel() for i in range(len(self.steps)) if self.keeps[i]}
        for i, ends in enumerate(self.kernel):
            if self.steps[i].template.primitive in VIEWS:
                continue
            for end in ends:
                kernels[end].members.append(i)
                for operand, root in enumerate(self.reads[i]):
                    if isinstance(root, int) and not self._inside(root, end):
                        kernels[end].read(root, self.values[root], self._part(i, operand))
        return kernels

    def _inside(self, root: int, end: int) -> bool:
        """Whether a value is made in a kernel and never written."""
        maker = self.maker[root]
        return maker >= 0 and maker != end and end in self.kernel[maker] and not self.keeps[maker]

    def _part(self, i: int, operand: int) -> Size | None:
        """Bytes read of an operand; None for all of it."""
        op = self.ops[i]
        if operand == 0 and op.primitive in SLICING:
            return op.output.bytes
        if operand == 0 and op.primitive in UPDATES:
            return 0 if op.primitive in OVERWRITES else op.inputs[UPDATES[op.primitive]].bytes
        return None

    def _kernel(self, i: int, kernel: _Kernel, count: int, numbers: Mapping[int, int]) -> Instruction:
        step, op = self.steps[i], self.ops[i]
        each = kernel.bytes()
        read, written = total(each), total(v.bytes for v in op.outputs)
        over = [n for n in dict.fromkeys(self._overwritable(i, kernel)) if self._free_after(n, i)]
        if op.primitive in UPDATES:
            if over:
                written = op.inputs[UPDATES[op.primitive]].bytes
            else:  # a copy is changed
                read = read + op.inputs[0].bytes
        own = self.traffic(op) if op.primitive not in CONSUMERS else None
        if own is not None:
            read, written = own - written, written
        rank = step.template.rank_total
        params = (
            ("each", tuple(Slot(rank + 2 + k) for k in range(len(each)))),
            ("loop", op.primitive in PRODUCERS),
            ("over", tuple(kernel.numbers.index(n) for n in over)),
            ("read", Slot(rank)),
            ("written", Slot(rank + 1)),
        )
        old = step.template
        template = Template(old.primitive, old.outputs, params, old.scope, old.phase)
        reads = tuple(numbers[n] for n in kernel.numbers)
        return Instruction(template, (*step.slots[:rank], read, written, *each), reads, count, (), step.source)

    def _overwritable(self, i: int, kernel: _Kernel) -> Iterator[int]:
        """Values that a kernel reads no earlier than it writes the element at the same place, and of the same type."""
        op = self.ops[i]
        if op.primitive in UPDATES:
            root = self.reads[i][0]
            if isinstance(root, int):
                yield root
            return
        if op.primitive not in ALIGNED or len(op.outputs) != 1:
            return
        members, bits = set(kernel.members), itemsize(op.output.dtype)
        places: dict[int, set[Turns | None]] = {}  # how each value is turned where it is read; None: other elements
        pending: list[tuple[int, Turns | None]] = [(i, ())]
        seen = set(pending)
        while pending:
            m, turns = pending.pop()
            at = self.ops[m]
            aligned = turns is not None and at.primitive in ALIGNED and len(at.outputs) == 1
            for operand, read in enumerate(self.steps[m].reads):
                root = self.root(read)
                if not isinstance(root, int) or not isinstance(read, int):
                    continue
                same = aligned and len(at.inputs[operand].shape) == len(at.output.shape)
                here = (*turns, *self.turns[read]) if same and turns is not None else None
                maker = self.maker[root]
                if maker not in members or maker == i:
                    places.setdefault(root, set()).add(here)
                elif (maker, here) not in seen:
                    seen.add((maker, here))
                    pending.append((maker, here))
        for root, met in places.items():
            whole = root in kernel.whole and root not in kernel.parts
            if whole and len(met) == 1 and None not in met and itemsize(self.values[root].dtype) == bits:
                yield root

    def _free_after(self, number: int, i: int) -> bool:
        """Whether nobody needs a value after instruction `i`."""
        if number in self.needed or (number < len(self.source.inputs) and number not in self.donated):
            return False
        return max((end for reader, _ in self.readers[number] for end in self.kernel[reader]), default=i) <= i

    # -- loops and branches -----------------------------------------------------------------
    def _control(self, i: int, count: int, numbers: Mapping[int, int]) -> Instruction:
        step, op = self.steps[i], self.ops[i]
        regions = []
        for region in step.regions:
            consts, carried = carry(op, region)
            free = freeable(op.primitive, len(region.inputs), consts, carried)
            regions.append(fused(region, free, traffic=self.traffic, whole=False))
        reads = tuple(numbers[r] if isinstance(r, int) else r for r in self.reads[i])
        return Instruction(step.template, step.slots, reads, count, tuple(regions), step.source)


def _with_slices(program: Program) -> Program:
    """A split of what is in memory anyway is a slice for each part; of what is computed it is a kernel."""
    if not any(step.template.primitive in SPLITS for step in program.instructions):
        return program
    made = [False] * len(program.inputs)  # whether a value is made by what may join the kernel that reads it
    steps: list[Instruction] = []
    for step in program.instructions:
        primitive, number = step.template.primitive, step.reads[0] if step.reads else None
        joins = isinstance(number, int) and made[number]
        made += [joins if primitive in VIEWS else primitive in PRODUCERS] * len(step.template.outputs)
        if primitive not in SPLITS or joins:
            steps.append(step)
            continue
        old, first = step.template, 0
        for k, (rank, dtype) in enumerate(old.outputs):
            template = Template("slice", ((rank, dtype),), (), old.scope, old.phase)
            slots = step.slots[first : first + rank]
            steps.append(Instruction(template, slots, step.reads, step.writes + k, (), step.source))
            first += rank
    return Program(program.inputs, tuple(steps), program.outputs, program.kinds, program.name, program.donated)


def carry(op: Op, region: Program) -> tuple[int, int]:
    """How many inputs of a loop's program stay the same, and how many are carried from trip to trip."""
    if op.primitive == "scan":
        return op.params["num_consts"], op.params["num_carry"]
    if op.primitive == "while":
        body = region is op.regions[-1]
        return (op.params["body_nconsts"], len(op.outputs)) if body else (op.params["cond_nconsts"], 0)
    return len(region.inputs), 0


def _copy(number: int, value: Value, writes: int) -> Instruction:
    """An input that the program returns as it is, or a result that it returns once more."""
    rank = len(value.shape)
    sizes = ("each", (Slot(rank),)), ("read", Slot(rank)), ("written", Slot(rank))
    template = Template("copy", ((rank, value.dtype),), (("loop", True), ("over", (0,)), *sizes))
    return Instruction(template, (*value.shape, value.bytes), (number,), writes)


def compulsory(program: Program) -> Size:
    """Bytes that a fused program must move whatever a chip keeps: arguments as far as they are read, and results.

    Args:
        program: what `fused` returned.
    """
    parts: dict[int, list[Size]] = {}
    made: list[Size] = [v.bytes for v in program.inputs]
    for op in program.ops():
        written = op.params.get("written") if len(op.outputs) == 1 else None  # an update may write less than all
        made.extend(v.bytes if written is None else written for v in op.outputs)
        reads = op.instruction.reads
        each = op.params.get("each", [v.bytes for v in op.inputs])
        for number, size in zip(reads, each, strict=True):
            if isinstance(number, int) and number < len(program.inputs):
                parts.setdefault(number, []).append(size)
    read = (_at_most(program.inputs[n].bytes, sizes) for n, sizes in parts.items())
    results = (r.bytes if isinstance(r, Value) else made[r] for r in dict.fromkeys(program.outputs))
    return total((*read, *results))


def _at_most(whole: Size, parts: list[Size]) -> Size:
    """All parts together, or the whole."""
    return whole if whole in parts else minimum(whole, total(parts))
