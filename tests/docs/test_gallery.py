"""The gallery is what the files of results say, has every model of the zoo, and names causes rightly."""

from __future__ import annotations

import json
import math
import re

import pytest
from gallery import SIZES
from gallery_page import GALLERY, RESULTS, WORDS, compiled, gallery_filled, gallery_parts, ratios, reasons

from symcost import zoo
from symcost.xla.causes import SENTENCES

FILES = sorted(RESULTS.glob("gallery-*.json"))
ROWS = [row for path in FILES for row in json.loads(path.read_text())["rows"]]
FUNCTIONS = {
    "floor": math.floor,
    "ceil": math.ceil,
    "floor_log2": lambda n: int(n).bit_length() - 1,
    "ceil_log2": lambda n: (int(n) - 1).bit_length(),
}


def figure(target: str, stage: str, xla: int, *causes: tuple[str, int, str], restored: int = 0) -> dict:
    """XLA counts `xla` where the formula has 1,000."""
    counted = {"formula": 1000, "xla": xla, "restored": restored or xla, "reasons": causes}
    return {"target": target, "stage": f"{stage} optimisation", **counted}


def test_the_page_is_what_was_compiled():
    page = GALLERY.read_text()
    assert page.count("<!-- gallery -->") == 1
    assert gallery_filled(page, zoo.names()) == page, "the results are newer: python benchmarks/gallery.py SYSTEM"


def test_every_model_of_the_zoo_stands_there_once():
    found = [row["model"] for row in ROWS]
    assert len(found) == len({*found})
    page = GALLERY.read_text()
    missing = page.partition("Not compiled yet: ")[2].partition(".\n")[0]
    assert {*found} | {*re.findall("`([^`]+)`", missing)} == {*zoo.names()}
    assert not {*found} & {*re.findall("`([^`]+)`", missing)}


@pytest.mark.parametrize("row", ROWS, ids=[row["model"] for row in ROWS])
def test_formulas_give_the_figures_beside_them(row):
    for text, counted in (
        (row["formula"], {f["formula"] for f in row["figures"]}),
        (row.get("integer_formula") or str(row["integers"]), {row["integers"]}),
    ):
        value = eval(re.sub(r"\[(\w+) = (\w+)\]", r"(\1 == \2)", text), {**FUNCTIONS, **row["sizes"]})
        assert {value} == counted


@pytest.mark.parametrize("row", ROWS, ids=[row["model"] for row in ROWS])
def test_causes_add_up_to_the_difference(row):
    assert len(row["figures"]) == 6
    for found in row["figures"]:
        before = next(f for f in row["figures"] if f["target"] == found["target"])
        amounts = {kind: amount for kind, amount, _ in found["reasons"]}
        assert sum(amounts.values()) == found["xla"] - found["formula"]
        assert amounts.get("before", before["xla"] - before["formula"]) == before["xla"] - before["formula"]


def test_sizes_are_of_models_with_these_symbols():
    assert {*SIZES} <= {*zoo.names()}
    for row in ROWS:
        assert [*row["sizes"]] == zoo.get(row["model"]).symbols.split()


def test_causes_have_words():
    assert {*WORDS} <= {*SENTENCES}
    assert {kind for row in ROWS for f in row["figures"] for kind, _, _ in f["reasons"]} <= {"before", *WORDS}


def test_causes_are_named_where_they_move_a_figure():
    figures = [
        figure("cpu", "before", 900, ("padding", -110, "conv"), ("select", 10, "")),
        figure("cpu", "after", 905, ("before", -100, ""), ("repeated", 55, "eq"), ("gone", -50, "eq")),
        figure("gpu", "before", 900, ("padding", -110, "conv"), ("select", 10, "")),
        figure("gpu", "after", 1, ("before", -100, ""), ("library", -870, "conv"), ("gone", -29, "add"), restored=870),
    ]
    row = {"model": "net", "integers": 0, "figures": figures}
    assert [*reasons(row)] == [
        "taps on zeros do not count, −11&nbsp;%",
        "after on gpu: calls of a library count -1, −87&nbsp;%; instructions removed (`add`), −3&nbsp;%",
    ]
    assert ratios(row, "gpu") == ["0.900", "0.001 (0.870)"]
    assert ratios(row, "tpu") == ["failed"]


def test_integers_count_where_a_network_has_little_else():
    before = figure("cpu", "before", 64_000, ("integer", 65_000, "conv"), ("padding", -2000, "conv"))
    row = {"model": "net", "integers": 65_000, "figures": [before]}
    assert ratios(row, "cpu") == ["0.970"]
    assert [*reasons(row)] == ["taps on zeros do not count, −3&nbsp;%"]


def test_a_formula_of_nothing_has_no_ratio():
    row = {"model": "edge", "integers": 0, "figures": [{**figure("cpu", "before", 7), "formula": 0}]}
    assert ratios(row, "cpu") == ["7 for 0"]
    assert not [*reasons(row)]


def test_what_is_not_compiled_is_named():
    assert [*gallery_parts(compiled(), [*zoo.names(), "later", "too"])][-1].endswith("`later` and `too`.")
