"""Formulas with common factors taken out, as people write them.

The canonical form of a size is its monomials: two sizes are equal if these are, and `format_size` prints them.
`factored` makes the form that is printed in papers, by this policy:

1. What counts at special sizes only is gathered by its condition, last: ``[B = 1]*(4*N + 12)``.
2. A factor that all terms share comes out, a number or a monomial: ``B*T*(8*D + 25)``.
3. Of the symbols that two thirds of the terms are multiplied by once, the one that saves most characters comes out:
   ``L*(...)`` for what repeats over layers.
4. Where there is none, of the factors that some terms share, the one that saves most, if it saves a twelfth of its
   sum: ``N*(...) + M*(...)`` for nodes and edges; sums too, ``(N + M)*(H + C)``. Then the same again with the parts.
5. A factor comes out only where that makes the formula shorter, and parentheses stand at most `DEPTH` deep.

Functions of sizes (floors, maxima, logarithms) are factors like symbols; nested floors have collapsed when they were
made. The form depends on the formula and the user's order of symbols alone. The work is bounded: a formula of
thousands of terms is factored as far as `WORK` reaches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, inf, lcm

from symcost.formatting import atom_order, format_power, term_order
from symcost.polynomial import Atom, Monomial, Number, Size, terms_of

Terms = Mapping[Monomial, Number]

DEPTH = 3
"""Parentheses in parentheses, at most."""
REPEATED = Fraction(2, 3)
"""A symbol in so many terms counts how often the rest is done."""
SAVING = Fraction(1, 12)
"""What a factor that only some terms share must save, of the characters of their sum."""
WORK = 300_000
"""Terms that are looked at in search of factors, for one formula."""
PAIRS = 16
"""Factors that are tried in pairs, for sums that both multiply."""


@dataclass(frozen=True, slots=True)
class Product:
    """A number times powers of atoms times sums in parentheses.

    Attributes:
        number: the coefficient. powers: atoms and their exponents, as they are printed.
        sums: the parentheses. lead: the first monomial, if all were multiplied out.
    """

    number: Number
    powers: tuple[tuple[Atom, int], ...]
    sums: tuple[Sum, ...]
    lead: Monomial


@dataclass(frozen=True, slots=True)
class Sum:
    """Products, in the order in which they are printed; none for 0."""

    products: tuple[Product, ...]


def factored(size: Size | Fraction, order: Sequence[str] = ()) -> Sum:
    """`size` with common factors taken out.

    Args:
        order: names of symbols as the user listed them; others follow by name.
    """
    return _Factoring(tuple(order)).sum(terms_of(size))


def flat(size: Size | Fraction, order: Sequence[str] = ()) -> Sum:
    """`size` as a form with nothing taken out."""
    return Sum(tuple(_Factoring(tuple(order)).flat(terms_of(size))))


class _Factoring:
    """The factoring of one formula: the order of its symbols, how long its factors are, how much work is left."""

    def __init__(self, order: tuple[str, ...]):
        self.order = order
        self.rank = {name: i for i, name in enumerate(order)}
        self.work = WORK
        self.lengths: dict[tuple[Atom, int], int] = {}
        self.keys: dict[Monomial, tuple] = {}
        self.atom_keys: dict[Atom, tuple] = {}

    def sum(self, terms: Terms) -> Sum:
        """The form of a whole formula: what holds at all sizes, then what is added at special ones."""
        parts: dict[Monomial, dict[Monomial, Number]] = {(): {}}
        for monomial, c in terms.items():
            held = tuple(f for f in monomial if f[0].kind == "indicator")
            parts.setdefault(held, {})[tuple(f for f in monomial if f[0].kind != "indicator")] = c
        products = self.products(parts.pop(()), DEPTH)
        for held, part in parts.items():
            products.append(self.times(1, held, (), self.products(part, DEPTH - 1, enclosed=True)))
        return Sum(self.sorted(products))

    def products(self, terms: Terms, depth: int, enclosed: bool = False) -> list[Product]:
        """A sum without conditions.

        Args:
            depth: how many parentheses may stand in each other in it. enclosed: it has parentheses already.
        """
        if len(terms) < 2 or not (depth or enclosed):
            return self.flat(terms)
        number, shared = self.content(terms, enclosed)
        if number == 1 and not shared:
            return self.grouped(terms, depth)
        inside = {_quotient(m, shared): _whole(Fraction(c) / number) for m, c in terms.items()}
        return [self.times(number, shared, (), self.grouped(inside, depth if enclosed else depth - 1))]

    def grouped(self, terms: Terms, depth: int) -> list[Product]:
        """A sum of terms that share nothing: the factor of some of them that saves most comes out."""
        best = self.best(terms) if depth else None
        if best is None:
            return self.flat(terms)
        divisor, quotient = best
        used = {_multiply(d, q) for d in divisor for q in quotient}
        outside, inside = (self.products(part, depth - 1, enclosed=True) for part in (divisor, quotient))
        if len(outside) == 1:
            group = self.times(outside[0].number, outside[0].powers, outside[0].sums, inside)
        else:
            group = self.times(1, (), (Sum(tuple(outside)),), inside)
        return [*self.sorted([group, *self.products({m: c for m, c in terms.items() if m not in used}, depth)])]

    # -- factors of all terms ----------------------------------------------------------------
    def content(self, terms: Terms, enclosed: bool) -> tuple[Number, Monomial]:
        """The number and the monomial to take out of all terms; 1 and () where that would make the sum no shorter."""
        numbers = [Fraction(c) for c in terms.values()]
        # a denominator comes out where no term is without one
        denominator = 1 if any(c.denominator == 1 for c in numbers) else lcm(*(c.denominator for c in numbers))
        common = Fraction(gcd(*(c.numerator for c in numbers)), denominator)
        shared = _shared(terms)
        best, least = (Fraction(1), ()), self.length(terms)
        for number, monomial in ((common, shared), (Fraction(1), shared), (common, ())):
            inside = self.length({_quotient(m, monomial): Fraction(c) / number for m, c in terms.items()})
            inside += 0 if enclosed else 2
            outside = self.term(monomial, number) + 1 if monomial or number.numerator != 1 else 0
            outside += len(str(number.denominator)) + 1 if not outside and number.denominator != 1 else 0
            # inside of parentheses a number comes out where that costs nothing
            if inside + outside < least + enclosed:
                best, least = (number, monomial), inside + outside
        return _whole(best[0]), best[1]

    # -- factors of some terms ---------------------------------------------------------------
    def best(self, terms: Terms) -> tuple[Terms, Terms] | None:
        """The divisor that saves most characters, and its quotient: their product is part of the sum."""
        if len(terms) < 3:
            return None
        repeated = self.repeated(terms)
        best, most = None, (0 if repeated else self.length(terms) * SAVING, inf)
        for divisor, quotient in repeated or self.candidates(terms):
            products = [_multiply(d, q) for d in divisor for q in quotient]
            saved = sum(self.term(m, terms[m]) + 3 for m in products) - 3
            saved -= self.length(quotient) + 2 + self.length(divisor) + 1 + 2 * (len(divisor) > 1)
            # of two that save the same, the one that leaves less in the parentheses
            rated = saved, sum(e for m in divisor for _, e in m)
            if rated > most:
                best, most = (divisor, quotient), rated
        return best

    def repeated(self, terms: Terms) -> list[tuple[Terms, Terms]]:
        """Symbols that most terms, not all, are multiplied by once, and none more often; with their quotients."""
        counts: dict[Atom, int] = {}
        for monomial in terms:
            for atom, exponent in monomial:
                counts[atom] = counts.get(atom, 0) + (1 if exponent == 1 else -len(terms))
        often = [a for a, n in counts.items() if a.kind == "symbol" and len(terms) > n >= REPEATED * len(terms)]
        return [self.divided(terms, atom, 1) for atom in sorted(often, key=self.atom_key)]

    def divided(self, terms: Terms, atom: Atom, exponent: int) -> tuple[Terms, Terms]:
        """The monomial that all terms with a power of `atom` share, and these terms without it."""
        part = {m: c for m, c in terms.items() if dict(m).get(atom, 0) >= exponent}
        divisor = _shared(part)
        return {divisor: 1}, {_quotient(m, divisor): c for m, c in part.items()}

    def candidates(self, terms: Terms) -> Iterator[tuple[Terms, Terms]]:
        """Monomials that divide several terms, and sums that several such monomials multiply."""
        powers = dict.fromkeys((a, e) for m in terms for a, exponent in m for e in range(1, min(exponent, 4) + 1))
        quotients: list[Terms] = []
        for atom, e in sorted(powers, key=lambda f: (self.atom_key(f[0]), f[1])):
            self.work -= len(terms)
            if self.work < 0:
                return
            divisor, quotient = self.divided(terms, atom, e)
            if len(quotient) > 1:
                quotients.append(quotient)
                yield divisor, quotient
        for i, one in enumerate(quotients[:PAIRS]):
            for other in quotients[i:PAIRS]:
                common = {m: c for m, c in one.items() if other.get(m) == c}
                self.work -= len(one) * len(terms)
                if self.work < 0:
                    return
                sums = self.multipliers(terms, common) if len(common) > 1 else {}
                if len(sums) > 1:
                    yield sums, common

    def multipliers(self, terms: Terms, quotient: Terms) -> Terms:
        """What `quotient` is multiplied by, where all the products are among `terms`."""
        first = min(quotient, key=self.key)
        found: dict[Monomial, Number] = {}
        used: set[Monomial] = set()
        for monomial in sorted(terms, key=self.key):
            if not _divides(first, monomial):
                continue
            factor = _quotient(monomial, first)
            ratio = Fraction(terms[monomial]) / quotient[first]
            products = {_multiply(factor, m): ratio * c for m, c in quotient.items()}
            if all(m not in used and terms.get(m) == c for m, c in products.items()):
                found[factor] = _whole(ratio)
                used |= products.keys()
        return found

    # -- forms -------------------------------------------------------------------------------
    def flat(self, terms: Terms) -> list[Product]:
        """Terms as they are."""
        return [Product(terms[m], self.by_rank(m), (), m) for m in sorted(terms, key=self.key)]

    def times(self, number: Number, powers: Monomial, sums: tuple[Sum, ...], inside: Sequence[Product]) -> Product:
        """A product with one more sum; the sum of a single product is multiplied with it."""
        monomial = _monomial(dict(powers))
        if len(inside) == 1:
            monomial = _multiply(monomial, _monomial(dict(inside[0].powers)))
            number, sums = number * inside[0].number, (*sums, *inside[0].sums)
        else:
            sums = (*sums, Sum(tuple(inside)))
        signed = []
        for part in sums:
            if part.products[0].number < 0:
                part, number = Sum(tuple(replace(p, number=-p.number) for p in part.products)), -number
            signed.append(part)
        signed.sort(key=lambda part: (len(part.products), [self.key(p.lead) for p in part.products]))
        lead = monomial
        for part in signed:
            lead = _multiply(lead, part.products[0].lead)
        return Product(_whole(number), self.by_rank(monomial), tuple(signed), lead)

    # -- order and length --------------------------------------------------------------------
    def sorted(self, products: Sequence[Product]) -> tuple[Product, ...]:
        """Products in the order of their first terms."""
        return tuple(sorted(products, key=lambda p: self.key(p.lead)))

    def key(self, monomial: Monomial) -> tuple:
        """The place of a term."""
        if monomial not in self.keys:
            self.keys[monomial] = term_order(monomial, self.rank)
        return self.keys[monomial]

    def atom_key(self, atom: Atom) -> tuple:
        """The place of a factor."""
        if atom not in self.atom_keys:
            self.atom_keys[atom] = atom_order(atom, self.rank)
        return self.atom_keys[atom]

    def by_rank(self, monomial: Monomial) -> Monomial:
        """The factors of a term as they are printed."""
        return tuple(sorted(monomial, key=lambda f: self.atom_key(f[0])))

    def length(self, terms: Terms) -> int:
        """Characters of a sum as it is."""
        return sum(self.term(m, c) + 3 for m, c in terms.items()) - 3

    def term(self, monomial: Monomial, c: Number) -> int:
        """Characters of a term, its sign left out."""
        found = len(monomial) - 1
        for factor in monomial:
            if factor not in self.lengths:
                self.lengths[factor] = _length(*factor, self.order)
            found += self.lengths[factor]
        if abs(c.numerator) != 1 or not monomial:
            found += len(str(abs(c.numerator))) + 1
        return found + (len(str(c.denominator)) + 1 if c.denominator != 1 else 0)


def _length(atom: Atom, exponent: int, order: tuple[str, ...]) -> int:
    """Characters of a factor; about, of a maximum, which is longer than anything beside it."""
    if atom.kind in ("maximum", "minimum"):
        return 10 * sum(len(terms_of(argument)) for argument in atom.args)
    return len(format_power(atom, exponent, order))


def _monomial(powers: Mapping[Atom, int]) -> Monomial:
    """Powers of atoms as a key of `Poly.terms`."""
    return tuple(sorted(((a, e) for a, e in powers.items() if e), key=lambda f: f[0].index))


def _multiply(a: Monomial, b: Monomial) -> Monomial:
    powers = dict(a)
    for atom, e in b:
        powers[atom] = powers.get(atom, 0) + e
    return _monomial(powers)


def _divides(divisor: Monomial, monomial: Monomial) -> bool:
    powers = dict(monomial)
    return all(powers.get(atom, 0) >= e for atom, e in divisor)


def _quotient(monomial: Monomial, divisor: Monomial) -> Monomial:
    powers = dict(monomial)
    for atom, e in divisor:
        powers[atom] -= e
    return _monomial(powers)


def _shared(terms: Terms) -> Monomial:
    """The monomial that divides all terms."""
    first, *others = map(dict, terms)
    return _monomial({a: min([e, *(o.get(a, 0) for o in others)]) for a, e in first.items()})


def _whole(number: Number) -> Number:
    return number.numerator if number.denominator == 1 else number
