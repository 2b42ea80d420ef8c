"""`symcost compare`: what it hands to `sc.compare`, and what it prints of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import symcost
from tests.cli.conftest import MODELS

WORDS = ("compare", f"{MODELS}:Box.dense", "--arg", "B F")


@dataclass(frozen=True)
class Row:
    quantity: str
    formula: int


@dataclass(frozen=True)
class Answer:
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        return "\n".join(f"{row.quantity} is {row.formula}" for row in self.rows)


@pytest.fixture
def asked(monkeypatch) -> list[dict[str, Any]]:
    """What `sc.compare` was asked; its answer is the formula's flops at each point."""
    calls = []

    def compare(cost, *, targets, at):
        calls.append({"targets": targets, "at": at})
        return Answer(tuple(Row("flops", cost.at(**point).flops) for point in at))

    monkeypatch.setitem(vars(symcost), "compare", compare)
    return calls


def test_points_and_targets_are_handed_over(run, asked):
    text = run(*WORDS, "--at", "B=2,F=3", "--at", "B=4,F=5", "--target", "cpu", "--target", "tpu-v5e").stdout
    assert asked == [{"targets": ["cpu", "tpu-v5e"], "at": [{"B": 2, "F": 3}, {"B": 4, "F": 5}]}]
    assert text == "flops is 98\nflops is 308\n"


def test_the_target_is_the_cpu_if_none_is_named(run, asked):
    run(*WORDS, "--at", "B=2", "--at", "F=3")
    assert asked == [{"targets": ["cpu"], "at": [{"B": 2, "F": 3}]}]


def test_rows_for_machines(run_json, asked):
    found = run_json(*WORDS, "--at", "B=2,F=3")
    assert found == {"name": "Dense", "rows": [{"quantity": "flops", "formula": 98}]}
