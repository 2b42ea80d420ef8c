"""Leading terms and O(...): hand-made tables, and numbers along random directions that the assumptions permit."""

from __future__ import annotations

import itertools
import random
import re
from fractions import Fraction

import pytest

from symcost.assumptions import from_relations, parse_assumptions
from symcost.directions import Directions, vector
from symcost.domain import Dim, Domain
from symcost.errors import ConventionError, DimensionError
from symcost.formatting import format_size
from symcost.grammar import parse_relations
from symcost.growth import BigO, big_o, leading_terms
from symcost.polynomial import (
    ceil_div,
    ceil_log2,
    conv_taps,
    evaluate,
    floor_div,
    floor_log2,
    indicator,
    maximum,
    minimum,
    mod,
    power,
    symbol,
    total,
)
from tests.report import costs

B, T, N, M, F, H, S, L = map(symbol, "BTNMFHSL")
ORDER = "BTNMFHSL"
DOMAIN = Domain(tuple(Dim(name) for name in ORDER))


def leading(size, assuming=(), wrt=None, domain=DOMAIN):
    return format_size(leading_terms(size, domain, wrt=wrt, assuming=assuming), ORDER)


def order(size, assuming=(), wrt=None, domain=DOMAIN):
    return str(big_o(size, domain, wrt=wrt, assuming=assuming))


GCN = 2 * N * F * H + M * H + 3 * N * H + N
BLOCK = 24 * B * T * F**2 + 4 * B * T**2 * F + 8 * B * T * F + 7
FFT = 5 * N * ceil_log2(N) + 34 * N + 2

