"""Linen modules: symbols in fields, variables from eval_shape, streams, collections, lifted transforms."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax.core import FrozenDict

from symcost.arrays import array
from symcost.dims import dim, dims
from symcost.errors import ArgumentError, BuildError, DimensionError
from symcost.frontend import to_family
from symcost.frontend.substitute import substitute, symbols_in
from tests.frontend.oracle import assert_same_operations, f32, scopes, shapes_by_kind

KEY = jax.random.key(0)


def variables_of(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    return jax.eval_shape(functools.partial(module.init, **kwargs), {"params": KEY, "dropout": KEY}, *args)


class MLP(nn.Module):
    features: Any
    classes: Any = 3
    rate: float = 0.0

    @nn.compact
    def __call__(self, x, train=False):
        x = nn.relu(nn.Dense(self.features)(x))
        x = nn.Dropout(self.rate, deterministic=not train)(x)
        return nn.Dense(self.classes)(x)

    def double(self, x):
        return self(x) * 2


@pytest.mark.parametrize("sizes", [{"B": 2, "F": 7, "H": 4}, {"B": 1, "F": 1, "H": 1}])
def test_symbols_in_fields(sizes: dict[str, int]) -> None:
    h = dim("H")
    family = to_family(MLP(features=2 * h, classes=h + 1), (array("B F"),))
    assert family.domain.names == ("H", "B", "F")
    assert family.name == "MLP"
    b, f, h = sizes["B"], sizes["F"], sizes["H"]
    concrete, x = MLP(features=2 * h, classes=h + 1), f32(b, f)
    assert_same_operations(family, sizes, concrete.apply, variables_of(concrete, x), x)
    kinds = shapes_by_kind(family, sizes)
    assert sorted(kinds["params"]) == sorted([(2 * h,), (f, 2 * h), (h + 1,), (2 * h, h + 1)])
    assert kinds["argument"] == [(b, f)]


def test_module_paths_are_scopes() -> None:
    (h,) = dims("H")
    traced = to_family(MLP(features=h), (array("B F"),)).trace({"B": 2, "F": 7, "H": 4})
    assert set(scopes(traced.jaxpr)) >= {"MLP/Dense_0", "MLP/Dense_1"}


def test_method_and_keywords() -> None:
    (h,) = dims("H")
    sizes, x = {"B": 2, "F": 7, "H": 4}, f32(2, 7)
    concrete = MLP(features=4, rate=0.5)
    for method in ("double", MLP.double):
        family = to_family(MLP(features=h, rate=0.5), (array("B F"),), method=method)
        apply = functools.partial(concrete.apply, method=MLP.double)
        assert_same_operations(family, sizes, apply, variables_of(concrete, x), x)
    family = to_family(MLP(features=h, rate=0.5), (array("B F"),), {"train": True}, rngs="dropout")
    assert_same_operations(
        family,
        sizes,
        lambda v, key, x: concrete.apply(v, x, train=True, rngs={"dropout": key}),
        variables_of(concrete, x),
        KEY,
        x,
    )
    assert shapes_by_kind(family, sizes)["rng"] == [()]


class Normed(nn.Module):
    width: Any

    @nn.compact
    def __call__(self, x, train):
        x = nn.Conv(self.width, (3, 3))(x)
        return nn.BatchNorm(use_running_average=not train)(x)


def test_mutable_collections() -> None:
    (c,) = dims("C")
    sizes, x, concrete = {"B": 2, "S": 8, "C": 4}, f32(2, 8, 8, 3), Normed(4)
    family = to_family(Normed(c), (array("B S S 3"), True), mutable=("batch_stats",))
    variables = variables_of(concrete, x, train=True)
    assert_same_operations(
        family, sizes, lambda v, x: concrete.apply(v, x, True, mutable=["batch_stats"]), variables, x
    )
    kinds = shapes_by_kind(family, sizes)
    assert sorted(kinds["state"]) == [(4,), (4,)]
    assert len(kinds["params"]) == 4
    assert len(jax.tree.leaves(family.trace(sizes).out_info)) == 3  # the output and two running averages
    inference = to_family(Normed(c), (array("B S S 3"), False))
    assert_same_operations(inference, sizes, lambda v, x: concrete.apply(v, x, False), variables, x)


def test_forgotten_mutable_is_told() -> None:
    (c,) = dims("C")
    family = to_family(Normed(c), (array("B S S 3"),), {"train": True})
    with pytest.raises(BuildError) as caught:
        family.trace({"B": 2, "S": 8, "C": 4})
    assert "Normed(width=C) cannot be built at C=4, B=2, S=8: ModifyScopeVariableError" in caught.value.what
    assert caught.value.todo == 'let the module write the collection: mutable=("batch_stats",)'


def test_forgotten_rngs_is_told() -> None:
    family = to_family(MLP(3, rate=0.5), (array("B F"),), {"train": True})
    with pytest.raises(BuildError) as caught:
        family.trace({"B": 2, "F": 8})
    assert caught.value.todo == 'give the module the random stream: rngs=("dropout",), or switch it off (train=False)'


def test_misspelt_collection_is_told() -> None:
    family = to_family(Normed(3), (array("B S S 3"), True), mutable="batch_stat")
    with pytest.raises(ArgumentError) as caught:
        family.at({"B": 2, "S": 8})
    assert caught.value.what == "the module has no collection 'batch_stat'; it has batch_stats"
    assert caught.value.todo == 'mutable=("batch_stats",)'


def test_all_collections_may_be_written() -> None:
    class Sowing(nn.Module):
        @nn.compact
        def __call__(self, x):
            self.sow("intermediates", "x", x)
            return x + 1

    assert len(jax.tree.leaves(to_family(Sowing(), (array("N"),), mutable=True).trace({"N": 3}).out_info)) == 2
    assert len(jax.tree.leaves(to_family(Sowing(), (array("N"),)).trace({"N": 3}).out_info)) == 1


# -- symbols deep in fields --------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Config:
    width: Any
    heads: int = 2
    inner: Any = None


class Configured(nn.Module):
    config: Config
    layers: Any
    table: Any
    make: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(self.config.width)(x)
        for layer in self.layers:
            x = layer(x)
        x = nn.Dense(self.config.inner.width)(x)
        x = nn.Dense(self.table["a"][1])(x)
        return self.make()(x)


def configured(h: Any, k: Any) -> Configured:
    return Configured(
        Config(2 * h, inner=Config(k)),
        [nn.Dense(h), nn.Sequential([nn.Dense(k), nn.relu])],
        {"a": (1, h + k), "b": FrozenDict({"c": k})},
        functools.partial(nn.Dense, features=h, use_bias=False),
    )


def test_nested_configurations_lists_and_modules() -> None:
    h, k = dims("H K")
    family = to_family(configured(h, k), (array("B F"),))
    assert set(family.domain.names) == {"H", "K", "B", "F"}
    concrete, x = configured(5, 3), f32(2, 7)
    assert_same_operations(family, {"H": 5, "K": 3, "B": 2, "F": 7}, concrete.apply, variables_of(concrete, x), x)


def test_objects_without_symbols_keep_their_identity() -> None:
    concrete = configured(5, 3)
    assert substitute(concrete, {"H": 2}) is concrete
    assert symbols_in(concrete) == ()


class Tied(nn.Module):
    first: nn.Module
    second: nn.Module

    def __call__(self, x):
        return self.second(self.first(x))


def test_shared_submodules_stay_shared() -> None:
    (h,) = dims("H")
    dense = nn.Dense(h)
    family = to_family(Tied(dense, dense), (array("B H"),))
    assert sorted(shapes_by_kind(family, {"B": 2, "H": 3})["params"]) == [(3,), (3, 3)]


class Computing(nn.Module):
    width: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        self.even = self.width % 2 == 0

    def __call__(self, x):
        return x


class Opaque:
    def __init__(self, width: Any):
        self.width = width


@dataclasses.dataclass
class ComputingConfig:
    width: Any

    def __post_init__(self) -> None:
        self.even = self.width % 2 == 0


class Holder(nn.Module):
    config: Any

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.config.width)(x)


def test_constructors_that_compute_are_sent_to_build() -> None:
    (h,) = dims("H")
    for module, what in (
        (Computing(h), "Computing has a __post_init__, which has already run with symbols in place of sizes"),
        (Holder(ComputingConfig(h)), "ComputingConfig has a __post_init__"),
        (Holder(Opaque(h)), "the attribute width of a Opaque is the symbol H"),
    ):
        with pytest.raises(DimensionError) as caught:
            to_family(module, (array("B F"),)).at({"B": 2, "F": 3, "H": 4})
        assert what in caught.value.what
        assert "calls the constructor with integers" in str(caught.value.todo)


# -- lifted transforms and library layers ------------------------------------------------


class Block(nn.Module):
    width: Any

    @nn.compact
    def __call__(self, x, _):
        return nn.relu(nn.Dense(self.width)(x)), None


class Scanned(nn.Module):
    width: Any
    layers: Any

    @nn.compact
    def __call__(self, x):
        stack = nn.scan(nn.remat(Block), variable_axes={"params": 0}, split_rngs={"params": True}, length=self.layers)
        return stack(self.width)(x, None)[0]


class Mapped(nn.Module):
    width: Any

    @nn.compact
    def __call__(self, x):
        dense = nn.vmap(nn.Dense, in_axes=0, variable_axes={"params": 0}, split_rngs={"params": True})
        return dense(self.width)(x)


class Recurrent(nn.Module):
    hidden: Any

    @nn.compact
    def __call__(self, x):
        return nn.Bidirectional(nn.RNN(nn.LSTMCell(self.hidden)), nn.RNN(nn.GRUCell(self.hidden)))(x)


class Attending(nn.Module):
    heads: Any
    width: Any

    @nn.compact
    def __call__(self, x):
        x = nn.Embed(11, self.width)(x)
        return nn.MultiHeadDotProductAttention(self.heads, qkv_features=self.width)(nn.LayerNorm()(x))


LIBRARY = {
    "scan of remat": (lambda H, L: Scanned(H, L), "B H", "float32"),
    "vmap": (lambda H, L: Mapped(H), "L B H", "float32"),
    "RNN": (lambda H, L: Recurrent(H), "B L 3", "float32"),
    "attention": (lambda H, L: Attending(2, 2 * H), "B L", "int32"),
    "conv": (lambda H, L: nn.Conv(H, (L, L), strides=2), "B 9 9 3", "float32"),
    "Sequential": (lambda H, L: nn.Sequential([nn.Dense(H), nn.relu, nn.Dense(L)]), "B 5", "float32"),
    "lifted class": (
        lambda H, L: nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})(H), "L 4", "float32"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LIBRARY)
def test_lifted_transforms_and_library_layers(case: str) -> None:
    make, shape, dtype = LIBRARY[case]
    h, ell = dims("H L")
    sizes = {"B": 2, "H": 4, "L": 3}
    family = to_family(make(h, ell), (array(shape, dtype),))
    concrete, x = make(4, 3), jax.ShapeDtypeStruct(array(shape).at(sizes), dtype)
    assert_same_operations(family, sizes, concrete.apply, variables_of(concrete, x), x)


# -- wrong calls -------------------------------------------------------------------------


def test_wrong_number_of_arguments() -> None:
    (h,) = dims("H")
    with pytest.raises(ArgumentError) as caught:
        to_family(Normed(h), (array("B S S 3"),)).at({"B": 2, "S": 8, "H": 3})
    assert caught.value.what == "Normed(x, train) was given 1 argument: missing a required argument: 'train'"
    assert caught.value.todo == "sc.trace(Normed(...), x, train)"
    with pytest.raises(ArgumentError, match="too many positional arguments"):
        to_family(MLP(3), (array("B F"), False, 3)).at({"B": 2, "F": 3})
    with pytest.raises(ArgumentError, match="got an unexpected keyword argument 'training'"):
        to_family(MLP(3), (array("B F"),), {"training": True}).at({"B": 2, "F": 3})


def test_unknown_method() -> None:
    with pytest.raises(ArgumentError) as caught:
        to_family(MLP(3), (array("B F"),), method="doubel").at({"B": 2, "F": 3})
    assert caught.value.what == "MLP has no method 'doubel'"
    assert caught.value.where == "its methods: double"
    assert caught.value.todo == 'name the method to trace: method="double"'


def test_class_instead_of_module() -> None:
    with pytest.raises(ArgumentError) as caught:
        to_family(MLP, (array("B F"),)).at({"B": 2, "F": 3})
    assert caught.value.what == "MLP is a class, not a module"
    assert caught.value.todo == "sc.trace(MLP(...), ...) or sc.build(MLP, ...)"


def test_text_where_an_array_is_meant() -> None:
    family = to_family(MLP(3), ("B F",))
    with pytest.raises(BuildError) as caught:
        family.trace({})
    assert (
        caught.value.todo == 'argument 1 is the text "B F", which the call gets as it is; an array is sc.array("B F")'
    )


def test_params_are_known_by_themselves() -> None:
    with pytest.raises(ArgumentError, match="params=\\('kernel',\\) means nothing for the Linen module MLP"):
        to_family(MLP(3), (array("B F"),), params="kernel").at({"B": 2, "F": 3})


def test_module_among_the_static_arguments() -> None:
    (h,) = dims("H")
    variables = {"params": {"Dense_0": {"kernel": array("F H"), "bias": array("H")},
                            "Dense_1": {"kernel": array("H 3"), "bias": array("3")}}}  # fmt: skip
    family = to_family(lambda m, v, x: m.apply(v, x), (MLP(h), variables, array("B F")), params="v")
    concrete, x = MLP(4), f32(2, 7)
    assert_same_operations(family, {"H": 4, "B": 2, "F": 7}, concrete.apply, variables_of(concrete, x), x)


def test_parameters_are_never_real_arrays() -> None:
    """A terabyte of parameters costs nothing."""
    (h,) = dims("H")
    family = to_family(MLP(features=h), (array("B F"),))
    shapes = shapes_by_kind(family, {"B": 1, "F": 2**19, "H": 2**19})
    assert (2**19, 2**19) in shapes["params"]


def test_partitioned_parameters() -> None:
    class Boxed(nn.Module):
        @nn.compact
        def __call__(self, x):
            init = nn.with_partitioning(nn.initializers.lecun_normal(), (None, "model"))
            return nn.Dense(4, kernel_init=init)(x)

    family = to_family(Boxed(), (array("B F"),))
    assert family.trace({"B": 2, "F": 3}).out_info.shape == (2, 4)
    assert jnp.dtype("float32") == family.at({"B": 2, "F": 3}).args[3][0].dtype
