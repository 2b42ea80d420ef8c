"""The sections of docs/benchmarks.md that are about chips. Not a benchmark by itself; see `tables.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from page_parts import Parts, listed, table, times
from ratios import ESTIMATES, name_of, ratio, useless

GPU, TPU = "gpu-h100", "tpu-v5e"
FIGURES = ("min", "q1", "median", "q3", "max")


def chips(found: dict[str, Any]) -> Parts:
    """What no cause accounts for, on each chip."""
    bar, targets = found["bar"], found["targets"]
    shares: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
    for row in found["rows"]:
        figures = shares.setdefault((row["model"], row["program"]), {target: [] for target in targets})
        for figure in row["figures"]:
            figures[figure["target"]].append(figure)

    def unexplained(figures: Iterable[dict[str, Any]]) -> float:
        return max(abs(figure["unexplained"]) / max(1, figure["formula"]) for figure in figures)

    def cells(name: tuple[str, str], by_target: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
        yield " ".join(name)
        for figures in by_target.values():
            after = [f for f in figures if (f["quantity"], f["stage"]) == ("flops", "after optimisation")]
            yield f"{after[0]['xla'] / after[0]['formula'] - 1:+.1%}" if after else "failed"
        known = [figure for figures in by_target.values() for figure in figures]
        yield f"{unexplained(known):.3%}" if known else ""

    yield (
        "XLA's FLOPs after optimisation against the formula's. The last column is the largest part that no cause "
        "accounts for, of FLOPs and transcendentals, before and after optimisation, on all targets."
    )
    headings = ("program", *targets, "unexplained")
    yield table(headings, (tuple(cells(name, by_target)) for name, by_target in shares.items()))
    above = [
        f"{' '.join(name)} on {target} ({unexplained(figures):.2%})"
        for name, by_target in shares.items()
        for target, figures in by_target.items()
        if figures and unexplained(figures) > bar
    ]
    complete = sum(bool(figures) for by_target in shares.values() for figures in by_target.values())
    verdict = f"above the bar of {bar:.0%}: {listed(above)}" if above else f"none is above the bar of {bar:.0%}"
    yield f"{complete} of {len(shares) * len(targets)} compilations have figures; {verdict}."
    for row in found["rows"]:
        for failure in row["failures"]:
            yield f"{row['model']} {row['program']} failed on {failure['target']}: {failure['error'].splitlines()[0]}"
        for note in row["notes"]:
            yield f"{row['model']} {row['program']}, {note}."


def tpu_vs_gpu(found: dict[str, Any]) -> Parts:
    """Formulas and estimates beside XLA on every chip."""
    rows = found["rows"]

    def number(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    def cells(row: dict[str, Any]) -> Iterator[str]:
        yield name_of(row)
        yield f"{row['formula']['flops'] / 1e9:.3g}"
        yield f"{row['formula']['fused_bytes'] / 1e6:.3g}"
        for quantity in ("flops", *ESTIMATES):
            yield from (number(ratio(row, target, quantity), ".2f") for target in (GPU, TPU))
        yield from (f"{1e6 * row['predicted'][target]['seconds']:.4g}" for target in (GPU, TPU))
        figures = row["xla"].get(TPU)
        yield f"{1e6 * figures['optimal_seconds']:.4g}" if figures and not useless(figures) else ""

    yield (
        "The formula over XLA's figure after optimisation, on an H100 and a TPU v5e; microseconds of the roofline, "
        "and of XLA's own cost model where that says anything. Nothing in this table was timed."
    )
    chips_of = [f"{quantity}, {chip}" for quantity in ("FLOPs", *ESTIMATES) for chip in ("h100", "v5e")]
    headings = ("program", "GFLOPs", "fused MB", *chips_of, "µs h100", "µs v5e", "XLA's µs v5e")
    yield table(headings, map(tuple, map(cells, rows)))
    yield f"Over all programs, the estimates over XLA's figures.{_partly(found)}"
    headings = ("estimate", "on", "program", "programs", "smallest", "quartile", "median", "quartile", "largest")
    spread = (
        (row["quantity"], row["target"], row["program"], str(row["count"]), *(f"{row[key]:.3f}" for key in FIGURES))
        for row in found["distributions"]
    )
    yield table(headings, spread, labels=3)
    yield (
        "Seconds of the roofline beside those that XLA expects: the rank correlation over programs, and the first over "
        "the second. Once for all programs of which XLA's seconds say something, once without those that have a "
        "custom call (the gathers of graph networks, which cost XLA nothing by themselves)."
    )
    headings = ("on", "programs", "Spearman", "smallest", "median", "largest", "without calls", "Spearman", "median")
    yield table(headings, (tuple(_rank(row)) for row in found["rankings"]))
    for row in found["rankings"]:
        reasons: dict[str, list[str]] = {}
        for name, why in row["left_out"].items():
            reasons.setdefault(why, []).append(name)
        if reasons:
            named = [f"{listed(names)} ({why})" for why, names in reasons.items()]
            yield f"Left out on {row['target']}: {'; '.join(named)}."
    yield from _failures(rows)
    yield _crossings(found["crossings"])


def _partly(found: dict[str, Any]) -> str:
    """Which targets training steps were compiled for, if not for all."""
    compiled = {target for row in found["rows"] if row["program"] == "training" for target in row["xla"]}
    on = [target for target in found["targets"] if target in compiled]
    return f" Training steps were compiled for {listed(on)} alone." if len(on) < len(found["targets"]) else ""


def _rank(row: dict[str, Any]) -> Iterator[str]:
    def text(value: float | None) -> str:
        return "" if value is None else f"{value:.2f}"

    usable, plain = row["usable"], row["without_custom_calls"]
    yield row["target"]
    yield str(usable["ratio"]["count"])
    yield text(usable["spearman"])
    yield from (text(usable["ratio"][key]) for key in ("min", "median", "max"))
    yield str(plain["ratio"]["count"])
    yield text(plain["spearman"])
    yield text(plain["ratio"]["median"])


def _failures(rows: Iterable[dict[str, Any]]) -> Parts:
    """What was not compiled, or otherwise than on the chip itself; compilers' own log lines are cut off."""
    for row in rows:
        for failure in row["failures"]:
            said = re.split(r": [EWF]\d{4} ", failure["error"].splitlines()[0])[0]
            yield f"{name_of(row)} has no figures on {failure['target']}: {said}."
    notes: dict[str, list[str]] = {}
    for row in rows:
        for note in row["notes"]:
            target, _, what = note.partition(": ")
            notes.setdefault(what, []).append(f"{name_of(row)} on {target}")
    for what, where in notes.items():
        yield f"{listed(where)}: {what}."


