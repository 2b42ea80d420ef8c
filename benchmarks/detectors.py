"""Detectors side by side: FLOPs, parameters, memory and least seconds on two chips; pruned, and in integers of 8 bits.

    python benchmarks/detectors.py

Saves benchmarks/results/detectors.json, and writes the table between ``<!-- detectors -->`` and ``<!-- end -->`` of
docs/cookbook/yolo.md. Seconds are rooflines: at peak rates, everything at the same time.
"""

from __future__ import annotations

import json
from typing import Any

from measure import RESULTS, ROOT, save
from page_parts import replaced, table

CHIPS = ("tpu-v5e", "gpu-h100")
VARIANTS = (
    ("YOLOv3", "yolov3", 32),
    ("YOLOv3, half as wide", "yolov3", 16),
    ("YOLOv3, int8", "yolov3-int8", 32),
    ("YOLOv3, half as wide, int8", "yolov3-int8", 16),
    ("YOLOv3-tiny", "yolov3-tiny", 16),
    ("YOLOv4", "yolov4", 32),
    ("RetinaNet", "retinanet", 64),
)
SIZES = {"N": 608, "C": 80}
BATCHES = (1, 64)


def measure() -> list[dict[str, Any]]:
    """All variants."""
    import symcost as sc
    from symcost import zoo

    costs = {name: zoo.get(name).trace() for name in dict.fromkeys(name for _, name, _ in VARIANTS)}
    rows = []
    for title, name, width in VARIANTS:
        row: dict[str, Any] = {"title": title, "model": name, "sizes": {**SIZES, "W": width}, "batches": {}}
        at = costs[name].at(**row["sizes"], B=1)
        row |= {"macs": at.macs, "params": at.params, "param_bytes": at.param_bytes}
        for batch in BATCHES:
            sizes = {**row["sizes"], "B": batch}
            lines = {chip: sc.roofline(costs[name], chip).at(**sizes) for chip in CHIPS}
            row["batches"][str(batch)] = {
                "fused_bytes": costs[name].at(**sizes).fused_bytes,
                "peak_memory": costs[name].at(**sizes).peak_memory,
                "seconds": {chip: line.seconds for chip, line in lines.items()},
                "binds": {chip: line.binds for chip, line in lines.items()},
            }
        rows.append(row)
        print(json.dumps(row), flush=True)
    return rows


def filled(page: str, results: dict[str, Any]) -> str:
    """The text of a page with its table made anew."""
    return replaced(page, "detectors", [shown(results)])


def shown(results: dict[str, Any]) -> str:
    """A row for each variant."""
    cells = [(batch, chip) for batch in BATCHES for chip in CHIPS]
    headings = ("detector", "GMACs", "parameters, MB", *(f"ms on {chip}, batch {batch}" for batch, chip in cells))
    rows = []
    for row in results["rows"]:
        seconds = (_milliseconds(row["batches"][str(batch)], chip) for batch, chip in cells)
        rows.append((row["title"], f"{row['macs'] / 1e9:.2f}", f"{row['param_bytes'] / 1e6:.1f}", *seconds))
    return table(headings, rows)


def _milliseconds(found: dict[str, Any], chip: str) -> str:
    return f"{found['seconds'][chip] * 1e3:.3g} ({found['binds'][chip]})"


def main() -> None:
    """Measure, save, and write the page."""
    save("detectors", {"rows": measure()})
    page = ROOT / "docs" / "cookbook" / "yolo.md"
    if page.exists():
        page.write_text(filled(page.read_text(), json.loads((RESULTS / "detectors.json").read_text())))


if __name__ == "__main__":
    main()
