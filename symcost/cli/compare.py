"""`symcost compare`: a formula beside XLA's own figures, with the reason for each difference."""

from __future__ import annotations

from typing import Annotated

import typer

from symcost.cli import options as o
from symcost.cli import platforms
from symcost.cli.options import examples
from symcost.cli.output import progress, show, show_json
from symcost.cli.program_options import takes_program
from symcost.cli.request import Request
from symcost.cli.sizes import points

EXAMPLES = examples(
    'symcost compare flax.linen:Dense --arg "B F" --set features=H --at B=9,F=8,H=7',
    'symcost compare jax.numpy:cumsum --arg "N" --at N=10 --at N=1000',
    "symcost compare zoo:gcn-sparse --at N=27,M=75,F=11,H=8,C=7",
    "symcost compare zoo:mlp --at B=8,F=16,H=32,C=4 --by-module --depth 2",
    "symcost compare zoo:mlp --train --target device --at B=8,F=9,H=7,C=5",
    "symcost compare zoo:lstm --target cpu,gpu-h100,tpu-v5e --at B=8,T=16,F=32,H=64",
)
Targets = Annotated[
    list[str],
    typer.Option(
        "--target",
        metavar="TARGET,...",
        help="Where XLA compiles it: cpu, tpu-v5e, gpu-h100 ... (`symcost targets list`); the chip need not be here. "
        "Or device, the accelerator that is here.",
        show_default="cpu",
    ),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", metavar="", help="Compile again what was compiled before.", show_default=False)
]
ByModule = Annotated[
    bool, typer.Option("--by-module", metavar="", help="Figures of every module instead of causes.", show_default=False)
]
Depth = Annotated[
    int | None,
    typer.Option("--depth", metavar="COUNT", min=1, help="Cut module paths to so many components.", show_default=False),
]
Limit = Annotated[
    float, typer.Option("--limit", metavar="SECONDS", min=1, help="Give up one compilation for another chip after.")
]


@takes_program
def command(
    target: o.Target,
    *,
    request: Request,
    at: o.At = [],  # noqa: B006
    on: Targets = ["cpu"],  # noqa: B006
    no_cache: NoCache = False,
    limit: Limit = 1800,
    by_module: ByModule = False,
    depth: Depth = None,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """The formula at given sizes beside XLA's own figures, with the reason for each difference."""
    at_points = points(at)
    if not at_points:
        raise typer.BadParameter("XLA compiles at integer sizes; give them: --at N=10,F=16", param_hint="--at")
    if depth is not None and not by_module:
        raise typer.BadParameter(
            "module paths are cut in figures by module: --by-module --depth 1", param_hint="--depth"
        )
    names = [name.strip() for text in on for name in text.split(",") if name.strip()]
    if "device" in names:
        platforms.everything()
    import symcost as sc
    from symcost.xla.workers import reachable

    # before anything is traced, which may take minutes
    targets = reachable(names)
    with progress(f"comparing {target}", quiet=json) as report:
        cost = request.trace(report)
        found = sc.compare(cost, targets=targets, at=at_points, progress=report, cache=not no_cache, limit=limit)
    if json:
        show_json(found.as_dict(by_module, depth))
    else:
        show(found.report(by_module, depth), json=False)
