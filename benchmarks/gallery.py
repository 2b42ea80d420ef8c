"""Models of the cookbook beside XLA: formula, leading term, and XLA's count on a CPU, a GPU and a TPU.

    python benchmarks/gallery.py SYSTEM [MODEL ...] [--no-cache]

Each model of the zoo is traced forward and compiled for three chips at the sizes of `SIZES`: those of its first
published figure where the table has none. FLOPs before and after optimisation go to
benchmarks/results/gallery-SYSTEM.json, and as a table between ``<!-- gallery -->`` and ``<!-- end -->`` into
docs/cookbook/SYSTEM.md. A model named again is measured anew, the others of the file stay; without a model only the
page is written.

Compilers are installed by `symcost targets install tpu` and `symcost targets install gpu`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any

from measure import RESULTS, ROOT, save
from page_parts import table

TARGETS = ("cpu", "gpu-h100", "tpu-v5e")
SECTION = re.compile(r"(<!-- gallery -->\n).*?(<!-- end -->)", re.DOTALL)

LAYER = {"B": 32, "T": 128, "F": 512, "H": 512}
CORA = {"N": 2708, "M": 10_556, "F": 1433, "K": 8, "H": 16, "C": 7}
MOLECULE = {"N": 64, "M": 256, "F": 16, "E": 4, "U": 8, "H": 64, "T": 3, "C": 12}

SIZES: dict[str, dict[str, int]] = {
    **dict.fromkeys(("rnn", "lstm", "gru", "lstm-bidirectional"), LAYER),
    "translation": {"B": 32, "S": 32, "T": 32, "F": 256, "H": 512, "V": 30_000},
    "llama-prefill": {"B": 1, "T": 512, "D": 4096, "G": 8, "R": 4, "K": 128, "F": 14_336},
    "llama-decode": {"B": 8, "S": 2048, "D": 4096, "G": 8, "R": 4, "K": 128, "F": 14_336},
    "experts-by-mask": {"T": 1024, "D": 1024, "F": 4096, "E": 8, "K": 2, "C": 320},
    "experts-by-index": {"T": 1024, "D": 1024, "F": 4096, "E": 8, "K": 2, "C": 320},
    "state-space": {"B": 1, "T": 512, "D": 768, "E": 1536, "N": 16, "R": 48},
    "state-space-tree": {"B": 1, "T": 512, "D": 768, "E": 1536, "N": 16, "R": 48},
    "yolov3": {"B": 1, "N": 416, "W": 32, "C": 80},
    "yolov3-int8": {"B": 1, "N": 416, "W": 32, "C": 80},
    "gpt2": {"B": 1, "T": 512, "D": 768, "H": 12, "K": 64, "L": 12, "V": 50_257, "P": 1024},
    "gcn-sparse": CORA,
    "gcn-dense": CORA,
    "gcn-bcoo": CORA,
    "sage-sparse": CORA,
    "sage-dense": CORA,
    "gat": {**CORA, "H": 8},
    "gat-dense": {**CORA, "H": 8},
    "gin-sparse": CORA,
    "gin-dense": CORA,
    "mpnn-sparse": MOLECULE,
    "mpnn-dense": MOLECULE,
    "graphnet-sparse": MOLECULE,
    "graphnet-dense": MOLECULE,
    "saliency": {"N": 512},
    "spectral-residual": {"N": 512},
    "wta-scan": {"N": 32, "K": 20},
    "wta-hierarchical": {"N": 32, "K": 20},
}
"""Where a model is compiled; sizes that it does not have are left aside."""


def measure(name: str, cache: bool) -> dict[str, Any]:
    """One model on all targets."""
    import symcost as sc
    from symcost import zoo
    from symcost.formatting import format_size
    from symcost.growth import leading_terms

    entry = zoo.get(name)
    sizes = SIZES.get(name) or dict(next(p.sizes for p in entry.published if p.program == "forward"))
    sizes = {dim.name: sizes[dim.name] for dim in entry.dims}
    cost = entry.trace()
    found = sc.compare(cost, targets=TARGETS, at=sizes, quantities="flops", cache=cache)
    keys = ("target", "stage", "formula", "xla", "ratio", "restored", "unexplained")
    # XLA counts integer operations as FLOPs; of a network of integers they are nearly all
    values = cost.at(**sizes)
    integers = values.int_ops if values.int_ops > values.flops else 0
    return {
        "integers": integers,
        "model": name,
        "title": entry.title,
        "formula": cost.text("flops"),
        "leading": format_size(leading_terms(cost.size("flops"), cost.domain), cost.domain.names),
        "sizes": sizes,
        "figures": [{key: row[key] for key in keys} for row in found.to_dicts()],
        "failures": [failure.as_dict() for failure in found.failures],
        "notes": [*found.notes],
    }


def filled(page: str, results: dict[str, Any]) -> str:
    """The text of a page with its table made anew."""
    return SECTION.sub(lambda match: f"{match[1]}\n{gallery(results)}\n\n{match[2]}", page)


def gallery(results: dict[str, Any]) -> str:
    """A row for each model: XLA's FLOPs over the formula's, before and after optimisation."""
    headings = ("model", "leading term of the FLOPs", "at", *(f"{target}, before; after" for target in TARGETS))
    rows = []
    for row in results["rows"]:
        at = ", ".join(f"{name}={size:,}" for name, size in row["sizes"].items())
        rows.append((f"`{row['model']}`", f"`{row['leading']}`", at, *(_ratios(row, target) for target in TARGETS)))
    where = results["measured"]
    said = f"XLA's FLOPs over the formula's (jax {where['jax']}, {where['date'].split()[0]})."
    return f"{said}\n\n{table(headings, rows, labels=3)}"


def _ratios(row: dict[str, Any], target: str) -> str:
    """``1.000; 0.998``; in brackets loop bodies count as often as they run, calls of libraries as what they replace."""
    shown = []
    for figure in (f for f in row["figures"] if f["target"] == target):
        formula = figure["formula"] + row.get("integers", 0)
        share = f"{figure['xla'] / formula:.3f}"
        if figure["restored"] != figure["xla"]:
            share += f" ({figure['restored'] / formula:.3f})"
        shown.append(share)
    return "; ".join(shown) or "failed"


def main() -> None:
    """Compare the models; print and save."""
    from symcost.errors import TargetError
    from symcost.xla.workers import reachable

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system", help="of the cookbook: transformers, graphs ...")
    parser.add_argument("model", nargs="*", help="of the zoo")
    parser.add_argument("--no-cache", action="store_true", help="compile what was compiled before")
    options = parser.parse_args()
    try:
        reachable(TARGETS if options.model else ())
    except TargetError as error:
        sys.exit(str(error))
    path = RESULTS / f"gallery-{options.system}.json"
    rows = {row["model"]: row for row in (json.loads(path.read_text())["rows"] if path.exists() else ())}
    for name in options.model:
        rows[name] = measure(name, not options.no_cache)
        shown = [f"{f['target']} {f['stage'].split()[0]} {f['ratio']:.4f}" for f in rows[name]["figures"]]
        print(name, rows[name]["leading"], *shown, *rows[name]["failures"], sep="; ", flush=True)
        save(path.stem, {"targets": TARGETS, "rows": [*rows.values()]})
    page = ROOT / "docs" / "cookbook" / f"{options.system}.md"
    if page.exists() and path.exists():
        page.write_text(filled(page.read_text(), json.loads(path.read_text())))


if __name__ == "__main__":
    main()
