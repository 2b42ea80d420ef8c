"""Draws what `tpu_vs_gpu.py` found, as PNG and SVG.

    python benchmarks/plots.py [--plots DIR]

Needs matplotlib (`pip install symcost[plot]`). Points come from benchmarks/results/tpu_vs_gpu.json. Only the map of
graph convolutions is made from the formulas themselves, which nothing is measured for.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import RESULTS
from ratios import ESTIMATES, expected, ratio
from tpu_vs_gpu import CORA, PLOTS, PROGRAMS, TPUS

CHIPS = ("tpu-v5e", "gpu-h100")
MARKERS = {"forward": "o", "training": "^"}
COLORS = {"forward": "#1f77b4", "training": "#d95f02"}
TITLES = {
    "fused_bytes": "fused_bytes over XLA's bytes, loops as often as they run",
    "peak_memory": "peak_memory over XLA's memory analysis",
}
STYLE = {"svg.hashsalt": "symcost", "font.size": 9, "axes.titlesize": 10, "axes.axisbelow": True, "savefig.dpi": 110}


def draw(path: Path, folder: Path) -> None:
    """Every plot of a file of results.

    Args:
        path: of the JSON. folder: where the plots go; made if it is not there.
    """
    import matplotlib

    matplotlib.use("Agg")
    found = json.loads(path.read_text())
    rows = found["rows"]
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for chip in CHIPS:
            _saved(roofline_plot(rows, chip), folder / f"roofline-{chip}")
        _saved(crossover_map(), folder / "crossover-gcn")
        _saved(seconds_plot(rows), folder / "optimal-seconds")
        _saved(ratio_plot(rows, found["targets"]), folder / "ratios")


def _saved(figure: Any, path: Path) -> None:
    """Without the date, so that the same results give the same file."""
    import matplotlib.pyplot as plt

    figure.savefig(path.with_suffix(".png"), metadata={"Software": None})
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    plt.close(figure)
    print(path.with_suffix(".svg"))


def roofline_plot(rows: list[dict[str, Any]], name: str) -> Any:
    """The programs under the roof of a chip: filled by the formula's bytes, hollow by XLA's."""
    import matplotlib.pyplot as plt
    import numpy as np
    from matplotlib.lines import Line2D

    import symcost as sc

    chip = sc.chip(name)
    models = list(dict.fromkeys(row["model"] for row in rows))
    colors = dict(zip(models, plt.get_cmap("tab20").colors[::2] + plt.get_cmap("Dark2").colors, strict=False))
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    points = [point for row in rows for point in _points(row, name)]
    low, high = min(p[0] for p in points) / 2, max(*(p[0] for p in points), chip.ridge("float32")) * 3
    x = np.geomspace(low, high, 200)
    peaks = {"matrix unit, float32": chip.rate("float32")}
    if chip.peak.get("vector"):
        peaks["vector unit, float32"] = chip.rate("float32", "vector")
    for line, (label, peak) in zip(("-", "--"), peaks.items(), strict=False):
        axes.plot(x, np.minimum(peak, x * chip.bandwidth.value), line, color="0.3", linewidth=1.2)
        axes.annotate(f"{label}: {peak / 1e12:.4g} TFLOP/s", (high, peak), (-4, 4), textcoords="offset points",
                      ha="right", va="bottom", color="0.3")  # fmt: skip
    for row in rows:
        (x0, y0), *theirs = _points(row, name)
        color, marker = colors[row["model"]], MARKERS[row["program"]]
        for x1, y1 in theirs:
            axes.plot([x0, x1], [y0, y1], color=color, linewidth=0.6, alpha=0.6)
            axes.plot(x1, y1, marker, color=color, markerfacecolor="white", markersize=6)
        axes.plot(x0, y0, marker, color=color, markersize=6)
    axes.set(xscale="log", yscale="log", xlim=(low, high))
    axes.set_xlabel("arithmetic intensity, FLOP per byte of memory traffic")
    axes.set_ylabel("FLOP/s")
    bandwidth = f"memory {chip.bandwidth.value / 1e9:,.0f} GB/s"
    axes.set_title(f"{chip.title}: the zoo under the roofline ({bandwidth})")
    axes.grid(which="major", color="0.9")
    handles = [Line2D([], [], marker="s", linestyle="", color=colors[model], label=model) for model in models]
    handles += [Line2D([], [], marker=m, linestyle="", color="0.3", label=p) for p, m in MARKERS.items()]
    label = "by XLA's bytes and\nexpected seconds" if name in TPUS else "by XLA's bytes"
    handles.append(Line2D([], [], marker="o", linestyle="", color="0.3", label="filled: by fused_bytes"))
    handles.append(Line2D([], [], marker="o", linestyle="", color="0.3", markerfacecolor="white",
                          label=f"hollow: {label}"))  # fmt: skip
    figure.legend(handles=handles, loc="outside right upper", frameon=False)
    return figure


def _points(row: dict[str, Any], chip: str) -> list[tuple[float, float]]:
    """(FLOP per byte, FLOP/s): predicted; then with XLA's bytes, at its seconds or, on a GPU, under the same roof."""
    flops, figures = row["formula"]["flops"], row["xla"].get(chip)
    found = [(flops / row["formula"]["fused_bytes"], flops / row["predicted"][chip]["seconds"])]
    if figures:
        theirs = flops / figures["beside_fused_bytes"]
        if chip not in TPUS:
            found.append((theirs, flops / _under_roof(row, chip)))
        else:
            found += [(theirs, flops / seconds) for _, _, seconds in expected([row], chip)]
    return found


