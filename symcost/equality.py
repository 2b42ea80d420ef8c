"""Whether one formula equals another, or never exceeds it, at all sizes of a domain: a proof, a size, or neither.

Equal polynomials have equal coefficients; what hides that are floors, maxima and corrections at special sizes. So a
domain is cut into classes: small sizes one by one, and the others by their remainder for a period that every floor
divides, ``n = first + period*t`` with ``t >= 0``. In each class floors and most maxima turn into polynomials in t. Two
formulas are equal everywhere if their difference is the polynomial 0 in every class, and one is never below the other
if in every class no term of the difference is negative. Where a class shows neither, sizes are tried.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import lcm

from symcost.domain import Dim, Domain
from symcost.errors import DimensionError
from symcost.polynomial import (
    Atom,
    Number,
    Size,
    evaluate,
    is_nonnegative,
    is_nonnegative_product,
    substitute,
    symbol,
    symbols_of,
    terms_of,
)

WORK = 50_000
"""Classes times terms, at most; where a proof would need more, sizes are tried instead."""

PEELED = (0, 4, 16)
"""How many small sizes stand alone, beyond those at which an indicator or a maximum turns."""

TRIED = 400
"""Sizes tried where nothing is proved."""

CASES = 256
"""So many choices of arguments in place of maxima are looked at."""

HINTS = 40
"""So many classes without a proof are enough to know that there is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a statement about all sizes of a domain.

    Attributes:
        holds: True if it was proved, False if `at` contradicts it, None if neither is known.
        at: sizes at which it is false. tried: at how many sizes it was found true, where it was not proved.
    """

    holds: bool | None
    at: Mapping[str, int] | None = None
    tried: int = 0


def always_zero(size: Size, domain: Domain) -> Verdict:
    """Whether `size` is 0 at all sizes of `domain`.

    Example:
        >>> from symcost.grammar import parse_shape
        >>> ((same, other), _) = parse_shape("(N+1)//2+N//2-N  N//2-(N+1)//2")
        >>> domain = Domain((Dim("N"),))
        >>> always_zero(same, domain), always_zero(other, domain).at
        (Verdict(holds=True, at=None, tried=0), {'N': 1})
    """
    return _decide(size, domain, lambda part: part == 0, lambda value: value == 0)


def never_negative(size: Size, domain: Domain) -> Verdict:
    """Whether `size` is 0 or more at all sizes of `domain`.

    Example:
        >>> n, f = symbol("N"), symbol("F")
        >>> domain = Domain((Dim("N"), Dim("F")))
        >>> never_negative(n * f - n - f + 1, domain).holds, never_negative(n * f - n - 1, domain).at
        (True, {'N': 1, 'F': 1})
    """
    return _decide(size, domain, _covered, lambda value: value >= 0)


def common(first: Domain, second: Domain) -> Domain:
    """The sizes that lie in both domains.

    Raises:
        DimensionError: a symbol has no size that lies in both.
    """
    dims = {d.name: d for d in first.dims}
    for d in second.dims:
        dims[d.name] = _both(dims[d.name], d) if d.name in dims else d
    relations = tuple(dict.fromkeys((*first.relations, *second.relations)))
    return Domain(tuple(dims.values()), relations, tuple(dict.fromkeys((*first.excluded, *second.excluded))))


def _both(a: Dim, b: Dim) -> Dim:
    if a == b:
        return a
    largest = min((m for m in (a.max, b.max) if m is not None), default=None)
    if a.power_of and b.power_of and a.power_of != b.power_of:
        raise DimensionError(
            f"{a.name} is a power of {a.power_of} on one side and of {b.power_of} on the other",
            todo="trace both with the same domain",
        )
    multiple = lcm(a.multiple_of, b.multiple_of)
    return Dim(a.name, max(a.min, b.min), largest, multiple, a.power_of or b.power_of)


# -- proofs ----------------------------------------------------------------------------------


def _decide(size: Size, domain: Domain, proves: Callable[[Size], bool], holds: Callable[[Number], bool]) -> Verdict:
    if proves(size):
        return Verdict(True)
    hints: list[dict[str, int]] = []
    for peeled in PEELED:
        classes = _classes(size, domain, peeled)
        if classes is None:
            break
        without_proof = (steps for steps in classes if not proves(_in_class(size, steps)))
        hints = [
            {name: first for name, (first, _) in steps.items()} for steps in itertools.islice(without_proof, HINTS)
        ]
        if not hints:
            return Verdict(True)
    tried = 0
    for point in itertools.islice(points(domain, size, hints), TRIED):
        try:
            value = evaluate(size, point)
        except KeyError:  # a trip count or an unknown cost: any number of them
            value = evaluate(size, {**dict.fromkeys(symbols_of(size), 3), **point})
        except ZeroDivisionError:  # sizes that no program has
            continue
        if not holds(value):
            return Verdict(False, {d.name: point[d.name] for d in domain.dims})
        tried += 1
    return Verdict(None, tried=tried)


Step = tuple[int, int]
"""(first, period): the sizes first, first + period, first + 2*period ...; with a period of 0 the first alone."""


def _classes(size: Size, domain: Domain, peeled: int) -> list[dict[str, Step]] | None:
    """Every class of the domain; None if there are too many."""
    periods, turns = {d.name: 1 for d in domain.dims}, {}
    _look(size, 1, False, periods, turns)
    choices: list[list[Step]] = []
    count = 1
    for dim in domain.dims:
        unit = dim.multiple_of
        period = lcm(periods[dim.name], unit)
        small = peeled * unit + (turns[dim.name] + 1 if dim.name in turns else 0)
        singles = range(dim.min, max(dim.min, small), unit)
        start = singles[-1] + unit if singles else dim.min
        choice = [(n, 0) for n in singles] + [(n, period) for n in range(start, start + period, unit)]
        if dim.max is not None:
            choice = [(first, step) for first, step in choice if first <= dim.max]
        choices.append(choice)
        count *= len(choice)
        if count * len(terms_of(size)) > WORK:
            return None
    names = domain.names
    return [dict(zip(names, combination, strict=True)) for combination in itertools.product(*choices)]


def _look(size: Size, divisor: int, turning: bool, periods: dict[str, int], turns: dict[str, int]) -> None:
    """Note by what each symbol is divided, and up to where indicators and maxima of it may turn."""
    for monomial in terms_of(size):
        for atom, _ in monomial:
            if atom.kind == "symbol":
                if atom.name in periods:
                    periods[atom.name] = lcm(periods[atom.name], divisor)
                    if turning:
                        turns.setdefault(atom.name, 0)
                continue
            inner, turns_here = divisor, turning
            if atom.kind == "floor_div" and isinstance(atom.args[1], int):
                inner *= atom.args[1]
            elif atom.kind in ("indicator", "maximum", "minimum"):
                turns_here = True
                reach = _reach(atom) * divisor
                for name in {n for a in atom.args for n in symbols_of(a)}:
                    turns[name] = max(turns.get(name, 0), reach)
            for argument in atom.args:
                _look(argument, inner, turns_here, periods, turns)


def _reach(atom: Atom) -> int:
    """About how large a symbol is where an indicator or a maximum of it turns."""
    found = 1
    for argument in atom.args:
        for monomial, c in terms_of(argument).items():
            if not monomial:
                found = max(found, int(abs(c)))
            for inner, _ in monomial:
                if inner.kind != "symbol":
                    divides = inner.kind == "floor_div" and isinstance(inner.args[1], int)
                    found = max(found, _reach(inner) * (inner.args[1] if divides else 1))  # type: ignore[operator]
    return found


def _in_class(size: Size, steps: Mapping[str, Step]) -> Size:
    """`size` at the sizes of a class, in symbols t >= 0 that keep the names."""
    in_steps = {name: first + period * symbol(name) if period else first for name, (first, period) in steps.items()}
    found = substitute(size, lambda atom: in_steps.get(atom.name) if atom.kind == "symbol" else None)
    return substitute(found, _settled)


def _settled(atom: Atom) -> Size | None:
    """0 for an indicator of two sizes that are never equal, and the argument of a maximum that is never negative."""
    if atom.kind == "indicator":
        left, right = (substitute(a, _settled) for a in atom.args)
        difference = left - right
        constant = terms_of(difference).get((), 0)
        if constant and is_nonnegative(difference if constant > 0 else -difference):
            return 0
    if atom.kind == "maximum":
        arguments = [substitute(a, _settled) for a in atom.args]
        for first in arguments:
            if all(is_nonnegative(first - other) for other in arguments):
                return first
    return None


def _covered(size: Size, cases: int = CASES) -> bool:
    """Whether `size` is 0 or more at all symbols >= 0: by signs, or by what its maxima may be.

    A maximum is one of its arguments, so that it is enough to look at each of them in its place. Where it is only
    added, one argument that is enough will do, since the maximum is no less.

    Args:
        cases: how many are looked at, at most.
    """
    if is_nonnegative(size):
        return True
    found = next((a for m in terms_of(size) for a, _ in m if a.kind == "maximum"), None)
    if found is None or cases < len(found.args):
        return False
    signs = {c > 0 for m, c in terms_of(size).items() if any(a is found for a, _ in m)}
    enough = any if signs == {True} and _only_added(size, found) else all
    instead = (substitute(size, lambda atom, case=case: case if atom is found else None) for case in found.args)
    return enough(_covered(case, cases // len(found.args)) for case in instead)


def _only_added(size: Size, atom: Atom) -> bool:
    """Whether `atom` stands in `size` as it is or times what is not negative, and inside of no other function."""
    for monomial in terms_of(size):
        for other, exponent in monomial:
            if other is atom:
                if exponent > 1 or not all(is_nonnegative_product(((a, 1),)) for a, _ in monomial if a is not atom):
                    return False
            elif any(atom in _inside(a) for a in other.args):
                return False
    return True


def _inside(size: Size) -> set[Atom]:
    """Every function in `size`, at any depth."""
    found = {a for m in terms_of(size) for a, _ in m if a.kind != "symbol"}
    return found | {inner for atom in found for a in atom.args for inner in _inside(a)}


# -- sizes to try ----------------------------------------------------------------------------


def points(domain: Domain, size: Size, hints: list[dict[str, int]]) -> Iterator[dict[str, int]]:
    """Sizes of the domain, each once: the smallest, those of `hints`, then larger ones, drawn alike on every run."""
    draw = random.Random(0)
    seen: set[tuple[int, ...]] = set()
    for candidate in _candidates(domain, size, hints, draw):
        key = tuple(candidate[name] for name in domain.names)
        if key not in seen and not any(d.refusal(candidate[d.name]) for d in domain.dims) and domain.holds(candidate):
            seen.add(key)
            yield candidate


def _candidates(
    domain: Domain, size: Size, hints: list[dict[str, int]], draw: random.Random
) -> Iterator[dict[str, int]]:
    yield {d.name: d.min for d in domain.dims}
    yield from hints
    few = [_few(d) for d in domain.dims]
    yield from itertools.islice((dict(zip(domain.names, p, strict=True)) for p in itertools.product(*few)), TRIED // 4)
    periods, turns = {d.name: 1 for d in domain.dims}, {}
    _look(size, 1, False, periods, turns)
    for hint in hints[:20]:
        for _ in range(4):
            yield {d.name: hint[d.name] + periods[d.name] * d.multiple_of * draw.randrange(3) for d in domain.dims}
    for reach in (8, 40, 200, 2000, 10**5):
        for _ in range(TRIED):
            yield {d.name: _drawn(d, reach + 2 * turns.get(d.name, 0), draw) for d in domain.dims}


def _few(dim: Dim) -> list[int]:
    if dim.power_of is not None:
        return [dim.min, dim.min * dim.power_of]
    return [dim.min, dim.min + dim.multiple_of, dim.min + 2 * dim.multiple_of]


def _drawn(dim: Dim, reach: int, draw: random.Random) -> int:
    if dim.power_of is not None:
        return dim.min * dim.power_of ** draw.randrange(12)
    return dim.min + dim.multiple_of * draw.randrange(reach)
