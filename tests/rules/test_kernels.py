"""Kernels on their grid, programs behind a name, fused attention: against formulas written by hand."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable

import jax
import jax.numpy as jnp
import pytest
from jax import lax
from jax._src.cudnn import fused_attention_stablehlo as cudnn  # takes a GPU to call, not to trace
from jax.experimental import pallas as pl
from jax.experimental import sparse
from jax.experimental.pallas import tpu as pltpu

import symcost as sc
from symcost.capture import trace
from symcost.interpret import interpret
from symcost.polynomial import symbol
from symcost.rules import load
from symcost.rules.registry import algorithm
from tests.rules.measure import counts

load()
shape = jax.ShapeDtypeStruct
BLOCK = 128


def matmul_kernel(x, w, o):
    @pl.when(pl.program_id(2) == 0)
    def _():
        o[...] = jnp.zeros_like(o)

    o[...] += x[...] @ w[...]


def matmul(x, w, block: int = BLOCK, estimate: pl.CostEstimate | None = None):
    (m, k), n = x.shape, w.shape[1]
    return pl.pallas_call(
        matmul_kernel,
        grid=(m // block, n // block, k // block),
        in_specs=[
            pl.BlockSpec((block, block), lambda i, j, k: (i, k)),
            pl.BlockSpec((block, block), lambda i, j, k: (k, j)),
        ],
        out_specs=pl.BlockSpec((block, block), lambda i, j, k: (i, j)),
        out_shape=shape((m, n), x.dtype),
        cost_estimate=estimate,
    )(x, w)


def exp_kernel(x, o):
    o[...] = jnp.exp(x[...]) * 2.0


def exp_by_blocks(x, block: int = 8, **options):
    spec = pl.BlockSpec((block,), lambda i: (i,))
    grid = (x.shape[0] // block,)
    call = pl.pallas_call(exp_kernel, grid=grid, in_specs=[spec], out_specs=spec, out_shape=x, **options)
    return call(x)


def test_the_body_runs_once_per_point_of_the_grid() -> None:
    found = interpret(trace(matmul, (shape((256, 384), "float32"), shape((384, 512), "float32"))), algorithm)
    totals = found.totals()
    # 2*4*3 points; each adds its block's product to the output; one comparison of the program's index
    assert totals["flops"] == 2 * 256 * 384 * 512 + 24 * BLOCK * BLOCK
    assert totals["macs"] == 256 * 384 * 512
    assert totals["int_ops"] == 24
    # operands and results once; what moves on the chip is not counted
    assert totals["bytes_accessed"] == 4 * (256 * 384 + 384 * 512 + 256 * 512)
    assert {row.key.unit for row in found if "macs" in row.costs} == {"matrix"}


def test_the_kernels_own_estimate_wins_and_says_so() -> None:
    estimate = pl.CostEstimate(flops=5, transcendentals=1, bytes_accessed=7)
    fn = lambda x, w: matmul(x, w, estimate=estimate)
    found = interpret(trace(fn, (shape((256, 384), "float32"), shape((384, 512), "float32"))), algorithm)
    totals = found.totals()
    assert [totals[q] for q in ("flops", "transcendentals", "bytes_accessed")] == [5, 1, 7]
    assert (totals["macs"], totals["int_ops"]) == (256 * 384 * 512, 24)  # no part of an estimate
    (row,) = [row for row in found if row.key.flag]
    assert (row.key.primitive, row.key.flag, row.key.unit) == ("pallas_call", "the kernel's own estimate", "matrix")


def test_the_grid_is_a_formula() -> None:
    n = sc.dim("BLOCKS_N", multiple_of=8)
    cost = sc.trace(exp_by_blocks, sc.array((n,)))
    assert (cost.text("flops"), cost.text("transcendentals")) == ("BLOCKS_N", "BLOCKS_N")
    assert cost.text("bytes_accessed") == "8*BLOCKS_N"
    cost.verify(points=2)


def test_a_matmul_kernel_as_a_formula() -> None:
    m, n, k = (sc.dim(name, multiple_of=BLOCK) for name in ("BLOCKS_M", "BLOCKS_N", "BLOCKS_K"))
    cost = sc.trace(matmul, sc.array((m, k)), sc.array((k, n)))
    assert cost.text("macs") == "BLOCKS_M*BLOCKS_N*BLOCKS_K"
    # blocks are added up once per point: an addition per output element and block of the contracted axis
    assert cost.at(BLOCKS_M=256, BLOCKS_N=384, BLOCKS_K=512).flops == 256 * 384 * (2 * 512 + 512 // BLOCK)


def test_an_estimate_as_a_formula() -> None:
    def fn(x):
        n = x.shape[0]
        return exp_by_blocks(x, cost_estimate=pl.CostEstimate(flops=3 * n, transcendentals=n, bytes_accessed=8 * n))

    n = sc.dim("BLOCKS_N", multiple_of=8)
    cost = sc.trace(fn, sc.array((n,)))
    texts = [cost.text(q) for q in ("flops", "transcendentals", "bytes_accessed")]
    assert texts == ["3*BLOCKS_N", "BLOCKS_N", "8*BLOCKS_N"]


def test_a_grid_known_at_run_time_is_a_trip_count() -> None:
    def fn(n, x):
        spec = pl.BlockSpec((8,), lambda i, j: (i,))
        return pl.pallas_call(exp_kernel, grid=(n, 2), in_specs=[spec], out_specs=spec, out_shape=x)(x)

    args = (shape((), "int32"), shape((64,), "float32"))
    found = interpret(trace(fn, args), algorithm)
    assert found.total("transcendentals") == 2 * 8 * symbol("trips_pallas_call_0")
    assert interpret(trace(fn, args), algorithm, trips={"trips_pallas_call_0": 8}).total("flops") == 2 * 8 * 8


def test_loops_scratch_and_copies_inside_a_kernel() -> None:
    def kernel(x, o, semaphore):
        copy = pltpu.make_async_copy(x, o, semaphore)
        copy.start()
        copy.wait()

        def scoped(scratch):
            def step(i, _):
                scratch[...] = x[pl.ds(i * 8, 8)] * 2.0
                o[pl.ds(i * 8, 8)] = scratch[...]

            lax.fori_loop(0, 4, step, None)

        pl.run_scoped(scoped, pltpu.VMEM((8,), jnp.float32))

    fn = lambda x: pl.pallas_call(kernel, out_shape=x, scratch_shapes=[pltpu.SemaphoreType.DMA])(x)
    # per trip: 8 multiplications; the counter, and the offset of the two slices
    assert counts(fn, shape((32,), "float32")) == {"flops": 4 * 8, "int_ops": 4 * (1 + 2)}


def test_a_program_on_each_core() -> None:
    with warnings.catch_warnings(action="ignore"):  # 0.12 has another name for it
        cores = pltpu.create_tensorcore_mesh("core", num_cores=2)

    def fn(x):
        return pl.kernel(exp_kernel, out_type=x, mesh=cores)(x)

    assert counts(fn, shape((8,), "float32")) == {"flops": 2 * 8, "transcendentals": 2 * 8}


# -- JAX's own definitions ---------------------------------------------------------------------


def test_gamma_counts_its_rejections_by_name() -> None:
    key = jax.eval_shape(lambda: jax.random.key(0))
    cost = sc.trace(lambda k, a: jax.random.gamma(k, a), key, sc.array("N"))
    # Marsaglia and Tsang: a square root and a power per sample; two logarithms per trial, of which there is one more
    # than rejections; an inverse erf per normal number, which is drawn until its cube is positive
    assert cost.text("transcendentals") == "N*trips_while_0*trips_while_1 + 2*N*trips_while_0 + 4*N"
    assert [u.symbol for u in cost.unknown] == ["trips_while_0", "trips_while_1"]
    assert all("test_kernels.py" in u.source for u in cost.unknown)


def bcoo(data, indices, size: tuple[int, int]) -> sparse.BCOO:
    return sparse.BCOO((data, indices), shape=size)


def test_a_sparse_product_meets_all_pairs() -> None:
    def build(N: int, M: int):
        def fn(d, i, e, j):
            return (bcoo(d, i, (40, 50)) @ bcoo(e, j, (50, 30))).data

        values = [shape((n,), "float32") for n in (N, M)]
        places = [shape((n, 2), "int32") for n in (N, M)]
        return fn, (values[0], places[0], values[1], places[1])

    cost = sc.trace_family(build, "N M", where=[sc.dims("N M")[0] * sc.dims("N M")[1] <= 1200])
    # JAX multiplies every pair of stored elements, and adds up those of the same place
    assert cost.at(N=6, M=7).flops == 2 * 6 * 7


def test_duplicates_are_added_up() -> None:
    fn = lambda d, i: sparse.bcoo_sum_duplicates(bcoo(d, i, (40, 50)), nse=6).data
    found = counts(fn, shape((6,), "float32"), shape((6, 2), "int32"))
    assert found["flops"] == 6  # an addition each
    # 5 comparisons of neighbours and as many additions to number them, and a sort, at least
    assert found["int_ops"] > 2 * 5 + 6 * 3


def test_a_sparse_matrix_made_dense_by_name() -> None:
    fn = lambda d, i: sparse.todense(bcoo(d, i, (4, 5)))
    assert counts(fn, shape((6,), "float32"), shape((6, 2), "int32")) == {"flops": 6}


def test_a_sparse_factorization_is_unknown() -> None:
    from jax.experimental.sparse.linalg import spsolve

    args = (shape((9,), "float32"), shape((9,), "int32"), shape((6,), "int32"), shape((5,), "float32"))
    assert [u.symbol for u in sc.trace(lambda d, i, p, b: spsolve(d, i, p, b), *args).unknown] == ["unknown_spsolve_0"]


# -- fused attention ---------------------------------------------------------------------------

B, T, S, N, H, V = 2, 6, 10, 3, 8, 5


def attention(primitive: str, layout: int, *, dropout: float = 0.0, bias: bool = False) -> tuple[Callable, list]:
    """cuDNN's forward or backward primitive and its operands."""
    order = (lambda b, t, n, h: (b, n, t, h)) if layout else (lambda b, t, n, h: (b, t, n, h))
    half = lambda *dims: shape(dims, "float16")
    q, k, v = half(*order(B, T, N, H)), half(*order(B, S, N, H)), half(*order(B, S, N, V))
    none = shape((0,), "float16")
    operands = [q, k, v, half(B, N, T, S) if bias else none, *[shape((0,), "int32")] * 4, none, none]
    if "bwd" in primitive:
        out = half(*order(B, T, N, V))
        operands += [shape((B, N, T), "float32"), out, out]
    params = {
        "scale": 0.5,
        "seed": 0,
        "dropout_rate": dropout,
        "variadic_args": (bias, False),
        "mask_type": cudnn.MaskType.NO_MASK,
        "layout": layout,
        "sliding_window_length": None,
    }
    if "fwd" in primitive:
        params["is_training"] = False
    if "score_mod" in inspect.signature(cudnn._dot_product_attention_fwd_impl).parameters:  # since 0.12
        params["score_mod"] = None
    bind = getattr(cudnn, f"_dot_product_attention_{primitive}_p_wrapper").bind
    return lambda *args: bind(*args, **params), operands


