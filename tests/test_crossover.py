"""Where one cost overtakes another. The witnesses are both costs on either side of the answer."""

from __future__ import annotations

import jax.numpy as jnp
import pytest

import symcost as sc
from symcost import zoo
from symcost.errors import ArgumentError, ConventionError, DomainError, MissingSizeError


def sparse(x, senders, receivers):
    return x[senders] * 2.0 + x[receivers]


def dense(x, adjacency):
    return adjacency @ x


X, EDGES = sc.array("N F"), sc.array("M", "int32")


@pytest.fixture(scope="module")
def costs() -> tuple[sc.ProgramCost, sc.ProgramCost]:
    return sc.trace(sparse, X, EDGES, EDGES), sc.trace(dense, X, sc.array("N N"))


@pytest.fixture(scope="module")
def graphs() -> tuple[sc.ProgramCost, sc.ProgramCost]:
    return zoo.get("gcn-sparse").trace(), zoo.get("gcn-dense").trace()


def assert_crosses(a, b, found, **sizes):
    """At every crossing the smaller cost changes, from one size to the next."""
    crossings = found.at(**sizes)
    step = found.domain[found.wrt].multiple_of
    for crossing in crossings:
        values = []
        for size in (crossing.size - step, crossing.size):
            at = {**sizes, found.wrt: size}
            difference = getattr(a.at(**at), found.quantity) - getattr(b.at(**at), found.quantity)
            values.append(difference if crossing.before == found.a else -difference)
        assert values[0] <= 0 < values[1]
    return crossings


def test_a_line_in_closed_form(costs):
    found = sc.crossover(*costs, wrt="M")
    N = sc.dims("N")[0]
    assert found.solutions == (N**2,)
    assert (found.cheaper, found.closed, found.special) == ("dense", True, "")
    (crossing,) = assert_crosses(*costs, found, N=100, F=16)
    assert crossing.size == 10_001
    assert str(crossing) == "sparse below 10,001, dense from there on"
    assert "equal at M = N**2" in str(found)


@pytest.mark.parametrize("quantity", ["flops", "bytes"])
@pytest.mark.parametrize("sizes", [{"N": 2708, "F": 1433, "H": 16, "C": 7}, {"N": 40, "F": 1, "H": 1, "C": 1}])
def test_the_graph_network_sparse_and_dense(graphs, quantity, sizes):
    found = sc.crossover(*graphs, wrt=sc.dims("M")[0], quantity=quantity)
    (crossing,) = assert_crosses(*graphs, found, **sizes)
    (solution,) = found.solutions
    if not found.special or min(sizes.values()) > 1:
        assert crossing.size - 1 <= solution.subs({sc.dims(n)[0]: v for n, v in sizes.items()}) <= crossing.size
    assert (crossing.before, crossing.after) == ("gcn-sparse", "gcn-dense")


def test_a_parabola_has_the_root_that_can_be_positive(graphs):
    found = sc.crossover(*graphs, wrt="N")
    (solution,) = found.solutions
    (crossing,) = assert_crosses(*graphs, found, M=10_556, F=1433, H=16, C=7)
    value = solution.subs({sc.dims(n)[0]: v for n, v in {"M": 10_556, "H": 16, "C": 7}.items()})
    assert crossing.size - 1 <= value <= crossing.size
    assert (crossing.before, crossing.after) == ("gcn-dense", "gcn-sparse")


def test_without_a_closed_form():
    cost = sc.trace(lambda x: jnp.sort(x), sc.array("N"))
    line = sc.trace(lambda x: x * 5 + x * 3.0 + x - 1.0, sc.array("N"))
    found = sc.crossover(cost, line, wrt="N")
    assert not found.closed
    assert found.solutions == ()
    assert "there is no closed form in N; at given sizes: crossover.at()" in str(found)
    (crossing,) = assert_crosses(cost, line, found)
    assert 2**5 <= crossing.size <= 2**7


def test_no_crossover():
    a = sc.trace(lambda x: x @ x.T, X)
    b = sc.trace(lambda x: x + 1.0, X)
    found = sc.crossover(a, b, wrt="N")
    assert found.solutions == ()
    assert found.at(F=3) == ()
    assert "there is no crossover" in str(found)
    assert "the two are equal at all sizes" in str(sc.crossover(a, a, wrt="N"))


