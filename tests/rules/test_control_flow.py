"""How often nested programs run: scan, while, cond, and what is inside them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from symcost.capture import trace
from symcost.interpret import interpret
from symcost.polynomial import bind, symbol
from symcost.rules.registry import algorithm
from tests.rules.measure import counts

X = jax.ShapeDtypeStruct((3, 4), "float32")
SCALAR = jax.ShapeDtypeStruct((), "int32")


@pytest.mark.parametrize("length", [0, 1, 7])
def test_scan_runs_its_body_length_times(length: int) -> None:
    fn = lambda x: lax.scan(lambda c, _: (jnp.sin(c), None), x, None, length=length)[0]
    assert counts(fn, X).get("transcendentals", 0) == 12 * length


def test_gradient_of_a_scan_runs_backwards_as_often() -> None:
    fn = lambda x: lax.scan(lambda c, _: (jnp.sin(c), None), x, None, length=5)[0].sum()
    # forward: sin and cos per step; backward: one multiplication per step; the sum: 11
    assert counts(jax.value_and_grad(fn), X) == {"transcendentals": 2 * 12 * 5, "flops": 12 * 5 + 11}


@pytest.mark.parametrize(("start", "stop", "step", "trips"), [(0, 7, 2, 4), (3, 3, 1, 0), (5, 2, 1, 0), (-2, 10, 5, 3)])
def test_a_while_loop_with_counters_in_the_program(start: int, stop: int, step: int, trips: int) -> None:
    def fn(x):
        body = lambda c: (c[0] + step, jnp.sin(c[1]))
        return lax.while_loop(lambda c: c[0] < stop, body, (start, x))[1]

    # each trip adds to the counter; the condition is evaluated once more than the body
    expected = {"transcendentals": 12 * trips, "int_ops": trips + (trips + 1)}
    assert counts(fn, X) == {q: n for q, n in expected.items() if n}


def test_a_while_loop_with_a_traced_bound_has_a_symbol() -> None:
    fn = lambda n, x: lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, jnp.sin(c[1])), (0, x))[1]
    program = trace(fn, (SCALAR, X))
    ledger = interpret(program, algorithm)
    trips = symbol("trips_while_0")
    assert ledger.total("transcendentals") == 12 * trips
    assert ledger.total("int_ops") == 2 * trips + 1
    bound = interpret(program, algorithm, trips={"trips_while_0": 9})
    assert not bound.unknown
    assert bound.total("int_ops") == bind(ledger.total("int_ops"), {"trips_while_0": 9}) == 19


def test_cond_is_the_maximum_of_each_quantity() -> None:
    branches = [lambda x: jnp.sin(x).sum(), lambda x: (x * x * x).sum(), lambda x: x[0, 0]]
    fn = lambda i, x: lax.switch(i, branches, x)
    # sin: 12 transcendentals and 11 flops; x*x*x: 24 + 11 flops; the clamp of the index: one int_op
    assert counts(fn, SCALAR, X) == {"transcendentals": 12, "flops": 35, "int_ops": 1}


def test_vmap_turns_cond_into_select_and_counts_both_branches() -> None:
    fn = jax.vmap(lambda p, x: lax.cond(p, jnp.sin, lambda x: x * x, x))
    found = counts(fn, jax.ShapeDtypeStruct((3,), "bool"), X)
    assert (found["transcendentals"], found["flops"]) == (12, 12)


def test_calls_are_counted_where_they_stand() -> None:
    @jax.custom_jvp
    def twice(x):
        return jnp.sin(x) * 2.0

    twice.defjvp(lambda primals, tangents: (twice(*primals), jnp.cos(primals[0]) * 2.0 * tangents[0]))
    fn = jax.jit(lambda x: jax.checkpoint(jax.jit(twice))(x) + twice(x))
    assert counts(fn, X) == {"transcendentals": 24, "flops": 36}
    # grad: cos, times 2, times the cotangent (which is 1, and not skipped); the value itself is dead code
    assert counts(jax.grad(lambda x: twice(x).sum()), X) == {"transcendentals": 12, "flops": 24}


def test_callbacks_stay_unknown() -> None:
    fn = lambda x: jax.pure_callback(lambda v: v, x, x) + 1.0
    ledger = interpret(trace(fn, (X,)), algorithm)
    assert [u.primitive for u in ledger.unknown] == ["pure_callback"]
    assert ledger.total("flops") == symbol("unknown_pure_callback_0") + 12
