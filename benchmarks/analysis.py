"""How long a whole analysis takes, against the time of tracing the same program once.

    python benchmarks/analysis.py [--quick] [--repeats 3] [--model NAME ...]

For every reference model, forward and gradient: seconds of the whole analysis (build, trace, generalise, check) up to
the formula of FLOPs; the points it traced, and those it takes with bytes; one warm build-and-trace of the same program
at the largest sample, in two readings: at sizes that were never traced before (next to the largest sample), and at the
largest sample once more, where JAX's own caches answer in part. The bar is (points + 2) such traces, or 0.5 s.

Every repeat runs in a process of its own, in which other programs were traced and analysed before: imports and JAX's
own start are over when the analysis begins, and nothing of the program itself is known.
"""

from __future__ import annotations

import argparse
import json
import statistics
from typing import Any

from measure import Clock, child, medians, save, seconds, tracing_clock

LEAST = 0.5
"""An analysis may always take so many seconds."""

QUICK = ("mlp", "gcn-sparse", "transformer-block", "transformer")


def measure(name: str, program: str) -> dict[str, Any]:
    """One analysis of one model and its traces, in this process.

    Args:
        program: "forward" or "gradient".
    """
    from symcost import zoo

    _warm_up(name)
    entry = zoo.get(name)
    with tracing_clock() as tracing, Clock() as whole:
        cost = entry.trace() if program == "forward" else entry.trace_gradient()
        text = cost.text("flops")
    analysis = cost.analysis
    points = len(cost.samples)
    flops_tracing = tracing.cpu
    with Clock() as bytes_besides:
        cost.text("bytes_accessed")
    programs = analysis.traces("jaxpr").programs
    operations = {key: sum(1 for _ in p.walk()) for key, p in programs.items()}
    largest = max(programs, key=lambda key: (operations[key], sum(dict(key).values())))
    sizes = analysis.units.sizes(dict(largest))
    structural = analysis.outcome("algorithm").structural
    fresh = [_beside(sizes, structural, step) for step in (1, 2, 3)]
    never_traced = [seconds(lambda at=at: _by_hand(entry, at, program))[0] for at in fresh]
    again = seconds(lambda: _by_hand(entry, sizes, program), 3)
    return {
        "symbols": len(entry.dims),
        "structural": list(structural),
        "points": points,
        "points_with_bytes": len(cost.samples),
        "operations": operations[largest],
        "largest_sample": sizes,
        "formula_characters": len(text),
        "analysis": whole.cpu,
        "analysis_wall": whole.wall,
        "of_it_tracing": flops_tracing,
        "with_bytes": whole.cpu + bytes_besides.cpu,
        "trace_never_traced": statistics.median(never_traced),
        "trace_again": statistics.median(again),
    }


def _warm_up(name: str) -> None:
    """Trace and analyse other programs: imports and JAX's own start are then done."""
    import jax

    import symcost as sc
    from symcost import zoo

    str(sc.trace(lambda x: x + x, sc.array("N")))
    other = zoo.get("gru" if name == "mlp" else "mlp")
    for size in (3, 4):
        for gradient in (False, True):
            fn, args = other.instance({dim.name: size for dim in other.dims}, gradient)
            jax.jit(fn).trace(*args)


def _by_hand(entry: Any, sizes: dict[str, int], program: str) -> None:
    """Build and trace, as anyone would without symcost."""
    import jax

    fn, args = entry.instance(sizes, program == "gradient")
    jax.jit(fn).trace(*args)


def _beside(sizes: dict[str, int], structural: tuple[str, ...], step: int) -> dict[str, int]:
    """Sizes just above a sample, with as many layers."""
    return {name: size if name in structural else size + step for name, size in sizes.items()}


def judged(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its ratios to what the bar allows, in both readings; at most 1 is within the bar."""
    ratios = {}
    for reading in ("never_traced", "again"):
        allowed = max((record["points"] + 2) * record[f"trace_{reading}"]["median"], LEAST)
        ratios[f"ratio_{reading}"] = record["analysis"]["median"] / allowed
    return {**record, **ratios}


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Whole analysis against one trace (CPU seconds, medians)")
    for heading in ("model", "program"):
        table.add_column(heading, no_wrap=True)
    headings = ("symbols", "opera-\ntions", "points", "with\nbytes", "whole\nanalysis", "of it\ntracing")
    readings = ("trace at\nnew sizes", "of what\nis allowed", "at the same\nsizes", "of what\nis allowed")
    for heading in (*headings, *readings):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row["model"],
            row["program"],
            " + ".join(map(str, filter(None, (row["symbols"] - len(row["structural"]), len(row["structural"]))))),
            str(row["operations"]),
            str(row["points"]),
            str(row["points_with_bytes"]),
            f"{row['analysis']['median']:.2f}",
            f"{row['of_it_tracing']['median']:.2f}",
            f"{row['trace_never_traced']['median']:.3f}",
            f"{row['ratio_never_traced']:.2f}",
            f"{row['trace_again']['median']:.3f}",
            f"{row['ratio_again']:.2f}",
        )
    console = Console()
    console.width = max(console.width, 120)
    console.print(table)


def main() -> None:
    """Measure all programs, one process a repeat; print and save."""
    from symcost import zoo

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, once each")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", action="append", default=[], help="only this model; may be repeated")
    parser.add_argument("--child", nargs=2, metavar=("MODEL", "PROGRAM"), help="measure once, here, and print JSON")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(*options.child)))
        return
    names = options.model or (QUICK if options.quick else zoo.names("reference"))
    repeats = 1 if options.quick else options.repeats
    cases = [(name, program) for name in names for program in ("forward", "gradient")]
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {case: [] for case in cases}
    for repeat in range(repeats):
        for case in cases:
            runs[case].append(child(__file__, *case))
            print(f"{repeat + 1}/{repeats} {' '.join(case)}: {runs[case][-1]['analysis']:.2f} s", flush=True)
    rows = [{"model": name, "program": program, **judged(medians(runs[name, program]))} for name, program in cases]
    show(rows)
    print(save("analysis-quick" if options.quick or options.model else "analysis", {"rows": rows}))


if __name__ == "__main__":
    main()
