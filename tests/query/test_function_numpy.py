"""Formulas over NumPy arrays are what exact Python integers are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symcost.domain import Dim
from symcost.polynomial import evaluate, floor_div, power
from tests.query.formulas import F, M, N, cost_of, formulas, fractions, points


@settings(max_examples=300)
@given(formulas(), st.lists(points, min_size=1, max_size=4))
def test_arrays_are_exact_whatever_is_in_them(size, sizes):
    exact = [evaluate(size, point) for point in sizes]
    found = cost_of(size).function("flops", "numpy")(**{n: np.array([p[n] for p in sizes]) for n in "NMF"})
    if np.ndim(found):
        assert found.tolist() == exact
        assert found.dtype == (np.int64 if all(-(2**63) <= v < 2**63 for v in exact) else object)
    else:
        assert {found} == {*exact}
