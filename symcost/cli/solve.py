"""`symcost solve`: the largest size at which a quantity is within a budget."""

from __future__ import annotations

import re
from dataclasses import asdict
from fractions import Fraction
from typing import Annotated

import typer

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import progress, show_json
from symcost.cli.program_options import stored, takes_program
from symcost.cli.request import Request
from symcost.cli.sizes import points
from symcost.cli.trace import known_convention

EXAMPLES = examples(
    "symcost solve zoo:mlp --budget 1e12 --for B --at F=784,H=512,C=10",
    "symcost solve gcn.json --quantity peak_memory --budget 16GiB --for N ...",
    "symcost solve gcn.json --chip tpu-v5e --quantity seconds --budget 5ms ...",
    'symcost solve net.py:Net --arg "B F" --budget 2e15 --for B --at F=64 --json',
)

UNITS = {"": 1, **{p: 1000**k for k, p in enumerate(("k", "M", "G", "T", "P", "E"), 1)}}
UNITS |= {f"{p}i": 1024**k for k, p in enumerate(("K", "M", "G", "T", "P", "E"), 1)}
UNITS |= {"K": 1000}
SECONDS = {"s": Fraction(1), "ms": Fraction(1, 10**3), "us": Fraction(1, 10**6), "ns": Fraction(1, 10**9)}
_BUDGET = re.compile(r"\s*(\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)\s*([a-zA-Z]*)\s*")

Source = Annotated[
    str,
    typer.Argument(
        metavar="OBJECT", show_default=False, help="As for `symcost trace`, or a [bold].json[/bold] file of --save."
    ),
]
Quantity = Annotated[
    str,
    typer.Option("--quantity", metavar="NAME", help="flops, bytes, peak_memory, params ..., seconds (with --chip)."),
]
Budget = Annotated[
    str,
    typer.Option(
        "--budget", metavar="NUMBER", show_default=False, help="What it may be at most: 1e12, 3T, 16GiB, 40GB, 5ms."
    ),
]
For = Annotated[str, typer.Option("--for", metavar="SYMBOL", show_default=False, help="The size that is looked for.")]
At = Annotated[
    list[str],
    typer.Option(
        "--at", metavar="NAME=SIZE,...", rich_help_panel=o.SIZES, show_default=False, help="Sizes of the other symbols."
    ),
]
OnChip = Annotated[
    str, typer.Option("--chip", metavar="NAME", show_default=False, help="Seconds on it: `symcost chips`.")
]


@takes_program
def command(
    target: Source,
    *,
    budget: Budget,
    symbol: For,
    quantity: Quantity = "flops",
    at: At = [],  # noqa: B006  # typer copies the default
    chip: OnChip = "",
    devices: o.Devices = None,
    request: Request,
    convention: o.Convention = "",
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """The largest size at which a quantity is within a budget. A file that --save wrote is read without JAX."""
    amount = limit(budget)
    found_points = points(at)
    if len(found_points) > 1:
        raise typer.BadParameter("each size is given once", param_hint="--at")
    if convention:
        known_convention(convention)
    if target.endswith(".json"):
        cost = stored(request)
    else:
        with progress(f"tracing {target}", quiet=json) as report:
            cost = request.trace(report)
    cost = cost.under(convention) if convention else cost
    sizes = found_points[0] if found_points else {}
    from symcost.query.solve import solve

    solution = solve(cost, quantity, amount, symbol, chip=chip or None, devices=devices, sizes=sizes)
    if json:
        number = int(amount) if amount.denominator == 1 else float(amount)
        show_json({"program": cost.name, "convention": cost.convention, **asdict(solution), "budget": number})
    else:
        typer.echo(f"{cost.name}, convention {cost.convention!r}\n{solution}")


def limit(text: str) -> Fraction:
    """A budget as a number.

    Example:
        >>> limit("16GiB") == 16 * 2**30, limit("1.5e3"), limit("3T") == 3 * 10**12, limit("5ms")
        (True, Fraction(1500, 1), True, Fraction(1, 200))
    """
    match = _BUDGET.fullmatch(text)
    number, unit = (match[1], match[2]) if match else ("", "?")
    if unit in SECONDS:
        return Fraction(number) * SECONDS[unit]
    prefix = unit.removesuffix("B") if unit != "B" else ""
    if prefix not in UNITS:
        raise typer.BadParameter(f"{text!r} is no number; write 1e12, 3T, 16GiB or 5ms", param_hint="--budget")
    return Fraction(number) * UNITS[prefix]
