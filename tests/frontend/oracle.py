"""What a program is, as far as the front ends are responsible for it, and how to compare two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.extend import core

from symcost.family import Family


def equations(jaxpr: Any, scope: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(name scope, equation) of every equation, nested jaxprs included; wrappers that only call are left out."""
    for eqn in jaxpr.eqns:
        here = (*scope, *(part for part in str(eqn.source_info.name_stack).split("/") if part))
        inner = [j for value in eqn.params.values() for j in _jaxprs(value)]
        if not inner:
            yield "/".join(here), eqn
        for j in inner:
            yield from equations(j, here)


def _jaxprs(value: Any) -> Iterator[Any]:
    if isinstance(value, core.ClosedJaxpr):
        yield value.jaxpr
    elif isinstance(value, core.Jaxpr):
        yield value
    elif isinstance(value, (tuple, list)):
        for v in value:
            yield from _jaxprs(v)


def operations(closed: Any) -> list[tuple[str, tuple[tuple[int, ...], ...]]]:
    """(primitive, shapes of its outputs) in order."""
    return [
        (e.primitive.name, tuple(getattr(v.aval, "shape", ()) for v in e.outvars)) for _, e in equations(closed.jaxpr)
    ]


def scopes(closed: Any) -> dict[str, list[str]]:
    """Name scope -> primitives in it, in order."""
    found: dict[str, list[str]] = {}
    for scope, eqn in equations(closed.jaxpr):
        found.setdefault(scope, []).append(eqn.primitive.name)
    return found


def shapes_by_kind(family: Family, sizes: dict[str, int]) -> dict[str, list[tuple[int, ...]]]:
    """Kind of input -> shapes of its leaves."""
    instance = family.at(sizes)
    leaves = jax.tree.leaves(instance.args)
    assert len(leaves) == len(instance.kinds)
    found: dict[str, list[tuple[int, ...]]] = {}
    for leaf, kind in zip(leaves, instance.kinds, strict=True):
        assert isinstance(leaf, jax.ShapeDtypeStruct)
        found.setdefault(kind, []).append(leaf.shape)
    return found


def assert_same_operations(family: Family, sizes: dict[str, int], fn: Callable[..., Any], *args: Any) -> None:
    """The family's program at `sizes` has the operations of ``fn(*args)``, in the same order, with the same shapes."""
    mine, theirs = operations(family.trace(sizes).jaxpr), operations(jax.jit(fn).trace(*args).jaxpr)
    assert mine, "an empty program proves nothing"
    assert mine == theirs


def assert_same_counts(family: Family, sizes: dict[str, int], fn: Callable[..., Any], *args: Any) -> None:
    """As `assert_same_operations`, in any order."""
    mine, theirs = operations(family.trace(sizes).jaxpr), operations(jax.jit(fn).trace(*args).jaxpr)
    assert mine, "an empty program proves nothing"
    assert Counter(mine) == Counter(theirs)


def f32(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, "float32")


def i32(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, "int32")