PAIRS = B * N * T * S


@pytest.mark.parametrize("layout", [0, 1])
def test_forward_attention_is_two_dots_and_a_softmax(layout: int) -> None:
    fn, operands = attention("fwd", layout)
    found = counts(fn, *operands)
    rows = B * N * T
    # scale, subtract the maximum, divide by the sum; the maximum and the sum of each row
    assert found["flops"] == 2 * PAIRS * (H + V) + 3 * PAIRS + 2 * rows * (S - 1)
    assert found["macs"] == PAIRS * (H + V)
    assert found["transcendentals"] == PAIRS


def test_forward_attention_has_the_dots_of_jaxs_own() -> None:
    q, k = shape((B, T, N, H), "float32"), shape((B, S, N, H), "float32")
    own = counts(lambda q, k, v: jax.nn.dot_product_attention(q, k, v, implementation="xla"), q, k, k)
    fn, operands = attention("fwd", 0)
    operands[2] = shape((B, S, N, H), "float16")
    fused = counts(fn, *operands)
    assert (fused["macs"], fused["transcendentals"]) == (own["macs"], own["transcendentals"])


def test_a_bias_is_added_once_per_pair() -> None:
    plain, biased = (attention("fwd", 0, bias=b) for b in (False, True))
    assert counts(biased[0], *biased[1])["flops"] - counts(plain[0], *plain[1])["flops"] == PAIRS


