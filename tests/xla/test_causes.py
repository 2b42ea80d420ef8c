"""Each cause by itself: small programs whose difference from XLA can be worked out by hand."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import mlir

import symcost as sc
from symcost.errors import MissingSizeError, UnknownPrimitiveError
from symcost.xla.causes import SENTENCES, UNEXPLAINED, Account
from tests.examples import examples
from tests.xla.check import amounts, assert_adds_up, assert_explained


def S(*shape: int, dtype: Any = "float32") -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


INT = S(6, dtype="int32")
C64 = S(6, dtype="complex64")


def scan(length: int, **options: Any):
    return lambda x, w: lax.scan(lambda c, _: (c @ w, None), x, None, length=length, **options)[0]


BODY = 2 * 3 * 4 * 4  # flops of the scan's body: (3, 4) times (4, 4)

# name: program, arguments, quantity, what XLA adds to the formula by cause
TABLE: dict[str, tuple[Any, tuple, str, dict[str, int]]] = {
    "matrix product": (lambda x, w: x @ w, (S(3, 4), S(4, 5)), "flops", {}),
    "sum": (lambda x: x.sum(0), (S(3, 4),), "flops", {}),
    "integers": (lambda x: x * 3 + 1, (INT,), "flops", {"integer": 12}),
    "comparison of integers": (lambda x: x < 3, (INT,), "flops", {"integer": 6}),
    "comparison of floats": (lambda x: x < 3, (S(6),), "flops", {}),
    "sum of integers": (lambda x: x.sum(), (INT,), "flops", {"integer": 5}),
    "choice": (lambda x, y: jnp.where(x < 0, x, y), (S(6), S(6)), "flops", {"select": 6}),
    "conversion": (lambda x: x.astype("int32"), (S(6),), "flops", {"convert": 6}),
    "conversion to a boolean": (lambda x: x.astype(bool), (S(6),), "flops", {"convert": 6}),
    # 1 / (1 + exp(-x))
    "logistic": (jax.nn.sigmoid, (S(6),), "flops", {"lowering": 18}),
    "logistic, exponential": (jax.nn.sigmoid, (S(6),), "transcendentals", {}),
    # x*x, times itself, times x: one of three is the formula's
    "power": (lambda x: x**5, (S(6),), "flops", {"lowering": 12}),
    # 1 / (x*x)
    "negative power": (lambda x: x**-2, (S(6),), "flops", {"lowering": 6}),
    # log1p and a square root
    "inverse error function": (lax.erf_inv, (S(6),), "transcendentals", {"lowering": 6}),
    "times one": (lambda x: x * 1.0 + 0.0, (S(6),), "flops", {"removed": -12}),
    "constants": (lambda x: x + jnp.sqrt(2.0) * 3.0, (S(6),), "flops", {"removed": -1}),
    "complex product": (lambda x, y: x * y, (C64, C64), "flops", {"complex": 6 - 6 * 6}),
    "complex matrix product": (lambda x, y: x @ y, (S(3, 4, dtype="complex64"), S(4, dtype="complex64")), "flops",
                               {"complex": 2 * 12 - 8 * 12}),
    # lt, add, select per index
    "indexing": (lambda x, i: x[i], (S(9, 4), S(5, dtype="int32")), "flops", {"integer": 10, "select": 5}),
    # 16 log2 16 comparisons for the whole array, 8 log2 8 for each of two lines
    "sort": (lambda x: jnp.sort(x), (S(2, 8),), "flops", {"counting": 16 * 4 - 2 * 8 * 3}),
    # a window of 5 at every place, against 4 additions
    "cumulative sum": (jnp.cumsum, (S(5),), "flops", {"counting": 5 * 4 - 4}),
    # nine operations to keep the larger of two with its index, against one
    "argmax": (lambda x: jnp.argmax(x, 1), (S(3, 4),), "flops", {"counting": 8 * 9}),
    # the loop's counter is compared and increased
    "loop": (scan(10), (S(3, 4), S(4, 4)), "flops", {"loop": -9 * BODY, "integer": 2}),
    "loop of one trip": (scan(1), (S(3, 4), S(4, 4)), "flops", {"integer": 2}),
    "loop of no trip": (scan(0), (S(3, 4), S(4, 4)), "flops", {}),
    "loop unrolled": (scan(5, unroll=5), (S(3, 4), S(4, 4)), "flops", {}),
    "loop unrolled by three": (scan(11, unroll=3), (S(3, 4), S(4, 4)), "flops", {"loop": -6 * BODY, "integer": 2}),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_a_cause_by_itself(name):
    fn, args, quantity, expected = TABLE[name]
    assert amounts(fn, args, quantity) == expected


def test_a_custom_call_hides_what_the_formula_counts():
    found = amounts(lambda a: lax.linalg.cholesky(a, symmetrize_input=False), (S(4, 4),))
    assert found["custom call"] == -1 - (4**3 // 3 + 4**2 // 2 + 1)  # 21 + 8 + 1: 4**3/3 + 4**2/2 + 4/6 = 30
    assert UNEXPLAINED not in found


def test_loops_inside_loops_are_told_apart():
    def inner(c, x):
        with jax.named_scope("inner"):
            return lax.scan(lambda d, _: (jnp.tanh(d * x), None), c, None, length=7)[0], None

    def outer(x):
        with jax.named_scope("outer"):
            return lax.scan(inner, x[0], x)[0]

    row = sc.compare(sc.trace(outer, S(5, 3)), quantities="transcendentals").row("transcendentals")
    (loops,) = row.causes
    # five times the inner loop of 7 tanh becomes one, then the inner loop becomes one trip
    assert dict(loops.parts) == {"outer (5 trips)": -4 * 7 * 3, "outer/inner (7 trips)": -6 * 3}
    assert (row.formula, row.xla) == (5 * 7 * 3, 3)


def test_a_trip_count_that_the_program_does_not_say_is_asked_for():
    def halve(x):
        return lax.while_loop(lambda c: jnp.sum(c) > 1.0, lambda c: jnp.sin(c) * 0.5, x)

    cost = sc.trace(halve, S(6))
    with pytest.raises(MissingSizeError, match="trips_while_0"):
        sc.compare(cost)
    found = sc.compare(cost, at={"trips_while_0": 8})
    assert_explained(found)
    flops = found.row("flops")
    condition, body = 5 + 1, 6
    assert (flops.formula, flops.xla) == (9 * condition + 8 * body, condition + body)
    assert {c.kind: c.parts for c in flops.causes} == {"loop": (("while (8 trips)", -8 * condition - 7 * body),)}
    bound = sc.trace(halve, S(6), trips={"trips_while_0": 8})
    assert sc.compare(bound).row("flops").formula == flops.formula


def test_the_branch_that_xla_takes_for_the_largest():
    def integers(x):
        i = x.astype(jnp.int32)
        return ((i + 1) * 3 - i).astype(jnp.float32)

    def fn(p, x):
        return lax.cond(p, integers, jnp.negative, x)

    # two conversions and three operations on integers to XLA; to the formula only the negation counts
    assert amounts(fn, (S(dtype="bool"), S(6))) == {"branch": -6, "integer": 18, "convert": 12 + 1}


def test_of_alternatives_for_platforms_only_the_one_lowered_is_there():
    def fn(x):
        return lax.platform_dependent(x, tpu=lambda v: v @ v, default=lambda v: v + v)

    assert amounts(fn, (S(4, 4),)) == {"branch": 16 - 2 * 4**3}


def test_primitives_that_share_a_lowering_are_all_found():
    """JAX lowers equal operations once; the copies then carry the line of the first."""

    def fn(x):
        with jax.named_scope("a"):
            y = jax.nn.sigmoid(x)
        with jax.named_scope("b"):
            return jax.nn.sigmoid(y) + 1.0

    assert amounts(fn, (S(6),)) == {"lowering": 2 * 18}
    assert amounts(fn, (S(6),), "transcendentals") == {}


def test_rounding_of_large_sums():
    n = 4097
    row = sc.compare(sc.trace(lambda x, y: x @ y, sc.array("N N"), sc.array("N N")), at={"N": n}, quantities="flops")
    before, after = row.rows
    assert before.formula == 2 * n**3
    assert [(c.kind, c.amount) for c in before.causes] == [("rounding", before.xla - 2 * n**3)]
    assert abs(before.xla - 2 * n**3) < 1e-6 * before.xla
    assert_adds_up(row)
    assert after.unexplained == 0


# -- rules and primitives that are the user's own ------------------------------------------------
def test_a_rule_that_was_given_is_a_cause():
    def seven(op):
        return sc.Cost(flops=7 * op.output.size)

    found = amounts(lambda x: jnp.tanh(x) + x, (S(6),), rules={"tanh": seven})
    assert found == {"own": -42}


mystery = Primitive("mystery_of_the_tests")
mystery.def_abstract_eval(lambda x: x)
mlir.register_lowering(mystery, mlir.lower_fun(lambda x: jnp.exp(x) * x - 1.0, multiple_results=False))


def test_a_primitive_without_a_rule_has_the_value_that_was_given():
    cost = sc.trace(lambda x: mystery.bind(x) + x, S(6))
    with pytest.raises(UnknownPrimitiveError, match="mystery"):
        sc.compare(cost, quantities="flops")
    found = sc.compare(cost, at={"unknown_mystery_of_the_tests_0": 100}, quantities="flops")
    assert_adds_up(found)
    row = found.row("flops")
    assert (row.formula, row.xla) == (106, 18)
    assert {c.kind: c.amount for c in row.causes} == {"unknown": -100, "lowering": 12}


# -- padding, against counting taps one by one ----------------------------------------------------
@settings(max_examples=examples(12))
@given(
    size=st.integers(1, 9),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    low=st.integers(0, 3),
    high=st.integers(0, 3),
    dilation=st.integers(1, 3),
    spread=st.integers(1, 3),
)
def test_taps_on_padding_are_those_that_meet_no_input(size, kernel, stride, low, high, dilation, spread):
    def conv(x, w):
        return lax.conv_general_dilated(x, w, (stride,), [(low, high)], (spread,), (dilation,))

    inputs, outputs, batch = 2, 3, 2
    x, w = S(batch, inputs, size), S(outputs, inputs, kernel)
    places = jax.eval_shape(conv, x, w).shape[-1]
    if not places:
        return
    missed = 0
    for place, tap in itertools.product(range(places), range(kernel)):
        at = place * stride + tap * dilation - low  # in the input, spread out by its dilation
        missed += at % spread != 0 or not 0 <= at < (size - 1) * spread + 1
    expected = {"padding": -2 * batch * inputs * outputs * missed} if missed else {}
    assert amounts(conv, (x, w)) == expected


# -- sums -------------------------------------------------------------------------------------------
def test_an_account_keeps_parts_and_drops_what_cancels():
    account = Account()
    for kind, part, amount in (
        ("integer", "lt", 5), ("loop", "a", -7), ("integer", "add", -9), ("integer", "lt", 3), ("select", "x", 0),
        ("movement", "slice", 4), ("movement", "split", -4),
    ):  # fmt: skip
        account.add(kind, part, amount)
    loop, integer = account.causes()
    assert (loop.kind, loop.amount) == ("loop", -7)
    assert (integer.amount, integer.parts) == (-1, (("add", -9), ("lt", 8)))
    assert account.total == -8
    assert str(integer) == f"-1 {SENTENCES['integer']}: add, lt"


def test_unexplained_parts_that_cancel_are_still_shown():
    account = Account()
    account.add(UNEXPLAINED, "add", 5)
    account.add(UNEXPLAINED, "mul", -5)
    (cause,) = account.causes()
    assert (cause.amount, dict(cause.parts)) == (0, {"add": 5, "mul": -5})


def test_details_name_the_largest_parts():
    account = Account()
    for i, part in enumerate("abcde"):
        account.add("integer", part, i + 1)
    (cause,) = account.causes()
    assert cause.detail() == "e, d, c and 2 more"
