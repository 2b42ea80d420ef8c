"""Python branches on sizes: whatever a test in the user's code asks, the formula holds on both sides of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import symcost as sc
from symcost.capture import trace
from symcost.interpret import interpret
from symcost.rules.registry import algorithm
from symcost.watch import watching
from tests.exactness import assert_exact

WINDOW, LOW, HIGH = 384, 40, 60


class Settings:
    """Numbers that stand elsewhere than where they are compared."""

    window, chunk = 700, 48


settings = Settings()


def floats(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)


TESTS: dict[str, Callable[[int, int], bool]] = {
    "equal": lambda T, F: T == F,
    "twice": lambda T, F: T == 2 * F,
    "square": lambda T, F: T == F * F,
    "product": lambda T, F: T * F == 4096,
    "sum": lambda T, F: T + F == 100,
    "quotient": lambda T, F: T // F == 3,
    "divisible": lambda T, F: T % F == 0,
    "divides": lambda T, F: F % T == 0,
    "greater": lambda T, F: T > F,
    "not less": lambda T, F: T >= F,
    "area": lambda T, F: T * F > 10_000,
    "both small": lambda T, F: T <= 128 and F <= 128,
    "between": lambda T, F: LOW < T < HIGH,
    "between far": lambda T, F: 200 < T < 800,
    "far": lambda T, F: T > 10_000,
    "size of a constant": lambda T, F: T == WINDOW,
    "one of two": lambda T, F: T in (5, 384),
    "small size": lambda T, F: T == 3,
    "attribute": lambda T, F: T - settings.window > 0,
    "multiple of an attribute": lambda T, F: T % settings.chunk == 0,
    "multiple": lambda T, F: T % 100 == 0,
    "residue": lambda T, F: T % 4 == 1,
    "two residues": lambda T, F: T % 2 == 0 and T % 3 == 0,
    "no remainder": lambda T, F: not T % 7,
    "maximum": lambda T, F: max(T, 500) == 500,
    "never": lambda T, F: T < 0,
}

POINTS = [
    *((1, 5), (2, 2), (3, 9), (5, 8), (6, 5), (7, 14), (9, 3), (12, 5), (14, 7), (21, 7), (25, 5), (33, 11), (40, 3)),
    *((41, 9), (45, 55), (49, 7), (50, 8), (59, 8), (60, 9), (63, 65), (64, 64), (32, 128), (128, 32), (96, 5)),
    *((100, 3), (100, 100), (101, 100), (128, 128), (129, 128), (128, 129), (200, 3), (201, 3), (300, 11), (383, 2)),
    *((384, 7), (385, 7), (500, 3), (501, 3), (700, 5), (701, 5), (799, 2), (801, 3), (10_000, 3), (10_001, 3)),
]


def branching(test: Callable[[int, int], bool]) -> Callable:
    """A function that asks `test` of the shape of its argument."""

    def fn(x, w):
        T, F = x.shape
        y = x @ w
        return y + jnp.sin(y) if test(T, F) else y

    return lambda T, F: (fn, (floats(T, F), floats(F, F)))


def assert_equal(cost: sc.ProgramCost, build: Callable, sizes: dict[str, int]) -> None:
    fn, args = build(**sizes)
    expected = interpret(trace(fn, args), algorithm).totals()
    values = cost.at(**sizes)
    assert {q: getattr(values, q) for q in expected} == expected, sizes


@pytest.mark.parametrize("name", TESTS)
def test_both_sides_of_a_test_are_exact(name):
    build = branching(TESTS[name])
    cost = sc.trace_family(build, "T F")
    for T, F in POINTS:
        assert_equal(cost, build, {"T": T, "F": F})


def test_branches_of_a_function_that_is_gone_after_building():
    """`fn` closes over the sizes, and nobody keeps it."""

    def build(T, F):
        chunk = 24

        def fn(x, w):
            y = x @ w
            return jnp.sin(y) if T % chunk == 0 or F == 2 * T else y

        return fn, (floats(T, F), floats(F, F))

    cost = sc.trace_family(build, "T F")
    assert_exact(cost, build, [{"T": t, "F": f} for t, f in ((24, 5), (25, 5), (48, 3), (7, 14), (7, 13), (24, 48))])


LOOPS: dict[str, Callable[[int, int], bool]] = {
    "one layer": lambda i, L: i == 4,
    "a late layer": lambda i, L: i == 30,
    "from a layer on": lambda i, L: i >= 12,
    "up to a layer": lambda i, L: i < 6,
    "every third": lambda i, L: i % 3 == 0,
    "every fifth": lambda i, L: i % 5 == 4,
    "every sixth": lambda i, L: i % 6 == 5,
    "fourths but the first": lambda i, L: i % 4 == 0 and i > 0,
    "second half": lambda i, L: i >= L // 2,
    "last": lambda i, L: i == L - 1,
    "last four": lambda i, L: i >= L - 4,
    "two residues": lambda i, L: i % 4 in (1, 2),
}


@pytest.mark.parametrize("name", LOOPS)
def test_layers_of_two_kinds(name):
    test = LOOPS[name]

    def build(L, F):
        def fn(x, w):
            for i in range(L):
                x = x @ w
                if test(i, L):
                    x = jnp.sin(x)
            return x

        return fn, (floats(5, F), floats(F, F))

    cost = sc.trace_family(build, "L F")
    for L in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 20, 31, 40):
        assert_equal(cost, build, {"L": L, "F": 3})


def test_a_test_that_no_formula_covers_is_named():
    with pytest.raises(sc.errors.GeneralizationError) as error:
        sc.trace_family(branching(lambda T, F: T & (T - 1) == 0), "T F")
    assert "T & T - 1 == 0" in str(error.value)
    assert "test_branches.py:" in str(error.value)
    assert "T=" in str(error.value)


def test_conditions_are_printed_as_they_would_be_written():
    for name, text in {
        "twice": "[T = 2*F]",
        "divisible": "[T mod F = 0]",
        "not less": "[F <= T]",
        "both small": "[F <= 128 and T <= 128]",
    }.items():
        assert text in sc.trace_family(branching(TESTS[name]), "T F").text("transcendentals")


# -- watching ------------------------------------------------------------------------------


def seen(function: Callable, *args) -> dict[str, list[tuple]]:
    """Text of each test of this file -> values of its leaves."""
    with watching(lambda file: file == __file__) as watch:
        function(*args)
    # a comprehension's own `range` may be asked for again in each of its rounds
    return {test.text: list(dict.fromkeys(v)) for test, v in watch.seen.items() if v and test.kind != "divisor"}


def test_watching_sees_what_was_compared():
    def model(x, width, mode="same"):
        if mode == "same" and len(x) > 2:
            pass
        doubled = [i for i in range(width) if i % 2 == 0]
        return doubled if not width % 7 else min(width, x[-1])

    assert seen(model, (4, 5, 6), 3) == {
        "mode == 'same' and len(x) > 2": [("same", 3)],
        "range(width)": [(3,)],
        "i % 2 == 0": [(0,), (1,), (2,)],
        "width % 7": [(3,)],
        "min(width, x[-1])": [(3, 6)],
    }


def test_watching_evaluates_nothing_that_could_do_something():
    calls = []

    def model(width):
        return calls.append(1) or width > len(calls) or calls.pop() > 3

    seen(model, 5)
    assert calls == [1]  # once, by the model itself


def test_watching_twice_sees_the_same():
    """What one watch has switched off, `sys.monitoring` remembers; and functions of one line have but one."""
    short = lambda n: n > 3

    def model(n):
        return [short(i) for i in range(n)]

    assert seen(model, 3) == seen(model, 3) == {"range(n)": [(3,)], "n > 3": [(0,), (1,), (2,)]}


def test_other_threads_are_not_watched():
    def model(n):
        return n > 3

    def both(n):
        thread = threading.Thread(target=model, args=(99,))
        thread.start()
        thread.join()
        return model(n)

    assert seen(both, 5) == {"n > 3": [(5,)]}


def test_watching_tells_lambdas_of_one_line_apart():
    small, large = (lambda n: n < 2), (lambda n: n > 9)
    assert seen(small, 5) == {"n < 2": [(5,)]}
    assert seen(large, 5) == {"n > 9": [(5,)]}


def test_watching_leaves_another_tracer_in_place():
    events = []

    def other(frame, event, argument):
        events.append(frame.f_code.co_name)
        return other

    def model(n):
        return n > 3

    before = sys.gettrace()
    sys.settrace(other)
    try:
        assert seen(model, 5) == {"n > 3": [(5,)]}
        assert sys.gettrace() is other
    finally:
        sys.settrace(before)
    assert "model" in events


# -- what reviewers found ------------------------------------------------------------------


def test_which_operand_is_read_is_part_of_the_program():
    def build(T, F):
        return (lambda x: x @ x.T if T > F else x.T @ x), (floats(T, F),)

    cost = sc.trace_family(build, "T F")
    assert_exact(cost, build, [{"T": t, "F": f} for t, f in ((20, 30), (30, 20), (5, 5), (1, 7), (7, 1))])


@pytest.mark.parametrize("window", [16, 50, 64, 100])
def test_padding_to_a_multiple(window):
    """ceil(T/w) and floor(T/w) + 1 differ at multiples of w alone."""

    def build(B, T):
        def fn(x):
            chunks = -(-T // window)
            x = jnp.pad(x, ((0, 0), (0, chunks * window - T), (0, 0))).reshape(B, chunks, window, 2)
            return jnp.einsum("bntd,bnsd->bnts", x, x)

        return fn, (floats(B, T, 2),)

    cost = sc.trace_family(build, "B T")
    assert cost.text("macs") == f"{2 * window**2}*B*ceil(T/{window})"
    for T in (1, window - 1, window, window + 1, 2 * window, 3 * window):
        assert_equal(cost, build, {"B": 2, "T": T})


def matched(x):
    match x.shape[0]:
        case 64:
            return x + 1
        case 77:
            return x * 2 + 3
        case _:
            return x


TABLES: dict[str, Callable] = {
    "match": matched,
    "look-up": lambda x: {128: jnp.sin, 256: jnp.cos}.get(x.shape[0], lambda v: v + 1)(x),
    "member of a table": lambda x: x * 2 if x.shape[0] in {128: 3, 256: 5} else x * 2 + 1,
    "area": lambda x: x + 1 if np.prod(x.shape) > 3000 else x,
}


@pytest.mark.parametrize("name", TABLES)
def test_sizes_that_are_looked_up(name):
    cost = sc.trace_family(lambda T: (TABLES[name], (floats(T),)), "T")
    for T in (1, 2, 63, 64, 65, 77, 128, 256, 257, 3000, 3001):
        assert_equal(cost, lambda T: (TABLES[name], (floats(T),)), {"T": T})


def doubled(x, L):
    for _ in range(L):
        x = x * 2
    return x


DEPTHS: dict[str, Callable] = {
    "some layers": lambda x, L: [x := jnp.sin(x) if i in (3, 7, 11) else x * 2 for i in range(L)][-1],
    "a deep layer": lambda x, L: [x := jnp.sin(x) if i == 50 else x * 2 for i in range(L)][-1],
    "a range with a step": lambda x, L: doubled([x := jnp.sin(x) for i in range(0, L, 12)][-1], L),
    "a range of a quotient": lambda x, L: doubled([x := jnp.sin(x) for i in range(L // 16 + 1)][-1], L),
}


@pytest.mark.parametrize("name", DEPTHS)
def test_layers_far_beyond_the_first(name):
    def build(T, L):
        return (lambda x: DEPTHS[name](x, L)), (floats(T),)

    cost = sc.trace_family(build, "T L")
    for L in (1, 2, 5, 11, 12, 13, 16, 24, 33, 51, 60):
        assert_equal(cost, build, {"T": 5, "L": L})


def test_chunks_that_are_no_layers_are_never_believed_from_one_chunk():
    """`range(0, T, 64)` runs once at all small T."""

    def build(N, T):
        def fn(q, k):
            for start in range(0, T, 64):
                q = q + jnp.tanh(q @ k[start : start + 64].T).sum()
            return q

        return fn, (floats(N, 8), floats(T, 8))

    try:
        cost = sc.trace_family(build, "N T")
    except sc.errors.GeneralizationError:
        return
    for T in (10, 64, 65, 128, 1000):
        assert_equal(cost, build, {"N": 7, "T": T})


def test_powers_of_two_among_layers_are_refused():
    def build(T, L):
        def fn(x):
            for i in range(L):
                x = jnp.sin(x) if i & (i - 1) == 0 else x * 2
            return x

        return fn, (floats(T),)

    with pytest.raises(sc.errors.GeneralizationError, match=r"test_branches\.py"):
        sc.trace_family(build, "T L")


def test_a_relation_may_exclude_size_one():
    cost = sc.trace_family(lambda N: ((lambda x: x.sum() / (N - 1)), (floats(N),)), "N", where=["N >= 2"])
    assert cost.text("flops") == "N"


def test_a_float_that_becomes_one():
    """`jnp.median` multiplies by (N - 1)/2 or so, which XLA drops where it is 1."""

    def build(N):
        return jnp.median, (floats(N),)

    assert_exact(sc.trace_family(build, "N"), build, [{"N": n} for n in (1, 2, 3, 4, 5, 11)])


def remainder(x):
    chunks, rest = divmod(x.shape[0], 96)
    return jnp.sin(x) if rest else x * chunks


def whole(x):
    ratio = x.shape[0] / 128
    return jnp.sin(x) if ratio == int(ratio) else x * 2


@pytest.mark.parametrize("fn", [remainder, whole])
def test_values_computed_on_an_earlier_line(fn):
    cost = sc.trace_family(lambda T: (fn, (floats(T),)), "T")
    for T in (1, 95, 96, 97, 128, 129, 192, 256):
        assert_equal(cost, lambda T: (fn, (floats(T),)), {"T": T})


def test_relations_that_hold_together():
    def build(T, F, H):
        def fn(x, y, z):
            if T > F and F > H:
                return jnp.sin(x)
            if T == H:
                return jnp.cos(y) * 2
            return jnp.tanh(z) if H >= 2 * F else z

        return fn, (floats(T), floats(F), floats(H))

    cost = sc.trace_family(build, "T F H")
    for T, F, H in ((9, 7, 5), (10, 5, 10), (20, 4, 20), (7, 9, 7), (5, 6, 30), (5, 6, 8), (6, 6, 6), (8, 4, 8)):
        assert_equal(cost, build, {"T": T, "F": F, "H": H})