TABLE = {
    "GCN": (GCN, (), "2*N*F*H + M*H", "O(N*F*H + M*H)"),
    "GCN with a bounded degree": (GCN, "M = O(N)", "2*N*F*H", "O(N*F*H)"),
    "GCN, dense graph": (GCN, "N*F << M", "M*H", "O(M*H)"),
    "GCN, dense graph, the other way round": (GCN, "M >> N*F", "M*H", "O(M*H)"),
    "GCN of few edges in a power": (2 * N**2 * F + M * F, "M = O(N**2)", "2*N**2*F + M*F", "O(N**2*F)"),
    "edges below a root": (N * F + M * F, "M << N**0.5", "N*F", "O(N*F)"),
    "edges below a fraction": (N**2 + M, "M = O(N**(3/2))", "N**2", "O(N**2)"),
    "block": (BLOCK, (), "4*B*T**2*F + 24*B*T*F**2", "O(B*T**2*F + B*T*F**2)"),
    "block, short sequence": (BLOCK, "T << F", "24*B*T*F**2", "O(B*T*F**2)"),
    "block, sequence at most the width": (BLOCK, "T <= F", "4*B*T**2*F + 24*B*T*F**2", "O(B*T*F**2)"),
    "block, long sequence": (BLOCK, ["F << T"], "4*B*T**2*F", "O(B*T**2*F)"),
    "block, one sample": (BLOCK, "B = O(1)", "4*B*T**2*F + 24*B*T*F**2", "O(T**2*F + T*F**2)"),
    "transitive": (N * H + B * F, ["B << N", "F <= H"], "N*H", "O(N*H)"),
    "bounded by what is bounded": (N * H + N, ["H = O(B)", "B = O(1)"], "N*H + N", "O(N)"),
    "FFT": (FFT, (), "5*N*ceil_log2(N)", "O(N*log(N))"),
    "sort in rows": (N * F * ceil_log2(F) + N * F * 9, (), "N*F*ceil_log2(F)", "O(N*F*log(F))"),
    "logarithms beside powers": (N**2 + N * ceil_log2(N) ** 5, (), "N**2", "O(N**2)"),
    "two logarithms": (N * ceil_log2(N) + N * ceil_log2(F), "F = O(N**3)", None, "O(N*log(N))"),
    "logarithm in an assumption": (N * M + N * floor_log2(N), "M << log(N)", "N*floor_log2(N)", "O(N*log(N))"),
    "logarithm of a product": (F * ceil_log2(N * M), (), "F*ceil_log2(N*M)", "O(F*log(N) + F*log(M))"),
    "floor": (3 * floor_div(N, 2) * F + N, (), "(3/2)*N*F", "O(N*F)"),
    "ceil in a power": (4 * ceil_div(S, 4) ** 2 * F + S * F, (), "(1/4)*S**2*F", "O(F*S**2)"),
    "floors that cancel": (2 * floor_div(N, 2) * F - N * F + 3 * N, (), "2*F*floor(N/2) - N*F + 3*N", "O(N + F)"),
    "floors that add up": (floor_div(N, 2) + ceil_div(N, 2) - N + 5 * F, (), "5*F", "O(F)"),
    "cancels in the first order": ((N + F) ** 2 - N**2 - N * F, (), "N*F + F**2", "O(N*F + F**2)"),
    "difference": (N**2 - N * F + 7 * N, (), "N**2 - N*F", "O(N**2 + N*F)"),
    "maximum": (2 * maximum(N * F, M * F) + N, (), "2*max(M*F, N*F)", "O(N*F + M*F)"),
    "maximum, one argument large": (2 * maximum(N * F, M * F) + N, "M << N", "2*N*F", "O(N*F)"),
    "maximum with a number": (maximum(N - 5, 64) * F, (), "N*F", "O(N*F)"),
    "maximum inside": (maximum(N * F + N, M * F + 1) * 3, (), "3*max(M*F, N*F)", "O(N*F + M*F)"),
    "maxima that are nearly one": (maximum(N + 1, F) - maximum(N, F), (), "max(F, N + 1) - max(F, N)", "O(N + F)"),
    "minimum": (minimum(N, F) * B + B, (), "B*min(F, N)", "O(B*min(F, N))"),
    "minimum beside an argument": (minimum(N, F) + N, (), "min(F, N) + N", "O(N)"),
    "minimum, one argument small": (minimum(N, F) * B, "F << N", "B*F", "O(B*F)"),
    "minimum with a number": (minimum(N, 64) * B + B, (), "65*B", "O(B)"),
    "special sizes": (N * F + indicator(N, 1) * N**3 * F, (), "N*F", "O(N*F)"),
    "below a threshold": (N + indicator(floor_div(N, 65), 0) * N**2, (), "N", "O(N)"),
    "above a threshold": (N * maximum(0, T - 2048), (), "T*N", "O(T*N)"),
    "clipped away": (N + N**2 * maximum(0, 2048 - T), (), "N", "O(N)"),
    "residues": (N + N * indicator(mod(N, 8), 0), (), "N + N*[N mod 8 = 0]", "O(N)"),
    "a remainder": (mod(N, 8) * F + F, (), "N*F - 8*F*floor(N/8) + F", "O(F)"),
    "equal sizes": (N * F + N**2 * indicator(N, F) * F, (), None, "O(N**2*F)"),
    "a regime": (N + F * indicator(maximum(0, T - 2 * F), 0), (), None, "O(N + F)"),
    "quotient of sizes": (ceil_div(M, N) * N * F, (), "N*F*ceil(M/N)", "O(N*F + M*F)"),
    "quotient that grows": (ceil_div(M, N) * N * F, "N << M", "N*F*ceil(M/N)", "O(M*F)"),
    "quotient alone": (floor_div(M, N) * F, "N << M", "F*floor(M/N)", "O(M*F/N)"),
    "powers": (power(2, L) * N + L**9 * N, (), "2**L*N", "O(2**L*N)"),
    "powers of powers": (power(4, L) + 100 * power(2, L) * N, (), None, "O(2**(2*L) + 2**L*N)"),
    "different bases": (power(3, L) + 5 * power(2, L), (), "3**L", "O(3**L)"),
    "all taps in the limit": (conv_taps(S, 3, S, 1, 1, 1, 1) ** 2 * F + S * F, (), "9*S**2*F", "O(F*S**2)"),
    "taps of a symbolic kernel": (conv_taps(S, H, S, 1, 1, 1, 1), (), None, "O(H*S)"),
    "nothing": (0, (), "0", "O(0)"),
    "a number": (12, (), "12", "O(1)"),
    "one symbol": (7 * N + 3, (), "7*N", "O(N)"),
}  # fmt: skip


def terms_in(text):
    """Terms and their factors, in whatever order they are printed."""
    terms = re.sub("^-", "-1*", text).replace(" - ", " + -1*").split(" + ")
    return sorted(tuple(sorted(re.split(r"(?<!\*)\*(?!\*)", term))) for term in terms)


@pytest.mark.parametrize(("size", "assuming", "first", "grows"), TABLE.values(), ids=TABLE.keys())
def test_by_hand(size, assuming, first, grows):
    if first is not None:
        assert terms_in(leading(size, assuming)) == terms_in(first)
    assert order(size, assuming) == grows


