"""NNX modules: built abstractly, module paths as scopes, state and streams as inputs and outputs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from symcost.arrays import array
from symcost.dims import dims
from symcost.errors import ArgumentError, BuildError
from symcost.frontend import build, to_family, training_family
from symcost.frontend.nnx_scopes import module_scopes
from tests.frontend.oracle import assert_same_operations, f32, scopes, shapes_by_kind


class Block(nnx.Module):
    def __init__(self, width: int, *, rngs: nnx.Rngs):
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.linear = nnx.Linear(width, width, rngs=rngs)

    def __call__(self, x):
        return x + self.linear(self.norm(x))


class Net(nnx.Module):
    def __init__(self, inputs: int, width: int, layers: int, *, rngs: nnx.Rngs):
        if width % 4 or not isinstance(width, int):
            raise ValueError("width must be a multiple of 4")
        self.embed = nnx.Linear(inputs, width, rngs=rngs)
        self.blocks = nnx.List([Block(width, rngs=rngs) for _ in range(layers)])
        self.head = nnx.Sequential(nnx.relu, nnx.Linear(width, 2, rngs=rngs))

    def __call__(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)

    def encode(self, x):
        return self.embed(x)


def net_family(**options: Any) -> Any:
    f, w, ell = dims("F W L")
    return to_family(build(Net, f, width=4 * w, layers=ell), (array("B F"),), **options)


SIZES = {"F": 5, "W": 2, "L": 3, "B": 2}


@pytest.mark.parametrize("sizes", [SIZES, {"F": 1, "W": 1, "L": 1, "B": 1}])
def test_program_is_that_of_the_module(sizes: dict[str, int]) -> None:
    net = Net(sizes["F"], 4 * sizes["W"], sizes["L"], rngs=nnx.Rngs(0))
    graph, state = nnx.split(net)
    family = net_family()
    assert family.domain.names == ("F", "W", "L", "B")
    assert_same_operations(family, sizes, lambda s, x: nnx.merge(graph, s)(x), state, f32(sizes["B"], sizes["F"]))
    kinds = shapes_by_kind(family, sizes)
    assert sorted(kinds["params"]) == sorted(x.shape for x in jax.tree.leaves(state))
    assert set(kinds) == {"params", "argument"}


def test_module_paths_are_scopes() -> None:
    found = scopes(net_family().trace(SIZES).jaxpr)
    dots = [scope for scope, primitives in found.items() if "dot_general" in primitives]
    assert dots == [
        "Net/embed",
        "Net/blocks/0/linear",
        "Net/blocks/1/linear",
        "Net/blocks/2/linear",
        "Net/head/layers/1",
    ]
    assert "add" in found["Net/blocks/0"]
    assert any(p == "rsqrt" for p in found["Net/blocks/0/norm"])


def test_classes_are_left_as_they_were() -> None:
    before = {cls: cls.__call__ for cls in (Net, Block, nnx.Linear, nnx.LayerNorm, nnx.Sequential)}
    net_family().trace(SIZES)
    with pytest.raises(BuildError):
        to_family(build(Net, 3, 4, 1), (array("B 5"),)).trace({"B": 2})  # the matrix product does not fit
    assert {cls: cls.__call__ for cls in before} == before
    module = Block(4, rngs=nnx.Rngs(0))

    def fail() -> None:
        with module_scopes(module):
            assert nnx.Linear.__call__ is not before[nnx.Linear]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert {cls: cls.__call__ for cls in before} == before


def test_method() -> None:
    for method in ("encode", Net.encode):
        found = scopes(net_family(method=method).trace(SIZES).jaxpr)
        assert [s for s, p in found.items() if "dot_general" in p] == ["Net/embed"]
    with pytest.raises(ArgumentError, match="Net has no method 'encod'"):
        net_family(method="encod").at(SIZES)


class Stateful(nnx.Module):
    def __init__(self, width, *, rngs):
        self.norm = nnx.BatchNorm(width, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.drop(self.norm(x))


def test_state_and_streams_are_inputs_and_outputs() -> None:
    (f,) = dims("F")
    family = to_family(build(Stateful, f), (array("B F"),))
    sizes = {"B": 4, "F": 3}
    kinds = shapes_by_kind(family, sizes)
    assert kinds == {"params": [(3,)] * 2, "state": [(3,)] * 2, "rng": [(), ()], "argument": [(4, 3)]}
    outputs, (streams, state) = family.trace(sizes).out_info
    assert outputs.shape == (4, 3)
    assert sorted(x.shape for x in jax.tree.leaves(state)) == [(3,), (3,)]
    assert len(jax.tree.leaves(streams)) == 2
    found = scopes(family.trace(sizes).jaxpr)
    assert any("random_bits" in p for s, p in found.items() if s.startswith("Stateful/drop"))


class Child(Block):
    def __call__(self, x):
        return super().__call__(x) * 2


class Shared(nnx.Module):
    def __init__(self, width, *, rngs):
        self.a = Child(width, rngs=rngs)
        self.b = self.a

    def __call__(self, x):
        return self.b(self.a(x))


def test_super_and_shared_modules() -> None:
    (f,) = dims("F")
    family = to_family(build(Shared, f), (array("B F"),))
    sizes = {"B": 2, "F": 3}
    found = scopes(family.trace(sizes).jaxpr)
    assert {s: p.count("dot_general") for s, p in found.items() if "dot_general" in p} == {"Shared/a/linear": 2}
    assert shapes_by_kind(family, sizes)["params"].count((3, 3)) == 1


class Scanned(nnx.Module):
    """Layers under nnx.vmap and nnx.scan, where modules are rebuilt from their parts."""

    def __init__(self, width, layers, *, rngs):
        @nnx.split_rngs(splits=layers)
        @nnx.vmap(in_axes=(0,), out_axes=0)
        def make(rngs):
            return Block(width, rngs=rngs)

        self.layers = layers
        self.blocks = make(rngs)

    def __call__(self, x):
        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        def run(x, block):
            return block(x)

        return run(x, self.blocks)


def test_lifted_transforms() -> None:
    f, ell = dims("F L")
    family = to_family(build(Scanned, f, ell), (array("B F"),))
    sizes = {"B": 2, "F": 3, "L": 5}
    assert (5, 3, 3) in shapes_by_kind(family, sizes)["params"]
    found = scopes(family.trace(sizes).jaxpr)
    (dot,) = [s for s, p in found.items() if "dot_general" in p]
    assert dot.startswith("Scanned/")
    assert dot.endswith("Block/linear")


def test_function_of_sizes_that_makes_a_module() -> None:
    def make(width: int, rngs: nnx.Rngs) -> nnx.Module:
        assert isinstance(width, int)
        return nnx.Sequential(nnx.Linear(3, width, rngs=rngs), nnx.relu)

    (w,) = dims("W")
    family = to_family(build(make, width=w), (array("B 3"),))
    assert family.name == "make"
    assert sorted(shapes_by_kind(family, {"B": 2, "W": 5})["params"]) == [(3, 5), (5,)]
    assert family.trace({"B": 2, "W": 5}).out_info.shape == (2, 5)


def test_module_with_concrete_sizes() -> None:
    family = to_family(Net(3, 4, 1, rngs=nnx.Rngs(0)), (array("B 3"),))
    assert family.domain.names == ("B",)
    assert family.trace({"B": 2}).out_info.shape == (2, 2)


def test_module_among_the_arguments() -> None:
    family = to_family(lambda m, x: m(x), (nnx.Linear(3, 4, rngs=nnx.Rngs(0)), array("B 3")), params="m")
    assert shapes_by_kind(family, {"B": 2}) == {"params": [(4,), (3, 4)], "argument": [(2, 3)]}
    assert family.trace({"B": 2}).out_info.shape == (2, 4)


def test_parameters_are_never_real_arrays() -> None:
    (w,) = dims("W")
    family = to_family(build(nnx.Linear, w, w), (array("B W"),))
    assert (2**19, 2**19) in shapes_by_kind(family, {"B": 1, "W": 2**19})["params"]


def test_constructor_that_refuses_a_size_is_a_build_error() -> None:
    f, w = dims("F W")
    family = to_family(build(Net, f, width=w, layers=1), (array("B F"),))
    with pytest.raises(BuildError) as caught:
        family.at({"F": 3, "W": 6, "B": 2})
    assert caught.value.what == (
        "Net(F, width=W, layers=1) cannot be built at F=3, W=6, B=2: ValueError: width must be a multiple of 4"
    )
    assert caught.value.todo == 'sc.dim("W", multiple_of=4)'
    assert str(caught.value.where).startswith(f"{__file__}:")
    assert str(caught.value.where).endswith("(__init__)")


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError) as caught:
        to_family(build(Net, 3, 4, 1), (array("B 3"), array("B"))).at({"B": 2})
    assert caught.value.what == "Net(x) was given 2 arguments: too many positional arguments"
    assert caught.value.todo == "sc.trace(sc.build(Net, ...), x)"
    with pytest.raises(ArgumentError, match=r"mutable=.* means nothing for an NNX module, whose state is its own"):
        to_family(build(Net, 3, 4, 1), (array("B 3"),), mutable="batch_stats").at({"B": 2})


def test_training_step() -> None:
    import optax

    f, w = dims("F W")
    family = training_family(
        build(Net, f, width=4 * w, layers=1),
        (array("B F"), array("B 2")),
        loss=lambda out, y: jnp.mean((out - y) ** 2),
        optimizer=optax.adam(1e-3),
    )
    sizes = {"F": 3, "W": 1, "B": 2}
    kinds = shapes_by_kind(family, sizes)
    assert len(kinds["state"]) == 2 * len(kinds["params"]) + 1
    found = scopes(family.trace(sizes).jaxpr)
    assert any("symcost_update" in scope for scope in found)
    assert "dot_general" in found["transpose(jvp(Net))/embed"]
