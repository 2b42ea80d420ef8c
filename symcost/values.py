"""The quantities of a cost at given sizes: exact integers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from symcost.conventions import convention
from symcost.domain import format_sizes
from symcost.errors import DomainError, GeneralizationError, UnknownPrimitiveError

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
