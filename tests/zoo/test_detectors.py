"""YOLOv3 (tiny and 8-bit too), YOLOv4 and RetinaNet: they run, are exact, and meet what is published."""

from __future__ import annotations

import jax
import pytest

from symcost import zoo
from symcost.errors import ArgumentError, DomainError
from tests.conventions.counting import total
from tests.exactness import assert_exact
from tests.zoo.checks import assert_met, assert_published, assert_runs, forward, gradient, with_fixed

NAMES = ["yolov3", "yolov3-tiny", "yolov3-int8", "yolov4", "retinanet"]
SMALL = {"B": 2, "N": 64, "W": 1, "C": 3}
CELLS = {
    "yolov3": (2, 4, 8),
    "yolov3-tiny": (2, 4),
    "yolov3-int8": (2, 4, 8),
    "yolov4": (8, 4, 2),
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
@pytest.mark.parametrize("name", ["yolov3", "yolov4", "retinanet"])
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
    small = [p for p in entry.samples(rng, 12) if p["N"] < 96 and p["W"] == 1]
    assert_exact(forward(name), entry.build, small[:3])
    if name == "yolov3-int8":
        with pytest.raises(ArgumentError, match="a network of integers: there is nothing to take a gradient for"):
            gradient(name)
    else:
        assert_exact(gradient(name), entry.build_gradient, [SMALL | {"B": 1, "N": 32}, SMALL | {"B": 3, "N": 32}])


@pytest.mark.parametrize("name", ["yolov3", "yolov3-tiny"])
def test_published_figures(name):
    assert_published(name)


COUNTED = [(name, p) for name in ("yolov4", "retinanet") for p in zoo.get(name).published if p.quantity != "params"]


@pytest.mark.parametrize(("name", "figure"), COUNTED, ids=[f"{name}-{p.sizes['N']}" for name, p in COUNTED])
def test_published_figures_of_the_large_ones(name, figure):
    fn, args = zoo.get(name).build(**figure.sizes)
    assert_met(figure, total(figure.under, fn, *args, quantity=figure.quantity))


@pytest.mark.long
def test_the_formula_of_yolov4_meets_the_published_figures():
    assert_published("yolov4")
    assert forward("yolov4").under("darknet").text("flops") == (
        "334*B*N**2*W**2 + (21/16)*B*N**2*W*C + (969/16)*B*N**2*W"
    )


def test_yolov4_by_hand():
    """Layer by layer of yolov4.cfg: filters, size, stride, side after it; and what darknet counts besides."""
    layers, besides = yolov4_cfg(608, 32, 80)
    macs = sum(filters * size**2 * channels * side**2 for channels, filters, size, side in layers)
    assert len(layers) == 110
    assert f"{(2 * macs + besides) / 1e9:.3f}" == "128.459"  # as darknet prints it
    assert besides == next(
        p.beyond for p in zoo.get("yolov4").published if p.sizes["N"] == 608 and p.under == "darknet"
    )
    layers, _ = yolov4_cfg(64, 3, 2)
    macs = sum(filters * size**2 * channels * side**2 for channels, filters, size, side in layers)
    fn, args = zoo.get("yolov4").build(B=2, N=64, W=3, C=2)
    assert total("darknet", fn, *args) == 2 * 2 * macs


def yolov4_cfg(side: int, width: int, classes: int) -> tuple[list[tuple[int, int, int, int]], int]:
    """Channels, filters, size and side of each convolution; operations of shortcuts and pools."""
    layers, besides, channels = [], 0, 3

    def convolutional(filters: int, size: int, stride: int = 1) -> int:
        nonlocal side, channels
        side //= stride
        layers.append((channels, filters, size, side))
        channels = filters
        return filters

    def route(*parts: int) -> None:
        nonlocal channels
        channels = sum(parts)

    convolutional(width, 3)
    kept = []
    for stage, blocks in enumerate((1, 2, 8, 8, 4)):
        filters = 2 * width * 2**stage
        half = filters // 2 if stage else filters
        before = convolutional(filters, 3, 2)
        around = convolutional(half, 1)
        route(before)
        convolutional(half, 1)
        for _ in range(blocks):
            convolutional(filters // 2, 1)
            convolutional(half, 3)
            besides += half * side**2
        route(convolutional(half, 1), around)
        kept.append(convolutional(filters, 1))

    def in_turn(filters: int, count: int) -> int:
        for index in range(count):
            convolutional((1 + index % 2) * filters, 1 + 2 * (index % 2))
        return filters

    coarse = in_turn(16 * width, 3)
    besides += sum(size**2 for size in (5, 9, 13)) * coarse * side**2
    route(*4 * (coarse,))
    levels = [in_turn(16 * width, 3)]
    for filters, stage in ((8 * width, 3), (4 * width, 2)):
        up = convolutional(filters, 1)
        side *= 2
        route(kept[stage])
        route(convolutional(filters, 1), up)
        levels.append(in_turn(filters, 5))
    for filters, level in ((4 * width, None), (8 * width, levels[1]), (16 * width, levels[0])):
        if level is not None:
            route(convolutional(filters, 3, 2), level)
            in_turn(filters, 5)
        convolutional(2 * filters, 3)
        convolutional(3 * (5 + classes), 1)
        route(filters)
    return layers, besides


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
