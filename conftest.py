"""Settings of all tests and doctests: no accelerator is looked for, and no test sees another's symbols."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Before jax is imported anywhere: the tests are about programs on this machine's CPU.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pytest

from symcost.dims import declarations, forget


@pytest.fixture(autouse=True)
def fresh_declarations() -> Iterator[None]:
    """No symbol is declared when a test begins, and what it declares is forgotten when it ends."""
    with declarations():
        forget()
        yield