@pytest.mark.parametrize(
    ("size", "wrt", "first", "grows"),
    [
        (BLOCK, "T", "4*B*T**2*F", "O(T**2)"),
        (BLOCK, "F", "24*B*T*F**2", "O(F**2)"),
        (BLOCK, "B", "4*B*T**2*F + 24*B*T*F**2 + 8*B*T*F", "O(B)"),
        (BLOCK, ["T", "F"], "4*B*T**2*F + 24*B*T*F**2", "O(T**2*F + T*F**2)"),
        (BLOCK, "T F", "4*B*T**2*F + 24*B*T*F**2", "O(T**2*F + T*F**2)"),
        (BLOCK, "N", format_size(BLOCK, ORDER), "O(1)"),
        (floor_div(H, 2) * T**2 + T * H, "T", "T**2*floor(H/2)", "O(T**2)"),
        (maximum(T * F, H * F) + T, "T", "T*F + T", "O(T)"),
        (indicator(B, 1) * T + 2 * B, "T", "T*[B = 1] + 2*B", "O(T)"),
        (power(2, L) * T + T**2, "L", "2**L*T", "O(2**L)"),
    ],
)
def test_some_sizes_grow_while_others_stay(size, wrt, first, grows):
    assert terms_in(leading(size, wrt=wrt)) == terms_in(first)
    assert order(size, wrt=wrt) == grows


def test_relations_of_the_domain_are_known():
    dims = tuple(Dim(name) for name in "NMF")
    size = N * F + M * F
    for relation, grows in {
        "M <= N": "O(N*F)",
        "M < N*F - F": "O(N*F + M*F)",
        "2*M <= N + 7": "O(N*F)",
        "N >= M": "O(N*F)",
        "N == 2*M": "O(N*F)",
        "M <= N - M": "O(N*F)",
        "M + 3 <= N - N//8*8": "O(N*F + M*F)",  # floors say nothing here
        "M <= N + F": "O(N*F + M*F)",  # nor do sums
        "M != N": "O(N*F + M*F)",
    }.items():
        domain = Domain(dims, parse_relations(relation)[0])
        assert order(size, domain=domain) == grows, relation
        assert leading(size, domain=domain) == "N*F + M*F"  # M may be half of N
    # one size alone grows whatever the relation says about all of them
    assert order(size, wrt="M", domain=Domain(dims, parse_relations("M <= N")[0])) == "O(M)"


def test_what_is_not_known_dominates_nothing_and_is_not_dropped():
    unknown, trips = symbol("unknown_magic_0"), symbol("trips_while_0")
    assert set(leading(N**2 + trips * N + unknown + N).split(" + ")) == {
        "N**2", "N*trips_while_0", "unknown_magic_0"
    }  # fmt: skip
    assert order(trips * N + N) == "O(N*trips_while_0 + N)"
    assert order(trips * N + N, "trips_while_0 = O(N)") == "O(N*trips_while_0 + N)"
    assert order(N**2 + trips * N + N, "trips_while_0 = O(N)") == "O(N**2)"
    assert order(trips * N + N, "trips_while_0 = O(1)") == "O(N)"


# -- numbers ----------------------------------------------------------------------------------

ASSUMPTIONS = ["M = O(N)", "F << N", "H <= F", "B = O(1)", "M = O(N**2)", "N*F << M", "T*F = O(N)", "B << log(N)"]
RATES = [Fraction(k, 4) for k in range(1, 13)]
NAMES = "BTNMFH"


def atoms(rng):
    a, b = (symbol(rng.choice(NAMES)) for _ in "ab")
    return rng.choice(
        [
            a, a, a, b, a * b,
            floor_div(a + rng.randint(0, 3), rng.randint(2, 5)),
            ceil_div(a + 2 * b, 3),
            ceil_div(a, b),
            maximum(a, b), maximum(a * b, b + 7), maximum(a - 5, 64),
            minimum(a, b), minimum(a + 1, 9),
            ceil_log2(a), floor_log2(a * b + 1),
            indicator(a, 1), indicator(mod(a, 3), 0), indicator(maximum(0, a - 9), 0),
        ]
    )  # fmt: skip


def product(rng):
    size = rng.randint(1, 9)
    for _ in range(rng.randint(0, 3)):
        size = size * atoms(rng)
    return size


