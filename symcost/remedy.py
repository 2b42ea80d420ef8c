"""Which declaration would let a program be built: `sc.dim("F", multiple_of=8)`, found by trying.

Asked only when the user's code has failed at some sizes. A declaration is suggested
only if the program builds at several sizes that satisfy it, the other symbols moved
too; otherwise `F % heads` at heads=5 would be taken for "a multiple of 5".
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from symcost.advice import Advice, Typed, advice, declare, relate
from symcost.domain import Dim, format_sizes
from symcost.errors import DimensionError

if TYPE_CHECKING:
    from symcost.family import Family

MULTIPLES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 64)
ROUND = 48
"""A size that is a multiple of most things, and large enough for most, yet quick to build."""
SECONDS, ATTEMPTS = 5.0, 80
"""Trying ends after this much time or this many builds; then the advice is general."""


def declaration(family: Family, sizes: Mapping[str, int]) -> str | Typed | Advice | None:
    """What to declare, given that `family` fails at `sizes`; None where no symbol could be to blame."""
    if not sizes:
        return None
    trial = _Trial(family, dict(sizes))
    if not trial.builds(trial.round):
        return (
            f"it fails at {format_sizes(trial.round)} too, so the sizes may not be the reason: "
            "make it run with jax.eval_shape there"
        )
    for dim in family.domain.dims:
        suggestion = _for_dim(trial, dim)
        if suggestion is not None:
            return suggestion
    equal = _equal(trial)
    if equal:
        first, second = equal
        return advice(
            f"it runs where {first} = {second}: give both the same name, or say {{}}", relate(f"{first} == {second}")
        )
    name = family.domain.dims[-1].name
    return advice(
        "declare what the sizes must satisfy, such as {} or {}, or a relation, {}; "
        "where one size divides another, write their quotient as a symbol",
        declare(name, multiple_of=8),
        declare(name, min=3),
        relate(f"{name} <= {family.domain.dims[0].name}" if len(family.domain.dims) > 1 else f"{name} >= 3"),
    )


class _Trial:
    """Builds of a family at changed sizes, within a budget."""

    def __init__(self, family: Family, sizes: dict[str, int]):
        self.family, self.sizes = family, sizes
        self.deadline, self.left = time.monotonic() + SECONDS, ATTEMPTS
        dims = family.domain.dims
        self.moved = {dim.name: _admissible(dim, sizes[dim.name] + 1, sizes[dim.name]) for dim in dims}
        self.round = {dim.name: _admissible(dim, ROUND, sizes[dim.name]) for dim in dims}

    def builds(self, sizes: Mapping[str, int]) -> bool:
        """Whether it builds; False when the budget is spent, so that nothing is suggested then."""
        if self.left <= 0 or time.monotonic() > self.deadline:
            return False
        self.left -= 1
        return self.family.builds(sizes)

    def all_build(self, name: str, values: list[int]) -> bool:
        """Whether all `values` of one symbol build, beside the failing sizes and beside moved ones."""
        points = [{**base, name: value} for value in values for base in (self.sizes, self.moved)]
        points = [point for point in points if self.family.domain.holds(point)]
        return bool(points) and all(map(self.builds, points))


def _admissible(dim: Dim, wanted: int, otherwise: int) -> int:
    """The smallest size from `wanted` on; `otherwise` if there is none."""
    try:
        return dim.at_least(wanted)
    except DimensionError:
        return otherwise


def _equal(trial: _Trial) -> tuple[str, str] | None:
    """Two symbols that must be equal."""
    for first, second in combinations(trial.sizes, 2):
        points = [{**base, second: base[first]} for base in (trial.sizes, trial.moved)]
        multiples = [{**points[0], name: 2 * points[0][name]} for name in (first, second)]  # one may divide the other
        holds = all(map(trial.family.domain.holds, points))
        if holds and all(map(trial.builds, points)) and not any(map(trial.builds, multiples)):
            return first, second
    return None


def _for_dim(trial: _Trial, dim: Dim) -> Typed | None:
    size = trial.sizes[dim.name]
    for low in _larger(dim, size):
        following = [low]
        while len(following) < 3:
            following.append(dim.at_least(following[-1] + 1))
        if trial.all_build(dim.name, following):
            return _typed(replace(dim, min=low))
    for multiple in MULTIPLES:
        # a multiple that the size already is, or that the dim has, cannot be what is missing
        if size % multiple == 0 or dim.multiple_of % multiple == 0 or dim.power_of is not None or dim.max is not None:
            continue
        new = replace(dim, min=1 if dim.min <= dim.multiple_of else dim.min, multiple_of=multiple)
        first = new.at_least(size)
        if trial.all_build(dim.name, [first, first + multiple, first + 2 * multiple]):
            return _typed(new)
    return None


def _larger(dim: Dim, size: int) -> Iterator[int]:
    """Sizes that might be the smallest possible: the next few, then a few round ones."""
    if dim.max is not None or dim.power_of is not None:
        return
    found = size
    for _ in range(4):
        found = dim.at_least(found + 1)
        yield found
    for value in (8, 16, 32):
        if value > found:
            yield dim.at_least(value)


def _typed(dim: Dim) -> Typed:
    multiple = dim.multiple_of if dim.multiple_of > 1 else None
    return declare(dim.name, multiple_of=multiple, min=dim.min if dim.min > 1 and dim.min != multiple else None)
