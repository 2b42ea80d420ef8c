"""Formulas inside JAX programs are what exact Python integers are, rounded once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import symcost as sc
from symcost import zoo
from symcost.domain import Dim
from symcost.errors import ArgumentError, DomainError, MissingSizeError
from symcost.grammar import parse_relations
from symcost.polynomial import (
    ceil_div,
    ceil_log2,
    conv_taps,
    evaluate,
    floor_div,
    floor_log2,
    indicator,
    maximum,
    minimum,
    power,
    symbols_of,
)
from tests.examples import examples
from tests.query.formulas import F, M, N, cost_of, formulas, points

FLOAT32 = float(np.finfo(np.float32).max)
LARGEST = 2**63 - 1


def assert_close(found, exact, within=1e-6):
    for x, value in zip(np.ravel(found).tolist(), exact, strict=True):
        if abs(value) > FLOAT32:
            assert x == float("inf") * (1 if value > 0 else -1)
        else:
            assert abs(x - float(value)) <= within * abs(float(value)), (x, value)


def arrays(sizes, dtype="int32"):
    return {name: jnp.asarray(np.array([point[name] for point in sizes], dtype)) for name in "NMF"}


EVERY_KIND = [
    2 * N**2 * F - 2 * M * F,
    floor_div(N * M * F - 5, 7) * M,
    floor_div(N * F, 10**9 + 7) + floor_div(N, M + 1),
    floor_div(N * N * F, M + 1) - F,
    maximum(N * M, F**2) - minimum(N, M, F),
    ceil_log2(N + 1) * floor_log2(M + 1) + indicator(N, 3) * M**3,
    power(2, ceil_log2(N)) * M - power(3, floor_log2(F + 1)),
    conv_taps(N, 5, ceil_div(N, 2), 2, 1, 1, 2) * F,
    conv_taps(N, 3, N, 2, 1, 2, 1) - M,
    N * (N + 1) / 2 + N**3 / 3 - N / 3,
]
SIZES = [
    {"N": 0, "M": 0, "F": 0}, {"N": 3, "M": 1, "F": 17}, {"N": 10**6, "M": 10**9, "F": 7},
    {"N": 2**31 - 1, "M": 2**31 - 1, "F": 2**31 - 1}, {"N": 65535, "M": 65536, "F": 65537},
]  # fmt: skip
SMALL = [{"N": n, "M": m, "F": 2} for n in range(5) for m in (0, 1)]


def expected(size, some):
    return [evaluate(size, point) for point in some]


@pytest.mark.parametrize("size", EVERY_KIND, ids=str)
def test_every_function_of_sizes_under_jit(size):
    some = SMALL if "conv_taps" in str(size) and "2, 1, 2, 1" in str(size) else SIZES
    exact = expected(size, some)
    function = cost_of(size).function("flops", "jax")
    given = {n: v for n, v in arrays(some).items() if n in symbols_of(size)}
    found = jax.jit(lambda sizes: function(**sizes))(given)
    assert found.dtype == jnp.float32
    assert_close(found, exact)


@pytest.mark.parametrize("size", EVERY_KIND[::2], ids=str)
def test_every_function_of_sizes_with_x64(size):
    some = SMALL if "conv_taps" in str(size) and "2, 1, 2, 1" in str(size) else SIZES
    with jax.enable_x64(True):
        found = cost_of(size).function("flops", "jax")(**arrays(some, "int64"))
        assert found.dtype == jnp.int64
        assert found.tolist() == [max(-LARGEST, min(LARGEST, value)) for value in expected(size, some)]


@settings(max_examples=examples(3))
@given(formulas(), st.lists(points, min_size=3, max_size=3), st.booleans())
def test_random_formulas(size, sizes, x64):
    exact = expected(size, sizes)
    with jax.enable_x64(x64):
        found = cost_of(size).function("flops", "jax")(**arrays(sizes, "int64" if x64 else "int32"))
        if x64:
            assert np.broadcast_to(found, 3).tolist() == [max(-LARGEST, min(LARGEST, value)) for value in exact]
        else:
            assert_close(jnp.broadcast_to(found, 3), exact)


@pytest.fixture(scope="module")
def models() -> dict[str, sc.ProgramCost]:
    return {name: zoo.get(name).trace() for name in ("gcn-sparse", "transformer-block", "cnn")}


@pytest.mark.parametrize("name", ["gcn-sparse", "transformer-block", "cnn"])
def test_models_at_small_and_huge_sizes(name, models, rng):
    cost = models[name]
    exact = cost.function("flops", "python")
    function = cost.function("flops", "jax")
    sizes = {n: [int(x) for x in np.exp(rng.uniform(0, np.log(10**9), 200))] for n in function.arguments}
    sizes = {n: [1, 10**6, 10**9, *v] for n, v in sizes.items()}
    values = [exact(**dict(zip(sizes, point, strict=True))) for point in zip(*sizes.values(), strict=True)]
    assert_close(jax.jit(lambda s: function(**s))({n: jnp.asarray(v) for n, v in sizes.items()}), values)
    with jax.enable_x64(True):
        found = function(**{n: jnp.asarray(v) for n, v in sizes.items()})
        assert found.tolist() == [min(LARGEST, value) for value in values]


def test_what_cancels_is_left():
    cost = cost_of(2 * N**2 * F - 2 * M * F)
    sizes = {"N": 10**6, "M": 10**12 - 320, "F": 1}
    for function in (cost.function("flops", "jax"), jax.jit(cost.function("flops", "jax"), static_argnames="M")):
        assert function(**sizes) == 640
    function = cost.function("flops", "jax")
    assert function(N=jnp.int32(10**6), M=np.int64(10**12 - 320), F=1) == 640
    assert function(N=jnp.int32(10**6), M=np.array([10**12 - 320, 3]), F=jnp.uint8(1)).tolist() == [
        640,
        float(np.float32(2e12 - 6)),
    ]
    assert jax.jit(lambda n: function(N=n, M=10**12 - 320, F=1))(1e6) == 640
    with jax.enable_x64(True):  # the terms overflow, the result does not
        assert function(N=3 * 10**9, M=jnp.int64(9 * 10**18 - 5), F=1) == 10


def test_batches_and_branches():
    function = cost_of(N**2 * M - F).function("flops", "jax")
    found = jax.vmap(jax.vmap(lambda n, m: function(N=n, M=m, F=1), (0, None)), (None, 0))(jnp.arange(3), jnp.arange(2))
    assert found.tolist() == [[-1, -1, -1], [-1, 0, 3]]
    assert function(N=jnp.arange(3)[:, None], M=jnp.arange(2), F=1).shape == (3, 2)
    looped = cost_of(conv_taps(N, M, N, 1, 1, 1, 1)).function("flops", "jax")
    found = jax.vmap(lambda n, m: looped(N=n, M=m))(jnp.array([9, 5, 7]), jnp.array([3, 1, 2]))
    assert found.tolist() == expected(
        conv_taps(N, M, N, 1, 1, 1, 1), [{"N": 9, "M": 3}, {"N": 5, "M": 1}, {"N": 7, "M": 2}]
    )

    @jax.jit
    def choose(n):
        return jax.lax.cond(function(N=n, M=3, F=1) > 1e6, lambda: 1, lambda: 2)

    assert [int(choose(n)) for n in (100, 1000)] == [2, 1]


def test_several_quantities_make_a_dict():
    cost = cost_of(N * M, params=N + 1)
    found = jax.jit(lambda n: cost.function(["flops", "params"], "jax")(N=n, M=2))(jnp.arange(3))
    assert {k: v.tolist() for k, v in found.items()} == {"flops": [0, 2, 4], "params": [1, 2, 3]}


# -- derivatives -------------------------------------------------------------------------------


SMOOTH = [
    2 * N**2 * F - 2 * M * F + 7,
    N**3 * M / 3 + N * floor_div(M, 2) + F * ceil_log2(N),
    maximum(N * N, 3 * M) * F + minimum(N, M),
    power(2, M) * N + indicator(N, 7) * M,
]


@pytest.mark.parametrize("size", SMOOTH, ids=str)
@pytest.mark.parametrize("point", [(10.0, 7.0, 3.0), (2.5, 9.25, 4.0)])
def test_derivatives_are_those_of_the_formula(size, point):
    cost = cost_of(size)
    names = cost.function("flops", "jax").arguments
    function = cost.function("flops", "jax")
    symbols = {s.name: s for s in cost.flops.free_symbols}
    at = {n: sympy.Rational(str(x)) for n, x in zip("NMF", point, strict=True)}
    # floors, logarithms and indicators are constants between their steps
    steps = cost.flops.atoms(sympy.floor, sympy.ceiling) | {
        a for a in cost.flops.atoms(sympy.Function) if type(a).__name__ in ("ceil_log2", "indicator")
    }
    constants = {s: sympy.Symbol(f"c{i}") for i, s in enumerate(steps)}
    values = {c: _value(s, {symbols[n]: x for n, x in at.items() if n in symbols}) for s, c in constants.items()}
    smooth = cost.flops.subs(constants)
    for i, name in enumerate(names):
        slope = (
            sympy.diff(smooth, symbols[name]).subs(values).subs({symbols[n]: x for n, x in at.items() if n in symbols})
        )
        given = [at_ for n, at_ in zip("NMF", point, strict=True) if n in names]
        found = jax.grad(lambda *a: function(**dict(zip(names, a, strict=True))), i)(*given)
        assert float(found) == pytest.approx(float(slope.doit()), rel=1e-6, abs=1e-6), name


def _value(step, at):
    inner = step.subs(at)
    if type(step).__name__ == "ceil_log2":
        return sympy.Integer(int(np.floor(float(step.args[0].subs(at))) - 1).bit_length())
    if type(step).__name__ == "indicator":
        return sympy.Integer(int(step.args[0].subs(at) == step.args[1]))
    return inner


def test_derivatives_of_derivatives_and_of_batches():
    function = cost_of(2 * N**2 * F - 2 * M * F).function("flops", "jax")
    slope = jax.grad(lambda n: function(N=n, M=3, F=2))
    assert jax.jit(jax.grad(slope))(10.0) == 8
    assert jax.vmap(slope)(jnp.arange(3.0)).tolist() == [0, 8, 16]
    assert jax.jacfwd(lambda n: function(N=n, M=3, F=2))(10.0) == 80
    with jax.enable_x64(True):
        assert jax.grad(lambda n: function(N=n, M=10**12, F=1))(1e9) == 4e9


def test_a_maximum_shares_its_slope_where_two_are_largest():
    function = cost_of(maximum(N, M)).function("flops", "jax")
    assert jax.grad(lambda n: function(N=n, M=3.0))(3.0) == 0.5


def test_floats_between_integers():
    function = cost_of(N * M + floor_div(N, 2)).function("flops", "jax")
    assert function(N=2.5, M=3) == 8.5
    assert function(N=jnp.array([2.0, 5.0]), M=3).tolist() == [7, 17]


# -- domains -----------------------------------------------------------------------------------


@pytest.fixture
def restricted():
    dims = Dim("N", min=2, max=100, multiple_of=2), Dim("M", power_of=3)
    relations = parse_relations("N >= M")[0]
    return cost_of(N * M, *dims, relations=relations, excluded=(("N == 6, M == 3", "it is another program"),))


def test_outside_of_the_domain_is_nan_in_arrays(restricted):
    n, m = jnp.array([2, 3, 4, 6, 6, 200, 54, -2]), jnp.array([1, 1, 9, 3, 1, 1, 27, 1])
    nan = float("nan")
    function = restricted.function("flops", "jax")
    np.testing.assert_equal(function(N=n, M=m).tolist(), [2, nan, nan, nan, 6, nan, 54 * 27, nan])
    np.testing.assert_equal(jax.jit(lambda n: function(N=n, M=3))(n).tolist(), [nan, nan, 12, nan, nan, nan, 162, nan])
    unchecked = restricted.function("flops", "jax", check=False)
    assert unchecked(N=n[:5], M=m[:5]).tolist() == [2, 3, 36, 18, 6]
    with jax.enable_x64(True):
        assert function(N=n[:3], M=m[:3]).tolist() == [2, -(2**63), -(2**63)]


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ({"N": 3, "M": 1}, DomainError, "N=3 is not a multiple of 2"),
        ({"N": np.array([2, 3]), "M": 1}, DomainError, "N=3 is not a multiple of 2"),
        ({"N": jnp.array([True]), "M": 1}, DomainError, "N is of type bool"),
        ({"N": "2", "M": 1}, DomainError, "neither integers nor floats"),
        ({"M": jnp.array([1])}, MissingSizeError, "no size was given for N"),
        ({"N": jnp.array([2, 4]), "M": jnp.array([1, 3, 9])}, ArgumentError, "do not broadcast"),
    ],
)
def test_what_is_known_to_be_wrong_is_said(restricted, sizes, error, message):
    with pytest.raises(error, match=message):
        restricted.function("flops", "jax")(**sizes)


def test_seconds(models):
    cost = models["gcn-sparse"]
    sizes = {"N": 2708, "M": 10556, "F": 1433, "H": 16, "C": 7}
    exact = cost.function("seconds", chip="tpu-v5e")(**sizes)
    function = cost.function("seconds", "jax", chip="tpu-v5e")
    formula = cost.seconds("tpu-v5e")
    assert exact == float(formula.subs({s: sizes[s.name] for s in formula.free_symbols}))
    assert function(**{**sizes, "N": jnp.int32(2708)}) == pytest.approx(exact, rel=1e-6)
    slope = jax.grad(lambda n: function(**{**sizes, "N": n}))(2708.0)
    step = cost.function("seconds", chip="tpu-v5e")(**{**sizes, "N": 2709}) - exact
    assert slope == pytest.approx(step, rel=1e-3)
