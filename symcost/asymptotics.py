"""How a formula grows: the terms that no other term dominates, with their coefficients or without (O(...)).

A formula is first written out as far as growth asks for it. A floor of a quotient by a number is the quotient less a
remainder, which is bounded: ``floor(N/2) = N/2 - (N mod 2)/2``, exactly, so that what cancels does cancel. A maximum
or minimum becomes one of its arguments where that one wins in the end, and ``[N = 1]`` becomes 0. What is left are
products of powers of symbols and of *factors*: functions (`symcost.limits` writes them out) of which it is known how
fast they grow at most and at least. A term dominates another if the quotient of the two tends to 0 in all directions in
which sizes may grow (`symcost.directions`); it bounds the other if the quotient is bounded there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symcost.directions import ONE, Directions, Vector, plus
from symcost.polynomial import Atom, Number, Size, make, terms_of, total

Vectors = tuple[Vector, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A function of sizes in a product.

    Attributes:
        size: what it is. shown: what it is in the limit, simpler to read: their quotient tends to 1.
        most: it is at most a constant times the sum of these; any of several such sums.
        least: it is at least a constant times one of several functions in the end, of a minimum say, and each of these
            at least a constant times each of its products; no product where it may be 0.
        signed: it may be negative.
    """

    size: Size
    shown: Size
    most: tuple[Vectors, ...]
    least: tuple[Vectors, ...] = ((),)
    signed: bool = False


