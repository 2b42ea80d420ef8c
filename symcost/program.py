"""Programs: what a trace (or a lowered HLO module) is, in symcost's own plain types.

A `Program` is a list of `Instruction`s in order. Each has a `Template` (everything
about it that is no size: primitive, dtypes, parameters with holes) and `slots` (the
sizes that fill the holes, ints in a concrete program, `Poly` in a symbolic one).
Templates are interned, so that two programs have the same structure exactly when
their templates are the same objects in the same order; that is what generalising
from samples compares.

A rule never sees templates. It sees an `Op`: inputs and outputs as `Value`s with
shapes, parameters as plain data, nested programs as `regions`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from symcost.polynomial import Size, product

ITEM_BITS = {"bool": 8, "pred": 8, "token": 0, "float0": 0}


def itemsize(dtype: str) -> int:
    """Bytes of one element of `dtype` in memory, by name; sub-byte types take one byte, as XLA counts them.

    Example:
        >>> itemsize("bfloat16"), itemsize("complex64"), itemsize("int4"), itemsize("key<fry>")
        (2, 8, 1, 8)
    """
    known = _ITEMSIZE.get(dtype)
    if known is None:
        known = _ITEMSIZE[dtype] = _itemsize(dtype)
    return known


_ITEMSIZE: dict[str, int] = {
    "bool": 1,
    "token": 0,
    "float0": 0,
    "key<fry>": 8,
    "key<rbg>": 16,
    "key<urbg>": 16,
    "key<fry4>": 16,
    "key<phx2>": 4,
    "key<phx4>": 8,
}


def _itemsize(dtype: str) -> int:
    if dtype.startswith(("float8", "float4")):
        return 1
    digits = "".join(c for c in dtype if c.isdigit())
    if not digits:
        raise ValueError(f"dtype {dtype!r} has no known size")
    return max(1, int(digits) // 8)


def is_float(dtype: str) -> bool:
    """True for real and complex floating types."""
    return dtype.startswith(("float", "bfloat", "complex"))


@dataclass(frozen=True, slots=True)
class Value:
    """An array in a program: shape (sizes), dtype name, and the number itself where it is a scalar literal."""

    shape: tuple[Size, ...]
    dtype: str  # numpy's name ("float32"), "key<fry>" for typed keys
    literal: Hashable = None  # the Python number, if the program says it

    @property
    def size(self) -> Size:
        """Number of elements."""
        return product(self.shape)

    @property
    def bytes(self) -> Size:
        """Bytes in memory."""
        return self.size * itemsize(self.dtype)


@dataclass(frozen=True, slots=True)
class Slot:
    """A hole in a template's parameters, filled by `slots[index]`."""

    index: int


class Template:
    """Everything of an instruction but its sizes; interned, compared by identity.

    Attributes:
        primitive: JAX primitive or HLO opcode.
        outputs: (rank, dtype) of each output; their dimensions are the first slots, in order.
        params: parameters as (name, skeleton) pairs; skeletons are plain data with `Slot`s.
        scope: module path, `/`-separated, outermost first; "" at top level.
        phase: "forward", "backward", "update" or "recomputed".
        line: ``file:line (function)`` of the user's code, in programs that tell lines apart; else "".
    """

    __slots__ = ("line", "outputs", "params", "phase", "primitive", "rank_total", "scope")
    _interned: dict[tuple, Template] = {}

    primitive: str
    outputs: tuple[tuple[int, str], ...]
    params: tuple[tuple[str, Any], ...]
    scope: str
    phase: str
    line: str
    rank_total: int  # slots that are dimensions of outputs

    def __new__(cls, primitive, outputs, params, scope="", phase="forward", line="") -> Template:
        key = (primitive, outputs, params, scope, phase, line)
        found = cls._interned.get(key)
        if found is None:
            found = object.__new__(cls)
            found.primitive, found.outputs, found.params = primitive, outputs, params
            found.scope, found.phase, found.line = scope, phase, line
            found.rank_total = sum(rank for rank, _ in outputs)
            cls._interned[key] = found
        return found

    def __repr__(self) -> str:
        return f"Template({self.primitive}, scope={self.scope!r})"

    def values(self, slots: Sequence[Size]) -> tuple[Value, ...]:
        """The outputs, with dimensions from `slots`."""
        found, start = [], 0
        for rank, dtype in self.outputs:
            found.append(Value(tuple(slots[start : start + rank]), dtype))
            start += rank
        return tuple(found)

    def fill(self, slots: Sequence[Size]) -> dict[str, Any]:
        """The parameters with holes filled."""
        return {name: _fill(skeleton, slots) for name, skeleton in self.params}


