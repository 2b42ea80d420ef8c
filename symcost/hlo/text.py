"""HLO text, taken apart: computations by name, one `Line` per instruction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from symcost.errors import SymcostError
from symcost.hlo.attributes import detach_calls
from symcost.hlo.sources import Sources

_INSTRUCTION = re.compile(r"\s+(ROOT )?%?([^\s=]+) = (.*?) ([a-z][a-z0-9\-]*)\(")
_HEADER = re.compile(r"(ENTRY )?%?([^\s(]+) ?(?:\(.*)?\{$")
_METADATA = re.compile(r'\bop_name="([^"\\]*(?:\\.[^"\\]*)*)"(?:.*?\bstack_frame_id=(\d+))?')
_COMMENT = re.compile(r"/\*.*?\*/")


class Line(NamedTuple):
    """One instruction as text."""

    name: str
    shape: str
    opcode: str
    operands: tuple[str, ...]  # names
    attributes: str  # without called computations and metadata
    calls: tuple[str, ...]  # names of called computations
    op_name: str
    stack_frame: str
    root: bool


@dataclass(frozen=True, slots=True)
class ModuleText:
    """A module: the lines of its computations, the name of its entry, its table of sources."""

    computations: dict[str, list[str]]
    entry: str
    sources: Sources

    def lines(self, computation: str) -> list[Line]:
        """The instructions of a computation, in the order of the text."""
        return [read_line(text) for text in self.computations[computation]]


def read_module(text: str) -> ModuleText:
    """Split a module into its computations.

    Raises:
        SymcostError: there is no entry computation.
    """
    computations: dict[str, list[str]] = {}
    sources = Sources()
    entry = ""
    body: list[str] | None = None
    for line in text.splitlines():
        if body is not None:
            if line[:1] == "}":
                body = None
            else:
                body.append(line)
        elif line.endswith("{") and (header := _HEADER.match(line)) is not None:
            body = computations[header[2]] = []
            if header[1]:
                entry = header[2]
        else:
            sources.read(line)
    if not entry:
        raise SymcostError("the text has no ENTRY computation", todo="pass what HloModule.to_string() prints")
    return ModuleText(computations, entry, sources)


def read_line(text: str) -> Line:
    """One instruction.

    Example:
        >>> line = read_line("  ROOT %y.2 = f32[4]{0} map(%x.1), dimensions={0}, to_apply=%f.3")
        >>> line.opcode, line.operands, line.attributes, line.calls, line.root
        ('map', ('x.1',), ', dimensions={0}', ('f.3',), True)
    """
    found = _INSTRUCTION.match(text)
    if found is None:
        raise SymcostError(f"HLO instruction {text.strip()!r} is not understood", todo="please report this")
    root, name, shape, opcode = found.groups()
    start = found.end()
    tail = text.find(", metadata={", start)
    metadata = _METADATA.search(text, tail) if tail >= 0 else None
    op_name, stack_frame = metadata.groups("") if metadata else ("", "")
    if opcode == "constant":  # the number itself may be anything
        return Line(name, shape, opcode, (), "", (), op_name, stack_frame, bool(root))
    if tail < 0:
        tail = text.find(", backend_config=", start)
    if tail < 0:
        tail = len(text)
    end = text.index(")", start)
    inside = text[start:end]
    if "/*" in inside:
        inside = _COMMENT.sub("", inside)
    operands = tuple(part.lstrip("%") for part in inside.split(", ")) if inside else ()
    attributes, calls = detach_calls(text[end + 1 : tail])
    return Line(name, shape, opcode, operands, attributes, calls, op_name, stack_frame, bool(root))
