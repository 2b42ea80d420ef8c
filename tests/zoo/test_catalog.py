"""The catalogue: names, sizes and published figures, before any formula is asked for."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from symcost import zoo
from symcost.errors import ArgumentError, MissingSizeError
from tests.zoo.checks import assert_met

PARAMS = [
    (name, published)
    for name in zoo.names()
    if name not in zoo.names("convolutions")  # tests/zoo/test_convolutions.py has theirs
    for published in zoo.get(name).published
    if published.quantity == "params"
]


def test_the_models_that_the_project_promises_are_there():
    assert set(zoo.names()) >= {
        "mlp", "cnn", "cnn-batchnorm", "lstm", "gru", "gcn-sparse", "gcn-dense", "gat", "transformer-block",
        "transformer", "transformer-scan", "resnet50", "mlp-mixer", "vit",
    }  # fmt: skip


def test_listing_the_zoo_imports_neither_jax_nor_flax():
    code = """if True:
        import sys
        from symcost import zoo
        zoo.names()
        print([name for name in ("jax", "flax", "numpy") if name in sys.modules])
    """
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(("name", "published"), PARAMS, ids=[name for name, _ in PARAMS])
def test_published_numbers_of_parameters(name, published):
    assert_met(published, zoo.get(name).at(published.sizes).parameters())


@pytest.mark.parametrize("name", zoo.names("reference"))
def test_samples_are_different_and_cover_batch_one_odd_and_even(name, rng):
    entry = zoo.get(name)
    samples = entry.samples(rng, 10)
    assert len({tuple(point.values()) for point in samples}) == 10
    assert all(list(point) == entry.symbols.split() for point in samples)
    first, odd, even = samples[:3]
    assert first[entry.dims[0].name] == 1
    assert all(size % 2 == 1 for size in odd.values())
    assert all(size % 2 == 0 for size in even.values())


def test_samples_are_drawn_from_the_generator():
    entry = zoo.get("gat")
    draw = lambda seed: entry.samples(np.random.default_rng(seed), 6)
    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_a_name_that_is_not_there():
    with pytest.raises(ArgumentError) as error:
        zoo.get("gcn_sparse")
    assert str(error.value) == "the zoo has no model called 'gcn_sparse'\n  to do: symcost zoo show gcn-sparse"
    with pytest.raises(ArgumentError, match="to do: one of mlp, cnn, "):
        zoo.get("%")
    with pytest.raises(ArgumentError, match=r"no group .graph.\n.*one of reference, perceptrons"):
        zoo.names("graph")


def test_sizes_that_are_missing_or_unknown():
    with pytest.raises(MissingSizeError) as missing:
        zoo.get("lstm").build(B=2, T=3)
    assert str(missing.value) == (
        "model 'lstm' needs a size for F, H\n"
        "  to do: give all of B (batch), T (steps), F (input features), H (hidden units)"
    )
    with pytest.raises(ArgumentError) as extra:
        zoo.get("mlp").build(B=2, F=3, H=4, C=5, L=6)
    assert str(extra.value) == "model 'mlp' has no size called L\n  to do: its sizes are B F H C"


def test_a_training_step_at_sizes_that_the_model_does_not_have():
    with pytest.raises(MissingSizeError, match="needs a size for F, H, C"):
        zoo.get("mlp").trace_training(sizes={"B": 2})
    with pytest.raises(ArgumentError) as error:
        zoo.get("gpt2").trace_training(sizes={"B": 1, "T": 9, "D": 2, "H": 1, "K": 2, "L": 1, "V": 3, "P": 8})
    assert str(error.value) == "model 'gpt2' is not defined at these sizes\n  to do: keep to T <= P"


def test_every_figure_says_what_it_counts_and_where_it_was_printed():
    for name in zoo.names():
        for figure in zoo.get(name).published:
            assert figure.convention, name
            assert figure.source, name
            assert bool(figure.beyond) == bool(figure.why), name
            assert set(figure.sizes) == set(zoo.get(name).symbols.split()), name
            assert figure.figure == int(figure.figure)
