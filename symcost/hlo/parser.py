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

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from symcost.errors import SymcostError
from symcost.hlo import attributes
from symcost.hlo.op_names import Frame, OpName, enter_call, read
from symcost.hlo.shapes import Array, Shape, Tuple, parse_shape, value
from symcost.program import Instruction, Program, SkeletonBuilder, Template

_LINE = re.compile(r"\s+(ROOT )?%?([^\s=]+) = (.*?) ([a-z][a-z0-9\-]*)\(")
_METADATA = re.compile(r'\bop_name="([^"\\]*(?:\\.[^"\\]*)*)"(?:.*?\bstack_frame_id=(\d+))?')
_HEADER = re.compile(r"(ENTRY )?%?([^\s(]+) ?(?:\(.*)?\{$")


class _Line(NamedTuple):
    """One instruction as text."""

    name: str
    shape: str
    opcode: str
    operands: tuple[str, ...]
    attributes: str
    calls: tuple[str, ...]
    op_name: str
    stack_frame: str
    root: bool


def parse_hlo(text: str) -> Program:
    """The entry computation of an HLO module, called computations as regions.

    Args:
        text: what ``HloModule.to_string()`` prints.

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
    return _Module(text).entry()


class _Module:
    """Computations of a module by name; programs by name and frame."""

    def __init__(self, text: str):
        self.texts: dict[str, list[str]] = {}
        self.sources = Sources()
        self.entry_name = ""
        self._read(text)
        self.lines: dict[str, list[_Line]] = {}
        self.programs: dict[tuple[str, Frame], Program] = {}
        self.shapes: dict[str, Shape] = {}
        self.names: dict[tuple[str, Frame], OpName] = {}
        self.templates: dict[tuple, tuple[Template, tuple[int, ...]]] = {}

    def _read(self, text: str) -> None:
        body: list[str] | None = None
        for line in text.splitlines():
            if body is not None:
                if line[:1] == "}":
                    body = None
                else:
                    body.append(line)
            elif line.endswith("{") and (header := _HEADER.match(line)) is not None:
                body = self.texts[header[2]] = []
                if header[1]:
                    self.entry_name = header[2]
            else:
                self.sources.read(line)
        if not self.entry_name:
            raise SymcostError("the text has no ENTRY computation", todo="pass what HloModule.to_string() prints")

    def entry(self) -> Program:
        program = self.program(self.entry_name, Frame(), "main")
        program.kinds = ("argument",) * len(program.inputs)
        return program

    def program(self, name: str, frame: Frame, label: str) -> Program:
        key = (name, frame)
        found = self.programs.get(key)
        if found is None:
            lines = self.lines.get(name)
            if lines is None:
                lines = self.lines[name] = [_line(text) for text in self.texts[name]]
            found = self.programs[key] = _Computation(self, frame).program(lines, label)
        return found

    def shape(self, text: str) -> Shape:
        found = self.shapes.get(text)
        if found is None:
            found = self.shapes[text] = parse_shape(text)
        return found

    def place(self, op_name: str, frame: Frame) -> OpName:
        key = (op_name, frame)
        found = self.names.get(key)
        if found is None:
            found = self.names[key] = read(op_name, frame)
        return found


def _line(text: str) -> _Line:
    found = _LINE.match(text)
    if found is None:
        raise SymcostError(f"HLO instruction {text.strip()!r} is not understood", todo="please report this")
    root, name, shape, opcode = found.groups()
    start = found.end()
    tail = text.find(", metadata={", start)
    metadata = _METADATA.search(text, tail) if tail >= 0 else None
    op_name, stack_frame = metadata.groups("") if metadata else ("", "")
    if tail < 0:
        tail = text.find(", backend_config=", start)
    if tail < 0:
        tail = len(text)
    if opcode == "constant":
        return _Line(name, shape, opcode, (), "", (), op_name, stack_frame, bool(root))
    end = text.index(")", start)
    inside = text[start:end]
    if "/*" in inside:
        inside = re.sub(r"/\*.*?\*/", "", inside)
    # an operand may carry its shape before its name
    operands = tuple(part.rpartition(" ")[2].lstrip("%") for part in inside.split(", ")) if inside else ()
    rest, calls = attributes.detach_calls(text[end + 1 : tail])
    return _Line(name, shape, opcode, operands, rest, calls, op_name, stack_frame, bool(root))


@dataclass(slots=True)
class Sources:
    """The module's tables of files, functions, locations and stack frames."""

    section: str = ""
    tables: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, line: str) -> None:
        """Take one line outside of computations."""
        if line in ("FileNames", "FunctionNames", "FileLocations", "StackFrames"):
            self.section = line
            self.tables[line] = {}
        elif self.section and line:
            number, _, entry = line.partition(" ")
            self.tables[self.section][number] = entry
        else:
            self.section = ""

    def describe(self, stack_frame: str) -> str:
        """``file:line (function)`` of the innermost frame outside of installed packages, else the innermost."""
        found: list[str] = []
        while stack_frame in self.tables.get("StackFrames", {}):
            frame = _fields(self.tables["StackFrames"][stack_frame])
            location = _fields(self.tables["FileLocations"][frame["file_location_id"]])
            file = self.tables["FileNames"][location["file_name_id"]].strip('"')
            function = self.tables["FunctionNames"][location["function_name_id"]].strip('"')
            found.append(f"{file}:{location['line']} ({function})")
            if "site-packages" not in file:
                return found[-1]
            # XLA prints one more than the parent's number; the outermost frame has none
            stack_frame = str(int(frame["parent_frame_id"]) - 1)
        return found[0] if found else ""


