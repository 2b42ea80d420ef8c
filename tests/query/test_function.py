"""Formulas as Python functions, and what is said about calls that are wrong."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import jax
import numpy as np
import pytest
from hypothesis import given, settings

import symcost as sc
from symcost import zoo
from symcost.domain import Dim
from symcost.errors import ArgumentError, ConventionError, DomainError, MissingSizeError, SymcostError
from symcost.grammar import parse_relations
from symcost.polynomial import evaluate, symbol
from tests.examples import examples
from tests.query.formulas import F, M, N, cost_of, formulas, points


@settings(max_examples=examples(100))
@given(formulas(), points)
def test_values_are_those_of_the_formula(size, sizes):
    assert cost_of(size).function()(**sizes, unused="anything") == evaluate(size, sizes)


def test_integers_of_any_size_and_of_any_library():
    function = cost_of(N**2 * M + 1).function()
    assert function(N=10**40, M=3) == 3 * 10**80 + 1
    found = function(N=np.int64(10**12), M=np.uint8(200))
    assert (found, type(found)) == (200 * 10**24 + 1, int)
    assert cost_of(N * Fraction(1, 2)).function()(N=3) == Fraction(3, 2)


def test_what_a_function_knows_of_itself():
    function = cost_of(N * M, params=F).function(["flops", "params"])
    assert function(N=2, M=3, F=5) == {"flops": 6, "params": 5}
    assert function.arguments == ("N", "M", "F")
    assert function.__name__ == "flops_and_params"
    assert cost_of(M * F).function("bytes").arguments == ()


def test_every_back_end_agrees_on_a_loaded_file(tmp_path):
    cost = zoo.get("gcn-sparse").trace()
    cost.save(tmp_path / "gcn.json")
    sizes = {"N": 2708, "M": 10556, "F": 1433, "H": 16, "C": 7}
    exact = cost.at(**sizes)
    for quantity in cost.quantities:
        values = [sc.load(tmp_path / "gcn.json").function(quantity, b)(**sizes) for b in ("python", "numpy", "jax")]
        assert values[0] == values[1] == getattr(exact, quantity)
        assert float(values[2]) == pytest.approx(values[0], rel=1e-6)
    code = (
        "import sys, symcost as sc; f = sc.load(sys.argv[1]).function(['flops', 'seconds'], chip='tpu-v5e');"
        f"print(f(**{sizes})['flops'], {{'jax', 'flax', 'numpy', 'sympy'}} & {{*sys.modules}})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "gcn.json")], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"{exact.flops} set()\n"


def test_trip_counts_are_sizes():
    def program(x):
        return jax.lax.while_loop(lambda x: x.sum() < 5, lambda x: x * 2, x)

    cost = sc.trace(program, sc.array("N"))
    for backend in ("python", "numpy", "jax"):
        function = cost.function("flops", backend)
        assert function.arguments == ("N", "trips_while_0")
        assert function(N=3, trips_while_0=10) == cost.at(N=3, trips_while_0=10).flops
        with pytest.raises(MissingSizeError, match=r"trips_while_0\n(.*\n)*.*to do: function\(trips_while_0=10\)"):
            function(N=3)
        with pytest.raises(DomainError, match="trips_while_0=-1 is negative"):
            function(N=3, trips_while_0=-1)


def test_costs_of_unknown_primitives_are_sizes():
    size = N * M + symbol("unknown_sort_0_flops")
    cost = cost_of(size)
    assert cost.function()(N=2, M=3, unknown_sort_0_flops=5) == 11
    with pytest.raises(SymcostError, match="unknown_sort_0_flops"):
        cost.function()(N=2, M=3)


@pytest.fixture
def restricted():
    dims = Dim("N", min=2, max=100, multiple_of=2), Dim("M", power_of=3)
    relations = parse_relations("N >= M")[0]
    return cost_of(N * M, *dims, relations=relations, excluded=(("N == 6, M == 3", "it is another program"),))


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ({"N": 3, "M": 1}, DomainError, "N=3 is not a multiple of 2"),
        ({"N": 102, "M": 1}, DomainError, "above the largest admissible size, 100"),
        ({"N": 0, "M": 1}, DomainError, "below the smallest admissible size, 2"),
        ({"N": 4, "M": 2}, DomainError, "M=2 is not a power of 3"),
        ({"N": 4, "M": 9}, DomainError, "the relation N >= M does not hold at N=4, M=9"),
        ({"N": 6, "M": 3}, DomainError, "it is another program"),
        ({"N": 2.5, "M": 1}, DomainError, "fractional"),
        ({"N": True, "M": 1}, DomainError, "boolean"),
        ({"N": "2", "M": 1}, DomainError, "is a str, not an integer"),
        ({"N": np.array([2, 4]), "M": 1}, DomainError, "ndarray"),
        ({"N": None, "M": 1}, DomainError, "NoneType"),
        ({"N": 2}, MissingSizeError, "no size was given for M"),
        ({}, MissingSizeError, "no size was given for N, M"),
    ],
)
def test_sizes_that_are_wrong(restricted, sizes, error, message):
    with pytest.raises(error, match=message):
        restricted.function()(**sizes)


def test_without_a_check(restricted):
    function = restricted.function(check=False)
    assert function(N=3, M=2) == 6
    assert function(N=np.int8(100), M=100) == 10_000
    with pytest.raises(DomainError, match=r"N=2\.5"):
        function(N=2.5, M=1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda c: c.function("flop"), ConventionError, "flop"),
        (lambda c: c.function("flops", "jaxx"), ArgumentError, "backend='jax'"),
        (lambda c: c.function("flops", None), ArgumentError, "python, numpy, jax"),
        (lambda c: c.function([]), ArgumentError, "names no quantities"),
        (lambda c: c.function(7), ArgumentError, "names no quantities"),
        (lambda c: c.function(["flops", 7]), ArgumentError, "names no quantities"),
        (lambda c: c.function(["flops", "flops"]), ArgumentError, "twice"),
        (lambda c: c.function(["bytes", "bytes_accessed"]), ArgumentError, "twice"),
        (lambda c: c.function("seconds"), ArgumentError, "seconds depend on the chip"),
        (lambda c: c.function("flops", chip="tpu-v5e"), ArgumentError, "the same on every chip"),
        (lambda c: c.function("flops", check="yes"), ArgumentError, "check=False"),
        (lambda c: c.function()(3), ArgumentError, "by name"),
        (lambda c: c.function()({"N": 1, "M": 2}), ArgumentError, "by name"),
        (lambda c: c.function()(3, N=2, M=1), ArgumentError, "by name"),
    ],
)
def test_calls_that_are_wrong(restricted, call, error, message):
    with pytest.raises(error, match=message):
        call(restricted)
