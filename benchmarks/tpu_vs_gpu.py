"""Formulas beside what XLA makes of the zoo on every TPU generation and on GPUs, none of which need be here.

    python benchmarks/tpu_vs_gpu.py [--model NAME ...] [--no-cache] [--plots DIR]

Every reference model, forward and one training step (loss, gradient, Adam), is compiled for a CPU, three GPUs and seven
TPUs at sizes of practice. Four things are put beside each other: FLOPs and bytes of the formula and of the optimised
program; `fused_bytes` and XLA's bytes, loops counted as often as they run; `peak_memory` and XLA's memory analysis; and
on TPU the seconds of the roofline and those that XLA's own cost model expects (`optimal_seconds`). No time is measured:
`benchmarks/measure_device.py` does that, on a machine that has an accelerator.

XLA's seconds are useless where a program has a loop, whose body it counts once, or a custom call that it counts as -1
second. Such programs are left out of the ranking and listed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure import RESULTS, ROOT, save
from ratios import ESTIMATES, distributions, name_of, ranking, ratio, useless

TPUS = ("tpu-v2", "tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-7x")
GPUS = ("gpu-a100", "gpu-h100", "gpu-b200")
TARGETS = ("cpu", *GPUS, *TPUS)
PLOTS = ROOT / "docs" / "plots"
PROGRAMS = {"forward": TARGETS, "training": TARGETS}  # and what each is compiled for
QUANTITIES = ("flops", "bytes_accessed", "fused_bytes", "peak_memory")
CORA = {"N": 2708, "M": 10556, "F": 1433, "H": 16, "C": 7}
LEFT_OUT = {("resnet50", "training")}  # minutes of compiling on each TPU
SIZES: dict[str, dict[str, int]] = {
    "mlp": {"B": 4096, "F": 1024, "H": 4096, "C": 1024},
    "cnn": {"B": 256, "S": 32, "W": 64, "K": 3, "C": 10},
    "cnn-batchnorm": {"B": 256, "S": 32, "W": 64, "K": 3, "C": 10},
    "lstm": {"B": 64, "T": 128, "F": 256, "H": 512},
    "gru": {"B": 64, "T": 128, "F": 256, "H": 512},
    "gcn-sparse": CORA,
    "gcn-dense": {name: size for name, size in CORA.items() if name != "M"},
    "gat": {"N": 2708, "M": 10556, "F": 1433, "K": 8, "H": 8, "C": 7},
    "transformer-block": {"B": 8, "T": 512, "D": 1024, "H": 16, "K": 64},
    "transformer": {"B": 8, "T": 256, "D": 512, "H": 8, "K": 64, "L": 2},
    "transformer-scan": {"B": 8, "T": 256, "D": 512, "H": 8, "K": 64, "L": 6},
    "mlp-mixer": {"B": 32, "G": 14, "P": 16, "D": 768, "H": 384, "L": 2},
    "vit": {"B": 16, "G": 14, "P": 16, "D": 768, "H": 12, "L": 2},
    "resnet50": {"B": 8, "S": 224, "W": 64, "C": 1000},
}
"""Where the programs are compiled: sizes of practice, with few layers and batches so that compiling takes a minute."""


def measure(name: str, program: str, cache: bool = True, targets: tuple[str, ...] = ()) -> dict[str, Any]:
    """One program on all targets.

    Args:
        program: one of `PROGRAMS`. cache: take answers of earlier compilations. targets: if not those in `PROGRAMS`.
    """
    import symcost as sc
    from symcost import zoo

    entry, sizes, targets = zoo.get(name), SIZES[name], targets or PROGRAMS[program]
    cost = entry.trace() if program == "forward" else entry.trace_training()
    values = cost.at(**sizes)
    chips = [target for target in targets if target != "cpu"]
    moments = {chip: sc.roofline(cost, chip).at(**sizes) for chip in chips}
    found = sc.compare(cost, targets=targets, at=sizes, quantities=QUANTITIES, cache=cache)
    by_target = compiled(cost, sizes, found, targets)
    wrong = []
    for estimate in found.estimates:
        if estimate.formula != getattr(values, estimate.quantity):
            said = (
                f"{estimate.quantity} is {estimate.formula} by a trace, {getattr(values, estimate.quantity)} by formula"
            )
            wrong.append(f"{estimate.target}: {said}")
    return {
        "model": name,
        "program": program,
        "sizes": sizes,
        "formula": {q: getattr(values, q) for q in (*QUANTITIES, "compulsory_bytes")},
        "predicted": {
            chip: {"seconds": moment.seconds, "binds": moment.binds, "terms": dict(moment.terms)}
            for chip, moment in moments.items()
        },
        "xla": {target: figures for target, figures in by_target.items() if figures},
        "failures": [failure.as_dict() for failure in found.failures],
        "notes": [*found.notes],
        "wrong": wrong,
    }


def traced(row: dict[str, Any]) -> Any:
    """The cost of a row's program at its sizes alone, which takes one trace."""
    import optax

    import symcost as sc
    from symcost import zoo
    from symcost.frontend.training import mean_square

    recipe = zoo.get(row["model"]).at(row["sizes"])
    arrays = [sc.array(array.shape, array.dtype) for array in recipe.arrays]
    if row["program"] == "forward":
        return sc.trace(recipe.module, *arrays, kwargs=recipe.flags(train=False))
    how = {"kwargs": recipe.flags(train=True), "mutable": recipe.mutable}
    return sc.trace_training(recipe.module, *arrays, None, loss=mean_square, optimizer=optax.adam(1e-3), **how)


