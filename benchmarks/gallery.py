"""Models of the cookbook beside XLA: formula, leading term, and XLA's count on a CPU, a GPU and a TPU.

    python benchmarks/gallery.py SYSTEM [MODEL ...] [--no-cache]

Each model of the zoo is traced forward and compiled for three chips at the sizes of `SIZES`: those of its first
published figure where the table has none. FLOPs before and after optimisation go to
benchmarks/results/gallery-SYSTEM.json, and as a table between ``<!-- gallery -->`` and ``<!-- end -->`` into
docs/cookbook/SYSTEM.md; what all files of results have, into docs/gallery.md (`gallery_page`). A model named again is
measured anew, the others of the file stay; without a model only the pages are written.

Compilers are installed by `symcost targets install tpu` and `symcost targets install gpu`.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from gallery_page import GALLERY, gallery_filled, ratios, terms
from measure import RESULTS, ROOT, save
from page_parts import replaced, table

TARGETS = ("cpu", "gpu-h100", "tpu-v5e")
LINK = "../gallery.md"

LAYER = {"B": 32, "T": 128, "F": 512, "H": 512}
CORA = {"N": 2708, "M": 10_556, "F": 1433, "K": 8, "H": 16, "C": 7}
MOLECULE = {"N": 64, "M": 256, "F": 16, "E": 4, "U": 8, "H": 64, "T": 3, "C": 12}
MOLECULES = {**MOLECULE, "B": 32, "K": 4}
DIGITS = {"B": 32, "S": 28, "W": 32, "K": 3, "C": 10}

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
    "mlp": {"B": 256, "F": 784, "H": 512, "C": 10},
    "mlp-widths": {"B": 256, "n_0": 784, "n_1": 512, "n_2": 512, "n_3": 10},
    "mlp-deep": {"B": 256, "W": 1024, "L": 8},
    **dict.fromkeys(("cnn", "cnn-batchnorm"), DIGITS),
    "transformer-block": {"B": 1, "T": 128, "D": 768, "H": 12, "K": 64},
    "gcn-sparse": CORA,
    "gcn-dense": CORA,
    "gcn-bcoo": CORA,
    "gcn-learned-sparse": CORA,
    "gcn-learned-dense": CORA,
    "sage-sparse": CORA,
    "sage-dense": CORA,
    "sage-sampled": {**CORA, "S": 10},
    "gat": {**CORA, "H": 8},
    "gat-dense": {**CORA, "H": 8},
    "gin-sparse": CORA,
    "gin-dense": CORA,
    "mpnn-sparse": MOLECULE,
    "mpnn-dense": MOLECULE,
    "graphnet-sparse": MOLECULE,
    "graphnet-dense": MOLECULE,
    **{
        f"{name}-{form}-batch": MOLECULES
        for name in ("gcn", "sage", "gat", "gin", "mpnn", "graphnet")
        for form in ("sparse", "dense")
    },
    **dict.fromkeys(("edge-add-sparse", "edge-remove-sparse", "edge-reweight-sparse"), CORA),
    **dict.fromkeys(("edge-set-copied", "edge-set-in-place"), CORA),
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

    entry = zoo.get(name)
    sizes = SIZES.get(name) or dict(next((p.sizes for p in entry.published if p.program == "forward"), {}))
    if not sizes:
        sys.exit(f"{name} has no published figure: give it sizes in SIZES")
    sizes = {dim.name: sizes[dim.name] for dim in entry.dims}
    cost = entry.trace()
    found = sc.compare(cost, targets=TARGETS, at=sizes, quantities="flops", cache=cache)
    keys = ("target", "stage", "formula", "xla", "ratio", "restored", "unexplained")
    # XLA counts integer operations as FLOPs; of a network of integers they are nearly all
    values = cost.at(**sizes)
    integers = values.int_ops if values.int_ops > values.flops else 0
    return {
        "integers": integers,
        "integer_formula": cost.text("int_ops") if integers else "",
        "integer_leading": leading(cost, "int_ops") if integers else "",
        "model": name,
        "title": entry.title,
        "formula": cost.text("flops"),
        "leading": leading(cost, "flops"),
        "sizes": sizes,
        "figures": [{**{key: row[key] for key in keys}, "reasons": short(row)} for row in found.to_dicts()],
        "failures": [failure.as_dict() for failure in found.failures],
        "notes": [*found.notes],
    }


def leading(cost: Any, quantity: str) -> str:
    """The leading terms of a formula."""
    from symcost.formatting import format_size
    from symcost.growth import leading_terms

    return format_size(leading_terms(cost.size(quantity), cost.domain), cost.domain.names)


def short(row: dict[str, Any]) -> list[list[Any]]:
    """Kind, amount and largest part of each reason for a difference."""
    return [[cause["kind"], cause["amount"], next(iter(cause["parts"]), "")] for cause in row["reasons"]]


def filled(page: str, results: dict[str, Any]) -> str:
    """The text of a page with its table made anew."""
    return replaced(page, "gallery", [gallery(results)])


def gallery(results: dict[str, Any]) -> str:
    """A row for each model: XLA's FLOPs over the formula's, before and after optimisation; batches are left out."""
    headings = ("model", "leading term of the FLOPs", "at", *(f"{target}, before; after" for target in TARGETS))
    rows = []
    for row in results["rows"]:
        if not row["model"].endswith("-batch"):
            at = ", ".join(f"{name}={size:,}" for name, size in row["sizes"].items())
            shown = ("; ".join(ratios(row, target)) for target in TARGETS)
            rows.append((f"`{row['model']}`", terms(row), at, *shown))
    where = results["measured"]
    said = f"XLA's FLOPs over the formula's (jax {where['jax']}, {where['date'].split()[0]}); [all of the zoo]({LINK})."
    return f"{said}\n\n{table(headings, rows, labels=3)}"


def main() -> None:
    """Compare the models; print and save."""
    from symcost import zoo
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
    order = zoo.names()
    for name in options.model:
        rows[name] = measure(name, not options.no_cache)
        shown = [f"{f['target']} {f['stage'].split()[0]} {f['xla']:,}" for f in rows[name]["figures"]]
        print(name, rows[name]["leading"], *shown, *rows[name]["failures"], sep="; ", flush=True)
        save(path.stem, {"targets": TARGETS, "rows": sorted(rows.values(), key=lambda row: order.index(row["model"]))})
    page = ROOT / "docs" / "cookbook" / f"{options.system}.md"
    if page.exists() and path.exists():
        page.write_text(filled(page.read_text(), json.loads(path.read_text())))
    GALLERY.write_text(gallery_filled(GALLERY.read_text(), order))


if __name__ == "__main__":
    main()
