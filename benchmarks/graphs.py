"""Graph networks over edges against the same over an adjacency matrix: where one overtakes the other.

    python benchmarks/graphs.py [--network NAME ...] [--plots DIR]

Each network of the zoo that has both forms is traced, forward and one training step (loss, gradient, Adam). For FLOPs,
bytes after fusion, peak memory and the seconds of the roofline on two chips, the number of edges is solved for from
which the dense form costs less: as a formula, and at the sizes of three graphs. Nothing is measured or compiled.
Results go to benchmarks/results/graphs.json, the tables between ``<!-- crossings -->`` and ``<!-- end -->`` into
docs/cookbook/graphs.md, and a plot to docs/plots. A network named again is traced anew, the others of the file stay.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from measure import RESULTS, ROOT, save
from page_parts import table

NETWORKS = {
    "GCN": ("gcn-sparse", "gcn-dense"),
    "GraphSAGE": ("sage-sparse", "sage-dense"),
    "GAT": ("gat", "gat-dense"),
    "GIN": ("gin-sparse", "gin-dense"),
    "message passing": ("mpnn-sparse", "mpnn-dense"),
    "GraphNetwork": ("graph-network-sparse", "graph-network-dense"),
}
GRAPHS = {
    "Cora": {"N": 2708, "M": 10_556, "F": 1433, "E": 4, "U": 8, "H": 16, "K": 8, "T": 3, "C": 7},
    "a molecule": {"N": 18, "M": 38, "F": 16, "E": 4, "U": 8, "H": 64, "K": 4, "T": 3, "C": 12},
    "ogbn-arxiv": {"N": 169_343, "M": 1_166_243, "F": 128, "E": 4, "U": 8, "H": 256, "K": 4, "T": 3, "C": 40},
}
"""Sizes of a graph and of networks for it; all attention heads together have H features, 64 on Cora."""

PROGRAMS = ("forward", "training")
QUANTITIES = ("flops", "fused_bytes", "peak_memory")
CHIPS = ("tpu-v5e", "gpu-h100")
SECTION = re.compile(r"(<!-- crossings -->\n).*?(<!-- end -->)", re.DOTALL)
SHOWN = {"flops": "FLOPs", "fused_bytes": "bytes", "peak_memory": "peak memory"}


def sizes_of(network: str, graph: str) -> dict[str, int]:
    """Sizes of a network on a graph."""
    sizes = dict(GRAPHS[graph])
    if network == "GAT":
        sizes["H"] = 8 if graph == "Cora" else sizes["H"] // sizes["K"]
    return sizes


def measure(network: str) -> dict[str, Any]:
    """All crossings of one network."""
    import symcost as sc
    from symcost import zoo

    row: dict[str, Any] = {"network": network, "models": NETWORKS[network], "programs": {}}
    for program in PROGRAMS:
        entries = [zoo.get(name) for name in NETWORKS[network]]
        costs = [entry.trace() if program == "forward" else entry.trace_training() for entry in entries]
        found: dict[str, Any] = {}
        for quantity in QUANTITIES:
            crossing = sc.crossover(*costs, wrt="M", quantity=quantity)
            found[quantity] = {
                "formulas": [cost.text(quantity) for cost in costs],
                "equal at M": [*map(str, crossing.solutions)],
                "graphs": {graph: at_graph(crossing, network, graph) for graph in GRAPHS},
                "values": {
                    graph: [getattr(cost.at(**sizes_of(network, graph)), quantity) for cost in costs]
                    for graph in GRAPHS
                },
            }  # fmt: skip
        for chip in CHIPS:
            crossing = sc.crossover(*costs, wrt="M", quantity="seconds", chip=chip)
            lines = [sc.roofline(cost, chip) for cost in costs]
            at = {graph: [line.at(**sizes_of(network, graph)) for line in lines] for graph in GRAPHS}
            found[chip] = {
                "graphs": {graph: at_graph(crossing, network, graph) for graph in GRAPHS},
                "values": {graph: [each.seconds for each in both] for graph, both in at.items()},
                "binds": {graph: [each.binds for each in both] for graph, both in at.items()},
            }
        row["programs"][program] = found
    return row


def at_graph(crossing: Any, network: str, graph: str) -> list[dict[str, Any]]:
    """Edges from which another form is the cheaper one."""
    sizes = {name: size for name, size in sizes_of(network, graph).items() if name != "M"}
    return [{"edges": each.size, "then": each.after} for each in crossing.at(**sizes)]


def filled(page: str, results: dict[str, Any]) -> str:
    """The text of a page with its tables made anew."""
    parts = [formulas(results), *(shares(results, graph) for graph in GRAPHS), values(results)]
    return SECTION.sub(lambda match: f"{match[1]}\n{'\n\n'.join(parts)}\n\n{match[2]}", page)


def formulas(results: dict[str, Any]) -> str:
    """The closed forms of the forward pass in FLOPs."""
    rows = []
    for row in results["rows"]:
        found = row["programs"]["forward"]["flops"]
        rows.append((row["network"], " or ".join(f"`{text}`" for text in found["equal at M"]) or "no closed form"))
    return f"FLOPs of both forms are equal, forward, at M =\n\n{table(('network', 'edges'), rows, labels=2)}"


def shares(results: dict[str, Any], graph: str) -> str:
    """From which share of all N² pairs on the dense form costs less, on one graph."""
    headings = ["network", *(f"{SHOWN.get(q, q)}" for q in (*QUANTITIES, *CHIPS))]
    rows = []
    for row in results["rows"]:
        nodes = sizes_of(row["network"], graph)["N"]
        cells = []
        for key in (*QUANTITIES, *CHIPS):
            both = [row["programs"][program][key]["graphs"][graph] for program in PROGRAMS]
            cells.append("; ".join(_share(crossings, nodes) for crossings in both))
        rows.append((row["network"], *cells))
    sizes = GRAPHS[graph]
    own = f"{sizes['M'] / sizes['N'] ** 2:.2g}"
    head = f"On {graph} (N = {sizes['N']:,}, M = {sizes['M']:,}, that is {100 * float(own):.2g} % of N²), forward; training step:"
    return f"{head}\n\n{table(headings, rows)}"


def _share(crossings: list[dict[str, Any]], nodes: int) -> str:
    """``8.0 %``: where the dense form becomes the cheaper one for good."""
    if not crossings:
        return "never"
    last = crossings[-1]
    assert last["then"].split(",")[0].endswith("-dense"), last
    return f"{100 * last['edges'] / nodes**2:.2g} %"


def values(results: dict[str, Any]) -> str:
    """Memory and seconds of a training step of both forms."""
    headings = ["network", *(f"{graph}: {what}" for graph in GRAPHS for what in ("memory", "seconds"))]
    rows = []
    for row in results["rows"]:
        found, cells = row["programs"]["training"], []
        for graph in GRAPHS:
            cells.append(" against ".join(_bytes(value) for value in found["peak_memory"]["values"][graph]))
            cells.append(" against ".join(f"{value:.2g}" for value in found["tpu-v5e"]["values"][graph]))
        rows.append((row["network"], *cells))
    head = "Peak memory of a training step, and its seconds on a TPU v5e at peak rates, over edges against dense:"
    return f"{head}\n\n{table(headings, rows)}"


def _bytes(value: int) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value} B"


def curves(network: str) -> dict[str, Any]:
    """Over nodes, the edges from which the dense form costs less, forward, with 128 features and 64 hidden units."""
    import symcost as sc
    from symcost import zoo

    sparse, dense = (zoo.get(name).trace() for name in NETWORKS[network])
    found: dict[str, Any] = {}
    for key in (*QUANTITIES, *CHIPS):
        how = {"quantity": "seconds", "chip": key} if key in CHIPS else {"quantity": key}
        crossing = sc.crossover(sparse, dense, wrt="M", **how)
        points = [crossing.at(N=nodes, **(CURVE if network != "GAT" else {**CURVE, "H": 16})) for nodes in NODES]
        found[key] = [crossings[-1].size if crossings else None for crossings in points]
    return found


NODES = [round(16 * 2 ** (step / 2)) for step in range(29)]
CURVE = {"F": 128, "E": 4, "U": 8, "H": 64, "K": 4, "T": 3, "C": 16}


def draw(results: dict[str, Any], folder: Path) -> None:
    """The curves of all networks, a panel for each quantity."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from plots import STYLE, _saved

    with matplotlib.rc_context(STYLE):
        figure, grid = plt.subplots(1, 4, figsize=(11, 3.6), sharex=True, sharey=True, layout="constrained")
        titles = {"flops": "FLOPs", "fused_bytes": "bytes after fusion", "tpu-v5e": "seconds on TPU v5e",
                  "gpu-h100": "seconds on H100 SXM"}  # fmt: skip
        for axes, (key, title) in zip(grid, titles.items(), strict=True):
            for row in results["rows"]:
                known = [(n, 100 * m / n**2) for n, m in zip(NODES, row["curves"][key], strict=True) if m]
                axes.plot(*zip(*known, strict=True), label=row["network"], linewidth=1.6)
            axes.axhline(100, color="0.3", linestyle=":", linewidth=1)
            axes.set(xscale="log", yscale="log", title=title)
            axes.grid(color="0.92")
        grid[0].set_ylabel("edges, % of N², from which dense costs less")
        figure.supxlabel("nodes N")
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False)
        figure.suptitle("Where the dense form overtakes the one over edges, forward, F=128, H=64, C=16")
        _saved(figure, folder / "crossover-graphs")


def main() -> None:
    """Solve for all networks; print, save, fill the page and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", action="append", choices=[*NETWORKS], default=[], help="may be repeated")
    parser.add_argument("--plots", type=Path, default=ROOT / "docs" / "plots", metavar="DIR")
    parser.add_argument("--page", action="store_true", help="trace nothing: only the page and the plot")
    options = parser.parse_args()
    path = RESULTS / "graphs.json"
    rows = {row["network"]: row for row in (json.loads(path.read_text())["rows"] if path.exists() else ())}
    for network in [] if options.page else options.network or NETWORKS:
        rows[network] = {**measure(network), "curves": curves(network)}
        print(network, rows[network]["programs"]["forward"]["flops"]["equal at M"], flush=True)
        ordered = [rows[name] for name in NETWORKS if name in rows]
        save(path.stem, {"graphs": GRAPHS, "curve": {"nodes": NODES, **CURVE}, "rows": ordered})
    results = json.loads(path.read_text())
    page = ROOT / "docs" / "cookbook" / "graphs.md"
    if page.exists():
        page.write_text(filled(page.read_text(), results))
    draw(results, options.plots)


if __name__ == "__main__":
    main()
