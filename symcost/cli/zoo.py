"""`symcost zoo`: the reference models."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import progress, show
from symcost.cli.sizes import declare, points
from symcost.report.document import Fact, Report, Share, Table

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Reference models: their formulas, and the figures that others have published for them.",
    epilog=examples("symcost zoo list", "symcost zoo show lstm"),
)
SHOW_EXAMPLES = examples(
    "symcost zoo show gcn-sparse",
    "symcost zoo show resnet50 --at B=1,S=224,W=64,C=1000 --by scope --depth 2",
    "symcost zoo show yolov3 --at N=416 --at C=80 --at B=1 --convention darknet",
    "symcost zoo show transformer --at B=1,T=128,D=768,H=12,K=64,L=12 --json",
)


@app.command("list", epilog=examples("symcost zoo list", "symcost zoo list --json"))
def list_(json: o.Json = False, debug: o.Debug = False) -> None:
    """The reference models and their size symbols."""
    from symcost.zoo import ENTRIES

    rows = []
    for entry in ENTRIES.values():
        figures = ", ".join(dict.fromkeys(p.quantity for p in entry.published))
        rows.append((entry.name, entry.symbols, entry.title, *([figures, entry.paper] if json else [])))
    keys = ("name", "sizes", "title", *(["published", "paper"] if json else []))
    columns = ("name", "sizes", "model", *(["published", "paper"] if json else []))
    table = Table(columns, tuple(rows), keys, labels=len(keys), name="models")
    show(Report("The zoo", tables=(table,)), json)


@app.command("show", epilog=SHOW_EXAMPLES)
def show_(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="As `symcost zoo list` shows it.")],
    at: o.At = [],  # noqa: B006  # typer copies the default
    dim: o.Dims = [],  # noqa: B006
    convention: o.Convention = "algorithm",
    by: o.By = None,
    depth: o.Depth = None,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """A reference model's cost as formulas; as numbers where --at gives all sizes."""
    from symcost.cli.trace import cost_report, known_convention
    from symcost.zoo import get

    entry = get(name)
    at_points = [entry.completed(point) for point in points(at)]
    known_convention(convention)
    declare(dim)
    with progress(f"tracing {name}", quiet=json) as tick:
        cost = entry.trace(progress=tick)
        counted = cost.under(convention)
    report = cost_report(counted, at_points, [axis.value for axis in by or ()], depth, join=not json)
    meanings = Fact(
        "sizes",
        "; ".join(f"{d.name} {d.meaning}" for d in entry.dims),  # meanings have commas
        {d.name: d.meaning for d in entry.dims},
    )
    head = (Fact("model", entry.title), Fact("paper", entry.paper), meanings)
    tables = report.tables
    if entry.published:
        tables = (*tables, published(entry, cost))
    show(replace(report, title=entry.name, facts=(*head, *report.facts), tables=tables), json)


def published(entry: Any, cost: Any) -> Table:
    """Figures of others beside the formula's value at the same sizes."""
    from symcost.domain import format_sizes

    rows, notes = [], []
    several = any(figure.program != "forward" for figure in entry.published)
    for figure, counted in entry.beside_published(cost):
        ours = counted + figure.beyond
        off = Share(ours / figure.figure - 1, signed=True)
        program = ["training step" if figure.program == "training" else figure.program] if several else []
        rows.append((figure.quantity, *program, int(figure.figure), ours, off, format_sizes(figure.sizes)))
        counting = "" if figure.under == "algorithm" else f" (here under {figure.under})"
        notes.append(f"{figure.quantity}: {figure.source}; {figure.convention}{counting}")
        if figure.beyond:
            notes.append(f"{figure.quantity}: {figure.beyond:+,} here for what the two count differently: {figure.why}")
    others = any(figure.under != "algorithm" for figure in entry.published)
    said = "algorithm, unless a note says otherwise" if others else "algorithm"
    columns = ("quantity", *(["program"] if several else []), "published", "formula", "difference", "at")
    return Table(
        columns,
        tuple(rows),
        columns,
        notes=tuple(dict.fromkeys(notes)),
        name="published",
        title=f"published figures beside the formula (convention {said})",
    )
