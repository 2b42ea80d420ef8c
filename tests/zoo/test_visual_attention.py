"""Visual attention: the models find what stands out, and cost what their papers' arithmetic asks for."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import symcost as sc
from symcost import zoo
from symcost.errors import DimensionError, DomainError
from symcost.zoo.saliency import Saliency, local_maxima, promoted
from symcost.zoo.spectral_residual import spectral_residual
from symcost.zoo.winner_take_all import HierarchicalSelection, ScanningSelection, candidates
from tests.exactness import assert_exact

SMALL = Saliency(centres=(0, 1), deltas=(1,), taps=3)
"""All stages, on images whose totals XLA adds up exactly."""


@functools.cache
def forward(name: str):
    return zoo.get(name).trace()


# -- as models ---------------------------------------------------------------------------


def assert_red_square_stands_out(model: Saliency, side: int, scale: int, rng: np.random.Generator) -> None:
    image = 0.1 * rng.uniform(size=(side, side, 1)).astype("float32").repeat(3, axis=-1)
    top, left, size = 3 * side // 4, side // 8, side // 12
    image[top : top + size, left : left + size] = (1, 0, 0)
    found = np.asarray(jax.jit(lambda image: model.apply({}, image))(image))
    assert found.shape == (side // scale, side // scale)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert abs(row - (top + size / 2) / scale) <= 1.5
    assert abs(column - (left + size / 2) / scale) <= 1.5


def test_a_red_square_among_grey_noise_stands_out(rng):
    assert_red_square_stands_out(Saliency(centres=(1,), deltas=(2,), taps=5), 64, 2, rng)


@pytest.mark.long
def test_a_red_square_stands_out_at_the_papers_scales(rng):
    assert_red_square_stands_out(Saliency(), 256, 16, rng)


def test_the_spectral_residual_finds_an_odd_patch(rng):
    y, x = np.mgrid[:64, :64]
    image = np.sin(x / 2) + 0.05 * rng.normal(size=(64, 64))
    image[30:38, 44:52] = np.sin(y / 2)[30:38, 44:52]
    found = np.asarray(jax.jit(spectral_residual)(image.astype("float32")))
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert (abs(row - 34) <= 6, abs(column - 48) <= 6) == (True, True)


def test_local_maxima_are_those_of_eight_neighbours(rng):
    image = rng.normal(size=(7, 9))
    padded = np.pad(image, 1, constant_values=-np.inf)
    around = np.stack([padded[i : i + 7, j : j + 9] for i in range(3) for j in range(3) if (i, j) != (1, 1)])
    np.testing.assert_array_equal(local_maxima(jnp.asarray(image, "float32")[None])[0], (around < image).all(axis=0))


def test_one_strong_peak_gains_over_many_alike():
    one, many = np.zeros((2, 12, 12), "float32")
    one[5, 5], many[1::3, 1::3] = 1, 1
    first, second = promoted(jnp.stack([one, many]))
    assert float(first.max()) > 10 * float(second.max())


@pytest.mark.parametrize("side", [1, 2, 8, 32])
def test_the_hierarchy_finds_the_places_that_the_scan_finds(side, rng):
    image = rng.normal(size=(side, side)).astype("float32")
    count = int(np.isfinite(candidates(jnp.asarray(image))).sum())  # all local maxima, one after another
    found = HierarchicalSelection(count).apply({}, image)
    np.testing.assert_array_equal(found, ScanningSelection(count).apply({}, image))
    values = image[tuple(np.asarray(found).T)]
    assert list(values) == sorted(values, reverse=True)


# -- as costs ----------------------------------------------------------------------------


def small(N: int):
    return (lambda image: SMALL.apply({}, image)), (jax.ShapeDtypeStruct((N, N, 3), "float32"),)


def test_saliency_is_exact_at_fresh_sizes():
    sc.dim("N", multiple_of=4)
    cost = sc.trace_family(small, "N")
    assert_exact(cost, small, [{"N": side} for side in (4, 12, 76, 100)])


def by_hand(side: int, taps: int = 9) -> tuple[int, int]:
    """Multiply-accumulates of the pyramids and of the Gabor filters, taps on padding included."""
    pyramids = gabor = 0
    for scale in range(1, 9):  # each level: five taps down at half of the rows, five across
        pixels = (side >> scale) ** 2
        pyramids += 5 * (5 * 2 * pixels + 5 * pixels)
    for scale in range(2, 9):
        gabor += 4 * taps**2 * (side >> scale) ** 2
    return pyramids, gabor


def test_the_filters_of_the_papers_scales_cost_what_was_counted_by_hand():
    cost = forward("saliency")
    for side in (256, 512, 1280):
        assert cost.at(N=side).macs == sum(by_hand(side))


def test_saliency_takes_sides_that_halve_eight_times():
    with pytest.raises(DomainError, match="N=640 is not a multiple of 256"):
        forward("saliency").at(N=640)


@pytest.mark.parametrize("name", ["spectral-residual", "wta-scan", "wta-hierarchical"])
def test_forward_is_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 4))


def test_two_transforms_of_the_textbook_and_a_constant_for_each_pixel():
    cost = forward("spectral-residual")
    for side in (64, 100, 1024):
        per_pixel = cost.at(N=side).flops - 2 * 5 * side**2 * 2 * math.ceil(math.log2(side))
        assert per_pixel == 97 * side**2
    assert cost.text("flops") == "20*N**2*ceil_log2(N) + 97*N**2"


def test_where_the_tree_overtakes_the_scan():
    with pytest.raises(DimensionError, match=r'trace both with the same one, such as sc\.dim\("N", power_of=2\)'):
        sc.crossover(forward("wta-scan"), forward("wta-hierarchical"), wrt="K")
    sc.dim("N", power_of=2)
    found = sc.crossover(zoo.get("wta-scan").trace(), forward("wta-hierarchical"), wrt="K")
    assert [(each.size, each.after) for each in found.at(N=64)] == [(2, "wta-hierarchical")]


def test_winners_cost_a_map_each_or_a_path_each():
    scan, tree = forward("wta-scan"), forward("wta-hierarchical")
    for levels in (3, 5, 9):
        side = 2**levels
        more = {}
        for name, cost in (("scan", scan), ("tree", tree)):
            more[name] = cost.at(N=side, K=8).flops - cost.at(N=side, K=7).flops
        assert more["scan"] == side**2 - 1
        assert more["tree"] == 3 * levels + 3 * (levels - 1)  # down all levels; up again but for the root
