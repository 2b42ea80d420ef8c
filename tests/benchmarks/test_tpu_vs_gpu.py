"""The benchmark over all chips: what it measures, here for a CPU alone, and what it makes of the figures."""

from __future__ import annotations

import doctest
from typing import Any

import plots
import pytest
import ratios
import tpu_vs_gpu

import symcost as sc
from symcost import zoo

SMALL = {"B": 8, "F": 16, "H": 32, "C": 4}


@pytest.fixture
def row(monkeypatch) -> dict[str, Any]:
    """The forward pass of a small MLP on the CPU, with figures of a TPU and a GPU made up beside it."""
    monkeypatch.setitem(tpu_vs_gpu.SIZES, "mlp", SMALL)
    found = tpu_vs_gpu.measure("mlp", "forward", targets=("cpu",))
    cost = zoo.get("mlp").trace()
    for chip in ("tpu-v5e", "gpu-h100"):
        moment = sc.roofline(cost, chip).at(**SMALL)
        found["predicted"][chip] = {"seconds": moment.seconds, "binds": moment.binds, "terms": dict(moment.terms)}
        found["xla"][chip] = {**found["xla"]["cpu"], **expecting(2 * moment.seconds)}
    return found


def expecting(seconds: float, loops: int = 0, custom_calls: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"optimal_seconds": seconds, "loops": loops, "custom_calls": list(custom_calls)}


def test_what_is_measured(row):
    values = zoo.get("mlp").trace().at(**SMALL)
    assert row["formula"]["flops"] == values.flops == row["xla"]["cpu"]["flops"]
    assert row["formula"]["peak_memory"] == values.peak_memory
    assert row["sizes"] == SMALL
    assert not row["failures"]
    assert not row["wrong"]
    assert ratios.ratio(row, "cpu", "flops") == 1.0
    assert ratios.ratio(row, "tpu-v6e", "flops") is None


def test_every_model_has_sizes():
    assert set(tpu_vs_gpu.SIZES) == set(zoo.names("reference"))
    for name, sizes in tpu_vs_gpu.SIZES.items():
        assert set(sizes) == {dim.name for dim in zoo.get(name).dims}


def made_up(model: str, ours: float, theirs: dict[str, Any] | None) -> dict[str, Any]:
    xla = {"tpu-v5e": theirs} if theirs else {}
    return {"model": model, "program": "forward", "predicted": {"tpu-v5e": {"seconds": ours}}, "xla": xla}


def test_seconds_that_say_nothing_are_left_out_and_listed():
    rows = [
        made_up("a", 1.0, expecting(2.0)),
        made_up("b", 2.0, expecting(8.0)),
        made_up("c", 3.0, expecting(4.0, custom_calls=("Gather",))),
        made_up("d", 4.0, expecting(16.0)),
        made_up("e", 9.0, expecting(1e-6, loops=1)),
        made_up("f", 9.0, expecting(-0.99, custom_calls=("Other",))),
        made_up("g", 9.0, None),
    ]
    found = ratios.ranking(rows, "tpu-v5e")
    assert found["usable"]["spearman"] == 0.8
    assert found["without_custom_calls"]["spearman"] == 1.0
    assert found["usable"]["ratio"] == ratios.distribution([0.5, 0.25, 0.75, 0.25])
    left_out = {"e forward": "a loop", "f forward": "a custom call at -1 s", "g forward": "it does not compile"}
    assert found["left_out"] == left_out


def test_the_examples_of_the_statistics_hold():
    assert doctest.testmod(ratios).failed == 0


def test_the_printed_tables_fit_80_columns(row, capsys):
    row |= {"model": "transformer-block", "program": "training"}
    found = ratios.distributions([row], ("cpu", "tpu-v5e"), ("training",))
    tpu_vs_gpu.show([row], found, [ratios.ranking([row] * 3, "tpu-v5e")])
    printed = capsys.readouterr().out
    assert "transformer-block training" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_plots_are_drawn(row, tmp_path):
    pytest.importorskip("matplotlib", reason="plots need the extra symcost[plot]").use("Agg")
    drawn = [plots.roofline_plot([row], "tpu-v5e"), plots.roofline_plot([row], "gpu-h100")]
    drawn += [plots.seconds_plot([row]), plots.ratio_plot([row], ["cpu", "tpu-v5e"])]
    for number, figure in enumerate(drawn):
        plots._saved(figure, tmp_path / str(number))
    assert len(list(tmp_path.glob("*.svg"))) == len(list(tmp_path.glob("*.png"))) == 4
