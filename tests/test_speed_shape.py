"""What keeps an analysis fast, counted instead of timed: points, and how often each part is asked to work."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost import cost as cost_module
from symcost import zoo
from symcost.analysis import Analysis
from symcost.conventions import convention
from symcost.polynomial import Poly
from symcost.rules.registry import Registry
from symcost.solve import Solver

LIMIT, STRUCTURAL_LIMIT = 12, 24
"""Points traced at most for four size symbols; with a structural symbol besides."""


@functools.cache
def layered(layers: int) -> tuple[sc.ProgramCost, dict[str, int]]:
    """A gradient through `layers` equal layers at symbolic batch and width, and how often parts of the work ran."""

    def model(weights: Any, x: Any) -> Any:
        for w in weights:
            x = jnp.tanh(x @ w) * 2.0
        return jnp.sum(jnp.square(x.reshape(-1)))

    def build(B: int, F: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        array = jax.ShapeDtypeStruct
        return jax.grad(model), ([array((F, F), "float32")] * layers, array((B, F), "float32"))

    counts: dict[str, int] = {}
    parts = {"rule": (Registry, "cost"), "search": (Solver, "search"), "trace": (Analysis, "_trace")}
    with ExitStack() as stack:
        for name, (owner, method) in parts.items():
            stack.enter_context(counted(owner, method, name, counts))
        cost = sc.trace_family(build, "B F")
    return cost, counts


def counted(owner: type, method: str, name: str, counts: dict[str, int]) -> Any:
    """Patch a method so that its calls are counted."""
    original = getattr(owner, method)

    def counting(*args: Any, **kwargs: Any) -> Any:
        counts[name] = counts.get(name, 0) + 1
        return original(*args, **kwargs)

    return mock.patch.object(owner, method, counting)


def operations(cost: sc.ProgramCost) -> int:
    """Operations of the program at a general point."""
    return max(sum(1 for _ in program.walk()) for program in cost.analysis.traces("jaxpr").programs.values())


def test_more_layers_are_more_operations_and_nothing_else():
    (few, few_counts), (many, many_counts) = layered(3), layered(24)
    assert operations(many) >= 6 * operations(few)
    assert many_counts["trace"] == few_counts["trace"]
    # equal operations are costed once and equal slots solved once, however many there are
    assert many_counts["rule"] == few_counts["rule"]
    assert many_counts["search"] == few_counts["search"] > 0


def test_the_layers_are_counted_all_the_same():
    (few, _), (many, _) = layered(3), layered(24)
    # the first layer has no gradient by its input
    assert [c.at(B=2, F=3).macs for c, _ in (layered(3), layered(24))] == [(3 * n - 1) * 18 for n in (3, 24)]
    assert few.at(B=2, F=3).flops < many.at(B=2, F=3).flops


@pytest.mark.parametrize("name", ["mlp", "gcn-dense", "lstm"])
def test_points_for_four_symbols(name):
    entry = zoo.get(name)
    assert len(entry.dims) == 4
    cost = entry.trace()
    assert len(cost.samples) <= LIMIT
    assert len({tuple(sizes.items()) for sizes in cost.samples}) == len(cost.samples)


def test_points_with_a_structural_symbol_besides():
    def build(B: int, T: int, F: int, H: int, L: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        def model(weights: Any, x: Any) -> Any:
            for first, second in weights:
                x = x + jnp.tanh(x @ first) @ second
            return x

        array = jax.ShapeDtypeStruct
        pair = (array((F, H), "float32"), array((H, F), "float32"))
        return model, ([pair] * L, array((B, T, F), "float32"))

    cost = sc.trace_family(build, "B T F H L")
    assert cost.text("macs") == "2*B*T*F*H*L"
    assert len(cost.samples) <= STRUCTURAL_LIMIT


def test_a_point_is_traced_once_for_all_conventions():
    cost = sc.trace(lambda x, w: jnp.tanh(x @ w), sc.array("N F"), sc.array("F H"))
    analysis = cost.analysis
    before = dict(analysis._traced)
    sizes = cost.samples[0]
    assert analysis.program("hlo", sizes).instructions
    assert analysis.program("jaxpr", sizes).instructions
    assert analysis._traced == before


def test_a_formula_is_compiled_once():
    cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
    with mock.patch.object(cost_module, "compile_size", wraps=cost_module.compile_size) as compiled:
        values = [cost.at(N=n, F=3, H=5).flops for n in (2, 3, 4)]
        assert values == [60, 90, 120]
        assert compiled.call_count == 1
        assert cost.at(N=2, F=3, H=5).bytes_accessed == 4 * (6 + 15 + 10)
        assert compiled.call_count == 2


def test_evaluating_traces_nothing():
    cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
    cost.text("bytes_accessed")
    with mock.patch.object(Analysis, "_trace", side_effect=AssertionError("traced")):
        assert cost.at(N=10**6, F=10**5, H=10**4).flops == 2 * 10**15
        assert cost.at(N=10**6, F=10**5, H=10**4).as_dict()["macs"] == 10**15


def test_bytes_are_traced_when_somebody_asks_for_them():
    # at batch 1 a broadcast vanishes: fewer bytes, as many operations
    cost = sc.trace(lambda x, b: jnp.tanh(x + b), sc.array("B F"), sc.array("F"))
    points = len(cost.samples)
    assert cost.at(B=1, F=3).flops == 3
    assert len(cost.samples) == points
    assert cost.at(B=1, F=3).bytes_accessed < cost.at(B=2, F=3).bytes_accessed
    assert len(cost.samples) >= points


def test_concrete_programs_are_added_up_in_integers():
    cost = sc.trace(lambda x, w: jnp.tanh(x @ w), sc.array("N F"), sc.array("F H"))
    program = cost.analysis.program("jaxpr", {"N": 2, "F": 3, "H": 5})
    made = mock.Mock(side_effect=AssertionError("a polynomial was made"))
    with mock.patch.object(Poly, "__init__", made):
        totals = cost.analysis.interpret(program, convention("algorithm")).totals()
    assert totals["flops"] == 60
    assert totals["transcendentals"] == 10
