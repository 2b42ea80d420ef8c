"""Rules against scalars that count: a textbook algorithm computes JAX's numbers in as many steps as the rule says."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from itertools import permutations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax._src.lax import linalg as hidden_linalg  # geqrf and geqp3 have no public name

from tests.rules import complex_functions
from tests.rules import scalar_algorithms as textbook
from tests.rules.counting import Tally, larger, smaller, values
from tests.rules.measure import counts

add = lambda a, b: a + b
RANDOM = np.random.default_rng(3)
START = RANDOM.bit_generator.state


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Every test draws the same numbers, whatever ran before it."""
    RANDOM.bit_generator.state = START


def floats(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0.5, 2.0, shape).astype("float32") * RANDOM.choice([-1, 1], shape).astype("float32")


def positive(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0.2, 0.8, shape).astype("float32")


def integers(*shape: int, dtype: str = "int32") -> np.ndarray:
    return RANDOM.integers(1, 50, shape).astype(dtype)


def complexes(*shape: int) -> np.ndarray:
    return (RANDOM.uniform(0.2, 1.5, shape) + 1j * RANDOM.uniform(0.2, 1.5, shape)).astype("complex64")


def assert_counts(tally: Tally, found: dict) -> None:
    expected = {"flops": tally.flops, "transcendentals": tally.transcendentals, "int_ops": tally.int_ops}
    assert {q: found.get(q, 0) for q in expected} == expected


def assert_witness(fn: Callable, scalar_program: Callable, *args: Any, sign_free: bool = False) -> dict:
    """`scalar_program(tally, *arrays)` computes what `fn` computes, in as many operations as symcost says."""
    tally = Tally()
    result = values(scalar_program(tally, *(tally.array(a) for a in args)))
    expected = np.asarray(fn(*args))
    if sign_free:
        result, expected = np.abs(result), np.abs(expected)
    np.testing.assert_allclose(result.astype(expected.dtype), expected, rtol=2e-4, atol=2e-5)
    found = counts(fn, *(jax.ShapeDtypeStruct(np.shape(a), a.dtype) for a in args))
    assert_counts(tally, found)
    return found


each = lambda f: lambda t, *arrays: np.frompyfunc(f, len(arrays), 1)(*arrays)
"""A scalar function on every element."""

ELEMENTWISE = {
    "add": (lax.add, lambda a, b: a + b, (floats(3, 4), floats(3, 4))),
    "add of int8": (lax.add, lambda a, b: a + b, (integers(5, dtype="int8"), integers(5, dtype="int8"))),
    "sub": (lax.sub, lambda a, b: a - b, (floats(3, 4), floats(3, 4))),
    "mul": (lax.mul, lambda a, b: a * b, (floats(7), floats(7))),
    "mul of uint32": (lax.mul, lambda a, b: a * b, (integers(5, dtype="uint32"), integers(5, dtype="uint32"))),
    "div": (lax.div, lambda a, b: a / b, (floats(7), floats(7))),
    "rem": (lax.rem, lambda a, b: a % b, (floats(7), floats(7))),
    "max": (lax.max, larger, (floats(7), floats(7))),
    "min of integers": (lax.min, smaller, (integers(7), integers(7))),
    "neg": (lax.neg, lambda a: -a, (floats(2, 0),)),
    "abs": (lax.abs, abs, (floats(1, 1),)),
    "lt": (lax.lt, lambda a, b: a < b, (floats(7), floats(7))),
    "eq of integers": (lax.eq, lambda a, b: a == b, (integers(7), integers(7))),
    "and of bools": (lax.bitwise_and, lambda a, b: a & b, (np.array([True, False]), np.array([True, True]))),
    "xor": (lax.bitwise_xor, lambda a, b: a ^ b, (integers(5, dtype="uint32"), integers(5, dtype="uint32"))),
    "exp": (lax.exp, lambda a: a.apply(math.exp), (floats(3, 2),)),
    "tanh": (lax.tanh, lambda a: a.apply(math.tanh), (floats(3, 2),)),
    "erf": (lax.erf, lambda a: a.apply(math.erf), (floats(6),)),
    "lgamma": (lax.lgamma, lambda a: a.apply(math.lgamma), (positive(6),)),
    "pow": (lax.pow, lambda a, b: a.apply(math.pow, b), (positive(4), floats(4))),
    "atan2": (lax.atan2, lambda a, b: a.apply(math.atan2, b), (floats(4), floats(4))),
}


