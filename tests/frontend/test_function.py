"""Plain functions: arrays are traced by shape and dtype, symbols and all else are static."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symcost.arrays import array
from symcost.dims import dim, dims
from symcost.errors import ArgumentError, DimensionError
from symcost.frontend import to_family
from tests.frontend.oracle import assert_same_operations, f32, i32, operations, shapes_by_kind

SIZES = {"B": 2, "N": 5, "F": 7}


def test_arrays_become_shapes_at_each_sample() -> None:
    family = to_family(lambda x, w: jnp.tanh(x @ w), (array("N F"), array("F 2*F")))
    assert str(family.domain) == "F >= 1, N >= 1" or str(family.domain) == "N >= 1, F >= 1"
    assert family.domain.names == ("N", "F")
    for sizes in ({"N": 5, "F": 7}, {"N": 1, "F": 1}):
        n, f = sizes["N"], sizes["F"]
        assert_same_operations(family, sizes, lambda x, w: jnp.tanh(x @ w), f32(n, f), f32(f, 2 * f))


def test_static_arguments() -> None:
    """Symbols become ints; Python scalars, strings, None and functions stay as they are; none of them is an input."""
    seen = []

    def fn(x, heads, mode, scale, activation, nothing, *, flag, table):
        seen.append((heads, mode, scale, nothing, flag, table))
        assert activation is jnp.tanh
        return activation(x.reshape(heads, -1)) * scale

    n, f = dims("N F")
    family = to_family(
        fn, (array("4*N F"), 2 * n, "same", 0.5, jnp.tanh, None), {"flag": True, "table": {"a": [f, 1], "b": (n, "c")}}
    )
    traced = family.trace(SIZES)
    assert seen == [(10, "same", 0.5, None, True, {"a": [7, 1], "b": (5, "c")})]
    assert type(seen[0][0]) is int
    assert shapes_by_kind(family, SIZES) == {"argument": [(20, 7)]}
    assert traced.out_info.shape == (10, 14)


class Graph(NamedTuple):
    nodes: object
    edges: object
    count: object


def test_pytrees_of_every_kind_of_array() -> None:
    graph = Graph(array("N F"), array("M 2", "int32"), 3)
    tree = {"graph": graph, "list": [jax.ShapeDtypeStruct((3,), "bfloat16"), np.zeros((2, 2))]}

    def fn(tree, key, *, mask):
        graph = tree["graph"]
        assert isinstance(graph, Graph)
        assert graph.count == 3
        values = jax.random.normal(key, graph.nodes.shape) + graph.nodes
        return values.sum() + tree["list"][0].sum() + tree["list"][1].sum() + graph.edges.sum() + mask.sum()

    family = to_family(fn, (tree, jax.random.key(0)), {"mask": jnp.ones((4,), bool)})
    leaves = jax.tree.leaves(family.at({"N": 5, "F": 7, "M": 3}).args)
    assert [(x.shape, str(x.dtype)) for x in leaves] == [
        ((5, 7), "float32"),
        ((3, 2), "int32"),
        ((3,), "bfloat16"),
        ((2, 2), "float32"),  # as JAX takes NumPy's float64
        ((), "key<fry>"),
        ((4,), "bool"),
    ]
    family.trace({"N": 5, "F": 7, "M": 3})


def test_typed_key_as_an_array() -> None:
    family = to_family(lambda k: jax.random.uniform(k, (3,)), (array("", "key<fry>"),))
    assert family.domain.dims == ()
    assert_same_operations(family, {}, lambda k: jax.random.uniform(k, (3,)), jax.random.key(0))


def test_params_are_counted_by_name_or_position() -> None:
    def fn(w, x, b=None):
        return x @ w["kernel"] + b

    spec = ({"kernel": array("F 3")}, array("N F"))
    for params in (("w", "b"), (0, "b"), ["b", "w"]):
        family = to_family(fn, spec, {"b": array("3")}, params=params)
        kinds = shapes_by_kind(family, SIZES)
        assert sorted(kinds["params"]) == [(3,), (7, 3)]
        assert kinds["argument"] == [(5, 7)]
        assert_same_operations(family, SIZES, lambda w, x, b: x @ w + b, f32(7, 3), f32(5, 7), f32(3))
    assert shapes_by_kind(to_family(fn, (*spec, array("3")), params="w"), SIZES)["params"] == [(7, 3)]
    with pytest.raises(ArgumentError) as caught:
        to_family(fn, (*spec, array("3")), params="weight").at(SIZES)
    assert caught.value.what == "params='weight' names no argument that fn was given; its arguments are w, x, b"


@pytest.mark.parametrize(
    "transform",
    [
        jax.jit,
        jax.checkpoint,
        jax.vmap,
        lambda fn: jax.grad(lambda x, y: fn(x, y).sum()),
        lambda fn: functools.partial(fn, y=2.0),
    ],
    ids=["jit", "checkpoint", "vmap", "grad", "partial"],
)
def test_transformed_functions(transform) -> None:
    def fn(x, y):
        return jnp.sin(x) * y

    wrapped = transform(fn)
    partial = isinstance(wrapped, functools.partial)
    family = to_family(wrapped, (array("N F"),) if partial else (array("N F"), array("N F")))
    assert_same_operations(family, SIZES, wrapped, *[f32(5, 7)] * (1 if partial else 2))


def test_jit_with_static_argument_gets_an_int() -> None:
    @functools.partial(jax.jit, static_argnums=1)
    def repeat(x, times):
        return jnp.concatenate([x] * times)

    (n,) = dims("N")
    assert to_family(repeat, (array("F"), n)).trace(SIZES).out_info.shape == (35,)


def test_domain_is_that_of_the_declared_symbols() -> None:
    dim("F", multiple_of=8)
    n, m = dims("N M")
    family = to_family(lambda x, y: (x, y), (array("N F"), array("M")), where=[m <= n])
    assert str(family.domain) == "F a multiple of 8, N >= 1, M >= 1, M <= N"
    with pytest.raises(Exception, match="F=12 is not a multiple of 8"):
        family.at({"N": 1, "M": 1, "F": 12})
    with pytest.raises(Exception, match="the relation M <= N does not hold"):
        family.at({"N": 1, "M": 2, "F": 8})


def test_list_of_symbols_orders_and_restricts() -> None:
    family = to_family(lambda x: x + 1, (array("N F"),), dims="F N")
    assert family.domain.names == ("F", "N")
    with pytest.raises(DimensionError, match="unknown symbol 'F' in an argument"):
        to_family(lambda x: x + 1, (array("N F"),), dims="N G")
    with pytest.raises(DimensionError, match="symbol K is used by no argument"):
        to_family(lambda x: x + 1, (array("N F"),), dims="N F K")


# -- wrong arguments ---------------------------------------------------------------------


def test_wrong_number_of_arguments() -> None:
    def attention(q, k, v, *, heads, mask=None):
        return q

    with pytest.raises(ArgumentError) as caught:
        to_family(attention, (array("N F"),), {"heads": 2}).at(SIZES)
    assert caught.value.what == (
        "attention(q, k, v, *, heads, mask=None) was given 1 argument and the keywords heads: "
        "missing a required argument: 'k'"
    )
    assert caught.value.todo == "sc.trace(attention, q, k, v, heads=...)"
    with pytest.raises(ArgumentError, match="too many positional arguments"):
        to_family(lambda x: x, (array("N F"), array("N"))).at(SIZES)
    with pytest.raises(ArgumentError, match="got an unexpected keyword argument 'train'"):
        to_family(lambda x: x, (array("N F"),), {"train": True}).at(SIZES)


class Tensor:
    """An array of some other library."""

    shape, dtype = (2, 3), "torch.float32"


@pytest.mark.parametrize(
    ("call", "what", "todo"),
    [
        (lambda: to_family(lambda x: x, array("N")), "is not a tuple of arguments", "args=(x,)"),
        (lambda: to_family(lambda x: x, (array("N"),), [1]), "kwargs=[1] is not a dict", "kwargs="),
        (lambda: to_family(lambda x: x, (Tensor(),)).at({}), "Tensor, which JAX does not know", "sc.array((2, 3)"),
        (
            lambda: to_family(lambda x: x, (jax.ShapeDtypeStruct(jax.export.symbolic_shape("N, 2"), "float32"),)).at(
                {}
            ),
            "has a symbolic shape of jax.export",
            'sc.array("N F")',
        ),
        (
            lambda: to_family(lambda x: x, (array("N", "float64"),)).at({"N": 1}),
            "float64[N] needs 64-bit types, which JAX has switched off",
            'jax.config.update("jax_enable_x64", True), or sc.array(..., "float32")',
        ),
        (lambda: to_family(3, (array("N"),)).at({"N": 1}), "a int can't be traced", "sc.trace(module_or_function, x)"),
        (lambda: to_family(lambda x: x, (array("N"),), rngs="dropout").at({"N": 1}), "rngs=('dropout',) means", "rngs"),
        (lambda: to_family(lambda x: x, (array("N"),), method=3), "method=3 is neither a name nor", "method="),
        (lambda: to_family(lambda x: x, (array("N"),), mutable=(1,)), "mutable= takes names, not 1", "batch_stats"),
    ],
)
def test_wrong_arguments(call, what: str, todo: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        call()
    assert what in caught.value.what
    assert todo in str(caught.value.todo)


def test_wide_types_where_jax_has_them() -> None:
    with jax.enable_x64(True):
        family = to_family(lambda x: x * 2, (array("N", "float64"),))
        assert family.at({"N": 3}).args[3][0].dtype == np.float64


def test_symbolic_static_argument_that_is_no_integer() -> None:
    (n,) = dims("N")
    with pytest.raises(DimensionError) as caught:
        to_family(lambda x, k: x, (array("N"), n / 2)).at({"N": 3})
    assert caught.value.what == "the size 1/2*N is 3/2, no integer, at N=3"
    assert caught.value.todo == 'round with //, or declare sc.dim("N", multiple_of=2)'


def test_indices_may_be_any_dtype() -> None:
    family = to_family(lambda x, i: x[i], (array("N F"), array("M", "int32")))
    sizes = {"N": 5, "F": 7, "M": 4}
    assert_same_operations(family, sizes, lambda x, i: x[i], f32(5, 7), i32(4))
    assert any(name == "gather" for name, _ in operations(family.trace(sizes).jaxpr))
