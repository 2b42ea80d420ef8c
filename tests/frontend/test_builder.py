"""trace_family: a function of sizes, for any framework; and sc.build with what is neither Linen nor NNX."""

from __future__ import annotations

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
import pytest

from symcost.arrays import array
from symcost.dims import Dim, dim, dims
from symcost.errors import ArgumentError, BuildError, DimensionError
from symcost.frontend import build, from_build, to_family
from tests.frontend.oracle import assert_same_operations, f32, i32, shapes_by_kind


def matmul(B: int, N: int, F: int) -> Any:
    assert {type(B), type(N), type(F)} == {int}
    return (lambda x, w: jnp.tanh(x @ w)), (f32(B, N, F), f32(F, 2 * F))


@pytest.mark.parametrize("sizes", [{"B": 2, "N": 3, "F": 5}, {"B": 1, "N": 1, "F": 1}])
def test_build_is_called_with_integers(sizes: dict[str, int]) -> None:
    family = from_build(matmul, "B N F")
    fn, args = matmul(**sizes)
    assert_same_operations(family, sizes, fn, *args)
    assert str(family.domain) == "B >= 1, N >= 1, F >= 1"
    assert family.name == "matmul"


def test_ways_of_listing_symbols_and_relations() -> None:
    f = dim("F", multiple_of=8)
    b, n = dims("B N")
    family = from_build(matmul, ["B", n, f], where=[b <= n, "N < F"])
    assert str(family.domain) == "B >= 1, N >= 1, F a multiple of 8, B <= N, N < F"
    local = from_build(matmul, [Dim("B"), Dim("N", min=2), Dim("F", power_of=2)])
    assert str(local.domain) == "B >= 1, N >= 2, F a power of 2"


def test_relation_with_unknown_symbol() -> None:
    with pytest.raises(DimensionError) as caught:
        from_build(matmul, "B N F", where=["n <= F"])
    assert caught.value.what == "unknown symbol 'n' in the relation \"n <= F\""
    assert caught.value.todo == "did you mean N?"


def test_symbol_that_build_does_not_get() -> None:
    with pytest.raises(DimensionError) as caught:
        from_build(lambda N, F: (jnp.sin, (array((N, F, "f")),)), "N F").at({"N": 2, "F": 3})
    assert caught.value.what == "unknown symbol 'f' in the array float32[2, 3, f]"
    assert caught.value.todo == "did you mean F?"
    with pytest.raises(DimensionError, match="unknown symbol 'K' in the size 2\\*K"):
        from_build(lambda N: (lambda x, size: x, (f32(N), [2 * dims("K")[0]])), "N").at({"N": 2})


def test_optax_step_with_scalars_and_state() -> None:
    """Python numbers among the arguments are traced, as jax.jit does."""

    def step(F: int) -> Any:
        optimizer = optax.adam(1e-3)
        params = {"w": f32(F)}

        def fn(params, state, grads, scale):
            updates, state = optimizer.update(jax.tree.map(lambda g: g * scale, grads), state, params)
            return optax.apply_updates(params, updates), state

        return fn, (params, jax.eval_shape(optimizer.init, params), params, 0.5)

    family = from_build(step, "F")
    fn, args = step(7)
    assert_same_operations(family, {"F": 7}, fn, *args)
    assert shapes_by_kind(family, {"F": 7})["argument"].count(()) == 2  # Adam's counter and the scale


def test_kwargs_params_and_models() -> None:
    family = from_build(lambda F: ((lambda w, *, x: x @ w), (f32(F),), {"x": f32(3, F)}), "F", params="w")
    assert shapes_by_kind(family, {"F": 7}) == {"params": [(7,)], "argument": [(3, 7)]}
    family = from_build(lambda F, L: (nn.Sequential([nn.Dense(F)] * L), (f32(3, F),)), "F L")
    assert shapes_by_kind(family, {"F": 7, "L": 2})["params"] == [(7,), (7, 7)]  # one layer, used twice


