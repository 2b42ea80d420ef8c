"""Settings that all tests share."""

from __future__ import annotations

import os

# Before jax is imported anywhere: the tests are about programs on this machine's CPU.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
import pytest
from hypothesis import settings

# Traces vary in time from run to run far more than hypothesis allows by default; the examples do not vary.
settings.register_profile("symcost", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("symcost")


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A random generator with a seed of the test's own, so that a test draws the same whatever ran before it."""
    return np.random.default_rng([*request.node.nodeid.encode()])
