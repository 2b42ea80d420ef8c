"""Convolutional networks: exact at fresh sizes, equal to what has been published, and the general count by hand."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax

import symcost as sc
from symcost import zoo
from symcost.capture import from_jaxpr
from symcost.conventions import convention
from symcost.interpret import interpret
from symcost.testing import assert_cost
from symcost.zoo import cnn_nnx
from symcost.zoo.catalog import residual
from tests.exactness import assert_exact
from tests.zoo.checks import assert_met

CORE = ("lenet", "vgg16")
"""Traced in every run; the others, of the same blocks, in the long ones."""

PUBLISHED = [(name, p) for name in zoo.names("convolutions") for p in zoo.get(name).published if p.program == "forward"]


@functools.cache
def forward(name: str):
    return zoo.get(name).trace()


def marked(names, core=CORE) -> list[Any]:
    return [name if name in core else pytest.param(name, marks=pytest.mark.long) for name in names]


@pytest.mark.parametrize("name", marked(zoo.names("convolutions")))
def test_forward_is_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 3))


@pytest.mark.parametrize("name", marked(zoo.names("convolutions"), ("lenet", "resnet18")))
def test_loss_and_gradient_are_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    xla = name != "resnet18"  # the long runs compare it for the networks beside it, of the same blocks
    assert_exact(entry.trace_gradient(), entry.build_gradient, entry.samples(rng, 3), xla=xla)


@functools.cache
def concrete(name: str, sizes: tuple[tuple[str, int], ...]) -> dict[str, int]:
    """Quantities of the program at the published sizes, traced there."""
    entry = zoo.get(name)
    fn, args = entry.build(**dict(sizes))
    program = from_jaxpr(jax.jit(fn).trace(*args).jaxpr)
    macs = interpret(program, convention("algorithm").registry).totals()["macs"]
    return {"macs": macs, "params": entry.at(dict(sizes)).parameters()}


DEEP = ("resnet101", "resnet152", "resnet34", "efficientnet-b0")


@pytest.mark.parametrize(
    ("name", "published"),
    [pytest.param(n, p, id=f"{n}-{p.quantity}", marks=[pytest.mark.long] if n in DEEP else []) for n, p in PUBLISHED],
)
def test_published_figures(name, published):
    counted = concrete(name, tuple(published.sizes.items()))[published.quantity]
    assert_met(published, counted)
    if name in CORE:
        assert getattr(forward(name).at(**published.sizes), published.quantity) == counted


RESNETS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3),
           "resnet101": (3, 4, 23, 3), "resnet152": (3, 8, 36, 3)}  # fmt: skip


def step(name: str) -> Any:
    """Catamount's figure of a training step."""
    (figure,) = (figure for figure in zoo.get(name).published if figure.program == "training")
    return figure


@pytest.mark.parametrize("name", marked(RESNETS, ("resnet18", "resnet34")))
def test_training_steps_differ_from_catamounts_in_the_terms_that_are_named(name):
    figure = step(name)
    ours = zoo.get(name).trace_training(sizes=figure.sizes).under("catamount").at(**figure.sizes).flops
    channels = residual.elements(RESNETS[name], name not in ("resnet18", "resnet34"), 224, 64).channels
    assert figure.figure - ours - figure.beyond in (0, channels)  # JAX 0.12 has one operation fewer per channel
    assert_met(figure, ours)


@pytest.mark.parametrize("name", RESNETS)
def test_catamounts_resnets_operator_by_operator(name):
    """TensorFlow's graph under Catamount's rules, written by hand, is the published figure of every depth."""
    assert tensorflow_step(RESNETS[name], 4 if name not in ("resnet18", "resnet34") else 1) == step(name).figure


def tensorflow_step(blocks: tuple[int, ...], wider: int, batch: int = 32) -> int:
    """FLOPs of a step: 224 x 224 images, momentum, no decay of weights."""
    flops, weights = 0, 0

    def convolution(size: int, inputs: int, outputs: int, side: int) -> None:
        nonlocal flops, weights
        weights += size**2 * inputs * outputs
        flops += 3 * 2 * batch * size**2 * inputs * outputs * side**2  # forward, gradients of image and kernel
        elements = batch * outputs * side**2
        # normalised (6 and 3 per channel, 6 and 1 back); two running means, three operations for each channel
        flops += 12 * elements + (3 + 1 + 6) * outputs
        weights += 2 * outputs

    def relu(channels: int, side: int) -> None:
        nonlocal flops
        flops += 2 * batch * channels * side**2

    convolution(7, 3, 64, 112)
    relu(64, 112)
    flops += 2 * 9 * batch * 64 * 56**2  # largest of 3 x 3, and back
    channels, side = 64, 56
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        for block in range(count):
            before, side = side, side // 2 if stage and not block else side
            flops += batch * channels * before**2  # two gradients of the block's input are added
            if wider == 4:
                convolution(1, channels, width, before)
                relu(width, before)
                convolution(3, width, width, side)
                relu(width, side)
                convolution(1, width, 4 * width, side)
            else:
                convolution(3, channels, width, side)
                relu(width, side)
                convolution(3, width, width, side)
            if channels != wider * width:
                convolution(1, channels, wider * width, side)
            channels = wider * width
            flops += 3 * batch * channels * side**2  # the shortcut; back, two sums over no axis
            relu(channels, side)
    flops += 2 * batch * channels * side**2  # mean over places, and back
    weights += channels * 1000 + 1000
    flops += 3 * 2 * batch * channels * 1000 + 2 * batch * 1000  # dense layer, its biases
    flops += 4 * batch * 1000  # softmax with its loss (3), times the gradient of the loss
    flops += 3 * batch * 224**2 * 3  # the image: scaled, less the mean, by the deviation
    return flops + 4 * weights + 256


