"""Finding what other frameworks have as one operation: normalisation layers and global pooling.

A jaxpr knows neither. It says ``(x - mean) * rsqrt(variance + epsilon)``, and whether the statistics are computed from
`x` or come from outside is seen by following them back. The pass here renames two kinds of operations, so that
rules can count them, and changes nothing else:

- the multiplication (or division) that scales ``x - mean`` becomes `NORMALIZE`, with `affine` (a learned factor
  takes part) and `batch` (the statistics are computed, not given) among its parameters;
- the sum over all places of an image that is divided by their number afterwards becomes `POOL`.

Only forward operations are looked at: what differentiation makes of a normalisation has its factors in other places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from symcost.program import Instruction, Program, Template, Value

NORMALIZE = "normalize"
POOL = "global_average_pool"

_MOVES = ("broadcast_in_dim", "reshape", "squeeze", "convert_element_type", "copy", "stop_gradient", "expand_dims")
_SMALL = (*_MOVES, "add", "sub", "mul", "div", "max", "square", "integer_pow", "neg", "abs", "select_n", "psum")
"""What stands between a sum and the variance that is made of it."""
_ROOTS = ("rsqrt", "sqrt", "pow")


def mark(program: Program) -> Program:
    """The program with normalisations and global pooling renamed, in nested programs too."""
    instructions = [
        replace(i, regions=tuple(mark(region) for region in i.regions)) if i.regions else i
        for i in program.instructions
    ]
    graph = _Graph(program, instructions)
    sums: set[int] = set()
    for at, affine, found in graph.normalizations():
        extra = (("affine", affine), ("batch", bool(found)))
        instructions[at] = _renamed(instructions[at], NORMALIZE, extra)
        sums |= found
    for at in graph.pools():
        if at not in sums:
            instructions[at] = _renamed(instructions[at], POOL)
    return replace(program, instructions=tuple(instructions))


def _renamed(instruction: Instruction, name: str, extra: tuple[tuple[str, object], ...] = ()) -> Instruction:
    old = instruction.template
    params = tuple(sorted((*old.params, *extra)))
    return replace(instruction, template=Template(name, old.outputs, params, old.scope, old.phase, old.line))


class _Graph:
    """Who makes and who reads each value of one program."""

    def __init__(self, program: Program, instructions: Sequence[Instruction]):
        self.instructions = instructions
        self.maker: dict[int, int] = {}
        self.readers: dict[int, list[int]] = {}
        for at, i in enumerate(instructions):
            for k in range(len(i.template.outputs)):
                self.maker[i.writes + k] = at
            for r in i.reads:
                if isinstance(r, int):
                    self.readers.setdefault(r, []).append(at)

    def primitive(self, at: int) -> str:
        return self.instructions[at].template.primitive

    def normalizations(self) -> Iterator[tuple[int, bool, set[int]]]:
        """Position of the scaling, whether a learned factor takes part, positions of the sums of its statistics."""
        roots = {at for at in range(len(self.instructions)) if self._is_root(at)}
        if not roots:
            return
        for at, i in enumerate(self.instructions):
            if i.template.primitive not in ("mul", "div") or i.template.phase != "forward" or len(i.reads) != 2:
                continue
            for centred, scale in (i.reads, i.reads[::-1]) if i.template.primitive == "mul" else (i.reads,):
                difference = self._centred(centred)
                path = None if difference is None else self._to_root(scale, roots)
                if difference is not None and path is not None:
                    root, multiplied = path
                    sums = self._sums((*self.instructions[root].reads, difference.reads[1]))
                    yield at, multiplied or self._scaled_afterwards(at), sums
                    break

    def pools(self) -> Iterator[int]:
        """Sums over two neighbouring axes of four, the first not among them, that are divided by a number."""
        for at, i in enumerate(self.instructions):
            if i.template.primitive != "reduce_sum" or i.template.phase != "forward" or i.template.outputs[0][0] != 2:
                continue
            axes = i.template.fill(i.slots)["axes"]
            divided = [self.instructions[r] for r in self._through_moves(i.writes)]
            if tuple(axes) in ((1, 2), (2, 3)) and any(self._by_a_number(d) for d in divided):
                yield at

    @staticmethod
    def _by_a_number(i: Instruction) -> bool:
        return i.template.primitive in ("div", "mul") and any(isinstance(r, Value) for r in i.reads)

    def _is_root(self, at: int) -> bool:
        """A root of ``variance + epsilon``."""
        i = self.instructions[at]
        if i.template.primitive not in _ROOTS or i.template.phase != "forward":
            return False
        below = self._made_by(i.reads[0])
        return below is not None and below.template.primitive == "add" and self._adds_a_number(below)

    def _adds_a_number(self, i: Instruction) -> bool:
        return any(isinstance(r, Value) or self._is_number(r) for r in i.reads)

    def _is_number(self, read: int | Value) -> bool:
        """A literal, perhaps moved about."""
        while isinstance(read, int):
            made = self._made_by(read)
            if made is None or made.template.primitive not in _MOVES:
                return False
            read = made.reads[0]
        return True

    def _made_by(self, read: int | Value) -> Instruction | None:
        at = self.maker.get(read) if isinstance(read, int) else None
        return None if at is None else self.instructions[at]

    def _centred(self, read: int | Value) -> Instruction | None:
        """``x - mean``, perhaps converted; a mean that is a literal is none."""
        made = self._made_by(read)
        while made is not None and made.template.primitive == "convert_element_type":
            made = self._made_by(made.reads[0])
        if made is None or made.template.primitive != "sub" or self._is_number(made.reads[1]):
            return None
        return made

    def _to_root(self, read: int | Value, roots: set[int]) -> tuple[int, bool] | None:
        """The root that a scale is made of, and whether a factor was multiplied in on the way."""
        multiplied = False
        while isinstance(read, int) and read in self.maker:
            at = self.maker[read]
            if at in roots:
                return at, multiplied
            i = self.instructions[at]
            if i.template.primitive in (*_MOVES, "reciprocal"):
                read = i.reads[0]
            elif i.template.primitive in ("mul", "div") and len(i.reads) == 2:
                sides = [r for r in i.reads if self._leads_to(r, roots)]
                if len(sides) != 1:
                    return None
                (side,) = sides
                other = i.reads[1 - i.reads.index(side)]
                multiplied = multiplied or not self._is_number(other)
                read = side
            else:
                return None
        return None

    def _leads_to(self, read: int | Value, roots: set[int]) -> bool:
        while isinstance(read, int) and read in self.maker:
            at = self.maker[read]
            if at in roots:
                return True
            if self.primitive(at) not in (*_MOVES, "reciprocal"):
                return False
            read = self.instructions[at].reads[0]
        return False

    def _sums(self, reads: Iterable[int | Value]) -> set[int]:
        """Positions of the sums that statistics are made of; none where they come from outside."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = [r for r in reads if isinstance(r, int)]
        while waiting:
            at = self.maker.get(waiting.pop())
            if at is None or at in seen:
                continue
            seen.add(at)
            if self.primitive(at) == "reduce_sum":
                found.add(at)
            elif self.primitive(at) in _SMALL:
                waiting += [r for r in self.instructions[at].reads if isinstance(r, int)]
        return found

    def _through_moves(self, number: int) -> list[int]:
        """Positions of those that read a value, seen through data movement."""
        found = []
        for at in self.readers.get(number, []):
            if self.primitive(at) in _MOVES:
                found += self._through_moves(self.instructions[at].writes)
            else:
                found.append(at)
        return found

    def _scaled_afterwards(self, at: int) -> bool:
        """The result is multiplied by something that is not a number."""
        for reader in self._through_moves(self.instructions[at].writes):
            i = self.instructions[reader]
            if i.template.primitive == "mul" and not any(self._is_number(r) for r in i.reads):
                return True
        return False
