"""The cookbook's tables are what the files of results say."""

from __future__ import annotations

import json
import runpy

import pytest

from tests.docs.pages import ROOT

RESULTS = ROOT / "benchmarks" / "results"
SYSTEMS = [path.stem.partition("-")[2] for path in sorted(RESULTS.glob("gallery-*.json"))]
filled = runpy.run_path(str(ROOT / "benchmarks" / "gallery.py"))["filled"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_gallery_is_what_was_compiled(system):
    page = (ROOT / "docs" / "cookbook" / f"{system}.md").read_text()
    results = json.loads((RESULTS / f"gallery-{system}.json").read_text())
    assert page.count("<!-- gallery -->") == 1
    assert filled(page, results) == page, f"the results are newer: python benchmarks/gallery.py {system}"
    assert not any(row["failures"] for row in results["rows"])


@pytest.mark.parametrize("system", SYSTEMS)
def test_differences_from_xla_are_explained(system):
    results = json.loads((RESULTS / f"gallery-{system}.json").read_text())
    for row in results["rows"]:
        for figure in row["figures"]:
            assert abs(figure["unexplained"]) <= 0.01 * (figure["formula"] + row.get("integers", 0)), row["model"]


def test_the_table_of_detectors_is_what_was_computed():
    page = (ROOT / "docs" / "cookbook" / "yolo.md").read_text()
    results = json.loads((RESULTS / "detectors.json").read_text())
    assert runpy.run_path(str(ROOT / "benchmarks" / "detectors.py"))["filled"](page, results) == page