@pytest.mark.parametrize("case", ELEMENTWISE)
def test_elementwise(case: str) -> None:
    fn, scalar, args = ELEMENTWISE[case]
    assert_witness(fn, each(scalar), *args)


c = complex_functions
COMPLEX = {
    "add": (lax.add, lambda z, w: z + w, 2),
    "sub": (lax.sub, lambda z, w: z - w, 2),
    "mul": (lax.mul, lambda z, w: z * w, 2),
    "div": (lax.div, lambda z, w: z / w, 2),
    "neg": (lax.neg, lambda z: -z, 1),
    "conj": (lax.conj, lambda z: z.conj(), 1),
    "abs": (lax.abs, lambda z: z.modulus(), 1),
    "sign": (lax.sign, c.sign, 1),
    "square": (lax.square, lambda z: z * z, 1),
    "eq": (lax.eq, lambda z, w: z == w, 2),
    "max": (lax.max, larger, 2),
    "min": (lax.min, smaller, 2),
    "clamp": (lambda z, w: lax.clamp(w, z, w), lambda z, w: smaller(larger(z, w), w), 2),
    **{name: (getattr(lax, name), getattr(c, name), 1) for name in ("exp", "exp2", "expm1", "log", "log1p")},
    **{name: (getattr(lax, name), getattr(c, name), 1) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: (getattr(lax, name), getattr(c, name), 1) for name in ("sqrt", "rsqrt", "logistic", "asin", "acos")},
    **{name: (getattr(lax, name), getattr(c, name), 1) for name in ("atan", "asinh", "acosh", "atanh")},
    "pow": (lax.pow, c.power, 2),
    "atan2": (lax.atan2, c.atan2, 2),
}
if hasattr(lax, "log2"):
    COMPLEX["log2"] = (lax.log2, c.log2, 1)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_operations_are_their_definition_in_reals(name: str) -> None:
    fn, scalar, operands = COMPLEX[name]
    assert_witness(fn, each(scalar), *(complexes(3) for _ in range(operands)))


FOLDS = {
    "sum of rows": (lambda x: jnp.sum(x, axis=1), add, floats(3, 5)),
    "sum": (lambda x: jnp.sum(x, axis=(0, 2)), add, floats(2, 3, 4)),
    "sum of one": (lambda x: jnp.sum(x, axis=(0, 2)), add, floats(1, 3, 1)),
    "sum of complex": (lambda x: jnp.sum(x, axis=(0, 2)), add, complexes(2, 3, 2)),
    "prod of complex": (lambda x: jnp.prod(x, axis=(0, 2)), lambda a, b: a * b, complexes(2, 1, 2)),
    "max": (lambda x: jnp.max(x, axis=(0, 2)), larger, floats(2, 3, 4)),
    "min of integers": (lambda x: jnp.min(x, axis=(0, 2)), smaller, integers(2, 3, 4)),
    "any": (lambda x: jnp.any(x, axis=(0, 2)), lambda a, b: a | b, np.array([[[True], [False]]])),
}


@pytest.mark.parametrize("case", FOLDS)
def test_reductions(case: str) -> None:
    fn, combine, array = FOLDS[case]
    axes = (1,) if array.ndim == 2 else (0, 2)
    assert_witness(fn, lambda t, x: textbook.fold(x, axes, combine), array)


