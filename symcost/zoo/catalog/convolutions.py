"""Convolutional networks for images."""

from __future__ import annotations

from symcost.zoo.entry import Entry

ROWS: tuple[Entry, ...] = ()
