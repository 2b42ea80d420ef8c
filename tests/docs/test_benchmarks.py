"""The page of benchmark results is what benchmarks/tables.py makes of the files, and names what misses a bar."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT

TABLES = runpy.run_path(str(ROOT / "benchmarks" / "tables.py"))
filled, section = TABLES["filled"], TABLES["section"]

WHERE = {"date": "2030-01-01 00:00 UTC", "commit": "0123456789abcdef", "python": "3.11.7", "jax": "0.10.2"}
WHERE |= {"machine": "Some CPU, 2 cores, Linux", "load": 0.5}


def once(seconds: float) -> dict[str, Any]:
    return {"median": seconds, "min": seconds, "max": seconds, "repeats": 1}


def analysis(model: str, tracing: float, ratio: float) -> dict[str, Any]:
    """An analysis of 10 points that takes 2 seconds."""
    taken = {"analysis": once(2.0), "of_it_tracing": once(tracing), "trace_never_traced": once(0.1)}
    ratios = {"ratio_never_traced": 0.9, "ratio_again": ratio, "trace_again": once(0.05)}
    return {"model": model, "program": "forward", "symbols": 3, "structural": ["L"], "points": 10, **taken, **ratios}


def saved(folder: Path, name: str, **results: Any) -> str:
    (folder / f"{name}.json").write_text(json.dumps({"measured": WHERE, **results}))
    return section(name, folder)


def test_the_page_is_what_was_measured():
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    assert filled(page) == page, "the results are newer than the page: python benchmarks/tables.py"
    assert page.count("<!-- results: ") == page.count("<!-- end -->") == len(TABLES["SECTIONS"])


@pytest.mark.parametrize("name", TABLES["SECTIONS"])
def test_what_is_not_measured_says_how_to(name, tmp_path):
    assert f"`python benchmarks/{name}.py`" in section(name, tmp_path)
    assert (ROOT / "benchmarks" / f"{name}.py").exists()


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    page = "before\n\n<!-- results: query -->\nold\n<!-- end -->\n\nafter <!-- end -->\n"
    found = filled(page, tmp_path)
    assert found.startswith("before\n\n<!-- results: query -->\n\nNot measured yet")
    assert found.endswith("<!-- end -->\n\nafter <!-- end -->\n")
    assert "old" not in found
    assert filled(found, tmp_path) == found


def test_analyses_above_the_bar_are_named(tmp_path):
    rows = [analysis("mlp", 1.9, 0.8), analysis("cnn", 1.9, 1.5), analysis("gat", 1.0, 1.25)]
    text = saved(tmp_path, "analysis", rows=rows)
    assert "2030-01-01 00:00 UTC on Some CPU, 2 cores, Linux (load 0.5 at the end), commit 0123456789:" in text
    assert "| cnn forward | 2 + 1 | 10 | 2.00 | 1.90 | 0.100 | 0.90 | 0.050 | **1.50** |" in text
    assert "all 3 programs are within the bar" in text
    assert "1 of 3 programs are within the bar. Above it: cnn forward (1.50) and gat forward (1.25)." in text
    assert "In 1 of these 2 tracing alone takes longer than the bar allows" in text
    assert "1.05 times that in the median, and 2.00 times at most (gat forward)" in text


def test_slow_evaluations_and_heavy_imports_are_named(tmp_path):
    row = {"program": "forward", "formula_characters": 5, "all_characters": 9, "first_call": 0.02, "one": 1e-5}
    rows = [{"model": "mlp", **row, "all": 2e-5}, {"model": "vit", **row, "all": 2e-3}]
    text = saved(tmp_path, "query", **{"import": {"seconds": once(0.2), "heavy": ["jax", "numpy"]}}, rows=rows)
    assert "imports jax and numpy: above the bar" in text
    assert "takes 2.000 ms; above the bar of 1 ms: vit forward (2.00)." in text
    text = saved(tmp_path, "query", **{"import": {"seconds": once(0.2), "heavy": []}}, rows=rows[:1])
    assert "imports none of JAX, Flax, optax, sympy and numpy: within the bar" in text
    assert "all within the bar" in text


def test_functions_that_miss_their_bar_are_named(tmp_path):
    rows = [
        {"model": name, "program": "forward", "sizes": 5, "seconds": once(seconds)}
        for name, seconds in (("gcn-sparse", 6e-6), ("transformer", 6e-6))
    ]
    batch = {"points": 10**7, "sum": once(0.01), "formula": once(0.04), "xla": once(0.02), "of_the_sum": 4.0}
    batch |= {"times_xla": 5e6, "largest_relative_error": 1e-7}
    text = saved(tmp_path, "functions", rows=rows, batch=batch)
    assert "| gcn-sparse forward | 5 | **6.00** | 5 |" in text
    assert "| transformer forward | 5 | 6.00 | 50 |" in text
    assert "4.00 times as long, above the bar of 3. Asking XLA takes 20 ms a point" in text
    assert "5,000,000 times its rate, above the bar of 100,000" in text


def figure(target: str, unexplained: int, stage: str = "after optimisation") -> dict[str, Any]:
    """XLA counts 1,500 where the formula has 1,000."""
    counted = {"formula": 1000, "xla": 1500, "unexplained": unexplained}
    return {"target": target, "quantity": "flops", "stage": stage, **counted}


def test_what_is_unexplained_on_a_chip_is_named(tmp_path):
    failure = {"sizes": {"N": 3}, "target": "gpu", "error": "it does not fit\n(more)"}
    rows = [
        {"model": "mlp", "figures": [figure("cpu", 0), figure("gpu", -4, "before optimisation"), figure("gpu", 2)],
         "failures": [], "notes": ["gpu: with cuBLAS"]},
        {"model": "cnn", "figures": [figure("cpu", -15)], "failures": [failure], "notes": []},
    ]  # fmt: skip
    rows = [{**row, "program": "forward", "sizes": {"N": 3}} for row in rows]
    text = saved(tmp_path, "chips", targets=["cpu", "gpu"], bar=0.01, rows=rows)
    assert "| mlp forward | +50.0% | +50.0% | 0.400% |" in text
    assert "| cnn forward | +50.0% | failed | 1.500% |" in text
    assert "3 of 4 compilations have figures; above the bar of 1%: cnn forward on cpu (1.50%)." in text
    assert "cnn forward failed on gpu: it does not fit\n" in text
    assert "mlp forward, gpu: with cuBLAS." in text


def test_what_was_measured_on_an_accelerator_is_shown_and_a_trial_on_a_cpu_is_not(tmp_path):
    row = {"model": "mlp", "program": "forward", "seconds": once(2e-3), "queued": once(1e-3), "peak_memory": 3e6}
    row |= {"predicted": {"seconds": 5e-4, "binds": "memory"}, "device_peak": 4_000_000, "device_peak_is_bound": True}
    device = {"kind": "TPU v5 lite", "platform": "tpu", "version": "a build"}
    found = {"measured": WHERE, "device": device, "chip": "tpu-v5e", "rows": [row]}
    for name in ("device-cpu", "device-tpu-v5-lite-quick"):
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
    assert "Not measured yet" in section("measure_device", tmp_path)
    (tmp_path / "device-tpu-v5-lite.json").write_text(json.dumps(found))
    text = section("measure_device", tmp_path)
    assert "### TPU v5 lite" in text
    assert "| mlp forward | 2 (2 - 2) | 1 (1 - 1) | 0.5 | 0.50 | at most 4.0 | 3.0 |" in text


def test_what_the_page_shows_has_been_drawn():
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    shown = re.findall(r"!\[[^\]]+\]\((plots/[^)]+)\)", page)
    assert len(shown) == 5
    assert all((ROOT / "docs" / name).exists() for name in shown)
