"""Figures that others have published beside symcost's formulas, for every model of the zoo that has some.

    python benchmarks/published.py              compute, save, fill docs/published.md
    python benchmarks/published.py --page       fill the page from what is saved

Each figure is the value of a formula at the sizes where the other was taken (a training step is traced there), under
the convention that was stated, and a correction where the two count differently, with its reason
(`symcost.zoo.Published`).
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from measure import RESULTS, ROOT, save
from page_parts import replaced, table

PAGE = ROOT / "docs" / "published.md"


def rows_of(name: str) -> list[dict[str, Any]]:
    """What has been published about one model, beside what its formula says."""
    from symcost import zoo

    entry = zoo.get(name)
    if not entry.published:
        return []
    return [
        {
            "model": name,
            "title": entry.title,
            "program": p.program,
            "quantity": p.quantity,
            "at": dict(p.sizes),
            "published": p.figure,
            "tolerance": p.tolerance,
            "under": p.under,
            "formula": counted,
            "correction": p.beyond,
            "reason": p.why,
            "agrees": abs(counted + p.beyond - p.figure) <= p.tolerance * p.figure,
            "convention": p.convention,
            "source": p.source,
        }
        for p, counted in entry.beside_published()
    ]


def section(rows: list[dict[str, Any]]) -> list[str]:
    """The table, and a line for each convention and each reason of a correction."""
    lines, notes = [], {}

    def noted(text: str) -> str:
        return f"({notes.setdefault(text, len(notes) + 1)})"

    for row in rows:
        sizes = ", ".join(f"{name}={size}" for name, size in row["at"].items())
        counting = "" if row["under"] == "algorithm" else f" (here the convention {row['under']})"
        source = noted(f"{row['source']}: {row['convention']}{counting}.")
        added = f"{row['correction']:+,} {noted('Added: ' + row['reason'] + '.')}" if row["correction"] else ""
        lines.append(
            (
                f"`{row['model']}`",
                row["quantity"] + ("" if row["program"] == "forward" else f", {row['program']} step"),
                sizes,
                source,
                f"{row['published']:,.0f}",
                f"{row['formula']:,}",
                added,
                verdict(row, row["formula"] + row["correction"]),
            )
        )
    headings = ("model", "quantity", "at", "as said in", "published", "symcost", "added", "difference")
    # formulas have asterisks, and names of files underscores, which Markdown takes for emphasis
    listed = "\n".join(f"{number}. {_plain(note)}" for note, number in notes.items())
    return [table(headings, lines, labels=4), listed]


def _plain(text: str) -> str:
    """Text in which Markdown takes the asterisks of formulas, and underscores of names, for no emphasis."""
    return re.sub(r"([*_])", r"\\\1", text)


def verdict(row: dict[str, Any], counted: int) -> str:
    """How the two compare."""
    if counted == row["published"]:
        return "none"
    share = counted / row["published"] - 1
    return f"{share:+.2%}" + (", as printed" if row["agrees"] else ", **not explained**")


def filled(page: str, results: Path = RESULTS) -> str:
    """The text of the page with its table made anew."""
    rows = json.loads((results / "published.json").read_text())["rows"]
    return replaced(page, "results: published", section(rows))


def main() -> None:
    """Compute, print, save, fill the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", action="store_true", help="only fill the page from what is saved")
    if not parser.parse_args().page:
        from symcost import zoo

        rows = []
        for name in zoo.names():
            for row in rows_of(name):
                rows.append(row)
                print(f"{name} {row['quantity']}: {verdict(row, row['formula'] + row['correction'])}", flush=True)
        print(save("published", {"rows": rows}))
    PAGE.write_text(filled(PAGE.read_text()))


if __name__ == "__main__":
    main()
