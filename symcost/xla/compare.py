"""A formula beside XLA's own figures, with the reason for every difference."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from symcost.analysis import Analysis, matches_xla
from symcost.conventions import convention
from symcost.cost import ProgramCost
from symcost.errors import ArgumentError, ConventionError, LoweringError, MissingSizeError
from symcost.ledger import Ledger
from symcost.parts import part_of
from symcost.polynomial import evaluate
from symcost.program import Program
from symcost.rules.registry import hlo
from symcost.values import Values
from symcost.xla.cache import Cache
from symcost.xla.causes import UNEXPLAINED, Account
from symcost.xla.comparison import ESTIMATES, Comparison, Estimate, Failure, Row
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
from symcost.xla.modules import entries_by_module, figures, formula_by_module
from symcost.xla.optimised import optimised
from symcost.xla.targets import Target
from symcost.xla.tpu import BUFFERS, tpu_entries, tpu_traffic, without_buffers
from symcost.xla.workers import COMPILE, compile_all, reachable


def compare(
    cost: ProgramCost,
    targets: str | Target | Sequence[str | Target] = ("cpu",),
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    quantities: str | Sequence[str] = (*QUANTITIES, *ESTIMATES),
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
        quantities: of "flops", "transcendentals" and "bytes_accessed", which XLA counts, and "fused_bytes" and
            "peak_memory", which are estimates of the optimised program. progress: called with a line of text per step.
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
    formulas = [{q: getattr(values, q) for q in asked if q in QUANTITIES} for values in points]
    estimated = [q for q in asked if q in ESTIMATES] if cost.convention == "algorithm" else []
    rows: list[Row] = []
    estimates: list[Estimate] = []
    failures: list[Failure] = []
    notes: dict[str, None] = {}
    for (values, formula, target), found in _compiled(cost, analysis, points, formulas, where, cache, limit, tell):
        sizes = _sizes(cost, values)
        if isinstance(found, LoweringError):
            failures.append(Failure(sizes, target.name, found.what))
        else:
            new = list(_compared(cost, analysis, values, formula, found))
            rows += new
            estimates += _estimates(analysis, sizes, found, estimated, new)
            notes |= {f"{target.name}: {found.note}": None} if found.note else {}
    if failures and not rows and len(failures) == 1:
        raise LoweringError(failures[0].error, where=f"compiling for {failures[0].target}", todo=SMALLER)
    return Comparison(cost.name, cost.convention, tuple(rows), tuple(failures), tuple(notes), tuple(estimates))


def _checked(cost: ProgramCost, quantities: Sequence[str]) -> Analysis:
    for quantity in quantities:
        if quantity not in (*QUANTITIES, *ESTIMATES):
            known = ", ".join((*QUANTITIES, *ESTIMATES))
            raise ConventionError(f"XLA does not count {quantity!r}", todo=f"one of {known}")
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
    ledger = analysis.interpret(ours, convention("algorithm")) if ours else None
    for quantity, figure in formula.items():
        listed = list_hlo(found.unoptimized.program, Reader(quantity, hlo))
        account = _before(analysis, ours, ledger, listed, quantity, figure, values.sizes)
        _reported(account, listed.entries, found.unoptimized, quantity)
        before, after = getattr(found.unoptimized, quantity), getattr(found, quantity)
        theirs = entries_by_module(listed.entries)
        shares = formula_by_module(ledger, quantity, values.sizes) if ledger else theirs
        modules = figures(shares, theirs, (figure, before))
        left_out = account.amount("loop") + account.amount("custom call")
        yield Row(sizes, target.name, BEFORE, quantity, figure, before, account.causes(), before - left_out, modules)
        listed_after = list_hlo(found.program, Reader(quantity, hlo)).entries
        account = _after(found, listed.entries, listed_after, quantity, before - figure)
        modules = figures(shares, entries_by_module(_own_entries(found, listed_after, quantity)), (figure, after))
        left_out += account.amount("library")
        yield Row(sizes, target.name, AFTER, quantity, figure, after, account.causes(), after - left_out, modules)


def _estimates(
    analysis: Analysis, sizes: Mapping[str, int], found: XlaAnalysis, asked: Sequence[str], rows: Sequence[Row]
) -> Iterator[Estimate]:
    """What fusion and liveness make of the program at these sizes, beside what XLA made of it."""
    program, how = analysis.program("jaxpr", sizes) if asked else None, convention("algorithm")
    for quantity in asked:
        theirs = found.peak_memory
        if quantity == "fused_bytes":
            theirs = next((r.restored for r in rows if (r.quantity, r.stage) == ("bytes_accessed", AFTER)), None)
        ours = analysis.interpret(program, how, part_of(quantity)).total(quantity) if program else 0
        if theirs is not None and isinstance(ours, int):  # else a trip count is not known
            yield Estimate(sizes, found.target.name, quantity, ours, theirs)


def _before(
    analysis: Analysis,
    ours: Program | None,
    ledger: Ledger | None,
    listed: Listing,
    quantity: str,
    figure: int,
    sizes: Mapping[str, int],
) -> Account:
    """From the formula's value to the sum of the listed instructions."""
    account = Account()
    if ours is None or ledger is None:  # a formula under "xla" counts these very instructions
        account.add(UNEXPLAINED, "the formula", sum(e.amount for e in listed.entries) - figure)
        return account
    how, options = convention("algorithm"), analysis.options
    runs = run_counts(ours, how.registry, options.trips, options.rules, sizes)
    reader = Reader(quantity, how.registry, options.rules, runs)
    total = reader.total(ours)
    # With unknown primitives at the value that the user gave; without any, the same total once more.
    counted = evaluate(ledger.total(quantity), sizes)
    account.add(UNEXPLAINED, "the formula", int(counted) - figure)
    account.add("unknown", "", total - int(counted))
    steps = list_jaxpr(ours, reader, listed.branches)
    account.merge(steps.account)
    account.merge(line_up(steps.entries, listed.entries, quantity, options.rules))
    return account


