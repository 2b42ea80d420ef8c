"""sc.xla.analyze: XLA's own figures of a compiled program, against what jax itself says and against arithmetic."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import symcost as sc
from symcost.errors import ArgumentError, BuildError, DomainError, LoweringError, MissingSizeError

N, K, M = 6, 5, 4
X, W = jax.ShapeDtypeStruct((N, K), "float32"), jax.ShapeDtypeStruct((K, M), "float32")


def layer(x, w):
    return jnp.tanh(x @ w)


def test_figures_of_a_layer_are_those_of_arithmetic():
    found = sc.xla.analyze(layer, X, W)
    assert (found.flops, found.transcendentals) == (2 * N * K * M, N * M)
    assert (found.unoptimized.flops, found.unoptimized.transcendentals) == (2 * N * K * M, N * M)
    # the dot reads both operands and writes the product, tanh reads and writes it
    assert found.unoptimized.bytes_accessed == 4 * (N * K + K * M + N * M) + 2 * 4 * N * M
    assert all(isinstance(v, int) for v in (found.flops, found.transcendentals, found.bytes_accessed))
    assert found.target.name == "cpu"
    assert (found.unoptimized.stage, found.stage) == ("before optimisation", "after optimisation")


def test_figures_are_what_jax_reports():
    def loss(x, w):
        return jnp.sum(jax.nn.softmax(x @ w) ** 3)

    found = sc.xla.analyze(jax.grad(loss), X, W)
    lowered = jax.jit(jax.grad(loss)).lower(X, W)
    for ours, theirs in ((found.unoptimized, lowered.cost_analysis()), (found, lowered.compile().cost_analysis())):
        for quantity, key in (("flops", "flops"), ("bytes_accessed", "bytes accessed")):
            assert getattr(ours, quantity) == theirs[key]
        assert ours.transcendentals == theirs["transcendentals"]


def test_peak_memory_has_the_temporaries_that_xla_leaves_out():
    def two_products(x, w):
        return (x @ w) @ jnp.sin(w.T @ x.T)

    found = sc.xla.analyze(two_products, X, W)
    stats = jax.jit(two_products).lower(X, W).compile().memory_analysis()
    assert stats.temp_size_in_bytes > 0
    assert found.memory.arguments == 4 * (N * K + K * M)
    assert found.memory.outputs == 4 * N * N
    assert found.peak_memory == 4 * (N * K + K * M + N * N) + stats.temp_size_in_bytes
    assert found.unoptimized.peak_memory is None


def test_a_donated_argument_is_counted_once():
    def double(x):
        return 2.0 * x

    plain = sc.xla.analyze(jax.jit(double), X)
    donated = sc.xla.analyze(jax.jit(double, donate_argnums=0), X)
    assert plain.peak_memory == 2 * 4 * N * K
    assert donated.peak_memory == 4 * N * K
    assert donated.memory.aliased == 4 * N * K


def test_static_arguments_of_a_jitted_function_stay_static():
    power = jax.jit(lambda x, n: x**n, static_argnums=1)
    assert sc.xla.analyze(power, X, 4).unoptimized.flops == 2 * N * K
    assert sc.xla.analyze(lambda x, n: x**n, X, 4).unoptimized.flops == 2 * N * K


def test_text_of_both_modules_is_there_on_request():
    found = sc.xla.analyze(layer, X, W)
    assert "is_scheduled=true" in found.hlo
    assert " dot(" in found.unoptimized.hlo
    assert "tanh(" in found.unoptimized.hlo
    assert [op.primitive for op in found.unoptimized.program.ops()] == ["dot", "tanh"]


def test_custom_calls_are_named_and_flagged():
    found = sc.xla.analyze(jnp.linalg.cholesky, jax.ShapeDtypeStruct((4, 4), "float32"))
    assert found.custom_calls == found.unoptimized.custom_calls == ("lapack_spotrf_ffi",)
    assert "XLA counts as -1: lapack_spotrf_ffi" in " ".join(str(found).split())
    assert sc.xla.analyze(layer, X, W).custom_calls == ()


def test_rounded_totals_are_flagged():
    big = jax.ShapeDtypeStruct((4097, 4097), "float32")
    found = sc.xla.analyze(lambda x, y: x + y, big, big)
    assert 4097**2 > 2**24
    assert found.unoptimized.rounded == ("flops", "bytes_accessed")
    assert "flops, bytes_accessed from 2**24 on" in " ".join(str(found).split())
    assert sc.xla.analyze(layer, X, W).rounded == ()


class TwoLayers(nn.Module):
    hidden: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(M)(nn.relu(nn.Dense(self.hidden)(x)))


def test_a_linen_module_is_compiled_with_parameters_as_arguments():
    found = sc.xla.analyze(TwoLayers(7), X)
    dots, biases, relu = 2 * N * K * 7 + 2 * N * 7 * M, N * 7 + N * M, N * 7
    assert found.unoptimized.flops == dots + biases + relu
    assert found.memory.arguments == 4 * (N * K + K * 7 + 7 + 7 * M + M)
    assert found.name == "TwoLayers"


def test_an_nnx_module_that_is_built_with_sizes():
    F = sc.dims("F")[0]
    found = sc.xla.analyze(sc.build(nnx.Linear, K, F), X, at={"F": M})
    assert found.unoptimized.flops == 2 * N * K * M + N * M


def test_symbols_get_their_sizes_from_at():
    found = sc.xla.analyze(layer, sc.array("N F"), sc.array("F H"), at={"N": N, "F": K, "H": M})
    assert found.flops == 2 * N * K * M


def test_arrays_are_taken_by_shape():
    assert sc.xla.analyze(layer, np.zeros((N, K), "float32"), jnp.zeros((K, M))).flops == 2 * N * K * M


def test_printing_shows_both_stages():
    text = str(sc.xla.analyze(layer, X, W))
    assert text.splitlines()[0] == "layer, compiled by XLA"
    (flops,) = [line for line in text.splitlines() if line.startswith("flops")]
    assert flops.split() == ["flops", "240", "240", "FLOPs"]
    assert "temporaries" in text
    assert "flops=240" in repr(sc.xla.analyze(layer, X, W))


# -- bad input -------------------------------------------------------------------------------
def test_a_symbol_without_size():
    with pytest.raises(MissingSizeError) as error:
        sc.xla.analyze(layer, sc.array("N F"), sc.array("F 4"), at={"N": 3})
    assert error.value.what == "XLA compiles at integer sizes, and there is none for F"
    assert error.value.todo == "sc.xla.analyze(..., at={'F': 8})"


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_sizes_outside_of_the_domain(size):
    with pytest.raises(DomainError):
        sc.xla.analyze(layer, sc.array("N 3"), sc.array("3 4"), at={"N": size})


def test_shapes_that_do_not_fit():
    with pytest.raises(BuildError, match="cannot be built"):
        sc.xla.analyze(layer, X, X)


def test_arguments_of_the_wrong_number():
    with pytest.raises(ArgumentError, match="was given 1 argument"):
        sc.xla.analyze(layer, X)


def test_what_cannot_be_called():
    with pytest.raises(ArgumentError, match="can't be traced"):
        sc.xla.analyze(3, X)


def test_what_xla_cannot_compile(monkeypatch):
    def refuse(self, *args, **kwargs):
        raise RuntimeError("INVALID_ARGUMENT: too large\nsecond line")

    monkeypatch.setattr(jax.stages.Lowered, "compile", refuse)
    with pytest.raises(LoweringError) as error:
        sc.xla.analyze(layer, sc.array("N 3"), sc.array("3 4"), at={"N": 2})
    assert error.value.what == "XLA cannot compile layer at N=2: RuntimeError: INVALID_ARGUMENT: too large"
    assert error.value.where == "compiling for cpu"
