"""Where in the user's code an HLO instruction comes from: the module's tables of stack frames."""

from __future__ import annotations

from dataclasses import dataclass, field

_SECTIONS = ("FileNames", "FunctionNames", "FileLocations", "StackFrames")


@dataclass(slots=True)
class Sources:
    """Tables of files, functions, locations and stack frames, by number, as text."""

    tables: dict[str, dict[str, str]] = field(default_factory=lambda: {s: {} for s in _SECTIONS})
    _section: str = ""

    def read(self, line: str) -> None:
        """Take one line of the module outside of computations."""
        if line in _SECTIONS:
            self._section = line
        elif self._section and line:
            number, _, entry = line.partition(" ")
            self.tables[self._section][number] = entry
        else:
            self._section = ""

    def function(self, stack_frame: str) -> str:
        """Name of the Python function of the innermost frame, "" where unknown."""
        location = self._location(self._frame(stack_frame))
        return self._name("FunctionNames", location.get("function_name_id", ""))

    def innermost(self, stack_frame: str) -> str:
        """``file:line:column`` of the innermost frame, "" where unknown."""
        location = self._location(self._frame(stack_frame))
        if not location:
            return ""
        return f"{self._name('FileNames', location['file_name_id'])}:{location['line']}:{location.get('column', '')}"

    def describe(self, stack_frame: str) -> str:
        """``file:line (function)`` of the innermost frame outside of installed packages, else the innermost."""
        found: list[str] = []
        while frame := self._frame(stack_frame):
            location = self._location(frame)
            file = self._name("FileNames", location["file_name_id"])
            found.append(f"{file}:{location['line']} ({self._name('FunctionNames', location['function_name_id'])})")
            if "site-packages" not in file:
                return found[-1]
            # XLA prints one more than the parent's number; the outermost frame has none
            stack_frame = str(int(frame["parent_frame_id"]) - 1)
        return found[0] if found else ""

    def _frame(self, stack_frame: str) -> dict[str, str]:
        return _fields(self.tables["StackFrames"].get(stack_frame, ""))

    def _location(self, frame: dict[str, str]) -> dict[str, str]:
        return _fields(self.tables["FileLocations"].get(frame.get("file_location_id", ""), ""))

    def _name(self, table: str, number: str) -> str:
        return self.tables[table].get(number, "").strip('"')


@dataclass(frozen=True, slots=True)
class Source:
    """The user's line of an instruction, looked up only when it is printed."""

    sources: Sources
    stack_frame: str

    @property
    def innermost(self) -> str:
        """``file:line:column`` of the innermost frame outside of JAX."""
        return self.sources.innermost(self.stack_frame)

    def __str__(self) -> str:
        return self.sources.describe(self.stack_frame)


def _fields(text: str) -> dict[str, str]:
    return dict(part.split("=") for part in text.strip("{}").split())
