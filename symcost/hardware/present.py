"""Rooflines and peaks of memory as tables of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symcost.domain import format_sizes
from symcost.report.document import Cell, Formula, Table

if TYPE_CHECKING:
    from symcost.hardware.roofline import Moment, Roofline
    from symcost.moment import LiveArray, Peak

ARRAYS = 20
"""Arrays of a peak that are listed."""


def roofline_table(line: Roofline, points: Sequence[Mapping[str, Any]] = ()) -> Table:
    """One row for each part of the chip: seconds at the points, and what it does over its rate."""
    names = line.cost.domain.names
    moments = [line.at(**point) for point in points]
    heads = ["seconds"] if len(points) == 1 else [f"seconds ({i + 1})" for i in range(len(points))]
    rows: list[tuple[Cell, ...]] = [
        (part, *(_seconds(m.terms[part]) for m in moments), Formula(busy.text(names)))
        for part, busy in line.parts.items()
    ]
    total = ("the largest", *(_seconds(m.seconds) for m in moments), None) if moments else None
    notes = [f"not counted: {what}" for what in line.unknown.values()]
    for i, moment in enumerate(moments):
        at = f"({i + 1}): " if len(moments) > 1 else ""
        notes.append(f"{at}bound by {moment.binds or 'nothing'}, with {moment.intensity:.4g} FLOPs per byte of traffic")
        notes += [f"{at}{text}" for text in _fits(line, moment)]
    return Table(
        ("part", *heads, "work / rate"),
        tuple(rows),
        ("part", *(f"seconds_{i + 1}" if len(points) > 1 else "seconds" for i in range(len(points))), "formula"),
        total=total,
        notes=tuple(notes),
        name=f"roofline_{line.chip.name}",
        title=f"on {line.chip.title}, at its peak rates",
    )


def _fits(line: Roofline, moment: Moment) -> list[str]:
    """How much of the chip's memory the program takes, on one chip."""
    if not line.cost.holds("memory") or line.devices > 1:
        return []
    share = line.cost.value("peak_memory", moment.sizes) / line.chip.memory.value
    if share > 1:
        return [f"does not fit: peak memory is {share:.3g} times the chip's"]
    return [f"peak memory is {100 * share:.3g} % of the chip's"]


def _seconds(value: float) -> float:
    return float(f"{value:.4g}")


def peak_table(peak: Peak) -> Table:
    """What is alive at the peak, the largest first."""
    rows: list[tuple[Cell, ...]] = [(a.array, _maker(a), a.bytes) for a in peak.arrays[:ARRAYS]]
    rest = peak.arrays[ARRAYS:]
    if rest:
        rows.append((f"{len(rest)} more", "", sum(a.bytes for a in rest)))
    where = ", ".join(filter(None, (peak.primitive, peak.scope, peak.phase, peak.source)))
    return Table(
        ("array", "made by", "bytes"),
        tuple(rows),
        ("array", "made_by", "bytes"),
        labels=2,
        total=("alive together", "", peak.bytes),
        notes=(f"while {where}" if where else "before the first operation",),
        name="peak",
        title=f"memory at {format_sizes(peak.sizes) or 'all sizes'}",
    )


def _maker(array: LiveArray) -> str:
    """What made an array, with the last part of its module path."""
    return " in ".join(filter(None, (array.what, array.scope.rsplit("/", 1)[-1])))
