"""Formulas inside JAX programs are what exact Python integers are, rounded once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symcost.polynomial import evaluate
from tests.query.formulas import cost_of, formulas, points

FLOAT32 = float(np.finfo(np.float32).max)


def assert_close(found, exact, within=1e-6):
    for x, value in zip(np.ravel(found).tolist(), exact, strict=True):
        if abs(value) > FLOAT32:
            assert abs(x) > 0.999 * FLOAT32
            assert (x > 0) == (value > 0)
        else:
            assert abs(x - float(value)) <= within * abs(float(value)), (x, value)


def arrays(sizes, dtype="int32"):
    return {name: np.array([point[name] for point in sizes], dtype) for name in "NMF"}


@settings(max_examples=80)
@given(formulas(), st.lists(points, min_size=3, max_size=3))
def test_float32_within_a_millionth_without_x64(size, sizes):
    exact = [evaluate(size, point) for point in sizes]
    with jax.disable_jit():  # one operation after another, which saves compiling every formula
        found = cost_of(size).function("flops", "jax")(**{n: jnp.asarray(v) for n, v in arrays(sizes).items()})
    assert found.dtype == jnp.float32
    assert_close(jnp.broadcast_to(found, 3), exact)


@settings(max_examples=50)
@given(formulas(), st.lists(points, min_size=3, max_size=3))
def test_int64_exact_with_x64(size, sizes):
    exact = [evaluate(size, point) for point in sizes]
    with jax.enable_x64(True), jax.disable_jit():
        given = {n: jnp.asarray(v) for n, v in arrays(sizes, "int64").items()}
        found = cost_of(size).function("flops", "jax")(**given)
        assert found.dtype == jnp.int64
        limit = 2**63 - 1
        assert np.broadcast_to(found, 3).tolist() == [max(-limit, min(limit, v)) for v in exact]