Powers = Mapping["Atom | Factor", int]
"""A product of powers of symbols and factors."""
Written = Sequence[tuple[Number, Powers]]
"""A sum of products with their coefficients."""
Factors = tuple[tuple[Factor, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One term of a formula that is written out.

    Attributes:
        coefficient: of it. symbols: their powers, as they are written. powers: how these grow. factors: with exponents.
    """

    coefficient: Number
    symbols: tuple[tuple[Atom, int], ...]
    powers: Vector
    factors: Factors

    def size(self, exact: bool) -> Size:
        """The term as a formula; in the limit if it need not be exact."""
        size = make({self.symbols: self.coefficient})
        for factor, e in self.factors:
            size = size * (factor.size if exact else factor.shown) ** e
        return size


@dataclass(frozen=True, slots=True)
class Scale:
    """A term of an O(...).

    Attributes:
        powers: of sizes, logarithms and exponentials. factors: minima, of which no argument is known to be the bound.
    """

    powers: Vector
    factors: Factors = ()


class Growth:
    """Formulas written out and compared.

    Args:
        directions: in which sizes may grow. write: what a function is as a sum (`symcost.limits.written_out`).
    """

    def __init__(self, directions: Directions, write: Callable[[Growth, Atom], Written]):
        self.directions, self.write = directions, write
        self._factors: dict[Size, Factor] = {}
        self._functions: dict[Atom, Written] = {}

    # -- results -------------------------------------------------------------------------------
    def leading(self, size: Size) -> Size:
        """The terms that no other term dominates."""
        kept = self.undominated(self.terms(size))
        # of a difference of two that are alike in the limit nothing would be left
        exact = len({t.coefficient > 0 for t in kept}) > 1
        return total(t.size(exact) for t in kept)

    def scales(self, size: Size, order: Sequence[str] = ()) -> list[Scale]:
        """What the formula is bounded by, without coefficients: none of these bounds another one.

        Args:
            order: of symbols; of two that bound each other the one that comes first in it is kept.
        """
        found = {scale for term in self.terms(size) for scale in self._scales_of(term)}
        kept: list[Scale] = []
        for scale in sorted(found, key=lambda s: _place(s, order)):
            if any(self._bounds(scale, other) for other in kept):
                continue
            kept = [other for other in kept if not self._bounds(other, scale)] + [scale]
        return kept

    def sign(self, size: Size) -> int | None:
        """1 or -1 where the formula has that sign in the end or is 0; 0 where it is 0; else None."""
        terms = self.terms(size)
        kept = self.undominated(terms)
        if any(factor.signed for term in kept for factor, _ in term.factors):
            return None
        signs = {1 if term.coefficient > 0 else -1 for term in kept}
        if len(signs) > 1:
            return None
        return signs.pop() if signs else 0

    # -- writing out ---------------------------------------------------------------------------
    def terms(self, size: Size) -> list[Term]:
        """The formula as a sum of terms of which no two are alike."""
        coefficients: dict[frozenset, Number] = {}
        for c, powers in self.written(size):
            key = frozenset(powers.items())
            coefficients[key] = coefficients.get(key, 0) + c
        return [self._term(c, key) for key, c in coefficients.items() if c]

    def _term(self, coefficient: Number, powers: Iterable[tuple[Atom | Factor, int]]) -> Term:
        symbols = sorted(((x, e) for x, e in powers if isinstance(x, Atom)), key=lambda item: item[0].index)
        factors = sorted(((x, e) for x, e in powers if isinstance(x, Factor)), key=lambda item: str(item[0].size))
        grown = ONE
        for atom, e in symbols:
            grown = plus(grown, self.directions.size(atom.name), e)
        return Term(coefficient, tuple(symbols), grown, tuple(factors))

    def written(self, size: Size) -> Iterator[tuple[Number, Powers]]:
        """The formula as a sum of products; equal ones may come several times."""
        for monomial, c in terms_of(size).items():
            parts: list[Written] = []
            for atom, e in monomial:
                symbol: Written = [(1, {atom: e})]
                parts += [symbol] if atom.kind == "symbol" else [self._function(atom)] * e
            for choice in itertools.product(*parts):
                powers: dict[Atom | Factor, int] = {}
                coefficient = c
                for k, product in choice:
                    coefficient = coefficient * k
                    for x, e in product.items():
                        powers[x] = powers.get(x, 0) + e
                yield coefficient, powers

    def _function(self, atom: Atom) -> Written:
        if atom not in self._functions:
            self._functions[atom] = self.write(self, atom)
        return self._functions[atom]

    def factor(
        self,
        size: Size,
        most: Iterable[Vectors],
        least: Iterable[Vectors] = ((),),
        signed: bool = False,
        shown: Size | None = None,
    ) -> Factor:
        """The factor that stands for `size`; always the same one."""
        if size not in self._factors:
            found = Factor(size, size if shown is None else shown, tuple(most), tuple(least), signed)
            self._factors[size] = found
        return self._factors[size]

    # -- bounds --------------------------------------------------------------------------------
    def above(self, size: Size) -> Vectors:
        """Products whose sum bounds the absolute value of a formula, up to a constant."""
        return tuple(dict.fromkeys(v for t in self.terms(size) for v in self._most(t.powers, t.factors)[0]))

    def below(self, size: Size) -> Vectors:
        """Products each of which bounds a formula from below, in the end; none where it may be 0 or negative."""
        kept = self.undominated(self.terms(size))
        if any(t.coefficient < 0 or any(f.signed for f, _ in t.factors) for t in kept):
            return ()
        found: dict[Vector, None] = {}
        for term in kept:
            several = self._least(term.powers, term.factors)
            for v in dict.fromkeys([term.powers, *(w for products in several for w in products)]):
                if all(any(self.directions.bounded(plus(v, w, -1)) for w in products) for products in several):
                    found[v] = None
        return tuple(found)

    def _most(self, powers: Vector, factors: Factors) -> list[Vectors]:
        """Sums that a product is bounded by, any of them."""
        found: list[Vectors] = [(powers,)]
        for factor, e in factors:
            for _ in range(e):
                found = [tuple(plus(v, w) for v in known for w in more) for known in found for more in factor.most]
        return found

    def _least(self, powers: Vector, factors: Factors) -> list[Vectors]:
        """One of these bounds a product from below, each of its own products being a bound then."""
        found: list[Vectors] = [(powers,)]
        for factor, e in factors:
            for _ in range(e):
                found = [tuple(plus(v, w) for v in known for w in more) for known in found for more in factor.least]
        return found

    def _scales_of(self, term: Term) -> list[Scale]:
        """A term's bounds without its coefficient."""
        several = tuple((f, e) for f, e in term.factors if len(f.most) > 1)
        (vectors,) = self._most(term.powers, tuple((f, e) for f, e in term.factors if len(f.most) == 1))
        return [Scale(v, several) for v in vectors]

    # -- comparing -----------------------------------------------------------------------------
    def undominated(self, terms: Sequence[Term]) -> list[Term]:
        """The terms that no other one dominates, in their order."""
        kept: list[Term] = []
        for term in terms:
            if any(self._dominates(other, term) for other in kept):
                continue
            kept = [other for other in kept if not self._dominates(term, other)] + [term]
        return kept

    def _dominates(self, large: Term, small: Term) -> bool:
        """Whether ``small/large`` tends to 0."""
        return self._below(small, large, self.directions.vanishes)

    def _bounds(self, small: Scale, large: Scale) -> bool:
        return self._below(small, large, self.directions.bounded)

    def _below(self, small: Term | Scale, large: Term | Scale, test: Callable[[Vector], bool]) -> bool:
        left, right = small.factors, large.factors
        if left and right:
            left, right = _without_common(left, right)
        if not left and not right:
            return test(plus(small.powers, large.powers, -1))
        least = self._least(large.powers, right)
        return any(
            all(any(test(plus(above, below, -1)) for below in products) for above in most for products in least)
            for most in self._most(small.powers, left)
        )


def _without_common(a: Factors, b: Factors) -> tuple[Factors, Factors]:
    """Factors without those that both products have."""
    left, right = dict(a), dict(b)
    for factor in [f for f in left if f in right]:
        common = min(left[factor], right[factor])
        left[factor] -= common
        right[factor] -= common
    return tuple((f, e) for f, e in left.items() if e), tuple((f, e) for f, e in right.items() if e)


def _place(scale: Scale, order: Sequence[str]) -> tuple:
    """Where a term of an O(...) is printed: higher degree first, then the user's order."""
    sizes = {k[1]: e for k, e in scale.powers if k[0] == "size"}
    logs = {k[1]: e for k, e in scale.powers if k[0] == "log"}
    others = [(k, -e) for k, e in scale.powers if k[0] not in ("size", "log")]
    exponential = -sum(e for k, e in scale.powers if k[0] == "power")
    listed = tuple(-sizes.get(name, 0) for name in order), tuple(-logs.get(name, 0) for name in order)
    return (
        exponential,
        -sum(sizes.values()),
        listed,
        sorted(sizes),
        sorted(logs),
        others,
        [str(f.size) for f, _ in scale.factors],
    )
