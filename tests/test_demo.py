"""The demonstration: what it prints is what the costs say, and its crossover is where the costs cross."""

from __future__ import annotations

import pytest

from symcost import demo, zoo
from symcost.dims import declarations, forget

CORA = demo.MODELS[0].large


@pytest.fixture
def printed(monkeypatch, capsys) -> str:
    """The demonstration of three models."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(demo, "MODELS", demo.MODELS[:3])
    with declarations():
        forget()
        demo.main()
    return capsys.readouterr().out


def test_formulas_values_and_xla_are_printed(printed):
    for shown in demo.MODELS[:3]:
        assert zoo.get(shown.name).title in printed
    assert "2*N*F*H + 2*N*H*C" in printed
    assert "  at (2)      N=2708, M=10556, F=1433, H=16, C=7\n" in printed
    assert "125,526,924  FLOPs" in printed
    assert "loops, whose bodies XLA counts once" in printed
    assert "arithmetic and comparisons on integers and booleans, which XLA counts too" in printed
    # XLA's own figure of Cora, by `jax.jit(...).lower(...).cost_analysis()`
    assert "125,686,096" in printed
    unexplained = [line.split()[1:] for line in printed.splitlines() if line.startswith("unexplained")]
    assert unexplained
    assert all(amount == "0" for amounts in unexplained for amount in amounts)
    assert max(map(len, printed.splitlines())) <= 100


def test_the_models_are_those_of_the_zoo_with_all_their_sizes():
    for shown in demo.MODELS:
        names = zoo.get(shown.name).symbols.split()
        assert [*shown.small] == [*shown.large] == names


def test_the_costs_cross_where_the_crossover_says():
    sparse, dense = (zoo.get(name).trace() for name in ("gcn-sparse", "gcn-dense"))
    text = demo.crossover(sparse, dense, "bytes_accessed", CORA)
    edges = int(text.split("Cora's sizes that is ")[1].split(":")[0].replace(",", ""))
    at = lambda m: sparse.at(**{**CORA, "M": m}).bytes_accessed - dense.at(**CORA).bytes_accessed
    assert at(edges) <= 0 < at(edges + 1)
    assert "the sparse form is never dearer" in demo.crossover(sparse, dense, "flops", CORA)
    assert sparse.at(**{**CORA, "M": 2708 * 2707}).flops < dense.at(**CORA).flops
