"""The page of the gallery, made of what benchmarks/gallery.py compiled. Not a benchmark by itself.

What stands between ``<!-- gallery -->`` and ``<!-- end -->`` in docs/gallery.md is made from
benchmarks/results/gallery-*.json: a table for each kind of network, with a row for each model of the zoo.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from measure import RESULTS, ROOT
from page_parts import Parts, listed, replaced, table

GALLERY = ROOT / "docs" / "gallery.md"
BEFORE, AFTER = "before optimisation", "after optimisation"
FAR = 0.02
"""From which part of the formula's value on a difference is given its reason."""

KINDS = {
    "mlp": "Multi-layer perceptrons",
    "cnn": "Convolutional networks",
    "graphs": "Graph networks",
    "batches": "Padded batches of graphs",
    "edits": "Edits of an edge",
    "recurrent": "Recurrent networks",
    "transformers": "Transformers",
    "yolo": "Detectors",
    "visual_attention": "Visual attention",
}
"""Headings, in order; each but two is the name of a page of the cookbook and of a file of results."""

WORDS = {
    "loop": "bodies of loops count once",
    "branch": "another branch counts",
    "padding": "taps on zeros do not count",
    "integer": "integer arithmetic counts",
    "select": "selections count",
    "convert": "conversions count",
    "complex": "complex arithmetic counts otherwise",
    "lowering": "JAX lowers it to other operations",
    "counting": "another rule counts",
    "removed": "simplified away",
    "custom call": "custom calls count -1",
    "repeated": "instructions repeated",
    "gone": "instructions removed",
    "rewritten": "instructions replaced",
    "library": "calls of a library count -1",
    "added": "instructions added",
    "skipped": "what is fused with a gather does not count",
    "chip": "this chip's compiler counts otherwise",
    "rounding": "rounding of XLA's sum",
}
"""What a cause of `symcost.xla.causes` is called in a row."""

READINGS = {
    (BEFORE, "xla"): "before",
    (BEFORE, "restored"): "before, in brackets",
    (AFTER, "xla"): "after",
    (AFTER, "restored"): "after, in brackets",
}
"""Columns of the summary."""

BY_PRIMITIVE = ("lowering", "counting", "repeated", "gone", "rewritten", "added")
"""Causes that are named with a primitive."""


def gallery_filled(page: str, names: Sequence[str]) -> str:
    """The text of the gallery with its tables made anew.

    Args:
        names: all models of the zoo; those that have not been compiled are named at the end.
    """
    return replaced(page, "gallery", [*gallery_parts(compiled(), names)])


def compiled() -> dict[str, list[dict[str, Any]]]:
    """Rows of all files of results, by kind."""
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for path in sorted(RESULTS.glob("gallery-*.json")):
        system = path.stem.partition("-")[2]
        results = json.loads(path.read_text())
        for row in results["rows"]:
            name = row["model"]
            kind = "batches" if name.endswith("-batch") else "edits" if name.startswith("edge-") else system
            found[kind].append({**row, "page": system, "jax": results["measured"]["jax"]})
    return found


def gallery_parts(found: dict[str, list[dict[str, Any]]], names: Sequence[str]) -> Parts:
    """How near XLA is in all, then a heading and a table for each kind, then what is not there."""
    rows = [row for kind in found.values() for row in kind]
    yield from summary(rows)
    for kind, heading in KINDS.items():
        if found[kind]:
            yield f"## {heading}"
            if (ROOT / "docs" / "cookbook" / f"{kind}.md").exists():
                yield f"What the formulas mean: [{heading}](cookbook/{kind}.md)."
            yield '<div class="gallery" markdown>'
            yield rows_of(found[kind])
            yield "</div>"
            yield "\n\n".join(details(found[kind]))
    left_out = [name for name in names if name not in {row["model"] for row in rows}]
    if left_out:
        yield f"Not compiled yet: {listed([f'`{name}`' for name in left_out])}."


def summary(rows: list[dict[str, Any]]) -> Parts:
    """How many models XLA counts as the formula does, to a hundredth, on each chip."""
    targets = list(dict.fromkeys(f["target"] for row in rows for f in row["figures"]))
    counts = []
    for target in targets:
        counts.append(
            (target, *(f"{near(rows, target, *which)}" for which in READINGS), f"{len([*pairs(rows, target)]) // 2}")
        )
    releases = listed(sorted({f"jax {row['jax']}" for row in rows}))
    yield f"{len(rows)} models ({releases}). On how many of them XLA's figure is within 1 % of the formula's:"
    yield table(("chip", *READINGS.values(), "of"), counts)


def near(rows: list[dict[str, Any]], target: str, stage: str, which: str) -> int:
    """How many ratios of one reading are within 1 %."""
    return sum(abs(share(row, f, which) - 1) <= 0.01 for row, f in pairs(rows, target) if f["stage"] == stage)


