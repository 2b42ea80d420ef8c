"""`symcost annotate`, and the options of `symcost trace` about growth and terms."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import MODELS

NET = (f"{MODELS}:Net", "--arg", "B F", "--set", "width=H")


def test_a_listing(run):
    text = run("annotate", *NET).stdout
    assert "flops of Net, line by line" in text
    assert "x = getattr(nn, self.activation)(nn.Dense(self.width)(x))" in text
    assert text.splitlines()[-1].split()[:2] == ["total", "FLOPs"]
    assert "%" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_shares_at_sizes(run):
    text = run("annotate", *NET, "--at", "B=2,F=3,H=4", "--quantity", "bytes_accessed").stdout
    assert "100.0%" in text
    assert "bytes_accessed of Net" in text


def test_a_part_of_the_sizes_is_bound(run):
    text = run("annotate", *NET, "--at", "B=2").stdout
    assert "B" not in text.splitlines()[-1].split("FLOPs")[1]
    assert "%" not in text


def test_a_training_step_and_json(run):
    found = json.loads(
        run("annotate", *NET, "--train", "--optimizer", "sgd", "--at", "B=2,F=3,H=4", "--json").stdout
    )  # fmt: skip
    assert found["quantity"] == "flops"
    assert found["at"] == {"B": 2, "F": 3, "H": 4}
    assert sum(line["value"] for line in found["lines"]) + found["elsewhere"]["value"] == found["total"]["value"]
    assert all(line["source"] for line in found["lines"] if line["file"] == MODELS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--quantity", "params"), "params belongs to no line of code"),
        (("--quantity", "flop"), "there is no quantity 'flop'"),
        (("--convention", "xla"), "not told apart under the convention 'xla'"),
        (("--convention", "macs"), "macs"),
        (("--at", "B=1,F=1,H=1", "--at", "B=2,F=2,H=2"), "one point"),
        (("--at", "B=0,F=1,H=1"), "below"),
    ],
)
def test_wrong_requests(run, words, said):
    result = run("annotate", *NET, *words, code=1)
    assert said in result.stderr, result.stderr


def test_growth_and_terms_in_a_report(run):
    words = ("--big-o", "--assume", "F << H", "--explain", "B*H**2", "--explain", "bytes_accessed:B*H")
    text = run("trace", *NET, *words).stdout
    assert "O(B*H**2)" in text
    assert "assuming    F << H" in text
    assert "2*B*H**2 in the flops of Net" in text
    assert "in the bytes_accessed of Net" in text
    found = json.loads(run("trace", *NET, "--big-o", "--explain", "B*H**2", "--json").stdout)
    assert found["big_o"] == {"flops": "O(B*F*H + B*H**2)"}
    assert [row["coefficient"] for row in found["explained"]] == [2]
    assert found["explained"][0]["primitive"] == "dot_general"


def test_assumptions_about_sizes_that_are_bound_are_left_out(run):
    text = run("trace", *NET, "--assume", "F << H", "--at", "F=3").stdout
    assert "O(B*H**2)" in text
    assert "assuming" not in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--assume", "F"), "compares nothing"),
        (("--assume", "Q << F"), "unknown symbol 'Q'"),
        (("--assume", "F << F"), "contradict"),
        (("--explain", "B*H**9"), "flops has no term B*H**9"),
        (("--explain", "speed:B"), "speed"),
    ],
)
def test_wrong_words_about_growth(run, words, said):
    result = run("trace", *NET, *words, code=1)
    assert said in result.stderr, result.stderr
