"""The table of public models itself: each row builds and lowers, with and without gradient, at several sizes."""

from __future__ import annotations

import jax
import pytest

from tests.public_models import PUBLIC_MODELS


def test_there_are_models_of_at_least_five_packages():
    assert {name.split("-")[0] for name in PUBLIC_MODELS} >= {"haiku", "equinox", "jraph", "flaxmodels", "optax"}


@pytest.mark.parametrize("name", PUBLIC_MODELS)
def test_lowers_at_several_sizes_with_totals_exact_in_float32(name, rng):
    model = PUBLIC_MODELS[name]
    largest = {symbol: max(small) for symbol, small in model.sizes.items()}
    smallest = {symbol: min(small) for symbol, small in model.sizes.items()}
    flops = []
    for sizes in (smallest, model.sample(rng), largest):
        fn, args = (model.build_gradient if model.differentiable else model.build)(**sizes)
        flops.append(jax.jit(fn).lower(*args).cost_analysis()["flops"])
    assert 0 < flops[0] < flops[2] < 2**24


@pytest.mark.parametrize("name", PUBLIC_MODELS)
def test_samples_differ_and_begin_at_the_smallest_batch(name, rng):
    model = PUBLIC_MODELS[name]
    samples = model.samples(rng, 10)
    assert len({tuple(point.values()) for point in samples}) == 10
    assert samples[0][model.dims.split()[0]] == 1
