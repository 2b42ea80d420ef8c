"""A formula beside XLA's own figures, with the reason for every difference."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symcost.analysis import Analysis, matches_xla
from symcost.conventions import convention
from symcost.cost import ProgramCost, Values
from symcost.errors import ArgumentError, ConventionError, LoweringError, MissingSizeError
from symcost.polynomial import evaluate
from symcost.program import Program
from symcost.rules.registry import hlo
from symcost.xla.cache import Cache
from symcost.xla.causes import UNEXPLAINED, Account, Cause
from symcost.xla.compile import (
    AFTER,
    BEFORE,
    QUANTITIES,
    SMALLER,
    Lowered,
    XlaAnalysis,
    XlaProgram,
    compiled_here,
    compiled_there,
    compiling_for,
    lowered,
)
from symcost.xla.lineup import line_up
from symcost.xla.listing import Entry, Listing, Reader, list_hlo, list_jaxpr, run_counts
from symcost.xla.optimised import optimised
from symcost.xla.targets import Target
from symcost.xla.workers import COMPILE, compile_all, reachable

if TYPE_CHECKING:
    from symcost.report.document import Report


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of XLA beside the formula's.

    Attributes:
        sizes: where. target: what XLA compiled for. stage: "before optimisation" or "after optimisation".
        quantity: of the cost. formula, xla: the two figures.
        causes: why they differ; their amounts add up to ``xla - formula``.
        restored: XLA's figure with calls of libraries counted as what they replace, and loop bodies as often as they
            run before optimisation.
    """

    sizes: Mapping[str, int]
    target: str
    stage: str
    quantity: str
    formula: int
    xla: int
    causes: tuple[Cause, ...]
    restored: int = 0

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
    """

    name: str
    convention: str
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

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

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as plain data."""
        return [row.as_dict() for row in self.rows]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        failures = [failure.as_dict() for failure in self.failures]
        named = {"name": self.name, "convention": self.convention}
        return {**named, "rows": self.to_dicts(), "failures": failures, "notes": [*self.notes]}

    def report(self) -> Report:
        """Figures, and what each difference is made of."""
        from symcost.xla.present import comparison_report

        return comparison_report(self)

    def __str__(self) -> str:
        from symcost.report.text import to_text

        return to_text(self.report())


def compare(
    cost: ProgramCost,
    targets: str | Target | Sequence[str | Target] = ("cpu",),
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    quantities: str | Sequence[str] = QUANTITIES,
    progress: Callable[[str], None] | None = None,
    *,
    cache: bool = True,
    limit: float = COMPILE,
) -> Comparison:
    """Put XLA's figures beside a formula, before and after XLA optimises, and say why they differ.

    Args:
        cost: what `sc.trace` returned, under the convention "algorithm" (or "xla").
        targets: what to compile for: "cpu", "tpu-v5e", "gpu-h100" ... (`sc.xla.TARGETS`), or "device", the accelerator
            that JAX sees here; several chips compile side by side, each in a process of its own.
        at: sizes, one mapping or several.
        quantities: of "flops", "transcendentals" and "bytes_accessed". progress: called with a line of text per step.
        cache: take answers of earlier compilations. limit: seconds for one compilation for another chip.

    Raises:
        TargetError: a target is unknown, or its packages are missing.
        MissingSizeError, DomainError: sizes are missing, or outside of the domain.
        ConventionError: a quantity that XLA does not count, or a cost that has no program.

    Example:
        >>> import symcost as sc
        >>> cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
        >>> row = sc.compare(cost, at=dict(N=2, F=3, H=5), quantities="flops").rows[0]
        >>> row.formula, row.xla, row.stage, row.causes
        (60, 60, 'before optimisation', ())
    """
    if not isinstance(cost, ProgramCost):
        raise ArgumentError(
            f"sc.compare takes a cost, not {cost!r}", todo="sc.compare(sc.trace(model, x), at=dict(...))"
        )
    where = reachable(targets)
    asked = (quantities,) if isinstance(quantities, str) else tuple(quantities)
    analysis = _checked(cost, asked)
    points = _points(cost, at)
    tell = progress or (lambda message: None)
    # before anything is compiled: what is missing or unknown is an error here
    formulas = [{quantity: getattr(values, quantity) for quantity in asked} for values in points]
    rows: list[Row] = []
    failures: list[Failure] = []
    notes: dict[str, None] = {}
    for (values, formula, target), found in _compiled(cost, analysis, points, formulas, where, cache, limit, tell):
        sizes = _sizes(cost, values)
        if isinstance(found, LoweringError):
            failures.append(Failure(sizes, target.name, found.what))
        else:
            rows += _compared(cost, analysis, values, formula, found)
            notes |= {f"{target.name}: {found.note}": None} if found.note else {}
    if failures and not rows and len(failures) == 1:
        raise LoweringError(failures[0].error, where=f"compiling for {failures[0].target}", todo=SMALLER)
    return Comparison(cost.name, cost.convention, tuple(rows), tuple(failures), tuple(notes))


def _checked(cost: ProgramCost, quantities: Sequence[str]) -> Analysis:
    for quantity in quantities:
        if quantity not in QUANTITIES:
            raise ConventionError(f"XLA does not count {quantity!r}", todo=f"one of {', '.join(QUANTITIES)}")
    if cost.convention not in ("algorithm", "xla"):
        raise ConventionError(
            f"the convention {cost.convention!r} leaves out what XLA counts, so that a comparison says nothing",
            todo="sc.compare(cost.under('algorithm'), ...)",
        )
    if cost.analysis is None:
        raise ConventionError(
            f"this cost ({cost.note or 'derived'}) has no program that XLA could compile",
            todo="compare the cost that sc.trace returned, at the sizes you want",
        )
    return cost.analysis


