"""A callable that closes over a symbol is an error that names it, wherever it hides."""

from __future__ import annotations

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
import sympy

from symcost.arrays import array
from symcost.dims import dims
from symcost.errors import DimensionError
from symcost.frontend import build, from_build, to_family
from symcost.frontend.closure import refuse_closed_over

N, F = sympy.symbols("N F", integer=True, positive=True)
WIDTHS = {"hidden": [4 * N]}


def uses_global(x):
    return x.reshape(N, -1)


def calls_another(x):
    return uses_global(x)


def uses_global_inside(x):
    return jax.vmap(lambda row: row * F)(x)


def default(x, size=N):
    return x.reshape(size)


def keyword_default(x, *, size=2 * N):
    return x.reshape(size)


def attribute_of_the_same_name(x):
    return x.N  # no global


def from_table(x):
    return WIDTHS["hidden"]


def closing(size):
    def inner(x):
        return x.reshape(size)

    return inner


class Layer:
    def __init__(self, size):
        self.size = size

    def __call__(self, x):
        return x.reshape(self.size)

    def other(self, x):
        return x


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x).reshape(N, -1)


class Activated(nn.Module):
    activation: object

    @nn.compact
    def __call__(self, x):
        return self.activation(nn.Dense(3)(x))


CASES = {
    "field of a module": (Activated(closing(N)), "'inner' closes over the symbol N"),
    "field of a submodule": (nn.Sequential([nn.Dense(3), Activated(functools.partial(closing(N)))]), "symbol N"),
    "class of a submodule": (nn.Sequential([Net()]), "'Net' closes over the symbol N (the global N)"),
    "class of a submodule, deferred": (build(nn.Sequential, [Net()]), "'Net' closes over the symbol N (the global N)"),
    "global": (uses_global, "'uses_global' closes over the symbol N (the global N)"),
    "global of a function it calls": (calls_another, "closes over the symbol N (the global N)"),
    "global in an inner function": (uses_global_inside, "closes over the symbol F (the global F)"),
    "global table": (from_table, "closes over the symbol N (the global WIDTHS)"),
    "closure": (closing(3 * N), "'inner' closes over the symbol N (the closed-over variable size)"),
    "closure in a list": (closing([1, F]), "closes over the symbol F (the closed-over variable size)"),
    "nested closure": (closing(closing(F)), "closes over the symbol F (the closed-over variable size)"),
    "closed-over module": (closing(nn.Dense(N)), "closes over the symbol N (the closed-over variable size)"),
    "closed-over array spec": (closing(array("N")), "closes over the symbol N (the closed-over variable size)"),
    "default": (default, "closes over the symbol N (a default argument)"),
    "keyword default": (keyword_default, "closes over the symbol N (a default argument)"),
    "partial": (
        functools.partial(default, size=F),
        "closes over the symbol F (an argument bound by functools.partial)",
    ),
    "partial of a closure": (functools.partial(closing(N)), "closes over the symbol N (the closed-over variable size)"),
    "jit": (jax.jit(uses_global), "'uses_global' closes over the symbol N"),
    "vmap": (jax.vmap(uses_global), "'uses_global' closes over the symbol N"),
    "method": (Layer(N).other, "closes over the symbol N (the attribute size of a Layer)"),
    "callable object": (Layer(N), "closes over the symbol N (the attribute size of a Layer)"),
    "linen method": (Net(), "'Net' closes over the symbol N (the global N)"),
    "length of nn.scan": (nn.scan(nn.Dense, {"params": 0}, {"params": True}, length=N)(3), "closes over the symbol N"),
}


@pytest.mark.parametrize("case", CASES)
def test_closing_over_a_symbol_is_an_error(case: str) -> None:
    fn, what = CASES[case]
    with pytest.raises(DimensionError) as caught:
        to_family(fn, (array("N F"),))
    assert what in caught.value.what
    assert "hand" in str(caught.value.todo)


def test_error_says_where_the_function_is() -> None:
    with pytest.raises(DimensionError) as caught:
        refuse_closed_over(uses_global)
    assert f"{__file__}:{uses_global.__code__.co_firstlineno} (uses_global)" == caught.value.where


def test_constructors_and_builders_are_looked_at_too() -> None:
    with pytest.raises(DimensionError, match="closes over the symbol N"):
        build(closing(N), width=3)
    with pytest.raises(DimensionError, match="closes over the symbol N"):
        build(Net)
    with pytest.raises(DimensionError, match="closes over the symbol N"):
        from_build(lambda M: (uses_global, (jnp.ones(M),)), "M")


@pytest.mark.parametrize(
    "fn",
    [
        attribute_of_the_same_name,
        closing(3),
        closing(jnp.ones(3)),
        functools.partial(closing(3)),
        jnp.tanh,
        jax.nn.gelu,
        Layer(3),
        nn.Dense(3),
        nn.BatchNorm(use_running_average=True),
        nn.RNN(nn.LSTMCell(3)),
        max,
    ],
)
def test_nothing_is_found_where_nothing_is(fn) -> None:
    refuse_closed_over(type(fn) if isinstance(fn, nn.Module) else fn)


def test_functions_among_the_arguments_are_looked_at() -> None:
    with pytest.raises(DimensionError, match="'inner' closes over the symbol N"):
        to_family(lambda x, activation: activation(x), (array("N"), closing(N)))


def test_symbols_handed_over_as_arguments_are_right() -> None:
    n, f = dims("N F")
    family = to_family(lambda x, size: x.reshape(size, -1), (array((n, 2, f)), 2 * n))
    assert family.trace({"N": 3, "F": 5}).out_info.shape == (6, 5)
