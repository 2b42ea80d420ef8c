"""`symcost diff`: two files, or a file and a model; the exit code says whether something grew."""

from __future__ import annotations

import json

import pytest

import symcost as sc
from symcost.dims import declarations, forget
from tests.cli.conftest import MODELS

NET = ("--arg", "B F", "--set", "width=H")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("costs")
    with declarations():
        forget()
        B, F, H = sc.dims("B F H")
        dense = lambda x, w: x @ w
        more = lambda x, w: x @ w + x.sum()
        for name, fn in (("old", dense), ("new", more)):
            sc.trace(fn, sc.array((B, F)), sc.array((F, H))).save(folder / f"{name}.json", conventions=["macs"])
        sc.trace(dense, sc.array("N F"), sc.array("F H")).save(folder / "other.json")
    return folder


@pytest.fixture
def diff(run, files, monkeypatch):
    monkeypatch.chdir(files)
    return lambda *words, code=0: run("diff", *words, code=code)


def test_two_files(diff):
    text = diff("old.json", "new.json").stdout
    assert all(len(line) <= 80 for line in text.splitlines())
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "old <lambda> (old.json)" in lines
    assert "(outside of modules) changed 2*B*F*H 2*B*F*H + B*F + B*H - 1 B*F + B*H - 1" in lines


def test_on_a_wide_screen_a_row_is_a_line(diff, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    lines = [" ".join(line.split()) for line in diff("old.json", "new.json").stdout.splitlines()]
    assert "flops 2*B*F*H 2*B*F*H + B*F + B*H - 1 B*F + B*H - 1" in lines


def test_growth_at_sizes_decides_the_exit_code(diff):
    words = ("old.json", "new.json", "--quantity", "flops", "--at", "B=1,F=2,H=500", "--max-growth")
    text = diff(*words, "25.1%").stdout
    assert "note: no total grew by more than 25.1% at these sizes" in text
    text = diff(*words, "25%", code=1).stdout
    assert "! grew by more than 25%: flops +25.050% at B=1, F=2, H=500" in text
    diff(*words, "25%", "--at", "B=1,F=1000,H=1000", code=1)


def test_without_sizes_all_are_meant(diff):
    words = ("old.json", "new.json", "--quantity", "flops", "--max-growth")
    assert "at B=2, F=1, H=1" in " ".join(diff(*words, "50%", code=1).stdout.split())
    assert "no total grew by more than 100% at any size" in diff(*words, "100%").stdout
    diff("new.json", "old.json", "--max-growth", "0%")
    diff("old.json", "old.json", "--max-growth", "0%")


def test_as_json(diff):
    words = ("old.json", "new.json", "--quantity", "flops", "--at", "B=2,F=3,H=5", "--max-growth", "1%", "--json")
    found = json.loads(diff(*words, code=1).stdout)
    assert found["same"] is False
    assert found["totals"] == [
        {
            "quantity": "flops",
            "kind": "changed",
            "old": "2*B*F*H",
            "new": "2*B*F*H + B*F + B*H - 1",
            "difference": "B*F + B*H - 1",
        }
    ]
    assert found["points"][0]["growth"][0] == {"quantity": "flops", "old": 60, "new": 75, "growth": 0.25}
    assert found["gate"]["max_growth"] == 0.01
    assert found["gate"]["grown"][0]["at"] == {"B": 2, "F": 3, "H": 5}
    assert json.loads(diff("old.json", "old.json", "--json").stdout)["gate"] is None


def test_as_markdown(diff):
    text = diff("old.json", "new.json", "--markdown", "--quantity", "flops", "--at", "B=2,F=3,H=5").stdout
    assert text.startswith("### Costs before and after\n")
    assert "| flops | 60 | 75 | +25.000% |" in text


def test_a_model_against_a_file(diff, run, files):
    run("trace", f"{MODELS}:Net", *NET, "--save", str(files / "net.json"))
    model = f"{MODELS}:Net --arg 'B F' --set width=H"
    assert "nothing changed" in diff("net.json", model, "--max-growth", "0%").stdout
    text = diff("net.json", f"{model} --set layers=3", "--quantity", "params", "--max-growth", "0%", code=1).stdout
    assert f"new         Net ({MODELS}:Net)" in " ".join(text.split()) or "models.py:Net" in text


def test_other_conventions_of_a_file(diff):
    text = diff("old.json", "new.json", "--convention", "macs").stdout
    assert "convention  macs" in text
    assert "nothing changed" in text
    assert "store it" in diff("old.json", "new.json", "--convention", "xla", code=2).stderr


COMPLAINTS = {
    "no such file": (["old.json", "gone.json"], "gone.json cannot be read"),
    "other symbols": (["old.json", "other.json", "--at", "B=1,F=1,H=1"], "no size was given for N"),
    "a size that neither has": (["old.json", "new.json", "--at", "B=1,F=1,H=1,T=1"], "unknown symbol 'T' in --at"),
    "a size is missing": (["old.json", "new.json", "--at", "B=1"], "no size was given for F, H"),
    "a size of 0": (["old.json", "new.json", "--at", "B=0,F=1,H=1"], "B=0 is below"),
    "no such quantity": (["old.json", "new.json", "--quantity", "flosp"], "did you mean flops?"),
    "no such convention": (["old.json", "new.json", "--convention", "mac"], "no convention is called 'mac'"),
    "no file and no model": (["old.json", "new"], "'new' names no object"),
    "a model that is not there": (["old.json", f"{MODELS}:Nett"], "Nett"),
    "a quotation without end": (["old.json", f"{MODELS}:Net --arg 'B"], "No closing quotation"),
    "an option of a model that is none": (["old.json", f"{MODELS}:Net --agr 'B F'"], "--agr"),
    "a growth without percent": (["old.json", "new.json", "--max-growth", "1"], "write --max-growth 1%"),
    "a growth of words": (["old.json", "new.json", "--max-growth", "some%"], "write --max-growth 1%"),
    "a growth below 0": (["old.json", "new.json", "--max-growth", "-1%"], "is below 0"),
    "two formats": (["old.json", "new.json", "--json", "--markdown"], "one of --markdown and --json"),
    "one side": (["old.json"], "NEW"),
    "depth of 0": (["old.json", "new.json", "--depth", "0"], "--depth"),
    "points without values": (["old.json", "new.json", "--at", "B"], "is not NAME=VALUE"),
}


@pytest.mark.parametrize("case", COMPLAINTS.values(), ids=COMPLAINTS)
def test_errors_have_an_exit_code_of_their_own(diff, case):
    words, text = case
    assert text in " ".join(diff(*words, code=2).stderr.replace("│", " ").split())


def test_other_symbols_are_told(diff):
    text = " ".join(diff("old.json", "other.json").stdout.split())
    assert "only the old side has the symbol B" in text
    assert "only the new side has the symbol N" in text
