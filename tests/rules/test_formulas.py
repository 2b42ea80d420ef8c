"""Rules against formulas written by hand: name -> (program, arguments, formulas).

Every row is checked three times: as a formula (the program traced at primes, symbols put
in their place), at sizes drawn at random, and by putting such sizes into the formula.
A quantity that a row does not name is zero.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax
from jax._src.lax.windowed_reductions import _select_and_scatter  # has no public name
from jax.ad_checkpoint import checkpoint_name
from jax.experimental import sparse

from symcost.capture import trace
from symcost.polynomial import symbol
from tests.examples import examples
from tests.rules.measure import SIZES, arguments, counts, formula, lift, totals

linalg = lax.linalg
pool = lambda init, op, window, strides=(1, 1): (
    lambda x: lax.reduce_window(x, np.float32(init), op, window, strides, "VALID")
)
scatter_add = lambda x, i, u: x.at[i].add(u, mode="promise_in_bounds", wrap_negative_indices=False)
SCATTER = lax.ScatterDimensionNumbers(
    update_window_dims=(1,), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,)
)


def scatter(kind: Callable) -> Callable:
    return lambda x, i, u: kind(x, i, u, SCATTER, mode="promise_in_bounds")


def references(x, y):
    """A reference is read, written and added to: additions of an N M and of an M."""
    ref = jax.new_ref(x)
    ref[...] = ref[...] + 1.0
    jax.ref.addupdate(ref, (0,), y)
    return jax.ref.freeze(ref)


def bcoo(data, indices, shape: tuple) -> sparse.BCOO:
    return sparse.BCOO((data, indices), shape=shape)


def convolution(**options) -> Callable:
    options = {"window_strides": (1, 1), "padding": "VALID", **options}
    return lambda x, w: lax.conv_general_dilated(x, w, **options)


HANDMADE: dict[str, tuple[Callable, list[str], dict[str, str]]] = {
    # element-wise
    "add": (lax.add, ["N M", "N M"], {"flops": "N*M"}),
    "add of int8": (lax.add, ["N M int8", "N M int8"], {"int_ops": "N*M"}),
    "add of complex": (lax.add, ["N complex64", "N complex64"], {"flops": "2*N"}),
    "mul of complex": (lax.mul, ["N complex64", "N complex64"], {"flops": "6*N"}),
    "div of bfloat16": (lax.div, ["N bfloat16", "N bfloat16"], {"flops": "N"}),
    "a scalar is broadcast": (lambda x: x + 1.0, ["N M"], {"flops": "N*M"}),
    "compare floats": (lax.gt, ["N", "N"], {"flops": "N"}),
    "compare integers": (lax.gt, ["N int32", "N int32"], {"int_ops": "N"}),
    "not of bools": (lax.bitwise_not, ["N bool"], {"int_ops": "N"}),
    "clamp": (lambda x: lax.clamp(0.0, x, 1.0), ["N M"], {"flops": "N*M"}),
    "integer_pow": (lambda x: x**7, ["N"], {"flops": "N"}),
    "square": (lax.square, ["N"], {"flops": "N"}),
    "exp": (lax.exp, ["N M"], {"transcendentals": "N*M"}),
    "exp of complex": (lax.exp, ["N complex64"], {"flops": "2*N", "transcendentals": "3*N"}),
    "sqrt": (lax.sqrt, ["N"], {"transcendentals": "N"}),
    "pow": (lax.pow, ["N", "N"], {"transcendentals": "N"}),
    "logistic": (lax.logistic, ["N"], {"transcendentals": "N"}),
    "igamma": (lax.igamma, ["N", "N"], {"transcendentals": "N"}),
    "regularized_incomplete_beta": (lax.betainc, ["N", "N", "N"], {"transcendentals": "N"}),
    # free
    "select": (jnp.where, ["N M bool", "N M", "N M"], {}),
    "convert": (lambda x: x.astype("bfloat16"), ["N M"], {}),
    "reshape and transpose": (lambda x: x.T.reshape(-1), ["N M"], {}),
    "gather": (lambda x, i: x.at[i].get(mode="promise_in_bounds", wrap_negative_indices=False), ["N M", "K int32"], {}),
    "slice and pad": (lambda x: jnp.pad(x[1:], ((2, 0),)), ["N"], {}),
    "iota": (lambda x: lax.iota("int32", x.shape[0]), ["N"], {}),
    "stop_gradient": (lax.stop_gradient, ["N"], {}),
    "optimization_barrier": (lax.optimization_barrier, ["N"], {}),
    "slices at positions of the data": (
        lambda x, i: lax.dynamic_update_slice(x, lax.dynamic_slice(x, (i[0],), (3,)), (i[1],)),
        ["N+3", "2 uint32"],  # signed ones would be normalized by the program: a comparison and an addition
        {},
    ),
    "split, tile, unstack": (
        lambda x: [*lax.split(x, (1, x.shape[0] - 1)), lax.tile(x, (2, 1)), *jnp.unstack(x, axis=1)],
        ["N+1 3"],
        {},
    ),
    "parts of complex numbers": (lambda z: lax.complex(z.imag, z.real), ["N complex64"], {}),
    "bits": (lambda x: lax.bitcast_convert_type(lax.reduce_precision(x, 8, 7), "int32"), ["N"], {}),
    "copies": (lambda x: jnp.copy(jax.device_put(x)), ["N M"], {}),
    "names": (lambda x: checkpoint_name(x, "here"), ["N M"], {}),
    "keys as arrays": (
        lambda k: jax.random.key_data(jax.random.clone(jax.random.wrap_key_data(k))),
        ["N 2 uint32"],
        {},
    ),
    "references": (references, ["N M", "M"], {"flops": "N*M + M"}),
    # reductions
    "sum over all": (jnp.sum, ["N M"], {"flops": "N*M - 1"}),
    "sum over rows": (lambda x: x.sum(0), ["N M"], {"flops": "(N - 1)*M"}),
    "max over the middle": (lambda x: x.max(1), ["N M K"], {"flops": "N*K*(M - 1)"}),
    "sum of integers": (jnp.sum, ["N int32"], {"int_ops": "N - 1"}),
    "sum of complex": (jnp.sum, ["N complex64"], {"flops": "2*N - 2"}),
    "prod of complex": (jnp.prod, ["N complex64"], {"flops": "6*N - 6"}),
    "all": (jnp.all, ["N M bool"], {"int_ops": "N*M - 1"}),
    "argmax": (lambda x: lax.argmax(x, 1, "int32"), ["N M"], {"flops": "N*(M - 1)"}),
    "argmin of integers": (lambda x: lax.argmin(x, 0, "int32"), ["N M int32"], {"int_ops": "(N - 1)*M"}),
    "reduce with a reducer of 2 flops": (
        lambda x: lax.reduce(x, np.float32(0), lambda a, b: a * b + 1.0, (0,)),
        ["N M"],
        {"flops": "2*(N - 1)*M"},
    ),
    "xor of all": (lambda x: lax.reduce_xor(x, (0,)), ["N int32"], {"int_ops": "N - 1"}),
    "cumsum": (lambda x: lax.cumsum(x, 1), ["N M"], {"flops": "N*M - N"}),
    "cumprod of complex": (lax.cumprod, ["N complex64"], {"flops": "6*N - 6"}),
    "cummax of integers": (lax.cummax, ["N int32"], {"int_ops": "N - 1"}),
    "cumlogsumexp": (lax.cumlogsumexp, ["N M"], {"flops": "5*(N - 1)*M", "transcendentals": "2*(N - 1)*M"}),
    # windows: an image of N x M with windows of 3 x 2, or pools of 2 x 2 with stride 2
    "sum pooling": (pool(0, lax.add, (3, 2)), ["N+2 M+1"], {"flops": "5*N*M"}),
    "max pooling by 2": (pool(-np.inf, lax.max, (2, 2), (2, 2)), ["2*N 2*M"], {"flops": "3*N*M"}),
    "min pooling": (pool(np.inf, lax.min, (3, 2)), ["N+2 M+1"], {"flops": "5*N*M"}),
    "scatter to the selected, with functions of 1 and 2 flops": (
        lambda x, g: _select_and_scatter(
            x, lax.ge, (3, 2), (1, 1), ((0, 0), (0, 0)), g, np.float32(0), lambda a, b: a + b * b
        ),
        ["N+2 M+1", "N M"],
        {"flops": "5*N*M + 2*N*M"},
    ),
    "pooling with a reducer of 2 flops": (pool(0, lambda a, b: a * b + 1.0, (3, 1)), ["N+2 M"], {"flops": "4*N*M"}),
    "gradient of max pooling": (
        lambda x, g: jax.vjp(pool(-np.inf, lax.max, (3, 2)), x)[1](g)[0],
        ["N+2 M+1", "N M"],
        {"flops": "6*N*M"},
    ),
    "global average pooling": (
        lambda x: lax.reduce_window(x, np.float32(0), lax.add, x.shape, (1, 1), "VALID"),
        ["N M"],
        {"flops": "N*M - 1"},
    ),
    # contractions
    "matmul": (lax.dot, ["N K", "K M"], {"flops": "2*N*M*K", "macs": "N*M*K"}),
    "matmul of int8": (lax.dot, ["N K int8", "K M int8"], {"int_ops": "2*N*M*K", "macs": "N*M*K"}),
    "matmul of complex": (lax.dot, ["N K complex64", "K M complex64"], {"flops": "8*N*M*K", "macs": "N*M*K"}),
    "matmul of int8 into int32": (
        lambda a, b: lax.dot(a, b, preferred_element_type="int32"),
        ["N K int8", "K M int8"],
        {"int_ops": "2*N*M*K", "macs": "N*M*K"},
    ),
    "inner product": (jnp.dot, ["N", "N"], {"flops": "2*N", "macs": "N"}),
    "attention scores": (
        lambda q, k: jnp.einsum("bnk,bmk->bnm", q, k),
        ["B N K", "B M K"],
        {"flops": "2*B*N*M*K", "macs": "B*N*M*K"},
    ),
    "ragged rows": (
        lax.ragged_dot,
        ["N K", "3 K M", "3 int32"],
        {"flops": "2*N*M*K", "macs": "N*M*K"},
    ),
    "scaled dot": (
        lambda a, b, s, t: (
            lax.scaled_dot(
                a,
                b,
                lhs_scale=s,
                rhs_scale=t,
                dimension_numbers=(((1,), (1,)), ((), ())),
                preferred_element_type="float32",
            )
            if hasattr(lax, "scaled_dot")
            else jax.nn.scaled_matmul(a, b, s, t)
        ),
        ["N 4*K float8_e4m3fn", "M 4*K float8_e4m3fn", "N K float8_e8m0fnu", "M K float8_e8m0fnu"],
        {"flops": "8*N*M*K + 4*N*K + 4*M*K", "macs": "4*N*M*K"},
    ),
    "convolution 3x2": (
        convolution(),
        ["B K N+2 M+1", "5 K 3 2"],
        {"flops": "60*B*N*M*K", "macs": "30*B*N*M*K"},
    ),
    "convolution counts taps on padding": (
        convolution(padding=((1, 1), (0, 0))),
        ["B K N M", "5 K 3 1"],
        {"flops": "30*B*N*M*K", "macs": "15*B*N*M*K"},
    ),
    "depthwise convolution": (
        convolution(feature_group_count=7),
        ["B 7 N M", "14 1 1 1"],
        {"flops": "28*B*N*M", "macs": "14*B*N*M"},
    ),
    "convolution, channels last": (
        convolution(dimension_numbers=("NHWC", "HWIO", "NHWC")),
        ["B N+2 M K", "3 1 K 5"],
        {"flops": "30*B*N*M*K", "macs": "15*B*N*M*K"},
    ),
    # scatter
    "scatter-add": (scatter(lax.scatter_add), ["N M", "K 1 int32", "K M"], {"flops": "K*M"}),
    "scatter-mul of complex": (
        scatter(lax.scatter_mul),
        ["N M complex64", "K 1 int32", "K M complex64"],
        {"flops": "6*K*M"},
    ),
    "scatter-sub": (scatter(lax.scatter_sub), ["N M", "K 1 int32", "K M"], {"flops": "K*M"}),
    "scatter-min": (scatter(lax.scatter_min), ["N M", "K 1 int32", "K M"], {"flops": "K*M"}),
    "scatter-max of integers": (
        scatter(lax.scatter_max),
        ["N M int32", "K 1 int32", "K M int32"],
        {"int_ops": "K*M"},
    ),
    "scatter sets for free": (scatter(lax.scatter), ["N M", "K 1 int32", "K M"], {}),
    "scatter applies a function": (
        lambda x, i: lax.scatter_apply(
            x, i, lambda a: jnp.sin(a) * 2.0, SCATTER, update_shape=(i.shape[0], x.shape[1])
        ),
        ["N M", "K 1 int32"],
        {"flops": "K*M", "transcendentals": "K*M"},
    ),
    # sorting
    "sort": (lambda x: lax.sort(x, dimension=0), ["N M"], {"flops": "N*M*ceil_log2(N)"}),
    "sort integers by two keys": (
        lambda x, y, z: lax.sort((x, y, z), num_keys=2),
        ["N int32", "N int32", "N"],
        {"int_ops": "2*N*ceil_log2(N)"},
    ),
    "top_k": (lambda x: lax.top_k(x, 3), ["N M+2"], {"flops": "N*((M + 2) - 3 + 2*ceil_log2(M + 2))"}),
    "approx_max_k": (lambda x: lax.approx_max_k(x, 1), ["N M"], {"flops": "N*(M - 1)"}),
    # Fourier
    "fft": (jnp.fft.fft, ["N M complex64"], {"flops": "5*N*M*ceil_log2(M)"}),
    "fft2": (jnp.fft.fft2, ["N M complex64"], {"flops": "5*N*M*(ceil_log2(N) + ceil_log2(M))"}),
    "rfft": (
        lambda x: lax.fft(x, "rfft", (x.shape[-1],)),
        ["N M"],
        {"flops": "N*floor_div(5*M*ceil_log2(M), 2)"},
    ),
    "irfft": (
        lambda x: lax.fft(x, "irfft", (2 * x.shape[-1] - 2,)),
        ["N M+1 complex64"],
        {"flops": "5*N*M*ceil_log2(2*M)"},
    ),
    "rfft2": (
        lambda x: lax.fft(x, "rfft", x.shape[-2:]),
        ["B N 2*M"],
        {"flops": "5*B*N*M*ceil_log2(2*M) + 5*B*N*(M + 1)*ceil_log2(N)"},
    ),
    # random numbers: keys are made by the program, 2 operations each
    "random bits": (lambda x: jax.random.bits(jax.random.key(0), x.shape), ["N M"], {"int_ops": "118*N*M + 4"}),
    "random bytes": (
        lambda x: jax.random.bits(jax.random.key(0), x.shape, "uint8"),
        ["N"],
        {"int_ops": "118*N + 4"},
    ),
    "random bits, rbg": (
        lambda x: jax.random.bits(jax.random.key(0, impl="rbg"), x.shape),
        ["4*N"],
        {"int_ops": "80*N + 20"},
    ),
    "split": (
        lambda x: jax.random.key_data(jax.random.split(jax.random.key(0), x.shape[0])),
        ["N"],
        {"int_ops": "117*N + 4"},
    ),
    "split, rbg": (
        lambda x: jax.random.key_data(jax.random.split(jax.random.key(0, impl="rbg"), x.shape[0])),
        ["N"],
        {"int_ops": "234*N + 6"},
    ),
    "split, unsafe_rbg": (
        lambda x: jax.random.key_data(jax.random.split(jax.random.key(0, impl="unsafe_rbg"), x.shape[0])),
        ["N"],
        {"int_ops": "800*N + 20"},
    ),
    "fold_in, rbg": (
        lambda n: jax.random.key_data(jax.random.fold_in(jax.random.key(0, impl="rbg"), n)),
        ["uint32"],
        {"int_ops": "242"},
    ),
    "rng_bit_generator": (
        lambda key, x: lax.rng_bit_generator(key, x.shape)[1],
        ["4 uint32", "4*N"],
        {"int_ops": "80*N + 18"},
    ),
    "rng_uniform": (lambda x: lax.rng_uniform(0.0, 1.0, x.shape), ["4*N"], {"flops": "8*N", "int_ops": "80*N + 18"}),
    # linear algebra (leading terms: Golub and Van Loan; Cholesky: LAPACK Working Note 41)
    "cholesky": (linalg.cholesky_p.bind, ["N N"], {"flops": "(2*N**3 + 3*N**2 + N)/6"}),
    "cholesky of complex": (linalg.cholesky_p.bind, ["N N complex64"], {"flops": "(4*N**3 + 9*N**2 + 5*N)/3"}),
    "cholesky of a batch": (linalg.cholesky_p.bind, ["B N N"], {"flops": "B*(2*N**3 + 3*N**2 + N)/6"}),
    "lu": (lambda a: linalg.lu(a)[0], ["N N"], {"flops": "(4*N**3 - 3*N**2 - N)/6"}),
    "lu of a tall matrix": (
        lambda a: linalg.lu(a)[0],
        ["N+M N"],
        {"flops": "(4*N**3 - 3*N**2 - N)/6 + N**2*M"},
    ),
    "triangular_solve": (
        lambda a, b: linalg.triangular_solve(a, b, left_side=True),
        ["N N", "N M"],
        {"flops": "N**2*M"},
    ),
    "triangular_solve from the right": (
        lambda a, b: linalg.triangular_solve(a, b, unit_diagonal=True),
        ["B N N", "B M N"],
        {"flops": "B*M*(N**2 - N)"},
    ),
    "tridiagonal_solve": (
        linalg.tridiagonal_solve,
        ["N", "N", "N", "N M"],
        {"flops": "3*N - 3 + M*(5*N - 4)"},
    ),
    "qr": (
        lambda a: linalg.qr(a, full_matrices=False),
        ["N+M N"],
        # reflectors of length p: 3p + 1, and p for Q's own columns; 4p - 2 per column of R and again of Q
        {"flops": "4*N*(N + M) - 2*N*(N - 1) + N + 2*((4*(N - 1)*N*(2*N - 1))/6 + (2*M + 1)*N*(N - 1))"},
    ),
    "cholesky_update": (linalg.cholesky_update, ["N N", "N"], {"flops": "3*N**2 + 3*N"}),
    "symmetric_product": (
        linalg.symmetric_product,
        ["N K", "N N"],
        {"flops": "(2*K + 3)*(N**2 + N)/2", "macs": "K*(N**2 + N)/2"},
    ),
    "eigh": (lambda a: linalg.eigh(a, symmetrize_input=False), ["N N"], {"flops": "9*N**3"}),
    "eigh of complex": (lambda a: linalg.eigh(a, symmetrize_input=False), ["B N N complex64"], {"flops": "36*B*N**3"}),
    "eig": (lambda a: linalg.eig(a), ["N N"], {"flops": "25*N**3"}),
    "eigenvalues": (
        lambda a: linalg.eig(a, compute_left_eigenvectors=False, compute_right_eigenvectors=False),
        ["N N"],
        {"flops": "10*N**3"},
    ),
    "schur": (linalg.schur, ["N N"], {"flops": "25*N**3"}),
    "thin svd": (
        lambda a: linalg.svd(a, full_matrices=False),
        ["N+M N"],
        {"flops": "14*(N + M)*N**2 + 8*N**3"},
    ),
    "full svd": (
        lambda a: linalg.svd(a, full_matrices=True),
        ["N N+M"],
        {"flops": "4*(N + M)**2*N + 8*(N + M)*N**2 + 9*N**3"},
    ),
    # sparse: K stored elements
    "sparse matrix times matrix": (
        lambda d, i, x: bcoo(d, i, (5, x.shape[0])) @ x,
        ["K", "K 2 int32", "N M"],
        {"flops": "2*K*M", "macs": "K*M"},
    ),
    "batched sparse matrix times matrix": (
        lambda d, i, x: sparse.bcoo_dot_general(
            bcoo(d, i, (x.shape[0], 5, x.shape[1])), x, dimension_numbers=(((2,), (1,)), ((0,), (0,)))
        ),
        ["B K", "B K 2 int32", "B N M"],
        {"flops": "2*B*K*M", "macs": "B*K*M"},
    ),
    "compressed rows times matrix": (
        lambda d, j, p, x: sparse.BCSR((d, j, p), shape=(p.shape[0] - 1, x.shape[0])) @ x,
        ["K", "K int32", "4 int32", "N M"],
        {"flops": "2*K*M", "macs": "K*M"},
    ),
    "coordinates times vector": (
        lambda d, i, j, x: sparse.COO((d, i, j), shape=(5, x.shape[0])) @ x,
        ["K", "K int32", "K int32", "N"],
        {"flops": "2*K", "macs": "K"},
    ),
    "coordinates times matrix": (
        lambda d, i, j, x: sparse.COO((d, i, j), shape=(5, x.shape[0])) @ x,
        ["K", "K int32", "K int32", "N M"],
        {"flops": "2*K*M", "macs": "K*M"},
    ),
    "CSR times vector and matrix": (
        lambda d, j, p, x: (
            sparse.csr_matvec_p.bind(d, j, p, x[:, 0], shape=(3, x.shape[0]), transpose=False),
            sparse.csr_matmat_p.bind(d, j, p, x, shape=(3, x.shape[0]), transpose=False),
        ),
        ["K", "K int32", "4 int32", "N M"],
        {"flops": "2*K + 2*K*M", "macs": "K + K*M"},
    ),
    "sampled dense product": (
        lambda x, y, i: sparse.bcoo_dot_general_sampled(x, y, i, dimension_numbers=(((1,), (0,)), ((), ()))),
        ["N B", "B M", "K 2 int32"],
        {"flops": "2*K*B", "macs": "K*B"},
    ),
    "sparse to dense adds equal places": (
        lambda d, i: bcoo(d, i, (5, 6)).todense(),
        ["K", "K 2 int32"],
        {"flops": "K"},
    ),
    "dense to sparse compares and numbers": (
        lambda x: sparse.bcoo_fromdense(x, nse=4).data,
        ["N M"],
        {"flops": "N*M", "int_ops": "N*M"},
    ),
    "sparse transpose": (lambda d, i: bcoo(d, i, (5, 6)).T.data, ["K", "K 2 int32"], {}),
    "sort sparse indices": (
        lambda d, i: bcoo(d, i, (5, 6)).sort_indices().data,
        ["K", "K 2 int32"],
        {"int_ops": "2*K*ceil_log2(K)"},
    ),
    # control flow
    "scan": (
        lambda c, xs: lax.scan(lambda c, x: (c * x, jnp.sin(c)), c, xs),
        ["M", "N M"],
        {"flops": "N*M", "transcendentals": "N*M"},
    ),
    "nested scans": (
        lambda c, xs, ys: lax.scan(lambda c, x: (lax.scan(lambda d, y: (d + y, None), c, ys)[0] * x, None), c, xs)[0],
        ["M", "N M", "K M"],
        {"flops": "N*M*(K + 1)"},
    ),
    "fori_loop": (
        lambda x: lax.fori_loop(0, x.shape[0], lambda i, c: c * 2.0, x),
        ["N"],
        {"flops": "N**2"},
    ),
    "cond": (
        lambda p, x: lax.cond(p, lambda x: jnp.sin(x) + 1.0, lambda x: x * x + x + 2.0, x),
        ["bool", "N"],
        {"flops": "3*N", "transcendentals": "N"},
    ),
    "switch": (
        lambda i, x, y: lax.switch(i, [lambda x, y: x.sum(), lambda x, y: y.sum()], x, y),
        ["int32", "N", "M"],
        {"flops": "maximum(N - 1, M - 1)", "int_ops": "1"},
    ),
    "custom_linear_solve": (
        lambda b: lax.custom_linear_solve(lambda x: 2.0 * x, b, lambda _, b: b * 0.5 + 0.0 * b),
        ["N"],
        {"flops": "3*N"},
    ),
}

if hasattr(lax, "polynomial"):  # since jax 0.12
    HANDMADE["polynomial of degree 3"] = (lambda x: lax.polynomial(x, [1.0, 2.0, 3.0, 4.0]), ["N"], {"flops": "6*N"})
    HANDMADE["one_minus_square"] = (lax.one_minus_square, ["N"], {"flops": "2*N"})

DERIVED = ("N + 1", "N + 3", "2*N + 2", "N - 1", "M + 1", "2*N", "2*M", "N*M", "floor_div(M, 2) + 1")
"""Sizes that programs of the table make of the named ones."""


@pytest.mark.parametrize("name", HANDMADE)
def test_formula(name: str) -> None:
    fn, specs, expected = HANDMADE[name]
    dims = [d for spec in specs for d in spec.split() if d[-1] in "NMKB12" and any(n in d for n in SIZES)]
    program = lift(trace(fn, arguments(specs, SIZES)), derived=(*DERIVED, *dims))
    symbols = {n: formula(n, {n: symbol(n)}) for n in SIZES}
    assert totals(program) == {q: formula(text, symbols) for q, text in expected.items()}


@pytest.mark.parametrize("name", HANDMADE)
def test_the_formula_at_sizes_equals_a_trace_at_these_sizes(name: str) -> None:
    fn, specs, expected = HANDMADE[name]

    @settings(max_examples=examples(4))
    @given(st.fixed_dictionaries({n: st.integers(1, 6) for n in SIZES}))
    def assert_equal(sizes: dict[str, int]) -> None:
        wanted = {q: formula(text, sizes) for q, text in expected.items()}
        assert counts(fn, *arguments(specs, sizes)) == {q: n for q, n in wanted.items() if n}

    assert_equal()