def renewed(row: dict[str, Any]) -> dict[str, Any]:
    """A row of an earlier run with symcost's side counted anew; XLA's figures stay."""
    import symcost as sc

    cost = traced(row)
    values = cost.at()
    formula = {quantity: getattr(values, quantity) for quantity in row["formula"]}
    if any(formula[quantity] != row["formula"][quantity] for quantity in ("flops", "bytes_accessed")):
        sys.exit(f"{row['model']} is another program than the one that was compiled; run it again without --renew")
    moments = {chip: sc.roofline(cost, chip).at() for chip in TARGETS if chip != "cpu"}
    predicted = {
        chip: {"seconds": moment.seconds, "binds": moment.binds, "terms": dict(moment.terms)}
        for chip, moment in moments.items()
    }
    return {**row, "formula": formula, "predicted": predicted}


def added(row: dict[str, Any], targets: list[str]) -> dict[str, Any]:
    """A row of an earlier run with the figures of further targets."""
    import symcost as sc

    missing = [t for t in targets if t not in row["xla"] and all(f["target"] != t for f in row["failures"])]
    if not missing:
        return row
    cost = traced(row)
    found = sc.compare(cost, targets=missing, at={}, quantities=QUANTITIES)
    by_target = compiled(cost, {}, found, missing)
    failures = [*row["failures"], *(failure.as_dict() for failure in found.failures)]
    xla = {t: figures for t, figures in {**row["xla"], **by_target}.items() if figures}
    return {**row, "xla": {t: xla[t] for t in TARGETS if t in xla}, "failures": failures}


def compiled(cost: Any, sizes: dict[str, int], found: Any, targets: Sequence[str]) -> dict[str, dict[str, Any]]:
    """XLA's figures by target."""
    by_target: dict[str, dict[str, Any]] = {target: {} for target in targets}
    for row in found:
        if row.stage == "after optimisation":
            by_target[row.target][row.quantity] = row.xla
    for estimate in found.estimates:
        # what it stands beside: bytes with loops as often as they run, and the peak of the allocation
        by_target[estimate.target][f"beside_{estimate.quantity}"] = estimate.xla
    for target in targets:
        if target in TPUS and by_target[target]:
            by_target[target] |= expected(cost, sizes, target)
    return by_target


def expected(cost: Any, sizes: dict[str, int], target: str) -> dict[str, Any]:
    """What XLA expects a program to take on a TPU; compiled a moment ago, so that the answer is in the cache."""
    import functools

    from symcost.xla.cache import Cache
    from symcost.xla.compile import compiled_there, compiling_for, lowered
    from symcost.xla.targets import TARGETS as KNOWN
    from symcost.xla.workers import compile_all

    where = KNOWN[target]
    with compiling_for(where):
        lower = functools.partial(cost.analysis.lowered, sizes, where.platform)
        before = lowered(lower, where, cost.name, sizes, lower)
    (answer,) = compile_all([before.job], cache=Cache())
    found = compiled_there(before, answer)
    opcodes = [instruction.template.primitive for instruction in found.program.walk()]
    return {
        "optimal_seconds": found.optimal_seconds,
        "custom_calls": sorted(found.custom_calls),
        "loops": opcodes.count("while"),
    }


def crossings() -> list[dict[str, Any]]:
    """From how many edges on a dense graph convolution is the cheaper one, at the other sizes of Cora."""
    import symcost as sc
    from symcost import zoo

    sparse, dense = zoo.get("gcn-sparse").trace(), zoo.get("gcn-dense").trace()
    asked = [(quantity, None) for quantity in ("flops", "bytes_accessed", "fused_bytes")]
    asked += [("seconds", chip) for chip in (*GPUS, *TPUS)]
    found = []
    for quantity, chip in asked:
        at = sc.crossover(sparse, dense, wrt="M", quantity=quantity, chip=chip).at(**SIZES["gcn-dense"])
        found.append({"quantity": quantity, "chip": chip, "sizes": SIZES["gcn-dense"],
                      "crossings": [{"size": c.size, "before": c.before, "after": c.after} for c in at]})  # fmt: skip
    return found


