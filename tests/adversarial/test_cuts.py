"""Slices that may leave nothing, and rows that may be too short: exact where there is a program, refused where not."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import pytest
from jax import lax

import symcost as sc
from symcost.errors import DomainError
from tests.exactness import assert_exact

CUTS = {
    "all but the first five": lambda x: x[5:] * 2,
    "all but the last three": lambda x: jnp.tanh(x[:-3]) + 1,
    "all but both ends": lambda x: x[2:-2] * x[4:],
    "differences of lag three": lambda x: x[3:] - x[:-3],
    "columns": lambda x: jnp.sum(x[:, 6:], axis=1),
    "padded after a cut": lambda x: jnp.pad(x[4:], ((2, 1), (0, 0))) * 3,
}


@pytest.mark.parametrize("first", ["T B", "B T"])
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_cuts_are_exact_down_to_nothing(cut, first):
    cost = sc.trace(cut, sc.array(first))
    rows, columns = first.split()

    def build(**sizes):
        return cut, (jax.ShapeDtypeStruct((sizes[rows], sizes[columns]), jnp.float32),)

    points = [{rows: n, columns: m} for n in (1, 2, 3, 4, 5, 6, 7, 8, 41) for m in (1, 5, 6, 7, 30)]
    assert_exact(cost, build, points, xla=False)


def refused(cost, fn, shapes, points) -> None:
    """The domain refuses exactly the points at which the function cannot be traced."""
    for sizes in points:
        args = [jax.ShapeDtypeStruct(tuple(sizes[n] for n in shape.split()), jnp.float32) for shape in shapes]
        try:
            jax.eval_shape(fn, *args)
        except Exception:
            with pytest.raises(DomainError, match="excluded"):
                cost.at(**sizes)
        else:
            cost.at(**sizes)


def odd_one(x):
    if x.shape == (1, 1):
        raise ValueError("nothing to compare")
    return x + 1


def grid(names: str, largest: int):
    return [
        dict(zip(names, sizes, strict=True)) for sizes in itertools.product(range(1, largest + 1), repeat=len(names))
    ]


@pytest.mark.parametrize(
    ("fn", "shapes", "said"),
    [
        (lambda x: lax.top_k(x, 4)[0], ["T E"], "E <= 3"),
        (lambda x: lax.top_k(x, 2)[0], ["T E"], "E == 1"),
        (lambda x: lax.top_k(x.reshape(-1), 4)[0], ["K V"], "K*V <= 3"),
        (lambda x: lax.dynamic_slice(x, (0, 0), (3, 2)), ["T E"], "T <= 2"),
        (odd_one, ["K V"], "K*V <= 1"),
    ],
    ids=["too few columns", "one column", "too few elements", "too few rows or columns", "one element"],
)
def test_sizes_without_a_program_are_excluded(fn, shapes, said):
    cost = sc.trace(fn, *map(sc.array, shapes))
    assert said in [description for description, _ in cost.domain.excluded]
    refused(cost, fn, shapes, grid("".join(shapes[0].split()), 6))


def test_sizes_in_multiples_are_excluded_as_sizes():
    sc.dim("Q", multiple_of=8)
    cost = sc.trace(lambda x: lax.top_k(x, 4)[0], sc.array("V Q"))
    assert cost.domain.excluded == ()
    with pytest.raises(DomainError, match="multiple of 8"):
        cost.at(V=3, Q=4)


def test_an_empty_array_that_is_refused_is_excluded():
    def some(x):
        if not len(x):
            raise ValueError("empty")
        return x + 1

    sc.dim("Z", min=0)
    cost = sc.trace(some, sc.array("Z V"))
    assert [description for description, _ in cost.domain.excluded] == ["Z == 0"]
    assert cost.at(Z=1, V=3).flops == 3
