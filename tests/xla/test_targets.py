"""Names of targets, and what compiling for them needs."""

from __future__ import annotations

import pytest

import symcost as sc
from symcost.errors import TargetError
from symcost.xla import packages as packages_
from symcost.xla.packages import packages
from symcost.xla.targets import TARGETS, target


def test_the_cpu_is_a_target_of_this_machine():
    assert target("cpu") is TARGETS["cpu"]
    assert target(TARGETS["cpu"]).platform == "cpu"
    assert not target("cpu").remote


def test_every_chip_has_what_its_compiler_must_know():
    for row in TARGETS.values():
        assert row.remote == bool(row.topology) == (row.platform in packages_.COMMANDS)
        assert bool(row.config) == (row.platform == "cuda")
        assert row.config.count("{") == row.config.count("}")
    assert "core_count: 132" in TARGETS["gpu-h100"].config
    assert 'name: "NVIDIA B200"' in TARGETS["gpu-b200"].config


def test_every_platform_can_be_lowered_for():
    cost = sc.trace(lambda x: x * 2.0, sc.array((3,)))
    for platform in {row.platform for row in TARGETS.values()}:
        assert cost.under("xla", platform=platform).at().flops == 3


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("tpu-v5", "tpu-v5p, tpu-v5e"), ("h100", "gpu-h100"), ("CPUs", "cpu"), ("abacus", ", ".join(TARGETS))],
)
def test_an_unknown_target_lists_the_near_ones(wrong, near):
    with pytest.raises(TargetError) as error:
        target(wrong)
    assert error.value.what == f"no target is called {wrong!r}"
    assert set(near.split(", ")) <= set(error.value.todo.removeprefix("one of ").split(", "))


@pytest.mark.parametrize("wrong", [None, 5, ("cpu",)])
def test_what_is_no_name_is_an_unknown_target(wrong):
    with pytest.raises(TargetError, match="no target is called"):
        target(wrong)


# -- packages -----------------------------------------------------------------------------
@pytest.fixture
def nothing_installed(monkeypatch, tmp_path):
    monkeypatch.setenv(packages_.FOLDER, str(tmp_path))
    monkeypatch.setattr(packages_, "_versions", lambda names, path: {})


def test_what_fits_the_installed_jax_is_what_jax_says(nothing_installed):
    (libtpu,) = packages("tpu").requirements
    assert libtpu.startswith("libtpu==0.0.")
    plugin, runtime, compiler = packages("cuda").requirements
    assert plugin.removeprefix("jax-cuda12-plugin") == runtime.removeprefix("jax-cuda12-pjrt") != ""
    assert compiler.startswith("nvidia-cuda-nvcc-cu12")
    assert packages("cuda").missing == packages("cuda").requirements


def test_targets_without_a_compiler_are_refused_before_anything_is_traced(nothing_installed):
    with pytest.raises(TargetError) as error:
        sc.xla.analyze(lambda x: x / 0, sc.array((3,)), target="tpu-v5e")
    assert error.value.what.startswith("compiling for tpu-v5e needs libtpu")
    assert error.value.todo == "symcost targets install tpu"
    cost = sc.trace(lambda x: x + 1.0, sc.array("N"))
    with pytest.raises(TargetError, match="symcost targets install gpu"):
        sc.compare(cost, targets=["cpu", "gpu-h100"], at={"N": 3})


def test_a_package_of_another_version_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv(packages_.FOLDER, str(tmp_path))
    monkeypatch.setattr(packages_, "_versions", lambda names, path: dict.fromkeys(names, "0.0.1"))
    assert packages("tpu").missing == packages("tpu").requirements


def test_an_installation_that_fails_says_what_pip_said(monkeypatch, nothing_installed):
    monkeypatch.setattr(packages_, "_requirements", lambda platform: ("no-such-package-of-anyone==1",))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(TargetError) as error:
        packages_.install("tpu")
    assert "No matching distribution found for no-such-package-of-anyone==1" in error.value.what
    assert "--target" in str(error.value.where)