def test_a_symbol_that_does_not_matter():
    both = sc.array("N"), sc.array("K")
    a = sc.trace(lambda x, y: (x + 1.0, y.sum()), *both)
    b = sc.trace(lambda x, y: (x * 2.0 + 1.0, y.sum()), *both)
    found = sc.crossover(a, b, wrt="K")
    assert found.solutions == found.at(N=3) == ()
    assert "K does not matter: there is no crossover" in str(found)


def test_several_crossings():
    N = sc.dims("N")[0]
    one = sc.trace(lambda x: x + 1.0, sc.array("N"))  # N
    a, b = N * one + 600 * (one - one) + one.subs(N=600), 50 * one  # N**2 + 600 against 50*N
    found = sc.crossover(a, b, wrt="N")
    low, high = assert_crosses(a, b, found)
    assert (low.size, high.size) == (21, 31)  # at 20 and 30 they are equal
    assert sorted(map(int, found.solutions)) == [20, 30]
    assert (low.before, high.after) == (b.name, b.name)


def test_a_symbol_in_eighths():
    F = sc.dim("F8", multiple_of=8)
    a = sc.trace(lambda x: x @ x.T, sc.array((4, F)))
    b = sc.trace(lambda x: jnp.exp(x).sum() + (x * 2.0).sum() * 3.0, sc.array((100, 4)))
    found = sc.crossover(a, b, wrt=F)
    (crossing,) = assert_crosses(a, b, found)
    assert crossing.size % 8 == 0


@pytest.mark.parametrize(
    ("call", "error", "what"),
    [
        (lambda a, b: sc.crossover(a, 5, wrt="M"), ArgumentError, "a crossover is of two costs, not 5"),
        (lambda a, b: sc.crossover(a, b, wrt="m"), ArgumentError, "neither cost has the symbol 'm'"),
        (lambda a, b: sc.crossover(a, b, wrt="M", quantity="flips"), ConventionError, "flips"),
        (lambda a, b: sc.crossover(a.under("macs"), b, wrt="M"), ConventionError, "do not add up"),
        (lambda a, b: sc.crossover(a, b, wrt="M").at(F=3), MissingSizeError, "no size for N"),
        (lambda a, b: sc.crossover(a, b, wrt="M").at(N=0, F=3), DomainError, "N"),
        (lambda a, b: sc.crossover(a, b, wrt="M").at(N=9, F=3, M=3), ArgumentError, "M is what is looked for"),
        (lambda a, b: sc.crossover(a, b, wrt="M").at({"N": 9}), ArgumentError, "sizes are given by name"),
    ],
)
def test_what_is_asked_wrongly(costs, call, error, what):
    with pytest.raises(error, match=what):
        call(*costs)


# -- seconds -------------------------------------------------------------------------------


@pytest.mark.parametrize("chip", ["tpu-v5e", "gpu-h100"])
def test_seconds_on_a_chip(graphs, chip):
    found = sc.crossover(*graphs, wrt="M", quantity="seconds", chip=chip)
    sizes = {"N": 2708, "F": 1433, "H": 16, "C": 7}
    (crossing,) = found.at(**sizes)
    lines = [sc.roofline(cost, chip) for cost in graphs]
    below, above = ([line.at(M=m, **sizes).seconds for line in lines] for m in (crossing.size - 1, crossing.size))
    assert below[0] <= below[1]
    assert above[0] > above[1]
    # both are bound by memory there, where the answer is that of the traffic
    assert crossing.size == sc.crossover(*graphs, wrt="M", quantity="fused_bytes").at(**sizes)[0].size
    regimes = {(r.a, r.b): r.solutions for r in found.regimes}
    (solution,) = regimes["memory", "memory"]
    exact = solution.subs({s: sizes[s.name] for s in solution.free_symbols})
    assert int(exact) + 1 == crossing.size
    assert "where memory binds gcn-sparse and memory gcn-dense: equal at M" in str(found)


def test_seconds_need_a_chip_and_nothing_else_does(costs):
    with pytest.raises(ArgumentError, match="seconds depend on the chip"):
        sc.crossover(*costs, wrt="M", quantity="seconds")
    with pytest.raises(ArgumentError, match="flops are the same on every chip"):
        sc.crossover(*costs, wrt="M", chip="tpu-v5e")


def test_peaks_of_memory_cross_as_well(graphs):
    found = sc.crossover(*graphs, wrt="M", quantity="peak_memory")
    assert_crosses(*graphs, found, N=100, F=20, H=16, C=7)
    assert len(found.at(N=100, F=20, H=16, C=7)) == 1
