"""Formulas over NumPy arrays are what exact Python integers are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symcost.domain import Dim
from symcost.errors import SymcostError
from symcost.grammar import parse_relations
from symcost.polynomial import ceil_log2, evaluate, floor_div, power
from tests.examples import examples
from tests.query.formulas import F, M, N, cost_of, formulas, fractions, points


@settings(max_examples=examples(300))
@given(formulas(), st.lists(points, min_size=1, max_size=4))
def test_arrays_are_exact_whatever_is_in_them(size, sizes):
    exact = [evaluate(size, point) for point in sizes]
    found = cost_of(size).function("flops", "numpy")(**{n: np.array([p[n] for p in sizes]) for n in "NMF"})
    if np.ndim(found):
        assert found.tolist() == exact
        assert found.dtype == (np.int64 if all(-(2**63) <= v < 2**63 for v in exact) else object)
    else:
        assert {found} == {*exact}


@settings(max_examples=examples(60))
@given(formulas(numbers=fractions), st.lists(points, min_size=2, max_size=3))
def test_fractions_are_floats_and_whole_numbers_integers(size, sizes):
    exact = [evaluate(size, point) for point in sizes]
    found = cost_of(size).function("flops", "numpy")(**{n: np.array([p[n] for p in sizes]) for n in "NMF"})
    for x, value in zip(np.broadcast_to(found, len(sizes)).tolist(), exact, strict=True):
        if isinstance(x, int):
            assert x == value
        else:
            assert abs(Fraction(x) - value) <= abs(Fraction(value)) * Fraction(1, 10**15)


def test_one_number_between_int64_and_uint64_is_a_python_integer():
    size = 2 * N**4 - N**4 * floor_div(2 * N, N + 1) - N**3 * floor_div(2 * N, N + 1)
    found = cost_of(size).function("flops", "numpy")(N=np.array([65536]), M=np.array([0]), F=np.array([0]))
    assert found.dtype == object
    assert found.tolist() == [18446462598732840960]


def test_one_wide_number_is_divided_by_several():
    size = N**3 * floor_div(power(2, ceil_log2(N)), M + 1)
    found = cost_of(size).function("flops", "numpy")(N=65536, M=np.array([0, 1, 100_000]), F=1)
    assert found.tolist() == [2**64, 2**63, 0]


def test_what_overflows_and_cancels_is_exact():
    function = cost_of(2 * N**2 * F - 2 * M * F).function("flops", "numpy")
    found = function(N=np.array([10**6, 10**10]), M=np.array([10**12 - 320, 10**18]), F=1)
    assert found.tolist() == [640, 2 * 10**20 - 2 * 10**18]
    assert found.dtype == object
    found = function(N=3 * 10**9, M=np.array([9 * 10**18 - 5]), F=np.uint8(1))
    assert (found.tolist(), found.dtype) == ([10], np.int64)
    assert function(N=2**40, M=np.uint64(2**63 + 1), F=2**70) == 2**71 * (2**80 - 2**63 - 1)


def test_shapes():
    function = cost_of(N * M + F).function(["flops"], "numpy")
    assert function(N=[[1], [2]], M=[1, 2, 3], F=0)["flops"].tolist() == [[1, 2, 3], [2, 4, 6]]
    assert function(N=[], M=1, F=2)["flops"].shape == (0,)
    found = function(N=2, M=3, F=np.int32(1))["flops"]
    assert (found, found.dtype, np.ndim(found)) == (7, np.int64, 0)
    many = np.arange(100_001)  # more than are computed at a time
    assert (function(N=many, M=3, F=1)["flops"] == 3 * many + 1).all()


def test_what_numpy_cannot_hold_is_computed_by_python():
    function = cost_of(power(2, N)).function("flops", "numpy")
    assert function(N=np.array([3, 700])).tolist() == [8, 2**700]
    with pytest.raises(ZeroDivisionError):
        cost_of(floor_div(N, M)).function("flops", "numpy")(N=np.array([1]), M=np.array([0]))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"N": [2, 3], "M": 1}, "N=3 is not a multiple of 2"),
        ({"N": [2], "M": [2]}, "M=2 is not a power of 3"),
        ({"N": [2, 4, 102], "M": 1}, "N=102 is above the largest"),
        ({"N": [2, -4], "M": 1}, "N=-4 is negative"),
        ({"N": [2.0], "M": 1}, "N is of type float64, not integers"),
        ({"N": [True], "M": 1}, "N is of type bool, not integers"),
        ({"N": [2, 4], "M": [1, 9]}, "the relation N >= M does not hold at N=4, M=9"),
        ({"N": [4, 6], "M": 3}, "the sizes N=6, M=3 are excluded"),
        ({"N": [2]}, "no size was given for M"),
        ({"N": [2, 4], "M": [1, 1, 1]}, r"do not broadcast: N \(2,\), M \(3,\)"),
    ],
)
def test_sizes_outside_of_the_domain(sizes, message):
    dims = Dim("N", min=2, max=100, multiple_of=2), Dim("M", power_of=3)
    cost = cost_of(N * M, *dims, relations=parse_relations("N >= M")[0], excluded=(("N == 6, M == 3", "no"),))
    with pytest.raises(SymcostError, match=message):
        cost.function("flops", "numpy")(**sizes)
    if "float" not in message and "no size" not in message and "bool" not in message and "broadcast" not in message:
        cost.function("flops", "numpy", check=False)(**sizes)
