"""Chips as data: every figure with unit, source and date; and what a wrong file is told."""

from __future__ import annotations

import re

import pytest

import symcost as sc
from symcost.errors import ArgumentError, LoadError
from symcost.hardware.chip import read
from symcost.xla.targets import TARGETS

FIGURE = '{ value = 16e9, unit = "B", source = "a data sheet", date = "2026-11" }'
FILE = f"""
name = "mine"
title = "Mine"
kind = "ASIC"
memory = {FIGURE}
bandwidth = {FIGURE.replace('"B"', '"B/s"')}
[peak.matrix]
bfloat16 = {FIGURE.replace('"B"', '"FLOP/s"')}
"""


def test_every_target_but_the_cpu_is_a_chip():
    assert {c.name for c in sc.chips()} == set(TARGETS) - {"cpu"}
    assert [c.kind for c in sc.chips()] == ["TPU"] * 7 + ["GPU"] * 4


@pytest.mark.parametrize("chip", sc.chips(), ids=lambda c: c.name)
def test_figures_are_of_the_size_of_such_figures(chip):
    assert sc.chip(chip.name) is sc.chip(chip) is chip
    assert 10e9 < chip.memory.value < 300e9
    assert 100e9 < chip.bandwidth.value < 20e12
    assert 10e12 < chip.rate("bfloat16") < 10e15
    assert 30 < chip.ridge() < 1000
    for figure in (chip.memory, chip.bandwidth, *(f for by in chip.peak.values() for f in by.values())):
        assert figure.source
        assert re.fullmatch(r"\d{4}-\d\d", figure.date)


def test_figures_agree_with_what_compilers_are_told():
    for chip in sc.chips():
        if chip.kind == "GPU":
            told = int(re.search(r"memory_bandwidth: (\d+)", TARGETS[chip.name].config)[1])
            assert chip.bandwidth.value == pytest.approx(told)


def test_one_figure_of_each_kind():
    h100 = sc.chip("gpu-h100")
    assert h100.rate("float32", "vector") == pytest.approx(132 * 128 * 2 * 1.98e9)
    assert h100.rate("float8_e4m3fn") == h100.peak["matrix"]["float8"].value == 1979e12
    assert sc.chip("tpu-v5e").ridge() == pytest.approx(197e12 / 819e9)
    with pytest.raises(ArgumentError) as caught:
        h100.rate("float64")
    assert "has no peak for float64 on its matrix unit" in str(caught.value)
    assert "[peak.matrix] float64 = " in str(caught.value)


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    assert sc.chip(path) == sc.chip(str(path)) == read(FILE)
    assert (read(FILE).name, read(FILE).memory.value, read(FILE).interconnect) == ("mine", 16e9, None)
    with pytest.raises(LoadError, match="cannot be read"):
        sc.chip(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ('name = "mine"\n', "", "name is missing"),
        ('title = "Mine"', "title = 5", "title is 5, which is no text"),
        ("memory = {", "memorie = {", "memory is missing"),
        ('kind = "ASIC"', 'kind = "ASIC"\nbandwith = 5', "bandwith is unknown"),
        ("value = 16e9, ", "", "memory.value is missing"),
        ("value = 16e9", "value = -16e9", "memory.value is -16000000000.0, which is no positive number"),
        ("value = 16e9", "value = true", "memory.value is True"),
        ("value = 16e9", "value = inf", "memory.value is inf"),
        ('unit = "B"', 'unit = "GB"', "memory.unit is 'GB'"),
        ('source = "a data sheet"', 'source = ""', "memory.source is ''"),
        ('date = "2026-11"', 'date = "yesterday"', "memory.date is 'yesterday'"),
        ('date = "2026-11"', 'date = "2026-11", by = "me"', "memory.by is unknown"),
        ("memory = " + FIGURE, "memory = 16e9", "memory is 16000000000.0, without unit, source and date"),
        ("[peak.matrix]", "[peak.tensor]", "peak.matrix is missing"),
        ("[peak.matrix]", "[peak.matrix", "is no TOML"),
    ],
)
def test_what_is_missing_or_wrong_is_named(before, after, what):
    assert before in FILE
    with pytest.raises(LoadError) as caught:
        read(FILE.replace(before, after, 1), "mine.toml")
    assert what in str(caught.value)
    assert "where: mine.toml" in str(caught.value)
    assert "to do: " in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "near"), [("h100", "gpu-h100"), ("TPU-V5E", "tpu-v5e"), (5, "tpu-v2"), (None, "tpu-v2")]
)
def test_an_unknown_chip_lists_the_near_ones(wrong, near):
    with pytest.raises(ArgumentError) as caught:
        sc.chip(wrong)
    assert f"no chip is called {wrong!r}" in str(caught.value)
    assert near in str(caught.value)
