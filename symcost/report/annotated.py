"""An annotated source as text: formulas beside the code where the terminal is wide enough, else below each line."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table as Grid
from rich.text import Text

from symcost.formatting import format_size
from symcost.lines import NO_LINE
from symcost.polynomial import Number, Size
from symcost.report.document import UNITS, Formula, Report, Share
from symcost.report.layout import FormulaText, plain_text
from symcost.report.text import plain_console, renderable
from symcost.report.totals import facts, notes, warnings

if TYPE_CHECKING:
    from symcost.annotate import AnnotatedFile, AnnotatedLine, Annotation

BESIDE = 36
"""Columns that formulas need at least to stand beside the code."""

BRANCHES = (
    "a formula after the name of a branch is what the line costs if that branch is taken; the line of the conditional "
    "itself holds the largest of its branches, and only that is part of the total"
)


def to_text(found: Annotation, width: int | None = None) -> str:
    """An annotated source as plain text; as wide as the terminal if not said."""
    return plain_console(lambda columns: listing(found, columns), width)


def listing(found: Annotation, width: int, color: bool = False) -> RenderableType:
    """An annotated source as a Rich object, for a console of `width` columns."""
    return Group(*_parts(found, width, color))


def _parts(found: Annotation, width: int, color: bool) -> Iterator[RenderableType]:
    order = found.cost.domain.names
    points = () if found.sizes is None else (found.sizes,)
    lines = [*(line for file in found.files for line in file.lines), found.elsewhere, found.total]
    branches = (BRANCHES,) if any(line.branches for line in lines) else ()
    explained = notes([line.size for line in lines], order)
    head = Report(f"{found.quantity} of {found.cost.name}, line by line", facts(found.cost), points)
    yield renderable(Report(head.title, head.facts, points, warnings=warnings(found.cost)), width)
    code = max((len(line.text) for file in found.files for line in file.lines), default=0)
    gutter = max((len(str(line.number)) for line in lines), default=1)
    left = gutter + 3 + (8 if found.sizes is not None else 0)
    longest = max(len(text) for line in lines for text in _texts(line, order)) if lines else 0
    beside = left + code + 2 + min(longest, BESIDE) <= width
    for file in found.files:
        yield Text("")
        yield Text(_name(file), style="bold")
        yield _file(found, file, (gutter, code if beside else 0), color)
    yield Text("")
    yield _sums(found, order)
    if explained or branches:
        yield Text("")
    for note in (*branches, *explained):
        yield Text(f"note: {note}", style="dim")


def _name(file: AnnotatedFile) -> str:
    """A file by its path from here, or by its name."""
    path = Path(file.path)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file.name


def _file(found: Annotation, file: AnnotatedFile, widths: tuple[int, int], color: bool) -> RenderableType:
    gutter, code = widths
    order = found.cost.domain.names
    highlighted = _highlighted([line.text for line in file.lines], color)
    grid = Grid.grid(padding=(0, 2, 0, 0), pad_edge=False)
    if found.sizes is not None:
        grid.add_column(justify="right", width=6, no_wrap=True)
    grid.add_column(justify="right", width=gutter + 2, no_wrap=True, style="dim")
    grid.add_column(width=code or None, overflow="fold", ratio=None if code else 1)
    if code:
        grid.add_column(ratio=1)
    before = None
    for line, text in zip(file.lines, highlighted, strict=True):
        if before is not None and line.number != before + 1:
            grid.add_row(*([""] * (found.sizes is not None)), f"{'':>{gutter}} │", "")
        before = line.number
        share = [Text(_share(line))] if found.sizes is not None else []
        formulas = [FormulaText(Formula(t), "cyan") for t in _texts(line, order)]
        number = f"{line.number:>{gutter}} │"
        if code:
            grid.add_row(*share, number, text, Group(*formulas) if formulas else "")
            continue
        grid.add_row(*share, number, text)
        for formula in formulas:
            indent = len(line.text) - len(line.text.lstrip())
            grid.add_row(*([""] * len(share)), f"{'':>{gutter}} │", _indented(formula, indent + 4))
    return grid


def _indented(formula: FormulaText, columns: int) -> RenderableType:
    from rich.padding import Padding

    return Padding(formula, (0, 0, 0, columns))


def _sums(found: Annotation, order: tuple[str, ...]) -> RenderableType:
    grid = Grid.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for label, line in ((NO_LINE, found.elsewhere), ("total", found.total)):
        if line.size == 0 and not line.branches and label != "total":
            continue
        values = []
        if found.sizes is not None:
            values = [Text(_share(line), justify="right"), Text(_number(line.value), justify="right")]
        style = "bold" if label == "total" else ""
        unit = Text(UNITS[found.quantity], style="dim")
        grid.add_row(
            Text(label, style=style), *values, unit, FormulaText(Formula(format_size(line.size, order)), style)
        )
    return grid


def _texts(line: AnnotatedLine, order: tuple[str, ...]) -> list[str]:
    """The formulas of a line: what it costs, and what it costs in branches."""
    found = [format_size(line.size, order)] if line.size != 0 else []
    return [*found, *(f"{branch}: {format_size(size, order)}" for branch, size in line.branches)]


def _share(line: AnnotatedLine) -> str:
    if line.size == 0:
        return ""
    if line.share is None:
        return "?"
    return "<0.1%" if 0 < line.share < 0.0005 else str(Share(line.share))


def _number(value: Number | None) -> str:
    if value is None:
        return "?"
    return plain_text(float(value)) if isinstance(value, Fraction) else plain_text(value)


def _highlighted(lines: list[str], color: bool) -> list[Text]:
    """Lines of Python with the colours of a terminal, where there are any."""
    if not color:
        return [Text(line) for line in lines]
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
    text = syntax.highlight("\n".join(lines))
    found = list(text.split("\n", allow_blank=True))
    return found[: len(lines)] + [Text("")] * (len(lines) - len(found))


def plain(found: Annotation) -> dict[str, Any]:
    """An annotated source as a dictionary that JSON can hold."""
    order = found.cost.domain.names

    def number(value: Number | None) -> Any:
        return float(value) if isinstance(value, Fraction) else value

    def entry(line: AnnotatedLine) -> dict[str, Any]:
        said: dict[str, Any] = {"formula": _formula(line.size, order)}
        if found.sizes is not None:
            said |= {"value": number(line.value), "share": line.share}
        if line.branches:
            said["branches"] = {branch: _formula(size, order) for branch, size in line.branches}
        return said

    return {
        "name": found.cost.name,
        "convention": found.cost.convention,
        "domain": str(found.cost.domain),
        "quantity": found.quantity,
        **({} if found.sizes is None else {"at": dict(found.sizes)}),
        "lines": [
            {"file": file.path, "line": line.number, "source": line.text, **entry(line)}
            for file in found.files
            for line in file.lines
            if line.size != 0 or line.branches
        ],
        "elsewhere": entry(found.elsewhere),
        "total": entry(found.total),
        "unknown": [fact.plain for fact in warnings(found.cost)],
    }


def _formula(size: Size, order: tuple[str, ...]) -> str:
    return format_size(size, order)