def test_a_reducer_of_the_user_runs_once_per_folded_element() -> None:
    reducer = lambda a, b: a * b + a
    fn = lambda x: lax.reduce(x, np.float32(1), reducer, (1,))
    found = counts(fn, jax.ShapeDtypeStruct((3, 5), "float32"))
    tally = Tally()
    textbook.fold(tally.array(floats(3, 5)), (1,), reducer)
    assert_counts(tally, found)


@pytest.mark.parametrize(
    ("fn", "combine"),
    [
        (lax.cumsum, add),
        (lax.cumprod, lambda a, b: a * b),
        (lax.cummax, larger),
        (lax.cummin, smaller),
        (lax.cumlogsumexp, textbook.logaddexp),
    ],
)
@pytest.mark.parametrize("axis", [0, 1])
def test_cumulative(fn: Callable, combine: Callable, axis: int) -> None:
    assert_witness(lambda x: fn(x, axis), lambda t, x: textbook.accumulate(x, axis, combine), floats(3, 5))


def test_cumsum_of_integers_and_cumlogsumexp_of_complex() -> None:
    assert_witness(lax.cumsum, lambda t, x: textbook.accumulate(x, 0, add), integers(6))
    assert_witness(lax.cumlogsumexp, lambda t, x: textbook.accumulate(x, 0, c.logaddexp), complexes(4))


def test_matmul_accumulates_from_zero() -> None:
    for a, b, zero in [
        (floats(2, 3), floats(3, 4), lambda t: t.real(0)),
        (integers(2, 3), integers(3, 4), lambda t: t.integer(0)),
        (complexes(2, 3), complexes(3, 1), lambda t: t.complex(0)),
    ]:
        found = assert_witness(lax.dot, lambda t, x, y, zero=zero: textbook.matmul(x, y, zero(t)), a, b)
        assert found["macs"] == a.shape[0] * a.shape[1] * b.shape[1]


