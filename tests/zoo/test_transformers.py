"""BERT, GPT-2, the Llama block, mixtures of experts, state-space blocks: they run, and their formulas are exact."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import symcost as sc
from symcost import zoo
from symcost.errors import ArgumentError
from symcost.zoo import transformer_nnx
from symcost.zoo.experts import MixtureOfExperts
from symcost.zoo.llama import LlamaBlock
from symcost.zoo.state_space import StateSpaceBlock
from symcost.zoo.transformer import Encoder
from tests.conventions.counting import total
from tests.exactness import assert_exact
from tests.zoo.checks import assert_published, assert_runs, forward, gradient, quick, with_fixed

BLOCKS = ["llama-prefill", "llama-decode", "experts-by-mask", "experts-by-index", "state-space", "state-space-tree"]
STACKS = ["bert", "gpt2"]
FIXED = {
    "bert": {"H": 2, "K": 3, "L": 2, "V": 7, "P": 4000},
    "llama-decode": {"D": 6, "G": 2, "K": 4},
    "experts-by-mask": {"D": 5, "F": 6},
    "experts-by-index": {"D": 5, "F": 6},
}
"""A model is quickly traced where some sizes are numbers; all of them are symbols in the long tests."""

OUTPUTS = {
    "attention": [("B", "H", "S", "D")],
    "bert": [("B", "T", "D"), ("B", "D")],
    "gpt2": [("B", "T", "V")],
    "llama-prefill": [("B", "T", "D"), ("B", "T", "G", "K"), ("B", "T", "G", "K")],
    "llama-decode": [("B", 1, "D"), ("B", "S", "G", "K"), ("B", "S", "G", "K")],
    "experts-by-mask": [("T", "D")],
    "experts-by-index": [("T", "D")],
    "state-space": [("B", "T", "D")],
    "state-space-tree": [("B", "T", "D")],
}
"""Shapes of what a model returns, in words of its sizes."""


@pytest.mark.parametrize("name", OUTPUTS)
def test_runs_on_real_arrays(name, rng):
    sizes = {**zoo.get(name).samples(rng, 3)[-1], **({"L": 1} if name in STACKS else {})}
    outputs = jax.tree.leaves(assert_runs(name, sizes, rng))
    assert [leaf.shape for leaf in outputs] == [tuple(sizes.get(n, n) for n in shape) for shape in OUTPUTS[name]]


@pytest.mark.parametrize("name", ["attention", "llama-prefill", "state-space-tree"])
def test_forward_is_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 3))


@pytest.mark.parametrize("name", FIXED)
def test_forward_is_exact_in_some_symbols(name, rng):
    cost, build, left = with_fixed(name, **FIXED[name])
    assert_exact(cost, build, [{n: sizes[n] for n in left} for sizes in zoo.get(name).samples(rng, 3)])


def test_a_gradient_is_exact_at_fresh_sizes(rng):
    cost, build, left = with_fixed("llama-prefill", D=6, G=2, R=3, K=4, F=5, gradient=True)
    assert_exact(cost, build, [{n: sizes[n] for n in left} for sizes in zoo.get("llama-prefill").samples(rng, 3)])


@pytest.mark.long
@pytest.mark.parametrize("name", [*STACKS, *BLOCKS])
def test_everything_is_exact_in_all_symbols(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 6))
    assert_exact(gradient(name), entry.build_gradient, entry.samples(rng, 6))


@pytest.mark.long
@pytest.mark.parametrize("name", ["experts-by-index", "state-space", "llama-prefill"])
def test_training_steps_are_those_of_the_gradient_and_an_update(name):
    step = zoo.get(name).trace_training()
    assert {row.key.phase for row in step.rows} >= {"forward", "backward", "update"}
    assert step.text("macs") == gradient(name).text("macs")


@pytest.mark.parametrize("name", ["attention", "llama-prefill"])
def test_published_figures_of_blocks(name):
    assert_published(name)


def test_attention_by_itself_has_nothing_to_train():
    assert forward("attention").text("macs") == "2*B*H*S**2*D"
    with pytest.raises(ArgumentError, match="function without parameters"):
        zoo.get("attention").trace_training()


def test_sizes_are_drawn_as_the_model_takes_them(rng):
    assert all(sizes["K"] <= sizes["E"] for sizes in zoo.get("experts-by-mask").samples(rng, 20))


@pytest.mark.long
@pytest.mark.parametrize("name", STACKS)
def test_published_figures_of_stacks(name):
    assert_published(name)


def test_training_a_token_of_gpt2_as_it_is_commonly_said():
    """At other sizes than the published ones: products alone, each with two gradients."""
    for sizes in ({"B": 3, "T": 5, "D": 7, "H": 2, "K": 3, "L": 2, "V": 11, "P": 8},
                  {"B": 1, "T": 8, "D": 4, "H": 1, "K": 2, "L": 1, "V": 3, "P": 8}):  # fmt: skip
        T, D, H, K, L, V = (sizes[name] for name in "TDHKLV")
        token = L * (2 * 6 * D * 4 * D + 4 * 6 * D * H * K + 12 * T * H * K) + 6 * D * V
        assert 2 * zoo.get("gpt2").trace_training(sizes=sizes).at(**sizes).macs == sizes["B"] * T * token


# -- what one formula says of another -----------------------------------------------------------


@pytest.mark.parametrize("figure", [f for f in zoo.get("bert").published if f.under == "catamount"])
def test_catamounts_bert_term_by_term(figure):
    """Google's graph under Catamount's rules, written by hand, is the published figure of both sizes."""
    T, D, H, L = (figure.sizes[name] for name in "TDHL")
    normalisation = 9 * T * D + 3 * T  # two means and a squared difference (2), then five steps; eps and rsqrt (2)
    biases, residuals, gelu = 9 * T * D, 2 * T * D, 5 * 4 * T * D + 1
    scores = 5 * H * T**2  # scale, mask, softmax (3)
    layer = biases + residuals + gelu + scores + 2 * normalisation + 2 * T**2  # (1 - mask) * -10000
    embedding = 2 * 2 * T * D + 2 * T * D + normalisation  # segments by a product, two sums
    products = L * (8 * T * D**2 + 16 * T * D**2 + 4 * T**2 * D) + 2 * D**2
    theirs = products + L * layer + embedding + T**2 + 7 * D
    assert theirs == figure.figure
    assert products == {12: 22_348_431_360}.get(L, products)
    fn, args = zoo.get("bert").build(**figure.sizes)
    assert total("catamount", fn, *args) == theirs - figure.beyond
    assert 2 * total("catamount", fn, *args, quantity="macs") == products
    differences = eval(figure.why.partition(" beside")[0], {"T": T, "D": D, "H": H, "L": L})
    assert differences == figure.beyond


def test_experts_by_mask_move_tokens_by_products_that_the_index_form_does_not_have():
    T, D, E, C, K = sc.dims("T D E C K")
    by_mask, by_index = forward("experts-by-mask"), forward("experts-by-index")
    # carried there and back, 2TECD each; the mask is a product, and weights are multiplied with it instead of rows
    assert (2 * by_mask.macs - 2 * by_index.macs).expand() == 4 * T * E * C * D + 4 * T * E * C * K - 2 * T * D * K


def test_a_tree_does_more_work_than_a_chain():
    """Products of decays besides the states: 3 operations for each of about 2T joints, where a step has 2."""
    tree, steps = forward("state-space-tree"), forward("state-space")
    B, T, E, N = sc.dims("B T E N")
    extra = (tree.flops - steps.flops).expand()
    assert extra.coeff(T, 1).coeff(B, 1).coeff(E, 1).coeff(N, 1) == 5
    assert tree.text("macs") == steps.text("macs")


@pytest.mark.parametrize("queries_scaled", [True, pytest.param(False, marks=pytest.mark.long)])
def test_an_encoder_in_nnx_costs_what_it_costs_in_linen(queries_scaled):
    B, T, D = sc.dims("B T D")
    how = {} if queries_scaled else {"attention": nnx.dot_product_attention}
    other = sc.trace(sc.build(partial(transformer_nnx.encoder, H=3, K=4, L=2, **how), D=D), sc.array("B T D"))
    linen = sc.trace(Encoder(layers=2, heads=3, head_width=4, mlp_width=4 * D), sc.array("B T D"))
    same = ["macs", "params"] + ["flops", "transcendentals", "bytes_accessed", "int_ops"] * queries_scaled
    assert {q: other.text(q) for q in same} == {q: linen.text(q) for q in same}
    if not queries_scaled:  # NNX divides the scores instead of the queries
        assert (other.flops - linen.flops).expand() == (2 * 3 * B * T * (T - 4)).expand()


# -- what the models compute ---------------------------------------------------------------------


def test_a_token_added_to_the_cache_is_the_last_one_of_a_prompt(rng):
    block = LlamaBlock(groups=2, queries=3, head_width=4, hidden=5)
    x = jnp.asarray(rng.normal(size=(2, 6, 7)).astype("float32"))
    room = [(0, 0), (0, 4), (0, 0), (0, 0)]  # what stands in slots that are not filled is not read

    def both(x):
        params = block.init(jax.random.key(0), x)
        whole = block.apply(params, x)
        _, keys, values = block.apply(params, x[:, :5])
        kept = (jnp.pad(cache, room, constant_values=9.0) for cache in (keys, values))
        return whole, block.apply(params, x[:, 5:], *kept, 5)

    (whole, keys, values), (last, keys_after, _) = quick(both)(x)
    np.testing.assert_allclose(last[:, 0], whole[:, 5], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(keys_after[:, :6], keys, rtol=1e-5, atol=1e-6)
    assert values.shape == (2, 6, 2, 4)


def test_both_mixtures_compute_the_same_also_where_experts_are_full(rng):
    x = jnp.asarray(rng.normal(size=(12, 5)).astype("float32"))
    for capacity in (2, 24):
        mixtures = [MixtureOfExperts(4, 2, capacity, 6, by_index=by_index) for by_index in (False, True)]

        def both(x, mixtures=mixtures):
            params = mixtures[0].init(jax.random.key(1), x)
            return [mixture.apply(params, x) for mixture in mixtures]

        mask, index = quick(both)(x)
        np.testing.assert_allclose(mask, index, rtol=1e-4, atol=1e-5)
        rows = np.abs(np.asarray(index)).sum(axis=1)
        assert (rows == 0).any() == (capacity == 2)  # tokens that found no room


def test_both_forms_of_the_recurrence_compute_the_same(rng):
    x = jnp.asarray(rng.normal(size=(2, 8, 6)).astype("float32"))
    chain, tree = (StateSpaceBlock(inner=5, states=3, rank=2, tree=tree) for tree in (False, True))

    def both(x):
        params = chain.init(jax.random.key(2), x)
        return chain.apply(params, x), tree.apply(params, x)

    np.testing.assert_allclose(*quick(both)(x), rtol=1e-4, atol=1e-5)
