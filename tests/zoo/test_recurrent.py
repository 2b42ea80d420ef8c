"""Recurrent networks: they run, their formulas are exact, and Catamount's language models agree term by term."""

from __future__ import annotations

from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import symcost as sc
from symcost import zoo
from symcost.zoo.language import HighwayCell
from tests.conventions.counting import total
from tests.exactness import assert_exact
from tests.zoo.checks import assert_runs, forward, gradient, quick, with_fixed

OUTPUTS = {
    "rnn": ("B", "T", "H"),
    "lstm-bidirectional": ("B", "T", "2*H"),
    "translation": ("B", "T", "V"),
    "word-lm": ("b", "q", "v"),
    "char-lm": ("b", "q", "v"),
}
"""Shapes of what a model returns, in words of its sizes."""


@pytest.mark.parametrize("name", ["rnn", "lstm-bidirectional", "word-lm", "char-lm"])
def test_runs_on_real_arrays(name, rng):
    sizes = zoo.get(name).samples(rng, 3)[-1]
    assert assert_runs(name, sizes, rng).shape == tuple(eval(shape, dict(sizes)) for shape in OUTPUTS[name])


def test_forward_is_exact_at_fresh_sizes(rng):
    entry = zoo.get("rnn")
    assert_exact(forward("rnn"), entry.build, entry.samples(rng, 3))


def test_a_translation_is_exact_over_both_lengths(rng):
    cost, build, left = with_fixed("translation", B=2, F=3, H=2, V=5)
    assert left == ["S", "T"]
    assert_exact(cost, build, [{n: sizes[n] for n in left} for sizes in zoo.get("translation").samples(rng, 3)])


def test_gradients_through_time_are_exact_at_fresh_sizes(rng):
    entry = zoo.get("rnn")
    assert_exact(gradient("rnn"), entry.build_gradient, entry.samples(rng, 3))


@pytest.mark.long
@pytest.mark.parametrize("name", OUTPUTS)
def test_everything_is_exact_in_all_symbols(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 6))
    assert_exact(gradient(name), entry.build_gradient, entry.samples(rng, 6))


def test_two_directions_cost_twice_one():
    one, both = forward("lstm"), forward("lstm-bidirectional")
    assert (both.flops - 2 * one.flops).expand() == 0
    assert (both.params - 2 * one.params).expand() == 0


# -- Catamount's language models -------------------------------------------------------------------


X = jax.ShapeDtypeStruct((1,), "float32")
FEWER = 4 + 6 - total("catamount", lambda x: jax.vjp(jnp.tanh, x)[1](x), X)
"""Operations that newer JAX spares in the derivative of tanh."""


@pytest.fixture(scope="module")
def word_step():
    return zoo.get("word-lm").trace_training()


def test_the_word_model_differs_from_catamounts_closed_form_in_the_terms_that_are_named(word_step):
    h, q, b, v = sc.dims("h q b v")
    theirs = (
        q * (2 * (32 * h**2 * b + 8 * h**2 + 37 * h * b + 4 * h + 3) + 2 * (16 * h**2 * b + 33 * h * b + 6))
        + 48 * h**2 + 6 * h * q * b * v + 4 * h * q * b + 3 * h * v + 24 * h + 7 * q * b * v + 4 * q * b + 3 * v + 53
    )  # fmt: skip
    sizes = {"h": 2004, "q": 80, "b": 64, "v": 10_004}
    by_name = {h: 2004, q: 80, b: 64, v: 10_004}
    assert theirs.subs(by_name) == 2_597_058_084_257
    ours = word_step.under("catamount").flops
    update = 16 * h**2 + 8 * h + h * v + v - 2 * h * v  # dense weights once more; the table is not updated densely
    steps = 13 * h * q * b - q * b * v
    counters = -18 * q * b + 18 * q + 51
    newer = 4 * FEWER * h * q * b  # two tanhs in each of two layers
    assert int((theirs - ours - update - steps - counters - newer).subs(by_name)) == 0
    (figure,) = (f for f in zoo.get("word-lm").published if f.quantity == "flops")
    left = figure.figure - word_step.under("catamount").at(**sizes).flops - figure.beyond
    assert left == 4 * FEWER * 2004 * 80 * 64 <= figure.tolerance * figure.figure


def test_the_cookbook_shows_this_formula(word_step):
    page = (Path(__file__).parents[2] / "docs" / "cookbook" / "recurrent.md").read_text()
    text = word_step.under("catamount").text("flops").replace(f" {131 - 4 * FEWER}*h*q*b", " 131*h*q*b")
    assert f"\n{text}\n" in page


def test_leading_terms_of_the_word_model_are_catamounts(word_step):
    h, q, b, v = sc.dims("h q b v")
    assert (2 * word_step.macs - 96 * h**2 * q * b - 6 * h * q * b * v).expand() == 0
    assert word_step.params.expand() == 16 * h**2 + 8 * h + 2 * h * v + v


@pytest.mark.long
def test_the_character_model_meets_catamounts_figure():
    entry = zoo.get("char-lm")
    step = entry.trace_training()
    h, q, b, v = sc.dims("h q b v")
    assert (2 * step.macs - 132 * h**2 * q * b - 6 * h * q * b * v).expand() == 0
    (figure,) = (f for f in entry.published if f.quantity == "flops")
    left = figure.figure - step.under("catamount").at(**figure.sizes).flops - figure.beyond
    assert left == (32 + 10 * FEWER) * 2004 * 150 * 128 + 1543
    assert 0 < left <= figure.tolerance * figure.figure


# -- what the models compute -----------------------------------------------------------------------


def test_a_step_of_the_highway_is_what_its_paper_writes(rng):
    cell, x = HighwayCell(3, depth=2), rng.normal(size=(2, 4)).astype("float32")
    state = rng.normal(size=(2, 3)).astype("float32")

    def both(state, x):
        params = cell.init(jax.random.key(0), state, x)
        return params["params"], cell.apply(params, state, x)[0]

    params, found = quick(both)(state, x)
    expected = state
    for layer in range(2):
        weights = params[f"layer_{layer}"]
        mixed = expected @ weights["kernel"] + weights["bias"] + (x @ params["input"]["kernel"] if layer == 0 else 0)
        gate = 1 / (1 + np.exp(-mixed[:, 3:]))
        expected = np.tanh(mixed[:, :3]) * gate + expected * (1 - gate)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_translation_does_not_depend_on_words_that_come_later(rng):
    recipe = zoo.get("translation").at({"B": 1, "S": 3, "T": 4, "F": 2, "H": 3, "V": 5})
    source, target = jnp.array([[1, 2, 3]]), jnp.array([[1, 2, 3, 4]])

    def both(source, target):
        variables = recipe.module.init(jax.random.key(0), source, target)
        return recipe.module.apply(variables, source, target), recipe.module.apply(
            variables, source, target.at[0, 2].set(0)
        )

    first, second = quick(both)(source, target)
    assert first.shape == (1, 4, 5)
    assert bool(jnp.all(jnp.isfinite(first)))
    np.testing.assert_array_equal(first[:, :2], second[:, :2])
    assert (first[:, 2:] != second[:, 2:]).any()
    assert isinstance(recipe.module, nn.Module)
