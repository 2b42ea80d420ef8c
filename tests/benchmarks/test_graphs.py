"""Crossings of graph networks: the page shows the committed results, and what it says of them is so."""

from __future__ import annotations

import json

import graphs
import pytest

from tests.docs.pages import ROOT

RESULTS = json.loads((ROOT / "benchmarks" / "results" / "graphs.json").read_text())
PAGE = (ROOT / "docs" / "cookbook" / "graphs.md").read_text()


def test_the_page_shows_the_results():
    assert graphs.filled(PAGE, RESULTS) == PAGE, (
        "the results are newer than the page: python benchmarks/graphs.py --page"
    )
    assert [row["network"] for row in RESULTS["rows"]] == [*graphs.NETWORKS]


def test_memory_binds_everywhere_so_that_time_crosses_where_bytes_do():
    for row in RESULTS["rows"]:
        assert row["curves"]["fused_bytes"] == row["curves"]["tpu-v5e"] == row["curves"]["gpu-h100"]
        for program in graphs.PROGRAMS:
            found = row["programs"][program]
            for chip in graphs.CHIPS:
                assert found[chip]["graphs"] == found["fused_bytes"]["graphs"]


def test_chips_differ_for_wide_layers_in_the_order_that_the_page_says():
    edges = RESULTS["widths"]
    narrow, wide = graphs.HIDDEN.index(1024), graphs.HIDDEN.index(16_384)
    assert len({tuple(found[: narrow + 1]) for found in edges.values()}) == 1
    assert sorted(edges, key=lambda chip: -edges[chip][wide]) == ["gpu-a100", "gpu-h100", "tpu-v5e", "tpu-v6e"]


def test_dense_is_faster_on_cora_where_messages_are_not_transformed_first():
    faster = []
    for row in RESULTS["rows"]:
        sparse, dense = row["programs"]["forward"]["tpu-v5e"]["values"]["Cora"]
        faster += [row["network"]] * (dense < sparse)
    assert faster == ["GraphSAGE", "GIN"]


@pytest.mark.parametrize(
    ("text", "of", "found"),
    [
        ("2*N*F*H + 2*M*H + 7*M + N", "M", "2*H + 7"),
        ("4*N**2*E*H**2 - N**2 + N*U", "N**2", "4*E*H**2 - 1"),
        ("2*N*F*H", "M", "0"),
    ],
)
def test_what_stands_before_a_monomial(text, of, found):
    assert graphs.coefficient(text, of) == found


def test_shares_and_units_are_written_short():
    at = {"graphs": {"g": []}, "values": {"g": [3.0, 2.0]}}
    assert (graphs._share(at, "g", 10), graphs._share({**at, "values": {"g": [2.0, 3.0]}}, "g", 10)) == ("0 %", "never")
    at["graphs"]["g"] = [{"edges": 8, "then": "a-dense, training step"}]
    assert (graphs._share(at, "g", 10), graphs._share(at, "g", 8)) == ("8 %", "12 %")
    assert [graphs._bytes(n) for n in (12, 1234, 22_553 * 10**12)] == ["12 B", "1.23 kB", "22,553 TB"]
    assert [graphs._seconds(s) for s in (2.5e-7, 5.4e-5, 0.0071, 0.2, 795.3)] == [
        "0.25 µs",
        "54 µs",
        "7.1 ms",
        "200 ms",
        "795 s",
    ]
