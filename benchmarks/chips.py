"""How much of the difference between formulas and XLA is left unexplained, on chips that need not be here.

    python benchmarks/chips.py [--model NAME ...] [--no-cache]

Every reference model, forward and one training step (loss, gradient, Adam), is compiled for a CPU, a GPU and two TPUs
at small sizes. XLA's FLOPs and transcendentals before and after optimisation are put beside the formula's, and every
difference is split into causes (docs/comparison.md). What no cause accounts for is held against the formula's value:
the bar is 1 % of it.

Compilers are installed by `symcost targets install tpu` and `symcost targets install gpu`. Each model's sizes are
drawn from those that its entry in the zoo lists, where XLA's float32 sums are exact, always the same ones.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from measure import save

TARGETS = ("cpu", "gpu-h100", "tpu-v5e", "tpu-v6e")
QUANTITIES = ("flops", "transcendentals")
PROGRAMS = ("forward", "training")
BAR = 0.01


def measure(name: str, program: str, cache: bool) -> dict[str, Any]:
    """One program on all targets."""
    import numpy as np

    import symcost as sc
    from symcost import zoo

    entry = zoo.get(name)
    sizes = entry.sample(np.random.default_rng(0))
    cost = entry.trace() if program == "forward" else entry.trace_training()
    found = sc.compare(cost, targets=TARGETS, at=sizes, quantities=QUANTITIES, cache=cache)
    figures = [
        {key: row[key] for key in ("target", "quantity", "stage", "formula", "xla", "unexplained")}
        for row in found.to_dicts()
    ]
    failures = [failure.as_dict() for failure in found.failures]
    return {"model": name, "program": program, "sizes": sizes, "figures": figures, "failures": failures,
            "notes": [*found.notes]}  # fmt: skip


def share(figure: dict[str, Any]) -> float:
    """What is unexplained of one figure, in parts of the formula's value."""
    return abs(figure["unexplained"]) / max(1, figure["formula"])


def main() -> None:
    """Compare all programs; print and save."""
    from symcost import zoo
    from symcost.errors import TargetError
    from symcost.xla.workers import reachable

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", default=[], help="only this model; may be repeated")
    parser.add_argument("--no-cache", action="store_true", help="compile what was compiled before")
    options = parser.parse_args()
    try:
        reachable(TARGETS)
    except TargetError as error:
        sys.exit(str(error))
    rows = []
    for program in PROGRAMS:
        for name in options.model or zoo.names("reference"):
            row = measure(name, program, not options.no_cache)
            rows.append(row)
            worst = max(map(share, row["figures"]))
            print(f"{name} {program}: {worst:.3%} unexplained", *row["failures"], *row["notes"], flush=True)
    print(save("chips-quick" if options.model else "chips", {"targets": TARGETS, "bar": BAR, "rows": rows}))


if __name__ == "__main__":
    main()