CONVOLUTIONS = {
    "plain": ((2, 3, 5, 4), (4, 3, 3, 2), {"strides": (1, 1), "padding": ((0, 0), (0, 0))}),
    "same": ((1, 2, 5, 4), (2, 2, 3, 3), {"strides": (2, 2), "padding": ((1, 1), (0, 1))}),
    "dilated": (
        (1, 2, 3, 3),
        (2, 2, 2, 2),
        {"strides": (1, 2), "padding": ((1, 0), (2, 1)), "lhs_dilation": (2, 1), "rhs_dilation": (1, 2)},
    ),
    "depthwise": ((1, 4, 3, 3), (8, 1, 2, 2), {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "groups": 4}),
    "groups": ((2, 4, 3, 3), (4, 2, 2, 1), {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "groups": 2}),
    "batch groups": ((4, 2, 3, 3), (4, 2, 2, 2), {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "batch_groups": 2}),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_counts_all_taps(case: str) -> None:
    x, w, options = CONVOLUTIONS[case]
    options = {"lhs_dilation": (1, 1), "rhs_dilation": (1, 1), "groups": 1, "batch_groups": 1, **options}
    fn = lambda x, w: lax.conv_general_dilated(
        x,
        w,
        options["strides"],
        options["padding"],
        options["lhs_dilation"],
        options["rhs_dilation"],
        feature_group_count=options["groups"],
        batch_group_count=options["batch_groups"],
    )
    assert_witness(fn, lambda t, x, w: textbook.convolve(x, w, t.real(0), **options), floats(*x), floats(*w))


def test_reduce_window_counts_the_padding() -> None:
    window, strides, padding = (2, 3), (1, 2), ((1, 0), (1, 1))
    for fill, primitive, combine in [(0.0, lax.add, add), (-np.inf, lax.max, larger)]:
        fn = lambda x, fill=fill, p=primitive: lax.reduce_window(x, np.float32(fill), p, window, strides, padding)
        program = lambda t, x, fill=fill, f=combine: textbook.fold(
            textbook.windows(x, window, strides, padding, t.real(fill)), (2,), f
        )
        assert_witness(fn, program, floats(4, 5))


def test_reduce_window_with_a_reducer_of_the_user() -> None:
    reducer, window = (lambda a, b: a + b * b), (2, 2)
    fn = lambda x: lax.reduce_window(x, np.float32(0), reducer, window, (1, 1), "VALID")
    tally = Tally()
    laid_out = textbook.windows(tally.array(floats(4, 5)), window, (1, 1), ((0, 0), (0, 0)), None)
    textbook.fold(laid_out, (2,), reducer)
    assert_counts(tally, counts(fn, jax.ShapeDtypeStruct((4, 5), "float32")))


def test_the_gradient_of_max_pooling_compares_and_adds() -> None:
    window, strides, padding = (2, 2), (1, 2), ((0, 1), (0, 0))
    pool = lambda x: lax.reduce_window(x, np.float32(-np.inf), lax.max, window, strides, padding)
    x = floats(3, 4)
    cotangent = floats(*pool(x).shape)
    fn = lambda x, g: jax.vjp(pool, x)[1](g)[0]
    program = lambda t, x, g: textbook.scatter_winners(x, g, window, strides, padding, t)
    assert_witness(fn, program, x, cotangent)


def test_the_tangent_of_max_pooling_only_compares() -> None:
    window = (2, 2)
    pool = lambda x: lax.reduce_window(x, np.float32(-np.inf), lax.max, window, (1, 1), "VALID")
    fn = lambda x, t: jax.jvp(pool, (x,), (t,))[1]
    tally, x, tangent = Tally(), floats(3, 4), floats(3, 4)
    laid_out = textbook.windows(tally.array(x), window, (1, 1), ((0, 0), (0, 0)), None)
    tangents = textbook.windows(tangent.astype(object), window, (1, 1), ((0, 0), (0, 0)), None)
    chosen = np.empty(laid_out.shape[:2], object)
    for at in np.ndindex(chosen.shape):
        best = 0
        for k in range(1, 4):
            if laid_out[(*at, k)] > laid_out[(*at, best)]:
                best = k
        chosen[at] = tangents[(*at, best)]
    np.testing.assert_allclose(chosen.astype("float32"), fn(x, tangent))
    assert_counts(tally, counts(fn, x, tangent))


def test_segment_sum_adds_each_element_of_the_data() -> None:
    ids = np.array([0, 2, 2, 1, 0])

    def program(t: Tally, data: np.ndarray) -> np.ndarray:
        out = t.array(np.zeros((3, 4)))
        for row, segment in zip(data, ids, strict=True):
            out[segment] = out[segment] + row
        return out

    fn = lambda data: jax.ops.segment_sum(data, ids, 3)
    tally = Tally()
    data = floats(5, 4)
    np.testing.assert_allclose(values(program(tally, tally.array(data))).astype("float32"), fn(data), rtol=1e-6)
    # JAX also normalizes the indices (compare, add: integers), which are not segment_sum's own work.
    assert counts(fn, data)["flops"] == tally.flops


def test_sort_is_bounded_by_merge_sort() -> None:
    for n in range(1, 7):
        worst = 0
        for order in permutations(range(n)):
            tally = Tally()
            items = textbook.merge_sort(list(tally.array(np.array(order, "float32"))))
            assert [i.value for i in items] == list(range(n))
            worst = max(worst, tally.flops)
        stages = (n - 1).bit_length()
        assert counts(lax.sort, np.zeros(n, "float32")).get("flops", 0) == worst + 2**stages - 1


def test_top_k_is_bounded_by_a_tournament() -> None:
    for n in range(1, 9):
        for k in range(1, n + 1):
            worst = 0
            for _ in range(20):
                tally, order = Tally(), RANDOM.permutation(n).astype("float32")
                winners = textbook.tournament(list(tally.array(order)), k)
                np.testing.assert_array_equal([w.value for w in winners], lax.top_k(order, k)[0])
                worst = max(worst, tally.flops)
            counted = counts(lambda x, k=k: lax.top_k(x, k), np.zeros(n, "float32")).get("flops", 0)
            assert counted >= worst
            if k == 1 or (k == 2 and n & (n - 1) == 0):  # a full tree: no match is ever saved
                assert counted == worst


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_fft_of_a_power_of_two_is_cooley_tukey(n: int) -> None:
    program = lambda t, x: np.array([textbook.fft(list(line), t) for line in x], object)
    assert_witness(jnp.fft.fft, program, complexes(3, n))


def test_fft_of_several_axes_transforms_each() -> None:
    def program(t: Tally, x: np.ndarray) -> np.ndarray:
        rows = np.array([textbook.fft(list(line), t) for line in x], object)
        return np.array([textbook.fft(list(line), t) for line in rows.T], object).T

    assert_witness(jnp.fft.fft2, program, complexes(4, 2))


# -- random numbers ------------------------------------------------------------------------


def _words(key: jax.Array, tally: Tally) -> list:
    return list(tally.array(np.asarray(jax.random.key_data(key))))


CIPHERS = {
    "threefry2x32": (textbook.threefry_schedule, textbook.threefry2x32, (0, 1), 2),
    "threefry4x32": (textbook.threefry_schedule, textbook.threefry4x32, (0, 1), 4),
    "philox2x32": (textbook.philox_schedule, textbook.philox2x32, (0, 1), 2),
    "philox4x32": (textbook.philox_schedule, textbook.philox4x32, (0, 1), 4),
}


@pytest.mark.parametrize("name", CIPHERS)
def test_random_bits_are_one_block_per_word(name: str) -> None:
    schedule_of, encrypt, places, words = CIPHERS[name]
    key, tally = jax.random.key(7, impl=name), Tally()
    schedule = schedule_of(_words(key, tally))
    bits = []
    for n in range(5):
        counter = [tally.integer(0) for _ in range(words)]
        counter[places[1]] = tally.integer(n)
        block = encrypt(schedule, counter)
        word = block[0]
        for other in block[1:]:
            word = word ^ other
        bits.append(word.value)
    fn = lambda key: jax.random.bits(key, (5,))
    np.testing.assert_array_equal(np.array(bits, "uint32"), fn(key))
    assert_counts(tally, counts(fn, key))


@pytest.mark.parametrize("name", CIPHERS)
def test_splitting_a_key_is_one_block_per_new_key(name: str) -> None:
    schedule_of, encrypt, _, words = CIPHERS[name]
    key, tally = jax.random.key(7, impl=name), Tally()
    schedule = schedule_of(_words(key, tally))
    new = []
    for n in range(3):
        counter = [tally.integer(0) for _ in range(words)]
        # JAX counts in the first two words of a pair, in the last two of four
        counter[words - 1] = tally.integer(n)
        new.append([w.value for w in encrypt(schedule, counter)])
    fn = lambda key: jax.random.split(key, 3)
    expected = np.asarray(jax.random.key_data(fn(key)))
    np.testing.assert_array_equal(np.array(new, "uint32")[:, : expected.shape[1]], expected)
    assert_counts(tally, counts(fn, key))


@pytest.mark.parametrize("name", CIPHERS)
def test_the_ciphers_themselves(name: str) -> None:
    schedule_of, encrypt, _, words = CIPHERS[name]
    module = importlib.import_module(f"jax._src.random.{name}")
    tally, key_words = Tally(), np.asarray(jax.random.key_data(jax.random.key(7, impl=name)))
    counters = integers(words, 3, dtype="uint32")
    schedule = schedule_of(list(tally.array(key_words)))
    encrypted = [values(np.array(encrypt(schedule, list(c)), object)) for c in tally.array(counters).T]
    fn = lambda *args: getattr(module, f"{name}_p").bind(*args)
    args = [*key_words, *counters]
    np.testing.assert_array_equal(np.array(encrypted, "uint32").T, fn(*args))
    assert_counts(tally, counts(fn, *args))


def test_fold_in_is_a_seed_and_a_block() -> None:
    key, tally = jax.random.key(7), Tally()
    data = tally.integer(11)
    counter = [data >> 32, data & 0xFFFFFFFF]
    new = textbook.threefry2x32(textbook.threefry_schedule(_words(key, tally)), counter)
    fn = lambda key, n: jax.random.fold_in(key, n)
    np.testing.assert_array_equal([w.value for w in new], jax.random.key_data(fn(key, np.uint32(11))))
    assert_counts(tally, counts(fn, key, np.uint32(11)))


# -- linear algebra ------------------------------------------------------------------------


def definite(n: int) -> np.ndarray:
    a = floats(n, n)
    return (a @ a.T + n * np.eye(n)).astype("float32")


def dominant(m: int, n: int) -> np.ndarray:
    """A matrix whose pivots are in place."""
    return (0.1 * floats(m, n) + 3 * np.eye(m, n)).astype("float32")


@pytest.mark.parametrize("n", [1, 2, 5])
def test_cholesky(n: int) -> None:
    fn = lax.linalg.cholesky_p.bind  # `cholesky` also symmetrizes and masks
    lower = lambda t, a: np.where(np.tri(len(a), dtype=bool), textbook.cholesky(a), a)
    assert_witness(fn, lower, definite(n))


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 3), (5, 2), (2, 4)])
def test_lu(m: int, n: int) -> None:
    assert_witness(lambda a: lax.linalg.lu(a)[0], lambda t, a: textbook.lu(a), dominant(m, n))


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 3), (5, 2), (2, 4)])
def test_qr(m: int, n: int) -> None:
    def program(t: Tally, a: np.ndarray) -> np.ndarray:
        reflectors, taus = textbook.qr_reflectors(a)
        textbook.orthogonal_columns(reflectors[:, : min(m, n)], taus, t)
        return np.where(np.tri(m, n, -1, dtype=bool), 0, reflectors)[: min(m, n)]

    # the last reflector of a square matrix is 1 in LAPACK, -1 in the textbook
    assert_witness(lambda a: lax.linalg.qr(a, full_matrices=False)[1], program, floats(m, n), sign_free=True)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 3), (5, 2), (2, 4)])
