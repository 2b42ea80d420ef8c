"""What symcost does, on real models: ``python -m symcost.demo`` or ``make demo``.

Traces graph networks, an LSTM and transformers of the zoo, prints their formulas and
values, and puts XLA's own count for the same programs on CPU beside them.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from symcost.cli.output import progress

if TYPE_CHECKING:
    import sympy

    from symcost.cost import ProgramCost


@dataclass(frozen=True, slots=True)
class Shown:
    """A model of the zoo, and the sizes at which its formula is evaluated.

    Attributes:
        name: in the zoo. story: what readers should see in it. small, large: sizes.
    """

    name: str
    story: str
    small: dict[str, int]
    large: dict[str, int]


MODELS = (
    Shown(
        "gcn-sparse",
        "A graph network that sums messages over a list of edges. Nodes, edges, features, hidden units and classes are "
        "all symbols. The larger sizes are those of the citation graph Cora.",
        {"N": 27, "M": 75, "F": 11, "H": 8, "C": 7},
        {"N": 2708, "M": 10_556, "F": 1433, "H": 16, "C": 7},
    ),
    Shown(
        "gcn-dense",
        "The same network with an adjacency matrix instead of a list of edges: its cost does not depend on the number "
        "of edges, but on the number of nodes squared.",
        {"N": 27, "F": 11, "H": 8, "C": 7},
        {"N": 2708, "F": 1433, "H": 16, "C": 7},
    ),
    Shown(
        "lstm",
        "A loop over T steps, where T is a symbol: each step's cost counts T times.",
        {"B": 4, "T": 11, "F": 20, "H": 16},
        {"B": 32, "T": 512, "F": 256, "H": 512},
    ),
    Shown(
        "transformer-block",
        "Attention and perceptron, with symbols for batch, tokens, width, heads and the width of a head.",
        {"B": 2, "T": 11, "D": 12, "H": 3, "K": 4},
        {"B": 8, "T": 512, "D": 768, "H": 12, "K": 64},
    ),
    Shown(
        "transformer",
        "A Python loop over L such blocks: the program itself has a different length at each L, and still there is one "
        "formula. The larger sizes are those of BERT-base with 128 tokens.",
        {"B": 2, "T": 11, "D": 12, "H": 3, "K": 4, "L": 3},
        {"B": 1, "T": 128, "D": 768, "H": 12, "K": 64, "L": 12},
    ),
)


def main() -> None:
    """Print the whole demonstration."""
    # only this machine's CPU is asked; looking for an accelerator takes seconds
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    console = Console(highlight=False)
    start = time.monotonic()
    _say(
        console,
        "symcost traces a Flax model at a few concrete sizes and finds the one formula that gives the exact cost at all "
        "sizes; every formula below was checked at sizes that were not used to find it. A multiply-add is 2 FLOPs.",
    )
    costs = {shown.name: show(console, shown) for shown in MODELS}
    console.rule("sparse or dense?")
    for quantity in ("flops", "bytes_accessed"):
        _say(console, crossover(costs["gcn-sparse"], costs["gcn-dense"], quantity, MODELS[0].large))
    _say(
        console,
        f"That took {time.monotonic() - start:.0f} seconds. Next: symcost zoo list, or symcost trace --help for a model "
        "of your own.",
    )


def show(console: Console, shown: Shown) -> ProgramCost:
    """Trace one model and print its formulas, its values, and XLA's figures."""
    from symcost.report.document import Fact
    from symcost.report.text import renderable
    from symcost.report.totals import cost_report
    from symcost.zoo import get

    entry = get(shown.name)
    console.rule(shown.name)
    _say(console, f"{entry.title}. {shown.story}")
    start = time.monotonic()
    with progress(f"tracing {shown.name}") as tick:
        cost = entry.trace(progress=tick)
    seconds = time.monotonic() - start
    report = cost_report(cost, [shown.small, shown.large])
    sizes = Fact("sizes", ", ".join(f"{d.name} {d.meaning}" for d in entry.dims))
    count = len(cost.samples)
    traced = Fact("traced", f"at {count} points, in {seconds:.1f} seconds")
    facts = (sizes, *(f for f in report.facts if f.label != "traced"), traced)
    console.print(renderable(replace(report, title=shown.name, facts=facts), console.width))
    console.print()
    with progress(f"asking XLA about {shown.name}"):
        beside = beside_xla(cost, shown)
    console.print(Text(beside))
    return cost


def beside_xla(cost: ProgramCost, shown: Shown) -> str:
    """XLA's figures for the same program on CPU, with the ratio and the reason for each difference."""
    import symcost as sc

    return str(sc.compare(cost, targets=["cpu"], at=[shown.small, shown.large]))


def crossover(sparse: ProgramCost, dense: ProgramCost, quantity: str, sizes: dict[str, int]) -> str:
    """From how many edges on the sparse form costs more than the dense one, solved in closed form.

    Args:
        sizes: where the solution is evaluated; its M says how many edges there are.
    """
    import sympy

    from symcost.report.document import UNITS

    edges = sparse.expression(_edges())
    difference = sparse.expression(sparse.size(quantity)) - dense.expression(dense.size(quantity))
    (solution,) = sympy.solve(difference, edges)
    at = _floor(solution, sizes)
    pairs = sizes["N"] * (sizes["N"] - 1)
    if at >= pairs:
        remark = f"more than the {pairs:,} that a graph of {sizes['N']} nodes can have, so the sparse form always wins"
    else:
        remark = f"{100 * at / pairs:.1f}% of all pairs of nodes; this graph has {sizes['M']:,}"
    return (
        f"In {UNITS[quantity]} ({quantity}), both cost the same at M = {sympy.factor_terms(solution)} edges. "
        f"At Cora's sizes that is {at:,}: {remark}."
    )


def _edges() -> Any:
    from symcost.polynomial import symbol

    return symbol("M")


def _floor(solution: sympy.Expr, sizes: dict[str, int]) -> int:
    bound = solution.subs({s: sizes[str(s)] for s in solution.free_symbols})
    return int(bound // 1)


def _say(console: Console, text: str) -> None:
    console.print(Text(text))
    console.print()


if __name__ == "__main__":
    main()
