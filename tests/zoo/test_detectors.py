"""YOLOv3, its tiny and 8-bit forms, and RetinaNet: they run, their formulas are exact and meet what is published."""

from __future__ import annotations

import jax
import pytest

from symcost import zoo
from symcost.errors import ArgumentError, DomainError
from tests.conventions.counting import total
from tests.exactness import assert_exact
from tests.zoo.checks import assert_published, assert_runs, forward, gradient, with_fixed

NAMES = ["yolov3", "yolov3-tiny", "yolov3-int8", "retinanet"]
SMALL = {"B": 2, "N": 64, "W": 1, "C": 3}
CELLS = {
    "yolov3": (2, 4, 8),
    "yolov3-tiny": (2, 4),
    "yolov3-int8": (2, 4, 8),
    "retinanet": (8, 4, 2, 1, 1) * 2,
}
"""Cells along a side of each array of boxes, for an image of 64."""


@pytest.mark.parametrize("name", NAMES)
def test_boxes_have_the_shape_they_should(name):
    fn, args = zoo.get(name).build(**SMALL)
    boxes = jax.tree.leaves(jax.eval_shape(fn, *args))
    assert [box.shape[:3] for box in boxes] == [(2, side, side) for side in CELLS[name]]
    assert {box.shape[3] for box in boxes} == ({9 * 3, 9 * 4} if name == "retinanet" else {3 * (3 + 5)})
    assert {box.dtype.name for box in boxes} == {"float32"}


@pytest.mark.parametrize("name", ["yolov3-tiny", pytest.param("yolov3-int8", marks=pytest.mark.long)])
def test_runs_on_real_arrays(name, rng):
    assert_runs(name, {"B": 1, "N": 64, "W": 2, "C": 3}, rng)


@pytest.mark.long
@pytest.mark.parametrize("name", ["yolov3", "retinanet"])
def test_the_large_ones_run_on_real_arrays(name, rng):
    assert_runs(name, {"B": 1, "N": 64, "W": 2, "C": 3}, rng)


def test_the_tiny_one_is_exact_at_fresh_sizes(rng):
    entry = zoo.get("yolov3-tiny")
    assert_exact(forward("yolov3-tiny"), entry.build, entry.samples(rng, 3))


@pytest.mark.long
def test_its_gradient_is_exact_at_fresh_sizes(rng):
    cost, build, left = with_fixed("yolov3-tiny", W=1, C=2, gradient=True)
    assert_exact(cost, build, [{n: sizes[n] for n in left} for sizes in zoo.get("yolov3-tiny").samples(rng, 2)])


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_everything_is_exact_in_all_symbols(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, [p for p in entry.samples(rng, 4) if p["N"] < 96 and p["W"] == 1])
    if name == "yolov3-int8":
        with pytest.raises(ArgumentError, match="a network of integers: there is nothing to take a gradient for"):
            gradient(name)
    else:
        assert_exact(gradient(name), entry.build_gradient, [SMALL | {"B": 1, "N": 32}, SMALL | {"B": 3, "N": 32}])


@pytest.mark.parametrize("name", ["yolov3", "yolov3-tiny"])
def test_published_figures(name):
    assert_published(name)


@pytest.mark.parametrize("figure", zoo.get("retinanet").published, ids=lambda figure: figure.quantity)
def test_published_figures_of_retinanet(figure):
    fn, args = zoo.get("retinanet").build(**figure.sizes)
    if figure.quantity == "params":
        found = zoo.get("retinanet").at(figure.sizes).parameters()
    else:
        found = total("algorithm", fn, *args, quantity=figure.quantity)
    assert abs(found + figure.beyond - figure.figure) <= figure.tolerance * figure.figure


def test_darknets_figure_of_every_width_and_side():
    """By hand, layer by layer of yolov3.cfg: filters, size, stride and the side after it."""
    cost = forward("yolov3").under("darknet")
    for side, width, classes in ((416, 32, 80), (608, 16, 20), (32, 1, 1), (320, 7, 3)):
        assert cost.at(B=2, N=side, W=width, C=classes).flops == 2 * 2 * by_hand(side, width, classes)


def by_hand(side: int, width: int, classes: int) -> int:
    """Multiply-adds of YOLOv3 for one image."""
    macs, channels = 0, 3

    def layer(filters: int, size: int, stride: int = 1) -> None:
        nonlocal macs, channels, side
        side = -(-side // stride)
        macs += filters * size * size * channels * side * side
        channels = filters

    layer(width, 3)
    kept = []
    for filters, blocks in ((2, 1), (4, 2), (8, 8), (16, 8), (32, 4)):
        layer(filters * width, 3, 2)
        for _ in range(blocks):
            layer(filters // 2 * width, 1)
            layer(filters * width, 3)
        kept.append(channels)
    for filters, route in ((16, 0), (8, kept[3]), (4, kept[2])):
        if route:
            layer(filters * width, 1)
            side, channels = 2 * side, channels + route
        for _ in range(3):
            layer(filters * width, 1)
            layer(2 * filters * width, 3)
        before = channels
        layer(3 * (5 + classes), 1)
        channels = before // 2  # the route goes on from the layer before the last two
    return macs


@pytest.mark.long
def test_eight_bits_change_the_type_of_the_products_and_not_their_number():
    floats, integers = forward("yolov3"), forward("yolov3-int8")
    assert floats.text("macs") == integers.text("macs")
    assert floats.under("darknet").text("flops") == integers.under("darknet").text("flops")
    ours, theirs = ({row.key.dtype for row in cost.rows if str(row["macs"]) != "0"} for cost in (floats, integers))
    assert (ours, theirs) == ({"float32"}, {"int8"})
    sizes = {"B": 1, "N": 416, "W": 32, "C": 80}
    leaves = jax.tree.leaves(zoo.get("yolov3-int8").at(sizes).variables())
    assert integers.at(**sizes).param_bytes == sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
    assert 3.9 < floats.at(**sizes).param_bytes / integers.at(**sizes).param_bytes < 4


def test_a_network_of_integers_has_no_gradient():
    message = "this model is a network of integers: there is nothing to take a gradient for"
    with pytest.raises(ArgumentError, match=message):
        zoo.get("yolov3-int8").build_gradient(**SMALL)
    with pytest.raises(ArgumentError, match=message):
        zoo.get("yolov3-int8").trace_training()


def test_sides_are_multiples_of_32():
    with pytest.raises(DomainError, match="N=400 is not a multiple of 32"):
        forward("yolov3-tiny").at(B=1, N=400, W=16, C=80)
