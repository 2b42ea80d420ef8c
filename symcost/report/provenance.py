"""Where terms come from, as a report."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from symcost.lines import short_lines
from symcost.polynomial import Number
from symcost.report.document import Cell, Report, Table

if TYPE_CHECKING:
    from symcost.explain import Contribution, Explanation

CANCELS = "contributions of opposite sign cancel; the formula holds their sum"


def explanation(found: Explanation) -> Report:
    """The contributions to a term as a table, and one more for each special size that corrects it."""
    tables = [_table(found, found.contributions, found.coefficient, "contributions", "")] if found.contributions else []
    for special in found.special:
        title = f"only where {special.condition.strip('[]')}"
        tables.append(_table(found, special.contributions, special.coefficient, special.condition, title))
    notes = [found.note] if found.note else []
    if any(c.coefficient < 0 for c in found.contributions) and any(c.coefficient > 0 for c in found.contributions):
        notes.append(CANCELS)
    if not found.contributions:
        notes.append(f"the term {found.term} counts at special sizes only")
    product = _product(found.coefficient, found.term)
    return Report(f"{product} in the {found.quantity} of {found.name}", tables=tuple(tables), notes=tuple(notes))


def _product(coefficient: Number, term: str) -> str:
    if coefficient == 1:
        return term
    return str(coefficient) if term == "1" else f"{coefficient}*{term}"


def _table(found: Explanation, rows: Sequence[Contribution], whole: Number, name: str, title: str) -> Table:
    lines = {line: text.split(" (")[0] if line else text for line, text in short_lines(c.line for c in rows).items()}
    phases = len({c.phase for c in rows}) > 1
    labels = ["module", "primitive", *(["phase"] if phases else []), *(["line"] if found.lines else [])]

    def label(c: Contribution) -> list[Cell]:
        known = {"module": c.scope or "(outside of modules)", "primitive": c.primitive, "phase": c.phase}
        known["line"] = lines[c.line]
        return [known[key] for key in labels]

    head = f"times {found.term}" if found.term != "1" else "constant"
    return Table(
        (*labels, head),
        tuple((*label(c), _cell(c.coefficient)) for c in rows),
        (*labels, "coefficient"),
        len(labels),
        ("in the formula", *[""] * (len(labels) - 1), _cell(whole)),
        name=name,
        title=title,
    )


def _cell(coefficient: Number) -> Cell:
    return str(coefficient) if isinstance(coefficient, Fraction) else coefficient