def _under_roof(row: dict[str, Any], name: str) -> float:
    """Seconds of the roofline with XLA's bytes in place of the formula's."""
    import symcost as sc

    terms = {**row["predicted"][name]["terms"]}
    terms["memory"] = row["xla"][name]["beside_fused_bytes"] / sc.chip(name).bandwidth.value
    return max(terms.values())


def crossover_map() -> Any:
    """Which graph convolution is the cheaper one, by nodes and edges, at Cora's other sizes."""
    import matplotlib.pyplot as plt
    import numpy as np

    import symcost as sc
    from symcost import zoo

    sparse, dense = zoo.get("gcn-sparse").trace(), zoo.get("gcn-dense").trace()
    lines = {chip: (sc.roofline(sparse, chip), sc.roofline(dense, chip)) for chip in CHIPS}
    panels: dict[str, Callable[[Any, int], float]] = {
        "FLOPs": lambda values, side: values.flops,
        "bytes after fusion": lambda values, side: values.fused_bytes,
    }
    for chip, both in lines.items():
        panels[f"seconds on {sc.chip(chip).title}"] = lambda values, side, both=both: (
            both[side].at(**values.sizes).seconds
        )
    nodes = np.unique(np.geomspace(10, 100_000, 45).astype(int))
    edges = np.unique(np.geomspace(10, 1e8, 57).astype(int))
    others = {name: CORA[name] for name in "FHC"}
    figure, grid = plt.subplots(2, 2, figsize=(9, 7.4), sharex=True, sharey=True, layout="constrained")
    image = None
    for axes, (title, quantity) in zip(grid.flat, panels.items(), strict=True):
        over_edges = [[quantity(sparse.at(N=int(n), M=int(m), **others), 0) for n in nodes] for m in edges]
        over_matrix = [quantity(dense.at(N=int(n), **others), 1) for n in nodes]
        logs = np.clip(np.log2(np.array(over_matrix, float) / np.array(over_edges, float)), -5, 5)
        image = axes.pcolormesh(nodes, edges, logs, cmap="RdBu", vmin=-5, vmax=5, shading="nearest", rasterized=True)
        axes.contour(nodes, edges, logs, levels=[0], colors="black", linewidths=1.5)
        axes.plot(nodes, nodes.astype(float) ** 2, ":", color="black", linewidth=1)
        axes.plot(CORA["N"], CORA["M"], "*", color="black", markersize=9)
        axes.annotate("Cora", (CORA["N"], CORA["M"]), (7, -3), textcoords="offset points")
        axes.set(xscale="log", yscale="log", title=title, ylim=(edges[0], edges[-1]), xlim=(nodes[0], nodes[-1]))
    grid[0, 0].annotate("M = N²", (100, 1e4), (-6, 8), textcoords="offset points", ha="right")
    figure.supxlabel("nodes N")
    figure.supylabel("edges M")
    figure.suptitle("Graph convolution, forward, F=1433, H=16, C=7: over edges (blue is cheaper) or dense (red)")
    bar = figure.colorbar(image, ax=grid, shrink=0.7, ticks=[-5, -3, -1, 0, 1, 3, 5])
    bar.ax.set_yticklabels(["1/32 or less", "1/8", "1/2", "equal", "2", "8", "32 or more"])
    bar.set_label("cost of the dense form over that of the one over edges")
    return figure


