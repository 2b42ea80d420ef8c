"""`symcost diff`: what changed between two costs; exit code 1 where one grew by more than is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import progress, show, show_json
from symcost.cli.pair import program, requested
from symcost.cli.sizes import points

EXAMPLES = examples(
    "symcost diff main.json new.json",
    "symcost diff main.json new.json --at B=32,T=512 --at B=1,T=1 --max-growth 1%",
    "symcost diff main.json new.json --quantity flops --quantity peak_memory --markdown",
    "symcost diff main.json \"model.py:Net --arg 'B F' --set width=H\" --max-growth 0%",
)

_SIDE = "A file that --save or cost.save wrote; or in quotes, an object with the options of [bold]symcost trace[/bold]."
Old = Annotated[str, typer.Argument(metavar="OLD", show_default=False, help=_SIDE)]
New = Annotated[str, typer.Argument(metavar="NEW", show_default=False, help="As OLD.")]
FAILED = 2
"""Exit code of errors, so that 1 says that something grew."""


def command(
    context: typer.Context,
    old: Old,
    new: New,
    at: o.At = [],  # noqa: B006  # typer copies the default
    convention: o.Convention = "",
    quantity: o.Quantities = [],  # noqa: B006
    depth: o.Depth = None,
    max_growth: o.MaxGrowth = "",
    markdown: o.Markdown = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """What changed between two costs: modules whose formulas are others, and by how much at given sizes.

    Exit code: 0, or 1 if a total grew by more than --max-growth, or 2 for an error.
    """
    context.meta["symcost.failed"] = FAILED
    if markdown and json:
        raise typer.BadParameter("one of --markdown and --json", param_hint="--markdown")
    at_points = points(at)
    limit = _limit(max_growth)
    import symcost as sc
    from symcost.differences import CostDiff
    from symcost.report.differences import as_dict, difference_report
    from symcost.report.markdown import to_markdown

    sides = [_cost(text, convention, quiet=json or markdown) for text in (old, new)]
    found: CostDiff = sc.diff(*sides, quantities=quantity, depth=depth)
    _all_known(found, at_points)
    grown = found.grown(limit, at_points) if limit is not None else ()
    verdict = _verdict(max_growth, grown, at_points) if limit is not None else None
    if json:
        gate = {"max_growth": float(limit), "grown": [_as_dict(g) for g in grown]} if limit is not None else None
        show_json({**as_dict(found, at_points), "gate": gate})
    else:
        report = difference_report(found, at_points, (_source(old), _source(new)))
        if verdict is not None:
            report = _with_verdict(report, verdict, bool(grown))
        if markdown:
            print(to_markdown(report), end="")
        else:
            show(report, json=False)
    if grown:
        raise typer.Exit(1)


def _limit(text: str) -> Any:
    """The largest growth allowed, as a fraction; None if nothing was said."""
    if not text:
        return None
    from symcost.differences import part
    from symcost.errors import ArgumentError

    if not text.strip().endswith("%"):
        raise typer.BadParameter(f"{text!r} is no percentage; write --max-growth 1%", param_hint="--max-growth")
    try:
        return part(text)
    except ArgumentError as error:
        raise typer.BadParameter(f"{error.what}; write --max-growth 1%", param_hint="--max-growth") from None


def _is_file(text: str) -> bool:
    return text.endswith(".json") or Path(text).is_file()


def _source(text: str) -> str:
    """Where a side comes from, without the options of a quoted text."""
    return text if _is_file(text) else text.split(" -", 1)[0]


def _cost(text: str, convention: str, quiet: bool) -> Any:
    """The cost that one side names."""
    if _is_file(text):
        from symcost.query import load

        cost = load(text)
    else:
        request = requested(text, program("", []))
        with progress(f"tracing {request.target}", quiet=quiet) as report:
            cost = request.trace(report)
    return cost.under(convention) if convention else cost


def _all_known(found: Any, at: Sequence[Mapping[str, Any]]) -> None:
    """Raise where a point names a size that neither side has: a slip would go unseen."""
    from symcost.domain import unknown_symbol

    known = tuple(dict.fromkeys((*found.new.domain.names, *found.old.domain.names)))
    for point in at:
        for name in point:
            if name not in known and not name.startswith(("unknown_", "trips_")):
                raise unknown_symbol(name, known, "--at")


def _verdict(limit: str, grown: Sequence[Any], at: Sequence[Any]) -> str:
    from symcost.domain import format_sizes

    if not grown:
        where = "at these sizes" if at else "at any size"
        return f"no total grew by more than {limit} {where}"
    told = [f"{g.quantity} {g.percent} at {format_sizes(g.sizes) or 'all sizes'}" for g in grown]
    return f"grew by more than {limit}: {'; '.join(told)}"


def _with_verdict(report: Any, verdict: str, grown: bool) -> Any:
    from dataclasses import replace

    from symcost.report.document import Fact

    if grown:
        label, text = verdict.split(": ", 1)
        return replace(report, warnings=(*report.warnings, Fact(label, text)))
    return replace(report, notes=(*report.notes, verdict))


def _as_dict(growth: Any) -> dict[str, Any]:
    ratio = growth.ratio
    return {
        "quantity": growth.quantity,
        "at": dict(growth.sizes),
        "old": growth.old if isinstance(growth.old, int) else float(growth.old),
        "new": growth.new if isinstance(growth.new, int) else float(growth.new),
        "growth": None if ratio is None else float(ratio),
    }
