"""Whether the cost of an analysis is linear in the number of equations, and how much memory it takes.

    python benchmarks/scaling.py [--repeats 3] [--layers 12 96] [--profile]

The program is one training step (loss, gradient, Adam) of a transformer encoder whose layers are a Python loop, at
symbolic batch B, tokens T and width F: 12 layers against 96. The bar: at most 10 % more per equation, and less than
2 GB. Told apart are the whole analysis, and what it takes beyond JAX's own building and tracing.

Every repeat is a process of its own; the two depths take turns, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from measure import Clock, child, medians, peak_memory, save, tracing_clock

BAR_RATIO, BAR_BYTES = 1.10, 2e9


def analysed(layers: int) -> Any:
    """The cost of a training step of `layers` blocks."""
    import jax.numpy as jnp
    import optax

    import symcost as sc
    from symcost.zoo.transformer import Encoder

    B, T, F = sc.dims("B T F")
    model = Encoder(layers=layers, heads=4, head_width=16, mlp_width=4 * F)
    x = sc.array((B, T, F))
    return sc.trace_training(
        model, x, x, loss=lambda outputs, y: jnp.mean((outputs - y) ** 2), optimizer=optax.adam(1e-3)
    )


def measure(layers: int) -> dict[str, Any]:
    """One analysis in this process, after one of a single layer that imports everything."""
    analysed(1)
    with tracing_clock() as tracing, Clock() as whole:
        cost = analysed(layers)
        formula = cost.text("flops")
    memory = peak_memory()
    programs = cost.analysis.traces("jaxpr").programs.values()
    equations = [sum(1 for _ in program.walk()) for program in programs]
    beyond = whole.cpu - tracing.cpu
    return {
        "layers": layers,
        "equations": equations[0],
        "points": len(equations),
        "formula": formula,
        "whole": whole.cpu,
        "whole_wall": whole.wall,
        "tracing": tracing.cpu,
        "beyond": beyond,
        "whole_per_equation_us": 1e6 * whole.cpu / equations[0],
        "tracing_per_equation_us": 1e6 * tracing.cpu / equations[0],
        "beyond_per_equation_us": 1e6 * beyond / equations[0],
        "beyond_in_traces": beyond / (tracing.cpu / len(equations)),
        "peak_bytes": float(memory),
    }


def profile(layers: int, lines: int = 30) -> None:
    """Print where the time beyond JAX's tracing goes."""
    import cProfile
    import pstats

    from symcost.analysis import Analysis

    analysed(1)
    profiler, trace = cProfile.Profile(), Analysis._trace

    def apart(self: Analysis, sizes: Any) -> Any:
        profiler.disable()
        try:
            return trace(self, sizes)
        finally:
            profiler.enable()

    Analysis._trace = apart
    profiler.enable()
    analysed(layers)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(lines)


def show(rows: list[dict[str, Any]], ratios: dict[str, float]) -> None:
    """Print the table and the ratios."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Training step of an unrolled transformer (CPU seconds, medians)")
    headings = ("layers", "equations", "points", "whole\nanalysis", "of it\ntracing", "beyond\ntracing")
    for heading in (*headings, "whole, µs\nan equation", "beyond, µs\nan equation", "beyond, in\ntraces", "peak GB"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            str(row["layers"]),
            f"{row['equations']:,}",
            str(row["points"]),
            *(f"{row[key]['median']:.2f}" for key in ("whole", "tracing", "beyond")),
            *(f"{row[key]['median']:.0f}" for key in ("whole_per_equation_us", "beyond_per_equation_us")),
            f"{row['beyond_in_traces']['median']:.2f}",
            f"{row['peak_bytes']['max'] / 1e9:.2f}",
        )
    console = Console()
    console.width = max(console.width, 110)
    console.print(table)
    deepest = rows[-1]
    console.print(f"per equation, {deepest['layers']} layers against {rows[0]['layers']} (bar {BAR_RATIO:.2f}):")
    for what, ratio in ratios.items():
        console.print(f"  {what}: {ratio:.3f}")
    console.print(f"memory at {deepest['layers']} layers: {deepest['peak_bytes']['max'] / 1e9:.2f} GB (bar 2.00)")


def main() -> None:
    """Measure both depths in turn; print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--layers", type=int, nargs="+", default=[12, 96])
    parser.add_argument("--profile", action="store_true", help="profile the smallest depth instead")
    parser.add_argument("--child", type=int, metavar="LAYERS", help="measure once, here, and print JSON")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child)))
        return
    depths = sorted(options.layers)
    if options.profile:
        profile(depths[0])
        return
    runs: dict[int, list[dict[str, Any]]] = {layers: [] for layers in depths}
    for repeat in range(options.repeats):
        for layers in depths:
            runs[layers].append(child(__file__, layers))
            print(f"{repeat + 1}/{options.repeats} {layers} layers: {runs[layers][-1]['whole']:.1f} s", flush=True)
    rows = [medians(runs[layers]) for layers in depths]
    parts = ("whole", "tracing", "beyond")
    ratios = {
        part: rows[-1][f"{part}_per_equation_us"]["median"] / rows[0][f"{part}_per_equation_us"]["median"]
        for part in parts
    }
    show(rows, ratios)
    print(save("scaling", {"bar": {"ratio": BAR_RATIO, "bytes": BAR_BYTES}, "ratios": ratios, "rows": rows}))


if __name__ == "__main__":
    main()
