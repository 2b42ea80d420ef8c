"""Traffic after fusion, against formulas by hand: what each kernel reads and writes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.capture import trace
from symcost.fusion import fused, moments


def chain(x):
    return jnp.exp(jnp.sin(x) + 1.0) * 2.0


def twice(x):
    """Both readers of sin(x) are in one kernel."""
    y = jnp.sin(x)
    return y * jnp.exp(y)


def dense(x, w, b):
    return jax.nn.relu(x @ w + b)


def softmax(x):
    return jax.nn.softmax(x)


def total(x):
    return jnp.sum(jnp.sin(x), axis=1)


def centred(x):
    return x - jnp.mean(x, axis=1, keepdims=True)


def take(table, i):
    return table.at[i].get(mode="clip") * 2.0


def update(x, u):
    return jax.lax.dynamic_update_slice(x, u, (0, 0))


def transposed(x, w):
    return x @ w.T


def half(x):
    return jnp.sin(x[:5]) + 1.0


def steps(x, ws):
    return jax.lax.scan(lambda c, w: (jnp.tanh(c @ w), None), x, ws)[0]


def returned(x):
    return x, jnp.sin(x)


CASES = {
    # name: (function, arguments, bytes that kernels move, bytes that no chip can save)
    "a chain": (chain, ["N F"], "8*N*F", "8*N*F"),
    "a diamond": (twice, ["N F"], "8*N*F", "8*N*F"),
    # the dot reads x and w and writes y; bias and relu read y and b and write the result
    "dense": (dense, ["N F", "F H", "H"], "4*N*F + 12*N*H + 4*F*H + 4*H", "4*N*F + 4*N*H + 4*F*H + 4*H"),
    # max reads x; exp reads x and max, writes e; sum reads e; div reads e and sum
    "softmax": (softmax, ["N F"], "24*N*F + 16*N", "8*N*F"),
    "a sum": (total, ["N F"], "4*N*F + 4*N", "4*N*F + 4*N"),
    "less its mean": (centred, ["N F"], "12*N*F + 8*N", "8*N*F"),
    # T rows are read, T indices, and T rows written
    "rows of a table": (take, ["V D", "T:int32"], "8*T*D + 4*T", "4*T*D + 4*T + min(4*V*D, 4*T*D)"),
    # an argument that is not donated stays: the result is written as a whole
    "an update": (update, ["N F", "3 F"], "8*N*F + 12*F", None),
    "a transposed operand": (transposed, ["N F", "H F"], "4*N*F + 4*N*H + 4*F*H", "4*N*F + 4*N*H + 4*F*H"),
    "a slice": (half, ["2*N+5 F"], "40*F", "20*F + min(8*N*F + 20*F, 20*F)"),
    # each step: the dot reads c and w and writes; tanh reads and writes
    "a scan": (steps, ["N F", "L F F"], "16*N*F*L + 4*F**2*L", None),
    "an argument as a result": (returned, ["N F"], "16*N*F", "12*N*F"),
}


def parts(x):
    return [jnp.sin(part) for part in jnp.split(x, 4)]


def start(x):
    return jnp.sin(x)[:5] * 2.0


def both(x, w):
    y = x @ w
    return y, y.T


CASES |= {
    # a part is a slice, which the kernel that reads it takes itself
    "parts of an argument": (parts, ["4*N F"], "32*N*F", "32*N*F"),
    # two results are two arrays, and one of them is a copy
    "a result twice": (both, ["N F", "F H"], "4*N*F + 4*F*H + 12*N*H", "4*N*F + 4*F*H + 8*N*H"),
    "the start of a chain": (start, ["2*N+5 F"], "4*F*(2*N + 5) + 20*F", None),
}


def arrays(shapes):
    return [sc.array(*text.split(":")) for text in shapes]


@pytest.mark.parametrize("name", CASES)
def test_traffic_is_what_kernels_read_and_write(name):
    function, shapes, moved, least = CASES[name]
    cost = sc.trace(function, *arrays(shapes))
    sizes = {n: 7 + 4 * i for i, n in enumerate(cost.domain.names)}
    assert cost.at(**sizes).fused_bytes == eval(moved, {"min": min}, dict(sizes)), cost.text("fused_bytes")
    if least is not None:
        assert cost.at(**sizes).compulsory_bytes == eval(least, {"min": min}, dict(sizes))


def test_a_donated_argument_is_changed_in_place():
    cost = sc.trace(jax.jit(update, donate_argnums=0), sc.array("N F"), sc.array("3 F"))
    assert cost.text("fused_bytes") == "24*F"


def test_kernels_do_not_depend_on_sizes():
    """Which operations are one kernel follows from who reads what; sizes that coincide change nothing."""

    def kernels(n, f, h):
        shapes = [jax.ShapeDtypeStruct(s, "float32") for s in ((n, f), (f, h), (h,))]
        return [i.template.primitive for i in fused(trace(dense, shapes)).instructions]

    assert kernels(8, 8, 8) == kernels(3, 5, 7) == ["dot_general", "max"]


def test_a_rule_of_the_users_own_says_what_its_operation_moves():
    def sort(op):
        return sc.Cost(bytes_accessed=17 * op.output.size)

    cost = sc.trace(jnp.sort, sc.array("N"), rules={"sort": sort})
    assert cost.text("fused_bytes") == "17*N"
    assert sc.trace(jnp.sort, sc.array("N")).text("fused_bytes") == "8*N"


def test_the_largest_branch_of_a_conditional_counts():
    def either(p, x, w):
        return jax.lax.cond(p, lambda: jnp.sin(x), lambda: x @ w)

    cost = sc.trace(either, sc.array("", "bool"), sc.array("N F"), sc.array("F F"))
    values = cost.at(N=10, F=20)
    assert values.fused_bytes == (4 + 1) + 8 * 10 * 20 + 4 * 20 * 20  # the predicate as a number, and the dot


def test_trip_counts_stand_in_the_traffic_as_in_the_flops():
    def search(x):
        return jax.lax.while_loop(lambda c: c[0, 0] < 9, lambda c: c @ c, x)

    cost = sc.trace(search, sc.array("N N"))
    (name,) = [u.symbol for u in cost.unknown]
    assert cost.at(N=5, **{name: 10}).fused_bytes - cost.at(N=5, **{name: 9}).fused_bytes == 3 * 4 * 25 - 4 * 25 + 5


def peak(function, *shapes):
    return max(moment.bytes for moment in moments(fused(trace(function, [jax.ShapeDtypeStruct(*s) for s in shapes]))))


def test_what_a_kernel_reads_at_other_places_is_not_overwritten():
    """XLA:CPU and XLA:GPU have three arrays here, too: the argument, the product and the result."""
    square, size = ((64, 64), "float32"), 4 * 64 * 64

    def turned(x):
        y = x @ x
        return jnp.sin(y) + y.T

    def reversed_(x):
        y = x @ x
        return jnp.sin(y)[::-1] + y

    def aligned(x):
        y = x @ x
        return jnp.sin(y) + y

    assert peak(turned, square) == peak(reversed_, square) == 3 * size
    assert peak(aligned, square) == 2 * size
    assert peak(lambda x: jnp.sin((x @ x).T), square) == 2 * size


def test_what_is_returned_twice_is_there_twice():
    assert peak(lambda x: (lambda y: (y, y, x))(jnp.sin(x)), ((8, 8), "float32")) == 4 * 4 * 64


def test_a_donated_argument_that_fits_no_result_stays():
    """XLA:CPU keeps it as well, while the products are made."""

    def fold(x, w):
        y = x.sum(0)[:, None] * w
        return ((y @ w) @ w).sum(1)

    shapes = ((64, 8), "float32"), ((8, 8), "float32")
    assert peak(jax.jit(fold, donate_argnums=0), *shapes) == peak(fold, *shapes)


def test_a_donated_argument_may_become_a_result_of_another_shape():
    def turn(x, w):
        return (jnp.sin(x) + w).reshape(-1), w @ w.T

    shapes = ((8, 4), "float32"), ((8, 4), "float32")
    assert peak(turn, *shapes) - peak(jax.jit(turn, donate_argnums=0), *shapes) == 4 * 32


@pytest.mark.parametrize(("n", "f"), [(3, 5), (4, 4), (1, 7), (9, 1), (1, 1)])
def test_what_a_donated_argument_fits_does_not_depend_on_sizes(n, f):
    function = jax.jit(lambda x, w: jnp.sin(x @ w) @ w.T @ w, donate_argnums=0)
    cost = sc.trace(function, sc.array("N F"), sc.array("F H"))
    sizes = {"N": n, "F": f, "H": f}
    program = cost.analysis.program("jaxpr", sizes)
    assert cost.at(**sizes).peak_memory == max(moment.bytes for moment in moments(fused(program)))
