"""The program's own source with what each line costs beside it."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symcost.conventions import convention
from symcost.errors import ArgumentError
from symcost.ledger import Row
from symcost.lines import Place, no_lines, short_names, tells_lines
from symcost.parts import by_line
from symcost.polynomial import Number, Size, evaluate, symbols_of, total

if TYPE_CHECKING:
    from symcost.cost import ProgramCost

QUANTITIES = ("flops", "transcendentals", "int_ops", "macs", "bytes_accessed", "collective_bytes")
"""Quantities that operations have, and so lines of code."""


@dataclass(frozen=True, slots=True)
class AnnotatedLine:
    """A line of source.

    Attributes:
        number: in its file. text: of it. size: what it costs; 0 for nothing.
        value: the same at given sizes; None without sizes, or where something unknown is left.
        share: of the total, from 0 to 1; None without sizes.
        branches: (branch of a conditional, what the line costs if it is taken); not part of the total.
    """

    number: int
    text: str
    size: Size
    value: Number | None = None
    share: float | None = None
    branches: tuple[tuple[str, Size], ...] = ()


@dataclass(frozen=True, slots=True)
class AnnotatedFile:
    """The functions of a file that cost something.

    Attributes:
        path, name: of the file, in full and as it is printed. lines: those that are shown; numbers may leap.
    """

    path: str
    name: str
    lines: tuple[AnnotatedLine, ...]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A program's source with costs; prints as a listing.

    Attributes:
        cost: of the program. quantity: that is shown. sizes: at which values are taken, or None.
        files: in the order in which the program comes to them.
        elsewhere: what comes from no line that is known. total: of all.
    """

    cost: ProgramCost
    quantity: str
    sizes: Mapping[str, int] | None
    files: tuple[AnnotatedFile, ...]
    elsewhere: AnnotatedLine
    total: AnnotatedLine

    def __str__(self) -> str:
        from symcost.report.annotated import to_text

        return to_text(self)

    __repr__ = __str__


def annotate(cost: ProgramCost, quantity: str = "flops", sizes: Mapping[str, Any] | None = None) -> Annotation:
    """The source of `cost` with a quantity's formula for each line.

    Args:
        sizes: where to take values and shares; all of the cost's symbols, or None.

    Raises:
        ArgumentError: lines do not have the quantity. ConventionError: the cost does not tell lines apart.
    """
    known_quantity(quantity)
    whole = cost.size(quantity)
    if not tells_lines(cost):
        raise no_lines(cost)
    if sizes is None and not cost.domain.names:
        sizes = {}  # a program without symbols costs what it costs
    point = None if sizes is None else cost.at(**sizes).sizes
    count = _Count(point, whole)
    rows: dict[Place | None, list[Row]] = {}
    for row in cost.part(by_line(quantity)).rows:
        if row.key.flag != "inputs":
            rows.setdefault(Place.parse(row.key.line), []).append(row)
    places: dict[tuple[str, int], list[Row]] = {}
    for place, found in rows.items():
        if place is not None:
            places.setdefault((place.file, place.number), []).extend(found)
    files = {file: {n: r for (f, n), r in places.items() if f == file} for file, _ in places}
    names = short_names(files)
    shown = tuple(
        AnnotatedFile(file, names[file], tuple(_lines(file, by_number, quantity, count)))
        for file, by_number in files.items()
        if any(row[quantity] != 0 for found in by_number.values() for row in found)
    )
    elsewhere = count.line(0, "", rows.get(None, []), quantity)
    return Annotation(cost, quantity, point, shown, elsewhere, count.of(0, "", whole))


def known_quantity(quantity: str) -> None:
    """Complain about a quantity that lines do not have."""
    if quantity not in QUANTITIES:
        known = quantity in convention("algorithm").quantities
        what = f"{quantity} belongs to no line of code" if known else f"there is no quantity {quantity!r}"
        raise ArgumentError(what, todo=f"one of {', '.join(QUANTITIES)}")


@dataclass(frozen=True, slots=True)
class _Count:
    """What lines cost, at some sizes or as formulas alone."""

    sizes: Mapping[str, int] | None
    whole: Size

    def line(self, number: int, text: str, rows: Iterable[Row], quantity: str) -> AnnotatedLine:
        sizes: dict[str, list[Size]] = {}
        for row in rows:
            sizes.setdefault(row.key.branch, []).append(row[quantity])
        branches = [(branch, total(found)) for branch, found in sizes.items() if branch]
        return self.of(number, text, total(sizes.get("", [])), tuple((b, s) for b, s in branches if s != 0))

    def of(self, number: int, text: str, size: Size, branches: tuple[tuple[str, Size], ...] = ()) -> AnnotatedLine:
        value, whole = self.value(size), self.value(self.whole)
        share = None if value is None or not whole else float(value / whole)
        return AnnotatedLine(number, text, size, value, share, branches)

    def value(self, size: Size) -> Number | None:
        if self.sizes is None or not symbols_of(size) <= set(self.sizes):
            return None
        return evaluate(size, self.sizes)


def _lines(path: str, rows: Mapping[int, list[Row]], quantity: str, count: _Count) -> Iterable[AnnotatedLine]:
    """The lines of a file that are shown."""
    source = linecache.getlines(path)
    counted = sorted(n for n, found in rows.items() if any(row[quantity] != 0 for row in found))
    for number in sorted(_around(source, counted)):
        text = source[number - 1].rstrip("\n").expandtabs(4) if number <= len(source) else ""
        yield count.line(number, text, rows.get(number, []), quantity)


def _around(source: Sequence[str], counted: Sequence[int]) -> set[int]:
    """Lines that are shown: the functions that lines with a cost stand in, and the heads of their classes."""
    found = set(counted)
    try:
        tree = ast.parse("".join(source))
    except (SyntaxError, ValueError):
        return found
    left = set(counted)

    def take(node: ast.stmt, first: int) -> None:
        lines = set(range(first, (node.end_lineno or node.lineno) + 1))
        if lines & left:
            found.update(lines)
            left.difference_update(lines)

    def look(nodes: Sequence[ast.stmt]) -> None:
        for node in nodes:
            inside = {n for n in left if node.lineno <= n <= (node.end_lineno or node.lineno)}
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                take(node, min([node.lineno, *(d.lineno for d in node.decorator_list)]))
            elif isinstance(node, ast.ClassDef) and inside:
                found.add(node.lineno)
                look(node.body)
            elif isinstance(node, (ast.If, ast.With, ast.Try, ast.For, ast.While)) and inside:
                look([n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)])
            elif inside:
                take(node, node.lineno)

    look(tree.body)
    return found