def _crossings(found: list[dict[str, Any]]) -> str:
    by_answer: dict[str, dict[str, None]] = {}
    seconds = [row for row in found if row["chip"]]
    alike = all(row["crossings"] == seconds[0]["crossings"] for row in seconds)
    for row in found:
        quantity = {"bytes_accessed": "bytes unfused", "fused_bytes": "bytes after fusion"}.get(row["quantity"])
        where = "every chip" if alike else row["chip"]
        quantity = quantity or (f"seconds on {where}" if row["chip"] else "FLOPs")
        changes = [f"{c['after']} from {c['size']:,} edges on" for c in row["crossings"]]
        by_answer.setdefault(listed(changes) or "no crossing", {})[quantity] = None
    answers = "; ".join(f"in {listed(list(quantities))} {answer}" for answer, quantities in by_answer.items())
    return f"The cheaper graph convolution at Cora's sizes (10,556 edges): {answers}."


def measure_device(found: dict[str, Any]) -> Parts:
    """Seconds and memory as measured on one accelerator."""
    rows, device = found["rows"], found["device"]
    predictor = f"seconds predicted for {found['chip']}" if found["chip"] else "no seconds predicted"
    yield f"### {device['kind']}"
    repeated = times(rows[0]["seconds"])
    version = device["version"] or device["platform"]
    yield f"{version}; {predictor}; each program measured {repeated}, in a process of its own."

    def cells(row: dict[str, Any]) -> Iterator[str]:
        yield name_of(row)
        for key in ("seconds", "queued"):
            yield f"{1e3 * row[key]['median']:.4g} ({1e3 * row[key]['min']:.4g} - {1e3 * row[key]['max']:.4g})"
        predicted, peak = row["predicted"], row["device_peak"]
        yield f"{1e3 * predicted['seconds']:.4g}" if predicted else ""
        yield f"{predicted['seconds'] / row['queued']['median']:.2f}" if predicted else ""
        yield "" if peak is None else f"{'at most ' if row['device_peak_is_bound'] else ''}{peak / 1e6:.1f}"
        yield f"{row['peak_memory'] / 1e6:.1f}"

    headings = ("program", "ms a call", "ms queued", "predicted", "over queued", "peak MB", "predicted MB")
    yield table(headings, map(tuple, map(cells, rows)))
