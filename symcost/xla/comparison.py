"""What a comparison with XLA found: rows of figures, compilations that failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symcost.errors import ArgumentError
from symcost.xla.causes import UNEXPLAINED, Cause
from symcost.xla.compile import AFTER, BEFORE
from symcost.xla.modules import Figures, ModuleRow, Modules, module_rows

if TYPE_CHECKING:
    from symcost.report.document import Report


ESTIMATES = ("fused_bytes", "peak_memory")
"""Quantities of a cost that stand beside what XLA made of the program, and do not follow its instructions."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of XLA beside the formula's.

    Attributes:
        sizes: where. target: what XLA compiled for. stage: "before optimisation" or "after optimisation".
        quantity: of the cost. formula, xla: the two figures.
        causes: why they differ; their amounts add up to ``xla - formula``.
        restored: XLA's figure with calls of libraries counted as what they replace, and loop bodies as often as they
            run before optimisation.
        modules: both figures by module path.
    """

    sizes: Mapping[str, int]
    target: str
    stage: str
    quantity: str
    formula: int
    xla: int
    causes: tuple[Cause, ...]
    restored: int = 0
    modules: Figures = ()

    @property
    def difference(self) -> int:
        """How much more XLA counts."""
        return self.xla - self.formula

    @property
    def ratio(self) -> float | None:
        """XLA's figure over the formula's; None where the formula is 0."""
        return self.xla / self.formula if self.formula else None

    @property
    def unexplained(self) -> int:
        """The part of the difference that no cause accounts for."""
        return sum(c.amount for c in self.causes if c.kind == UNEXPLAINED)

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data."""
        return {
            "sizes": dict(self.sizes),
            "target": self.target,
            "stage": self.stage,
            "quantity": self.quantity,
            "formula": self.formula,
            "xla": self.xla,
            "ratio": self.ratio,
            "restored": self.restored,
            "unexplained": self.unexplained,
            "reasons": [
                {"kind": c.kind, "reason": c.sentence, "amount": c.amount, "parts": dict(c.parts)} for c in self.causes
            ],
        }


@dataclass(frozen=True, slots=True)
class Estimate:
    """What symcost expects of the optimised program, and what XLA made of it.

    Attributes:
        sizes: where. target: what XLA compiled for.
        quantity: "fused_bytes" (beside XLA's bytes accessed, with loops as often as they run) or "peak_memory".
        formula, xla: the two figures.
    """

    sizes: Mapping[str, int]
    target: str
    quantity: str
    formula: int
    xla: int

    @property
    def ratio(self) -> float | None:
        """XLA's figure over the formula's; None where the formula is 0."""
        return self.xla / self.formula if self.formula else None

    def as_dict(self) -> dict[str, Any]:
        """The estimate as plain data."""
        figures = {"formula": self.formula, "xla": self.xla, "ratio": self.ratio}
        return {"sizes": dict(self.sizes), "target": self.target, "quantity": self.quantity, **figures}


@dataclass(frozen=True, slots=True)
class Failure:
    """A compilation that gave no figures.

    Attributes:
        sizes: where. target: what it was for. error: what the compiler said, or what became of it.
    """

    sizes: Mapping[str, int]
    target: str
    error: str

    def as_dict(self) -> dict[str, Any]:
        """The failure as plain data."""
        return {"sizes": dict(self.sizes), "target": self.target, "error": self.error}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found; prints as text.

    Attributes:
        name, convention: of the cost. rows: one per sizes, target, stage and quantity.
        failures: compilations without figures; the others are not touched by them.
        notes: on compilations that were done otherwise than with the chip at hand.
        estimates: of what fusion and allocation leave, which are no counts: a ratio, and no causes.
    """

    name: str
    convention: str
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    estimates: tuple[Estimate, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, quantity: str, stage: str = BEFORE, *, target: str = "", **sizes: int) -> Row:
        """The first row of a quantity and stage (and target, and sizes, if given).

        Raises:
            ArgumentError: there is none; the message says what there is.
        """
        for row in self.rows:
            wanted = (row.quantity, row.stage) == (quantity, stage) and target in ("", row.target)
            if wanted and all(row.sizes.get(name) == size for name, size in sizes.items()):
                return row
        known = dict.fromkeys(f"{r.quantity} {r.stage}" for r in self.rows)
        raise ArgumentError(f"no row for {quantity} {stage}", todo=f"one of {', '.join(known)}")

    def modules(self, quantity: str = "flops", depth: int | None = None, *, target: str = "", **sizes: int) -> Modules:
        """The figures of every module: the formula's, and XLA's before and after optimisation.

        Args:
            quantity: of the comparison. depth: module paths are cut to so many components; None for whole paths.
            target, **sizes: which of several; the first if not given.

        Raises:
            ArgumentError: there is no such row, or `depth` is no number of components.
        """
        if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
            raise ArgumentError(f"depth={depth!r} is not a number of components", todo="depth=2")
        before = self.row(quantity, BEFORE, target=target, **sizes)
        after = self.row(quantity, AFTER, target=before.target, **before.sizes)
        rows = module_rows(before.modules, after.modules, depth)
        total = ModuleRow("total", before.formula, before.xla, after.xla)
        return Modules(self.name, quantity, before.target, before.sizes, rows, total)

    def all_modules(self, depth: int | None = None) -> list[Modules]:
        """`modules` for every quantity, target and point."""
        wanted = dict.fromkeys((r.quantity, r.target, tuple(r.sizes.items())) for r in self.rows)
        return [self.modules(quantity, depth, target=target, **dict(sizes)) for quantity, target, sizes in wanted]

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as plain data."""
        return [row.as_dict() for row in self.rows]

    def as_dict(self, by_module: bool = False, depth: int | None = None) -> dict[str, Any]:
        """Everything as plain data, for JSON; with `by_module` the figures of every module too."""
        failures = [failure.as_dict() for failure in self.failures]
        found: dict[str, Any] = {"name": self.name, "convention": self.convention, "rows": self.to_dicts()}
        found["estimates"] = [estimate.as_dict() for estimate in self.estimates]
        found |= {"failures": failures, "notes": [*self.notes]}
        return found | ({"modules": [m.as_dict() for m in self.all_modules(depth)]} if by_module else {})

    def report(self, by_module: bool = False, depth: int | None = None) -> Report:
        """Figures, and what each difference is made of; with `by_module` the figures of every module instead."""
        from symcost.xla.present import comparison_report

        return comparison_report(self, self.all_modules(depth) if by_module else None)

    def __str__(self) -> str:
        from symcost.report.text import to_text

        return to_text(self.report())
