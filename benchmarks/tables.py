"""Puts the measured results into docs/benchmarks.md.

    python benchmarks/tables.py

What stands between ``<!-- results: NAME -->`` and ``<!-- end -->`` on the page is made from
benchmarks/results/NAME.json: when and where it was measured, a table, and which figures miss their bar. Without that
file the section says how to measure it.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from page_parts import Parts, joined, listed, table, times
from tables_chips import chips, measure_device, tpu_vs_gpu

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results"
SECTION = re.compile(r"(<!-- results: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
PACKAGES = ("python", "jax", "jaxlib", "flax", "optax", "numpy", "sympy")
QUERY_BAR_MS, IMPORT_BAR_MS = 1.0, 300
GCN_BAR_US, TRANSFORMER_BAR_US, SUM_BAR, XLA_BAR = 5, 50, 3, 10**5
READINGS = {"never_traced": "sizes that were never traced", "again": "the same sizes once more"}


def filled(page: str, results: Path = RESULTS) -> str:
    """The text of a page with every section made anew."""
    return SECTION.sub(lambda match: match[1] + section(match[2], results) + match[3], page)


def section(name: str, results: Path) -> str:
    """What stands between two marks: the results of one benchmark."""
    paths = files(name, results)
    if not paths:
        return joined([f"Not measured yet: `python benchmarks/{name}.py`, then `python benchmarks/tables.py`."])
    all_found = [json.loads(path.read_text()) for path in paths]
    parts = [part for found in all_found for part in (measured(found["measured"]), *SECTIONS[name](found))]
    return joined(parts)


def files(name: str, results: Path) -> list[Path]:
    """The results of one benchmark: a file, or one for each accelerator; a trial on a CPU is none."""
    if name == "measure_device":
        found = sorted(results.glob("device-*.json"))
        return [path for path in found if path.stem != "device-cpu" and not path.stem.endswith("-quick")]
    return [path] if (path := results / f"{name}.json").exists() else []


def measured(where: dict[str, Any]) -> str:
    """When, where and with what."""
    commit, *changed = where["commit"].split(" ", 1)
    versions = ", ".join(f"{package} {where[package]}" for package in PACKAGES if package in where)
    state = " ".join([f"commit {commit[:10]}", *changed])
    load = f"load {where['load']:.1f} at the end"
    return f"Measured {where['date']} on {where['machine']} ({load}), {state}: {versions}."


def analysis(found: dict[str, Any]) -> Parts:
    """Whole analyses against traces."""
    rows = {f"{row['model']} {row['program']}": row for row in found["rows"]}

    def cells(name: str, row: dict[str, Any]) -> Iterator[str]:
        layers = len(row["structural"])
        yield name
        yield f"{row['symbols'] - layers} + {layers}" if layers else str(row["symbols"])
        yield str(row["points"])
        yield f"{row['analysis']['median']:.2f}"
        yield f"{row['of_it_tracing']['median']:.2f}"
        for reading in READINGS:
            ratio = row[f"ratio_{reading}"]
            yield f"{row[f'trace_{reading}']['median']:.3f}"
            yield f"**{ratio:.2f}**" if ratio > 1 else f"{ratio:.2f}"

    first = next(iter(rows.values()))
    yield f"CPU seconds, each program measured {times(first['analysis'])}. Ratios above 1 miss the bar and are bold."
    headings = ("program", "symbols", "points", "analysis", "of it tracing")
    headings = (*headings, "a trace, new sizes", "of the bar", "a trace, again", "of the bar")
    yield table(headings, [tuple(cells(name, row)) for name, row in rows.items()])
    floor = {name: row["analysis"]["median"] / row["of_it_tracing"]["median"] for name, row in rows.items()}
    farthest = max(floor, key=lambda name: floor[name])
    yield (
        "The floor is tracing the points, which is JAX's and Flax's own work: an analysis takes "
        f"{statistics.median(floor.values()):.2f} times that in the median, and {floor[farthest]:.2f} times at most "
        f"({farthest})."
    )
    for reading, words in READINGS.items():
        yield f"Against a trace at {words}, {verdict_on(rows, reading)}"


def verdict_on(rows: dict[str, dict[str, Any]], reading: str) -> str:
    """How many analyses are within the bar in one reading, which are not, and which of them no analysis could be."""
    above = {name: row for name, row in rows.items() if row[f"ratio_{reading}"] > 1}
    if not above:
        return f"all {len(rows)} programs are within the bar."
    # what is allowed is the analysis by its ratio
    hopeless = [
        name
        for name, row in above.items()
        if row["of_it_tracing"]["median"] > row["analysis"]["median"] / row[f"ratio_{reading}"]
    ]
    named = listed([f"{name} ({row[f'ratio_{reading}']:.2f})" for name, row in above.items()])
    text = f"{len(rows) - len(above)} of {len(rows)} programs are within the bar. Above it: {named}."
    if not hopeless:
        return text
    return f"{text} In {len(hopeless)} of these {len(above)} tracing alone takes longer than the bar allows."


def scaling(found: dict[str, Any]) -> Parts:
    """Two depths of one model."""
    rows, ratios, bar = found["rows"], found["ratios"], found["bar"]
    few, many = rows[0]["layers"], rows[-1]["layers"]

    def cells(row: dict[str, Any]) -> Iterator[str]:
        yield f"{row['layers']}"
        yield f"{row['equations']:,}"
        yield f"{row['points']}"
        for part in ("whole", "tracing", "beyond"):
            yield f"{row[part]['median']:.1f}"
        for part in ("whole", "beyond"):
            yield f"{row[f'{part}_per_equation_us']['median']:.0f}"
        yield f"{row['peak_bytes']['max'] / 1e9:.2f}"

    yield f"CPU seconds, each depth measured {times(rows[0]['whole'])}."
    headings = ("layers", "equations", "points", "analysis", "of it tracing", "beyond tracing")
    yield table((*headings, "µs an equation", "beyond, µs an equation", "peak GB"), map(tuple, map(cells, rows)))
    ratio = ratios["whole"]
    verdict = "within" if ratio <= bar["ratio"] else "above"
    yield (
        f"Per equation, {many} layers take {ratio:.2f} times what {few} layers take, {verdict} the bar of "
        f"{bar['ratio']:.2f}; beyond tracing {ratios['beyond']:.2f} times."
    )
    peak = rows[-1]["peak_bytes"]["max"]
    verdict = "within" if peak <= bar["bytes"] else "above"
    yield f"Memory at {many} layers peaks at {peak / 1e9:.2f} GB, {verdict} the bar of {bar['bytes'] / 1e9:.0f} GB."


def query(found: dict[str, Any]) -> Parts:
    """Import, and `cost.at`."""
    rows, start = found["rows"], found["import"]
    took = 1e3 * start["seconds"]["median"]
    brings = listed(start["heavy"]) if start["heavy"] else "none of JAX, Flax, optax, sympy and numpy"
    verdict = "within" if took <= IMPORT_BAR_MS and not start["heavy"] else "above"
    yield (
        f"`import symcost` takes {took:.1f} ms (measured {times(start['seconds'])}) and imports {brings}: {verdict} "
        f"the bar of {IMPORT_BAR_MS} ms and no heavy package."
    )

    def cells(row: dict[str, Any]) -> Iterator[str]:
        yield f"{row['model']} {row['program']}"
        yield f"{row['all_characters']:,}"
        yield from (f"{1e3 * row[key]:.3f}" for key in ("first_call", "one", "all"))

    yield "Milliseconds of `cost.at(...)`, the first call apart; medians over fresh sizes."
    headings = ("program", "characters of all formulas", "first call", "FLOPs", "all quantities")
    yield table(headings, map(tuple, map(cells, rows)))
    slow = [
        f"{row['model']} {row['program']} ({1e3 * row['all']:.2f})" for row in rows if 1e3 * row["all"] > QUERY_BAR_MS
    ]
    longest = max(1e3 * row["all"] for row in rows)
    verdict = f"above the bar of 1 ms: {listed(slow)}" if slow else "all within the bar of 1 ms"
    yield f"The longest evaluation of all quantities takes {longest:.3f} ms; {verdict}."


def functions(found: dict[str, Any]) -> Parts:
    """Formulas as functions, against their bars."""
    rows, batch = found["rows"], found["batch"]

    def bar(row: dict[str, Any]) -> int:
        return GCN_BAR_US if row["model"].startswith("gcn") else TRANSFORMER_BAR_US

    def cells(row: dict[str, Any]) -> tuple[str, ...]:
        took = 1e6 * row["seconds"]["median"]
        shown = f"**{took:.2f}**" if took > bar(row) else f"{took:.2f}"
        return f"{row['model']} {row['program']}", str(row["sizes"]), shown, str(bar(row))

    yield "Microseconds of a call from Python, medians over fresh sizes. What misses its bar is bold."
    yield table(("program", "sizes", "a call", "the bar"), map(cells, rows))
    ratio, rate = batch["of_the_sum"], batch["times_xla"]
    yield (
        f"{batch['points']:,} points of the graph convolution's FLOPs in one jitted call take "
        f"{1e3 * batch['formula']['median']:.0f} ms where one sum `n + m + f + h` of the same int32 arrays takes "
        f"{1e3 * batch['sum']['median']:.0f} ms (measured in turns, {times(batch['formula'])}): {ratio:.2f} times "
        f"as long, {'within' if ratio <= SUM_BAR else 'above'} the bar of {SUM_BAR}. Asking XLA takes "
        f"{1e3 * batch['xla']['median']:.0f} ms a point, so the formula has {rate:,.0f} times its rate, "
        f"{'above' if rate >= XLA_BAR else 'below'} the bar of {XLA_BAR:,}. The largest relative error among 1,000 of "
        f"the points is {batch['largest_relative_error']:.1e}."
    )


def interpret(found: dict[str, Any]) -> Parts:
    """Equations a second."""
    rows, bar = found["rows"], found["bar"]

    def cells(row: dict[str, Any]) -> tuple[str, ...]:
        rate = row["equations_per_second"]["median"]
        paths = "of its own" if row["paths"] == "modules" else "one for all"
        above = f"{rate / bar:.1f}" if row["sizes"] == "symbolic" else ""
        return (row["convention"], paths, row["sizes"], f"{row['equations']:,}", f"{rate:,.0f}", above)

    yield f"CPU time, each measured {times(rows[0]['seconds'])}."
    headings = ("convention", "a layer's path", "sizes", "equations", "equations a second", "of the bar")
    yield table(headings, map(cells, rows), labels=3)
    rates = {
        f"{row['convention']}, {'own paths' if row['paths'] == 'modules' else 'one path'}": row["equations_per_second"][
            "median"
        ]
        for row in rows
        if row["sizes"] == "symbolic"
    }
    slow = [f"{name} ({rate:,.0f})" for name, rate in rates.items() if rate < bar]
    slowest = min(rates, key=lambda key: rates[key])
    verdict = f"below the bar: {listed(slow)}" if slow else "none is below the bar"
    yield f"The slowest with symbols is {slowest}, {rates[slowest] / bar:.1f} times the bar; {verdict}."


SECTIONS: dict[str, Callable[[dict[str, Any]], Parts]] = {
    "analysis": analysis,
    "scaling": scaling,
    "query": query,
    "functions": functions,
    "interpret": interpret,
    "chips": chips,
    "tpu_vs_gpu": tpu_vs_gpu,
    "measure_device": measure_device,
}


def main() -> None:
    """Make the page's sections anew."""
    before = PAGE.read_text()
    after = filled(before)
    if after != before:
        PAGE.write_text(after)
        print(f"{PAGE.relative_to(ROOT)}: results refreshed")


if __name__ == "__main__":
    main()
