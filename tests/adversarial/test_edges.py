"""The edges of domains: nothing at all, one of everything, odd names, odd dtypes; and costs made of costs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
import sympy
from flax import linen as nn
from jax import lax

import symcost as sc
from symcost.errors import DomainError
from tests.adversarial.family import Hostile, array, product

EMPTY = {"min": 0}


def message_passing(N, M, F):
    def fn(x, w, senders, receivers):
        return jax.ops.segment_sum((x @ w)[senders], receivers, N)

    return fn, (array(N, F), array(F, F), array(M, dtype="int32"), array(M, dtype="int32"))


FAMILIES = {
    "no edges": Hostile(
        message_passing, product(N=(1, 2, 5), M=(0, 1, 2, 7), F=(1, 3)), {"M": EMPTY}, differentiable=False
    ),
    "no steps": Hostile(
        lambda T, F: (
            lambda x, w: lax.scan(lambda h, t: (jnp.tanh(t + h @ w), h), jnp.zeros(F), x)[0],
            (array(T, F), array(F, F)),
        ),
        product(T=(0, 1, 2, 5), F=(1, 3)),
        {"T": EMPTY},
    ),
    "nothing to sort": Hostile(
        lambda N, M: (lambda x, y: jnp.cumsum(jnp.sort(jnp.concatenate([x, y]))), (array(N), array(M))),
        product(N=(0, 1, 2, 5, 16), M=(0, 1, 3)),
        {"N": EMPTY, "M": EMPTY},
    ),
    "powers of two": Hostile(
        lambda N, M: (lambda x: x.T @ x, (array(N, M),)),
        product(N=(1, 2, 4, 64), M=(1, 2, 8, 64)),
        {"N": {"power_of": 2}, "M": {"power_of": 2}},
    ),
    "names of sympy's own": Hostile(
        lambda I, S, E, N, O, Q: (
            lambda a, b: jnp.einsum("abc,cde->abde", a, b).sum() + O * Q,
            (array(I, S * O, E), array(E, N, Q)),
        ),
        [dict(zip("ISENOQ", p, strict=True)) for p in ((1,) * 6, (2, 3, 1, 5, 1, 4), (1, 2, 3, 4, 5, 6), (2,) * 6)],
    ),
    "integers, booleans, complex": Hostile(
        lambda N, F: (
            lambda x, y, z: (x @ x.T, y & ~y, z * z + jnp.conj(z)),
            (array(N, F, dtype="int8"), array(N, F, dtype="bool"), array(N, F, dtype="complex64")),
        ),
        product(N=(1, 2, 7), F=(1, 3, 7)),
        differentiable=False,
    ),
    "four dimensions": Hostile(
        lambda B, T, H, F: (
            lambda x, w: jax.nn.standardize(x.reshape(B, T, H * F) @ w),
            (array(B, T, H, F), array(H * F, F)),
        ),
        product(B=(1, 3), T=(1, 2), H=(1, 3), F=(1, 2)),
    ),
    "attention": Hostile(
        lambda B, T, F, H: _attention(B, T, F, H), product(B=(1, 3), T=(1, 4), F=(1, 2), H=(1, 3)), differentiable=False
    ),
}


def _attention(B, T, F, H):
    module, x = nn.MultiHeadDotProductAttention(H, qkv_features=F * H), array(B, T, F)
    return module.apply, (jax.eval_shape(module.init, jax.random.key(0), x), x)


@pytest.mark.parametrize("name", FAMILIES)
def test_programs_are_exact_at_the_edges_of_their_domain(name):
    FAMILIES[name].assert_exact()


def test_sizes_that_cannot_be_built_stay_refused_in_every_derived_cost():
    def build(N, F):
        if N == 1:
            raise ValueError("two are needed")
        return lambda x: x * x, (array(N, F),)

    cost = sc.trace_family(build, "N F")
    for derived in (cost, cost + cost, cost.subs(F=3), 2 * cost, cost - cost, cost.lower_bound(), cost.under("macs")):
        assert derived.at(N=2, F=2).macs == 0
        with pytest.raises(DomainError):
            _ = derived.at(N=1, F=2).macs


def test_substitution_keeps_to_the_domain():
    F = sc.dim("F", multiple_of=8)
    (H,) = sc.dims("H")
    cost = sc.trace(lambda x: jnp.tanh(x).reshape(8, -1).sum(0), sc.array((F,))).subs(F=4 * H)
    assert cost.at(H=4).flops == 16 - 2
    with pytest.raises(DomainError, match="H=3"):
        cost.at(H=3)


def test_tables_add_up_to_the_totals():
    def build(L, F):
        class Net(nn.Module):
            @nn.compact
            def __call__(self, x):
                for i in range(L):
                    x = nn.softmax(nn.Dense(F, name=f"block_{i}")(x))
                return x

        net, x = Net(), array(3, F)
        params = jax.eval_shape(net.init, jax.random.key(0), x)
        return jax.grad(lambda p, x: jnp.sum(net.apply(p, x))), (params, x)

    cost = sc.trace_family(build, "L F")
    tables = cost.by_scope(), cost.by_scope(depth=1), cost.by_primitive(), cost.by_phase(), cost.by("dtype", "unit")
    for quantity in ("flops", "macs", "transcendentals", "bytes_accessed"):
        total = getattr(cost, quantity)
        assert total != 0
        for table in tables:
            assert sympy.expand(sum(table.formulas(quantity).values()) - total) == 0, (quantity, table.axes)
