"""How long importing symcost takes, and evaluating a formula; formulas as functions, and in JAX programs.

    python benchmarks/query.py [--quick] [--repeats 5]

`import symcost` in fresh processes, and which of the heavy packages it brings (the bar: 0.3 s, none). Then, for the
forward pass and the gradient of every reference model, `cost.at(...)` with one quantity and with all of them: the
first call, which compiles the formula, and further calls at other sizes (the bar: 1 ms).

`cost.function("flops")` is called from Python for the same programs (the bar: 5 us for the GCN, 50 us for a
transformer). And a jitted batch of 10 million points of the GCN's formula, int32 sizes and x64 off, stands beside one
jitted ``n + m + f + h`` over the same arrays (the bar: 3 times as long) and beside what XLA takes for
`jax.jit(f).lower(*args).cost_analysis()` of one point (the bar: 100,000 times its rate), measured in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from typing import Any

from measure import child, save, summary

HEAVY = ("jax", "jaxlib", "flax", "optax", "sympy", "numpy", "matplotlib", "rich", "typer")
CALLS = 200
BATCH, TURNS = 10_000_000, 15


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
        "function": _many(cost.function("flops"), points),
    }


def _many(function: Any, points: list[dict[str, int]], calls: int = 20) -> float:
    """Median elapsed seconds of a call that is too short for the clock, over the points."""
    found = []
    for sizes in points:
        began = time.perf_counter()
        for _ in range(calls):
            function(**sizes)
        found.append((time.perf_counter() - began) / calls)
    return statistics.median(found)


def batch(count: int = BATCH) -> dict[str, Any]:
    """Many points of the GCN's formula in one jitted call, a sum of the same arrays, and XLA's answer to one point."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from symcost import zoo

    entry = zoo.get("gcn-sparse")
    cost = entry.trace()
    flops, exact = cost.function("flops", "jax"), cost.function("flops", "python")
    rng = np.random.default_rng(0)
    largest = {"N": 10**6, "M": 10**7, "F": 2000, "H": 512}
    sizes = [jnp.asarray(rng.integers(1, most, count), jnp.int32) for most in largest.values()]
    sums = jax.jit(lambda n, m, f, h: n + m + f + h)
    formula = jax.jit(lambda n, m, f, h: flops(N=n, M=m, F=f, H=h, C=7))
    found: dict[str, list[float]] = {"sum": [], "formula": [], "xla": []}
    sums(*sizes).block_until_ready(), formula(*sizes).block_until_ready()
    for turn in range(TURNS):
        for name, run in (("sum", sums), ("formula", formula)):
            began = time.perf_counter()
            run(*sizes).block_until_ready()
            found[name].append(time.perf_counter() - began)
        function, arguments = entry.build(N=2708 + turn, M=10556, F=1433, H=16, C=7)
        began = time.perf_counter()
        jax.jit(function).lower(*arguments).cost_analysis()
        found["xla"].append(time.perf_counter() - began)
    ratios = [a / b for a, b in zip(found["formula"], found["sum"], strict=True)]
    point = [x / (a / count) for a, x in zip(found["formula"], found["xla"], strict=True)]
    some = [exact(**{n: int(s[i]) for n, s in zip("NMFH", sizes, strict=True)}, C=7) for i in range(1000)]
    values = np.asarray(formula(*sizes)[:1000], float)
    error = max(abs(v - e) / e for v, e in zip(values.tolist(), some, strict=True))
    return {
        "points": count,
        "threads": os.cpu_count(),
        **{name: summary(values) for name, values in found.items()},
        "of_the_sum": summary(ratios),
        "times_xla": summary(point),
        "largest_relative_error": error,
    }


def _seconds(call: Any, points: list[dict[str, int]]) -> float:
    """Median elapsed seconds of a call over the points."""
    found = []
    for sizes in points:
        began = time.perf_counter()
        call(sizes)
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def show(start: dict[str, Any], rows: list[dict[str, Any]], many: dict[str, Any]) -> None:
    """Print the table, and the other figures."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="cost.at(...), medians")
    for heading in ("model", "program"):
        table.add_column(heading, no_wrap=True)
    headings = (
        "characters\nof FLOPs",
        "characters\nof all",
        "first call\nms",
        "FLOPs\nms",
        "all quantities\nms",
        "function\nus",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row["model"],
            row["program"],
            f"{row['formula_characters']:,}",
            f"{row['all_characters']:,}",
            *(f"{1e3 * row[key]:.3f}" for key in ("first_call", "one", "all")),
            f"{1e6 * row['function']:.2f}",
        )
    console = Console()
    console.width = max(console.width, 100)
    console.print(table)
    console.print(
        f"{many['points']:,} points: {1e3 * many['formula']['median']:.1f} ms, {many['of_the_sum']['median']:.2f} "
        f"times a sum of the sizes (bar 3), {many['times_xla']['median']:,.0f} times the rate of XLA (bar 100,000)"
    )
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
        alone = {"import": imports, "batch": batch}
        what = options.child
        print(json.dumps(alone[what[0]]() if what[0] in alone else evaluations(*what)))
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
    many = child(__file__, "batch")
    show(start, rows, many)
    print(save("query-quick" if options.quick else "query", {"import": start, "rows": rows, "batch": many}))


if __name__ == "__main__":
    main()
