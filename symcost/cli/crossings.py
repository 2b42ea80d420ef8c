"""What `symcost crossover` prints: the difference, where it is 0, and the crossings at given sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def as_dict(found: Sequence[Any], at: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Crossovers as plain data."""
    first = found[0]
    crossovers = []
    for each in found:
        crossings = [
            {
                "at": dict(point),
                "crossings": [{"size": c.size, "before": c.before, "after": c.after} for c in each.at(**point)],
            }
            for point in at
        ]
        crossovers.append(
            {
                "quantity": each.quantity,
                "difference": _difference(each),
                "solutions": [str(solution) for solution in each.solutions],
                "closed": each.closed,
                "regimes": [
                    {"first": r.a, "second": r.b, "solutions": [str(solution) for solution in r.solutions]}
                    for r in each.regimes
                ],
                "smaller_at_large_sizes": each.cheaper or None,
                "special": each.special or None,
                "points": crossings,
            }
        )
    names = {"first": first.a, "second": first.b, "wrt": first.wrt, "convention": first.convention}
    return {**names, "domain": str(first.domain), "crossovers": crossovers}


def crossover_report(found: Sequence[Any], at: Sequence[Mapping[str, Any]]) -> Any:
    """Crossovers in closed form, then the crossings at given sizes."""
    from symcost.report.document import Fact, Report

    first = found[0]
    facts = (
        Fact("first", first.a),
        Fact("second", first.b),
        Fact("convention", first.convention),
        Fact("domain", str(first.domain)),
    )
    tables = [_closed_form(each) for each in found]
    if at:
        tables.append(_crossings(found, at))
    notes = tuple(dict.fromkeys(f"{each.quantity}: {each.special}" for each in found if each.special))
    return Report(f"Crossover in {first.wrt}", facts, tuple(dict(p) for p in at), tables=tuple(tables), notes=notes)


def _difference(found: Any) -> str:
    from symcost.formatting import format_size

    return format_size(found.difference, found.domain.names)


def _closed_form(found: Any) -> Any:
    from symcost.polynomial import symbols_of
    from symcost.report.document import Formula, Table

    rows: list[tuple[Any, ...]] = [] if found.rooflines else [("first less second", Formula(_difference(found)))]
    for which, line in zip(("first", "second"), found.rooflines, strict=False):
        rows += [(f"{which}, {part}", Formula(busy.text(found.domain.names))) for part, busy in line.parts.items()]
    rows += [(f"equal at {found.wrt} =", Formula(str(solution))) for solution in found.solutions]
    for regime in found.regimes:
        bound = f"bound by {regime.a} and {regime.b}: {found.wrt} ="
        rows += [(bound, Formula(str(solution))) for solution in regime.solutions]
    if found.difference == 0:
        rows.append(("crossover", "none: the two are equal at all sizes"))
    elif found.wrt not in symbols_of(found.difference):
        rows.append(("crossover", f"none: {found.wrt} does not matter"))
    elif not found.closed:
        where = " for all sizes" if found.regimes else f" in {found.wrt}"
        rows.append(("crossover", f"no closed form{where}; at given sizes it is found: --at"))
    elif not found.solutions:
        rows.append(("crossover", "none"))
    if found.cheaper:
        rows.append((f"for large {found.wrt}", f"{found.cheaper} is the smaller"))
    return Table((found.quantity.replace("_", " "), ""), tuple(rows), ("what", "formula"), name=found.quantity)


def _crossings(found: Sequence[Any], at: Sequence[Mapping[str, Any]]) -> Any:
    from symcost.report.document import Table

    wrt, rows = found[0].wrt, []
    for each in found:
        for i, point in enumerate(at):
            crossings = [(c.size, c.before, c.after) for c in each.at(**point)]
            for crossing in crossings or [("none", *[_smaller(each, point)] * 2)]:
                rows.append((f"({i + 1})", each.quantity, *crossing))
    columns = ("at", "quantity", wrt, "smaller below", "smaller from there on")
    table = Table(columns, tuple(rows), ("at", "quantity", "size", "before", "after"), labels=2, name="crossings")
    return table if len(at) > 1 else table.without("at")


def _smaller(found: Any, point: Mapping[str, Any]) -> str:
    """Which of two costs that do not cross is the smaller one, by the largest size that was looked at."""
    from symcost.crossing import FARTHEST
    from symcost.polynomial import evaluate

    sizes = {dim.name: point.get(dim.name, max(dim.min, 1)) for dim in found.domain.dims}
    sizes[found.wrt] = found.domain[found.wrt].max or FARTHEST
    difference = evaluate(found.difference, sizes)
    return "equal" if difference == 0 else found.a if difference < 0 else found.b
