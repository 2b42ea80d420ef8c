"""Every test here starts with a clean table of symbols."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from symcost.dims import declarations, forget


@pytest.fixture(autouse=True)
def _own_declarations() -> Iterator[None]:
    with declarations():
        forget()
        yield