def test_qr_without_q(m: int, n: int) -> None:
    upper = lambda a: jnp.triu(a)  # the reflector of a last single element differs, as above
    tally, a = Tally(), floats(m, n)
    result = np.triu(values(textbook.qr_reflectors(tally.array(a))[0]).astype("float32"))
    np.testing.assert_allclose(np.abs(result), np.abs(upper(hidden_linalg.geqrf(a)[0])), rtol=2e-4, atol=2e-5)
    assert_counts(tally, counts(hidden_linalg.geqrf, a))


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 3), (5, 2), (2, 4)])
def test_qr_with_column_pivoting(m: int, n: int) -> None:
    tally, a = Tally(), floats(m, n)
    result = np.triu(values(textbook.pivoted_qr(tally.array(a))).astype("float32"))
    fn = lambda a: hidden_linalg.geqp3(a, jnp.zeros(n, "int32"))
    np.testing.assert_allclose(np.abs(result), np.abs(jnp.triu(fn(a)[0])), rtol=2e-3, atol=2e-5)
    assert_counts(tally, counts(fn, a))


@pytest.mark.parametrize(("m", "n", "k"), [(3, 3, 3), (5, 2, 2), (4, 4, 2), (1, 1, 1)])
def test_householder_product(m: int, n: int, k: int) -> None:
    program = lambda t, a, taus: textbook.orthogonal_columns(a, list(taus), t)
    assert_witness(lax.linalg.householder_product, program, floats(m, n), positive(k))


