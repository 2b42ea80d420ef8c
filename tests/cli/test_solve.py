"""`symcost solve`: the largest size within a budget. The witness is the cost on either side of the answer."""

from __future__ import annotations

import subprocess
import sys

import pytest

import symcost as sc
from tests.cli.conftest import MODELS


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("solve") / "dense.json"
    cost = sc.trace(lambda x, w: x @ w, sc.array("B F"), sc.array("F H"))
    cost.save(path)
    return str(path)


def test_a_file(run, run_json, stored):
    words = ("solve", stored, "--budget", "1e6", "--for", "B", "--at", "F=100,H=7")
    found = run_json(*words)
    assert (found["value"], found["next_value"], found["exact"]) == (714, 715, True)
    assert found["cost_at"] == 2 * 714 * 100 * 7 <= found["budget"] == 10**6 < found["next_cost"] == 2 * 715 * 100 * 7
    text = run(*words).stdout
    assert "B = 714 at F=100, H=7: flops 999,600, within the budget of 1,000,000" in text
    assert "B = 715 takes 1,001,000" in text


def test_a_program(run_json):
    words = ("solve", f"{MODELS}:full", "--arg", "N F", "--arg", "N N", "--budget", "1M", "--for", "N", "--at", "F=5")
    found = run_json(*words)
    assert 2 * found["value"] ** 2 * 5 == found["cost_at"] <= 10**6 < 2 * found["next_value"] ** 2 * 5
    assert run_json(*words, "--dim", "N%64")["value"] == found["value"] // 64 * 64


@pytest.mark.parametrize(
    ("budget", "limit"), [("16KiB", 2**14), ("16kB", 16000), ("16K", 16000), ("16384B", 2**14), ("1.6e4", 16000)]
)
def test_units(run_json, stored, budget, limit):
    found = run_json("solve", stored, "--quantity", "bytes", "--budget", budget, "--for", "B", "--at", "F=4,H=3")
    assert found["budget"] == limit
    assert found["cost_at"] <= limit < found["next_cost"]


def test_seconds(run_json, stored):
    words = ("--quantity", "seconds", "--chip", "tpu-v5e", "--budget", "2ms", "--for", "B", "--at", "F=4,H=3")
    found = run_json("solve", stored, *words)
    assert found["cost_at"] <= 0.002 < found["next_cost"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--budget", "1x", "--for", "B"), 2, "write 1e12, 3T, 16GiB or 5ms"),
        (("--budget", "-1", "--for", "B"), 2, "is no number"),
        (("--budget", "", "--for", "B"), 2, "is no number"),
        (("--budget", "9", "--for", "X"), 1, "no symbol 'X'"),
        (("--budget", "9", "--for", "B"), 1, "no size was given for F, H"),
        (("--budget", "9", "--for", "B", "--at", "B=3,F=1,H=1"), 1, "leave B= out"),
        (("--budget", "9", "--for", "B", "--at", "F=1,H=1,F=2"), 2, "each size is given once"),
        (("--budget", "9", "--for", "B", "--quantity", "seconds", "--at", "F=1,H=1"), 1, "seconds depend on the chip"),
        (("--budget", "9", "--for", "B", "--quantity", "flop", "--at", "F=1,H=1"), 1, "does not define flop"),
        (("--budget", "9", "--for", "B", "--chip", "tpu-v5e", "--at", "F=1,H=1"), 1, "the same on every chip"),
        (("--budget", "9"), 2, "--for"),
        (("--budget", "9", "--for", "B", "--arg", "B F"), 1, "holds a formula; --arg is for models that are traced"),
    ],
)
def test_what_is_wrong_is_said(run, stored, words, code, message):
    result = run("solve", stored, *words, code=code)
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_a_file_is_read_without_jax(stored):
    code = (
        "import sys; from symcost.cli.app import app; sys.argv = ['symcost', 'solve', sys.argv[1], '--budget', '9999',"
        "'--for', 'B', '--at', 'F=1,H=1']; app(standalone_mode=False); print({'jax', 'flax', 'sympy'} & {*sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code, stored], capture_output=True, text=True, check=True)
    assert "B = 4,999" in ran.stdout
    assert ran.stdout.endswith("set()\n")
