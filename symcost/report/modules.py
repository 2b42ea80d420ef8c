"""The table of a paper: modules with their formulas, equal layers as one row, shares of the total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symcost.advice import Typed, advice
from symcost.asymptotics import Term
from symcost.conventions import convention
from symcost.domain import Domain
from symcost.errors import ArgumentError
from symcost.growth import growth
from symcost.ledger import Key, Ledger
from symcost.parts import part_of
from symcost.polynomial import Number, Poly, Size, bind, symbols_of
from symcost.readable import readable
from symcost.report.breakdown import LAYERS, ORDER, Line, joined
from symcost.report.document import Cell, Formula, Module, Report, Share, Table
from symcost.report.totals import facts, notes, warnings

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

OUTSIDE = "outside of modules"
OWN = "own"

REPEATED = "a row with (×n) holds n equal modules together"
REST = "(own) is what a module computes outside of the modules in it"
EMPTY = "modules that cost none of this are left out"
LARGEST_BRANCH = "of conditionals the largest branch counts"


def checked_quantities(cost: ProgramCost, quantities: Sequence[str] | str | None) -> tuple[str, ...]:
    """The quantities of a table; if none is named, the first of FLOPs and MACs that the convention defines.

    Raises:
        ConventionError: the convention does not define a quantity. ArgumentError: it has no rows by module.
    """
    how = convention(cost.convention)
    if quantities is None:
        return (next(q for q in ORDER if q in how.quantities),)
    if not isinstance(quantities, Iterable):
        raise ArgumentError(f"quantities={quantities!r} names none", todo='quantities=("flops", "macs")')
    named = tuple(dict.fromkeys((quantities,) if isinstance(quantities, str) else quantities))
    rows = [q for q in ORDER if q in how.quantities]
    for q in named:
        if q in how.quantities and q not in rows:
            raise ArgumentError(
                f"{q} is not counted by module, but for the whole program",
                todo=advice(
                    f"{{}} for its total; by module there are {', '.join(rows)}",
                    Typed(f'cost.readable("{q}")', "symcost trace"),
                ),
            )
        if q not in rows and q not in ORDER:
            raise ArgumentError(f"no quantity is called {q!r}", todo=f"by module there are {', '.join(rows)}")
        how.require(q)
    if not named:
        raise ArgumentError("a table needs a quantity", todo=f"one or more of {', '.join(rows)}")
    return named


def checked_depth(depth: int | None) -> int | None:
    """A number of components of module paths.

    Raises:
        ArgumentError: it is none.
    """
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
        raise ArgumentError(f"depth={depth!r} is not a number of components", todo="depth=2, or None for whole paths")
    return depth


def checked_point(cost: ProgramCost, sizes: Mapping[str, Any]) -> dict[str, int]:
    """Sizes at which a table takes values.

    Raises:
        MissingSizeError, DomainError: sizes are missing, or outside of the domain.
    """
    if not isinstance(sizes, Mapping):
        example = ", ".join(f"{name}=8" for name in cost.domain.names)
        raise ArgumentError(f"at={sizes!r} gives no sizes by name", todo=f"at=dict({example})")
    return dict(cost.at(**{str(name): size for name, size in sizes.items()}).sizes)


def module_report(
    cost: ProgramCost, depth: int | None, quantities: Sequence[str], point: Mapping[str, int] | None
) -> Report:
    """A `module_table` under the facts of its cost."""
    table = module_table(cost, depth, quantities, point)
    return Report(
        cost.name,
        facts(cost),
        () if point is None else (point,),
        tables=(table,),
        warnings=warnings(cost),
        notes=notes([cost.size(q) for q in quantities], cost.domain.names),
    )


def module_table(
    cost: ProgramCost, depth: int | None, quantities: Sequence[str], point: Mapping[str, int] | None = None
) -> Table:
    """Modules, their formulas, their values at a point, and their share of the first quantity.

    Args:
        depth: of module paths, the program's outermost module included; None for all. point: checked sizes.
    """
    # bytes may need further traces, which nobody waits for who has not asked for them
    ledger = cost.part("traffic" if any(part_of(q) == "traffic" for q in quantities) else "work")
    rows = Ledger([r for r in ledger.rows if r.key.flag != "inputs" and not r.key.branch])
    groups = rows.group(lambda key: Key("/".join(key.scope.split("/")[:depth]), "", "", "", ""))
    for row in groups.rows:
        row.count, row.costs = 0, {q: row[q] for q in quantities}
    counted = [row for row in groups.rows if any(row[q] != 0 for q in quantities)] or groups.rows
    lines = [Line((row.key.scope,), row) for row in counted]
    whole = {q: cost.size(q) for q in quantities}
    first = quantities[0]
    share = _Share(whole[first], point, cost.domain)
    shown = joined(lines, 0)
    scopes = [line.label[0] for line in lines]
    root = _root(scopes)

    def cells(label: Cell, sizes: Mapping[str, Size]) -> tuple[Cell, ...]:
        found: list[Cell] = [label]
        for q in quantities:
            found.append(cell(sizes[q], cost.domain.names))
            if point is not None:
                found.append(_value(sizes[q], point, cost.domain.names))
            if q == first and share.known:
                found.append(share.of(sizes[q]))
        return tuple(found)

    keys = ["module"]
    for q in quantities:
        keys += [q, *[f"{q}_value"] * (point is not None), *["share"] * (q == first and share.known)]
    return Table(
        tuple(HEADINGS.get(key, share.heading if key == "share" else "value") for key in keys),
        tuple(cells(_module(line, root, scopes), {q: line.row[q] for q in quantities}) for line in shown),
        tuple(keys),
        1,
        cells("total", whole),
        tuple(
            note
            for note, wanted in (
                (REPEATED, any(line.times > 1 for line in shown)),
                (LAYERS, any("*" in scope for scope in scopes)),
                (REST, any(_has_parts(scope, scopes) for scope in scopes)),
                (EMPTY, len(lines) < len(groups.rows)),
                (LARGEST_BRANCH, any(r.key.conditional for r in rows.rows)),
            )
            if wanted
        ),
    )


HEADINGS = {
    "module": "module",
    "flops": "FLOPs",
    "transcendentals": "transcendentals",
    "int_ops": "integer operations",
    "macs": "MACs",
    "bytes_accessed": "bytes accessed",
    "collective_bytes": "bytes sent",
}


def cell(size: Size, names: Sequence[str]) -> Cell:
    """A size as people read it; a number where no symbol is in it."""
    if isinstance(size, int):
        return size
    return Formula(readable(size, names), size=size)


class _Share:
    """What part of a total a row is: at a point, or of the one term that leads it."""

    def __init__(self, whole: Size, point: Mapping[str, int] | None, domain: Domain):
        self.point, self.growth = point, growth(domain, others=sorted(symbols_of(whole) - {*domain.names}))
        self.lead: Term | None = None
        if point is None:
            leading = self.growth.undominated(self.growth.terms(whole))
            self.lead = leading[0] if len(leading) == 1 and not leading[0].factors else None
            self.whole: Size | Fraction = self.lead.coefficient if self.lead else 0  # type: ignore[assignment]
        else:
            self.whole = bind(whole, point)
        self.heading = "% of leading term" if self.lead and self.lead.symbols else "%"
        self.known = not isinstance(self.whole, Poly) and self.whole > 0

    def of(self, size: Size) -> Share | None:
        part = self._leading(size, self.lead) if self.lead else bind(size, self.point or {})
        if isinstance(part, Poly) or isinstance(self.whole, Poly):
            return None
        return Share(float(Fraction(part) / Fraction(self.whole)))

    def _leading(self, size: Size, lead: Term) -> Number:
        """A row's coefficient of the term that leads the total, floors written out."""
        return sum(t.coefficient for t in self.growth.terms(size) if t.symbols == lead.symbols and not t.factors)


def _value(size: Size, point: Mapping[str, int], names: Sequence[str]) -> Cell:
    found = bind(size, point)
    if isinstance(found, Fraction):
        return float(found)
    return cell(found, names)


def _root(scopes: Sequence[str]) -> str:
    """The module that all others stand in, with a slash; "" if there is none, or nothing in it."""
    roots = {scope.split("/")[0] for scope in scopes}
    return f"{roots.pop()}/" if len(roots) == 1 and any("/" in scope for scope in scopes) else ""


def _has_parts(scope: str, scopes: Sequence[str]) -> bool:
    return any(other.startswith(f"{scope}/") for other in scopes) if scope else False


def _module(line: Line, root: str, scopes: Sequence[str]) -> Module:
    scope = line.row.key.scope
    if not scope:
        return Module((f"({OUTSIDE})",))
    remark = OWN if _has_parts(scope, scopes) else ""
    parts = scope.split("/")
    if line.run is None:
        return Module((scope.removeprefix(root),), remark=remark)
    position, first, last = line.run
    before, after = parts[:position], parts[position + 1 :]
    names = ("/".join([*before, first]).removeprefix(root), "/".join([last, *after]))
    return Module(names, line.times, remark)
