"""Chips as data files: peak rates by unit and type, memory, bandwidth; each figure with unit, source and date.

A file of a user's own looks like those in ``symcost/hardware/chips``:

    name = "my-chip"
    title = "My chip"
    kind = "ASIC"
    memory = { value = 16e9, unit = "B", source = "its data sheet", date = "2026-11" }
    bandwidth = { value = 800e9, unit = "B/s", source = "its data sheet", date = "2026-11" }

    [peak.matrix]
    bfloat16 = { value = 100e12, unit = "FLOP/s", source = "its data sheet", date = "2026-11" }
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from symcost.errors import ArgumentError, LoadError

UNITS = {"memory": "B", "on_chip": "B", "bandwidth": "B/s", "interconnect": "B/s", "peak": "FLOP/s"}
"""The unit of each figure. Operations of integers count as FLOPs here: their rate is what is meant."""

REQUIRED = ("name", "title", "kind", "memory", "bandwidth", "peak")
TEXTS = ("name", "title", "kind", "note")
PARTS = ("matrix", "vector")

_ALIKE = {"float8": re.compile(r"float8_\w+"), "int8": re.compile("uint8"), "int4": re.compile("uint4")}
"""Types that a peak stands for besides its own."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number about a chip, and who says so.

    Attributes:
        value: in `unit`: B, B/s or FLOP/s. source: where it stands. date: when it was looked up, "2026-11".
    """

    value: float
    unit: str
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip, as its maker describes it.

    Attributes:
        name: as typed. title: in words. kind: "TPU", "GPU" ...
        memory, on_chip: bytes. bandwidth: bytes per second to memory. interconnect: to other chips, both directions.
        peak: by unit ("matrix", "vector") and dtype, operations per second.
        note: what users should know. file: where it comes from.
    """

    name: str
    title: str
    kind: str
    memory: Figure
    bandwidth: Figure
    peak: Mapping[str, Mapping[str, Figure]]
    interconnect: Figure | None = None
    on_chip: Figure | None = None
    note: str = ""
    file: str = field(default="", compare=False)

    def rate(self, dtype: str, unit: str = "matrix") -> float:
        """Operations per second of a unit on a dtype.

        Raises:
            ArgumentError: the chip's file has no such figure.

        Example:
            >>> chip("gpu-h100").rate("bfloat16"), chip("tpu-v5e").rate("int8")
            (989000000000000.0, 393000000000000.0)
        """
        peaks = self.peak.get(unit, {})
        alike = [peaks[name] for name, pattern in _ALIKE.items() if name in peaks and pattern.match(dtype)]
        found = peaks.get(dtype) or next(iter(alike), None)
        if found is None:
            known = ", ".join(f"{u} {d}" for u, by in self.peak.items() for d in by)
            raise ArgumentError(
                f"the chip {self.name!r} has no peak for {dtype} on its {unit} unit",
                where=f"{self.file}: {known}",
                todo=f'[peak.{unit}] {dtype} = {{ value = ..., unit = "FLOP/s", source = ..., date = ... }} in a file '
                "of your own",
            )
        return found.value

    def ridge(self, dtype: str = "bfloat16", unit: str = "matrix") -> float:
        """FLOPs per byte from which on arithmetic, not memory, is the limit.

        Example:
            >>> round(chip("tpu-v5e").ridge())
            241
        """
        return self.rate(dtype, unit) / self.bandwidth.value


def chips() -> tuple[Chip, ...]:
    """Every chip that symcost knows, TPUs first.

    Example:
        >>> [c.name for c in chips()][:3]
        ['tpu-v2', 'tpu-v3', 'tpu-v4']
    """
    return tuple(_known().values())