@pytest.mark.parametrize(("linen", "module"), [("cnn", cnn_nnx.CNN), ("cnn-batchnorm", cnn_nnx.BatchNormCNN)])
def test_nnx_costs_what_linen_costs(linen, module):
    B, S, W, K, C = sc.dims("B S W K C")

    def built(**sizes: int) -> nnx.Module:
        made = module(**sizes, rngs=nnx.Rngs(0))
        made.eval()
        return made

    side = {"side": S} if module is cnn_nnx.CNN else {}
    cost = sc.trace(sc.build(built, **side, width=W, kernel=K, classes=C), sc.array((B, S, S, 3)))
    quantities = ("flops", "macs", "transcendentals", "int_ops", "bytes_accessed", "params", "param_bytes")
    assert {q: cost.text(q) for q in quantities} == {q: forward(linen).text(q) for q in quantities}


def test_an_nnx_classifier_runs(rng):
    model = cnn_nnx.CNN(side=9, width=2, kernel=3, classes=4, rngs=nnx.Rngs(0))
    output = model(jnp.asarray(rng.normal(size=(2, 9, 9, 3)), "float32"))
    assert output.shape == (2, 4)
    assert float(jnp.std(output)) > 0


@pytest.mark.parametrize("name", marked(zoo.names("convolutions"), ("lenet",)))
def test_runs_on_real_arrays_and_gives_finite_numbers(name, rng):
    entry = zoo.get(name)
    sizes = {dim.name: min((n for n in dim.small if n > 1), default=1) for dim in entry.dims}
    fn, _ = entry.build(**sizes)
    output = jax.jit(fn)(*entry.at(sizes).values(rng, sizes))
    assert output.shape == (sizes["B"], sizes["C"])
    assert bool(jnp.all(jnp.isfinite(output)))


@pytest.mark.parametrize("name", [n for n in zoo.names("convolutions") if n not in DEEP])
def test_every_parameter_gets_a_gradient_at_the_smallest_sizes(name):
    fn, args = zoo.get(name).build_gradient(**{dim.name: dim.min or 1 for dim in zoo.get(name).dims})
    (loss, _), gradient = jax.eval_shape(fn, *args)
    assert loss.shape == ()
    assert jax.tree.map(lambda leaf: leaf.shape, gradient) == jax.tree.map(lambda leaf: leaf.shape, args[0])


def test_sizes_without_an_output_are_outside_of_the_domain():
    assert "S >= 16" in str(forward("lenet").domain)
    fn, args = zoo.get("lenet").build(B=1, S=16, W=1, C=2)
    assert jax.eval_shape(fn, *args).shape == (1, 2)


def test_vgg_layer_by_layer():
    side = ["S", "floor(S/2)", "floor(S/4)", "floor(S/8)", "floor(S/16)"]
    widths = ["3", "W", "W", "2*W", "2*W", "4*W", "4*W", "4*W", "8*W", "8*W", "8*W", "8*W", "8*W", "8*W"]
    stages = [0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    convolutions = [f"9*B*{side[s]}**2*{a}*{b}" for s, (a, b) in zip(stages, itertools.pairwise(widths), strict=True)]
    dense = ["B*8*W*floor(S/32)**2*H", "B*H**2", "B*H*C"]
    assert_cost(forward("vgg16"), macs=" + ".join([*convolutions, *dense]))


# -- the general count -----------------------------------------------------------------------


def macs_by_hand(x, w, stride, padding, dilation, groups, base=1) -> int:
    """Every product of an output element with its taps, padding included, counted one by one."""
    batch, height, _, channels = x
    kernel, _, per_group, features = w
    assert channels == per_group * groups
    reach = (kernel - 1) * dilation + 1
    padded = (height - 1) * base + 1 + sum(padding)
    outputs = len(range(0, padded - reach + 1, stride))
    return sum(1 for _ in np.ndindex(batch, outputs, outputs, features, kernel, kernel, per_group))


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups", "base"),
    [(1, (0, 0), 1, 1, 1), (2, (1, 1), 1, 1, 1), (1, (2, 1), 2, 1, 1), (1, (1, 1), 1, 4, 1), (3, (0, 2), 1, 2, 1),
     (1, (1, 1), 1, 1, 2)],
    ids=["plain", "strided", "dilated", "depthwise", "grouped", "transposed"],
)  # fmt: skip
def test_one_convolution_of_each_kind(stride, padding, dilation, groups, base):
    def convolve(x, w):
        return lax.conv_general_dilated(
            x, w, (stride, stride), [padding, padding], (base, base), (dilation, dilation), ("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )  # fmt: skip

    sc.dim("S", min=8)
    cost = sc.trace(convolve, sc.array("B S S 4"), sc.array(f"3 3 {4 // groups} 4*F"))
    for B, S, F in ((1, 8, 1), (2, 9, 1), (1, 11, 2)):
        wanted = macs_by_hand((B, S, S, 4), (3, 3, 4 // groups, 4 * F), stride, padding, dilation, groups, base)
        assert cost.at(B=B, S=S, F=F).macs == wanted
