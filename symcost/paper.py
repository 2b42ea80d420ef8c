r"""The table of a paper as a whole: formulas by module, what is counted, what they hold for, and how to make it again.

Formats are lowerings of one report; in LaTeX what is said of the table stands in notes under it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from symcost.advice import Typed, advice
from symcost.conventions import convention
from symcost.cost import ProgramCost
from symcost.cost_table import ModuleTable
from symcost.domain import Dim
from symcost.errors import ArgumentError
from symcost.grammar import Relation, parse_relations
from symcost.polynomial import Size, atoms_of
from symcost.query.encode import provenance
from symcost.readable import readable
from symcost.report.document import Fact, Report
from symcost.report.latex import WIDTH, checked_width, formula, letters_of
from symcost.report.latex_table import PACKAGES, Letters, tabular
from symcost.report.lettering import balanced, text
from symcost.report.modules import HEADINGS

STANDALONE_WIDTH = 455.0
"""Points: the text of an A4 page with margins of 25 mm."""

FUNCTIONS = {
    "indicator": r"$[\,\cdot\,]$ is 1 where the condition in it holds, and 0 elsewhere.",
    "conv_taps": (
        r"$\operatorname{conv\_taps}$(size, kernel, output, stride, padding before, input dilation, kernel dilation) "
        "counts the pairs of an output position and a kernel tap that meet the input, not its padding."
    ),
}
"""What functions in formulas mean, by the kind of their atoms; brackets of rounding, max and min need no words."""


def paper(
    cost: ProgramCost,
    format: str = "latex",
    *,
    depth: int | None = 2,
    quantities: Sequence[str] | str | None = None,
    at: Mapping[str, Any] | None = None,
    symbols: Mapping[str, str] | None = None,
    standalone: bool = False,
    width: float | None = None,
    caption: str = "",
    label: str = "cost",
    command: str = "",
) -> str:
    """See `ProgramCost.paper`."""
    if not isinstance(format, str) or format not in FORMATS:
        raise ArgumentError(f"no format is called {format!r}", todo=f"format= one of {', '.join(map(repr, FORMATS))}")
    for name, given in (("caption", caption), ("command", command)):
        if not isinstance(given, str):
            raise ArgumentError(f"{name}={given!r} is no text", todo=f'{name}="..."')
    if not balanced(caption):
        raise ArgumentError(
            f"caption={caption!r} is nothing that LaTeX can set", todo=r"braces in pairs, and \% for a percent sign"
        )
    letters = letters_of(cost, symbols)
    if format != "latex":
        given = {"standalone": standalone, "symbols": symbols, "caption": caption, "width": width}
        wrong = [name for name, value in given.items() if value]
        if wrong:
            cure = advice("{}", Typed('format="latex"', "--format latex"))
            raise ArgumentError(f"{wrong[0]} is for LaTeX, not for {format}", todo=cure)
    table = ModuleTable(cost, depth, quantities, at)
    report = table.report()
    parameters = cost.size("params") if "params" in cost.quantities else 0
    if parameters != 0:
        report = replace(report, facts=(*report.facts, Fact("parameters", readable(parameters, cost.domain.names))))
    made = (Fact("made by", _versions(cost)), *([Fact("command", command)] if command else []))
    report = replace(report, facts=(*report.facts, *made))
    if format != "latex":
        return FORMATS[format](report)
    if width is None:
        width = STANDALONE_WIDTH if standalone else WIDTH
    width = checked_width(width)
    return _latex(table, report, Letters(cost.domain.names, letters), width, caption, label, standalone)


def _markdown(report: Report) -> str:
    from symcost.report.markdown import to_markdown

    return to_markdown(report)


def _html(report: Report) -> str:
    from symcost.report.html import to_html

    return to_html(report) + "\n"


def _csv(report: Report) -> str:
    from symcost.report.rows import to_csv

    said = [f"{fact.label}: {fact.text}" for fact in (*report.facts, *report.warnings)]
    said += [f"at: {', '.join(f'{name}={size}' for name, size in point.items())}" for point in report.points]
    said += [*report.tables[0].notes, *report.notes]
    return "".join(f"# {' '.join(line.split())}\n" for line in [report.title, *said]) + to_csv(report.tables[0])


FORMATS: dict[str, Callable[[Report], str]] = {"latex": str, "markdown": _markdown, "csv": _csv, "html": _html}
"""Lowerings by name; LaTeX has more to be told."""


def _versions(cost: ProgramCost) -> str:
    found = provenance(cost)
    packages = [f"{name} {version}" for name, version in found["packages"].items()]
    return ", ".join([f"symcost {found['symcost']}", *packages, f"Python {found['python']}"])


def _latex(
    table: ModuleTable, report: Report, letters: Letters, width: float, caption: str, label: str, standalone: bool
) -> str:
    part = report.tables[0]
    comments = [f"{fact.label}: {fact.text}" for fact in (*report.facts, *report.warnings)]
    comments.append(f"needs: \\usepackage{{{','.join(PACKAGES)}}}")
    body, equations = tabular(part, letters, width, label)
    lines = [f"% {line}" for comment in comments for line in comment.splitlines()]
    if standalone:
        lines += [
            r"\documentclass{article}",
            r"\usepackage[a4paper,margin=25mm]{geometry}",
            rf"\usepackage{{{','.join(PACKAGES)}}}",
            r"\allowdisplaybreaks",
            r"\begin{document}",
        ]
    lines += [
        rf"\begin{{table}}[{'h' if standalone else 't'}]",
        r"\centering",
        rf"\caption{{{caption or _caption(table)}}}",
        rf"\label{{tab:{label}}}",
        r"\smallskip",
        body,
        "",
        rf"\smallskip\begin{{minipage}}{{{width:g}pt}}\footnotesize\raggedright",
        *_notes(table, report, letters),
        r"\end{minipage}",
        r"\end{table}",
        *([equations] if equations else []),
        *([r"\end{document}"] if standalone else []),
    ]
    return "\n".join(lines) + "\n"


def _caption(table: ModuleTable) -> str:
    names = [text(HEADINGS[q]) for q in table.quantities]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{listed[:1].upper()}{listed[1:]} of {text(table.cost.name)} by module."


def _notes(table: ModuleTable, report: Report, letters: Letters) -> list[str]:
    """What is counted, what it holds for, where values were taken, what is not known."""
    cost = table.cost
    found = [f"Counted: {text(convention(cost.convention).summary)}."]
    if cost.domain.dims:
        found.append(f"Holds for {', '.join(assumptions(cost, letters))}.")
    if cost.size("params") != 0:
        found.append(f"Parameters in total: ${formula(cost.size('params'), letters.order, letters.symbols)}$.")
    for description, reason in cost.domain.excluded:
        where = " and ".join(_related(relation, letters) for relation in parse_relations(description)[0])
        found.append(f"Not at {where}: {text(reason)}.")
    for point in report.points:
        sizes = ", ".join(f"${formula_of(name, letters)} = {_grouped(size)}$" for name, size in point.items())
        found.append(f"Values at {sizes}." if sizes else "")
    kinds = _kinds([cost.size(q) for q in table.quantities])
    found += [said for kind, said in FUNCTIONS.items() if kind in kinds]
    found += [f"{_sentence(note)}." for note in report.tables[0].notes]
    found += [f"Not known: {text(warning.text)}." for warning in report.warnings]
    return [line for line in found if line]


def _grouped(size: int) -> str:
    """``10{,}556``; four digits stay together."""
    return f"{size:,}".replace(",", "{,}") if size > 9999 else str(size)


def _sentence(note: str) -> str:
    return text(note[:1].upper() + note[1:])


def formula_of(name: str, letters: Letters) -> str:
    """A symbol as LaTeX."""
    from symcost.polynomial import symbol

    return formula(symbol(name), letters.order, letters.symbols)


def assumptions(cost: ProgramCost, letters: Letters) -> list[str]:
    r"""The domain as LaTeX: ``$N, F \geq 1$``, ``$H$ a multiple of 8``, ``$M \leq N$``."""
    plain: dict[int, list[str]] = {}
    found = []
    for dim in cost.domain.dims:
        if dim.max is None and dim.multiple_of == 1 and dim.power_of is None:
            plain.setdefault(dim.min, []).append(formula_of(dim.name, letters))
        else:
            found.append(_restricted(dim, formula_of(dim.name, letters)))
    found += [_related(relation, letters) for relation in cost.domain.relations]
    return [*(rf"${', '.join(names)} \geq {least}$" for least, names in plain.items()), *found]


def _related(relation: Relation, letters: Letters) -> str:
    signs = {"<=": r"\leq", ">=": r"\geq", "==": "=", "!=": r"\neq"}
    left, right = (formula(side, letters.order, letters.symbols) for side in (relation.left, relation.right))
    return f"${left} {signs.get(relation.operator, relation.operator)} {right}$"


def _restricted(dim: Dim, letter: str) -> str:
    kinds = [f"a multiple of {dim.multiple_of}"] * (dim.multiple_of > 1)
    kinds += [f"a power of {dim.power_of}"] * (dim.power_of is not None)
    # the smallest size says something where the other restrictions do not give it
    least = replace(dim, min=1, max=None).min
    if dim.max is not None:
        range_ = rf"${dim.min} \leq {letter} \leq {dim.max}$"
    else:
        range_ = f"${letter}$" if dim.min == least else rf"${letter} \geq {dim.min}$"
    return f"{range_}{' and' if kinds and ' ' in range_ else ''} {' and '.join(kinds)}".strip()


def _kinds(sizes: Sequence[Size]) -> set[str]:
    """Kinds of atoms in sizes, those inside of functions included."""
    found: set[str] = set()
    left = [*sizes]
    while left:
        for atom in atoms_of(left.pop()):
            found.add(atom.kind)
            left += atom.args
    return found
