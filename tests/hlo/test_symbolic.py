"""The rules on symbolic sizes: a formula from a few lowered modules, against XLA at sizes never lowered before."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from symcost import capture_hlo
from symcost.domain import Dim, Domain
from symcost.generalize import Traces
from symcost.interpret import interpret
from symcost.polynomial import evaluate
from symcost.sampling import Units
from symcost.structural import Generalizer
from tests.hlo.agreement import REGISTRY
from tests.hlo.programs import S, conv, grad_of

FAMILIES = {
    "dense layer": lambda n, m: (grad_of(lambda x, w: jax.nn.gelu(x @ w)), (S(n, 6), S(6, m))),
    "normalisation": lambda n, m: (grad_of(lambda x: jax.nn.softmax(x - x.mean(0))), (S(n, m),)),
    "convolution of any image": lambda n, m: (
        conv(window_strides=(2, 1), padding="SAME", feature_group_count=3),
        (S(m, n + 2, n + 2, 6), S(3, 3, 2, 9)),
    ),
    "cumulative sums": lambda n, m: (lambda x: lax.cumsum(x, 1), (S(n, m),)),
    "sort and transform": lambda n, m: (lambda x: (jnp.sort(x), jnp.fft.fft(x)), (S(n, m),)),
    "graph": lambda n, m: (
        lambda x, i, j: jax.ops.segment_sum(x[i], j, x.shape[0]),
        (S(n, 3), S(m, dtype=jnp.int32), S(m, dtype=jnp.int32)),
    ),
    "scan with a conditional": lambda n, m: (
        lambda xs: lax.scan(lambda c, x: (lax.cond(x[0] > 0, jnp.sin, lambda v: v * v + v, c), c.sum()), xs[0], xs),
        (S(n, m),),
    ),
    "literals that follow sizes": lambda n, m: (lambda x: x * n + m, (S(n, 5),)),
    "a window that spans all": lambda n, m: (
        lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 2 * n - 1), (1, 1), [(0, 0), (n - 1, n - 1)]),
        (S(m, n),),
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_formulas_are_xlas_figures_at_fresh_sizes(name):
    build = FAMILIES[name]
    domain = Domain((Dim("N"), Dim("M")))
    traces = Traces(lambda sizes: capture_hlo.lower_program(*build(sizes["N"], sizes["M"])), Units(domain))
    ledger = Generalizer(traces, domain, functools.partial(interpret, registry=REGISTRY)).run().complete()
    for n, m in ((1, 1), (1, 14), (10, 1), (19, 23), (8, 31), (26, 9)):
        xla = capture_hlo.xla_counts(*build(n, m))
        for quantity in ("flops", "transcendentals"):
            assert evaluate(ledger.total(quantity), {"N": n, "M": m}) == xla[quantity], (quantity, n, m)
        if 1 not in (n, m):  # where shapes coincide XLA shares constants, and touches fewer bytes
            assert evaluate(ledger.total("bytes_accessed"), {"N": n, "M": m}) == xla["bytes_accessed"], (n, m)
