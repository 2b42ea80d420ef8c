"""Settings that all tests share."""

from __future__ import annotations

import gc
import os
import sys

# Before jax is imported anywhere: the tests are about programs on this machine's CPU.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
import pytest
from hypothesis import settings

from tests.examples import TIMES, examples

# Traces make many small objects that live: looking through them as often as Python does takes a sixth of the time.
gc.set_threshold(100_000, 20, 20)

# Traces vary in time from run to run far more than hypothesis allows by default; the examples do not vary.
settings.register_profile(
    "symcost", deadline=None, derandomize=TIMES == 1, print_blob=True, max_examples=examples(100), database=None
)
settings.load_profile("symcost")


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A random generator with a seed of the test's own, so that a test draws the same whatever ran before it."""
    return np.random.default_rng([*request.node.nodeid.encode()])


def pytest_collection_finish() -> None:
    """What imports made stays: it is not looked through again whenever garbage is."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _forgotten(request: pytest.FixtureRequest):
    """What JAX and a module itself keep of its programs is let go: a process of gigabytes is several times slower."""
    yield
    for kept in vars(request.module).values():
        if hasattr(kept, "cache_clear") and kept.__module__ == request.module.__name__:
            kept.cache_clear()
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
