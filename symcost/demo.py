"""What symcost does, on real models: ``python -m symcost.demo`` or ``make demo``.

Traces graph networks, an LSTM and transformers of the zoo, prints their formulas and
values, and puts XLA's own count for the same programs on CPU beside them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from symcost.cli import output

if TYPE_CHECKING:
    from symcost.cost import ProgramCost
    from symcost.report.document import Report


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
        "symcost traces a Flax model at a few concrete sizes and finds the one formula that gives the exact cost at "
        "all sizes; each formula below was checked at sizes that were not used to find it. A multiply-add is 2 FLOPs.",
    )
    costs = {shown.name: show(console, shown) for shown in MODELS}
    console.rule("sparse or dense?")
    for quantity in ("flops", "bytes_accessed"):
        _say(console, crossover(costs["gcn-sparse"], costs["gcn-dense"], quantity, MODELS[0].large))
    _say(
        console,
        f"That took {time.monotonic() - start:.0f} seconds. Next: symcost zoo list, or symcost trace --help for a "
        "model of your own.",
    )


def show(console: Console, shown: Shown) -> ProgramCost:
    """Trace one model and print its formulas, its values, and XLA's figures."""
    from symcost.report.document import Fact
    from symcost.report.totals import cost_report
    from symcost.zoo import get

    entry = get(shown.name)
    console.rule(shown.name)
    _say(console, shown.story)
    start = time.monotonic()
    with output.progress(f"tracing {shown.name}") as tick:
        cost = entry.trace(progress=tick)
    seconds = time.monotonic() - start
    report = cost_report(cost, [shown.small, shown.large])
    sizes = Fact("sizes", ", ".join(f"{d.name} {d.meaning}" for d in entry.dims))
    traced = Fact("traced", f"at {len(cost.samples)} points, in {seconds:.1f} seconds")
    facts = (sizes, *(f for f in report.facts if f.label != "traced"), traced)
    output.show(replace(report, title=entry.title, facts=facts), json=False)
    console.print()
    with output.progress(f"asking XLA about {shown.name}") as tick:
        beside = beside_xla(cost, shown, tick)
    output.show(beside, json=False)
    console.print()
    return cost


def beside_xla(cost: ProgramCost, shown: Shown, tick: Callable[[str], None]) -> Report:
    """XLA's figures for the same program on CPU, with the reason for each difference."""
    import symcost as sc

    found = sc.compare(
        cost, targets=["cpu"], at=[shown.small, shown.large], quantities=("flops", "transcendentals"), progress=tick
    )
    # what optimising does to transcendentals (nothing, mostly) would only be more lines
    kept = tuple(row for row in found if row.quantity == "flops" or row.stage.startswith("before"))
    return replace(replace(found, rows=kept).report(), title="The same program in XLA, before and after it optimises")


def crossover(sparse: ProgramCost, dense: ProgramCost, quantity: str, sizes: dict[str, int]) -> str:
    """From how many edges on the sparse form costs more than the dense one, solved in closed form.

    Args:
        sizes: where the solution is evaluated; its M says how many edges there are.
    """
    import sympy

    from symcost import crossing
    from symcost.expression import from_sympy
    from symcost.formatting import format_size

    (solution,) = crossing.crossover(sparse, dense, wrt="M", quantity=quantity).solutions
    top, bottom = (format_size(from_sympy(e), sparse.domain.names) for e in sympy.fraction(sympy.together(solution)))
    at = int(solution.subs({s: sizes[str(s)] for s in solution.free_symbols}) // 1)
    pairs = sizes["N"] * (sizes["N"] - 1)
    if at >= pairs:
        remark = (
            f"more than the {pairs:,} that a graph of {sizes['N']} nodes can have, so the sparse form is never dearer"
        )
    else:
        remark = (
            f"{100 * at / pairs:.1f}% of all pairs of nodes; Cora has {sizes['M']:,}, so the sparse form is cheaper"
        )
    return (
        f"In {quantity}, the two cost the same at\n  M = ({top}) / ({bottom})\nedges. "
        f"At Cora's sizes that is {at:,}: {remark}."
    )


def _say(console: Console, text: str) -> None:
    console.print(Text(text))
    console.print()


if __name__ == "__main__":
    main()
