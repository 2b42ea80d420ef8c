"""Graph networks, sparse and dense."""

from __future__ import annotations

from symcost.zoo.entry import Entry

ROWS: tuple[Entry, ...] = ()
