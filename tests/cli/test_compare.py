"""`symcost compare`: a formula beside XLA's figures."""

from __future__ import annotations

from tests.cli.conftest import MODELS

WORDS = ("compare", f"{MODELS}:Box.dense", "--arg", "B F")


def test_figures_at_two_points(run):
    text = run(*WORDS, "--at", "B=2,F=3", "--at", "B=40,F=500", "--target", "cpu").stdout
    assert "  at (2)      B=40, F=500" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["(1)", "flops", "before", "98", "98", "none"] in [line[:6] for line in lines]
    assert any(line[:4] == ["(2)", "flops", "before", "280,280"] for line in lines)
    assert "bytes_accessed, after optimisation" in text


def test_rows_for_machines(run_json):
    found = run_json(*WORDS, "--at", "B=2", "--at", "F=3")
    row = next(r for r in found["rows"] if (r["quantity"], r["stage"]) == ("flops", "before optimisation"))
    assert (row["formula"], row["xla"], row["ratio"]) == (2 * 2 * 3 * 7 + 2 * 7, 98, 1)
    assert row["sizes"] == {"B": 2, "F": 3}
    assert {r["target"] for r in found["rows"]} == {"cpu"}
    assert all(r["unexplained"] == 0 for r in found["rows"])


def test_a_target_that_nobody_knows(run):
    lines = run(*WORDS, "--at", "B=2,F=3", "--target", "abacus", code=1).stderr.splitlines()
    assert "abacus" in lines[0]
    assert lines[-1].startswith("  to do: ")


def test_a_size_is_missing(run):
    lines = run(*WORDS, "--at", "B=2", code=1).stderr.splitlines()
    assert lines == ["no size was given for F", "  where: the formula holds for B >= 1, F >= 1", "  to do: add F=1"]


def test_figures_by_module(run, run_json):
    words = ("compare", "zoo:mlp", "--at", "B=3,F=4,H=5,C=2", "--by-module")
    lines = [line.split() for line in run(*words, "--depth", "1").stdout.splitlines()]
    total = run_json(*words)["rows"][0]["formula"]
    assert ["MLP", *[f"{total:,}"] * 3] in lines
    modules = run_json(*words, "--depth", "2")["modules"]
    assert [m["quantity"] for m in modules] == ["flops", "transcendentals", "bytes_accessed"]
    dense = next(row for row in modules[0]["rows"] if row["module"] == "MLP/Dense_0")
    assert dense["formula"] == dense["before"] == 2 * 3 * 4 * 5 + 3 * 5
    assert modules[0]["total"]["formula"] == total


def test_a_depth_without_modules(run):
    assert "--by-module --depth 1" in run(*WORDS, "--at", "B=2,F=3", "--depth", "1", code=2).stderr
