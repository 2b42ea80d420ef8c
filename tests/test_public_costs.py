"""Models of public packages: formulas are exact at sizes never traced, as they are for our own."""

from __future__ import annotations

import pytest

import symcost as sc
from tests.exactness import assert_exact
from tests.public_models import PUBLIC_MODELS

POINTS = 10
DIFFERENTIABLE = [
    pytest.param(name, marks=pytest.mark.long) if name == "haiku-resnet" else name
    for name, model in PUBLIC_MODELS.items()
    if model.differentiable
]


@pytest.mark.parametrize("name", PUBLIC_MODELS)
def test_forward_is_exact_at_fresh_sizes(name, rng):
    model = PUBLIC_MODELS[name]
    assert_exact(sc.trace_family(model.build, model.dims), model.build, model.samples(rng, POINTS))


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_value_and_gradient_are_exact_at_fresh_sizes(name, rng):
    model = PUBLIC_MODELS[name]
    build = model.build_gradient
    assert_exact(sc.trace_family(build, model.dims), build, model.samples(rng, POINTS))
