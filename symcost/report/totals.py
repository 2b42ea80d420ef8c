"""A cost as a report: how it was counted, what it holds for, its totals, what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symcost.conventions import MEMORY, convention
from symcost.domain import Domain
from symcost.errors import GeneralizationError
from symcost.formatting import format_size
from symcost.growth import leading_terms
from symcost.ledger import LARGEST
from symcost.parts import part_of
from symcost.polynomial import Poly, Size, arguments, atoms_of, bind, make, symbols_of, terms_of
from symcost.report.document import UNITS, Fact, Formula, Quantity, Report
from symcost.rules.registry import ASKED

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

LONG = 300
"""Characters of a maximum that are printed among other formulas."""

MAIN = ("flops", "macs")
"""Quantities whose leading terms are shown: the first of them that is not 0."""


def cost_report(
    cost: ProgramCost, points: Sequence[Mapping[str, Any]] = (), *, assuming: Sequence[str] = (), big_o: bool = False
) -> Report:
    """The totals of `cost`.

    Args:
        points: sizes at which values are put beside the formulas; each gives all symbols.
        assuming: how sizes grow beside each other, for the leading terms. big_o: give O(...) as well.

    Raises:
        MissingSizeError, DomainError: a point lacks a symbol, or is outside of the domain.
    """
    sizes, unfound = totals(cost)
    at = tuple(cost.at(**point).sizes for point in points)
    main = next((q for q in MAIN if sizes.get(q, 0) != 0), None)
    shown = {q: size for q, size in sizes.items() if size != 0}
    quantities = tuple(
        Quantity(
            q,
            UNITS[q],
            formula(size, cost.domain.names, q),
            tuple(value(cost, q, point) for point in at),
            leading(size, cost.domain, assuming) if q == main else None,
            str(cost.big_o(q, assuming=assuming)) if q == main and big_o and isinstance(size, Poly) else "",
        )
        for q, size in shown.items()
    )
    return Report(
        cost.name,
        (*facts(cost), *([Fact("assuming", ", ".join(assuming), list(assuming))] if assuming else ())),
        at,
        quantities,
        tuple(q for q, size in sizes.items() if size == 0),
        warnings=warnings(cost),
        notes=(*unfound, *largest(cost), *asked(cost), *notes(_printed(quantities, shown), cost.domain.names)),
    )


def brief_report(cost: ProgramCost) -> Report:
    """The totals that are there without further traces: what a notebook shows of a cost that nobody printed."""
    sizes = {q: cost.size(q) for q in cost.quantities if part_of(q) == "work"}
    shown = {q: size for q, size in sizes.items() if size != 0}
    quantities = tuple(Quantity(q, UNITS[q], formula(size, cost.domain.names, q)) for q, size in shown.items())
    left = [q for q in cost.quantities if part_of(q) != "work"]
    more = [f"{', '.join(left)}: found when asked for; print(cost) shows all"] if left else []
    return Report(
        cost.name,
        facts(cost),
        quantities=quantities,
        zeros=tuple(q for q, size in sizes.items() if size == 0),
        warnings=warnings(cost),
        notes=(*notes(shown.values(), cost.domain.names), *more),
    )


def totals(cost: ProgramCost) -> tuple[dict[str, Size], tuple[str, ...]]:
    """Every quantity's total, and a line about each of the program's memory of which no formula was found."""
    found, notes_ = {}, []
    for quantity in cost.quantities:
        try:
            found[quantity] = cost.size(quantity)
        except GeneralizationError as error:
            if quantity not in MEMORY:
                raise
            notes_.append(f"{quantity}: no formula was found for all sizes ({error.what})")
    return found, tuple(notes_)


def _printed(quantities: Sequence[Quantity], sizes: Mapping[str, Size]) -> list[Size]:
    """Sizes whose formulas are shown as they are."""
    return [sizes[q.name] for q in quantities if not (isinstance(q.formula, Formula) and q.formula.brief)]


def largest(cost: ProgramCost) -> tuple[str, ...]:
    """That totals hold the largest branch of conditionals, if there are any."""
    found = cost.conditionals
    if not found:
        return ()
    names = _listed([c.name for c in found])
    these = "this conditional" if len(found) == 1 else "these conditionals"
    return (
        f"{names}: of {these} the largest branch counts, for each quantity by itself; "
        'cost.by("branch") shows every branch, cost.expected(...) takes the mean (--by branch, --expect)',
    )


def asked(cost: ProgramCost) -> tuple[str, ...]:
    """Which opcodes have formulas that XLA was asked for."""
    opcodes = dict.fromkeys(row.key.primitive for row in cost.ledger.rows if row.key.flag == ASKED)
    if not opcodes:
        return ()
    return (f"{', '.join(opcodes)}: without a rule; the formula is made of what XLA says of it alone at a few sizes",)


def facts(cost: ProgramCost) -> tuple[Fact, ...]:
    """Convention, domain, and how many points were traced."""
    found = [
        Fact("convention", f"{cost.convention}: {convention(cost.convention).summary}", cost.convention),
        Fact("domain", str(cost.domain)),
    ]
    if cost.analysis is None:
        found.append(Fact("derived", cost.note or "from another cost"))
    else:
        count = len(cost.samples)
        found.append(Fact("traced", f"at {count} point{'' if count == 1 else 's'}", count))
    return tuple(found)


def formula(size: Size | Fraction, names: Sequence[str], quantity: str = "") -> Formula | int | float:
    """A size as it is printed; a number where no symbol is in it."""
    if not isinstance(size, Poly):
        return size if isinstance(size, int) else float(size)
    text = format_size(size, names)
    return Formula(text, _brief(size, names, quantity) if quantity in LARGEST and len(text) > LONG else "", size)


def _brief(size: Size, names: Sequence[str], quantity: str) -> str:
    """A maximum of many sizes in words, with its general part if that is short."""
    general = make({m: c for m, c in terms_of(size).items() if all(a.kind != "indicator" for a, _ in m)})
    text = format_size(general, names)
    special = "" if general == size else ", with corrections at special sizes"
    if len(text) > LONG:
        text = f"the largest of {len(arguments(general))} sizes"
    return f"{text}{special}; cost.text({quantity!r}) prints it"


def value(cost: ProgramCost, quantity: str, sizes: Mapping[str, int]) -> Formula | int | float:
    """A total at `sizes`; a formula in what is left where it contains an unknown cost."""
    size = cost.size(quantity)
    if symbols_of(size) <= set(sizes):
        found = cost.value(quantity, sizes)
        return float(found) if isinstance(found, Fraction) else found
    return Formula(format_size(bind(size, sizes), cost.domain.names))


def leading(size: Size, domain: Domain, assuming: Sequence[str] = ()) -> Formula | None:
    """The leading terms, where there are others besides."""
    first = leading_terms(size, domain, assuming=assuming)
    return Formula(format_size(first, domain.names)) if 0 < len(terms_of(first)) < len(terms_of(size)) else None


def warnings(cost: ProgramCost) -> tuple[Fact, ...]:
    """What is not known, one line for each."""
    found = []
    for unknown in cost.unknown:
        plain = {"symbol": unknown.symbol, "primitive": unknown.primitive}
        plain |= {"scope": unknown.scope, "source": unknown.source}
        place = " in ".join(filter(None, (unknown.primitive, unknown.scope)))
        place += f", {unknown.source}" if unknown.source else ""
        if unknown.symbol.startswith("trips_"):
            text = f"{unknown.symbol} stands for how often a loop runs that does not say it ({place})"
        else:
            text = f"{unknown.symbol} stands for the cost of a primitive without a rule ({place})"
        found.append(Fact("unknown", text, plain))
    return tuple(found)


_EXPLANATIONS = {
    "indicator": "{}: 1 where this holds and 0 at all other sizes, so that such a term counts at that size only",
    "conv_taps": (
        "{}: conv_taps(size, kernel, output, stride, padding before, input dilation, kernel dilation) counts the "
        "pairs of an output position and a kernel tap along one axis that meet the input, not its padding"
    ),
    "ceil_log2": "{}: ceil_log2(n) is the logarithm to base 2, rounded up",
    "floor_log2": "{}: floor_log2(n) is the logarithm to base 2, rounded down",
}
"""What a function in a formula means, by the kind of its atom; {} is the function as printed."""


def notes(sizes: Iterable[Size], names: Sequence[str]) -> tuple[str, ...]:
    """What the functions in these sizes mean, in words; rounding, max and min need none."""
    found: dict[str, dict[str, None]] = {}
    left = list(sizes)
    seen = set()
    while left:
        for atom in atoms_of(left.pop(0)):
            if atom in seen:
                continue
            seen.add(atom)
            left.extend(atom.args)
            if atom.kind in _EXPLANATIONS:
                printed = format_size(bind_atom(atom), names)
                found.setdefault(atom.kind, {})[printed] = None
    return tuple(_EXPLANATIONS[kind].format(_listed([*texts])) for kind, texts in found.items())


def bind_atom(atom: Any) -> Size:
    """The size that is one atom alone."""
    return Poly({((atom, 1),): 1})


def _listed(texts: list[str], most: int = 3) -> str:
    """The first few of several examples; a formula shows all of them anyway."""
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")
