"""The target "device". No accelerator is here: a CPU device takes its place, and the target "cpu" is the witness."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.errors import TargetError
from symcost.xla import device
from symcost.xla.compile import AFTER, BEFORE
from symcost.xla.targets import TARGETS, target


def layer(x, w):
    return jnp.tanh(x @ w)


@pytest.fixture
def present(monkeypatch):
    """A CPU device as the accelerator that JAX sees."""
    found = jax.devices("cpu")[0]
    monkeypatch.setattr(device, "accelerator", lambda: found)
    return found


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.setattr(device, "accelerator", lambda: None)


def test_a_cpu_is_no_accelerator():
    if jax.devices()[0].platform == "cpu":
        assert device.accelerator() is None
    else:
        assert device.accelerator() is jax.devices()[0]


def test_jax_without_any_device_of_its_platform(monkeypatch):
    def devices(platform=None):
        raise RuntimeError("Unable to initialize backend 'tpu': it is held by another process\n(more)")

    monkeypatch.setattr(jax, "devices", devices)
    assert device.accelerator() is None
    with pytest.raises(TargetError, match="held by another process") as error:
        target("device")
    assert "more" not in str(error.value.where)


def test_where_there_is_none_the_error_says_what_to_ask_for(absent):
    with pytest.raises(TargetError, match="JAX sees only a CPU here") as error:
        sc.xla.analyze(lambda x: x / 0, sc.array((3,)), target="device")
    assert error.value.todo == 'target="cpu", or target="gpu-h100" and others, which need not be here'
    assert "--target cpu, or --target gpu-h100" in error.value.on_command_line()
    assert "cpu" in error.value.where
    with pytest.raises(TargetError, match="JAX sees only a CPU here"):
        sc.compare(sc.trace(lambda x: x + 1.0, sc.array("N")), targets=["cpu", "device"], at={"N": 3})


def test_it_is_compiled_for_by_jax_itself(present):
    here = target("device")
    assert (here.here, here.remote, here.platform, here.config) == (True, False, "cpu", "")
    assert present.device_kind in here.chip
    assert "device" not in TARGETS


@pytest.mark.parametrize(
    ("platform", "version", "wanted"),
    [("tpu", "", "tpu"), ("gpu", "PJRT C API\ncuda 12090", "cuda"), ("gpu", "rocm 60000", "rocm")],
)
def test_whose_lowering_rules_hold(monkeypatch, platform, version, wanted):
    client = SimpleNamespace(platform_version=version)
    found = SimpleNamespace(platform=platform, client=client, device_kind="some chip")
    monkeypatch.setattr(device, "accelerator", lambda: found)
    assert target("device").platform == wanted
    assert not target("device").remote


def test_one_function(present):
    shapes = sc.array((3, 5)), sc.array((5, 7))
    found, cpu = (sc.xla.analyze(layer, *shapes, target=name) for name in ("device", "cpu"))
    assert (found.counts, found.memory, found.custom_calls) == (cpu.counts, cpu.memory, cpu.custom_calls)
    assert found.base == found.counts
    assert found.unoptimized.counts == cpu.unoptimized.counts
    assert [i.template.primitive for i in found.program.walk()] == [i.template.primitive for i in cpu.program.walk()]
    assert f"device, {present.device_kind}" in str(found)


def test_a_jitted_function_keeps_its_options(present):
    jitted = jax.jit(lambda x: x * 2.0, donate_argnums=0)
    assert sc.xla.analyze(jitted, sc.array((64,)), target="device").memory.aliased == 256


def test_a_comparison(present):
    cost = sc.trace(layer, sc.array("B F"), sc.array("F H"))
    found = sc.compare(cost, targets=["cpu", "device"], at={"B": 3, "F": 5, "H": 7})
    assert found.failures == ()
    for stage in (BEFORE, AFTER):
        for quantity in ("flops", "transcendentals", "bytes_accessed"):
            ours, theirs = (found.row(quantity, stage, target=name) for name in ("device", "cpu"))
            assert (ours.xla, ours.causes) == (theirs.xla, theirs.causes)
    assert f"device, {present.device_kind}, in this machine" in " ".join(str(found).split())


def test_a_compilation_that_fails_is_a_failure(present, monkeypatch):
    def broken(compiled, platform):
        raise RuntimeError("RESOURCE_EXHAUSTED: it does not fit")

    monkeypatch.setattr("symcost.xla.compile.of_device", broken)
    cost = sc.trace(layer, sc.array("B F"), sc.array("F H"))
    found = sc.compare(cost, targets=["cpu", "device"], at={"B": 3, "F": 5, "H": 7})
    assert [(f.target, "it does not fit" in f.error) for f in found.failures] == [("device", True)]
    assert {row.target for row in found.rows} == {"cpu"}


SECOND = """
import jax, symcost as sc
from symcost.xla import compile, device
first, second = jax.devices("cpu")
device.accelerator = lambda: second
seen = []
def spy(compiled, platform, of_device=compile.of_device):
    seen.append(compiled.runtime_executable().local_devices())
    return of_device(compiled, platform)
compile.of_device = spy
cost = sc.trace(lambda x: x * 2.0, sc.array("N"))
cost.under("xla").at(N=3)
found = sc.compare(cost, targets=["cpu", "device"], at={"N": 3}, quantities="flops")
sc.xla.analyze(lambda x: x * 2.0, sc.array((3,)), target="device")
assert [row.xla for row in found.rows] == [3] * 4, found
assert seen == [[second]] * 2, seen
"""


def test_what_is_compiled_is_compiled_for_this_device():
    """Of two devices the one that is not JAX's default, after the program has been traced for the other."""
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", SECOND], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
