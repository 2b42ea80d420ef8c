"""Where a term of a formula comes from: the modules, primitives and lines of code whose costs contain it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symcost.arrays import size_from_text
from symcost.domain import unknown_symbol
from symcost.errors import ArgumentError
from symcost.expression import from_sympy
from symcost.formatting import format_size
from symcost.ledger import LARGEST, Ledger
from symcost.lines import tells_lines
from symcost.parts import by_line, part_of
from symcost.polynomial import Monomial, Number, Size, make, symbols_of, terms_of

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

Where = tuple[str, str, str, str]
"""Scope, primitive, phase and line."""

NEAR = 6
"""Terms that are named where the one asked for is none of the formula's."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What operations of one kind at one place put into a term.

    Attributes:
        scope: module path. primitive, phase: of the operations. line: ``file:line (function)``; "" if not known.
        coefficient: of the term in the sum of their costs.
    """

    scope: str
    primitive: str
    phase: str
    line: str
    coefficient: Number


@dataclass(frozen=True, slots=True)
class Special:
    """What the term is corrected by at special sizes.

    Attributes:
        condition: where it holds, ``[B = 1]``. coefficient: of the term times the condition in the formula.
        contributions: adding up to it.
    """

    condition: str
    coefficient: Number
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a term of a formula comes from; prints as a table.

    Attributes:
        name: of the cost. quantity: of it. term: as text. coefficient: of the term in the formula.
        contributions: adding up to it, those that cancel among them. special: corrections at special sizes.
        lines: whether lines of code are known. note: why not.
    """

    name: str
    quantity: str
    term: str
    coefficient: Number
    contributions: tuple[Contribution, ...]
    special: tuple[Special, ...] = ()
    lines: bool = True
    note: str = ""

    def __str__(self) -> str:
        from symcost.report.provenance import explanation
        from symcost.report.text import to_text

        return to_text(explanation(self))

    __repr__ = __str__


def explain(cost: ProgramCost, term: Any, quantity: str = "flops") -> Explanation:
    """Where a term of `quantity` comes from.

    Args:
        term: as text or of sympy's, ``"M*H"``; a coefficient in it is not looked at.

    Raises:
        ArgumentError: the formula has no such term, or `quantity` is a maximum.
    """
    whole = cost.size(quantity)
    if quantity in LARGEST:
        raise ArgumentError(
            f"{quantity} is the largest of many sizes, not their sum, so that its terms have no parts",
            todo=f"cost.peak({', '.join(f'{n}=64' for n in cost.domain.names)}) tells what is alive then",
        )
    wanted = _monomial(term, cost, whole)
    ledger, lines = _ledger(cost, quantity, whole)
    rows = [row for row in ledger.rows if not row.key.branch]
    found: dict[Monomial, dict[Where, Number]] = {}
    for row in rows:
        for monomial, c in terms_of(row[quantity]).items():
            if _general(monomial) == wanted:
                key = (row.key.scope, row.key.primitive, row.key.phase, row.key.line)
                places = found.setdefault(_condition(monomial), {})
                places[key] = places.get(key, 0) + c
    if not found:
        raise _no_such_term(wanted, quantity, whole, cost.domain.names)
    totals = {_condition(m): c for m, c in terms_of(whole).items() if _general(m) == wanted}
    special = [
        Special(format_size(make({condition: 1}), cost.domain.names), totals.get(condition, 0), _sorted(places))
        for condition, places in found.items()
        if condition
    ]
    return Explanation(
        cost.name,
        quantity,
        format_size(make({wanted: 1}), cost.domain.names),
        totals.get((), 0),
        _sorted(found.get((), {})),
        tuple(sorted(special, key=lambda s: s.condition)),
        lines,
        "" if lines else _why_no_lines(cost, quantity),
    )


def _ledger(cost: ProgramCost, quantity: str, whole: Size) -> tuple[Ledger, bool]:
    """Rows that add up to the formula, by line where they can be."""
    part = by_line(quantity)
    if part and tells_lines(cost):
        ledger = cost.part(part)
        # the same function may have been found in another form: floors of sums, say
        if ledger.total(quantity) == whole:
            return ledger, True
    return cost.part(part_of(quantity)), False


def _why_no_lines(cost: ProgramCost, quantity: str) -> str:
    if not by_line(quantity):
        return f"lines of code are not told apart for {quantity}"
    if tells_lines(cost):
        return "the formulas of the lines add up to another form of this formula, so modules are named only"
    if cost.convention == "xla":
        return "lines of code are not told apart under the convention 'xla'"
    return (
        f"this cost ({cost.note or 'derived'}) does not tell lines of code apart; the one that sc.trace returned does"
    )


def _monomial(term: Any, cost: ProgramCost, whole: Size) -> Monomial:
    """The term asked for, without its coefficient."""
    if isinstance(term, bool) or term is None or isinstance(term, float):
        raise ArgumentError(f"{term!r} is no term of a formula", todo='cost.explain("M*H"), a product of sizes')
    if isinstance(term, str):
        size: Size = size_from_text(term, "a term", declare=False) if term.strip() else 0
    else:
        size = from_sympy(term)
    terms = list(terms_of(size))
    if len(terms) != 1:
        given = "0" if not terms else f"a sum of {len(terms)}"
        one = format_size(make({terms[0]: 1}), cost.domain.names) if terms else "M*H"
        raise ArgumentError(f"{str(term)!r} is {given}, not one term", todo=f'cost.explain("{one}")')
    known = tuple(dict.fromkeys((*cost.domain.names, *sorted(symbols_of(whole)))))
    for name in sorted(symbols_of(size)):
        if name not in known:
            raise unknown_symbol(name, known, f"the term {term}")
    return terms[0]


def _general(monomial: Monomial) -> Monomial:
    return tuple((a, e) for a, e in monomial if a.kind != "indicator")


def _condition(monomial: Monomial) -> Monomial:
    return tuple((a, e) for a, e in monomial if a.kind == "indicator")


def _sorted(places: dict[Where, Number]) -> tuple[Contribution, ...]:
    """The largest first; those of equal size in the order of the program."""
    found = [
        Contribution(scope, primitive, phase, line, c) for (scope, primitive, phase, line), c in places.items() if c
    ]
    return tuple(sorted(found, key=lambda c: -abs(c.coefficient)))


def _no_such_term(wanted: Monomial, quantity: str, whole: Size, order: Sequence[str]) -> ArgumentError:
    text = format_size(make({wanted: 1}), order)
    present = dict.fromkeys(_general(m) for m in terms_of(whole))
    near = sorted(present, key=lambda m: _distance(m, wanted))[:NEAR]
    listed = [format_size(make({m: 1}), order) for m in near]
    if not listed:
        return ArgumentError(f"{quantity} is 0, so that it has no term {text}", todo="ask for another quantity")
    more = len(present) - len(near)
    return ArgumentError(
        f"{quantity} has no term {text}",
        where=f"its terms: {', '.join(listed)}" + (f" and {more} more" if more else ""),
        todo=f'cost.explain("{listed[0]}"' + ("" if quantity == "flops" else f', quantity="{quantity}"') + ")",
    )


def _distance(a: Monomial, b: Monomial) -> int:
    one, other = dict(a), dict(b)
    return sum(abs(one.get(x, 0) - other.get(x, 0)) for x in {**one, **other})