def _fill(skeleton, slots):
    if isinstance(skeleton, Slot):
        return slots[skeleton.index]
    if isinstance(skeleton, tuple):
        return tuple(_fill(s, slots) for s in skeleton)
    if isinstance(skeleton, Record):
        return Record(tuple((k, _fill(v, slots)) for k, v in skeleton.items_))
    return skeleton


@dataclass(frozen=True, slots=True)
class Record:
    """A structured parameter (dimension numbers and the like): named fields, read as attributes."""

    items_: tuple[tuple[str, Any], ...]

    def __getattr__(self, name):
        for key, value in object.__getattribute__(self, "items_"):
            if key == name:
                return value
        raise AttributeError(name)


class SkeletonBuilder:
    """Turns plain parameter values into skeletons, taking every int out into `slots`."""

    def __init__(self):
        self.slots: list[int] = []

    def dims(self, shape: Sequence[int]) -> None:
        """Append the dimensions of an output (call once per output, before any parameter)."""
        self.slots.extend(shape)

    def take(self, value: Any) -> Any:
        """The skeleton of `value`: ints become slots; bool, str, None, float and opaque hashables stay."""
        if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
            return value
        if isinstance(value, int):
            self.slots.append(value)
            return Slot(len(self.slots) - 1)
        if isinstance(value, (tuple, list)):
            return tuple(self.take(v) for v in value)
        if isinstance(value, Record):
            return Record(tuple((k, self.take(v)) for k, v in value.items_))
        return value


class Source(Protocol):
    """Where an instruction comes from; turned into text only when somebody asks."""

    def __str__(self) -> str: ...


@dataclass(slots=True)
class Instruction:
    """One step of a program.

    `reads` are value numbers of the program (inputs first, then outputs of instructions
    in order) or `Value`s with a literal; `writes` is the number of its first output.
    """

    template: Template
    slots: tuple[Size, ...]
    reads: tuple[int | Value, ...]
    writes: int
    regions: tuple[Program, ...] = ()
    source: Any = None  # str() of it is "file:line (function)"


@dataclass(slots=True)
class Program:
    """A straight list of instructions with nested regions; concrete or symbolic.

    Attributes:
        inputs: values 0 .. len(inputs)-1. outputs: value numbers, or literal `Value`s.
        instructions: in order of execution.
        kinds: what each input is: "argument", "params", "constant" (captured by the function) or "".
        name: what it computes, for messages ("body", "cond", "true branch").
        donated: inputs whose memory the program may use for its outputs.
    """

    inputs: tuple[Value, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[int | Value, ...]
    kinds: tuple[str, ...] = ()
    name: str = ""
    donated: frozenset[int] = frozenset()

    def ops(self) -> Iterator[Op]:
        """Every instruction as an `Op`, in order; nested regions are not entered."""
        values: list[Value] = list(self.inputs)
        for instruction in self.instructions:
            outputs = instruction.template.values(instruction.slots)
            inputs = tuple(values[r] if isinstance(r, int) else r for r in instruction.reads)
            values.extend(outputs)
            yield Op(instruction, inputs, outputs)

    def walk(self) -> Iterator[Instruction]:
        """Every instruction, those of nested regions included, outer before inner."""
        for instruction in self.instructions:
            yield instruction
            for region in instruction.regions:
                yield from region.walk()


@dataclass(slots=True)
class Op:
    """What a rule sees: one instruction with the shapes of what it reads and writes."""

    instruction: Instruction
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    _params: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def primitive(self) -> str:
        return self.instruction.template.primitive

    @property
    def params(self) -> Mapping[str, Any]:
        """Parameters by JAX's (or HLO's) names; sizes inside are ints or `Poly`."""
        if self._params is None:
            self._params = self.instruction.template.fill(self.instruction.slots)
        return self._params

    @property
    def regions(self) -> tuple[Program, ...]:
        """Nested programs: bodies of loops, branches, reducers."""
        return self.instruction.regions

    @property
    def output(self) -> Value:
        """The first output."""
        return self.outputs[0]

    @property
    def scope(self) -> str:
        return self.instruction.template.scope

    @property
    def phase(self) -> str:
        return self.instruction.template.phase

    @property
    def source(self) -> str:
        """``file:line (function)`` of the user's code, or "" where JAX does not know it."""
        return str(self.instruction.source or "")