@pytest.mark.parametrize(
    ("make", "symbols", "what", "todo"),
    [
        (matmul, "B N", "is called with B=.., N=.., but also needs F", 'sc.trace_family(matmul, "B N F")'),
        (matmul, "B N F K", "but has no parameter K", "def matmul(B, N, F, K): ..."),
        (matmul, "", "trace_family needs at least one symbol", 'sc.trace_family(matmul, "B N")'),
        (3, "N", "trace_family takes a function of sizes, not 3", 'sc.trace_family(build, "B N")'),
        (lambda N: f32(N), "N", "<lambda>(N=4) returned a ShapeDtypeStruct, not (callable, args)", "return fn, (x, y)"),
        (lambda N: (jnp.sin, f32(N)), "N", "returned are a ShapeDtypeStruct, not a tuple", "return fn, (x,)"),
        (lambda N: (f32(N), (f32(N),)), "N", "a ShapeDtypeStruct can't be traced", "sc.trace("),
        (
            lambda N: (matmul, (f32(N),)),
            "N",
            "was given 1 argument: missing a required argument: 'N'",
            "sc.trace(matmul",
        ),
    ],
)
def test_wrong_builders(make: Any, symbols: str, what: str, todo: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        from_build(make, symbols).at(dict.fromkeys(symbols.split(), 4))
    assert what in caught.value.what
    assert todo in str(caught.value.todo)


def ignores(N: int, K: int) -> Any:
    return jnp.sin, (f32(N),)


def hands_to_an_inner_function(N: int, K: int) -> Any:
    def fn(x):
        return x * K

    return fn, (f32(N),)


def uses_both_at_once(N: int, K: int) -> Any:
    return jnp.sin, (f32(N, K),)


def test_symbol_that_build_ignores() -> None:
    with pytest.raises(DimensionError) as caught:
        from_build(ignores, "N K")
    assert caught.value.what == "symbol K is used by no argument (ignores takes it and never looks at it)"
    assert caught.value.todo == "use K in a shape or a hyper-parameter, or leave it out"
    for fn in (hands_to_an_inner_function, uses_both_at_once, lambda **sizes: (jnp.sin, (f32(sizes["N"]),))):
        from_build(fn, "N K").trace({"N": 2, "K": 3})


# -- sizes at which the user's code fails ------------------------------------------------


def split_heads(N: int, F: int) -> Any:
    return (lambda x: x.reshape(N, 4, F // 4)), (f32(N, F),)


def valid_windows(N: int, F: int) -> Any:
    if N < 5:
        raise ValueError(f"window of 5 is longer than {N}")
    return (lambda x: x), (f32(N, F),)


def heads_of_a_width(H: int, F: int) -> Any:
    if F % H:
        raise ValueError("width must divide into heads")
    return (lambda x: x), (f32(H, F),)


def broken(N: int, F: int) -> Any:
    raise KeyError(f"no table for {N}" if F else "")


FAILING = {
    "divisor": (
        split_heads, {"N": 3, "F": 6},
        "what 'split_heads' returns cannot be built at N=3, F=6: TypeError: cannot reshape array of shape (3, 6)",
        'sc.dim("F", multiple_of=4)',
    ),
    "minimum": (
        valid_windows, {"N": 1, "F": 6},
        "cannot be built at N=1, F=6: ValueError: window of 5 is longer than 1",
        'sc.dim("N", min=5)',
    ),
    "a symbol divides another": (
        heads_of_a_width, {"H": 4, "F": 6},
        "cannot be built at H=4, F=6: ValueError: width must divide into heads",
        "write their quotient as a symbol",
    ),
    "anything": (
        broken, {"N": 3, "F": 6},
        "cannot be built at N=3, F=6: KeyError: 'no table for 3'",
        "it fails at N=48, F=48 too, so the sizes may not be the reason",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILING)
def test_sizes_that_fail_are_named_with_the_declaration_that_helps(case: str) -> None:
    make, sizes, what, todo = FAILING[case]
    with pytest.raises(BuildError) as caught:
        from_build(make, " ".join(sizes)).trace(sizes)
    assert what in caught.value.what
    assert todo in str(caught.value.todo)
    assert str(caught.value.where).startswith(f"{__file__}:")
    assert caught.value.__cause__ is not None


def test_declaration_that_was_suggested_helps() -> None:
    dim("F", multiple_of=4)
    from_build(split_heads, "N F").trace({"N": 3, "F": 8})


# -- other frameworks --------------------------------------------------------------------


@jax.tree_util.register_pytree_node_class
class Linear:
    """A callable that is a pytree of its own parameters, as Equinox modules are."""

    def __init__(self, width: int, key: Any, activation: Any = jnp.tanh):
        self.weight = jax.random.normal(key, (width, width))
        self.steps = jnp.zeros((), "int32")
        self.activation = activation

    def __call__(self, x):
        return self.activation(x @ self.weight)

    def tree_flatten(self):
        return (self.weight, self.steps, self.activation), None

    @classmethod
    def tree_unflatten(cls, _, leaves):
        self = object.__new__(cls)
        self.weight, self.steps, self.activation = leaves
        return self


def test_callable_pytrees() -> None:
    (w,) = dims("W")
    sizes = {"B": 2, "W": 5}
    deferred = to_family(build(Linear, w, key=jax.random.key(0)), (array("B W"),))
    concrete = to_family(Linear(5, jax.random.key(0)), (array("B W"),))
    for family in (deferred, concrete):
        assert shapes_by_kind(family, sizes) == {"params": [(5, 5)], "state": [()], "argument": [(2, 5)]}
        assert_same_operations(family, sizes, lambda w, x: jnp.tanh(x @ w), f32(5, 5), f32(2, 5))
    huge = to_family(build(Linear, w, key=jax.random.key(0)), (array("B W"),))
    assert (2**19, 2**19) in shapes_by_kind(huge, {"B": 1, "W": 2**19})["params"]


class Transformed(NamedTuple):
    """The pair of functions that haiku.transform returns."""

    init: Any
    apply: Any


class TransformedWithState(NamedTuple):
    init: Any
    apply: Any


def test_pairs_of_functions() -> None:
    (w,) = dims("W")

    def make(width: int) -> Transformed:
        def init(key, x):
            return {"w": jax.random.normal(key, (x.shape[-1], width))}

        return Transformed(init, lambda params, key, x: x @ params["w"])

    family = to_family(build(make, width=w), (array("B F"),))
    sizes = {"B": 2, "F": 3, "W": 5}
    assert shapes_by_kind(family, sizes) == {"params": [(3, 5)], "rng": [(2,)], "argument": [(2, 3)]}
    assert family.trace(sizes).out_info.shape == (2, 5)

    pair = TransformedWithState(
        lambda key, x: ({"w": x}, {"count": i32()}), lambda params, state, key, x: (x + params["w"], state)
    )
    stateful = to_family(
        TransformedWithState(lambda key, x: ({"w": x}, {"count": jnp.zeros((), int)}), pair.apply), (array("N"),)
    )
    assert shapes_by_kind(stateful, {"N": 3}) == {"params": [(3,)], "state": [()], "rng": [(2,)], "argument": [(3,)]}
    assert len(stateful.trace({"N": 3}).out_info) == 2


def test_build_of_a_plain_function_and_of_a_linen_module() -> None:
    f, ell = dims("F L")

    def stack(width: int, layers: int) -> nn.Module:
        assert isinstance(layers, int)
        return nn.Sequential([nn.Dense(width) for _ in range(layers)])

    family = to_family(build(stack, f, layers=ell), (array("B F"),))
    assert len(shapes_by_kind(family, {"B": 2, "F": 3, "L": 4})["params"]) == 8
    assert str(family.domain) == "F >= 1, L >= 1, B >= 1"

    power = to_family(build(lambda times: lambda x: x**times, ell), (array("B"),))
    assert_same_operations(power, {"B": 2, "L": 3}, lambda x: x**3, f32(2))


def test_constructor_is_looked_at_once() -> None:
    calls = []

    def make(width: int) -> nn.Module:
        calls.append(width)
        return nn.Dense(width)

    (f,) = dims("F")
    family = to_family(build(make, f), (array("B 2"),))
    for size in (3, 4, 5):
        family.at({"B": 2, "F": size})
    assert calls == [3, 3, 4, 5]


def test_build_inside_build_and_inside_fields() -> None:
    (f,) = dims("F")
    inner = build(nn.Dense, 2 * f)
    for outer in (build(nn.Sequential, [inner]), nn.Sequential([inner, nn.relu])):
        family = to_family(outer, (array("B F"),))
        assert family.domain.names == ("F", "B")
        assert sorted(shapes_by_kind(family, {"B": 2, "F": 3})["params"]) == [(3, 6), (6,)]


def test_build_takes_what_can_be_called() -> None:
    with pytest.raises(ArgumentError) as caught:
        build([nn.Dense], 3)  # type: ignore[arg-type]
    assert caught.value.todo == "sc.build(Net, width=F), without calling Net"


def test_real_arrays_are_shapes_only() -> None:
    family = to_family(lambda x, i: x[i], (jnp.ones((4, 3)), jnp.zeros((2,), "int32")))
    assert_same_operations(family, {}, lambda x, i: x[i], f32(4, 3), i32(2))
