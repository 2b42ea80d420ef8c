"""Where one cost overtakes another: as a formula where there is a closed one, as integers at given sizes always."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symcost.algebra import combined
from symcost.conventions import convention
from symcost.cost import ProgramCost
from symcost.domain import Domain, near_names
from symcost.errors import ArgumentError, MissingSizeError
from symcost.evaluation import compile_size
from symcost.ledger import LARGEST
from symcost.polynomial import Size, arguments, is_nonnegative, make, symbols_of, terms_of

if TYPE_CHECKING:
    from pathlib import Path

    import sympy

    from symcost.hardware import Chip
    from symcost.hardware.roofline import Roofline

FARTHEST = 2**40
"""Sizes up to which a crossing is looked for, where the domain has no maximum."""

STEPS = 16
"""Sizes looked at between one power of two and the next; between them a crossing is found by bisection."""


@dataclass(frozen=True)
class Crossing:
    """One change of sign.

    Attributes:
        size: the first size at which the other cost is the smaller one. before, after: names of the smaller cost.
    """

    size: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.before} below {self.size:,}, {self.after} from there on"


@dataclass(frozen=True)
class Regime:
    """Sizes at which each of two programs is bound by one part of a chip.

    Attributes:
        a, b: the parts that bind: "matrix", "vector", "memory". solutions: where the programs take equally long.
    """

    a: str
    b: str
    solutions: tuple[sympy.Expr, ...]


@dataclass(frozen=True)
class Crossover:
    """Two costs against each other along one symbol.

    Attributes:
        a, b: names of the costs. wrt: the symbol. quantity, convention: what is compared.
        difference: that of `a` less that of `b`. domain: of both costs together.
        solutions: where they are equal, as sympy expressions in the other symbols; empty where there is none or no
            closed form. closed: whether the solutions are all there are. special: what they leave aside, in words.
        regimes: of seconds, solutions for each pair of parts of the chip that may bind. rooflines: of both.
    """

    a: str
    b: str
    wrt: str
    quantity: str
    convention: str
    difference: Size
    domain: Domain
    solutions: tuple[sympy.Expr, ...]
    closed: bool
    special: str = ""
    regimes: tuple[Regime, ...] = ()
    rooflines: tuple[Roofline, ...] = ()

    def at(self, *wrong: Any, **sizes: int) -> tuple[Crossing, ...]:
        """Every crossing at given sizes of the other symbols, exact; sizes of the special kind count as they are.

        Sizes of the symbol are looked at from its minimum to its maximum (2**40 if it has none), at 16 between one
        power of two and the next, and every change of sign between two of them is found by bisection: two changes
        that lie closer together than that are missed.

        Raises:
            ArgumentError, MissingSizeError, DomainError: for sizes that are no sizes of the other symbols.
        """
        if wrong:
            raise ArgumentError(f"sizes are given by name, not {wrong[0]!r}", todo=self._call())
        if self.wrt in sizes:
            raise ArgumentError(f"{self.wrt} is what is looked for", todo=self._call())
        others = [d for d in self.domain.dims if d.name != self.wrt]
        missing = [d.name for d in others if d.name not in sizes and d.name in symbols_of(self.difference)]
        if missing:
            raise MissingSizeError(f"no size for {', '.join(missing)}", todo=self._call())
        known = {name: size for name, size in sizes.items() if name in {d.name for d in others}}
        function, dim = compile_size(self.difference), self.domain[self.wrt]
        fixed = {d.name: known.get(d.name, max(d.min, 1)) for d in others}
        self.domain.check({**fixed, self.wrt: _first(dim)})

        def sign(unit: int) -> int:
            value = function({**fixed, self.wrt: unit * dim.multiple_of})
            return (value > 0) - (value < 0)

        found = []
        least, most = -(-dim.min // dim.multiple_of), (dim.max or FARTHEST) // dim.multiple_of
        last, before = least, sign(least)
        for unit in _ladder(least, most):
            now = sign(unit)
            if now and before and now != before:
                size = _bisect(sign, last, unit, now) * dim.multiple_of
                first, second = (self.a, self.b) if before < 0 else (self.b, self.a)
                found.append(Crossing(size, first, second))
            if now:
                last, before = unit, now
        return tuple(found)

    def _call(self) -> str:
        names = [d.name for d in self.domain.dims if d.name != self.wrt and d.name in symbols_of(self.difference)]
        return f"crossover.at({', '.join(f'{name}=64' for name in names)})"

    @property
    def cheaper(self) -> str:
        """Which cost is the smaller one at large sizes of the symbol; "" where that depends on the other sizes."""
        by = _by_power(self.difference, self.wrt)
        if by is None or not by:
            return ""
        leading = by[max(by)]
        if is_nonnegative(leading):
            return self.b
        return self.a if is_nonnegative(-leading) else ""

    def __str__(self) -> str:
        from symcost.formatting import format_size

        lines = [f"{self.quantity} of {self.a} less {self.quantity} of {self.b} (convention {self.convention})"]
        if self.rooflines:
            lines += [line for each in self.rooflines for line in str(each).splitlines()]
        else:
            lines.append(f"  = {format_size(self.difference, self.domain.names)}")
        if self.difference == 0:
            return "\n".join([*lines, "  the two are equal at all sizes"])
        if self.wrt not in symbols_of(self.difference):
            return "\n".join([*lines, f"  {self.wrt} does not matter: there is no crossover"])
        for solution in self.solutions:
            lines.append(f"  equal at {self.wrt} = {solution}")
        for regime in self.regimes:
            for solution in regime.solutions:
                bound = f"where {regime.a} binds {self.a} and {regime.b} {self.b}"
                lines.append(f"  {bound}: equal at {self.wrt} = {solution}")
        if not self.closed:
            lines.append(f"  there is no closed form in {self.wrt}; at given sizes: {self._call()}")
        elif not self.solutions:
            lines.append("  there is no crossover")
        if self.cheaper:
            lines.append(f"  for large {self.wrt} {self.cheaper} is the smaller")
        if self.special:
            lines.append(f"  {self.special}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Crossover of {self.a} and {self.b} in {self.wrt}: {list(self.solutions)}>"


def crossover(
    a: ProgramCost, b: ProgramCost, *, wrt: Any, quantity: str = "flops", chip: str | Path | Chip | None = None
) -> Crossover:
    """Where `a` overtakes `b` as one symbol grows.

    Args:
        a, b: costs under one convention. wrt: the symbol, as sympy has it or by name.
        quantity: "flops", "bytes_accessed" (or "bytes") or any other that the convention defines; "seconds" are those
            of the roofline on a chip.
        chip: for "seconds": as `sc.chip` takes it.

    Returns:
        An object that prints as the answer: `.solutions` in closed form where the difference is a polynomial of
        first or second degree in the symbol, and `.at(**sizes)` for exact integers.

    Raises:
        ArgumentError: what is no cost, or no symbol of the two; seconds without a chip, or a chip without seconds.
        ConventionError: costs under two conventions, or a quantity that theirs does not define.

    Example:
        >>> import symcost as sc
        >>> def sparse(x, senders, receivers):
        ...     return x[senders] * 2.0 + x[receivers]
        >>> def dense(x, adjacency):
        ...     return adjacency @ x
        >>> x, edges = sc.array("N F"), sc.array("M", "int32")
        >>> found = sc.crossover(sc.trace(sparse, x, edges, edges), sc.trace(dense, x, sc.array("N N")), wrt="M")
        >>> found.solutions, found.cheaper
        ((N**2,), 'dense')
        >>> print(*found.at(N=100, F=16))
        sparse below 10,001, dense from there on
    """
    for cost in (a, b):
        if not isinstance(cost, ProgramCost):
            raise ArgumentError(f"a crossover is of two costs, not {cost!r}", todo="sc.crossover(a, b, wrt=M)")
    name = str(wrt)
    quantity = {"bytes": "bytes_accessed"}.get(quantity, quantity)
    both = combined(a, b, -1)
    if (quantity == "seconds") != (chip is not None):
        raise ArgumentError(
            "seconds depend on the chip" if chip is None else f"{quantity} are the same on every chip",
            todo='quantity="seconds", chip="tpu-v5e"',
        )
    if chip is None:
        convention(a.convention).require(quantity)
    if name not in both.domain.names:
        near = near_names(name, both.domain.names) or list(both.domain.names)
        raise ArgumentError(
            f"neither cost has the symbol {name!r}",
            where=f"their symbols: {', '.join(both.domain.names)}",
            todo=f"wrt={near[0]!r}" if near else None,
        )
    names = (a.name, b.name) if a.name != b.name else (f"{a.name} (first)", f"{b.name} (second)")
    lines = _rooflines(a, b, chip)
    difference = lines[0].size - lines[1].size if lines else _difference(a, b, both, quantity)
    regimes = _regimes(lines[0], lines[1], both, name) if lines else ()
    general, special = _general(difference)
    by = _by_power(general, name)
    closed = by is not None and max(by, default=0) <= 2
    solutions = _solutions(by, both) if closed and by is not None else ()
    dim = both.domain[name]
    solutions = tuple(s for s in solutions if not s.is_number or dim.min <= s <= (dim.max or s))
    return Crossover(
        *names, name, quantity, a.convention, difference, both.domain, solutions, closed, special, regimes, lines
    )


def _difference(a: ProgramCost, b: ProgramCost, both: ProgramCost, quantity: str) -> Size:
    return a.size(quantity) - b.size(quantity) if quantity in LARGEST else both.size(quantity)


def _rooflines(a: ProgramCost, b: ProgramCost, chip: Any) -> tuple[Roofline, ...]:
    if chip is None:
        return ()
    from symcost.hardware.roofline import roofline

    return roofline(a, chip), roofline(b, chip)


def _regimes(first: Roofline, second: Roofline, both: ProgramCost, wrt: str) -> tuple[Regime, ...]:
    """Where the two take equally long, for each pair of terms that may bind."""
    regimes = []
    for (x, busy), (y, other) in itertools.product(first.terms.items(), second.terms.items()):
        if _may_bind(busy, first.size) and _may_bind(other, second.size):
            by = _by_power(_general(busy - other)[0], wrt)
            if by is not None and 0 < max(by, default=0) <= 2 and (found := _solutions(by, both)):
                regimes.append(Regime(x, y, found))
    return tuple(regimes)


def _may_bind(term: Any, largest: Any) -> bool:
    return term in arguments(largest)


def _general(size: Size) -> tuple[Size, str]:
    """A difference without what holds at special sizes only."""
    kept = {m: c for m, c in terms_of(size).items() if all(a.kind != "indicator" for a, _ in m)}
    special = len(kept) < len(terms_of(size))
    return make(kept), "apart from special sizes, such as 1, where the difference has further terms" if special else ""


def _by_power(size: Size, name: str) -> dict[int, Size] | None:
    """Coefficients by power of a symbol; None where it stands inside of a function."""
    found: dict[int, dict] = {}
    for monomial, c in terms_of(size).items():
        degree, rest = 0, []
        for atom, exponent in monomial:
            if atom.kind == "symbol" and atom.name == name:
                degree = exponent
            elif any(name in symbols_of(argument) for argument in atom.args):
                return None
            else:
                rest.append((atom, exponent))
        found.setdefault(degree, {})[tuple(rest)] = c
    return {degree: coefficient for degree, terms in found.items() if (coefficient := make(terms)) != 0}


def _solutions(by: Mapping[int, Size], both: ProgramCost) -> tuple[Any, ...]:
    """Roots in closed form, without those that are 0 or negative at all sizes."""
    import sympy

    degree = max(by, default=0)
    if not degree:
        return ()
    sign = -1 if is_nonnegative(-by[degree]) else 1
    sizes = [by.get(power, 0) * sign for power in range(3)]
    c, b, a = map(both.expression, sizes)
    if degree == 1:
        never = is_nonnegative(sizes[0]) and is_nonnegative(sizes[1])
        return () if never else (sympy.sympify(sympy.factor(sympy.cancel(-c / b))),)
    root = sympy.sqrt(sympy.factor(b**2 - 4 * a * c))
    upper, lower = (sympy.simplify((-b + each * root) / (2 * a)) for each in (1, -1))
    if is_nonnegative(sizes[2]) and is_nonnegative(-sizes[0]):  # their product is not positive
        return (upper,)
    if all(map(is_nonnegative, sizes)):
        return ()
    return tuple(dict.fromkeys((lower, upper)))


def _first(dim: Any) -> int:
    return -(-max(dim.min, 0) // dim.multiple_of) * dim.multiple_of


def _ladder(least: int, most: int) -> list[int]:
    """Units from `least` to `most`, some between one power of two and the next."""
    found = {most}
    low = max(least, 1)
    while low < most:
        found |= {min(most, low + low * k // STEPS) for k in range(STEPS + 1)}
        low *= 2
    return sorted(unit for unit in found if unit > least)


def _bisect(sign: Callable[[int], int], low: int, high: int, wanted: int) -> int:
    """The first unit between two with the sign of the second."""
    while high - low > 1:
        middle = (low + high) // 2
        if sign(middle) == wanted:
            high = middle
        else:
            low = middle
    return high