@pytest.mark.parametrize("left", [True, False])
def test_ormqr(left: bool) -> None:
    a, taus, c = floats(4, 3), positive(3), floats(4, 5)
    fn = lambda a, taus, c: lax.linalg.ormqr(a, taus, c if left else c.T, left=left, transpose=left)

    def program(t: Tally, a: np.ndarray, taus: np.ndarray, c: np.ndarray) -> np.ndarray:
        applied = textbook.apply_reflectors(a, list(taus), c, transpose=True)
        return applied if left else applied.T

    assert_witness(fn, program, a, taus, c)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_hessenberg(n: int) -> None:
    fn = lambda a: lax.linalg.hessenberg(a)[0]
    upper = lambda a: np.where(np.tri(n, k=-2, dtype=bool), 0, a)
    tally, a = Tally(), floats(n, n)
    result = upper(values(textbook.hessenberg(tally.array(a)))).astype("float32")
    np.testing.assert_allclose(np.abs(result), np.abs(upper(np.asarray(fn(a)))), rtol=1e-3, atol=1e-4)
    assert_counts(tally, counts(fn, a))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_tridiagonal(n: int) -> None:
    def program(t: Tally, a: np.ndarray) -> np.ndarray:
        diagonal, below = textbook.tridiagonal(a)
        return np.array([*diagonal, *below], object)

    fn = lambda a: jnp.concatenate(lax.linalg.tridiagonal(a)[1:3])
    assert_witness(fn, program, definite(n), sign_free=True)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 3), (5, 2), (2, 5)])
