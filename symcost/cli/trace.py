"""`symcost trace`: the cost of a model or function as formulas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from symcost.cli import options as o
from symcost.cli.options import examples
from symcost.cli.output import progress, show
from symcost.cli.program_options import takes_program
from symcost.cli.request import Request
from symcost.cli.sizes import points, probabilities

EXAMPLES = examples(
    'symcost trace flax.linen:Dense --arg "B F" --set features=H',
    'symcost trace model.py:GCN --arg "N F" --arg "2 M:int32" --set hidden=H',
    'symcost trace model.py:Net --arg "B F" --set layers=L --build --by scope',
    'symcost trace model.py:Attention --arg "B T F" --dim "F%8"',
    'symcost trace jax.numpy:matmul --arg "N F" --arg "F H" --at N=9,F=8,H=7 --json',
    'symcost trace jax.numpy:sort --arg "N" --at N=1000 --at N=1000000',
    "symcost trace zoo:lstm --convention xla",
    "symcost trace zoo:mlp --at B=64,F=784,H=512,C=10 --chip tpu-v5e --peak",
    'symcost trace model.py:early_exit --arg "N F" --expect cond_0=0.9,0.1',
    'symcost trace zoo:gcn-sparse --big-o --assume "M = O(N)" --explain "M*H"',
)


@takes_program
def command(
    target: o.Target,
    *,
    request: Request,
    at: o.At = [],  # noqa: B006
    convention: o.Convention = "algorithm",
    expect: o.Expect = [],  # noqa: B006
    by: o.By = None,
    depth: o.Depth = None,
    chip: o.Chips = [],  # noqa: B006
    devices: o.Devices = None,
    peak: o.Peak = False,
    big_o: o.BigO = False,
    assume: o.Assume = [],  # noqa: B006
    explain: o.Explain = [],  # noqa: B006
    save: o.Save = "",
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """The cost of a Flax module or any JAX function, as formulas in its sizes."""
    at_points = points(at)
    chances = probabilities(expect)
    known_convention(convention)
    where_to = known_chips(chip)
    with progress(f"tracing {target}", quiet=json) as report:
        cost = request.trace(report).under(convention)
        expected = cost.expected(chances) if chances else cost
        growth = {"assuming": assumed(assume, cost.domain.names), "big_o": big_o or bool(assume)}
        found = cost_report(expected, at_points, [axis.value for axis in by or ()], depth, join=not json, **growth)
        if save:
            cost.save(save)
        more = [*(rooflines(cost, at_points, where_to, devices)), *(peaks(cost, at_points) if peak else ())]
        more += explanations(expected, explain, json)
    show(replace(found, tables=(*found.tables, *more)), json)


def known_chips(names: Sequence[str]) -> list[Any]:
    """The chips that are named, several in one text; complains before anything is traced."""
    from symcost.hardware import chip

    return [chip(name.strip()) for text in names for name in text.split(",")]


def rooflines(
    cost: Any, at: Sequence[Mapping[str, Any]], chips: Sequence[Any], devices: int | None = None
) -> Iterator[Any]:
    """A table for each chip."""
    from symcost.hardware.present import roofline_table
    from symcost.hardware.roofline import roofline

    for chip in chips:
        some, complete, _ = bound(cost, at)
        yield roofline_table(roofline(some, chip, devices=devices), complete)


def peaks(cost: Any, at: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """A table for each point: what is alive at the peak."""
    from symcost.errors import MissingSizeError
    from symcost.hardware.present import peak_table

    if not at and cost.domain.names:
        sizes = ",".join(f"{name}=64" for name in cost.domain.names)
        raise MissingSizeError("what is alive at the peak depends on the sizes", todo=f"--at {sizes}")
    for point in at or [{}]:
        yield peak_table(cost.peak(**point))


def assumed(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    """Assumptions of growth, one in a text; complains about those that are none."""
    from symcost.assumptions import parse_assumptions

    return [str(a) for a in parse_assumptions(list(texts), names)]


def explanations(cost: Any, terms: Sequence[str], json: bool) -> Iterator[Any]:
    """Tables of where terms come from, ``M*H`` or ``bytes_accessed:M*H``; their sums are for people."""
    from symcost.report.provenance import explanation

    for text in terms:
        quantity, colon, term = text.rpartition(":")
        report = explanation(cost.explain(term, quantity.strip() or "flops") if colon else cost.explain(term))
        for i, table in enumerate(report.tables):
            title = report.title if i == 0 else f"{report.title}, {table.title}"
            name = "explained" if len(terms) == 1 else f"explained {text}"
            name += f" {table.name}" if table.title else ""
            notes = report.notes if i == len(report.tables) - 1 else ()
            yield replace(table, title=title, name=name, notes=notes, total=None if json else table.total)


def known_convention(name: str) -> None:
    """Complain about a convention before anything is traced."""
    from symcost.conventions import convention

    convention(name)


def cost_report(
    cost: Any,
    at: Sequence[Mapping[str, Any]],
    by: Sequence[str] = (),
    depth: int | None = None,
    join: bool = True,
    **growth: Any,
) -> Any:
    """Totals of `cost`, at points if there are any, and rows by `by`.

    Args:
        at: points. A single point may leave symbols out; they stay in the formulas.
        **growth: assumptions, and whether O(...) is wanted.
    """
    from symcost.report import totals
    from symcost.report.breakdown import breakdown

    cost, complete, ignored = bound(cost, at)
    if growth.get("assuming"):  # what is bound to a number does not grow, nor needs it an assumption
        growth["assuming"] = [a for a in growth["assuming"] if _grows(a, cost.domain.names)]
    report = totals.cost_report(cost, complete, **growth)
    if ignored:
        note = f"{', '.join(ignored)}: given a size, but no formula here contains it"
        report = replace(report, notes=(*report.notes, note))
    if not by:
        return report
    point = report.points[0] if len(report.points) == 1 else None
    return replace(report, tables=(breakdown(cost.by(*by, depth=depth), point, join=join),))


def _grows(assumption: str, names: Sequence[str]) -> bool:
    """Whether an assumption is about symbols that are left."""
    from symcost.errors import DimensionError

    try:
        assumed([assumption], names)
    except DimensionError:
        return False
    return True


def bound(cost: Any, at: Sequence[Mapping[str, Any]]) -> tuple[Any, list[Mapping[str, Any]], list[str]]:
    """`cost` with a single incomplete point bound into it; else the points. And names that nothing contains."""
    known = {*cost.domain.names}
    unknown = tuple(u.symbol for u in cost.unknown)
    names = dict.fromkeys(name for point in at for name in point)
    ignored = [n for n in names if n not in known and not n.startswith(unknown or ("\0",))]
    if len(at) == 1 and not known <= set(at[0]):
        given = {n: v for n, v in at[0].items() if n not in ignored}
        if given:
            # a size is refused here as `at` refuses it: fractions, booleans, sizes outside of the domain
            for name, size in given.items():
                if name in known:
                    replace(cost.domain, dims=(cost.domain[name],), relations=(), excluded=()).check({name: size})
            cost = cost.subs(**given)
        return cost, [], ignored
    return cost, [*at], ignored
