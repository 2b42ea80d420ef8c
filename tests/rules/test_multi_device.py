"""Programs of several devices against formulas written by hand: what all of them compute, what each of them sends."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import pytest
from jax import lax
from jax.sharding import AbstractMesh, AxisType
from jax.sharding import PartitionSpec as P

import symcost as sc
from symcost.capture import trace
from symcost.errors import RuleError
from symcost.interpret import interpret
from symcost.ledger import Ledger
from symcost.program import Instruction, Op, Template, Value
from symcost.rules import load
from symcost.rules.registry import algorithm

load()
shape = jax.ShapeDtypeStruct
EVERYWHERE, SPLIT = P(), P("d")


def mesh(**axes: int) -> AbstractMesh:
    return AbstractMesh(tuple(axes.values()), tuple(axes), axis_types=(AxisType.Auto,) * len(axes))


def mapped(fn: Callable, devices: AbstractMesh, in_specs, out_specs=EVERYWHERE, **options) -> Callable:
    return jax.shard_map(fn, mesh=devices, in_specs=in_specs, out_specs=out_specs, check_vma=False, **options)


def ledger(fn: Callable, *args) -> Ledger:
    found = interpret(trace(fn, args), algorithm, strict=True)
    assert not found.unknown
    return found


def counted(fn: Callable, *args) -> tuple:
    """flops, bytes sent by each device."""
    totals = ledger(fn, *args).totals()
    return totals["flops"], totals["collective_bytes"]


def one_axis(fn: Callable, n: int, spec=SPLIT) -> Callable:
    return mapped(fn, mesh(d=n), spec)


X = shape((12, 6), "float32")  # on 3 devices: (4, 6) each

COLLECTIVES = {
    # 24 elements in 3 chunks of 8: each device sends 2*2 chunks and folds 2; 3 devices
    "psum": (lambda x: lax.psum(x, "d"), 3 * 2 * 8, 4 * 8 * 4),
    "pmax": (lambda x: lax.pmax(x, "d"), 3 * 2 * 8, 4 * 8 * 4),
    "pmin": (lambda x: lax.pmin(x, "d"), 3 * 2 * 8, 4 * 8 * 4),
    "pmean": (lambda x: lax.pmean(x, "d"), 3 * (2 * 8 + 24), 4 * 8 * 4),  # and divides 24 elements
    # the piece of 24 elements goes to two others
    "all_gather": (lambda x: lax.all_gather(x, "d"), 0, 2 * 24 * 4),
    "all_gather tiled": (lambda x: lax.all_gather(x, "d", axis=1, tiled=True), 0, 2 * 24 * 4),
    # (4, 6) -> (4, 2): two pieces of 8 elements sent, two folded
    "psum_scatter": (lambda x: lax.psum_scatter(x, "d", scatter_dimension=1, tiled=True), 3 * 2 * 8, 2 * 8 * 4),
    # 24 elements, a third of them stays
    "all_to_all": (lambda x: lax.all_to_all(x, "d", 1, 0, tiled=True), 0, 2 * 8 * 4),
    "ppermute": (lambda x: lax.ppermute(x, "d", [(0, 1), (1, 2), (2, 0)]), 0, 24 * 4),
    "ppermute of one pair": (lambda x: lax.ppermute(x, "d", [(0, 1)]), 0, 24 * 4),
    "ppermute to itself": (lambda x: lax.ppermute(x, "d", [(0, 0), (1, 1)]), 0, 0),
    "pbroadcast": (lambda x: lax.pbroadcast(x, "d", 1), 0, 2 * 8 * 4),
    "the index of the device": (lambda x: x[0, 0] * lax.axis_index("d").astype("float32"), 3, 0),
}


@pytest.mark.parametrize("name", COLLECTIVES)
def test_one_axis_of_three_devices(name: str) -> None:
    fn, flops, sent = COLLECTIVES[name]
    assert counted(one_axis(fn, 3), X) == (flops, sent)


def test_chunks_are_rounded_up_where_the_devices_do_not_divide_the_buffer() -> None:
    # a scalar on 4 devices: chunks of one element; 2*3 are sent and 3 folded by each
    assert counted(one_axis(lambda x: lax.psum(x.sum(), "d"), 4), shape((4,), "float32")) == (4 * 3, 6 * 4)


def test_one_device_sends_nothing() -> None:
    fn = lambda x: lax.all_gather(lax.psum(x, "d"), "d")
    assert counted(one_axis(fn, 1), X) == (0, 0)


def test_integers_fold_in_int_ops_and_halves_send_half() -> None:
    fn = one_axis(lambda x: lax.psum(x, "d"), 2)
    totals = ledger(fn, shape((4, 3), "int8")).totals()
    assert (totals["int_ops"], totals["collective_bytes"]) == (2 * 3, 2 * 3)
    assert counted(fn, shape((4, 3), "bfloat16")) == (2 * 3, 2 * 3 * 2)


def test_axes_together_are_one_ring_and_apart_are_rows_of_their_own() -> None:
    def fn(x):  # (2, 3): 6 elements
        return lax.psum(lax.psum(x, ("data", "model")), "model")

    found = ledger(mapped(fn, mesh(data=4, model=2), P("data", "model")), shape((8, 6), "float32"))
    sent = {row.key.flag: row["collective_bytes"] for row in found if row.key.flag}
    # 8 devices: 2*7 chunks of 1; 2 devices: 2*1 chunks of 3
    assert sent == {"over data, model": 2 * 7 * 1 * 4, "over model": 2 * 3 * 4}
    assert found.total("flops") == 8 * (7 * 1 + 1 * 3)


def test_groups_of_an_axis() -> None:
    fn = lambda x: lax.psum(x, "d", axis_index_groups=[[0, 1], [2, 3]])
    assert counted(one_axis(fn, 4), shape((8, 3), "float32")) == (4 * 3, 2 * 3 * 4)


def test_axes_of_the_array_are_folded_on_the_device() -> None:
    fn = jax.vmap(lambda x: lax.psum(x, ("rows", "d")), axis_name="rows")
    # on 2 devices (3, 4) each: 2*4 additions, then chunks of 2 of the 4 sums
    assert counted(one_axis(fn, 2), shape((6, 4), "float32")) == (2 * (8 + 2), 2 * 2 * 4)


def test_the_body_counts_on_every_device() -> None:
    fn = mapped(lambda x, w: jnp.exp(x @ w), mesh(data=4, model=2), (P("data"), P(None, "model")), P("data", "model"))
    totals = ledger(fn, shape((8, 5), "float32"), shape((5, 6), "float32")).totals()
    assert totals["flops"] == 2 * 8 * 5 * 6
    assert totals["transcendentals"] == 8 * 6
    # each of 8 devices reads (2, 5) and (5, 3), writes (2, 3), reads and writes (2, 3)
    assert totals["bytes_accessed"] == 8 * 4 * (10 + 15 + 6 + 6 + 6)


def test_what_is_replicated_counts_on_every_device() -> None:
    assert counted(one_axis(lambda x: x * 2, 3, P()), X) == (3 * 72, 0)


def test_axes_left_to_the_compiler_are_not_multiplied() -> None:
    fn = mapped(lambda x: lax.psum(x, "data"), mesh(data=2, model=4), P("data"), axis_names={"data"})
    assert counted(fn, shape((4, 3), "float32")) == (2 * 3, 2 * 3 * 4)  # (2, 3) each, chunks of 3


def test_maps_inside_maps_multiply() -> None:
    devices = mesh(data=2, model=3)

    def inner(x):
        return lax.psum(x * 2, "model")

    def outer(x):
        return jax.shard_map(inner, in_specs=P("model"), out_specs=P(), axis_names={"model"}, check_vma=False)(x)

    fn = mapped(outer, devices, P("data"), P("data"), axis_names={"data"})
    # (2, 9) each: 6 devices multiply and fold 2 chunks of 6
    assert counted(fn, shape((12, 9), "float32")) == (6 * (18 + 2 * 6), 4 * 6 * 4)


def test_bytes_in_a_loop_are_sent_as_often_as_it_runs() -> None:
    body = lambda c, _: (lax.psum(c, "d") * 0.5, None)
    fn = one_axis(lambda x: lax.scan(body, x, None, length=5)[0], 3)
    assert counted(fn, X) == (3 * 5 * (16 + 24), 5 * 4 * 8 * 4)


def test_the_gradient_sums_what_was_broadcast() -> None:
    loss = jax.shard_map(
        lambda w, x: lax.psum((x @ w).sum(), "d"), mesh=mesh(d=2), in_specs=(P(), P("d")), out_specs=P()
    )
    found = ledger(jax.grad(loss), shape((5, 3), "float32"), shape((4, 5), "float32"))
    sums = [row for row in found if row.key.primitive.startswith("psum")]
    # the loss itself is dead code; the gradient of 15 weights: 2*1 chunks of 8
    assert [row["collective_bytes"] for row in sums] == [2 * 8 * 4]


def test_explicit_axes() -> None:
    devices = AbstractMesh((3,), ("d",), axis_types=(AxisType.Explicit,))

    def fn(x):
        x = jax.reshard(x, jax.sharding.NamedSharding(devices, P("d")))
        return jax.shard_map(lambda x: lax.psum(x, "d"), mesh=devices, in_specs=P("d"), out_specs=P())(x)

    assert counted(fn, X) == (3 * 2 * 8, 4 * 8 * 4)


def operation(primitive: str, params: dict, *inputs: Value) -> Op:
    template = Template(primitive, ((2, "float32"),), tuple(params.items()))
    return Op(Instruction(template, inputs[0].shape, (), 0), inputs, template.values(inputs[0].shape))


RING = {"axes": ("d",), "group": (3,), "positional": ()}


@pytest.mark.parametrize(
    ("primitive", "params", "flops", "sent"),
    [
        ("psum_start", RING, 2 * 8, 4 * 8 * 4),
        ("psum_invariant_start", RING, 2 * 8, 4 * 8 * 4),
        ("unreduced_psum", RING, 2 * 8, 4 * 8 * 4),
        ("unreduced_pmax", RING, 2 * 8, 4 * 8 * 4),
        ("all_gather_reduced_start", RING, 0, 2 * 24 * 4),
        ("unreduced_reduce_scatter", RING, 2 * 8, 2 * 8 * 4),
        ("reduce_scatter_start", RING, 2 * 8, 2 * 8 * 4),
        ("all_to_all_start", RING, 0, 2 * 8 * 4),
        ("ppermute_start", {**RING, "sends": 1}, 0, 24 * 4),
        ("psend", {**RING, "sends": 1}, 0, 24 * 4),
        ("ragged_all_to_all", RING, 0, 24 * 4),
        ("precv", {**RING, "sends": 1}, 0, 0),
        ("all_gather_done", {}, 0, 0),
    ],
)
def test_forms_that_take_a_machine_to_trace(primitive: str, params: dict, flops: int, sent: int) -> None:
    cost = algorithm.cost(operation(primitive, params, Value((4, 6), "float32")))
    assert isinstance(cost, sc.Cost)
    assert (cost.flops, cost.collective_bytes) == (flops, sent)


# -- formulas ----------------------------------------------------------------------------------


def data_parallel(n: int, B: int, F: int):
    fn = mapped(lambda x, w: lax.psum(x.T @ (x @ w), "data"), mesh(data=n), (P("data"), P()))
    return fn, (shape((n * B, F), "float32"), shape((F, n), "float32"))


def test_the_size_of_the_mesh_is_a_symbol() -> None:
    cost = sc.trace_family(data_parallel, "n B F")
    # F*n sums in n chunks of F: each device sends 2(n - 1) and folds n - 1 of them
    assert cost.text("collective_bytes") == "8*n*F - 8*F"
    assert cost.at(n=4, B=8, F=16).flops == 4 * (2 * 8 * 16 * 4 + 2 * 16 * 8 * 4 + 3 * 16)
    assert cost.at(n=1, B=8, F=16).collective_bytes == 0
    cost.verify(points=2)


def test_chunks_of_symbolic_size_stay_integers() -> None:
    def build(n: int, F: int):
        return mapped(lambda x: lax.psum(x, "d"), mesh(d=n), P()), (shape((F,), "float32"),)

    cost = sc.trace_family(build, "n F")
    for n, f in ((1, 5), (2, 5), (3, 5), (4, 8), (7, 3)):
        piece = -(-f // n)
        assert cost.at(n=n, F=f).collective_bytes == 2 * (n - 1) * piece * 4
        assert cost.at(n=n, F=f).flops == n * (n - 1) * piece


def test_a_permutation_of_symbolic_length() -> None:
    def build(n: int, F: int):
        ring = [(i, (i + 1) % n) for i in range(n)]
        return mapped(lambda x: lax.ppermute(x, "d", ring), mesh(d=n), P("d"), P("d")), (shape((n, F), "float32"),)

    cost = sc.trace_family(build, "n F")
    assert [cost.at(n=n, F=10).collective_bytes for n in (1, 2, 5)] == [0, 40, 40]


def test_two_axes_of_symbolic_sizes_by_axis() -> None:
    def build(n: int, m: int, F: int):
        body = lambda x: lax.psum(lax.all_gather(x, "model", axis=1, tiled=True), "data")
        return mapped(body, mesh(data=n, model=m), P("data", "model")), (shape((n * n, m * F), "float32"),)

    cost = sc.trace_family(build, "n m F")
    sent = {row.key.flag: str(row["collective_bytes"]) for row in cost.ledger.rows if row.key.flag}
    assert set(sent) == {"over model", "over data"}
    # (n, F) each; gathered from m devices; then n chunks of m*F
    sizes = {"n": 4, "m": 3, "F": 7}
    assert cost.at(**sizes).collective_bytes == 2 * 28 * 4 + 2 * 3 * 21 * 4
    assert cost.text("collective_bytes") == "12*n*m*F - 4*n*F - 8*m*F"


def test_an_axis_that_no_mesh_has_is_an_error_of_jax() -> None:
    with pytest.raises(NameError, match="axis name"):
        trace(lambda x: lax.psum(x, "nowhere"), (X,))


def test_a_rule_for_one_call_replaces_a_collective() -> None:
    fn = one_axis(lambda x: lax.psum(x, "d"), 3)
    own = {"psum": lambda op: sc.Cost(collective_bytes=op.output.bytes)}
    assert sc.trace(fn, sc.array((12, 6)), rules=own).at().collective_bytes == 24 * 4
    with pytest.raises(RuleError, match="negative"):
        sc.trace(fn, sc.array((12, 6)), rules={"psum": lambda op: sc.Cost(collective_bytes=-1)})
