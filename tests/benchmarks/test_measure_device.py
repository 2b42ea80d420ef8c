"""The benchmark of real accelerators, tried on the CPU."""

from __future__ import annotations

import doctest
import json
import sys

import jax
import measure
import measure_device
import pytest

from symcost import zoo

SMALL = {"B": 8, "F": 16, "H": 32, "C": 4}
GRAPH = {"N": 7, "M": 12, "F": 5, "H": 4, "C": 3}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """The script with these words, its children inside of this process and its results in `tmp_path`."""

    def child(script: str, *words: object, here: bool = False) -> dict:
        assert here
        return json.loads(json.dumps(measure_device.measured_here(*map(str, words))))

    def run(*words: str) -> None:
        monkeypatch.setattr(sys, "argv", ["measure_device.py", *words])
        measure_device.main()

    monkeypatch.setattr(measure_device, "child", child)
    monkeypatch.setattr(measure, "RESULTS", tmp_path)
    return run


@pytest.mark.parametrize("program", ["forward", "training"])
def test_a_program_is_timed_beside_its_prediction(program):
    found = measure_device.measure("mlp", program, 3, "tpu-v5e", SMALL)
    cost = zoo.get("mlp").trace() if program == "forward" else zoo.get("mlp").trace_training()
    formula = cost.seconds("tpu-v5e")
    at = {symbol: SMALL[symbol.name] for symbol in formula.free_symbols}
    assert found["predicted"]["seconds"] == pytest.approx(float(formula.subs(at)))
    assert found["peak_memory"] == cost.at(**SMALL).peak_memory
    for key in ("seconds", "queued"):
        assert 0 < found[key]["min"] <= found[key]["median"] <= found[key]["max"]
        assert found[key]["repeats"] == 3
    assert found["device_peak"] is None  # a CPU keeps no such figure


def test_indices_stay_below_what_they_count():
    entry = zoo.get("gcn-sparse")
    args = entry.trace().analysis.family.at(GRAPH).args
    leaves = jax.tree.leaves(measure_device.values(entry.at(GRAPH).arrays, args, GRAPH))
    edges = [leaf for leaf in leaves if leaf.dtype == "int32"]
    assert [leaf.shape for leaf in edges] == [(12,), (12,)]
    assert 1 < max(leaf.max() for leaf in edges) < 7


def test_a_cpu_is_refused_unless_allowed(run, tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"JAX sees only a CPU here .*\n.*--allow-cpu"):
        run("--model", "mlp")
    sizes = [word for name, size in SMALL.items() for word in ("--size", f"{name}={size}")]
    run("--allow-cpu", "--model", "mlp", "--program", "training", "--repeats", "2", *sizes)
    printed = capsys.readouterr().out
    assert "no seconds are predicted without --chip FILE.toml" in printed
    found = json.loads((tmp_path / "device-cpu-quick.json").read_text())
    assert found["device"]["platform"] == "cpu"
    assert found["chip"] is None
    assert found["rows"][0]["predicted"] is None
    assert found["rows"][0]["sizes"] == SMALL


def test_the_printed_table_fits_80_columns(capsys):
    once = {"median": 12.3456, "min": 12.0, "max": 13.0, "repeats": 2}
    row = {"model": "transformer-block", "program": "training", "seconds": once, "queued": once}
    row |= {"predicted": {"seconds": 12.3456e-6, "binds": "memory"}, "device_peak": 123_456_789_000}
    measure_device.show([{**row, "device_peak_is_bound": True, "peak_memory": 123_456_789_000}])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_chips_are_found_by_the_name_of_the_device():
    assert doctest.testmod(measure_device).failed == 0
    known = {kind: measure_device.chip_of(kind) for kind in ("TPU v4", "TPU7x", "NVIDIA A100-SXM4-80GB", "NVIDIA B200")}
    assert list(known.values()) == ["tpu-v4", "tpu-7x", "gpu-a100", "gpu-b200"]
    assert measure_device.chip_of("NVIDIA GeForce RTX 3090") is None
