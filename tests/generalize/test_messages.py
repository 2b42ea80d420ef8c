"""Programs that no formula covers: each error says what differs, at which sizes, on which line, and what to declare."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.dims import declarations
from symcost.errors import GeneralizationError

BRANCH = "the program changes with the sizes in a way that no formula covers: "


def odd(n: int) -> bool:
    """Whether a number has an odd number of binary ones: no formula of the grammar."""
    return bool(bin(n).count("1") % 2)


def primitive(x):
    return jnp.sin(x) if odd(len(x)) else jnp.cos(x)  # HERE


def parameter(x):
    return jax.lax.dot(x, x.T, precision=jax.lax.Precision.HIGHEST if odd(len(x)) else None)  # HERE


def nested(x):
    def body(c, _):
        return (jnp.sin(c) if odd(len(x)) else jnp.cos(c)), None  # HERE

    return jax.lax.scan(body, x, None, length=5)


def nested_number(x):
    def body(c, _):
        return (jnp.cos(jnp.sin(c)) if odd(len(x)) else jnp.sin(c)), None  # HERE

    return jax.lax.scan(body, x, None, length=5)


def number(x):
    for _ in range(1 + odd(len(x))):
        x = jnp.sin(x)  # HERE
    return x


def nothing(x):
    return x if odd(len(x)) else jnp.cos(x)  # HERE


def branches(x):
    return jax.lax.switch(jnp.int32(x[0, 0]), [jnp.sin] * (odd(len(x)) + 2), x)  # HERE


def arrays(x):
    return jnp.sum(x, 1) if odd(len(x)) else jnp.sum(x)  # HERE


CASES: dict[str, tuple[Callable[..., Any], str, str]] = {
    "another primitive": (primitive, "'sin' at N=", "'cos' at N="),
    "another parameter": (parameter, "'dot_general' with precision=('HIGHEST', 'HIGHEST') at", "precision=None at N="),
    "inside of a loop": (nested, "'sin' inside of 'scan' at N=", "'cos' inside of 'scan' at N="),
    "more of them inside of a loop": (
        nested_number,
        "'cos' as operation 2 of 2 inside of 'scan'",
        "only 1 operation inside of 'scan'",
    ),
    "more operations": (number, "'sin' as operation 2 of 2 at N=", "only 1 operation at N="),
    "no operation": (nothing, "no operation at N=", "'cos' as operation 1 of 1 at N="),
    "more branches": (branches, "'cond' of 3 branches at N=", "'cond' of 2 branches at N="),
    "another rank": (arrays, "'reduce_sum' to float32 of 1 dimension at N=", "'reduce_sum' to float32 of 0 dimensions"),
}


def line(fn: Callable[..., Any]) -> str:
    """``file:line (`` of the line of `fn` marked HERE."""
    lines, first = inspect.getsourcelines(fn)
    at = next(i for i, text in enumerate(lines) if "# HERE" in text)
    return f"{__file__}:{first + at} ("


def refusal(trace: Callable[[], Any]) -> GeneralizationError:
    with declarations(), pytest.raises(GeneralizationError) as caught:
        trace()
    return caught.value


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_branch_says_what_differs_where_and_for_which_symbol(case):
    fn, *sides = case
    error = refusal(lambda: sc.trace(fn, sc.array("N F")))
    assert error.what.startswith(BRANCH)
    assert all(side in error.what for side in sides), error.what
    assert error.where is not None
    assert line(fn) in error.where
    assert error.todo is not None
    assert error.todo.startswith('declare a domain on one side of the branch, such as sc.dim("N", min=')
    assert 'sc.dim("N", multiple_of=8)' in error.todo


class Uneven(nn.Module):
    """Layers with a number of operations that is no function of L."""

    layers: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.layers):
            for _ in range(i**3 * 7 % 5 + 1):
                x = jnp.tanh(x)  # HERE
        return x


def test_a_count_of_layers_without_a_function_names_the_line():
    def trace():
        _, _, layers = sc.dims("B F L")
        return sc.trace(sc.build(Uneven, layers=layers), sc.array("B F"))

    error = refusal(trace)
    assert error.what.startswith("no function of L gives the number of operations of 'tanh': 4 at L=2; 6 at L=3; ")
    assert error.where is not None
    assert error.where.startswith(f"Uneven, {line(Uneven.__call__)}")
    assert error.todo is not None
    assert error.todo.startswith("give a number in place of L, or declare which of its sizes you need, such as sc.dim(")


def late(x):
    for i in range(len(x)):
        x = jnp.tanh(x)
        if i == 23:
            x = jnp.exp(x)  # HERE
    return x


def test_an_operation_of_late_layers_names_the_line():
    error = refusal(lambda: sc.trace(late, sc.array("N F")))
    assert error.what.startswith(("the formula found for N fails at a fresh point, N=", "no function of N gives the "))
    assert error.where is not None
    assert error.where.startswith(line(late))
    assert error.todo is not None
    assert "give a number in place of N" in error.todo


def scrambled(x):
    return jnp.zeros((len(x) ** 5 % 997 + 1,)) + x.sum()  # HERE


def test_a_size_without_a_formula_says_which_one():
    error = refusal(lambda: sc.trace(scrambled, sc.array("N F")))
    assert error.what.startswith("no formula was found for dimension 0 of the output of 'broadcast_in_dim': ")
    assert error.what.endswith("; ...")
    assert error.what.count(" at N=") == 6
    assert error.where is not None
    assert error.where.startswith(line(scrambled))
    assert error.todo is not None
    assert error.todo.endswith("or give a number in place of N")