def _points(cost: ProgramCost, at: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Values]:
    given: list[Any] = list(at) if isinstance(at, (list, tuple)) else [at]
    names = cost.domain.names
    for sizes in given:
        if not isinstance(sizes, Mapping):
            example = ", ".join(f"{name}=8" for name in names)
            raise ArgumentError(f"at= takes sizes by name, not {sizes!r}", todo=f"at=[dict({example})]")
    if not given and names:
        example = ", ".join(f"{name}=8" for name in names)
        raise MissingSizeError("XLA compiles at integer sizes, and none were given", todo=f"at=[dict({example})]")
    return [cost.at(**sizes) for sizes in given or [{}]]


def _sizes(cost: ProgramCost, values: Values) -> dict[str, int]:
    """Sizes of the cost's own symbols, without trip counts and unknown costs that were given besides."""
    return {name: values.sizes[name] for name in cost.domain.names}


# -- one point ---------------------------------------------------------------------------
def _compiled(
    cost: ProgramCost,
    analysis: Analysis,
    points: Sequence[Values],
    formulas: Sequence[Mapping[str, int]],
    where: Sequence[Target],
    cache: bool,
    limit: float,
    tell: Callable[[str], None],
) -> Iterator[tuple[tuple[Values, Mapping[str, int], Target], XlaAnalysis | LoweringError]]:
    """Every point on every target, compiled; a compilation that failed as its error."""
    cases = [(v, f, target) for v, f in zip(points, formulas, strict=True) for target in where]
    before: list[Lowered | LoweringError] = []
    for values, _, target in cases:
        sizes = _sizes(cost, values)
        with compiling_for(target):
            try:
                lower = functools.partial(analysis.lowered, sizes, target.platform)
                native = functools.partial(analysis.lowered, sizes, "")
                before.append(lowered(lower, target, cost.name, sizes, native))
            except LoweringError as error:
                before.append(error)
    there = [p for p in before if isinstance(p, Lowered) and p.before.target.remote]
    answers = compile_all([p.job for p in there], cache=Cache() if cache else None, limit=limit, tell=tell)
    answered = {id(p): answer for p, answer in zip(there, answers, strict=True)}
    for case, program in zip(cases, before, strict=True):
        found: XlaAnalysis | LoweringError
        try:
            if isinstance(program, LoweringError):
                found = program
            elif program.before.target.remote:
                found = compiled_there(program, answered[id(program)])
            else:
                tell(f"compiling for {program.before.target.name}")
                with compiling_for(program.before.target):
                    found = compiled_here(program)
        except LoweringError as error:
            found = error
        yield case, found


def _compared(
    cost: ProgramCost, analysis: Analysis, values: Values, formula: Mapping[str, int], found: XlaAnalysis
) -> Iterator[Row]:
    sizes, target = _sizes(cost, values), found.target
    ours = analysis.program("jaxpr", sizes) if cost.convention == "algorithm" else None
    for quantity, figure in formula.items():
        listed = list_hlo(found.unoptimized.program, Reader(quantity, hlo))
        account = _before(analysis, ours, listed, quantity, figure, values.sizes)
        _reported(account, listed.entries, found.unoptimized, quantity)
        before, after = getattr(found.unoptimized, quantity), getattr(found, quantity)
        left_out = account.amount("loop") + account.amount("custom call")
        yield Row(sizes, target.name, BEFORE, quantity, figure, before, account.causes(), before - left_out)
        account = _after(found, listed.entries, quantity, before - figure)
        left_out += account.amount("library")
        yield Row(sizes, target.name, AFTER, quantity, figure, after, account.causes(), after - left_out)


def _before(
    analysis: Analysis, ours: Program | None, listed: Listing, quantity: str, figure: int, sizes: Mapping[str, int]
) -> Account:
    """From the formula's value to the sum of the listed instructions."""
    account = Account()
    if ours is None:  # a formula under "xla" counts these very instructions
        account.add(UNEXPLAINED, "the formula", sum(e.amount for e in listed.entries) - figure)
        return account
    how, options = convention("algorithm"), analysis.options
    runs = run_counts(ours, how.registry, options.trips, options.rules, sizes)
    reader = Reader(quantity, how.registry, options.rules, runs)
    total = reader.total(ours)
    # With unknown primitives at the value that the user gave; without any, the same total once more.
    counted = evaluate(analysis.interpret(ours, how).total(quantity), sizes)
    account.add(UNEXPLAINED, "the formula", int(counted) - figure)
    account.add("unknown", "", total - int(counted))
    steps = list_jaxpr(ours, reader, listed.branches)
    account.merge(steps.account)
    account.merge(line_up(steps.entries, listed.entries, quantity, options.rules))
    return account


def _after(found: XlaAnalysis, before: list[Entry], quantity: str, difference: int) -> Account:
    """From the formula's value, by way of XLA's figure before optimisation, to the one after it."""
    account = Account()
    account.add("before", "", difference)
    account.add("rounding", "", sum(e.amount for e in before) - getattr(found.unoptimized, quantity))
    after = list_hlo(found.program, Reader(quantity, hlo)).entries
    account.merge(optimised(before, after, quantity))
    _reported(account, after, found, quantity)
    return account


def _reported(account: Account, entries: list[Entry], program: XlaProgram, quantity: str) -> None:
    """What XLA reports less what its instructions add up to: its rounding, or a rule of ours that is wrong."""
    ours, theirs = sum(e.amount for e in entries), (program.base or program.counts)[quantity]
    account.add("chip", "", int(program.counts[quantity]) - int(theirs))
    kind = "rounding" if matches_xla(ours, theirs, len(entries)) else UNEXPLAINED
    account.add(kind, "" if kind == "rounding" else "XLA's rules", int(theirs) - ours)
