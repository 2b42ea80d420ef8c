"""Loops whose lengths are symbols, and branches that overtake each other."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
from jax import lax

import symcost as sc
from symcost.errors import UnknownPrimitiveError
from tests.adversarial.family import Hostile, array, product

SIZES = [*product(N=(1, 2, 3), F=(1, 2)), *product(N=(4, 9, 16), F=(5,))]


def program(fn, differentiable: bool = True) -> Hostile:
    """`fn(x, w)` of N rows and a square matrix."""
    return Hostile(lambda N, F: (fn, (array(N, F), array(F, F))), SIZES, differentiable=differentiable)


def recurrence(x, w):
    return lax.scan(lambda h, row: (jnp.tanh(row + h @ w), h), jnp.zeros(x.shape[1]), x)[1]


def checkpointed(x, w):
    step = jax.checkpoint(lambda h, row: (jnp.tanh(row + jnp.sin(h @ w) @ w), h))
    return lax.scan(step, jnp.zeros(x.shape[1]), x)[1]


def nested(T, N, F):
    def fn(x, w):
        def outer(h, rows):
            return lax.scan(lambda g, row: (jnp.tanh(row + g @ w), None), h, rows)

        return lax.scan(outer, jnp.zeros(F), x)[0]

    return fn, (array(T, N, F), array(F, F))


def counted(start, stop, step) -> Hostile:
    """A `while` that counts from start(N) to stop(N), up or down."""

    def build(N, F):
        def more(carry):
            return carry[0] < stop(N) if step > 0 else carry[0] >= stop(N)

        def fn(x, w):
            return lax.while_loop(more, lambda c: (c[0] + step, jnp.sin(c[1] @ w)), (start(N), x))[1]

        return fn, (array(3, F), array(F, F))

    return Hostile(build, SIZES, differentiable=False)


FAMILIES = {
    "recurrence": program(recurrence),
    "recurrence, recomputed": program(checkpointed),
    "nested scans": Hostile(nested, product(T=(1, 2, 5), N=(1, 3, 4), F=(1, 3))),
    "map": program(lambda x, w: lax.map(lambda row: jnp.sin(row @ w), x)),
    "fori to 2N-1": Hostile(
        lambda N, F: (
            lambda x, w: lax.fori_loop(2, 2 * N - 1, lambda i, y: jnp.sin(y @ w), x),
            (array(3, F), array(F, F)),
        ),
        SIZES,
    ),
    "while, up by three": counted(lambda n: 0, lambda n: n, 3),
    "while, down by two": counted(lambda n: n, lambda n: 0, -2),
    "cond": program(lambda x, w: lax.cond(x[0, 0] > 0, lambda: jnp.sin(x @ w), lambda: x * 2.0)),
    "cond, branches that overtake": program(
        lambda x, w: lax.cond(x[0, 0] > 0, lambda: jnp.sum(x.T @ x), lambda: jnp.sum(x @ x.T))
    ),
    "switch": program(
        lambda x, w: lax.switch(jnp.int32(x[0, 0]), [lambda: jnp.sin(x @ w), lambda: x * 2.0, lambda: x @ w @ w])
    ),
    "cond under vmap": program(
        lambda x, w: jax.vmap(lambda r: lax.cond(r[0] > 0, lambda: jnp.sin(r @ w), lambda: r * 2.0))(x)
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_loops_and_branches_are_exact_at_every_size(name):
    FAMILIES[name].assert_exact()


def _callback(x):
    return jax.pure_callback(lambda a: a, jax.ShapeDtypeStruct(x.shape, x.dtype), x)


def test_an_unknown_primitive_inside_scan_inside_remat_is_never_zero():
    def fn(x, w):
        step = jax.checkpoint(lambda h, row: (jnp.tanh(_callback(h @ w) + row), None))
        return lax.scan(step, jnp.zeros(w.shape[0]), x)[0]

    args = (sc.array("T F"), sc.array("F F"))
    cost = sc.trace(fn, *args)
    (unknown,) = cost.unknown
    assert unknown.primitive == "pure_callback"
    with pytest.raises(UnknownPrimitiveError, match="unknown_pure_callback_0"):
        _ = cost.at(T=2, F=3).flops
    # per step a product (2*3*3), an addition per element (3), and what the callback costs
    assert cost.at(T=2, F=3, unknown_pure_callback_0=10).flops == 2 * (2 * 3 * 3 + 3 + 10)
    assert cost.lower_bound().at(T=2, F=3).flops == 2 * (2 * 3 * 3 + 3)
    with pytest.raises(UnknownPrimitiveError, match="no rule"):
        sc.trace(fn, *args, strict=True)


def test_an_unsaid_trip_count_is_a_symbol_until_it_is_bound():
    def fn(x, n):
        return lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, jnp.sin(c[1])), (0, x))[1]

    args = (sc.array("N F"), sc.array("", "int32"))
    cost = sc.trace(fn, *args)
    (unknown,) = cost.unknown
    assert cost.at(N=2, F=3, **{unknown.symbol: 7}).transcendentals == 2 * 3 * 7
    (N,) = sc.dims("N")
    assert sc.trace(fn, *args, trips={unknown.symbol: 3 * N}).at(N=2, F=5).transcendentals == 2 * 5 * 6
