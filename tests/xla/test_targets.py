"""Names of targets: known and available, known but not available yet, misspelt."""

from __future__ import annotations

import pytest

import symcost as sc
from symcost.errors import TargetError
from symcost.xla.targets import TARGETS, target


def test_the_cpu_is_available():
    assert target("cpu") is TARGETS["cpu"]
    assert target(TARGETS["cpu"]).platform == "cpu"


@pytest.mark.parametrize("name", [name for name, row in TARGETS.items() if not row.available])
def test_a_target_that_is_not_available_yet_says_so(name):
    with pytest.raises(TargetError) as error:
        target(name)
    assert error.value.what == (
        f"the target {name!r} ({TARGETS[name].chip}) is known, but this version of symcost cannot compile for it yet"
    )
    assert error.value.todo.startswith("target='cpu'; cost.under('xla', platform=")


def test_the_platforms_that_the_message_offers_can_be_lowered_for():
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
    found, available = error.value.todo.split("; ")
    assert set(near.split(", ")) <= set(found.removeprefix("one of ").split(", "))
    assert available == "available now: cpu"


@pytest.mark.parametrize("wrong", [None, 5, ("cpu",)])
def test_what_is_no_name_is_an_unknown_target(wrong):
    with pytest.raises(TargetError, match="no target is called"):
        target(wrong)


def test_compare_and_analyze_ask_for_targets_before_anything_is_compiled():
    with pytest.raises(TargetError):
        sc.xla.analyze(lambda x: x / 0, sc.array((3,)), target="tpu-v5e")
    cost = sc.trace(lambda x: x + 1.0, sc.array("N"))
    with pytest.raises(TargetError):
        sc.compare(cost, targets=["cpu", "gpu-h100"], at={"N": 3})
