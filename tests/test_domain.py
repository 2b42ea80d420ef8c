"""Domains: what they admit, how they read, and every way in which sizes can be wrong."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

from symcost.domain import Dim, Domain
from symcost.errors import DimensionError, DomainError, MissingSizeError
from symcost.grammar import parse_relations

DOMAIN = Domain(
    (Dim("B", max=64), Dim("F", multiple_of=8), Dim("N"), Dim("M", min=0), Dim("T", power_of=2)),
    parse_relations("M <= N*N")[0],
    (("B == 3, N > 5", "the program pads there"),),
)
GOOD = {"B": 2, "F": 16, "N": 5, "M": 0, "T": 1}


def test_check_returns_ints_in_the_domains_order() -> None:
    given = {"T": np.int64(4), "M": np.uint8(25), "N": sympy.Integer(5), "F": 16, "B": 64, "unused": "anything"}
    checked = DOMAIN.check(given)
    assert checked == {"B": 64, "F": 16, "N": 5, "M": 25, "T": 4}
    assert list(checked) == ["B", "F", "N", "M", "T"]
    assert {type(v) for v in checked.values()} == {int}


BAD = {
    "negative": ({"N": -1}, "N=-1 is negative"),
    "too small": ({"N": 0}, "N=0 is below the smallest admissible size, 1"),
    "too large": ({"B": 65}, "B=65 is above the largest admissible size, 64"),
    "fractional": ({"N": 2.5}, "N=2.5 is fractional; a size is an integer"),
    "float": ({"N": 5.0}, "N=5.0 is a float, not an integer"),
    "numpy float": ({"N": np.float32(2.5)}, "is a float32, not an integer"),
    "fraction": ({"N": Fraction(5, 2)}, "N=Fraction(5, 2) is a Fraction, not an integer"),
    "boolean": ({"N": True}, "N=True is a boolean, not a size"),
    "numpy boolean": ({"M": np.False_}, "is a boolean, not a size"),
    "text": ({"N": "5"}, "N='5' is a str, not an integer"),
    "none": ({"N": None}, "N=None is a NoneType, not an integer"),
    "no multiple": ({"F": 12}, "F=12 is not a multiple of 8"),
    "no power": ({"T": 6}, "T=6 is not a power of 2"),
    "relation": ({"M": 26}, "the relation M <= N*N does not hold at B=2, F=16, N=5, M=26, T=1"),
    "excluded": ({"B": 3, "N": 6}, "are excluded (B == 3, N > 5): the program pads there"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_size_is_a_domain_error(case: str) -> None:
    change, what = BAD[case]
    with pytest.raises(DomainError) as caught:
        DOMAIN.check(GOOD | change)
    assert what in caught.value.what
    assert str(DOMAIN) in str(caught.value)  # the message says what would be right
    assert not isinstance(caught.value, MissingSizeError)


def test_all_missing_sizes_are_named_at_once() -> None:
    with pytest.raises(MissingSizeError) as caught:
        DOMAIN.check({"B": 1, "N": 4, "T": 1})
    assert caught.value.what == "no size was given for F, M"
    assert caught.value.todo == "add F=8, M=0"


def test_it_reads_well() -> None:
    assert str(DOMAIN) == (
        "1 <= B <= 64, F a multiple of 8, N >= 1, M >= 0, T a power of 2, M <= N*N, "
        "not B == 3, N > 5 (the program pads there)"
    )
    assert str(Dim("F", min=16, multiple_of=8)) == "F >= 16 and a multiple of 8"
    assert str(Dim("F", min=0, multiple_of=8)) == "F >= 0 and a multiple of 8"
    assert str(Dim("F", max=64, multiple_of=8)) == "8 <= F <= 64 and a multiple of 8"
    assert str(Domain()) == "no symbols"


@pytest.mark.parametrize(
    ("dim", "least", "after"),
    [
        (Dim("N"), 1, 2),
        (Dim("N", min=0), 0, 1),
        (Dim("F", multiple_of=8), 8, 16),
        (Dim("F", min=9, multiple_of=8), 16, 24),
        (Dim("F", min=0, multiple_of=8), 0, 8),
        (Dim("T", power_of=2), 1, 2),
        (Dim("T", power_of=2, min=5), 8, 16),
        (Dim("T", power_of=2, multiple_of=4), 4, 8),
        (Dim("T", power_of=3, min=2), 3, 9),
    ],
)
def test_min_is_rounded_up_to_an_admissible_value(dim: Dim, least: int, after: int) -> None:
    assert dim.min == least
    assert dim.at_least(least + 1) == after
    assert dim.refusal(least) is None
    assert all(dim.refusal(value) for value in range(least + 1, after))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"min": -1}, "min=-1 of symbol 'F' is not an integer of at least 0"),
        ({"min": True}, "min=True of symbol 'F'"),
        ({"max": 2.5}, "max=2.5 of symbol 'F'"),
        ({"multiple_of": 0}, "multiple_of=0 of symbol 'F'"),
        ({"power_of": 1}, "power_of=1 of symbol 'F'"),
        ({"min": 9, "max": 15, "multiple_of": 8}, "symbol 'F' has no admissible value: min 9, max 15, a multiple of 8"),
        ({"power_of": 3, "multiple_of": 2}, "symbol 'F' has no admissible value"),
    ],
)
def test_empty_or_senseless_dims_are_refused(options: dict, what: str) -> None:
    with pytest.raises(DimensionError) as caught:
        Dim("F", **options)
    assert what in caught.value.what


def test_relation_with_unknown_symbol_names_the_near_one() -> None:
    with pytest.raises(DimensionError) as caught:
        Domain((Dim("nodes"), Dim("edges")), parse_relations("edge <= nodes")[0])
    assert caught.value.what == "unknown symbol 'edge' in the relation \"edge <= nodes\""
    assert caught.value.todo == "did you mean edges?"


def test_symbol_listed_twice() -> None:
    with pytest.raises(DimensionError, match="symbol 'N' is listed twice"):
        Domain((Dim("N"), Dim("N")))


def test_holds_looks_at_relations_and_exclusions_only() -> None:
    assert DOMAIN.holds({"B": 2, "F": 1, "N": 2, "M": 4, "T": 3})
    assert not DOMAIN.holds({"B": 2, "F": 8, "N": 2, "M": 5, "T": 1})
    assert not DOMAIN.holds({"B": 3, "F": 8, "N": 6, "M": 5, "T": 1})
