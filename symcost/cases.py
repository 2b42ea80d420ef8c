"""The maximum of sizes that differ at special sizes, as one formula: a general maximum, and corrections to it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from symcost.conditions import Where, bound_by
from symcost.dominance import largest
from symcost.polynomial import Atom, Size, atoms_of, indicator, product, substitute
from symcost.sampling import Condition

MOST = 3
"""Conditions that are told apart; with more of them, rows keep their own corrections."""


def largest_by_cases(sizes: Sequence[Size], least: Mapping[str, int]) -> Size:
    """``max(general) + [B = 1]*(max(there) - max(general))``: whatever holds together is looked at by itself.

    Args:
        sizes: what the maximum is of, with indicators of special sizes in them. least: as in `largest`.
    """
    conditions = list(dict.fromkeys(c for size in sizes for c in _conditions(size)))
    if not conditions or len(conditions) > MOST:
        return largest(sizes, least)
    found: list[tuple[Where, Size]] = []
    for count in range(len(conditions) + 1):
        for where in itertools.combinations(conditions, count):
            if len(bound_by(where)) < sum(1 for c in where if bound_by((c,))):
                continue  # a symbol has one size
            actual = largest([_there(size, where, least) for size in sizes], least)
            known: Size = 0
            for inner, delta in found:
                if set(inner) <= set(where):
                    known = known + _there(delta, where, least)
            if actual != known:
                found.append((where, actual - known))
    result: Size = 0
    for where, delta in found:
        result = result + product(indicator(size, value) for size, value in where) * delta
    return result


def _conditions(size: Size) -> list[Condition]:
    """Conditions of the indicators in a size, those inside of functions too."""
    found: list[Condition] = []
    for atom in atoms_of(size):
        if atom.kind == "indicator":
            found.append(atom.args)  # type: ignore[arg-type]  # a size and a number
        else:
            found += [c for argument in atom.args for c in _conditions(argument)]
    return found


def _there(size: Size, where: Where, least: Mapping[str, int]) -> Size:
    """`size` where these conditions hold, and no other."""
    bound = bound_by(where)

    def replace(atom: Atom) -> Size | None:
        if atom.kind == "indicator":
            return int(atom.args in where)
        if atom.kind == "maximum":
            return largest([substitute(argument, replace) for argument in atom.args], least)
        return bound.get(atom.name) if atom.kind == "symbol" else None

    return substitute(size, replace)