def _after(found: XlaAnalysis, before: list[Entry], after: list[Entry], quantity: str, difference: int) -> Account:
    """From the formula's value, by way of XLA's figure before optimisation, to the one after it."""
    account = Account()
    account.add("before", "", difference)
    account.add("rounding", "", sum(e.amount for e in before) - getattr(found.unoptimized, quantity))
    account.merge(optimised(before, after, quantity))
    _reported(account, after, found, quantity)
    return account


def _own_entries(found: XlaAnalysis, listed: list[Entry], quantity: str) -> list[Entry]:
    """The instructions of the optimised module with what the target's own compiler counts for each."""
    if quantity == "bytes_accessed" and found.target.platform == "tpu":
        return tpu_entries(found.stored, found.target)
    if quantity == "flops" and found.target.platform == "tpu":
        return without_buffers(listed)
    return listed


def _reported(account: Account, entries: list[Entry], program: XlaProgram, quantity: str) -> None:
    """What XLA reports less what its instructions add up to: its rounding, or a rule of ours that is wrong."""
    ours, reported = sum(e.amount for e in entries), int(program.counts[quantity])
    if program.base is None or program.target.platform != "tpu":
        kind = "rounding" if matches_xla(ours, reported, len(entries)) else UNEXPLAINED
        account.add(kind, "" if kind == "rounding" else "XLA's rules", reported - ours)
        return
    more = Account()
    if quantity == "bytes_accessed":
        more = tpu_traffic(entries, program.stored, program.target)
    elif quantity == "flops":
        more.add("chip", BUFFERS, sum(e.amount for e in without_buffers(entries)) - ours)
    account.merge(more)
    left = reported - ours - more.total
    if matches_xla(reported - left, reported, len(entries)):
        account.add("rounding", "", left)
        return
    # The common analysis tells a rule of ours that is wrong from what only this compiler counts. It takes arrays to be
    # without tiles in jaxlib 0.10, and in tiles in 0.12.
    common = int(program.base[quantity])
    tiled = sum(e.amount for e in list_hlo(program.stored, Reader(quantity, hlo)).entries)
    wrong = 0 if any(matches_xla(n, common, len(entries)) for n in (ours, tiled)) else common - ours
    account.add(UNEXPLAINED, "XLA's rules", wrong)
    account.add("chip", "", left - wrong)
