"""The same formula is the same text, however it came about."""

from __future__ import annotations

import itertools

from symcost.formatting import format_size
from symcost.polynomial import Atom, Poly, symbol


def test_arguments_of_maxima_have_one_order():
    a, b = symbol("A"), symbol("B")
    sizes = (4 * a + 36 * b, 40 * b, a * b)
    texts = {
        format_size(Poly({((Atom("maximum", "", order), 1),): 3}), "AB") for order in itertools.permutations(sizes)
    }
    assert texts == {"3*max(4*A + 36*B, 40*B, A*B)"}