def pairs(rows: list[dict[str, Any]], target: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Rows of which the formula is not 0, each with its figures on a target."""
    for row in rows:
        yield from ((row, f) for f in row["figures"] if f["target"] == target and base(row, f))


def share(row: dict[str, Any], figure: dict[str, Any], which: str = "xla") -> float:
    """XLA's figure over the formula's; of a network of integers, over its integer operations too."""
    return figure[which] / base(row, figure)


def base(row: dict[str, Any], figure: dict[str, Any]) -> int:
    """The formula's figure, and the integer operations of a network of integers."""
    return figure["formula"] + row.get("integers", 0)


def ratios(row: dict[str, Any], target: str) -> list[str]:
    """``1.000`` before, ``0.002 (0.998)`` after: in brackets as often as it runs, and calls as what they replace."""
    shown = []
    for figure in (f for f in row["figures"] if f["target"] == target):
        if not base(row, figure):
            shown.append(f"{figure['xla']:,} for 0")
            continue
        text = f"{share(row, figure):.3f}"
        shown.append(text + (f" ({share(row, figure, 'restored'):.3f})" if figure["restored"] != figure["xla"] else ""))
    return shown or ["failed"]


def rows_of(rows: list[dict[str, Any]]) -> str:
    """The table of a kind."""
    targets = dict.fromkeys(f["target"] for row in rows for f in row["figures"])
    headings = ("model", "FLOPs", *targets, "why it is far from 1")
    return table(headings, map(cells, rows), labels=len(headings))


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row of the gallery."""
    whole = row["leading"] == row["formula"] and row.get("integer_leading", "") == row.get("integer_formula", "")
    leading = terms(row) + ("" if whole else " + …")
    targets = dict.fromkeys(f["target"] for f in row["figures"])
    why = "<br>".join(dict.fromkeys(reasons(row)))
    return (
        f"[`{row['model']}`](cookbook/{row['page']}.md)",
        leading,
        *("<br>".join(ratios(row, t)) for t in targets),
        why,
    )


def terms(row: dict[str, Any]) -> str:
    """The leading terms; of a network of integers those of its integer operations first."""
    found = [f"`{row['integer_leading']}` integer operations"] if row.get("integer_leading") else []
    if row["leading"] != "0" or not found:
        found.append(f"`{row['leading']}`")
    return ", ".join(found)


def reasons(row: dict[str, Any]) -> Iterator[str]:
    """Why ratios are far from 1, before optimisation, and where optimisation moves them: causes, and where they act."""
    before = {f["target"]: share(row, f) for f in row["figures"] if f["stage"] == BEFORE and base(row, f)}
    for stage in (BEFORE, AFTER):
        where: dict[str, list[str]] = {}
        figures = [f for f in row["figures"] if f["stage"] == stage and f["target"] in before]
        for figure in figures:
            moved = share(row, figure) - (1 if stage == BEFORE else before[figure["target"]])
            if abs(moved) > FAR:
                where.setdefault("; ".join(largest(row, figure)), []).append(figure["target"])
        for text, targets in where.items():
            on = "" if len(targets) == len(figures) else f" on {listed(targets)}"
            yield text if stage == BEFORE else f"after{on}: {text}"


def largest(row: dict[str, Any], figure: dict[str, Any]) -> Iterator[str]:
    """The largest cause of a difference that is not of the stage before, and the next one if it is not small."""
    parts = []
    for kind, amount, primitive in figure["reasons"]:
        words = WORDS.get(kind, "") + (f" (`{primitive}`)" if primitive and kind in BY_PRIMITIVE else "")
        if kind == "integer" and row["integers"]:
            amount, words = amount - row["integers"], "another rule counts (integers)"
        if kind != "before":
            parts.append((amount / base(row, figure), words))
    most = sorted(parts, key=lambda pair: -abs(pair[0]))[:2]
    for part, words in (*most[:1], *(other for other in most[1:] if abs(other[0]) > FAR)):
        yield f"{words}, {'+' if part > 0 else '−'}{100 * abs(part):,.0f}&nbsp;%"


def details(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The whole formulas of a kind, folded away."""
    lines = ['??? abstract "Formulas and sizes"']
    for row in rows:
        at = ", ".join(f"{name}={size:,}" for name, size in row["sizes"].items())
        lines += ["", f"    **{row['title']}**, `{row['model']}`, compiled at {at}. FLOPs:", "", "    ```text"]
        lines += [f"    {row['formula']}", "    ```"]
        if row.get("integer_formula"):
            lines += ["", "    Integer operations:", "", "    ```text", f"    {row['integer_formula']}", "    ```"]
    yield "\n".join(lines)
