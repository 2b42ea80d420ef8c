"""Maxima with fewer arguments are the same maxima; numbers are the witness."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symcost.cases import largest_by_cases
from symcost.coefficients import NoFunction
from symcost.dominance import largest
from symcost.ledger import Key
from symcost.maxima import with_maxima
from symcost.polynomial import (
    Size,
    arguments,
    bind,
    evaluate,
    floor_div,
    indicator,
    make,
    maximum,
    minimum,
    symbol,
    total,
)

NAMES = ("A", "B", "L")
A, B, L = map(symbol, NAMES)
MONOMIALS = (1, A, B, L, A * B, A * L, B * L)

sizes = st.lists(st.integers(-3, 6), min_size=len(MONOMIALS), max_size=len(MONOMIALS)).map(
    lambda cs: total(c * m for c, m in zip(cs, MONOMIALS, strict=True))
)
points = st.fixed_dictionaries({name: st.integers(1, 30) for name in NAMES})


@given(st.lists(sizes, min_size=1, max_size=8), points)
def test_what_is_left_out_is_never_the_largest(many: list[Size], point: dict[str, int]):
    least = {"A": 1, "B": 1}
    wanted = max(evaluate(size, point) for size in many)
    assert evaluate(largest(many), point) == evaluate(largest(many, least), point) == wanted
    assert len(arguments(largest(many, least))) <= len(arguments(largest(many))) <= len(set(many))


functions = st.one_of(
    st.builds(maximum, sizes, sizes),
    st.builds(minimum, sizes, sizes),
    st.builds(floor_div, sizes, st.integers(2, 5)),
    st.builds(lambda a, b: floor_div(a, b), sizes, st.sampled_from([A + 1, B + 2, L + A + 1])),
)
nested = st.one_of(
    sizes,
    functions,
    st.builds(lambda a, x, b, y: a + x * b * y, sizes, st.integers(-3, 3), functions, st.sampled_from([1, A, B])),
)


@given(st.lists(nested, min_size=1, max_size=5), points)
def test_functions_that_may_be_negative_hide_nothing(many: list[Size], point: dict[str, int]):
    """``C + max(A - 5, B - 5)`` is not always at least C."""
    values = [evaluate(size, point) for size in many]
    assert evaluate(maximum(*many), point) == evaluate(largest(many, {"A": 1, "B": 1}), point) == max(values)
    assert evaluate(minimum(*many), point) == min(values)


def test_between_the_first_and_the_last():
    """Live memory in the backward pass of 9 layers: activations are freed, gradients come."""
    layers = [i * A + (9 - i) * B for i in range(1, 10)]
    assert set(arguments(largest(layers))) == {layers[0], layers[-1]}


@given(st.lists(sizes, min_size=1, max_size=4), st.lists(sizes, min_size=1, max_size=4), points, st.integers(1, 3))
def test_special_sizes_by_themselves(general: list[Size], extra: list[Size], point: dict[str, int], a: int):
    """Rows with corrections at A = 1 and at B = 2: the one formula has the value of the rows everywhere."""
    rows = [
        size + indicator(A, 1) * (extra[i % len(extra)] - size) + indicator(A, 1) * indicator(B, 2) * (i + 1)
        for i, size in enumerate(general)
    ]
    rows.append(maximum(*general, *extra) + indicator(B, 2) * extra[0])
    for at in ({**point, "A": a}, {**point, "A": 1}, {**point, "B": 2}, {**point, "A": 1, "B": 2}):
        found = largest_by_cases(rows, {"A": 1, "B": 1})
        assert evaluate(found, at) == max(evaluate(row, at) for row in rows)


def solve(sizes: dict[int, Size]) -> Size:
    """Each coefficient as a line in L through two samples, checked at the others."""
    first, second = sorted(sizes)[:2]
    slope = total((sizes[second], -sizes[first])) if second - first == 1 else 0
    formula = sizes[first] - first * slope + L * slope
    for v, size in sizes.items():
        if bind(formula, {"L": v}) != size:
            raise NoFunction(Key("", "", "", "", ""), "peak_memory", {})
    return formula


def test_maxima_over_layers_are_solved_argument_by_argument():
    def at(layers: int) -> Size:
        return largest([layers * A + 2 * B, 3 * A + layers * B + 7, A * B])

    found = with_maxima("L", {v: at(v) for v in (4, 5, 6, 7)}, solve)
    rng = random.Random(1)
    for _ in range(50):
        point = {"A": rng.randint(0, 99), "B": rng.randint(0, 99)}
        layers = rng.randint(4, 40)
        assert evaluate(found, {**point, "L": layers}) == evaluate(at(layers), point)


def test_differences_of_maxima_are_solved_too():
    def at(layers: int) -> Size:
        return maximum(layers * A, 5 * B) - maximum(A + layers, 2 * B) + 3 * layers

    found = with_maxima("L", {v: at(v) for v in (2, 3, 4, 5)}, solve)
    for layers in (6, 17):
        assert evaluate(found, {"A": 11, "B": 13, "L": layers}) == evaluate(at(layers), {"A": 11, "B": 13})


def test_an_argument_that_is_the_largest_in_some_samples_only_is_no_formula():
    samples = {2: maximum(A, B), 3: maximum(A, B, 5 * make({(): 1}) + A * B), 4: maximum(A, B), 5: maximum(A, B)}
    with pytest.raises(NoFunction):
        with_maxima("L", samples, solve)
