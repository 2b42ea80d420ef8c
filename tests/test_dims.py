"""Declaring symbols, and array arguments made of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import symcost.dims
from symcost.arrays import ArraySpec, array
from symcost.dims import Dim, declarations, declared, dim, dims, domain_of, forget, in_order, to_dims, to_relations
from symcost.errors import ArgumentError, DimensionError
from symcost.polynomial import floor_div, symbol


@pytest.fixture(autouse=True)
def _own_declarations() -> Iterator[None]:
    with declarations():
        forget()
        yield


def test_dims_is_always_a_tuple_of_positive_integers() -> None:
    (n,) = dims("N")
    i, s, e, o, q = dims("I, S E,O Q")
    for each in (n, i, s, e, o, q):
        assert isinstance(each, sympy.Symbol)
        assert each.is_integer
        assert each.is_positive
    assert n is dims("N")[0]
    assert n == sympy.Symbol("N", integer=True, positive=True)


def test_dim_declares_a_domain_that_later_uses_take() -> None:
    f = dim("F", multiple_of=8, min=9)
    assert declared("F") == Dim("F", min=16, multiple_of=8)
    assert dims("F") == (f,)
    assert dim("F", min=16, multiple_of=8) == f  # the same again
    array("N F")
    assert declared("F").multiple_of == 8


def test_a_plain_name_may_be_given_a_domain_afterwards() -> None:
    dims("B F")
    dim("F", multiple_of=8)
    assert str(domain_of(["B", "F"])) == "B >= 1, F a multiple of 8"


def test_symbol_that_may_be_zero_is_nonnegative() -> None:
    m = dim("M", min=0)
    assert m.is_positive is None
    assert m.is_nonnegative
    assert m == dims("M")[0]


def test_conflicting_declaration_is_an_error() -> None:
    dim("F", multiple_of=8)
    with pytest.raises(DimensionError) as caught:
        dim("F", multiple_of=4)
    assert caught.value.what == "symbol 'F' is declared twice: F a multiple of 8, and now F a multiple of 4"
    assert 'forget("F")' in str(caught.value.todo)
    forget("F")
    dim("F", multiple_of=4)
    assert declared("F").multiple_of == 4


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("2N", "'2N' cannot name a symbol: a name is letters, digits and _, and starts with no digit"),
        ("N-1", "'N-1' cannot name a symbol"),
        ("N*", "'N*' cannot name a symbol"),
        ("for", "it is a word of Python's, so cost.at(for=...) could not be typed"),
        ("trips_x", "symcost gives names of this form to counts it does not know"),
        ("", "no symbol is named"),
    ],
)
def test_names_that_are_refused(name: str, what: str) -> None:
    with pytest.raises(DimensionError) as caught:
        dims(name)
    assert what in caught.value.what
    assert caught.value.todo


def test_order_is_the_users() -> None:
    dims("N M F")
    array("B F")
    assert in_order({"B", "F", "M", "N"}) == ("N", "M", "F", "B")


def test_declarations_are_forgotten_at_the_end_of_a_block() -> None:
    def fail() -> None:
        with declarations():
            dim("F", multiple_of=8)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert declared("F").multiple_of == 1


def test_to_dims_takes_every_way_of_listing() -> None:
    f = dim("F", multiple_of=8)
    expected = (Dim("N"), Dim("F", multiple_of=8))
    assert to_dims("N F") == to_dims("N, F") == to_dims(["N", f]) == to_dims((Dim("N"), f)) == expected
    assert to_dims(f) == to_dims(Dim("F", multiple_of=8)) == expected[1:]
    with pytest.raises(ArgumentError, match="3 does not name a symbol"):
        to_dims(["N", 3])


def test_to_relations() -> None:
    n, m = dims("N M")
    # sympy finds N >= 1 true by itself
    relations = to_relations([m <= n, "M < 2*N", n >= 1, sympy.Ne(m, n)])
    assert [str(r) for r in relations] == ["M <= N", "M < 2*N", "M != N"]
    assert to_relations(m <= n) == to_relations("M <= N") == relations[:1]
    with pytest.raises(DimensionError, match="never true"):
        to_relations([m == n])
    with pytest.raises(ArgumentError, match="3 is not a relation"):
        to_relations([3])


def test_domain_of_a_list_of_symbols() -> None:
    assert domain_of(["F", "N"], dims="N F").names == ("N", "F")
    with pytest.raises(DimensionError) as caught:
        domain_of(["nodes", "edges"], dims="Nodes edges")
    assert caught.value.what == "unknown symbol 'nodes' in an argument"
    assert caught.value.todo == "did you mean Nodes?"
    with pytest.raises(DimensionError) as caught:
        domain_of(["N"], dims="N K")
    assert caught.value.what == "symbol K is used by no argument"
    with pytest.raises(DimensionError) as caught:
        domain_of(["N"], where="N <= K")
    assert caught.value.what == "symbol K is used by no argument (it occurs in the relation N <= K)"


# -- arrays ------------------------------------------------------------------------------


def test_array_from_text_and_from_expressions_are_the_same() -> None:
    n, f, h = dims("N F H")
    assert array("N 2*F F//8 (H+1)/2") == array((n, 2 * f, f // 8, (h + 1) / 2))
    assert array("ceil(N/2) N%3 max(N,F)") == array((sympy.ceiling(n / 2), n % 3, sympy.Max(n, f)))
    assert array(n) == array([n]) == array("N") == array(("N",)) == array(Dim("N"))
    assert array("") == array(()) == ArraySpec((), "float32")
    assert array((np.int64(3), symbol("N"))).shape == (3, symbol("N"))


def test_array_at_sizes() -> None:
    spec = array("B 2*N F//8", "int8")
    assert spec.at({"B": 2, "N": 3, "F": 17}) == (2, 6, 2)
    assert spec.names == ("B", "N", "F")
    assert spec.shape[2] == floor_div(symbol("F"), 8)


@pytest.mark.parametrize(
    ("text", "sizes", "what"),
    [
        ("N-3", {"N": 2}, "the dimension N - 3 of float32[N - 3] is -1, negative, at N=2"),
        ("(H+1)/2", {"H": 4}, "the dimension 1/2*H + 1/2 of float32[1/2*H + 1/2] is 5/2, no integer, at H=4"),
    ],
)
def test_dimension_that_is_no_size_at_some_sizes(text: str, sizes: dict[str, int], what: str) -> None:
    with pytest.raises(DimensionError) as caught:
        array(text).at(sizes)
    assert caught.value.what == what
    assert "sc.dim(" in str(caught.value.todo)


def test_unknown_symbol_in_a_shape_string() -> None:
    assert array("nodes edges").names == ("nodes", "edges")  # names declare themselves
    with pytest.raises(DimensionError) as caught:
        array("nodes 2*edge", dims="nodes edges")
    assert caught.value.what == "unknown symbol 'edge' in the shape string \"nodes 2*edge\""
    assert caught.value.where == "known symbols: nodes, edges"
    assert caught.value.todo == "did you mean edges?"


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        ((2.0,), "2.0 in the shape (2.0,) is a float, not a size"),
        ((True,), "True in the shape (True,) is a bool, not a size"),
        ((-1, 3), "-1 in the shape (-1, 3) is negative"),
        ((sympy.sqrt(sympy.Symbol("N")),), "the expression sqrt(N) is not a size"),
        ((sympy.Symbol("N") / sympy.Symbol("F"),), "a symbol is left in a denominator"),
        (("N F",), "'N F' in the shape ('N F',) is not one dimension"),
        ((None,), "None in the shape (None,) is a NoneType, not a size"),
    ],
)
def test_shapes_that_are_refused(shape: tuple, what: str) -> None:
    with pytest.raises(DimensionError) as caught:
        array(shape)
    assert what in caught.value.what


def test_dtypes() -> None:
    given = ["bfloat16", jnp.bfloat16, np.float32, np.dtype("int8"), jnp.dtype("float8_e4m3fn"), int, bool, "key<fry>"]
    names = ["bfloat16", "bfloat16", "float32", "int8", "float8_e4m3fn", "int32", "bool", "key<fry>"]
    assert [array("N", g).dtype for g in given] == names
    assert array("N", np.zeros(3, "int16")).dtype == "int16"
    with pytest.raises(ArgumentError) as caught:
        array("N", "flot32")
    assert caught.value.what == "unknown dtype 'flot32'"
    assert "'float32'" in str(caught.value.todo)
    with pytest.raises(ArgumentError):
        array("N", "object")


# -- imports -----------------------------------------------------------------------------


def test_the_module_can_be_called_where_it_hides_the_function() -> None:
    assert symcost.dims("N") == dims("N")  # type: ignore[operator]


def test_symbols_need_no_jax_and_domains_no_sympy() -> None:
    code = (
        "import sys, symcost.domain; assert 'sympy' not in sys.modules; "
        "import symcost.arrays; symcost.arrays.array('N F'); symcost.dims.dim('F', multiple_of=8); "
        "assert 'jax' not in sys.modules and 'flax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
