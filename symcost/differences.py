"""What changed between two costs: which module's formula, how, and by how much at given sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from symcost.conventions import MEMORY, convention
from symcost.cost import ProgramCost
from symcost.domain import Domain, near_names
from symcost.equality import always_zero, common, never_negative
from symcost.errors import ArgumentError, ConventionError, DimensionError, GeneralizationError, UnknownPrimitiveError
from symcost.ledger import LARGEST
from symcost.parts import part_of
from symcost.polynomial import Number, Size, bind, symbols_of, total


@dataclass(frozen=True, slots=True)
class Change:
    """One quantity of one module, or of the whole program, on both sides.

    Attributes:
        quantity: field of a cost. scope: module path on the new side ("" outside of modules); None for the total.
        old, new: formulas. kind: "same", "changed", "added" or "removed" (of modules).
    """

    quantity: str
    scope: str | None
    old: Size
    new: Size
    kind: str

    @property
    def difference(self) -> Size:
        """New less old."""
        return self.new - self.old


@dataclass(frozen=True, slots=True)
class Growth:
    """One quantity of one module, or of the whole program (scope None), at sizes, on both sides."""

    quantity: str
    scope: str | None
    sizes: Mapping[str, int]
    old: Number
    new: Number

    @property
    def ratio(self) -> Fraction | None:
        """How much more the new side costs, as a part of the old: 1/100 for 1% more. None where the old one is 0."""
        return Fraction(self.new - self.old) / self.old if self.old else None

    def exceeds(self, limit: Fraction) -> bool:
        """Whether it is more than `limit`, a part of the old cost."""
        return self.new > self.old * (1 + limit)

    @property
    def percent(self) -> str:
        """As people read it."""
        if self.new == self.old:
            return "none"
        if self.ratio is None:
            return "from 0"
        percent = 100 * float(self.ratio)
        return f"{percent:+.3f}%" if abs(percent) >= 5e-4 else f"{percent:+.0e}%"


@dataclass(frozen=True)
class CostDiff:
    """Two costs beside each other. Made by `sc.diff`; `print` shows it, `markdown` is for a pull request.

    Attributes:
        old, new: the costs. quantities: what is compared. depth: where module paths are cut, or None.
        unfound: quantities of the program's memory of which one side has no formula for all sizes.
    """

    old: ProgramCost
    new: ProgramCost
    quantities: tuple[str, ...]
    depth: int | None = None
    unfound: tuple[str, ...] = ()

    @cached_property
    def domain(self) -> Domain:
        """The sizes for which both formulas hold."""
        return common(self.old.domain, self.new.domain)

    @cached_property
    def totals(self) -> tuple[Change, ...]:
        """Every quantity of the whole program."""
        return tuple(
            Change(q, None, old, new, "same" if self._same(old, new) else "changed")
            for q in self.quantities
            for old, new in ((self.old.size(q), self.new.size(q)),)
        )

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """New module path -> old one, of modules that changed nothing but their name."""
        old, new = self._modules
        left = {scope: costs for scope, costs in old.items() if scope not in new}
        found: dict[str, str] = {}
        for scope, costs in new.items():
            if scope in old:
                continue
            alike = [other for other, theirs in left.items() if theirs == costs]
            if alike:
                # of several that cost the same, the one whose path has the most parts in common
                parts = scope.split("/")
                alike.sort(key=lambda other: -sum(p in parts for p in other.split("/")))
                found[scope] = alike[0]
                del left[alike[0]]
        return found

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Modules whose formula of some quantity is another one, or that only one side has."""
        old, new = self._modules
        before = set(self.renamed.values())
        scopes = dict.fromkeys([*new, *old])
        found = []
        for q in self.quantities:
            for scope in scopes:
                if scope in self.renamed or scope in before:
                    continue
                one, other = old.get(scope, {}).get(q, 0), new.get(scope, {}).get(q, 0)
                if not self._same(one, other):
                    kind = "added" if scope not in old else "removed" if scope not in new else "changed"
                    found.append(Change(q, scope, one, other, kind))
        return tuple(found)

    @property
    def same(self) -> bool:
        """Whether no total and no module changed, but for names of modules."""
        return not self.changes and all(change.kind == "same" for change in self.totals)

    def at(self, *wrong: Any, **sizes: int) -> tuple[Growth, ...]:
        """Totals, then modules that changed, as exact integers at given sizes.

        Raises:
            MissingSizeError, DomainError: sizes are missing, or outside of one of the domains.
            UnknownPrimitiveError: a formula that changed contains an unknown cost.
        """
        if wrong:
            raise ArgumentError(f"diff.at takes sizes by name, not {wrong[0]!r}", todo="diff.at(N=8, F=16)")
        point = {**self.old.at(**sizes).sizes, **self.new.at(**sizes).sizes}
        changes = (*self.totals, *self.changes)
        return tuple(
            Growth(c.quantity, c.scope, point, self._value(c, c.old, point), self._value(c, c.new, point))
            for c in changes
        )

    def grown(self, limit: Any, at: Sequence[Mapping[str, int]] = ()) -> tuple[Growth, ...]:
        """Totals that grew by more than `limit`; empty if none did.

        Args:
            limit: a part of the old cost, ``0.01`` or ``"1%"``. at: sizes; without them all sizes of the domain are
                meant, and it is proved that nothing grew by more, or sizes are given at which it did.

        Raises:
            DimensionError: neither could be shown for all sizes. UnknownPrimitiveError: as in `at`.
        """
        most = part(limit)
        if at:
            return tuple(g for point in at for g in self.at(**point) if g.scope is None and g.exceeds(most))
        found = []
        for change in self.totals:
            if change.kind == "same":
                continue
            self._all_known(change)
            left = change.old * (most.denominator + most.numerator) - change.new * most.denominator
            verdict = never_negative(left, self.domain)
            if verdict.at is not None:
                old, new = (self._value(change, size, verdict.at) for size in (change.old, change.new))
                found.append(Growth(change.quantity, None, verdict.at, old, new))
            elif not verdict.holds:
                raise DimensionError(
                    f"whether {change.quantity} grew by more than {_percent(most)} at some size is not known; it did "
                    f"not at {verdict.tried} sizes tried",
                    todo="name the sizes that matter (at=[...], --at)",
                )
        return tuple(found)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What makes the two sides hard to compare: other symbols or domains, unknown costs."""
        found = []
        for ours, theirs, side in ((self.old, self.new, "old"), (self.new, self.old, "new")):
            only = [name for name in ours.domain.names if name not in theirs.domain.names]
            if only:
                found.append(f"only the {side} side has the symbol{'s' * (len(only) > 1)} {', '.join(only)}")
        for dim in self.old.domain.dims:
            if dim.name in self.new.domain.names and self.new.domain[dim.name] != dim:
                found.append(f"the old side holds for {dim}, the new one for {self.new.domain[dim.name]}")
        for kind in ("relations", "excluded"):
            old, new = ({_told(c) for c in getattr(cost.domain, kind)} for cost in (self.old, self.new))
            found += [f"only the old side holds {told}" for told in sorted(old - new)]
            found += [f"only the new side holds {told}" for told in sorted(new - old)]
        for cost, side in ((self.old, "old"), (self.new, "new")):
            if cost.unknown:
                symbols = ", ".join(u.symbol for u in cost.unknown)
                found.append(f"the {side} side has costs that are not known: {symbols}")
        if self.unfound:
            found.append(f"not compared, since one side has no formula for all sizes: {', '.join(self.unfound)}")
        return tuple(found)

    def markdown(self, at: Sequence[Mapping[str, int]] = ()) -> str:
        """As markdown, for a pull request."""
        from symcost.report.differences import difference_report
        from symcost.report.markdown import to_markdown

        return to_markdown(difference_report(self, at))

    def __str__(self) -> str:
        from symcost.report.differences import difference_report
        from symcost.report.text import to_text

        return to_text(difference_report(self))

    def __repr__(self) -> str:
        changed = [c.quantity for c in self.totals if c.kind != "same"]
        return f"<CostDiff {self.old.name} to {self.new.name}: {', '.join(changed) or 'no total'} changed>"

    # -- inside ------------------------------------------------------------------------------
    def _same(self, old: Size, new: Size) -> bool:
        difference = old - new
        if difference == 0:
            return True
        try:
            return always_zero(difference, self.domain).holds is True
        except DimensionError:  # no size lies in both domains
            return False

    @cached_property
    def _modules(self) -> tuple[dict[str, dict[str, Size]], dict[str, dict[str, Size]]]:
        """Of both sides, module path -> quantity -> formula, without zeros, branches and inputs."""
        old, new = (_by_module(cost, self.quantities, self.depth) for cost in (self.old, self.new))
        return old, new

    def _all_known(self, change: Change) -> None:
        names = {*self.old.domain.names, *self.new.domain.names}
        unknown = sorted((symbols_of(change.old) | symbols_of(change.new)) - names)
        if unknown:
            raise UnknownPrimitiveError(
                f"{change.quantity} contains costs that are not known: {', '.join(unknown)}",
                todo="give its primitive a rule, or its loop a trip count, when it is traced",
            )

    def _value(self, change: Change, size: Size, point: Mapping[str, int]) -> Number:
        found = bind(size, point)
        if symbols_of(found):
            self._all_known(change)
        return found  # type: ignore[return-value]  # no symbol is left


def diff(old: ProgramCost, new: ProgramCost, *, quantities: Sequence[str] = (), depth: int | None = None) -> CostDiff:
    """What changed from one cost to another, by module.

    Args:
        old, new: costs under one convention: of `sc.trace`, or of `sc.load`.
        quantities: what to compare; all that both hold, if none is named.
        depth: module paths are cut to so many parts.

    Raises:
        ConventionError: the two are counted differently, or a quantity is not defined.

    Example:
        >>> import symcost as sc
        >>> old = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
        >>> new = sc.trace(lambda x, w: x @ w + 1, sc.array("N F"), sc.array("F H"))
        >>> found = sc.diff(old, new, quantities=["flops"])
        >>> found.totals[0].kind, found.at(N=2, F=3, H=5)[0].percent
        ('changed', '+16.667%')
        >>> [growth.sizes for growth in found.grown("50%")], found.grown("10%", at=[dict(N=2, F=8, H=5)])
        ([], ())
    """
    for side, cost in (("old", old), ("new", new)):
        if not isinstance(cost, ProgramCost):
            raise ArgumentError(
                f"the {side} side, {cost!r}, is no cost", todo='sc.diff(sc.load("old.json"), sc.trace(...))'
            )
    if (old.convention, old.platform) != (new.convention, new.platform):
        raise ConventionError(
            f"the old side is counted under {_counted(old)}, the new one under {_counted(new)}",
            todo=f"sc.diff(old.under({new.convention!r}), new)",
        )
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
        raise ArgumentError(f"depth={depth!r} is not a number of components", todo="depth=2")
    quantities = (quantities,) if isinstance(quantities, str) else tuple(quantities)
    for name in quantities:
        if name not in convention("algorithm").quantities:
            near = near_names(str(name), convention("algorithm").quantities)
            raise ArgumentError(
                f"no quantity is called {name!r}",
                todo=f"did you mean {' or '.join(near)}?" if near else f"one of {', '.join(old.quantities)}",
            )
        convention(old.convention).require(name)
        for cost in (old, new):
            cost.part(part_of(name))
    if quantities:
        return CostDiff(old, new, quantities, depth)
    both = [q for q in old.quantities if q in new.quantities]
    unfound = tuple(q for q in both if q in MEMORY and not (_found(old, q) and _found(new, q)))
    return CostDiff(old, new, tuple(q for q in both if q not in unfound), depth, unfound)


def _found(cost: ProgramCost, quantity: str) -> bool:
    """Whether there is a formula for all sizes."""
    try:
        cost.size(quantity)
    except GeneralizationError:
        return False
    return True


def _counted(cost: ProgramCost) -> str:
    return repr(cost.convention) + (f" for {cost.platform}" if cost.convention == "xla" else "")


def _by_module(cost: ProgramCost, quantities: Sequence[str], depth: int | None) -> dict[str, dict[str, Size]]:
    parts: dict[str, dict[str, list[Size]]] = {}
    for quantity in quantities:
        if quantity in LARGEST:
            continue  # modules' peaks do not add up to a total
        for row in cost.part(part_of(quantity)).rows:
            size = row[quantity]
            if row.key.branch or size == 0 or row.key.flag == "inputs":
                continue
            scope = "/".join(row.key.scope.split("/")[:depth])
            parts.setdefault(scope, {}).setdefault(quantity, []).append(size)
    found = {scope: {q: total(sizes) for q, sizes in costs.items()} for scope, costs in parts.items()}
    found = {scope: {q: size for q, size in costs.items() if size != 0} for scope, costs in found.items()}
    return {scope: costs for scope, costs in found.items() if costs}


def _told(condition: Any) -> str:
    return f"for {condition}" if hasattr(condition, "operator") else f"not for {condition[0]} ({condition[1]})"


def part(limit: Any) -> Fraction:
    """``"1%"``, ``0.01`` or a fraction as an exact fraction.

    Raises:
        ArgumentError: it is neither, or below 0.
    """
    try:
        if isinstance(limit, bool):
            raise ValueError
        if isinstance(limit, str):
            if not limit.strip().endswith("%"):
                raise ValueError
            found = Fraction(limit.strip()[:-1].strip()) / 100
        else:
            found = Fraction(str(limit)) if isinstance(limit, float) else Fraction(limit)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        raise ArgumentError(f"{limit!r} is no growth", todo='"1%", or 0.01') from None
    if found < 0:
        raise ArgumentError(f"a growth of {limit!r} is below 0", todo='"0%" allows none')
    return found


def _percent(part: Fraction) -> str:
    return f"{100 * float(part):g}%"
