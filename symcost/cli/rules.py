"""`symcost rules`: which primitives are covered, and what is counted for each."""

from __future__ import annotations

from typing import Annotated

import typer

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import show
from symcost.errors import ArgumentError

EXAMPLES = examples("symcost rules", "symcost rules dot_general cumsum", "symcost rules --convention xla --json")


def command(
    primitives: Annotated[
        list[str],
        typer.Argument(metavar="[PRIMITIVE]...", show_default=False, help="Only these; all if none is named."),
    ] = [],  # noqa: B006  # typer copies the default
    convention: o.Convention = "algorithm",
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """The primitives that have a rule, those that are free on purpose, and what is counted."""
    from symcost import conventions
    from symcost.report.document import Fact, Report, Table
    from symcost.rules import load

    load()
    how = conventions.convention(convention)
    registry = how.registry
    unknown = [p for p in primitives if p not in registry]
    if unknown and not json:
        from symcost.domain import near_names

        near = near_names(unknown[0], tuple(registry))
        raise ArgumentError(
            f"no rule counts {unknown[0]!r} under the convention {convention!r}, so a cost would contain its symbol",
            todo=f"did you mean {' or '.join(near)}?" if near else "write one with @sc.rule",
        )
    names = primitives or [*registry]
    rows = tuple((p, registry.state(p), registry.describe(p) if p in registry else "") for p in names)
    states = [registry.state(p) for p in registry]
    counts = {state: states.count(state) for state in ("rule", "free")}
    facts = (
        Fact("convention", f"{how.name}: {how.summary}", how.name),
        Fact("covered", f"{counts['rule']} with a rule, {counts['free']} free on purpose", counts),
    )
    table = Table(("primitive", "state", "what is counted"), rows, ("primitive", "state", "counted"), labels=3)
    show(Report("rules", facts, tables=(table,)), json)