def test_singular_values_count_the_bidiagonalization(m: int, n: int) -> None:
    tally, a = Tally(), floats(m, n)
    reduced = values(textbook.bidiagonal(tally.array(a if m >= n else a.T))).astype("float32")
    fn = lambda a: lax.linalg.svd(a, compute_uv=False)
    np.testing.assert_allclose(np.linalg.svd(reduced, compute_uv=False), fn(a), rtol=1e-3)
    assert_counts(tally, counts(fn, a))


@pytest.mark.parametrize("n", [1, 4])
def test_cholesky_update(n: int) -> None:
    upper = np.linalg.cholesky(definite(n)).T.astype("float32")
    assert_witness(lax.linalg.cholesky_update, lambda t, r, z: textbook.cholesky_update(r, z), upper, floats(n))


@pytest.mark.parametrize("unit", [False, True])
def test_triangular_solve(unit: bool) -> None:
    fn = lambda a, b: lax.linalg.triangular_solve(a, b, left_side=True, lower=True, unit_diagonal=unit)
    program = lambda t, a, b: textbook.triangular_solve(a, b, unit)
    assert_witness(fn, program, np.tril(dominant(4, 4)), floats(4, 3))


@pytest.mark.parametrize("n", [2, 5])
def test_tridiagonal_solve(n: int) -> None:
    lower, upper = 0.1 * floats(n), 0.1 * floats(n)
    lower[0] = upper[-1] = 0
    fn = lambda *args: lax.linalg.tridiagonal_solve(*args)
    program = lambda t, *args: textbook.tridiagonal_solve(*args)
    assert_witness(fn, program, lower, 3 + positive(n), upper, floats(n, 2))


def test_symmetric_product_works_on_one_triangle() -> None:
    n, k = 3, 4
    fn = lambda a, c: jnp.tril(lax.linalg.symmetric_product(a, c, alpha=2.0, beta=0.5))

    def program(t: Tally, a: np.ndarray, c: np.ndarray) -> np.ndarray:
        out = np.zeros((n, n), object)
        for i in range(n):
            for j in range(i + 1):
                dot = t.real(0)
                for p in range(k):
                    dot = dot + a[i, p] * a[j, p]
                out[i, j] = dot * 2.0 + c[i, j] * 0.5
        return out

    tally = Tally()
    a, c_ = floats(n, k), definite(n)
    np.testing.assert_allclose(
        values(program(tally, tally.array(a), tally.array(c_))).astype("float32"), fn(a, c_), rtol=1e-5
    )
    assert counts(fn, a, c_)["flops"] == tally.flops