@dataclass(frozen=True, slots=True)
class Source:
    """The user's line of an instruction, looked up only when it is printed."""

    sources: Sources
    stack_frame: str

    def __str__(self) -> str:
        return self.sources.describe(self.stack_frame)


def _fields(text: str) -> dict[str, str]:
    return dict(part.split("=") for part in text.strip("{}").split()) if text else {}


class _Computation:
    """One computation under construction: names -> value numbers and shapes."""

    def __init__(self, module: _Module, frame: Frame):
        self.module, self.frame = module, frame
        self.values: dict[str, tuple[tuple[int, ...], Shape]] = {}
        self.instructions: list[Instruction] = []
        self.count = 0

    def program(self, lines: list[_Line], label: str) -> Program:
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
        return Program(
            inputs=tuple(value(leaf) for leaf in inputs),
            instructions=tuple(self.instructions),
            outputs=self.values[root.name][0],
            name=label,
        )

    def parameters(self, lines: list[_Line]) -> list[Array]:
        """Number the parameters' leaves in the order of the parameters, wherever they stand in the text."""
        inputs: list[Array] = []
        found = sorted((int(line.operands[0]), line.name, line.shape) for line in lines if line.opcode == "parameter")
        for _, name, text in found:
            inputs += self.define(name, self.module.shape(text))
        return inputs

    def define(self, name: str, shape: Shape) -> tuple[Array, ...]:
        leaves = shape.leaves()
        self.values[name] = (tuple(range(self.count, self.count + len(leaves))), shape)
        self.count += len(leaves)
        return leaves

    def element(self, line: _Line) -> None:
        numbers, shape = self.values[line.operands[0]]
        assert isinstance(shape, Tuple)
        index = int(attributes.split(line.attributes)["index"])
        start = sum(len(e.leaves()) for e in shape.elements[:index])
        chosen = shape.elements[index]
        self.values[line.name] = (numbers[start : start + len(chosen.leaves())], chosen)

    def append(self, line: _Line) -> None:
        module = self.module
        operands = [self.values[name] for name in line.operands]
        tables = tuple((len(s.elements), len(n)) if isinstance(s, Tuple) else None for n, s in operands)
        layout = operands[0][1].layout if line.opcode == "transpose" else None
        key = (line.opcode, line.shape, line.attributes, line.op_name, self.frame, tables, layout)
        found = module.templates.get(key)
        if found is None:
            found = module.templates[key] = self.template(line, tables, layout)
        template, slots = found
        self.instructions.append(
            Instruction(
                template,
                slots,
                tuple(n for numbers, _ in operands for n in numbers),
                self.count,
                self.regions(line) if line.calls else (),
                Source(module.sources, line.stack_frame) if line.stack_frame else None,
            )
        )
        self.define(line.name, module.shape(line.shape))

    def template(
        self, line: _Line, tables: tuple[tuple[int, int] | None, ...], layout: tuple[int, ...] | None
    ) -> tuple[Template, tuple[int, ...]]:
        """Template and slots; `tables` are (entries, leaves) of operands that are tuples, `layout` a transpose's operand's."""
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
        place = self.module.place(line.op_name, self.frame)
        params.append(("jax_primitive", place.primitive))
        outputs = tuple((len(leaf.dims), leaf.dtype) for leaf in leaves)
        return Template(line.opcode, outputs, tuple(sorted(params)), place.scope, place.phase), tuple(builder.slots)

    def regions(self, line: _Line) -> tuple[Program, ...]:
        frame = self.frame
        if line.opcode == "call":
            frame = enter_call(line.op_name, frame, line.calls[0])
        labels = _LABELS.get(line.opcode) or [f"branch {i}" for i in range(len(line.calls))]
        return tuple(self.module.program(name, frame, label) for name, label in zip(line.calls, labels, strict=True))


_LABELS = {
    "while": ("body", "condition"),
    "call": ("call",),
    "fusion": ("fusion",),
    "sort": ("comparator",),
    "scan": ("body",),
    "select-and-scatter": ("select", "scatter"),
    **dict.fromkeys(("reduce", "reduce-window", "scatter", "map", "all-reduce", "reduce-scatter"), ("reducer",)),
}
"""What a called computation is to its caller, for messages; others are branches."""
