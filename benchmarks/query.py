"""How long importing symcost takes, and evaluating a formula.

    python benchmarks/query.py [--quick] [--repeats 5]

`import symcost` in fresh processes, and which of the heavy packages it brings (the bar: 0.3 s, none). Then, for the
forward pass and the gradient of every reference model, `cost.at(...)` with one quantity and with all of them: the
first call, which compiles the formula, and further calls at other sizes (the bar: 1 ms).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

from measure import child, save, summary

HEAVY = ("jax", "jaxlib", "flax", "optax", "sympy", "numpy", "matplotlib", "rich", "typer")
CALLS = 200


def imports() -> dict[str, Any]:
    """Import symcost in this process."""
    import sys

    began = time.perf_counter()
    import symcost

    elapsed = time.perf_counter() - began
    assert symcost.__version__
    return {"seconds": elapsed, "heavy": [name for name in HEAVY if name in sys.modules]}


def evaluations(name: str, program: str) -> dict[str, Any]:
    """Evaluate the formulas of one model."""
    import numpy as np

    from symcost import zoo

    entry = zoo.get(name)
    cost = entry.trace() if program == "forward" else entry.trace_gradient()
    quantities = cost.quantities
    formulas = {quantity: len(cost.text(quantity)) for quantity in quantities}  # traces what bytes need besides
    rng = np.random.default_rng(0)
    points = [entry.sample(rng) for _ in range(CALLS)]
    first = _seconds(lambda sizes: cost.at(**sizes).flops, points[:1])
    _seconds(lambda sizes: cost.at(**sizes).as_dict(), points[:1])
    return {
        "formula_characters": formulas["flops"],
        "all_characters": sum(formulas.values()),
        "first_call": first,
        "one": _seconds(lambda sizes: cost.at(**sizes).flops, points),
        "all": _seconds(lambda sizes: cost.at(**sizes).as_dict(), points),
    }


def _seconds(call: Any, points: list[dict[str, int]]) -> float:
    """Median elapsed seconds of a call over the points."""
    found = []
    for sizes in points:
        began = time.perf_counter()
        call(sizes)
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def show(start: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Print both tables."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="cost.at(...), medians")
    for heading in ("model", "program"):
        table.add_column(heading, no_wrap=True)
    headings = ("characters\nof FLOPs", "characters\nof all", "first call\nms", "FLOPs\nms", "all quantities\nms")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row["model"],
            row["program"],
            f"{row['formula_characters']:,}",
            f"{row['all_characters']:,}",
            *(f"{1e3 * row[key]:.3f}" for key in ("first_call", "one", "all")),
        )
    console = Console()
    console.width = max(console.width, 100)
    console.print(table)
    heavy = ", ".join(start["heavy"]) or "none of " + ", ".join(HEAVY)
    console.print(f"import symcost: {1e3 * start['seconds']['median']:.1f} ms (bar 300), bringing {heavy}")


def main() -> None:
    """Measure; print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only three models")
    parser.add_argument("--repeats", type=int, default=5, help="imports of symcost")
    parser.add_argument("--child", nargs="+", metavar="WHAT", help="measure once, here, and print JSON")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(imports() if options.child == ["import"] else evaluations(*options.child)))
        return
    from symcost import zoo  # not before: a child measures this very import

    starts = [child(__file__, "import") for _ in range(options.repeats)]
    start = {"seconds": summary(s["seconds"] for s in starts), "heavy": starts[0]["heavy"]}
    names = ("mlp", "gcn-sparse", "cnn") if options.quick else zoo.names()
    rows = []
    for name in names:
        for program in ("forward", "gradient"):
            rows.append({"model": name, "program": program, **child(__file__, name, program)})
            print(f"{name} {program}: {1e3 * rows[-1]['one']:.3f} ms", flush=True)
    show(start, rows)
    print(save("query-quick" if options.quick else "query", {"import": start, "rows": rows}))


if __name__ == "__main__":
    main()
