"""`symcost crossover`: where one program becomes cheaper than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from symcost.advice import Typed
from symcost.cli import options as o
from symcost.cli.crossings import as_dict, crossover_report
from symcost.cli.options import examples
from symcost.cli.output import progress, show, show_json
from symcost.cli.pair import requested
from symcost.cli.program_options import takes_program
from symcost.cli.request import Request
from symcost.cli.sizes import declare, points, restrictions
from symcost.cli.trace import known_convention
from symcost.errors import ArgumentError, MissingSizeError

EXAMPLES = examples(
    "symcost crossover zoo:gcn-sparse zoo:gcn-dense --wrt M",
    "symcost crossover zoo:gcn-sparse zoo:gcn-dense --wrt M --quantity bytes",
    "symcost crossover zoo:gcn-sparse zoo:gcn-dense --wrt M --at N=27,F=9,H=8,C=7",
    'symcost crossover model.py:loop model.py:fft --arg "B T" --wrt T --json',
    "symcost crossover 'g.py:edges --arg M:int32' 'g.py:full --arg \"N N\"' --wrt M",
)

_OBJECT = (
    "As for `symcost trace`; with options of its own in one quoted text: 'g.py:dense --arg \"N N\"'. "
    "Options outside of the quotes are for both."
)
First = Annotated[str, typer.Argument(metavar="OBJECT", show_default=False, help=_OBJECT)]
Second = Annotated[str, typer.Argument(metavar="OBJECT", show_default=False, help="What it is compared with.")]
Wrt = Annotated[str, typer.Option("--wrt", metavar="SYMBOL", show_default=False, help="The size that grows.")]
Quantities = Annotated[
    list[str],
    typer.Option(
        "--quantity",
        metavar="NAME",
        show_default="flops",
        help="What is compared: flops, bytes, macs, transcendentals ..., seconds (with --chip); several one by one.",
    ),
]
OnChip = Annotated[
    str, typer.Option("--chip", metavar="NAME", show_default=False, help="Compare seconds on it: `symcost chips`.")
]
At = Annotated[
    list[str],
    typer.Option(
        "--at",
        metavar="NAME=SIZE,...",
        rich_help_panel=o.SIZES,
        show_default=False,
        help="Sizes of the other symbols, at which the crossing is an exact integer. "
        "A name given again starts the next point.",
    ),
]


@takes_program
def command(
    first: First,
    second: Second,
    *,
    wrt: Wrt,
    quantity: Quantities = [],  # noqa: B006  # typer copies the default
    chip: OnChip = "",
    request: Request,
    at: At = [],  # noqa: B006
    convention: o.Convention = "algorithm",
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Where one program becomes cheaper than another as one size grows: in closed form, and as exact integers."""
    at_points = points(at)
    if any(wrt in point for point in at_points):
        raise typer.BadParameter(f"{wrt} is what is looked for; leave it out", param_hint="--at")
    quantities = tuple(quantity) or (("seconds",) if chip else ("flops",))
    options = _on_chip(quantities, chip)
    _known_quantities(quantities, convention)
    # what --dim says of a symbol that only one of the two has is no slip: it is looked at once both are known
    dims, restricted = declare(request.dims), restrictions(request.dims)
    both = replace(request, dims=[])
    requests = [requested(text, both) for text in (first, second)]
    import symcost as sc

    costs = []
    for one in requests:
        with progress(f"tracing {one.target}", quiet=json) as report:
            costs.append(one.trace(report).under(convention))
    known = tuple(dict.fromkeys(name for cost in costs for name in cost.domain.names))
    _all_known(wrt, dims, restricted, known)
    found = [
        sc.crossover(*costs, wrt=wrt, quantity=name, **(options if name == "seconds" else {})) for name in quantities
    ]
    _all_sizes(found, at_points)
    if json:
        show_json(as_dict(found, at_points))
    else:
        show(crossover_report(found, at_points), json=False)


def _on_chip(quantities: Sequence[str], chip: str) -> dict[str, Any]:
    """What `sc.crossover` is told of a chip, if anything."""
    if "seconds" in quantities and not chip:
        raise typer.BadParameter("seconds depend on the chip; name one: --chip tpu-v5e", param_hint="--quantity")
    if chip and "seconds" not in quantities:
        raise typer.BadParameter("only seconds depend on a chip; add --quantity seconds", param_hint="--chip")
    if not chip:
        return {}
    from symcost.hardware import chip as known_chip

    return {"chip": known_chip(chip)}


def _known_quantities(quantities: Sequence[str], convention: str) -> None:
    """Complain about quantities before anything is traced."""
    from symcost.conventions import convention as known

    known_convention(convention)
    for name in quantities:
        if name != "seconds":
            known(convention).require({"bytes": "bytes_accessed"}.get(name, name))


def _all_known(wrt: str, dims: Sequence[str], restricted: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise where an option names a symbol that neither program has."""
    from symcost.dims import unused_symbol
    from symcost.domain import near_names

    if wrt not in known:
        near = near_names(wrt, known) or list(known)
        raise ArgumentError(
            f"neither program has the symbol {wrt!r}",
            where=f"their symbols: {', '.join(known)}" if known else "no size of theirs is a symbol",
            todo=f"--wrt {near[0]}" if near else 'give shapes symbols: --arg "N F"',
        )
    for name in dims:
        if name not in known and name in restricted:
            raise unused_symbol(name, known, " (it is declared with --dim)")


def _all_sizes(found: Sequence[Any], at: Sequence[Mapping[str, Any]]) -> None:
    """Raise where a point lacks a size that a difference contains."""
    from symcost.polynomial import symbols_of

    for each in found:
        needed = [name for name in each.domain.names if name in symbols_of(each.difference) and name != each.wrt]
        for point in at:
            missing = [name for name in needed if name not in point]
            if missing:
                example = ",".join(f"{name}=64" for name in missing)
                todo = Typed(f"crossover.at({example.replace(',', ', ')})", f"add {example} to --at")
                raise MissingSizeError(f"no size was given for {', '.join(missing)}", todo=todo)
