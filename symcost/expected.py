"""Conditionals: which there are, and the expected cost where it is known how often each branch is taken.

A total holds the largest branch of every conditional, for each quantity by itself. Rows of the ledger carry every
branch besides, so that a mean over branches needs no further look at the program.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symcost.advice import expect
from symcost.domain import near_names
from symcost.errors import ArgumentError
from symcost.ledger import WITHIN, Ledger, Row

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

_TAG = re.compile(r"(.*)\[(\d+)\]")

CLOSE = 1e-9
"""How far a sum of probabilities, given as floats, may be from 1."""


@dataclass(frozen=True, slots=True)
class Conditional:
    """One `lax.cond` or `lax.switch` of a program; in a loop over layers, the same line is one conditional.

    Attributes:
        name: module path and number within it, ``"Router/cond_0"``.
        branches: how many there are. Of `lax.cond`, 0 is what runs where the predicate is False.
        within: the conditional in a branch of which it stands, or "".
    """

    name: str
    branches: int
    within: str = ""

    def __str__(self) -> str:
        return f"{self.name} of {self.branches} branches" + (f", in a branch of {self.within}" if self.within else "")


def conditionals(ledger: Ledger) -> tuple[Conditional, ...]:
    """The conditionals whose branches stand in a ledger, outer ones first."""
    count: dict[str, int] = {}
    within: dict[str, str] = {}
    for row in ledger.rows:
        outer = ""
        for tag in row.key.branch.split(WITHIN) if row.key.branch else ():
            name, index = _parts(tag)
            count[name] = max(count.get(name, 0), index + 1)
            within.setdefault(name, outer)
            outer = name
    return tuple(Conditional(name, n, within[name]) for name, n in count.items())


def expected(cost: ProgramCost, probabilities: Mapping[str, Any]) -> ProgramCost:
    """`cost` with the mean over branches in place of the largest branch; see `ProgramCost.expected`."""
    from symcost.cost import ProgramCost

    known = {c.name: c for c in conditionals(cost.ledger)}
    weights = _weights(probabilities, known, cost)
    for name in weights:
        outer = known[name].within
        if outer and outer not in weights:
            raise ArgumentError(
                f"{name} stands in a branch of {outer}, of which no probabilities are given",
                todo=expect({outer: known[outer].branches, name: known[name].branches}),
            )
    taken = "; ".join(f"{name} takes its branches with {', '.join(map(str, w))}" for name, w in weights.items())
    return ProgramCost(
        f"expected {cost.name}",
        Ledger(_settled(cost.ledger.rows, weights), cost.ledger.unknown),
        cost.domain,
        cost.convention,
        note=f"the expected cost of {cost.name} where {taken}",
    )


def _settled(rows: Iterable[Row], weights: Mapping[str, Sequence[Fraction]]) -> list[Row]:
    found: dict[Any, Row] = {}
    for row in rows:
        if row.key.conditional in weights:
            continue  # the largest branch
        tags = row.key.branch.split(WITHIN) if row.key.branch else []
        weight = Fraction(1)
        while tags:
            name, index = _parts(tags[0])
            if name not in weights:
                break
            weight *= weights[name][index]
            tags.pop(0)
        if not weight:
            continue
        key = replace(row.key, branch=WITHIN.join(tags))
        if key not in found:
            found[key] = Row(key, 0, {})
        target = found[key]
        target.count = target.count + _times(row.count, weight)
        for quantity, size in row.costs.items():
            target.costs[quantity] = target.costs.get(quantity, 0) + _times(size, weight)
    return [row for row in found.values() if row.costs or row.key.branch or row.count != 0]


def _times(size: Any, weight: Fraction) -> Any:
    product = size * (weight.numerator if weight.denominator == 1 else weight)
    return int(product) if isinstance(product, Fraction) and product.denominator == 1 else product


def _parts(tag: str) -> tuple[str, int]:
    match = _TAG.fullmatch(tag)
    assert match is not None, tag
    return match[1], int(match[2])


def _weights(
    probabilities: Mapping[str, Any], known: Mapping[str, Conditional], cost: ProgramCost
) -> dict[str, list[Fraction]]:
    """Probabilities as exact fractions, by full name of the conditional.

    Raises:
        ArgumentError: for a name that no conditional has, and for numbers that are no probabilities of its branches.
    """
    if not isinstance(probabilities, Mapping) or not probabilities:
        example = {c.name: c.branches for c in known.values()} or {"cond_0": 2}
        raise ArgumentError(
            f"{probabilities!r} is not a dict from conditionals to the probabilities of their branches",
            todo=expect(dict([*example.items()][:1])),
        )
    if not known:
        raise ArgumentError(
            f"{cost.name} has no conditional under the convention {cost.convention!r}",
            todo="leave expected(...) out: its cost is the expected one",
        )
    found: dict[str, list[Fraction]] = {}
    for name, given in probabilities.items():
        full = [n for n in known if n == name or n.endswith(f"/{name}")]
        if len(full) != 1:
            near = full or near_names(str(name), tuple(known)) or list(known)
            raise ArgumentError(
                f"{'several conditionals are' if full else 'no conditional is'} called {name!r}",
                where="; ".join(map(str, known.values())),
                todo=expect({near[0]: known[near[0]].branches}),
            )
        found[full[0]] = _fractions(known[full[0]], given)
    return found


def _fractions(conditional: Conditional, given: Any) -> list[Fraction]:
    numbers = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else None
    fine = numbers is not None and len(numbers) == conditional.branches
    fine = fine and all(
        isinstance(p, int | float | Fraction) and not isinstance(p, bool) and 0 <= p <= 1 for p in numbers or ()
    )
    if not fine or not math.isclose(sum(map(float, numbers or ())), 1, abs_tol=CLOSE):
        raise ArgumentError(
            f"{given!r} are not the probabilities of {conditional.branches} branches, from 0 to 1 and 1 together",
            where=conditional.name,
            todo=expect({conditional.name: conditional.branches}),
        )
    # 0.1 is meant as 1/10; what thirds written as floats lack is made up
    exact = [p if isinstance(p, Fraction) else Fraction(str(p)).limit_denominator(10**9) for p in numbers or ()]
    return [p / sum(exact) for p in exact]
