"""Inverse questions: the largest size at which a quantity is within a budget."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symcost.cost import ProgramCost
from symcost.domain import Dim, Domain, format_sizes, near_names
from symcost.errors import ArgumentError, DomainError
from symcost.evaluation import compile_size
from symcost.grammar import Relation
from symcost.polynomial import Poly, bind, symbols_of
from symcost.query.function import wanted
from symcost.query.monotone import never_falls, without_indicators

FARTHEST = 2**64
"""A quantity that is within the budget up to here is within it everywhere, for all that anybody builds."""

SEARCHED, EACH, STEPS = 2**40, 4096, 16
"""Without a proof: sizes are looked at up to `SEARCHED`, the first `EACH` one by one, then `STEPS` per power of two."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The largest size at which a quantity is within a budget.

    Attributes:
        quantity, budget, symbol: what was asked for. sizes: of the other symbols.
        value: the largest size; None where no size is within the budget, and where all are.
        cost_at: the quantity there. next_value, next_cost: the next size that the domain has, with its quantity, which
            exceeds the budget; None at the end of the domain.
        unbounded: whether all sizes are within the budget.
        exact: whether it is proven that no larger size is within the budget.
        searched: which sizes were looked at, or why it is proven, in words.
        least: the smallest size of the domain, with its quantity.
    """

    quantity: str
    budget: int | float | Fraction
    symbol: str
    sizes: Mapping[str, int]
    value: int | None
    cost_at: int | float | None
    next_value: int | None
    next_cost: int | float | None
    unbounded: bool
    exact: bool
    searched: str
    least: tuple[int, int | float] | None

    def __str__(self) -> str:
        where = f" at {format_sizes(self.sizes)}" if self.sizes else ""
        budget = f"the budget of {_shown(self.budget)}"
        if self.value is not None:
            lines = [f"{self.symbol} = {self.value:,}{where}: {self.quantity} {_shown(self.cost_at)}, within {budget}"]
            if self.next_value is not None:
                lines.append(f"{self.symbol} = {self.next_value:,} takes {_shown(self.next_cost)}")
            else:
                lines.append(f"no larger {self.symbol} {'is in the domain' if self.exact else 'was looked at'}")
        elif self.unbounded:
            lines = [f"every {self.symbol} {'' if self.exact else 'up to 2**64 '}is within {budget}{where}"]
        else:
            lines = [f"no {self.symbol} is within {budget}{where}"]
            if self.least is not None:
                lines.append(f"{self.symbol} = {self.least[0]:,} takes {_shown(self.least[1])}")
        return "\n".join([*lines, f"{'exact' if self.exact else 'not proven'}: {self.searched}"])


def _shown(number: Any) -> str:
    if isinstance(number, Fraction) and number.denominator == 1:
        number = int(number)
    return f"{number:,}" if isinstance(number, int) else f"{float(number):.10g}"


def solve(
    cost: ProgramCost,
    quantity: str,
    budget: Any,
    symbol: Any,
    *,
    chip: Any = None,
    devices: int | None = None,
    sizes: Mapping[str, Any],
) -> Solution:
    """The largest size of a symbol at which a quantity is within a budget; see `ProgramCost.solve`."""
    if not isinstance(quantity, str):
        raise ArgumentError(f"{quantity!r} names no quantity", todo='cost.solve("flops", 10**12, "N")')
    asked = wanted(cost, quantity, chip, devices)
    name, limit = str(symbol), _budget(budget)
    known = (*cost.domain.names, *(n for n in asked.names if n not in cost.domain.names))
    if name not in known:
        near = near_names(name, known) or list(known)
        raise ArgumentError(
            f"{cost.name} has no symbol {name!r}", where=f"its symbols: {', '.join(known) or 'none'}",
            todo=f"solve for {near[0]!r}" if near else None,
        )  # fmt: skip
    if name in sizes:
        raise ArgumentError(f"{name} is what is looked for, and was given a size", todo=f"leave {name}= out")
    names = {*asked.names} - {name}
    if missing := [n for n in asked.names if n in names and n not in sizes]:
        raise asked.lacks(missing)
    dims = tuple(d for d in asked.domain.dims if d.name != name)
    given = Domain(dims).check(sizes)
    dim = asked.domain[name] if name in asked.names else cost.domain[name]
    others = [r for r in asked.domain.relations if name not in r.names]
    if broken := [r for r in others if not r.holds(given)]:
        raise DomainError(f"the relation {broken[0]} does not hold at {format_sizes(given)}", todo="give other sizes")
    size = asked.sizes[0]
    bound = bind(size, given) if isinstance(size, Poly) else size
    search = _Search(bound, dim, asked.domain, given, limit, quantity == "seconds")
    return search.solution(asked.quantities[0], budget)


def _budget(budget: Any) -> Fraction:
    if hasattr(budget, "__index__") and not isinstance(budget, bool):
        budget = operator.index(budget)  # NumPy's integers too
    fine = isinstance(budget, int | float | Fraction) and not isinstance(budget, bool)
    if not fine or not math.isfinite(budget) or budget < 0:
        raise ArgumentError(f"{budget!r} is no budget, a number of at least 0", todo="16 * 2**30")
    return Fraction(budget)


class _Search:
    """A formula in one symbol against a budget."""

    def __init__(self, size: Any, dim: Dim, domain: Domain, given: dict[str, int], limit: Fraction, real: bool):
        self.size, self.dim, self.domain, self.given = size, dim, domain, given
        self.limit, self.real = limit, real
        self._formula = compile_size(size)

    # -- sizes that the domain has, by number ------------------------------------------------
    def unit(self, k: int) -> int:
        """The k-th size, from the smallest on."""
        if self.dim.power_of is not None:
            return self.dim.min * self.dim.power_of**k
        return self.dim.min + k * self.dim.multiple_of

    def last(self, most: int) -> int:
        """The number of the largest size up to `most`; -1 for none."""
        if self.dim.power_of is None:
            return (most - self.dim.min) // self.dim.multiple_of
        k = -1
        while self.unit(k + 1) <= most:
            k += 1
        return k

    # -- quantities --------------------------------------------------------------------------
    def exactly(self, value: int) -> Any:
        return self._formula({**self.given, self.dim.name: value})

    def shown(self, value: int) -> int | float:
        found = self.exactly(value)
        return float(found) if self.real or isinstance(found, Fraction) else found

    def allowed(self, value: int) -> bool:
        """Whether relations and exclusions admit a size; those without the symbol have been looked at."""
        return self.domain.holds({**self.given, self.dim.name: value})

    def fits(self, value: int) -> bool:
        return self.allowed(value) and self.exactly(value) <= self.limit

    # -- the answer --------------------------------------------------------------------------
    def solution(self, quantity: str, budget: Any) -> Solution:
        name = self.dim.name
        if name not in symbols_of(self.size) and not self._restricting():
            within = self.exactly(self.dim.min) <= self.limit
            why = f"{quantity} does not depend on {name}"
            return self._answer(quantity, budget, None, within, True, why)
        proven = self._proven()
        if proven is not None:
            value, why = proven
        elif self.dim.max is not None and self.last(self.dim.max) < EACH:
            value = max((v for v in map(self.unit, range(self.last(self.dim.max) + 1)) if self.fits(v)), default=None)
            why = f"every {name} from {self.dim.min:,} to {self.dim.max:,} was looked at"
        else:
            most = min(self.dim.max or SEARCHED, SEARCHED)
            value = self._searched(most)
            why = (
                f"{quantity} is not shown to grow with {name}; sizes from {self.dim.min:,} to {most:,} were looked at, "
                f"the first {EACH:,} each, then {STEPS} between powers of two, and what lies between by bisection"
            )
            return self._answer(quantity, budget, value, False, False, why)
        if value is not None and self.dim.max is None and value >= self.unit(self.last(FARTHEST)):
            why = f"{quantity} never falls as {name} grows, and up to 2**64 it is within the budget"
            return self._answer(quantity, budget, None, True, name not in symbols_of(self.size), why)
        return self._answer(quantity, budget, value, False, True, why)

    def _restricting(self) -> list[Relation]:
        return [r for r in self.domain.relations if self.dim.name in r.names]

    def _answer(
        self, quantity: str, budget: Any, value: int | None, unbounded: bool, exact: bool, why: str
    ) -> Solution:
        following = None
        if value is not None:
            k = self.last(value) + 1
            for later in range(k, k + STEPS):
                size = self.unit(later)
                if self.dim.max is not None and size > self.dim.max:
                    break
                if self.allowed(size):
                    following = size if self.exactly(size) > self.limit else None
                    break
        least = (self.dim.min, self.shown(self.dim.min)) if self.allowed(self.dim.min) else None
        return Solution(
            quantity, budget, self.dim.name, self.given, value,
            None if value is None else self.shown(value),
            following, None if following is None else self.shown(following),
            unbounded, exact, why, least,
        )  # fmt: skip

    def _proven(self) -> tuple[int | None, str] | None:
        """The largest size where the formula never falls and relations hold up to some size; None without a proof."""
        name, least = self.dim.name, self.dim.min
        parted = without_indicators(self.size, name)
        if parted is None or not never_falls(parted[0], name, least):
            return None
        general, special = compile_size(parted[0]), parted[1]
        below = []
        for relation in self._restricting():
            left, right = bind(relation.left, self.given), bind(relation.right, self.given)
            grows = left - right if relation.operator in ("<", "<=") else right - left
            if relation.operator in ("==", "!=") or not never_falls(grows, name, least):
                return None
            below.append(relation)

        def within(value: int) -> bool:
            sizes = {**self.given, name: value}
            return general(sizes) <= self.limit and all(relation.holds(sizes) for relation in below)

        most = self.last(self.dim.max if self.dim.max is not None else FARTHEST)
        k = self._bisected(within, most)
        # at special sizes the formula has further terms: each is looked at by itself
        found = [v for v in special if v >= least and self.dim.refusal(v) is None and self.fits(v)]
        for _ in range(EACH):
            if k < 0:
                break
            value = self.unit(k)
            if value not in special and self.allowed(value):
                found.append(value)
                break
            k -= 1
        else:
            return None
        return max(found, default=None), f"{name} was found by bisection: the formula never falls as {name} grows"

    def _bisected(self, within: Callable[[int], bool], most: int) -> int:
        """The number of the last size that is within, where those are the first ones; -1 for none."""
        if most < 0 or not within(self.unit(0)):
            return -1
        low, high = 0, 1
        while high <= most and within(self.unit(high)):
            low, high = high, high * 2
        high = min(high, most + 1)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if within(self.unit(middle)) else (low, middle)
        return low

    def _searched(self, most: int) -> int | None:
        """The largest size found to be within the budget, on a ladder of sizes and by bisection above it."""
        last = self.last(most)
        ladder = {*range(min(last, EACH) + 1), last}
        low = EACH
        while low < last:
            ladder |= {min(last, low + low * step // STEPS) for step in range(STEPS + 1)}
            low *= 2
        rungs = sorted(ladder)
        within = [k for k in rungs if self.fits(self.unit(k))]
        if not within:
            return None
        low = within[-1]
        high = next((k for k in rungs if k > low), last + 1)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.fits(self.unit(middle)) else (low, middle)
        return self.unit(low)
