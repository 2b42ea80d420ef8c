"""`symcost chips`: peak rates, memory and bandwidth of chips, and who says so."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import show

EXAMPLES = examples("symcost chips", "symcost chips tpu-v5e", "symcost chips my-chip.toml --json")

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CHIP]...", show_default=False, help="Every figure with its source; all chips if none."),
]


def command(names: Names = None, json: o.Json = False, debug: o.Debug = False) -> None:
    """Chips: peak rates by type, memory and bandwidth, each figure with its source and date."""
    from symcost.hardware import chip, chips

    if names:
        for name in names:
            show(_one(chip(name)), json)
    else:
        show(_all(chips()), json)


def _all(chips: Any) -> Any:
    from symcost.report.document import Report, Table

    rows = []
    for chip in chips:
        bfloat16 = chip.peak["matrix"].get("bfloat16")
        int8 = chip.peak["matrix"].get("int8")
        rates = [_plain(figure.value / 1e12) if figure else None for figure in (bfloat16, int8)]
        ridge = round(chip.ridge(), 1) if bfloat16 else None
        memory, bandwidth = _plain(chip.memory.value / 1e9), round(chip.bandwidth.value / 1e9)
        rows.append((chip.name, *rates, memory, bandwidth, ridge))
    columns = ("chip", "bfloat16 T/s", "int8 T/s", "memory GB", "bandwidth GB/s", "ridge")
    keys = ("chip", "bfloat16_tera_per_s", "int8_tera_per_s", "memory_gb", "bandwidth_gb_per_s", "ridge_flops_per_byte")
    notes = (
        "rates are dense operations on the matrix unit; a multiply-add is two",
        "the ridge is bfloat16 FLOPs per byte of memory traffic; above it arithmetic is the limit, not memory",
    )
    return Report("Chips", tables=(Table(columns, tuple(rows), keys, notes=notes, name="chips"),))


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 3)


def _one(chip: Any) -> Any:
    from symcost.report.document import Fact, Report, Table

    figures = {"memory": chip.memory, "bandwidth": chip.bandwidth}
    figures |= {"interconnect": chip.interconnect, "on chip": chip.on_chip}
    for unit, peaks in chip.peak.items():
        figures |= {f"{unit}, {dtype}": figure for dtype, figure in peaks.items()}
    rows = tuple((n, _plain(f.value), f.unit, f.source, f.date) for n, f in figures.items() if f is not None)
    facts = [Fact("name", chip.name), Fact("kind", chip.kind), *([Fact("note", chip.note)] if chip.note else [])]
    columns = ("figure", "value", "unit", "source", "date")
    return Report(chip.title, tuple(facts), tables=(Table(columns, rows, columns, labels=1, name="figures"),))