def rays(rng, assumptions, count):
    """Sizes that grow at random rates, as far as the assumptions permit these."""
    found = 0
    for _ in range(4000):
        rates = {name: rng.choice(RATES) for name in NAMES}
        fixed = {a.small[0][0] for a in assumptions if not a.large}
        rates |= dict.fromkeys(fixed, Fraction(0))
        logarithmic = {a.small[0][0] for a in assumptions if any(n.startswith("log ") for n, _ in a.large)}
        rates |= dict.fromkeys(logarithmic - fixed, Fraction(0))

        def rate(side, rates=rates):
            return sum((rates[n] * e for n, e in side if not n.startswith("log ")), Fraction(0))

        plain = [a for a in assumptions if not {n for n, _ in (*a.small, *a.large)} & (fixed | logarithmic)]
        if any(rate(a.small) > rate(a.large) or (a.strict and rate(a.small) == rate(a.large)) for a in plain):
            continue
        exact = [a for a in plain if rate(a.small) == rate(a.large)]  # equal rates: stay below by the constant
        scale = 3000
        sizes = {n: int(2 ** (scale * r)) + rng.randint(0, 5) for n, r in rates.items()}
        for n in fixed:
            sizes[n] = rng.randint(1, 5)
        for n in logarithmic - fixed:
            sizes[n] = rng.randint(6, 9)  # far below the logarithm of the others, which is in the hundreds
        if exact and rng.random() < 0.5:
            for a in exact:
                sizes[a.small[0][0]] = max(1, sizes[a.small[0][0]] // rng.randint(1, 7))
        yield sizes
        found += 1
        if found == count:
            return


@pytest.mark.parametrize("seed", range(60))
def test_formulas_are_their_leading_terms_along_every_direction(seed):
    rng = random.Random(seed)
    names = rng.sample(ASSUMPTIONS, rng.choice([0, 0, 1, 1, 2]))
    try:
        size = total(product(rng) for _ in range(rng.randint(2, 7)))
        assumptions = parse_assumptions(names, NAMES)
        domain = Domain(tuple(Dim(n) for n in NAMES))
        first = leading_terms(size, domain, assuming=names)
        bound = big_o(size, domain, assuming=names)
    except DimensionError:
        return  # two assumptions that contradict each other
    coefficients = 10**6
    for sizes in rays(rng, assumptions, 12):
        value, found = evaluate(size, sizes), evaluate(first, sizes)
        assert abs(value - found) * 20 <= abs(found), (names, str(size), str(first))
        terms = sum((_value(scale, sizes) for scale in bound.scales), Fraction(0))
        assert value <= coefficients * terms, (names, str(size), str(bound))


def _value(scale, sizes):
    """A term of an O(...) at sizes, from below: logarithms rounded down, halved."""
    found = Fraction(1)
    for key, e in scale.powers:
        assert e.denominator == 1
        base = sizes[key[1]] if key[0] == "size" else max(1, sizes[key[1]].bit_length() - 1)
        found *= Fraction(base) ** int(e)
    for factor, e in scale.factors:
        found *= Fraction(evaluate(factor.shown, sizes)) ** e
    return found


@pytest.mark.parametrize("texts", [(), ("M = O(N)",), ("F << N",), ("M = O(N**2)", "F <= M"), ("N*F = O(M)",)])
def test_products_are_compared_as_all_directions_say(texts):
    """What holds in every direction of a grid fine enough for these small exponents is found, and nothing else."""
    names = ("N", "M", "F")
    assumptions = parse_assumptions(list(texts), names)
    directions = Directions(names, (), assumptions)

    def side(exponents, d):
        return sum(int(e) * d[n] for n, e in exponents)

    grid = [dict(zip(names, d, strict=True)) for d in itertools.product(range(9), repeat=3)]
    closed = [d for d in grid if all(side(a.small, d) <= side(a.large, d) for a in assumptions)]
    inside = [d for d in closed if min(d.values()) > 0]
    strict = [d for d in inside if all(side(a.small, d) < side(a.large, d) for a in assumptions if a.strict)]
    for exponents in itertools.product(range(-2, 3), repeat=3):
        v = vector({("size", n): e for n, e in zip(names, exponents, strict=True)})
        slopes = [sum(e * d[n] for n, e in zip(names, exponents, strict=True)) for d in closed]
        assert directions.bounded(v) == (max(slopes) <= 0), (texts, exponents)
        falls = all(sum(e * d[n] for n, e in zip(names, exponents, strict=True)) < 0 for d in strict)
        assert directions.vanishes(v) == falls, (texts, exponents)


# -- what is said ------------------------------------------------------------------------------


def test_an_order_prints_as_text_latex_and_sympy():
    import sympy

    found = big_o(N * F * ceil_log2(F) + M**2 + N**2 * floor_div(M, T), DOMAIN, assuming="T << M")
    assert str(found) == repr(found) == "O(N*F*log(F) + M**2 + N**2*M/T)"
    n, m, f, t = (sympy.Symbol(s, integer=True, positive=True) for s in "NMFT")
    assert found.terms == (n * f * sympy.log(f), m**2, n**2 * m / t)
    assert found._repr_latex_() == r"$O\left(N F \log F + M^{2} + \frac{M N^{2}}{T}\right)$"
    assert big_o(power(2, L) * N, DOMAIN).latex() == r"O\left(2^{L} N\right)"
    assert big_o(minimum(N, F) * B, DOMAIN).terms == (sympy.Min(n, f) * sympy.Symbol("B", integer=True, positive=True),)
    assert big_o(0, DOMAIN).latex() == r"O\left(0\right)"
    assert big_o(7, DOMAIN).latex() == r"O\left(1\right)"
    assert big_o(N * 2, DOMAIN) == big_o(N + 1, DOMAIN) != big_o(M, DOMAIN)
    assert isinstance(found, BigO)
    assert len({big_o(N * 2, DOMAIN), big_o(N + 1, DOMAIN), big_o(M, DOMAIN)}) == 2


def test_costs_have_leading_terms_and_orders():
    cost = costs.graph()
    assert str(cost.leading("flops")) == "4*F*H*N + H*M"
    assert str(cost.big_o("flops", assuming=["M = O(N)"])) == "O(N*F*H)"
    assert str(cost.big_o("bytes_accessed", wrt="M")) == "O(M)"
    with pytest.raises(ConventionError):
        cost.under("macs").big_o("flops")


WRONG = {
    "M": "compares nothing",
    "M = N": 'cost.subs(M="N") if they are equal',
    "M = O(N) = O(F)": "compares more than twice",
    "M < N": '"M <= N" or "M << N"',
    "M ~ N": "has a sign without a meaning",
    "M = O(N + F)": "of a sum take the term that grows fastest",
    "M = O(N - 1)": "no product of sizes",
    "M = O()": "no product of sizes",
    "M = O(N": "says more than how sizes grow",
    "M = O(0)": "0, which does not grow",
    "Q = O(N)": "unknown symbol 'Q'",
    "m = O(N)": "did you mean M?",
    "M = O(N/F)": "no product of sizes",
    "M = O(N**-1)": "no product of sizes",
    "M == N": "has a sign without a meaning",
    "N << N": "contradict",
    "N = O(1), M << N": "contradict",
    "N << M, M <= N": "contradict",
    "M << F*log(M), F = O(1)": "contradict",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=WRONG.keys())
def test_wrong_assumptions_are_refused(text, said):
    with pytest.raises(DimensionError) as error:
        big_o(N * M + F, DOMAIN, assuming=text)
    assert said in str(error.value), error.value


@pytest.mark.parametrize("given", [3, 1.5, True, None])
def test_assumptions_are_texts(given):
    with pytest.raises(DimensionError, match="no assumption"):
        big_o(N, DOMAIN, assuming=given)


def test_assumptions_may_be_relations_of_sympy():
    import sympy

    n, m = sympy.symbols("N M")
    assert order(N + M, [m <= n]) == "O(N)"
    assert order(N + M, {"M <= N", "N << F"}) == "O(N)"
    assert from_relations(parse_relations("M <= N*F")[0])[0].large == (("N", 1), ("F", 1))


@pytest.mark.parametrize(
    ("wrt", "said"),
    [
        ("Q", "unknown symbol 'Q'"),
        ("", "names no symbol"),
        (3, "names no symbols"),
        ([], "names no symbol"),
        ("t", "did you mean T"),
    ],
)
def test_wrong_symbols_to_grow_are_refused(wrt, said):
    with pytest.raises(DimensionError) as error:
        leading_terms(N * T, DOMAIN, wrt=wrt)
    assert said in str(error.value)


def test_a_size_that_stays_cannot_grow_alone():
    with pytest.raises(DimensionError, match="T cannot grow alone"):
        leading_terms(N * T, DOMAIN, wrt="T", assuming="T = O(N)")
