"""How the functions in a formula grow: each written out as a sum, or as a factor with bounds from both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from symcost.asymptotics import Factor, Growth, Vectors, Written
from symcost.directions import ONE, Vector, plus, vector
from symcost.polynomial import Atom, Poly, Size, make, maximum, minimum, terms_of


def written_out(growth: Growth, atom: Atom) -> Written:
    """A function as a sum of products, exactly, for sizes that are large enough.

    Example:
        >>> from symcost.directions import Directions
        >>> from symcost.polynomial import floor_div, symbol
        >>> n, f = symbol("N"), symbol("F")
        >>> growth = Growth(Directions(["N", "F"]), written_out)
        >>> str(growth.leading(n * f + 3 * n + floor_div(n, 2) * f)), str(growth.leading(2 * floor_div(n, 2) - n))
        ('3/2*F*N', '-N + 2*floor((N)/(2))')
    """
    return _WRITERS[atom.kind](growth, atom)


def _itself(atom: Atom) -> Size:
    return make({((atom, 1),): 1})


def _floor_div(growth: Growth, atom: Atom) -> Written:
    """``floor(a/q)`` is ``(a - a mod q)/q``; by a size, it is at most the quotient."""
    a, q = atom.args
    if isinstance(q, Poly):
        return [(1, {_quotient(growth, atom): 1})]
    remainder = growth.factor(a - q * _itself(atom), [(ONE,)])
    return [*((c * Fraction(1, q), powers) for c, powers in growth.written(a)), (Fraction(-1, q), {remainder: 1})]


def _quotient(growth: Growth, atom: Atom) -> Factor:
    a, b = atom.args
    signed = growth.sign(a) != 1
    top, bottom = growth.above(a), growth.below(b)
    rounding: Vectors = (ONE,) if signed else ()
    most = [(*(plus(v, w, -1) for v in top), *rounding) for w in bottom] or [(*top, *rounding)]
    least: list[Vector] = []
    if len(growth.above(b)) == 1 and not signed:
        (w,) = growth.above(b)
        # a quotient without bound is rounded down by less than half of it
        least = [q for q in (plus(v, w, -1) for v in growth.below(a)) if growth.directions.vanishes(plus(ONE, q, -1))]
    return growth.factor(_itself(atom), most, [tuple(least)], signed)


def _maximum(growth: Growth, atom: Atom) -> Written:
    """One argument if it is the largest in the end; else at most the sum, at least each of those that are left."""
    left = _winners(growth, atom.args, 1)
    if len(left) == 1:
        return list(growth.written(left[0]))
    most = tuple(dict.fromkeys(v for a in left for v in growth.above(a)))
    least = tuple(dict.fromkeys(v for a in left for v in growth.below(a)))
    signs = [growth.sign(a) for a in left]
    shown = maximum(*map(growth.leading, left)) if all(map(growth.below, left)) else None
    return [(1, {growth.factor(maximum(*left), [most], [least], not {0, 1} & set(signs), shown): 1})]


def _minimum(growth: Growth, atom: Atom) -> Written:
    """One argument if it is the smallest in the end; else at most any of those that are left."""
    left = _winners(growth, atom.args, -1)
    if len(left) == 1:
        return list(growth.written(left[0]))
    most = [growth.above(a) for a in left]
    below = [growth.below(a) for a in left]
    shown = minimum(*map(growth.leading, left)) if all(below) else None
    signed = not {growth.sign(a) for a in left} <= {0, 1}
    return [(1, {growth.factor(minimum(*left), most, below, signed, shown): 1})]


def _winners(growth: Growth, sizes: Sequence[Size], sign: int) -> list[Size]:
    """Sizes less those that others exceed in the end (or, with sign -1, fall below)."""
    left: list[Size] = []
    for size in sizes:
        if any(growth.sign(other - size) in (0, sign) for other in left):
            continue
        left = [other for other in left if growth.sign(size - other) not in (0, sign)] + [size]
    return left


def _indicator(growth: Growth, atom: Atom) -> Written:
    """0 where the two sides part in the end, 1 where they agree; else it may be either, now and then."""
    difference = atom.args[0] - atom.args[1]
    if not growth.terms(difference):
        return [(1, {})]
    if growth.below(difference) or growth.below(-difference):
        return []
    return [(1, {growth.factor(_itself(atom), [(ONE,)]): 1})]


def _logarithm(growth: Growth, atom: Atom) -> Written:
    """A logarithm of a product is the sum of logarithms; of a sum, as large as that of its largest term."""
    most = [v for product in growth.above(atom.args[0]) for v in _logarithms(growth, product)] or [ONE]
    least = [
        v
        for product in growth.below(atom.args[0])
        if all(e > 0 for _, e in product)
        for v in _logarithms(growth, product)
    ]
    return [(1, {growth.factor(_itself(atom), [tuple(dict.fromkeys(most))], [tuple(dict.fromkeys(least))]): 1})]


def _logarithms(growth: Growth, product: Vector) -> Iterable[Vector]:
    for key, e in product:
        if e <= 0:
            continue
        if key[0] == "power":
            exponent: Vector = ONE
            for name, times in key[2]:
                exponent = plus(exponent, growth.directions.size(name), times)
            yield exponent
        elif key[0] == "size":
            yield growth.directions.log(key[1])
        else:  # log(log(N)) is less than log(N), and not worth a scale of its own
            yield ((key, Fraction(1)),)


def _power(growth: Growth, atom: Atom) -> Written:
    """``base**exponent`` as a scale of its own; 4**L is (2**L)**2."""
    base, exponent = atom.args
    terms = terms_of(exponent)
    ((monomial, c), *more) = terms.items()
    if isinstance(base, int) and base > 1 and c == 1 and not more and all(x.kind == "symbol" for x, _ in monomial):
        root, times = _root(base)
        one = growth.directions.power(root, [(x.name, e) for x, e in monomial])
        scale = vector({key: times * e for key, e in one})
    else:
        scale = vector({("other", str(atom)): 1})
    return [(1, {growth.factor(_itself(atom), [(scale,)], [(scale,)]): 1})]


def _root(base: int) -> tuple[int, int]:
    """The smallest integer of which `base` is a power, and which power."""
    for times in range(base.bit_length(), 1, -1):
        root = round(base ** (1 / times))
        for candidate in (root - 1, root, root + 1):
            if candidate > 1 and candidate**times == base:
                return candidate, times
    return base, 1


def _conv_taps(growth: Growth, atom: Atom) -> Written:
    """All taps of all outputs, less those at the borders; their number is bounded where the kernel is a number."""
    size, kernel, output, stride, low, base_dilation, window_dilation = atom.args
    numbers = all(isinstance(x, int) for x in (kernel, stride, low, window_dilation))
    if numbers and base_dilation == 1:
        beyond = growth.above(output * stride - size)
        if all(map(growth.directions.bounded, beyond)):
            lost = growth.factor(kernel * output - _itself(atom), [(ONE,)])
            return [*growth.written(kernel * output), (-1, {lost: 1})]
    return [(1, {growth.factor(_itself(atom), [growth.above(kernel * output)]): 1})]


_WRITERS: dict[str, Callable[[Growth, Atom], Written]] = {
    "floor_div": _floor_div,
    "maximum": _maximum,
    "minimum": _minimum,
    "indicator": _indicator,
    "ceil_log2": _logarithm,
    "floor_log2": _logarithm,
    "power": _power,
    "conv_taps": _conv_taps,
}
