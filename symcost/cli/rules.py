"""`symcost rules`: which primitives are covered, and what is counted for each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import show
from symcost.errors import ArgumentError

EXAMPLES = examples("symcost rules", "symcost rules dot_general cumsum", "symcost rules --convention xla --json")


def command(
    primitives: Annotated[
        list[str],
        typer.Argument(metavar="PRIMITIVE", show_default=False, help="Only these; all if none is named."),
    ] = [],  # noqa: B006  # typer copies the default
    convention: o.Convention = "algorithm",
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """The primitives that have a rule, those that are free on purpose, and what is counted."""
    from symcost import conventions
    from symcost.report.breakdown import ORDER
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
    rows = tuple((p, registry.state(p), _counted(how, p) if p in registry else "") for p in names)
    states = [registry.state(p) for p in registry]
    counts = {state: states.count(state) for state in ("rule", "free")}
    facts = (
        Fact("convention", f"{how.name}: {how.summary}", how.name),
        Fact("covered", f"{counts['rule']} with a rule, {counts['free']} free on purpose", counts),
    )
    defined = [q for q in how.quantities if q in ORDER]
    if registry is conventions.convention("algorithm").registry and len(defined) < len(ORDER):
        text = f"{', '.join(defined)}; what a rule says of other quantities is left out"
        facts = (*facts, Fact("defined", text, defined))
    table = Table(("primitive", "state", "what is counted"), rows, ("primitive", "state", "counted"), labels=3)
    show(Report("rules", facts, tables=(table,)), json)


def _counted(how: Any, primitive: str) -> str:
    """What a convention counts for a primitive, in words."""
    from symcost.ledger import Key

    if how.keep is not None and not how.keep(Key("", primitive, "", "", "")):
        return f"Nothing of its own under {how.name}."
    return how.registry.describe(primitive)
