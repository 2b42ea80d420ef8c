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
from pathlib import Path
from typing import Any

from measure import RESULTS, ROOT, save
from page_parts import replaced, table

NETWORKS = {
    "GCN": ("gcn-sparse", "gcn-dense"),
    "GraphSAGE": ("sage-sparse", "sage-dense"),
    "GAT": ("gat", "gat-dense"),
    "GIN": ("gin-sparse", "gin-dense"),
    "message passing": ("mpnn-sparse", "mpnn-dense"),
    "GraphNetwork": ("graphnet-sparse", "graphnet-dense"),
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
    return replaced(page, "crossings", parts)


def formulas(results: dict[str, Any]) -> str:
    """FLOPs of an edge and of a pair of nodes, and where both forms are equal, forward."""
    rows = []
    for row in results["rows"]:
        cells = []
        for form, power in enumerate(("M", "N**2")):
            texts = [row["programs"][program]["flops"]["formulas"][form] for program in PROGRAMS]
            cells.append("; ".join(f"`{coefficient(text, power)}`" for text in texts))
        rows.append((row["network"], *cells, f"`{row['programs']['forward']['flops']['equal at M'][0]}`"))
    headings = ("network", "an edge costs", "a pair of nodes costs", "equal, forward, at M =")
    return f"In FLOPs, forward; training step:\n\n{table(headings, rows, labels=4)}"


def coefficient(text: str, of: str) -> str:
    """What stands before a monomial in the text of a polynomial."""
    import sympy

    from symcost.expression import from_sympy
    from symcost.formatting import format_size

    names = ("N", "M", "F", "E", "U", "H", "K", "T", "C")
    symbols = {name: sympy.Symbol(name, integer=True, positive=True) for name in names}
    polynomial = sympy.Poly(sympy.sympify(text, locals=symbols), symbols["N"], symbols["M"])
    found = polynomial.coeff_monomial(sympy.sympify(of, locals=symbols))
    return format_size(from_sympy(found), names)


def shares(results: dict[str, Any], graph: str) -> str:
    """From which share of all N² pairs on the dense form costs less, on one graph."""
    headings = ["network", *(SHOWN.get(key, f"seconds, {key}") for key in (*QUANTITIES, *CHIPS))]
    rows = []
    for row in results["rows"]:
        nodes = sizes_of(row["network"], graph)["N"]
        found = [[_share(row["programs"][program][key], graph, nodes) for program in PROGRAMS] for key in
                 (*QUANTITIES, *CHIPS)]  # fmt: skip
        rows.append((row["network"], *("; ".join(both) for both in found)))
    sizes = GRAPHS[graph]
    own = f"N = {sizes['N']:,}, M = {sizes['M']:,}, which is {_percent(sizes['M'] / sizes['N'] ** 2)} of N²"
    return f"On {graph} ({own}), forward; training step:\n\n{table(headings, rows)}"


def _share(found: dict[str, Any], graph: str, nodes: int) -> str:
    """``8.0 %``: where the dense form becomes the cheaper one for good; 0 where it is at any number of edges."""
    crossings, (sparse, dense) = found["graphs"][graph], found["values"][graph]
    if not crossings:
        return "0 %" if dense < sparse else "never"
    last = crossings[-1]
    assert last["then"].split(",")[0].endswith("-dense"), last
    return _percent(last["edges"] / nodes**2)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def values(results: dict[str, Any]) -> str:
    """Memory and seconds of a training step of both forms."""
    headings = ["network", *(f"{graph}: {what}" for graph in GRAPHS for what in ("memory", "seconds"))]
    rows = []
    for row in results["rows"]:
        found, cells = row["programs"]["training"], []
        for graph in GRAPHS:
            cells.append(" against ".join(_bytes(value) for value in found["peak_memory"]["values"][graph]))
            cells.append(" against ".join(_seconds(value) for value in found["tpu-v5e"]["values"][graph]))
        rows.append((row["network"], *cells))
    head = "Peak memory of a training step, and its seconds on a TPU v5e at peak rates, over edges against dense:"
    return f"{head}\n\n{table(headings, rows)}"


def _bytes(value: int) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value < 1000 * size else f"{value / size:,.0f} {unit}"
    return f"{value} B"


def _seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:,.0f} {unit}" if value >= 10 * size else f"{value / size:.2g} {unit}"
    return f"{value * 1e6:,.0f} µs" if value >= 1e-5 else f"{value * 1e6:.2g} µs"


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
HIDDEN = [2**step for step in range(4, 15)]


def widths() -> dict[str, list[int]]:
    """Edges from which the dense graph convolution takes less time, by chip and hidden units, with 10,000 nodes."""
    import symcost as sc
    from symcost import zoo

    sparse, dense = (zoo.get(name).trace() for name in NETWORKS["GCN"])
    found = {}
    for chip in ("tpu-v5e", "tpu-v6e", "gpu-a100", "gpu-h100"):
        crossing = sc.crossover(sparse, dense, wrt="M", quantity="seconds", chip=chip)
        found[chip] = [crossing.at(**{**CURVE, "N": 10_000, "H": hidden})[-1].size for hidden in HIDDEN]
    return found


def draw(results: dict[str, Any], folder: Path) -> None:
    """The curves of all networks, a panel for each quantity; and those of one network in time, by chip."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from plots import STYLE, _saved

    titles = {"flops": "FLOPs", "fused_bytes": "bytes, and seconds", "peak_memory": "peak memory"}
    with matplotlib.rc_context(STYLE):
        figure, grid = plt.subplots(2, 2, figsize=(9, 7), sharey=True, layout="constrained")
        for axes, (key, title) in zip(grid.flat, titles.items(), strict=False):
            for row in results["rows"]:
                known = [(n, 100 * m / n**2) for n, m in zip(NODES, row["curves"][key], strict=True) if m]
                axes.plot(*zip(*known, strict=True), label=row["network"], linewidth=1.6)
            axes.axhline(100, color="0.3", linestyle=":", linewidth=1)
            axes.set(title=title, xlabel="nodes N")
        for chip, edges in results["widths"].items():
            grid[1, 1].plot(HIDDEN, [100 * m / 10_000**2 for m in edges], "--", label=chip, linewidth=1.6)
        grid[1, 1].set(title="GCN: seconds by chip", xlabel="hidden units H, N = 10,000")
        grid[1, 1].legend(frameon=False)
        for axes in grid.flat:
            axes.set(xscale="log", yscale="log")
            axes.grid(color="0.92")
        figure.supylabel("edges, % of N², from which dense costs less")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False)
        figure.suptitle("Where the dense form overtakes the one over edges: forward, F=128, H=64, C=16")
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
    for network in options.network or NETWORKS if not options.page else ():
        rows[network] = {**measure(network), "curves": curves(network)}
        print(network, rows[network]["programs"]["forward"]["flops"]["equal at M"], flush=True)
        ordered = [rows[name] for name in NETWORKS if name in rows]
        curve = {"nodes": NODES, "hidden": HIDDEN, **CURVE}
        save(path.stem, {"graphs": GRAPHS, "curve": curve, "widths": widths(), "rows": ordered})
    results = json.loads(path.read_text())
    page = ROOT / "docs" / "cookbook" / "graphs.md"
    if page.exists():
        page.write_text(filled(page.read_text(), results))
    draw(results, options.plots)


if __name__ == "__main__":
    main()
