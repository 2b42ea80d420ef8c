"""`symcost crossover`: two programs, one symbol. The witnesses are both costs on either side of the answer."""

from __future__ import annotations

import shlex

import pytest

import symcost as sc
from symcost import crossing
from symcost.errors import SymcostError
from tests.cli.conftest import MODELS
from tests.docs.pages import ROOT

GRAPHS = (f"{MODELS}:edges --arg M:int32", f'{MODELS}:full --arg "N N"', "--arg", "N F")


def test_in_symbols(run):
    lines = [" ".join(line.split()) for line in run("crossover", *GRAPHS, "--wrt", "M").stdout.splitlines()]
    assert "first less second -2*N**2*F + F*M" in lines
    assert "equal at M = 2*N**2" in lines
    assert "for large M full is the smaller" in lines


def test_at_sizes(run_json):
    found = run_json("crossover", *GRAPHS, "--wrt", "M", "--at", "N=9,F=3", "--at", "N=2,F=5")
    (crossover,) = found["crossovers"]
    assert (found["first"], found["second"], found["wrt"]) == ("edges", "full", "M")
    assert crossover["solutions"] == ["2*N**2"]
    sizes = [(point["at"], point["crossings"]) for point in crossover["points"]]
    assert sizes == [
        ({"N": 9, "F": 3}, [{"size": 163, "before": "edges", "after": "full"}]),
        ({"N": 2, "F": 5}, [{"size": 9, "before": "edges", "after": "full"}]),
    ]
    costs = {
        "edges": run_json("trace", f"{MODELS}:edges", "--arg", "N F", "--arg", "M:int32"),
        "full": run_json("trace", f"{MODELS}:full", "--arg", "N F", "--arg", "N N"),
    }
    assert {name: cost["flops"] for name, cost in costs.items()} == {"edges": "F*M", "full": "2*N**2*F"}


def test_the_zoo_in_flops_and_bytes(run):
    words = ("zoo:gcn-sparse", "zoo:gcn-dense", "--wrt", "M", "--quantity", "flops", "--quantity", "bytes")
    text = run("crossover", *words, "--at", "N=2708,F=1433,H=16,C=7").stdout
    assert all(len(line) <= 80 for line in text.splitlines())
    lines = [line.split() for line in text.splitlines()]
    assert ["flops", "7,636,053", "gcn-sparse", "gcn-dense"] in lines
    assert ["bytes_accessed", "819,153", "gcn-sparse", "gcn-dense"] in lines


def test_options_outside_of_the_quotes_are_for_both(run_json):
    words = (f"{MODELS}:Net --set layers=1", f"{MODELS}:Net --set layers=2", "--arg", "B F", "--set", "width=H")
    (crossover,) = run_json("crossover", *words, "--wrt", "H", "--train", "--optimizer", "sgd")["crossovers"]
    one = run_json("trace", f"{MODELS}:Net", *words[2:], "--set", "layers=1", "--train", "--optimizer", "sgd")
    two = run_json("trace", f"{MODELS}:Net", *words[2:], "--set", "layers=2", "--train", "--optimizer", "sgd")
    sizes = {"B": 3, "F": 5, "H": 7}
    difference = eval(one["flops"], dict(sizes)) - eval(two["flops"], dict(sizes))
    assert eval(crossover["difference"], dict(sizes)) == difference != 0
    assert crossover["solutions"] == []


def test_where_nothing_crosses_the_smaller_one_is_named(run):
    text = run("crossover", f"{MODELS}:edges", f"{MODELS}:edges_twice", "--arg", "N F", "--arg", "M:int32",
               "--wrt", "M", "--at", "N=3,F=4").stdout  # fmt: skip
    assert ["flops", "none", "edges", "edges"] in [line.split() for line in text.splitlines()]


def test_a_domain_of_one_program_is_no_slip(run_json):
    found = run_json("crossover", *GRAPHS, "--wrt", "M", "--dim", "M%2")
    assert "M a multiple of 2" in found["domain"]


COMPLAINTS = {
    "no such symbol": (["--wrt", "K"], "neither program has the symbol 'K'", "--wrt N"),
    "no such size": (["--wrt", "M", "--at", "N=9"], "no size was given for F", "add F=64 to --at"),
    "an unused symbol": (["--wrt", "M", "--dim", "K%2"], "symbol K is used by no argument", "use K in a shape"),
    "no such quantity": (["--wrt", "M", "--quantity", "bites"], "does not define bites", "bytes_accessed"),
    "no such chip": (["--wrt", "M", "--chip", "h100"], "no chip is called 'h100'", "gpu-h100"),
}


@pytest.mark.parametrize("case", COMPLAINTS.values(), ids=COMPLAINTS)
def test_an_error_says_what_to_type(run, case):
    words, what, todo = case
    lines = run("crossover", *GRAPHS, *words, code=1).stderr.splitlines()
    assert what in lines[0]
    assert lines[-1].startswith("  to do: ")
    assert todo in lines[-1]


USAGE = {
    "no symbol": ([*GRAPHS], "--wrt"),
    "the symbol has a size": ([*GRAPHS, "--wrt", "M", "--at", "N=2,M=3"], "M is what is looked for"),
    "no second object": ([GRAPHS[0], "--wrt", "M"], "OBJECT"),
    "no such option in quotes": ([f"{MODELS}:edges --agr N", GRAPHS[1], "--wrt", "M"], "--agr"),
    "a quotation without end": ([f'{MODELS}:edges --arg "N', GRAPHS[1], "--wrt", "M"], "No closing quotation"),
    "seconds of no chip": ([*GRAPHS, "--wrt", "M", "--quantity", "seconds"], "--chip tpu-v5e"),
    "a chip for nothing": ([*GRAPHS, "--wrt", "M", "--quantity", "flops", "--chip", "tpu-v5e"], "--quantity seconds"),
}


@pytest.mark.parametrize("case", USAGE.values(), ids=USAGE)
def test_wrong_usage_is_exit_code_2(run, case):
    words, part = case
    assert part in " ".join(run("crossover", *words, code=2).stderr.replace("│", "").split())


def test_a_chip_is_handed_on_with_seconds_alone(run, monkeypatch):
    asked = []

    def spy(a, b, **options):
        asked.append(options)
        raise SymcostError("enough")

    monkeypatch.setattr(crossing, "crossover", spy)
    run("crossover", *GRAPHS, "--wrt", "M", "--chip", "tpu-v5e", code=1)
    run("crossover", *GRAPHS, "--wrt", "M", code=1)
    assert asked == [{"wrt": "M", "quantity": "seconds", "chip": sc.chip("tpu-v5e")}, {"wrt": "M", "quantity": "flops"}]


def test_the_page_shows_what_is_printed(run):
    page = (ROOT / "docs" / "crossover.md").read_text()
    block = page[page.index("```console\n$ symcost crossover") :].split("```")[1]
    command, _, shown = block.removeprefix("console\n$ symcost ").partition("\n")
    assert run(*shlex.split(command)).stdout.rstrip() == shown.rstrip()
