"""Initialisers by shape alone: the same variables and the same programs, and nothing else is touched."""

from __future__ import annotations

import threading

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.core.scope import Scope
from flax.errors import ScopeParamShapeError

import symcost as sc
from symcost.initialisers import by_shape

X = jax.ShapeDtypeStruct((3, 8, 6), "float32")


def own(key, shape, dtype=jnp.float32):
    """An initialiser that pads: its result has another shape than it was asked for."""
    return jnp.zeros((shape[0], -(-shape[1] // 4) * 4), dtype)


class Padded(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x @ self.param("kernel", own, (x.shape[-1], 6))


MODULES = {
    "dense": nn.Dense(5),
    "bfloat16": nn.Dense(5, param_dtype=jnp.bfloat16),
    "convolution": nn.Conv(4, (3,)),
    "attention": nn.MultiHeadDotProductAttention(num_heads=2),
    "attention, orthogonal": nn.MultiHeadDotProductAttention(2, kernel_init=nn.initializers.orthogonal()),
    "attention, own": nn.MultiHeadDotProductAttention(2, kernel_init=lambda key, shape, dtype: jnp.zeros(shape, dtype)),
    "lstm": nn.RNN(nn.OptimizedLSTMCell(5)),
    "normalisation": nn.LayerNorm(),
    "embedding": nn.Dense(5, kernel_init=nn.initializers.normal(0.1), bias_init=nn.initializers.ones),
    "partitioned": nn.Dense(5, kernel_init=nn.with_partitioning(nn.initializers.lecun_normal(), ("a", "b"))),
    "padded": Padded(),
    "vmapped": nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})(5),
}


@pytest.mark.parametrize("name", MODULES)
def test_variables_and_programs_are_the_same(name):
    module = MODULES[name]
    key = jax.eval_shape(lambda: jax.random.key(0))

    def made():
        variables = jax.eval_shape(module.init, key, X)
        return variables, str(jax.jit(module.apply).trace(variables, X).jaxpr)

    plain, program = made()
    with by_shape(building=True):
        short, _ = made()
    with by_shape(building=False):
        _, again = made()
    assert jax.tree.structure(short) == jax.tree.structure(plain)
    assert jax.tree.leaves(short) == jax.tree.leaves(plain)
    assert again == program


def test_an_initialiser_that_the_program_runs_counts():
    module = nn.Dense(5)

    def build(N):
        return (lambda key, x: module.init(key, x)), (jax.random.key(0), jax.ShapeDtypeStruct((2, N), "float32"))

    cost = sc.trace_family(build, "N")
    assert cost.at(N=7).transcendentals >= 5 * 7  # of the truncated normal
    assert cost.at(N=7).int_ops > 0


def test_nothing_is_left_behind_and_real_arrays_stay_real():
    before, module = Scope.param, nn.Dense(5)
    with by_shape(building=True):
        assert Scope.param is not before
        with by_shape(building=False):
            pass
        assert Scope.param is not before
        kernel = module.init(jax.random.key(0), jnp.ones((2, 3)))["params"]["kernel"]
    assert Scope.param is before
    assert np.count_nonzero(kernel) == 15


def test_other_threads_see_nothing_of_it():
    found = []

    def elsewhere():
        found.append(jax.jit(nn.Dense(5).init)(jax.random.key(0), jnp.ones((2, 3)))["params"]["kernel"])

    with by_shape(building=True):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert np.count_nonzero(found[0]) == 15


def test_shapes_that_do_not_fit_are_found_all_the_same():
    variables = {"params": {"kernel": jnp.ones((4, 5)), "bias": jnp.ones(5)}}
    with by_shape(building=False), pytest.raises(ScopeParamShapeError):
        jax.eval_shape(nn.Dense(5).apply, variables, jnp.ones((2, 3)))


def test_sizes_that_an_initialiser_refuses_are_refused():
    # fans are not defined for a vector
    with by_shape(building=True), pytest.raises(ValueError, match="at least 2D"):
        jax.eval_shape(
            lambda key: nn.Dense(5, bias_init=nn.initializers.lecun_normal()).init(key, jnp.ones((2, 3))),
            jax.random.key(0),
        )