def chip(name: str | Path | Chip) -> Chip:
    """A chip by name, or a file that describes one.

    Args:
        name: as `symcost chips` lists it, or the path of a ``.toml`` file.

    Raises:
        ArgumentError: no chip has that name; the message lists near ones.
        LoadError: a file that cannot be read, or in which something is missing or wrong.

    Example:
        >>> chip("tpu-v5e").bandwidth.value
        819000000000.0
    """
    if isinstance(name, Chip):
        return name
    if isinstance(name, Path) or (isinstance(name, str) and name.endswith(".toml")):
        path = Path(name)
        try:
            return read(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise LoadError(f"the chip's file {path} cannot be read: {error}", todo="check the path") from error
    if isinstance(name, str) and name in _known():
        return _known()[name]
    near = difflib.get_close_matches(str(name).lower(), _known(), n=3, cutoff=0.4)
    raise ArgumentError(
        f"no chip is called {name!r}", todo=f"one of {', '.join(near or _known())}, or a .toml file of your own"
    )


@cache
def _known() -> dict[str, Chip]:
    files = sorted(resources.files("symcost.hardware").joinpath("chips").iterdir(), key=lambda f: f.name)
    found = [read(f.read_text("utf-8"), f.name) for f in files if f.name.endswith(".toml")]
    order = {"TPU": 0, "GPU": 1}
    found.sort(key=lambda c: (order.get(c.kind, 2), c.name.startswith("tpu-7"), c.name))
    return {c.name: c for c in found}


def read(text: str, file: str = "<text>") -> Chip:
    """A chip from the text of its file.

    Raises:
        LoadError: with the field that is missing, unknown or wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LoadError(
            f"the chip's file is no TOML: {error}", where=file, todo="see symcost/hardware/chip.py"
        ) from error
    missing = [name for name in REQUIRED if name not in data]
    if missing:
        raise _wrong(file, missing[0], "is missing", f"a chip has {', '.join(REQUIRED)}")
    fields: dict[str, Any] = {}
    for name, value in data.items():
        if name in TEXTS:
            if not isinstance(value, str) or not (value or name == "note"):
                raise _wrong(file, name, f"is {value!r}, which is no text", f'{name} = "..."')
            fields[name] = value
        elif name == "peak":
            fields[name] = _peaks(value, file)
        elif name in UNITS:
            fields[name] = _figure(value, name, UNITS[name], file)
        else:
            near = difflib.get_close_matches(name, (*REQUIRED, *UNITS, "note"), n=1)
            raise _wrong(file, name, "is unknown", f"did you mean {near[0]}?" if near else "leave it out")
    return Chip(**fields, file=file)


def _peaks(value: Any, file: str) -> dict[str, dict[str, Figure]]:
    if not isinstance(value, dict) or not value.get("matrix"):
        raise _wrong(file, "peak.matrix", "is missing", "[peak.matrix] with a figure for each dtype")
    found = {}
    for unit, by in value.items():
        if unit not in PARTS or not isinstance(by, dict):
            raise _wrong(file, f"peak.{unit}", "is no unit", f"one of {', '.join(f'[peak.{p}]' for p in PARTS)}")
        found[unit] = {dtype: _figure(v, f"peak.{unit}.{dtype}", UNITS["peak"], file) for dtype, v in by.items()}
    return found


def _figure(value: Any, name: str, unit: str, file: str) -> Figure:
    example = f'{{ value = 1e12, unit = "{unit}", source = "...", date = "2026-11" }}'
    if not isinstance(value, dict):
        raise _wrong(file, name, f"is {value!r}, without unit, source and date", f"{name} = {example}")
    for key in ("value", "unit", "source", "date"):
        if key not in value:
            raise _wrong(file, f"{name}.{key}", "is missing", f"{name} = {example}")
    extra = sorted(set(value) - {"value", "unit", "source", "date"})
    if extra:
        raise _wrong(file, f"{name}.{extra[0]}", "is unknown", f"{name} = {example}")
    number = value["value"]
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number) or number <= 0:
        raise _wrong(file, f"{name}.value", f"is {number!r}, which is no positive number", f"{name} = {example}")
    if value["unit"] != unit:
        raise _wrong(file, f"{name}.unit", f"is {value['unit']!r}", f"give it in {unit}")
    for key, pattern in (("source", r".+"), ("date", r"\d{4}-\d\d(-\d\d)?")):
        if not isinstance(value[key], str) or not re.fullmatch(pattern, value[key]):
            raise _wrong(file, f"{name}.{key}", f"is {value[key]!r}", f"{name} = {example}")
    return Figure(float(number), unit, value["source"], value["date"])


def _wrong(file: str, name: str, what: str, todo: str) -> LoadError:
    return LoadError(f"{name} {what}", where=file, todo=todo)
