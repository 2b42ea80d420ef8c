"""Multi-layer perceptrons of L layers."""

from __future__ import annotations

from symcost.zoo.entry import Entry

ROWS: tuple[Entry, ...] = ()
