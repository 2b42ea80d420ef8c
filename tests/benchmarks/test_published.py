"""Published figures: the page is what was computed, and what was computed is so."""

from __future__ import annotations

import json

import pytest
from published import PAGE, RESULTS, filled, rows_of, verdict

from symcost import zoo

ROWS = json.loads((RESULTS / "published.json").read_text())["rows"]


def test_the_page_is_what_was_computed():
    page = PAGE.read_text()
    assert filled(page) == page, "the results are newer than the page: python benchmarks/published.py --page"


def test_every_published_figure_is_there_and_agrees():
    assert [(r["model"], r["quantity"]) for r in ROWS] == [
        (name, p.quantity) for name in zoo.names() for p in zoo.get(name).published
    ], "run python benchmarks/published.py"
    assert [r["model"] for r in ROWS if not r["agrees"]] == []
    assert all(r["reason"] for r in ROWS if r["correction"])


def test_parameters_and_products_that_are_stated_in_full_are_equal():
    exact = {(r["model"], r["quantity"]) for r in ROWS if r["formula"] + r["correction"] == r["published"]}
    assert exact >= {(name, "params") for name in ("vgg16", "resnet50", "alexnet", "mobilenet-v2", "efficientnet-b0")}


@pytest.mark.parametrize("name", ["lenet", "gcn-sparse"])
def test_figures_are_computed_again(name):
    assert json.loads(json.dumps(rows_of(name))) == [r for r in ROWS if r["model"] == name]


def test_what_differs_is_told():
    row = {"published": 1000, "agrees": False}
    assert verdict(row, 1010) == "+1.00%, **not explained**"
    assert verdict({**row, "agrees": True}, 1001) == "+0.10%, as printed"
    assert verdict(row, 1000) == "none"
