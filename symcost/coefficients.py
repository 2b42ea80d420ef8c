"""Coefficients as functions of a structural symbol: constant, powers, geometric series, floors, logarithms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symcost.domain import Domain
from symcost.ledger import LARGEST, Key, Ledger, Row
from symcost.maxima import with_maxima
from symcost.polynomial import (
    Number,
    Poly,
    Size,
    atoms_of,
    evaluate,
    floor_div,
    floor_log2,
    make,
    power,
    symbol,
    terms_of,
)
from symcost.solve import linear_fit

_Bases = Sequence[tuple[Sequence[Size], int]]
"""Functions to be tried together, and how far apart the smallest and the largest sample must be for them."""


class NoFunction(Exception):
    """A coefficient whose values at the samples no function of the grammar takes."""

    def __init__(self, key: Key, quantity: str, values: Mapping[int, Number]):
        self.key, self.quantity, self.values = key, quantity, values


def solve_ledgers(
    domain: Domain, name: str, ledgers: Mapping[int, Ledger], likely: Sequence[Sequence[Size]] = ()
) -> Ledger:
    """One ledger whose coefficients are functions of `name`; `likely` are functions of it that occur in the program."""
    keys = dict.fromkeys(r.key for ledger in ledgers.values() for r in ledger.rows)
    by_key = {v: {r.key: r for r in ledger.rows} for v, ledger in ledgers.items()}
    memo: dict[tuple, Size] = {}
    # a few numbers look like many floors, so two periods must be seen, unless the user's code says that they are
    bases = [(basis, 2 * _period(basis)) for basis in _bases(symbol(name), domain[name].power_of == 2)]
    bases[1:1] = [(basis, 0) for functions in likely for basis in (list(functions), [symbol(name), *functions])]
    rows = []
    for key in keys:
        present = {v: rows_.get(key) for v, rows_ in by_key.items()}
        quantities = dict.fromkeys(q for r in present.values() if r for q in r.costs)
        row = Row(key, _function(name, {v: r.count if r else 0 for v, r in present.items()}, key, "count", memo, bases))
        for q in quantities:
            row.costs[q] = _function(name, {v: r[q] if r else 0 for v, r in present.items()}, key, q, memo, bases)
        rows.append(row)
    unknown = dict.fromkeys(u for ledger in ledgers.values() for u in ledger.unknown)
    return Ledger(rows, unknown)


def _function(name: str, sizes: Mapping[int, Size], key: Key, quantity: str, memo: dict, bases: _Bases) -> Size:
    """A size whose coefficients, monomial by monomial, are functions of `name`."""
    if quantity in LARGEST:
        return with_maxima(name, sizes, lambda plain: _coefficients(name, plain, key, quantity, memo, bases))
    return _coefficients(name, sizes, key, quantity, memo, bases)


def _coefficients(name: str, sizes: Mapping[int, Size], key: Key, quantity: str, memo: dict, bases: _Bases) -> Size:
    monomials = dict.fromkeys(m for s in sizes.values() for m in terms_of(s))
    result: Size = 0
    for m in monomials:
        values = {v: terms_of(s).get(m, 0) for v, s in sizes.items()}
        at = tuple(values.items())
        if at not in memo:
            memo[at] = _coefficient(name, values, key, quantity, bases)
        result = result + memo[at] * make({m: 1})
    return result


def _coefficient(name: str, values: Mapping[int, Number], key: Key, quantity: str, bases: _Bases) -> Size:
    at, wanted = list(values), tuple(values.values())
    if len(set(wanted)) == 1:
        return wanted[0]  # type: ignore[return-value]
    for basis, reach in bases:
        if len(basis) + 1 >= len(at) or max(at) - min(at) < reach:  # one point must be left to check the fit
            continue
        columns = [tuple(evaluate(b, {name: v}) for v in at) for b in basis]
        fit = linear_fit(columns, wanted)
        if fit is not None:
            return sum((c * b for c, b in zip(fit[1:], basis, strict=True)), start=make({(): fit[0]}))
    raise NoFunction(key, quantity, values)


def _period(basis: Sequence[Size]) -> int:
    """The largest divisor in a basis; 0 without floors."""
    floors = [a for size in basis for a in atoms_of(size) if a.kind == "floor_div"]
    return max((a.args[1] for a in floors if isinstance(a.args[1], int)), default=0)


def _bases(n: Poly, logarithms: bool) -> list[list[Size]]:
    """Functions (beside a constant) from which a coefficient may be made, simplest first."""
    bases: list[list[Size]] = [[n], [n * n], [n, n * n], [n**3]]
    if logarithms:  # the symbol is a power of two: divide and conquer, FFT by stages, tree reductions
        log = floor_log2(n)
        lines = [[log], [n, log], [n, n * log], [log, log * log], [n, log, n * log]]
        # pyramids and transforms of images, a path through a pyramid
        images = [[n * n, log], [n, n * n, log], [n * n, n * n * log]]
        return [*bases[:1], *lines, *bases[1:], *images]
    for r in (2, 3, 4):
        bases += [[power(r, n)], [power(r * r, n)], [n, power(r, n)]]
    for q in (2, 3, 4):
        bases += [[floor_div(n, q)], [floor_div(n + q - 1, q)], [n, floor_div(n, q)], [n, floor_div(n + q - 1, q)]]
    bases += [
        [n, n * n, n**3],
        [power(2, n), power(4, n)],
        [power(2, n), n * power(2, n)],
        [n, power(2, n), power(4, n)],
    ]
    return bases
