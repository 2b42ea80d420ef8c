"""`symcost annotate`: a model's own source with what each line costs."""

from __future__ import annotations

from typing import Annotated

import typer

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import progress, show_json, show_lines
from symcost.cli.program_options import takes_program
from symcost.cli.request import Request
from symcost.cli.sizes import points
from symcost.cli.trace import bound, known_convention

EXAMPLES = examples(
    "symcost annotate zoo:gcn-sparse --at N=2708,M=10556,F=1433,H=16,C=7",
    'symcost annotate model.py:Net --arg "B F" --set width=H --build',
    'symcost annotate model.py:Net --arg "B F" --set width=H --train --quantity bytes_accessed',
    "symcost annotate zoo:mlp --json",
)

Quantity = Annotated[
    str,
    typer.Option(
        "--quantity",
        metavar="NAME",
        rich_help_panel=o.OUTPUT,
        help="What is shown: flops, macs, transcendentals, int_ops, bytes_accessed or collective_bytes.",
    ),
]


@takes_program
def command(
    target: o.Target,
    *,
    request: Request,
    at: o.At = [],  # noqa: B006
    quantity: Quantity = "flops",
    convention: o.Convention = "algorithm",
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """The source of a model or function with each line's formula, and its share at given sizes."""
    from symcost.annotate import known_quantity
    from symcost.errors import ArgumentError

    at_points = points(at)
    if len(at_points) > 1:
        raise ArgumentError("shares are taken at one point", todo="--at once, with all sizes")
    known_convention(convention)
    known_quantity(quantity)
    with progress(f"tracing {target}", quiet=json) as report:
        cost = request.trace(report).under(convention)
        some, complete, _ = bound(cost, at_points)
        found = some.annotate(quantity, **complete[0]) if complete else some.annotate(quantity)
    if json:
        from symcost.report.annotated import plain

        show_json(plain(found))
    else:
        show_lines(found)
