"""Rooflines of programs that leave something open, and types that a chip's file has under another name."""

from __future__ import annotations

import jax.numpy as jnp
import pytest
from jax import lax

import symcost as sc
from symcost.errors import MissingSizeError


def test_a_missing_trip_count_is_asked_for():
    def search(x):
        return lax.while_loop(lambda c: c[0, 0] < 9, lambda c: c @ c, x)

    cost = sc.trace(search, sc.array("N N"))
    (name,) = [u.symbol for u in cost.unknown]
    line = sc.roofline(cost, "tpu-v5e")
    for ask in (line.at, line.by_scope):
        with pytest.raises(MissingSizeError, match=name):
            ask(N=5)
    assert line.at(N=5, **{name: 3}).terms["matrix"] == pytest.approx(3 * 2 * 5**3 / 197e12)


def test_unsigned_integers_are_multiplied_at_the_rate_of_signed_ones():
    def product(dtype):
        cost = sc.trace(
            lambda x, w: lax.dot(x, w, preferred_element_type=jnp.int32), sc.array("N N", dtype), sc.array("N N", dtype)
        )
        return cost.seconds("tpu-v5e")

    assert product("uint8") == product("int8")
