"""HLO text -> `Program`, exactly and in time linear in the text.

Parameters and ``get-tuple-element`` become value numbers rather than instructions
(XLA counts nothing for them); every other instruction is one `Instruction` with the
opcode as its primitive. Tuples are flattened into their leaves; for an operand or
result that is a tuple, the parameters say how many entries its table has.

The values of constants are left out: no cost depends on them, and some follow sizes
in ways that have no formula (``1/sqrt(width)``).

A computation is split into lines once. It becomes a program once per *frame* (module
path and transforms of the caller), because names inside are relative to the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from symcost.hlo import attributes
from symcost.hlo.op_names import Frame, enter_call, read
from symcost.hlo.shapes import Array, Shape, Tuple, parse_shape, value
from symcost.hlo.sources import Source
from symcost.hlo.stored import as_stored
from symcost.hlo.text import Line, read_module
from symcost.hlo.tiles import Storage
from symcost.program import Instruction, Program, SkeletonBuilder, Template


def parse_hlo(text: str, stored: bool = False) -> Program:
    """The entry computation of an HLO module, called computations as regions.

    Args:
        text: what ``HloModule.to_string()`` prints. stored: whether arrays have the size that their layouts give them,
            tiles included; the program and its regions then are `StoredProgram`s.

    Raises:
        SymcostError: a line that is not HLO as XLA prints it.

    Example:
        >>> program = parse_hlo('''HloModule m
        ...
        ... ENTRY %main (x: f32[2,3]) -> f32[2,3] {
        ...   %x = f32[2,3]{1,0} parameter(0)
        ...   ROOT %y = f32[2,3]{1,0} exponential(%x), metadata={op_name="jit(f)/Net/exp"}
        ... }''')
        >>> [(op.primitive, op.output.shape, op.scope, op.params["jax_primitive"]) for op in program.ops()]
        [('exponential', (2, 3), 'Net', 'exp')]
    """
    module = _Module(text, stored)
    program = module.program(module.text.entry, Frame(), "main")
    program.kinds = ("argument",) * len(program.inputs)
    return program


class _Module:
    """Programs by computation and frame, and what their instructions have in common."""

    def __init__(self, text: str, stored: bool):
        self.text, self.stored = read_module(text), stored
        self.lines: dict[str, list[Line]] = {}
        self.programs: dict[tuple[str, Frame], Program] = {}
        self.shapes: dict[str, Shape] = {}
        self.templates: dict[Frame, dict[tuple, tuple[Template, tuple[int, ...]]]] = {}

    def program(self, name: str, frame: Frame, label: str) -> Program:
        """The program of a computation, parsed once per frame."""
        key = (name, frame)
        found = self.programs.get(key)
        if found is None:
            found = self.programs[key] = _Computation(self, frame).program(self.lines_of(name), label)
        return found

    def lines_of(self, name: str) -> list[Line]:
        """The instructions of a computation, read once."""
        found = self.lines.get(name)
        if found is None:
            found = self.lines[name] = self.text.lines(name)
        return found

    def shape(self, text: str) -> Shape:
        found = self.shapes.get(text)
        if found is None:
            found = self.shapes[text] = parse_shape(text)
        return found


class _Value(NamedTuple):
    """What a name stands for."""

    numbers: tuple[int, ...]  # value numbers of its leaves
    shape: Shape
    table: tuple[int, int] | None  # entries and leaves of a tuple; None for an array
    scalar: bool  # a scalar constant


class _Computation:
    """One computation under construction: names -> value numbers and shapes."""

    def __init__(self, module: _Module, frame: Frame):
        self.module, self.frame = module, frame
        self.templates = module.templates.setdefault(frame, {})
        self.values: dict[str, _Value] = {}
        self.elements: dict[str, list[_Value]] = {}  # of tuples
        self.instructions: list[Instruction] = []
        self.count = 0
        self.storage: list[Storage | None] = []  # of values, by number

    def program(self, lines: list[Line], label: str) -> Program:
        inputs = self.parameters(lines)
        root = lines[-1]
        for line in lines:
            if line.opcode == "parameter":
                pass
            elif line.opcode == "get-tuple-element":
                self.element(line)
            else:
                self.append(line)
            if line.root:
                root = line
        found = Program(
            inputs=tuple(value(leaf) for leaf in inputs),
            instructions=tuple(self.instructions),
            outputs=self.values[root.name].numbers,
            name=label,
        )
        return as_stored(found, self.storage) if self.module.stored else found

    def parameters(self, lines: list[Line]) -> list[Array]:
        """Number the parameters' leaves in the order of the parameters, wherever they stand in the text."""
        inputs: list[Array] = []
        found = sorted((int(line.operands[0]), line.name, line.shape) for line in lines if line.opcode == "parameter")
        for _, name, text in found:
            shape = self.module.shape(text)
            self.define(name, shape)
            inputs += shape.leaves()
        return inputs

    def define(self, name: str, shape: Shape, constant: bool = False) -> None:
        leaves = shape.leaves()
        n, table = len(leaves), None
        if isinstance(shape, Tuple):
            table = (len(shape.elements), n)
        self.storage += [leaf.storage for leaf in leaves]
        scalar = constant and isinstance(shape, Array) and not shape.dims
        self.values[name] = _Value(tuple(range(self.count, self.count + n)), shape, table, scalar)
        self.count += n

    def element(self, line: Line) -> None:
        """A name for one element of a tuple."""
        name = line.operands[0]
        if name not in self.elements:
            self.elements[name] = list(_elements(self.values[name]))
        self.values[line.name] = self.elements[name][int(attributes.split(line.attributes)["index"])]

    def append(self, line: Line) -> None:
        module = self.module
        operands = [self.values[name] for name in line.operands]
        if line.opcode == "broadcast" and operands[0].scalar:
            # Whether JAX's lowering folds it into a constant, which has no name, depends on its size (32 elements).
            line = line._replace(op_name="", stack_frame="")
        tables = tuple(v.table for v in operands)
        operand = operands[0].shape if line.opcode == "transpose" else None
        layout = operand.layout if isinstance(operand, Array) else None
        key = (line.opcode, line.shape, line.attributes, line.op_name, tables, layout)
        found = self.templates.get(key)
        if found is None:
            found = self.templates[key] = self.template(line, tables, layout)
        template, slots = found
        self.instructions.append(
            Instruction(
                template,
                slots,
                tuple(n for v in operands for n in v.numbers),
                self.count,
                self.regions(line) if line.calls else (),
                Source(module.text.sources, line.stack_frame) if line.stack_frame else None,
            )
        )
        self.define(line.name, module.shape(line.shape), line.opcode == "constant")

    def template(
        self, line: Line, tables: tuple[tuple[int, int] | None, ...], layout: tuple[int, ...] | None
    ) -> tuple[Template, tuple[int, ...]]:
        """Template and slots; `tables` of operands that are tuples, `layout` of a transpose's operand."""
        builder = SkeletonBuilder()
        shape = self.module.shape(line.shape)
        leaves = shape.leaves()
        for leaf in leaves:
            builder.dims(leaf.dims)
        rank = len(leaves[0].dims) if leaves else 0
        params = attributes.parameters(line.opcode, rank, attributes.split(line.attributes), builder)
        if isinstance(shape, Tuple):
            params.append(("table", len(shape.elements)))
        if any(tables):
            params.append(("operand_tables", tables))
        if layout is not None:
            permutation = dict(params)["dimensions"]
            params.append(("bitcast", tuple(permutation[i] for i in leaves[0].layout) == layout))
        place = read(line.op_name, self.frame)
        params.append(("jax_primitive", place.primitive))
        outputs = tuple((len(leaf.dims), leaf.dtype) for leaf in leaves)
        return Template(line.opcode, outputs, tuple(sorted(params)), place.scope, place.phase), tuple(builder.slots)

    def regions(self, line: Line) -> tuple[Program, ...]:
        frame = self.frame
        if line.opcode == "call" and not self.made_by_compiler(line):
            # without a name stack, JAX names a call after the Python function around it
            unnamed = line.op_name == self.module.text.sources.function(line.stack_frame)
            frame = enter_call("" if unnamed else line.op_name, frame, line.calls[0])
        labels = _LABELS.get(line.opcode) or [f"branch {i}" for i in range(len(line.calls))]
        return tuple(self.module.program(name, frame, label) for name, label in zip(line.calls, labels, strict=True))

    def made_by_compiler(self, call: Line) -> bool:
        """Whether XLA has put instructions into a computation, whose names then still start from the entry."""
        entry = call.op_name.partition("/")[0] + "/"
        lines = self.module.lines_of(call.calls[0])
        names = [line.op_name for line in lines if line.op_name and line.opcode != "parameter"]
        return entry.startswith("jit(") and bool(names) and all(name.startswith(entry) for name in names)


def _elements(found: _Value) -> Iterator[_Value]:
    assert isinstance(found.shape, Tuple)
    start = 0
    for shape in found.shape.elements:
        n = len(shape.leaves())
        table = (len(shape.elements), n) if isinstance(shape, Tuple) else None
        yield _Value(found.numbers[start : start + n], shape, table, False)
        start += n


_LABELS = {
    "while": ("body", "condition"),
    "call": ("call",),
    "async-start": ("call",),
    "call-start": ("call",),
    "fusion": ("fusion",),
    "sort": ("comparator",),
    "scan": ("body",),
    "select-and-scatter": ("select", "scatter"),
    **dict.fromkeys(("reduce", "reduce-window", "scatter", "map"), ("reducer",)),
    **dict.fromkeys(("all-reduce", "all-reduce-start", "reduce-scatter"), ("reducer",)),
}
"""What a called computation is to its caller, for messages; others are branches."""
