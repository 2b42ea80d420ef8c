"""Detectors, and models of visual attention."""

from __future__ import annotations

from symcost.zoo.entry import Entry

ROWS: tuple[Entry, ...] = ()
