"""The quantities of a cost at given sizes: exact integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from symcost.advice import advice, at, trip
from symcost.conventions import convention
from symcost.domain import format_sizes
from symcost.errors import DomainError, GeneralizationError, MissingSizeError, SymcostError, UnknownPrimitiveError

if TYPE_CHECKING:
    from symcost.cost import ProgramCost


class Values:
    """The quantities of a cost as exact integers at given sizes; computed when asked for."""

    def __init__(self, cost: ProgramCost, sizes: Mapping[str, int]):
        self._cost, self.sizes = cost, dict(sizes)

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in convention("algorithm").quantities:
            raise AttributeError(f"no quantity is called {name!r}; there are {', '.join(self._cost.quantities)}")
        value = self._cost.value(name, self.sizes)
        object.__setattr__(self, name, value)
        return value

    def as_dict(self) -> dict[str, int]:
        """Every quantity that the cost holds.

        Raises:
            GeneralizationError: no formula was found of one of them; `repr` shows the others.
        """
        return {q: getattr(self, q) for q in self._cost.quantities}

    def __repr__(self) -> str:
        shown = []
        for q in self._cost.quantities:
            try:
                shown.append(f"{q}={getattr(self, q)}")
            except (DomainError, UnknownPrimitiveError, GeneralizationError) as error:
                shown.append(f"{q}=? ({error.what})")
        return f"Values({format_sizes(self.sizes)}; {self._cost.convention}: {', '.join(shown)})"


def lacking(cost: ProgramCost, quantity: str, missing: Sequence[str], called: str = "cost.at") -> SymcostError:
    """The error for sizes, trip counts or costs of unknown primitives that a formula contains and nobody gave.

    Args:
        missing: names of the symbols. called: what was called, as it reads in advice.
    """
    sizes = [d for d in cost.domain.dims if d.name in missing and not d.name.startswith("trips_")]
    if sizes:
        return MissingSizeError(
            f"no size was given for {', '.join(d.name for d in sizes)}",
            where=f"the formula holds for {cost.domain}",
            todo=f"add {', '.join(f'{d.name}={d.min}' for d in sizes)}",
        )
    found = [u for u in cost.unknown if any(m == u.symbol or m.startswith(u.symbol + "_") for m in missing)]
    trips = [m for m in missing if m.startswith("trips_")]
    if trips:
        return MissingSizeError(
            f"{quantity} depends on trip counts that the program does not say: {', '.join(trips)}",
            where="; ".join(str(u) for u in found) or None,
            todo=advice("{} with all sizes, or {} when it is traced", at(trips, called=called), trip(trips[0])),
        )
    return UnknownPrimitiveError(
        f"{quantity} contains primitives without a rule: {', '.join(missing)}",
        where="; ".join(str(u) for u in found) or None,
        todo=advice(
            "its cost, {} with all sizes; a rule with @sc.rule; or cost.lower_bound()", at(missing, called=called)
        ),
    )