def show(rows: list[dict[str, Any]], found: list[dict[str, Any]], rankings: list[dict[str, Any]]) -> None:
    """Print the programs on one GPU and one TPU, then all distributions; 80 columns wide."""
    gpu, tpu = "gpu-h100", "tpu-v5e"
    print("Formula over XLA, after optimisation; microseconds of the roofline and of XLA\n")
    print(f"{'':26} {'fused bytes':>17} {'peak memory':>17} {'tpu-v5e':>17}")
    layout = "{:26} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}"
    print(layout.format("program", "h100", "v5e", "h100", "v5e", "line", "XLA"))
    for row in rows:
        ratios = [ratio(row, target, quantity) for quantity in ESTIMATES for target in (gpu, tpu)]
        figures = row["xla"].get(tpu)
        theirs = f"{1e6 * figures['optimal_seconds']:.1f}" if figures and not useless(figures) else ""
        ours = f"{1e6 * row['predicted'][tpu]['seconds']:.1f}"
        print(layout.format(name_of(row), *("" if r is None else f"{r:.3f}" for r in ratios), ours, theirs))
    layout = "{:12} {:9} {:9} {:>5} {:>7} {:>7} {:>7} {:>7} {:>7}"
    print("\n" + layout.format("ratio of", "on", "program", "count", "min", "q1", "median", "q3", "max"))
    for row in found:
        figures = [f"{row[key]:.3f}" for key in ("min", "q1", "median", "q3", "max")]
        print(layout.format(row["quantity"], row["target"], row["program"], row["count"], *figures))
    layout = "{:9} {:>10} {:>10} {:>20} {:>16}"
    print("\nSeconds of the roofline beside XLA's; in brackets without custom calls")
    print(layout.format("on", "programs", "Spearman", "median ratio", "left out"))
    for row in rankings:
        some, plain = row["usable"], row["without_custom_calls"]
        if some["spearman"] is None or plain["spearman"] is None:
            continue
        medians = f"{some['ratio']['median']:.3f} ({plain['ratio']['median']:.3f})"
        correlation = f"{some['spearman']:.2f} ({plain['spearman']:.2f})"
        print(layout.format(row["target"], some["ratio"]["count"], correlation, medians, len(row["left_out"])))


def main() -> None:
    """Compare all programs; print, save, draw."""
    from symcost.errors import TargetError
    from symcost.xla.workers import reachable

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", default=[], help="only this model; may be repeated")
    parser.add_argument("--training-on", nargs="+", default=TARGETS, choices=TARGETS, help="targets of training steps")
    parser.add_argument("--no-cache", action="store_true", help="compile what was compiled before")
    parser.add_argument("--plots", type=Path, metavar="DIR", help=f"draw there; {PLOTS} is what the page shows")
    parser.add_argument("--add", nargs="+", default=[], choices=TARGETS, help="to the last run: these, where missing")
    parser.add_argument("--renew", action="store_true", help="keep XLA's figures of the last run, and count anew")
    options = parser.parse_args()
    PROGRAMS["training"] = tuple(options.training_on)
    try:
        reachable(options.add or (() if options.renew else TARGETS))
    except TargetError as error:
        sys.exit(str(error))
    rows = []
    last = RESULTS / "tpu_vs_gpu.json"
    if options.renew or options.add:
        rows = json.loads(last.read_text("utf-8"))["rows"]
    for i, row in enumerate(rows):
        began = time.perf_counter()
        rows[i] = renewed(added(row, options.add))
        if options.add:  # what was compiled is kept, should the rest not be waited for
            last.write_text(json.dumps(json.loads(last.read_text("utf-8")) | {"rows": rows}, indent=1), "utf-8")
            print(f"{row['model']} {row['program']}: {time.perf_counter() - began:.0f} s", flush=True)
    for program in () if rows else PROGRAMS:
        for name in options.model or [name for name in SIZES if (name, program) not in LEFT_OUT]:
            began = time.perf_counter()
            rows.append(measure(name, program, not options.no_cache))
            taken = time.perf_counter() - began
            remarks = [*rows[-1]["failures"], *rows[-1]["notes"], *rows[-1]["wrong"]]
            print(f"{name} {program}: {taken:.0f} s", *remarks, flush=True)
    found = distributions(rows, TARGETS, PROGRAMS)
    rankings = [ranking(rows, target) for target in TPUS]
    show(rows, found, rankings)
    results = {"targets": TARGETS, "rows": rows, "distributions": found, "rankings": rankings, "crossings": crossings()}
    path = save("tpu_vs_gpu-quick" if options.model else "tpu_vs_gpu", results)
    print(path)
    if options.plots:
        from plots import draw

        draw(path, options.plots)


if __name__ == "__main__":
    main()
