"""Costs made by hand for the tests of reports: nothing is traced."""

from __future__ import annotations

from symcost.cost import ProgramCost
from symcost.domain import Dim, Domain
from symcost.ledger import Key, Ledger, Row, Unknown
from symcost.polynomial import Size, indicator, symbol

N, M, F, H = map(symbol, "NMFH")
DOMAIN = Domain((Dim("N"), Dim("M", min=0), Dim("F", multiple_of=8), Dim("H")))


def row(scope: str, primitive: str, count: Size = 1, *, branch: str = "", flag: str = "", **costs: Size) -> Row:
    return Row(Key(scope, primitive, "float32", "vector", "forward", branch, flag), count, costs)


def cost(*rows: Row, unknown: tuple[Unknown, ...] = (), domain: Domain = DOMAIN, convention: str = "algorithm"):
    return ProgramCost("Net", Ledger(rows, unknown), domain, convention, note="made by hand")


def graph() -> ProgramCost:
    """Two layers, with terms of every kind: products, a special size, and parameters."""
    return cost(
        row("Net/Dense_0", "dot_general", flops=2 * F * H * N, macs=F * H * N, bytes_accessed=4 * N * F + 4 * F * H),
        row("Net/Dense_1", "dot_general", flops=2 * F * H * N, macs=F * H * N, bytes_accessed=4 * N * F + 4 * F * H),
        row("Net", "scatter-add", flops=M * H, bytes_accessed=8 * M * H - 12 * H * indicator(N, 1)),
        row("", "params", flag="inputs", params=2 * F * H, param_bytes=8 * F * H),
    )


def branches() -> ProgramCost:
    """A conditional whose branches cost different things."""
    return cost(
        row("Net", "cond", flops=2 * N, transcendentals=3 * N),
        row("Net", "mul", branch="cond[0]", flops=2 * N),
        row("Net", "exp", branch="cond[1]", transcendentals=3 * N),
    )


def unknown() -> ProgramCost:
    """A primitive without a rule and a loop that does not say how often it runs."""
    return cost(
        row("Net", "add", flops=N),
        row("Net/A", "mystery", flag="unknown", flops=symbol("unknown_mystery_0")),
        row("Net/B", "mul", flops=N * symbol("trips_while_0")),
        unknown=(
            Unknown("unknown_mystery_0", "mystery", "Net/A", "model.py:3 (f)"),
            Unknown("trips_while_0", "while", "Net/B", "model.py:9 (g)"),
        ),
    )
