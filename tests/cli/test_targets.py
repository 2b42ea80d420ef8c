"""`symcost targets`, `symcost doctor`, and targets that `symcost compare` cannot reach."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from symcost.cli import platforms
from symcost.xla import device, packages
from symcost.xla.targets import TARGETS
from tests.cli.conftest import MODELS


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    """What a command sets for its own process is not left for other tests."""
    for name in (platforms.PLATFORMS, platforms.PREALLOCATE):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        if not os.environ[name]:
            monkeypatch.delenv(name)


@pytest.mark.parametrize("words", [("targets", "list"), ("doctor",)], ids=" ".join)
def test_every_target_and_the_device_of_this_machine(run_json, monkeypatch, words):
    monkeypatch.setattr(device, "accelerator", lambda: None)
    rows = {row["target"]: row for row in run_json(*words)["targets"]}
    assert [*rows] == [*TARGETS, "device"]
    assert (rows["device"]["state"], rows["cpu"]["state"]) == ("none", "ready")
    monkeypatch.setattr(device, "accelerator", lambda: SimpleNamespace(device_kind="NVIDIA H100 80GB HBM3"))
    rows = {row["target"]: row for row in run_json(*words)["targets"]}
    assert (rows["device"]["chip"], rows["device"]["state"]) == ("NVIDIA H100 80GB HBM3", "ready")


def test_what_cannot_be_compiled_for_is_said_before_anything_is_traced(run, monkeypatch, tmp_path):
    monkeypatch.setenv(packages.FOLDER, str(tmp_path))
    monkeypatch.setattr(packages, "_versions", lambda names, path: {})
    monkeypatch.setattr("symcost.api.trace", lambda *args, **options: pytest.fail("traced"))
    words = ("compare", f"{MODELS}:Box.dense", "--arg", "B F", "--at", "B=2,F=3", "--target")
    lines = run(*words, "cpu,gpu-h100", code=1).stderr.splitlines()
    assert lines[0].startswith("compiling for gpu-h100 needs jax-cuda12-plugin")
    assert lines[-1] == "  to do: symcost targets install gpu"
    assert "no target is called 'abacus'" in run(*words, "abacus", code=1).stderr
    monkeypatch.setattr(device, "accelerator", lambda: None)
    lines = run(*words, "device", code=1).stderr.splitlines()
    assert lines[0] == "JAX sees only a CPU here, and 'device' is an accelerator of this machine"
    assert lines[-1].startswith("  to do: --target cpu, or --target gpu-h100")


def test_jax_looks_for_chips_only_where_a_command_is_about_them(run, monkeypatch):
    seen = {}

    def accelerator():
        seen["platforms"] = os.environ.get(platforms.PLATFORMS)

    monkeypatch.setattr(device, "accelerator", accelerator)
    monkeypatch.delenv(platforms.PLATFORMS, raising=False)
    run("targets", "list")
    assert seen == {"platforms": None}
    run("trace", f"{MODELS}:Box.dense", "--arg", "B F")
    assert os.environ[platforms.PLATFORMS] == "cpu"
    # what the user says holds
    run("targets", "list")
    assert seen == {"platforms": "cpu"}
