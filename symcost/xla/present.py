"""Comparisons and analyses as reports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from symcost.domain import format_sizes
from symcost.report.document import UNITS, Cell, Fact, Report, Share, Table
from symcost.xla.causes import SENTENCES, UNEXPLAINED
from symcost.xla.compile import QUANTITIES, XlaAnalysis
from symcost.xla.targets import target as known_target

if TYPE_CHECKING:
    from symcost.xla.comparison import Comparison, Estimate, Row
    from symcost.xla.modules import Modules


def comparison_report(comparison: Comparison, by_module: Sequence[Modules] | None = None) -> Report:
    """Figures first, then for every figure that differs the way from the formula to it, or figures by module."""
    points = list(dict.fromkeys(tuple(r.sizes.items()) for r in (*comparison.rows, *comparison.estimates)))
    number = {point: f"({i + 1})" for i, point in enumerate(points)}
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in comparison.rows:
        groups.setdefault((row.target, row.quantity, row.stage), []).append(row)
    several_targets = len({row.target for row in (*comparison.rows, *comparison.estimates)}) > 1
    tables = [_figures(comparison.rows, number, several_targets)] if comparison.rows else []
    if comparison.estimates and by_module is None:
        tables.append(_estimates(comparison.estimates, number, several_targets))
    for modules in by_module or ():
        title = f"{modules.quantity}, by module" + (f", {modules.target}" if several_targets else "")
        if len(points) > 1:
            title += f", at {number[tuple(modules.sizes.items())]}"
        tables.append(_modules(modules, title))
    for (target, quantity, stage), rows in groups.items() if by_module is None else ():
        if any(row.causes for row in rows):
            title = f"{quantity}, {stage}" + (f", {target}" if several_targets else "")
            tables.append(_reasons(rows, title, [number[tuple(r.sizes.items())] for r in rows]))
    targets = dict.fromkeys(row.target for row in (*comparison.rows, *comparison.estimates))
    chips = [f"{name}, {known_target(name).chip}" for name in targets]
    return Report(
        f"{comparison.name}: the formula and XLA",
        (
            Fact("convention", comparison.convention),
            Fact("target", "; ".join(chips), list(targets)),
            Fact("XLA", f"of jaxlib {metadata.version('jaxlib')}", metadata.version("jaxlib")),
        ),
        tuple(dict(point) for point in points if point),
        tables=tuple(tables),
        notes=comparison.notes,
        warnings=tuple(
            Fact("failed", f"{f.target} at {format_sizes(f.sizes)}: {f.error}", f.as_dict())
            for f in comparison.failures
        ),
    )


def _figures(rows: Sequence[Row], number: dict[tuple, str], several_targets: bool) -> Table:
    columns = ["quantity", "stage", "formula", "XLA", "difference", "unexplained"]
    keys = ["quantity", "stage", "formula", "xla", "difference", "unexplained"]
    labels = 2
    if several_targets:
        columns, keys, labels = ["target", *columns], ["target", *keys], labels + 1
    if len(number) > 1:
        columns, keys, labels = ["at", *columns], ["at", *keys], labels + 1
    found: list[tuple[Cell, ...]] = []
    for row in rows:
        share = None if row.ratio is None else Share(row.ratio - 1, signed=True)
        cells: tuple[Cell, ...] = (row.quantity, _short(row.stage), row.formula, row.xla, share, row.unexplained)
        if several_targets:
            cells = (row.target, *cells)
        if len(number) > 1:
            cells = (number[tuple(row.sizes.items())], *cells)
        found.append(cells)
    return Table(tuple(columns), tuple(found), tuple(keys), labels, name="figures")


def _estimates(estimates: Sequence[Estimate], number: dict[tuple, str], several_targets: bool) -> Table:
    """What symcost expects of the optimised program beside what XLA made of it."""
    columns = [*(["target"] if several_targets else []), "quantity", "formula", "XLA", "XLA / formula"]
    keys = [*(["target"] if several_targets else []), "quantity", "formula", "xla", "ratio"]
    if len(number) > 1:
        columns, keys = ["at", *columns], ["at", *keys]
    found: list[tuple[Cell, ...]] = []
    for e in estimates:
        ratio = None if e.ratio is None else float(f"{e.ratio:.3g}")
        cells: tuple[Cell, ...] = (*((e.target,) if several_targets else ()), e.quantity, e.formula, e.xla, ratio)
        found.append((number[tuple(e.sizes.items())], *cells) if len(number) > 1 else cells)
    labels = len(columns) - 3
    title = "estimates, beside what XLA made of the program"
    return Table(tuple(columns), tuple(found), tuple(keys), labels, name="estimates", title=title)


def modules_report(modules: Modules) -> Report:
    """The figures of every module."""
    facts = (Fact("target", f"{modules.target}, {known_target(modules.target).chip}", modules.target),)
    table = _modules(modules, f"{modules.quantity}, by module")
    points = (dict(modules.sizes),) if modules.sizes else ()
    return Report(f"{modules.name}: the formula and XLA by module", facts, points, tables=(table,))


def _modules(modules: Modules, title: str) -> Table:
    rows = [(r.module, r.formula, r.before, r.after) for r in (*modules.rows, modules.total)]
    return Table(
        (f"module ({UNITS[modules.quantity]})", "formula", "XLA before", "after"),
        tuple(rows[:-1]),
        ("module", "formula", "before", "after"),
        total=rows[-1],
        name=title.replace(",", "").replace(" ", "_"),
        title=title,
    )


def _short(stage: str) -> str:
    return stage.partition(" ")[0]


def _reasons(rows: Sequence[Row], title: str, heads: Sequence[str]) -> Table:
    """From the formula to XLA's figure, one step per cause and one column per point."""
    kinds = [kind for kind in SENTENCES if any(c.kind == kind for row in rows for c in row.causes)]
    found: list[tuple[Cell, ...]] = [("the formula", *(row.formula for row in rows))]
    for kind in kinds:
        amounts = [sum(c.amount for c in row.causes if c.kind == kind) for row in rows]
        found.append((_sentence(kind, rows), *amounts))
    if UNEXPLAINED not in kinds:
        found.append((UNEXPLAINED, *(0 for _ in rows)))
    quantity = rows[0].quantity
    columns = (f"{UNITS[quantity]}", *(heads if len(rows) > 1 else ("",)))
    restored = [row for row in rows if row.restored != row.xla]
    notes = [f"with library calls and loop bodies put back, XLA's figure is {row.restored:,}" for row in restored]
    return Table(
        columns,
        tuple(found),
        ("reason", *(f"at_{i + 1}" for i in range(len(rows)))),
        total=("XLA", *(row.xla for row in rows)),
        notes=tuple(notes),
        name=title.replace(",", "").replace(" ", "_"),
        title=title,
    )


