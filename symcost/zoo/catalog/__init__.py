"""The models by name, a file of rows for each kind of network. Importing this imports neither JAX nor Flax."""

from __future__ import annotations

import difflib

from symcost.errors import ArgumentError
from symcost.zoo.catalog import convolutions, graphs, perceptrons, reference, sequences, vision
from symcost.zoo.entry import Entry

_GROUPS = {
    "reference": reference.ROWS,
    "perceptrons": perceptrons.ROWS,
    "convolutions": convolutions.ROWS,
    "graphs": graphs.ROWS,
    "sequences": sequences.ROWS,
    "vision": vision.ROWS,
}

ENTRIES: dict[str, Entry] = {entry.name: entry for rows in _GROUPS.values() for entry in rows}
"""Every model, by name."""

assert len(ENTRIES) == sum(map(len, _GROUPS.values())), "two models have one name"


def names(group: str = "") -> list[str]:
    """Names of the models, in the order of the catalogue.

    Args:
        group: only those of "reference" (one of each kind, which every benchmark runs), "perceptrons",
            "convolutions", "graphs", "sequences" or "vision".

    Raises:
        ArgumentError: there is no such group.
    """
    if not group:
        return list(ENTRIES)
    if group not in _GROUPS:
        raise ArgumentError(f"the zoo has no group {group!r}", todo=f"one of {', '.join(_GROUPS)}")
    return [entry.name for entry in _GROUPS[group]]


def get(name: str) -> Entry:
    """The entry called `name`.

    Raises:
        ArgumentError: if there is none; the message says what is near.
    """
    if isinstance(name, str) and name in ENTRIES:
        return ENTRIES[name]
    near = difflib.get_close_matches(str(name), ENTRIES, n=3, cutoff=0.4)
    raise ArgumentError(
        f"the zoo has no model called {name!r}",
        todo=f"symcost zoo show {near[0]}" if near else f"one of {', '.join(ENTRIES)}",
    )
