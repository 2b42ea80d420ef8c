"""`symcost query`: values of a stored formula, in well under a second."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import show
from symcost.cli.sizes import points
from symcost.cli.trace import cost_report, rooflines

EXAMPLES = examples(
    "symcost trace zoo:gcn-sparse --save gcn.json",
    "symcost query gcn.json N=2708 M=10556 F=1433 H=16 C=7",
    "symcost query gcn.json --by scope",
    "symcost query gcn.json N=2708 M=10556 F=1433 H=16 C=7 --chip tpu-v5e --json",
)

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="What --save or cost.save wrote.")]
Sizes = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME=SIZE]...", show_default=False, help="Sizes; those left out stay symbols."),
]


def command(
    file: File,
    sizes: Sizes = None,
    at: o.At = [],  # noqa: B006  # typer copies the default
    convention: o.Convention = "",
    by: o.By = None,
    depth: o.Depth = None,
    chip: o.Chips = [],  # noqa: B006
    devices: o.Devices = None,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Values and tables of a formula that was saved, without its model and without JAX."""
    from dataclasses import replace

    from symcost.cli.trace import known_chips
    from symcost.query import load

    at_points = points([",".join(sizes)] if sizes else []) + points(at)
    where_to = known_chips(chip)
    cost = load(file)
    cost = cost.under(convention) if convention else cost
    found = cost_report(cost, at_points, [axis.value for axis in by or ()], depth, join=not json)
    tables = (*found.tables, *rooflines(cost, at_points, where_to, devices))
    show(replace(found, tables=tables), json)
