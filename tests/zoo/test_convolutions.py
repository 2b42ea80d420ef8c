"""Convolutional networks: exact at fresh sizes, equal to what has been published, and the general count by hand."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import symcost as sc
from symcost import zoo
from symcost.capture import from_jaxpr
from symcost.conventions import convention
from symcost.interpret import interpret
from symcost.testing import assert_cost
from tests.exactness import assert_exact

CORE = ("lenet", "vgg16")
"""Traced in every run; the others, of the same blocks, in the long ones."""

PUBLISHED = [(name, p) for name in zoo.names("convolutions") for p in zoo.get(name).published]


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
    counted = concrete(name, tuple(published.sizes.items()))[published.quantity] + published.beyond
    assert abs(counted - published.figure) <= published.tolerance * published.figure
    if name in CORE:
        assert getattr(forward(name).at(**published.sizes), published.quantity) + published.beyond == counted


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
