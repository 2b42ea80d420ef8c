"""What formulas cost as functions, called from Python and inside of JAX programs.

    python benchmarks/functions.py

`cost.function("flops")` is called from Python for graph convolutions and transformers (the bars: 5 us and 50 us). And a
jitted batch of 10 million points of the graph convolution's formula, int32 sizes and x64 off, stands beside one jitted
``n + m + f + h`` over the same arrays (the bar: 3 times as long) and beside what XLA takes for
`jax.jit(f).lower(*args).cost_analysis()` of one point (the bar: 100,000 times its rate), measured in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

from measure import child, save, summary

MODELS = ("gcn-sparse", "gcn-dense", "transformer-block", "transformer", "vit")
CALLS, POINTS = 50, 100
BATCH, TURNS = 10_000_000, 15


def calls(name: str, program: str) -> dict[str, Any]:
    """Calls of one model's function from Python."""
    import numpy as np

    from symcost import zoo

    entry = zoo.get(name)
    cost = entry.trace() if program == "forward" else entry.trace_gradient()
    function = cost.function("flops")
    rng = np.random.default_rng(0)
    found = []
    for sizes in [entry.sample(rng) for _ in range(POINTS)]:
        began = time.perf_counter()
        for _ in range(CALLS):
            function(**sizes)
        found.append((time.perf_counter() - began) / CALLS)
    return {"model": name, "program": program, "sizes": len(function.arguments), "seconds": summary(found)}


def batch(count: int = BATCH) -> dict[str, Any]:
    """Many points in one jitted call, a sum of the same arrays, and XLA's answer to one point."""
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
    for run in (sums, formula):
        run(*sizes).block_until_ready()  # compiles
    for turn in range(TURNS):
        for name, run in (("sum", sums), ("formula", formula)):
            began = time.perf_counter()
            run(*sizes).block_until_ready()
            found[name].append(time.perf_counter() - began)
        function, arguments = entry.build(N=2708 + turn, M=10556, F=1433, H=16, C=7)
        began = time.perf_counter()
        jax.jit(function).lower(*arguments).cost_analysis()
        found["xla"].append(time.perf_counter() - began)
    times = {name: summary(values) for name, values in found.items()}
    some = [exact(**{n: int(s[i]) for n, s in zip(largest, sizes, strict=True)}, C=7) for i in range(1000)]
    values = np.asarray(formula(*sizes)[:1000], float).tolist()
    return {
        "points": count,
        **times,
        "of_the_sum": statistics.median(a / b for a, b in zip(found["formula"], found["sum"], strict=True)),
        "times_xla": times["xla"]["median"] * count / times["formula"]["median"],
        "largest_relative_error": max(abs(v - e) / e for v, e in zip(values, some, strict=True)),
    }


def main() -> None:
    """Measure; print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--child", nargs="+", metavar="WHAT", help="measure once, here, and print JSON")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(batch() if options.child == ["batch"] else calls(*options.child)))
        return
    rows = [child(__file__, name, program) for name in MODELS for program in ("forward", "gradient")]
    for row in rows:
        print(f"{row['model']} {row['program']}: {1e6 * row['seconds']['median']:.2f} us")
    many = child(__file__, "batch")
    print(
        f"{many['points']:,} points: {1e3 * many['formula']['median']:.1f} ms, {many['of_the_sum']:.2f} times a sum of "
        f"the sizes, {many['times_xla']:,.0f} times the rate of XLA, error {many['largest_relative_error']:.1e}"
    )
    print(save("functions", {"rows": rows, "batch": many}))


if __name__ == "__main__":
    main()