def seconds_plot(rows: list[dict[str, Any]]) -> Any:
    """Seconds of the roofline against XLA's, one panel a TPU."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    figure, grid = plt.subplots(2, 4, figsize=(10, 5.6), sharex=True, sharey=True, layout="constrained")
    found = {chip: list(expected(rows, chip)) for chip in TPUS}
    times = [1e6 * value for some in found.values() for _, ours, theirs in some for value in (ours, theirs)]
    ends = (min(times) / 2, max(times) * 2)
    for axes, (chip, some) in zip(grid.flat, found.items(), strict=False):
        axes.plot(ends, ends, color="0.6", linewidth=1)
        for row, ours, theirs in some:
            face = "white" if row["xla"][chip]["custom_calls"] else COLORS[row["program"]]
            axes.plot(1e6 * theirs, 1e6 * ours, MARKERS[row["program"]], color=COLORS[row["program"]],
                      markerfacecolor=face, markersize=5)  # fmt: skip
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, title=f"{chip}, {len(some)} programs")
        axes.grid(color="0.92")
    key = grid.flat[-1]
    key.axis("off")
    handles = [Line2D([], [], marker=MARKERS[p], color=COLORS[p], linestyle="", label=p) for p in PROGRAMS]
    handles.append(Line2D([], [], marker="o", color="0.3", markerfacecolor="white", linestyle="",
                          label="with custom calls that\ncost XLA nothing (gathers)"))  # fmt: skip
    handles.append(Line2D([], [], color="0.6", label="equal"))
    key.legend(handles=handles, loc="center", frameon=False)
    grid.flat[3].tick_params(labelbottom=True)
    figure.supxlabel("XLA's optimal_seconds, µs")
    figure.supylabel("seconds of the roofline, µs")
    figure.suptitle("What the roofline predicts against what XLA's own cost model expects")
    return figure


def ratio_plot(rows: list[dict[str, Any]], targets: list[str]) -> Any:
    """How far the estimates are from XLA: every program as a point, quartiles as boxes."""
    import matplotlib.pyplot as plt
    import numpy as np
    from matplotlib.lines import Line2D

    figure, both = plt.subplots(1, 2, figsize=(10, 5.6), sharey=True, layout="constrained")
    for axes, quantity in zip(both, ESTIMATES, strict=True):
        for place, target in enumerate(targets):
            for step, program in zip((-0.18, 0.18), PROGRAMS, strict=True):
                known = [ratio(row, target, quantity) for row in rows if row["program"] == program]
                logs = np.log2([value for value in known if value is not None])
                if not len(logs):
                    continue
                color = COLORS[program]
                axes.boxplot(logs, positions=[place + step], orientation="horizontal", widths=0.3, whis=(0, 100),
                             boxprops={"color": color}, whiskerprops={"color": color}, capprops={"color": color},
                             medianprops={"color": color, "linewidth": 2.2}, showfliers=False)  # fmt: skip
                axes.plot(logs, np.full(len(logs), place + step), ".", color=color, markersize=4, alpha=0.6)
        axes.axvline(0, color="0.3", linewidth=1)
        lowest, highest = (round(value) for value in axes.get_xlim())
        ticks = list(range(lowest, highest + 1))
        axes.set_xticks(ticks, [f"{2**t}" if t >= 0 else f"1/{2**-t}" for t in ticks])
        axes.set_yticks(range(len(targets)), targets)
        axes.set(title=TITLES[quantity], xlabel="formula over XLA, log scale")
        axes.grid(axis="x", color="0.9")
    both[0].invert_yaxis()
    handles = [Line2D([], [], color=COLORS[p], marker=".", label=p) for p in PROGRAMS]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle("Estimates beside XLA: smallest, quartiles and largest over the zoo; each point is a program")
    return figure


def main() -> None:
    """Draw what was measured last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plots", type=Path, default=PLOTS, metavar="DIR")
    draw(RESULTS / "tpu_vs_gpu.json", parser.parse_args().plots)


if __name__ == "__main__":
    main()
