"""Shape strings and relations: what they mean, and what is said of what they cannot mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symcost.errors import DimensionError
from symcost.grammar import parse_relations, parse_shape
from symcost.polynomial import evaluate

SIZES = {"B": 3, "N": 10, "F": 16, "H": 7, "I": 2, "S": 3, "E": 4, "O": 5, "Q": 6, "n_é": 8, "min": 9}

# text -> the shape at SIZES, worked out by hand
SHAPES = {
    "": (),
    "  ": (),
    "N": (10,),
    "B N F": (3, 10, 16),
    "B,N, F": (3, 10, 16),
    "N,": (10,),
    "B 2*N F//8 (H+1)/2": (3, 20, 2, 4),
    "N + 1 F": (11, 16),
    "N-1 1": (9, 1),
    "2 * N - 3": (17,),
    "N**2 H%4": (100, 3),
    "-(1-N)": (9,),
    "N//3//2 ceil(N/3) floor(N/3)": (1, 4, 3),
    "min(N,F) max(N, F, 2*H)": (10, 16),
    "max(B*N, 29)//2": (15,),
    "N//B": (3,),
    "I S E N O Q": (2, 3, 4, 10, 5, 6),
    "n_é min": (8, 9),
    "-7//2+N": (6,),
    "N/2*4": (20,),
    "2**E 3*2**(E+1)": (16, 96),
}


@pytest.mark.parametrize("text", SHAPES)
def test_shape_means_what_it_says(text: str) -> None:
    sizes, _ = parse_shape(text)
    assert tuple(evaluate(s, SIZES) for s in sizes) == SHAPES[text]


def test_names_come_in_order_of_appearance() -> None:
    assert parse_shape("H F//8 N*H B")[1] == ("H", "F", "N", "B")


def test_names_take_pythons_normal_form() -> None:
    # cost.at(µ=3) passes the Greek letter, whichever of the two was typed
    assert parse_shape("\u00b5")[1] == ("\u03bc",)


# text -> (what the message says, what it suggests)
BAD_SHAPES = {
    "2N": ("no operator between '2' and 'N'", "2*N"),
    "B(H+1)": ("no operator between 'B' and '('", "a space between two dimensions"),
    "B -1": ("a space before '-' and none after it can be read in two ways", "without spaces"),
    "(N, F)": ("this parenthesis is not closed", "N, F"),
    "N,,F": ("a name or a number is expected, not ','", "B 2*N F//8"),
    "N + ": ("a space before '+' and none after it", "without spaces"),
    "N+": ("a name or a number is expected, not the end", "B 2*N F//8"),
    "N/F": ("a symbol is left in a denominator", "//"),
    "3/2": ("the dimension 3/2 is no integer", "//"),
    "...": ("'.' has no meaning here", "B 2*N F//8"),
    "-1": ("the dimension -1 is negative", "integers"),
    "N//0": ("division by zero", "integers"),
    "N**F": ("a power needs an integer exponent, 0 or more, or a positive integer base", "N**2 or 2**L"),
    "N**-1": ("a power needs an integer exponent", "N**2 or 2**L"),
    "N F)": ("no operator between 'F' and ')'", "a space"),
    "lambda": ("it is a word of Python's", "lambda_"),
    "floor(N, 2)": ("floor() takes 1 argument(s), not 2", "integers"),
    "max(N/F, 2)": ("max() of a quotient", "//"),
    "N <= F": ("a name or a number is expected, not '<='", "integers"),
}


@pytest.mark.parametrize("text", BAD_SHAPES)
def test_bad_shape_is_an_error_that_says_what_and_what_instead(text: str) -> None:
    what, todo = BAD_SHAPES[text]
    with pytest.raises(DimensionError) as caught:
        parse_shape(text)
    assert what in caught.value.what
    assert todo in str(caught.value.todo)


def test_error_points_at_the_character() -> None:
    with pytest.raises(DimensionError, match="where: character 6"):
        parse_shape("B N 2F")


def test_relations() -> None:
    relations, names = parse_relations("1 < M <= N*(N-1)/2, N = 4")
    assert [str(r) for r in relations] == ["1 < M", "M <= N*(N-1)/2", "N = 4"]
    assert names == ("M", "N")
    assert [r.holds({"M": 6, "N": 4}) for r in relations] == [True, True, True]
    assert [r.holds({"M": 7, "N": 4}) for r in relations] == [True, False, True]
    assert [r.holds({"M": 1, "N": 5}) for r in relations] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("M", "there is no comparison"),
        ("M <=", "a name or a number is expected, not the end"),
        ("M <= N F", "'F' is not expected here"),
        ("", "a name or a number is expected, not the end"),
    ],
)
def test_bad_relation(text: str, what: str) -> None:
    with pytest.raises(DimensionError) as caught:
        parse_relations(text)
    assert what in caught.value.what


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    """Expressions that Python reads in the same way: + - * // % and parentheses, divisors positive."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["N", "F", "H", "1", "2", "7"]))
    operator = draw(st.sampled_from(["+", "-", "*", "//", "%"]))
    left = draw(expressions(depth=depth - 1))
    right = (
        draw(st.sampled_from(["2", "3", "5", "F"])) if operator in ("//", "%") else draw(expressions(depth=depth - 1))
    )
    space = draw(st.sampled_from(["", " "]))
    return f"({left}{space}{operator}{space}{right})"


@given(expressions(), st.integers(1, 50), st.integers(1, 50), st.integers(1, 50))
def test_expressions_mean_what_python_takes_them_for(text: str, n: int, f: int, h: int) -> None:
    sizes = {"N": n, "F": f, "H": h}
    # in a relation, because a dimension may not be negative
    (relation,), _ = parse_relations(f"{text} == 0")
    assert evaluate(relation.left, sizes) == eval(text, {}, dict(sizes))
