"""How many examples a property is tried at: few and always the same ones, or more and new ones in the long tests."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("SYMCOST_EXAMPLES", "1"))
"""How many times as many; from 2 on they are drawn anew on every run. `make test-long` sets it."""


def examples(usual: int) -> int:
    """The number for `hypothesis.settings`, where `make test` tries `usual`."""
    return usual * TIMES
