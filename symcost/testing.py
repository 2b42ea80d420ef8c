"""Costs in tests: `assert_cost(model, *args, flops="2*N*F*H + M*H")` and `assert_at_most(cost, at=..., flops=1e9)`.

A passing assertion is a proof: the expected formula equals (or never falls below) the one found at all sizes of the
domain, floors, maxima and special sizes included (see `symcost.equality`). With `at` it is about these sizes alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import isfinite
from typing import Any

from symcost.api import trace
from symcost.conventions import convention
from symcost.cost import ProgramCost
from symcost.domain import format_sizes, unknown_symbol
from symcost.equality import Verdict, always_zero, never_negative
from symcost.errors import ArgumentError, CostAssertionError
from symcost.formatting import format_size
from symcost.formula_grammar import parse_formula
from symcost.ledger import LARGEST
from symcost.parts import part_of
from symcost.polynomial import Poly, Size, bind, evaluate, make, symbols_of, terms_of

__all__ = ["assert_at_most", "assert_cost"]

SHOWN = 5
"""Operations that an error lists for each quantity."""


def assert_cost(
    program: Any,
    *args: Any,
    under: str | None = None,
    at: Mapping[str, int] | Sequence[Mapping[str, int]] | None = None,
    **expected: Any,
) -> None:
    """Assert what a program costs.

    Args:
        program: a cost, or what `sc.trace` takes, which is then traced with `args`. A call that needs more of
            `sc.trace` (``where=``, ``rngs=``) is traced first: ``assert_cost(sc.trace(...), flops=...)``.
        under: the convention; if not said, "algorithm", or that of the cost.
        at: sizes, or several; then only values at these sizes are compared, and `expected` may be integers.
        **expected: by quantity, a formula: text as `cost.text` prints it or as you would write it, or a sympy
            expression.

    Raises:
        CostAssertionError: a quantity costs something else, or it could not be proved that it does not. The message
            has the difference, sizes at which it shows, and the operations that it comes from.
        ArgumentError, DimensionError: no quantity is named, or an expectation is no formula in the program's symbols.

    Example:
        >>> import symcost as sc
        >>> dense = lambda x, w: x @ w
        >>> assert_cost(dense, sc.array("N F"), sc.array("F H"), flops="2*N*F*H", transcendentals=0)
        >>> assert_cost(dense, sc.array("N F"), sc.array("F H"), at=dict(N=2, F=3, H=5), macs=30)
        >>> assert_cost(dense, sc.array("N F"), sc.array("F H"), flops="2*N*F*H + N*H")
        Traceback (most recent call last):
        symcost.errors.CostAssertionError: <lambda> does not cost what was expected (convention 'algorithm')
        flops: 2*N*F*H + N*H was expected, and it is 2*N*F*H
            which is N*H less: 2 instead of 3 at N=1, F=1, H=1
            nothing in the program has a term in N*H
        to do: if that is as it should be, expect flops="2*N*F*H"
    """
    __tracebackhide__ = True
    cost = _cost(program, args, under, expected)
    _assert(cost, list(_differences(cost, at, expected)), "does not cost what was expected")


def assert_at_most(
    program: Any,
    *args: Any,
    under: str | None = None,
    at: Mapping[str, int] | Sequence[Mapping[str, int]] | None = None,
    **budgets: Any,
) -> None:
    """Assert that a program costs no more than a budget.

    Args:
        program, args, under: as in `assert_cost`.
        at: sizes, or several, at which the budgets hold; without it they hold at all sizes of the domain.
        **budgets: by quantity, a number or a formula.

    Raises:
        CostAssertionError: a quantity costs more, or without `at`, it could not be proved that it does not.
        ArgumentError, DimensionError: as in `assert_cost`.

    Example:
        >>> import symcost as sc
        >>> cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
        >>> assert_at_most(cost, at=dict(N=1000, F=100, H=10), flops=2e6, peak_memory=2**20)
        >>> assert_at_most(cost, bytes_accessed="4*N*F*H + 8*max(N*F, N*H, F*H)")
    """
    __tracebackhide__ = True
    cost = _cost(program, args, under, budgets)
    _assert(cost, list(_excesses(cost, at, budgets)), "costs more than it may")


def _assert(cost: ProgramCost, found: list[tuple[str, str]], what: str) -> None:
    __tracebackhide__ = True
    if found:
        lines = [f"{cost.name} {what} (convention {cost.convention!r})", *(line for line, _ in found)]
        advice = next((todo for _, todo in found if todo), None)
        raise CostAssertionError("\n".join(lines), todo=advice)


def _cost(program: Any, args: tuple[Any, ...], under: str | None, expected: Mapping[str, Any]) -> ProgramCost:
    """The cost that is spoken of."""
    if not expected:
        raise ArgumentError("no quantity is named", todo='assert_cost(model, *args, flops="2*N*F*H")')
    if isinstance(program, ProgramCost) and args:
        raise ArgumentError("a cost takes no further arguments", todo='assert_cost(cost, flops="2*N*F*H")')
    known = convention("algorithm").quantities
    for name in expected:
        if name not in known:
            options = ["kwargs", "method", "rngs", "mutable", "where", "trips", "strict", "rules"]
            call = f"assert_cost(sc.trace(..., {name}=...), flops=...)"
            raise ArgumentError(
                f"no quantity is called {name!r}", todo=call if name in options else f"one of {', '.join(known)}"
            )
    cost = program if isinstance(program, ProgramCost) else trace(program, *args)
    cost = cost if under is None else cost.under(under)
    for name in expected:
        convention(cost.convention).require(name)
    return cost


# -- differences -----------------------------------------------------------------------------


def _differences(cost: ProgramCost, at: Any, expected: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """For each quantity that differs, what the message says, and what would be typed if it is meant."""
    for quantity, given in expected.items():
        wanted = _formula(cost, quantity, given)
        if at is not None:
            yield from _different_values(cost, quantity, wanted, at)
            continue
        found = cost.size(quantity)
        verdict = always_zero(found - wanted, cost.domain)
        if not verdict.holds:
            text = cost.text(quantity)
            yield (
                _told(cost, quantity, found, wanted, verdict),
                f'if that is as it should be, expect {quantity}="{text}"',
            )


def _told(cost: ProgramCost, quantity: str, found: Size, wanted: Size, verdict: Verdict) -> str:
    """What differs in one quantity."""
    names, difference = cost.domain.names, found - wanted
    lines = [f"{quantity}: {format_size(wanted, names)} was expected, and it is {format_size(found, names)}"]
    if verdict.holds is None:
        lines.append(
            f"  the two are equal at {verdict.tried} sizes tried, which proves nothing; as formulas they differ"
        )
    less = all(c < 0 for c in terms_of(difference).values())
    by = format_size(-difference if less else difference, names)
    where = ""
    if verdict.at is not None:
        at = {**dict.fromkeys(symbols_of(difference), 3), **verdict.at}
        sizes = format_sizes({n: at[n] for n in (*names, *sorted(symbols_of(difference) - set(names)))})
        where = f": {evaluate(bind(found, at), at):,} instead of {evaluate(bind(wanted, at), at):,}"
        where += f" at {sizes}" if sizes else ""
    lines.append(f"  which is {by} {'less' if less else 'more'}{where}")
    lines += [f"  {line}" for line in contributions(cost, quantity, difference)]
    return "\n".join(f"  {line}" for line in lines)


def contributions(cost: ProgramCost, quantity: str, difference: Size) -> list[str]:
    """The operations whose costs have terms in the monomials of a difference."""
    if quantity in LARGEST:
        return []
    monomials = {m for m in terms_of(difference) if m}
    parts: dict[tuple[str, str], Size] = {}
    for row in cost.part(part_of(quantity)).rows:
        if not row.key.branch:
            part = make({m: c for m, c in terms_of(row[quantity]).items() if m in monomials})
            if part != 0:
                key = (row.key.scope or "(outside of modules)", row.key.primitive)
                parts[key] = parts.get(key, 0) + part
    names = cost.domain.names
    lines = [
        f"{scope}, {primitive}: {format_size(part, names)}" for (scope, primitive), part in parts.items() if part != 0
    ]
    lines = [*lines[:SHOWN], f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN + 1 else lines
    nowhere = monomials - {m for part in parts.values() for m in terms_of(part)}
    if nowhere:
        lines.append(f"nothing in the program has a term in {format_size(make(dict.fromkeys(nowhere, 1)), names)}")
    return lines


def _different_values(cost: ProgramCost, quantity: str, wanted: Size, at: Any) -> Iterator[tuple[str, str]]:
    for point in _points(cost, at):
        found, meant = cost.value(quantity, point), evaluate(wanted, point)
        if found != meant:
            yield (
                f"  {quantity}: {meant:,} was expected, and it is {found:,} at {format_sizes(point)}",
                f"if that is as it should be, expect {quantity}={found}",
            )


# -- budgets ---------------------------------------------------------------------------------


def _excesses(cost: ProgramCost, at: Any, budgets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for quantity, given in budgets.items():
        budget = _formula(cost, quantity, _exact(quantity, given) if isinstance(given, float) else given)
        if at is not None:
            for point in _points(cost, at):
                found, most = cost.value(quantity, point), evaluate(budget, point)
                if found > most:
                    over = _percent(found, most)
                    yield f"  {quantity}: {found:,} at {format_sizes(point)}, and at most {_shown(most)} {over}", ""
            continue
        names, found = cost.domain.names, cost.size(quantity)
        verdict = never_negative(budget - found, cost.domain)
        if verdict.holds:
            continue
        line = f"  {quantity}: {format_size(found, names)}, and at most {format_size(budget, names)}"
        if verdict.at is None:
            tried = f"at none of {verdict.tried} sizes tried it is more, which proves nothing"
            yield f"{line}\n    {tried}", "name the sizes that matter: at=dict(...)"
        else:
            at_sizes = {**dict.fromkeys(symbols_of(found), 3), **verdict.at}
            values = f"{evaluate(found, at_sizes):,}, and at most {_shown(evaluate(budget, at_sizes))}"
            sizes = format_sizes(verdict.at)
            only = "for budgets at some sizes alone: at=dict(...)" if symbols_of(found) else ""
            yield f"{line}\n    {values}{f' at {sizes}' if sizes else ''}", only


def _exact(quantity: str, given: float) -> Fraction:
    if not isfinite(given):
        raise ArgumentError(f"{quantity}={given} is no number", todo=f"{quantity}=1e9")
    return Fraction(given)


def _shown(number: Any) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{float(number):,}"


def _percent(found: Any, most: Any) -> str:
    return f"({float(found / Fraction(most) - 1):.2%} over)" if most > 0 else ""


# -- what is given ---------------------------------------------------------------------------


def _points(cost: ProgramCost, at: Any) -> list[dict[str, int]]:
    """Checked sizes."""
    given = [at] if isinstance(at, Mapping) else at
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(p, Mapping) for p in given):
        raise ArgumentError(
            f"at={at!r} are no sizes", todo=f"at=dict({', '.join(f'{n}=8' for n in cost.domain.names)})"
        )
    if not given:
        raise ArgumentError("at=[] names no sizes, so that nothing is asserted", todo="leave it out for all sizes")
    for point in given:
        for name in point:
            if name not in cost.domain.names and not name.startswith(tuple(u.symbol for u in cost.unknown) or ("\0",)):
                raise unknown_symbol(str(name), cost.domain.names, "at=")
    return [cost.at(**point).sizes for point in given]


def _formula(cost: ProgramCost, quantity: str, given: Any) -> Size:
    """An expectation in symcost's own arithmetic; its symbols are the cost's."""
    size: Any
    if isinstance(given, str):
        size = parse_formula(given)
    elif isinstance(given, Fraction) or (hasattr(given, "__index__") and type(given).__name__ not in ("bool", "bool_")):
        size = given if isinstance(given, Fraction) else given.__index__()
        size = size.numerator if isinstance(size, Fraction) and size.denominator == 1 else size
    elif isinstance(given, Poly):
        size = given
    elif hasattr(given, "free_symbols"):
        from symcost.expression import from_sympy

        size = from_sympy(given)
    else:
        raise ArgumentError(
            f"{quantity}={given!r} is a {type(given).__name__}, not a formula",
            todo=f'{quantity}="2*N*F*H", or an integer',
        )
    known = {*cost.domain.names, *symbols_of(cost.size(quantity))}
    for name in sorted(symbols_of(size)):
        if name not in known:
            raise unknown_symbol(name, cost.domain.names, f"the formula {quantity}={str(given)!r}")
    return size
