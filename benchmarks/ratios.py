"""Distributions and rankings of what `tpu_vs_gpu.py` found. Not a benchmark by itself.

Every ratio is symcost's figure over XLA's: above 1 the formula expects more than XLA does, below 1 less.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

ESTIMATES = ("fused_bytes", "peak_memory")

Rows = Sequence[dict[str, Any]]


def name_of(row: dict[str, Any]) -> str:
    """``mlp forward``."""
    return f"{row['model']} {row['program']}"


def ratio(row: dict[str, Any], target: str, quantity: str) -> float | None:
    """The formula's figure over XLA's after optimisation; None where the program was not compiled.

    Args:
        quantity: "flops" or "bytes_accessed" as XLA counts them, or an estimate, which stands beside what it is an
            estimate of: `fused_bytes` beside XLA's bytes with loops as often as they run, `peak_memory` beside its
            memory analysis.
    """
    key = f"beside_{quantity}" if quantity in ESTIMATES else quantity
    theirs = row["xla"].get(target, {}).get(key)
    return row["formula"][quantity] / theirs if theirs else None


def distribution(values: Iterable[float]) -> dict[str, float]:
    """Smallest, quartiles and largest; and of how many.

    Example:
        >>> distribution([4.0, 1.0, 2.0, 3.0, 5.0])
        {'count': 5, 'min': 1.0, 'q1': 2.0, 'median': 3.0, 'q3': 4.0, 'max': 5.0}
    """
    found = sorted(values)
    q1, median, q3 = statistics.quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
    return {"count": len(found), "min": found[0], "q1": q1, "median": median, "q3": q3, "max": found[-1]}


def distributions(rows: Rows, targets: Iterable[str], programs: Iterable[str]) -> list[dict[str, Any]]:
    """One for each estimate, target and kind of program."""
    programs, found = list(programs), []
    for quantity in ESTIMATES:
        for target in targets:
            for program in programs:
                values = [ratio(row, target, quantity) for row in rows if row["program"] == program]
                if known := [value for value in values if value is not None]:
                    place = {"quantity": quantity, "target": target, "program": program}
                    found.append({**place, **distribution(known)})
    return found


def useless(figures: dict[str, Any]) -> str:
    """Why XLA's expected seconds of a program say nothing; "" where they do."""
    if figures["loops"]:
        return "a loop"
    return "a custom call at -1 s" if figures["optimal_seconds"] < 0 else ""


def expected(rows: Rows, target: str) -> Iterator[tuple[dict[str, Any], float, float]]:
    """Programs with the seconds of the roofline, and those that XLA expects on a TPU, where they say anything."""
    for row in rows:
        figures = row["xla"].get(target)
        if figures and not useless(figures):
            yield row, row["predicted"][target]["seconds"], figures["optimal_seconds"]


def ranking(rows: Rows, target: str) -> dict[str, Any]:
    """How well the roofline's seconds rank the programs as XLA's do, and how far they are from them.

    Gathers and scatters on TPU come with custom calls that cost XLA nothing: they stay in, and the figures without
    them are told too.
    """
    usable = list(expected(rows, target))
    plain = [(row, ours, theirs) for row, ours, theirs in usable if not row["xla"][target]["custom_calls"]]
    left_out = {}
    for row in rows:
        figures = row["xla"].get(target)
        why = useless(figures) if figures else "it does not compile" if target in row["predicted"] else ""
        if why:
            left_out[name_of(row)] = why
    found: dict[str, Any] = {"target": target, "left_out": left_out}
    for kind, some in (("usable", usable), ("without_custom_calls", plain)):
        ours, theirs = [o for _, o, _ in some], [t for _, _, t in some]
        ratios = distribution(o / t for o, t in zip(ours, theirs, strict=True)) if some else None
        found[kind] = {"spearman": spearman(ours, theirs), "ratio": ratios}
    return found


def spearman(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """The rank correlation; None for fewer than three pairs. Equal figures rank in the order of the programs.

    Example:
        >>> spearman([1.0, 2.0, 3.0, 4.0], [10.0, 30.0, 20.0, 40.0])
        0.8
    """
    if len(ours) < 3:
        return None

    def ranks(values: Sequence[float]) -> list[int]:
        order = sorted(range(len(values)), key=lambda i: values[i])
        return sorted(range(len(values)), key=lambda i: order[i])

    return round(statistics.correlation(ranks(ours), ranks(theirs)), 6)
