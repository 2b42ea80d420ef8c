"""Recurrent networks, transformers and state-space blocks."""

from __future__ import annotations

from symcost.zoo.entry import Entry

ROWS: tuple[Entry, ...] = ()
