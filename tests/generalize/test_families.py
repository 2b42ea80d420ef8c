"""Formulas equal concrete programs at sizes never traced, small ones and special ones above all."""

from __future__ import annotations

import functools
import itertools

import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.capture import trace
from symcost.interpret import interpret
from symcost.polynomial import evaluate
from symcost.rules.registry import algorithm
from tests.exactness import assert_exact
from tests.generalize.families import DECLARATIONS, FAMILIES, LARGEST

SIZES = (1, 2, 3, 4, 5, 7, 8, 16, 17, 24, 64, 65, 129)


@functools.cache
def cost_of(name: str) -> sc.ProgramCost:
    build, names, where = FAMILIES[name]
    for symbol, domain in DECLARATIONS.get(name, {}).items():
        sc.dim(symbol, **domain)
    return sc.trace_family(build, names, where=where)


def points(name: str, rng, count: int):
    cost = cost_of(name)
    names = cost.domain.names
    all_small = itertools.product((0, 1, 2, 3), repeat=len(names))
    drawn = ([int(rng.choice(SIZES)) for _ in names] for _ in range(400))
    found = 0
    for values in itertools.chain(all_small, drawn):
        sizes = {n: min(v, LARGEST.get(name, {}).get(n, v)) for n, v in zip(names, values, strict=True)}
        try:
            cost.domain.check(sizes)
        except sc.errors.DomainError:
            continue
        yield sizes
        found += 1
        if found == count:
            return


@pytest.mark.parametrize("name", FAMILIES)
def test_every_quantity_is_exact(name, rng):
    cost = cost_of(name)
    build = FAMILIES[name][0]
    fresh = 0
    for sizes in points(name, rng, 40):
        fn, args = build(**sizes)
        concrete = interpret(trace(fn, args), algorithm)
        values = cost.at(**sizes)
        for quantity in ("flops", "transcendentals", "int_ops", "macs", "bytes_accessed"):
            assert getattr(values, quantity) == evaluate(concrete.total(quantity), {}), (quantity, sizes)
        fresh += sizes not in cost.samples
    assert fresh > 0


# XLA's converter folds the ends of short scans, which follows no function of log2(N).
@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "divide-and-conquer"])
def test_xla_is_exact(name, rng):
    from symcost.capture_hlo import xla_counts

    xla = cost_of(name).under("xla")
    for sizes in points(name, rng, 12):
        counts = xla_counts(*FAMILIES[name][0](**sizes))
        if max(counts.values()) < 2**24:
            values = xla.at(**sizes)
            assert (values.flops, values.transcendentals) == (counts["flops"], counts["transcendentals"]), sizes


@pytest.mark.parametrize(
    ("name", "quantity", "formula"),
    [
        ("polynomials", "flops", "12*N*F**2 + N*F"),
        ("layers", "macs", "B*F**2*L + B*F"),
        ("layers", "transcendentals", "B*F*ceil(L/2)"),
        ("doubling", "macs", "(1/6)*B*W**2*4**L + (1/3)*B*W**2"),
        ("unrolled", "macs", "B*T*F**2"),
        ("threshold", "flops", "N*[N <= 64]"),
        ("nested-scans", "transcendentals", "N*T"),
        # each of log2(N) levels adds pairs, and interleaves its two halves by padding and adding them
        ("divide-and-conquer", "flops", "4*N - floor_log2(N) - 4"),
        # 2/4 + 1/4 of the pixels of each level, and one comparison
        ("image-pyramid", "flops", "N**2 + floor_log2(N) - 1"),
    ],
)
def test_formulas_read_as_written_by_hand(name, quantity, formula):
    assert cost_of(name).text(quantity) == formula


@pytest.mark.parametrize(("name", "most"), [("polynomials", 9), ("edges", 12), ("strided", 12), ("layers", 24)])
def test_few_points_are_traced_for_work(name, most):
    build, names, where = FAMILIES[name]
    for symbol, domain in DECLARATIONS.get(name, {}).items():
        sc.dim(symbol, **domain)
    cost = sc.trace_family(build, names, where=where)
    assert len(cost.samples) <= most


def test_constants_that_xla_folds_into_small_arrays_only():
    """Up to 65,536 elements `convert(constant)` is done by XLA's converter, so that bfloat16 costs less there."""

    def loss(x, w):
        return jnp.sum(jax.nn.softmax(x @ w)).astype(jnp.float32)

    def build(N, F):
        args = (jax.ShapeDtypeStruct((N, F), jnp.bfloat16), jax.ShapeDtypeStruct((F, F), jnp.bfloat16))
        return jax.grad(loss, (0, 1)), args

    sizes = [{"N": n, "F": f} for n, f in ((3, 5), (1, 7), (7, 1), (4096, 16), (4097, 16), (9000, 8), (65_536, 1))]
    assert_exact(sc.trace_family(build, "N F"), build, sizes)
