"""What a program costs, row by row: where, which primitive, which dtype and unit, how often, how much.

A row's costs are totals (already multiplied by how often it runs). Rows of the
branches of a conditional carry the branch's tag and are not part of a total: the
conditional's own row holds the maximum over its branches (`symcost.expected` takes
their mean instead).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from symcost.dominance import largest
from symcost.polynomial import Poly, Size, make, terms_of, total
from symcost.rules.registry import QUANTITIES


@dataclass(frozen=True, slots=True)
class Key:
    """What tells one row from another.

    Attributes:
        scope: module path. primitive: JAX primitive or HLO opcode.
        dtype: of the operands of the operation. unit: "matrix" or "vector".
        phase: "forward", "backward", "recomputed" or "update".
        branch: "" or the conditional branch it stands in ("Router/cond_0[1]"), the outermost first (`WITHIN` between).
        flag: "" or a remark ("custom call", "unknown").
        conditional: "" or the conditional ("Router/cond_0") whose largest branch the row holds.
        line: "" or the user's line, ``file:line (function)``, in ledgers that tell lines apart.
    """

    scope: str
    primitive: str
    dtype: str
    unit: str
    phase: str
    branch: str = ""
    flag: str = ""
    conditional: str = ""
    line: str = ""


WITHIN = " > "
"""Stands between the branches of nested conditionals."""


LARGEST = frozenset(("peak_memory",))
"""Quantities of which the largest row counts: rows stand for places, and nothing is in two of them at once."""


@dataclass(slots=True)
class Row:
    """One row: a key, how many operations it stands for, and the total of each quantity."""

    key: Key
    count: Size = 0
    costs: dict[str, Size] = field(default_factory=dict)

    def __getitem__(self, quantity: str) -> Size:
        return self.costs.get(quantity, 0)


class Adder:
    """A running sum of sizes that does not rebuild its polynomial at every step."""

    __slots__ = ("terms",)

    def __init__(self):
        self.terms: dict = {}

    def add(self, size: Size, times: Size = 1) -> None:
        if isinstance(times, Poly):
            size, times = size * times, 1
        terms = self.terms
        if isinstance(size, Poly):
            for m, c in size.terms.items():
                terms[m] = terms.get(m, 0) + c * times
        elif size:
            terms[()] = terms.get((), 0) + size * times

    def size(self) -> Size:
        return make(self.terms)


class Ledger:
    """Rows in the order in which the program first reached them."""

    def __init__(self, rows: Iterable[Row] = (), unknown: Iterable[Unknown] = ()):
        self.rows: tuple[Row, ...] = tuple(rows)
        self.unknown: tuple[Unknown, ...] = tuple(unknown)
        self._totals: dict[str, Size] = {}

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def total(self, quantity: str) -> Size:
        """The sum of `quantity` over rows outside of branches; the maximum, if it is one of the `LARGEST`."""
        if quantity not in self._totals:
            sizes = [row[quantity] for row in self.rows if not row.key.branch]
            self._totals[quantity] = largest((0, *sizes)) if quantity in LARGEST else total(sizes)
        return self._totals[quantity]

    def totals(self) -> dict[str, Size]:
        """Every quantity's total."""
        return {q: self.total(q) for q in QUANTITIES}

    def group(self, key: Callable[[Key], Key]) -> Ledger:
        """Rows with equal `key(row.key)` as one: added up, or the largest of them (see `LARGEST`)."""
        grouped: dict[Key, Row] = {}
        for row in self.rows:
            k = key(row.key)
            target = grouped.get(k)
            if target is None:
                grouped[k] = Row(k, row.count, dict(row.costs))
                continue
            target.count = target.count + row.count
            for q, size in row.costs.items():
                known = target.costs.get(q, 0)
                target.costs[q] = largest((known, size)) if q in LARGEST else known + size
        return Ledger(grouped.values(), self.unknown)

    def map(self, change: Callable[[Size], Size]) -> Ledger:
        """The ledger with `change` applied to every size; equal sizes are changed once."""
        seen: dict[Size, Size] = {}

        def once(size: Size) -> Size:
            if size not in seen:
                seen[size] = change(size)
            return seen[size]

        rows = [Row(r.key, once(r.count), {q: once(s) for q, s in r.costs.items()}) for r in self.rows]
        return Ledger(rows, self.unknown)

    def combine(self, other: Ledger, sign: int = 1) -> Ledger:
        """Row-wise sum (or difference) of two ledgers."""
        rows = {r.key: Row(r.key, r.count, dict(r.costs)) for r in self.rows}
        for r in other.rows:
            target = rows.setdefault(r.key, Row(r.key))
            target.count = target.count + sign * r.count
            for q, size in r.costs.items():
                target.costs[q] = target.costs.get(q, 0) + sign * size
        return Ledger(rows.values(), (*self.unknown, *other.unknown))

    def scale(self, factor: Size) -> Ledger:
        """Every size multiplied by `factor`."""
        return self.map(lambda s: s * factor)

    def symbols(self) -> set:
        """Atoms that occur in any size."""
        return {a for r in self.rows for s in (r.count, *r.costs.values()) for m in terms_of(s) for a, _ in m}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A primitive without a rule, or a trip count that the program does not say: the symbol that stands for it."""

    symbol: str  # "unknown_<primitive>_<k>" or "trips_<scope>_<k>"
    primitive: str
    scope: str
    source: str

    def __str__(self) -> str:
        place = " in ".join(filter(None, [self.primitive, self.scope]))
        return f"{self.symbol}: {place}" + (f", {self.source}" if self.source else "")


def with_branch(key: Key, branch: str) -> Key:
    """`key` inside one more conditional branch."""
    return replace(key, branch=f"{branch}{WITHIN}{key.branch}" if key.branch else branch)