def _sentence(kind: str, rows: Sequence[Row]) -> str:
    """A cause in words, with the largest parts that it has anywhere."""
    detail = max((c.detail() for row in rows for c in row.causes if c.kind == kind), key=len)
    if len(rows) > 1:
        detail = re.sub(r" \(\d+ trips?\)", "", detail)  # another number at every point
    return f"{SENTENCES[kind]}: {detail}" if detail else SENTENCES[kind]


def analysis_report(found: XlaAnalysis) -> Report:
    """XLA's figures of one program, before and after optimisation."""
    before, memory = found.unoptimized, found.memory
    rows: list[tuple[Cell, ...]] = [(q, getattr(before, q), getattr(found, q), UNITS[q]) for q in QUANTITIES]
    rows.append(("peak_memory", None, found.peak_memory, "bytes"))
    if found.optimal_seconds is not None:
        rows.append(("optimal_seconds", None, found.optimal_seconds, "seconds, as XLA expects"))
    notes = [
        f"{program.stage}: {', '.join(program.rounded)} from 2**24 on, where XLA's float32 sums are rounded"
        for program in (before, found)
        if program.rounded
    ]
    notes += [
        f"{program.stage}: custom calls, each of which XLA counts as -1: {', '.join(program.custom_calls)}"
        for program in (before, found)
        if program.custom_calls
    ]
    if found.note:
        notes.append(found.note)
    if memory:
        notes.append(
            f"peak_memory: arguments {memory.arguments:,}, outputs {memory.outputs:,}, temporaries "
            f"{memory.temporaries:,}, less aliased {memory.aliased:,}; XLA's own peak {memory.reported_peak:,}"
        )
    return Report(
        f"{found.name}, compiled by XLA",
        (
            Fact("target", f"{found.target.name}, {found.target.chip}", found.target.name),
            Fact("XLA", f"of jaxlib {metadata.version('jaxlib')}", metadata.version("jaxlib")),
        ),
        tables=(
            Table(
                ("quantity", "before", "after", "unit"),
                tuple(rows),
                ("quantity", "before", "after", "unit"),
                name="figures",
            ),
        ),
        notes=tuple(notes),
    )