def test_backward_attention_is_five_dots() -> None:
    fn, operands = attention("bwd", 0)
    found = counts(fn, *operands)
    assert found["macs"] == PAIRS * (3 * H + 2 * V)
    assert found["transcendentals"] == PAIRS
    # per pair: scale, subtract, subtract, multiply, scale; per row the sum of V products
    assert found["flops"] == 2 * PAIRS * (3 * H + 2 * V) + 5 * PAIRS + B * N * T * (2 * V - 1)


def test_attention_with_dropout_is_unknown() -> None:
    fn, operands = attention("fwd", 0, dropout=0.1)
    (unknown,) = interpret(trace(fn, operands), algorithm).unknown
    assert unknown.primitive == "dot_product_attention_fwd_wrapper"


def test_eight_bit_attention_scales_as_well() -> None:
    q, k = shape((B, T, N, H), "float8_e4m3fn"), shape((B, S, N, H), "float8_e4m3fn")
    scales = [shape((1, 1, 1, 1), "float32")] * 6
    bind = cudnn._dot_product_attention_fp8_fwd_p_wrapper.bind
    fn = lambda *args: bind(*args, scale=0.5, use_causal_mask=False, layout=0, is_training=False)
    found = counts(fn, q, k, k, *scales)
    rows = B * N * T
    # scale, softmax (2), descale, scale of the softmax, magnitude (2); per output element descale, scale, magnitude (2)
    assert found["flops"] == 2 * PAIRS * 2 * H + (3 + 4) * PAIRS + 2 * rows * (S - 1) + 4 * rows * H
    assert found["macs"] == PAIRS * 2 * H


def test_attention_as_a_formula() -> None:
    def build(B: int, T: int, N: int, H: int):
        fn, operands = attention("fwd", 0)
        operands[:3] = [shape((B, T, N, H), "bfloat16")] * 3
        return fn, tuple(operands)

    cost = sc.trace_family(build, "B T N H")
    assert cost.text("macs") == "2*B*T**2*N*H"
    pairs, rows = 2 * 3 * 8 * 8, 2 * 3 * 8
    assert cost.at(B=2, T=8, N=3, H=4).flops == 2 * pairs * 8 + 3 * pairs + 2 * rows * 7
