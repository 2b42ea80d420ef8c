"""Training steps: loss, gradient and update in one program, equal to the step written by hand."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
import pytest

from symcost.arrays import array
from symcost.capture import UPDATE_SCOPE
from symcost.dims import dims
from symcost.errors import ArgumentError
from symcost.frontend import build, training_family
from symcost.frontend.training import mean_square
from tests.frontend.oracle import assert_same_counts, f32, i32, scopes, shapes_by_kind


class Layer(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.tanh(nn.Dense(self.width)(x)) ** 2


class Net(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x, train=False):
        x = nn.remat(Layer)(self.width)(x)
        x = nn.BatchNorm(use_running_average=not train)(x)
        x = nn.Dropout(0.5, deterministic=not train)(x)
        return nn.Dense(3)(x)


def loss(outputs, labels):
    return optax.softmax_cross_entropy_with_integer_labels(outputs, labels).mean()


def squared(outputs, targets):
    return jnp.mean((outputs - targets) ** 2)


SIZES = {"B": 4, "F": 5, "W": 7}


def test_linen_step_is_the_step_written_by_hand() -> None:
    (w,) = dims("W")
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-3))
    family = training_family(
        Net(w),
        (array("B F"), array("B", "int32")),
        {"train": True},
        loss=loss,
        optimizer=optimizer,
        rngs=("dropout",),
        mutable=("batch_stats",),
    )
    net, x, y, key = Net(7), f32(4, 5), i32(4), jax.random.key(0)
    variables = jax.eval_shape(net.init, key, x)

    def step(params, opt_state, batch_stats, key, x, y):
        def objective(params):
            out, new = net.apply(
                {"params": params, "batch_stats": batch_stats}, x, train=True, mutable=["batch_stats"],
                rngs={"dropout": key},
            )  # fmt: skip
            return loss(out, y), new

        (value, new), grads = jax.value_and_grad(objective, has_aux=True)(params)
        updates, opt_state = optimizer.update(grads, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, new, value

    state = jax.eval_shape(optimizer.init, variables["params"])
    assert_same_counts(family, SIZES, step, variables["params"], state, variables["batch_stats"], key, x, y)
    kinds = shapes_by_kind(family, SIZES)
    assert len(kinds["params"]) == 6
    assert kinds["rng"] == [()]
    assert len(kinds["state"]) == 2 * 6 + 1 + 2  # Adam's moments and counter, running averages
    assert kinds["argument"] == [(4, 5), (4,)]
    assert family.name == "train_Net"


def test_phases_can_be_told_apart() -> None:
    (w,) = dims("W")
    family = training_family(
        Net(w), (array("B F"), array("B", "int32")), loss=loss, optimizer=optax.sgd(0.1, momentum=0.9)
    )
    found = scopes(family.trace(SIZES).jaxpr)
    update = [p for scope, primitives in found.items() if UPDATE_SCOPE in scope for p in primitives]
    elsewhere = [p for scope, primitives in found.items() if UPDATE_SCOPE not in scope for p in primitives]
    assert "mul" in update
    assert "dot_general" not in update
    assert elsewhere.count("dot_general") >= 5
    assert any(scope.startswith("transpose") for scope in found)
    recomputed = [p for scope, primitives in found.items() if "rematted_computation" in scope for p in primitives]
    assert "tanh" in recomputed


def test_plain_function_trains_its_first_argument() -> None:
    def model(params, x):
        return jnp.tanh(x @ params["w"]) + params["b"]

    weights = {"w": array("F 3"), "b": array("3")}
    optimizer = optax.adam(1e-3)
    family = training_family(model, (weights, array("B F"), array("B 3")), loss=squared, optimizer=optimizer)

    def step(params, state, x, y):
        value, grads = jax.value_and_grad(lambda p: squared(model(p, x), y))(params)
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state, value

    params = {"w": f32(5, 3), "b": f32(3)}
    assert_same_counts(
        family, {"B": 4, "F": 5}, step, params, jax.eval_shape(optimizer.init, params), f32(4, 5), f32(4, 3)
    )
    assert sorted(shapes_by_kind(family, {"B": 4, "F": 5})["params"]) == [(3,), (5, 3)]
    named = training_family(
        lambda x, params: model(params, x), (array("B F"), weights, array("B 3")), loss=squared, optimizer=optimizer,
        params="params",
    )  # fmt: skip
    assert shapes_by_kind(named, {"B": 4, "F": 5})["params"] == shapes_by_kind(family, {"B": 4, "F": 5})["params"]


def test_targets_may_be_a_pytree_and_the_optimizer_deferred() -> None:
    (w,) = dims("W")

    def weighted(outputs, batch):
        return jnp.sum(batch["weight"] * (outputs[:, 0] - batch["y"]) ** 2) * batch["scale"]

    family = training_family(
        build(Net, width=w),
        (array("B F"), {"y": array("B"), "weight": array("B"), "scale": 0.5}),
        loss=weighted,
        optimizer=build(optax.adafactor, 1e-3, min_dim_size_to_factor=w),
    )
    assert len(family.trace(SIZES).out_info) == 4
    assert family.domain.names == ("W", "B", "F")


@pytest.mark.parametrize(
    ("change", "what", "todo"),
    [
        ({"loss": 3}, "loss=3 is not a function of (outputs, targets)", "loss=lambda outputs, y"),
        ({"optimizer": "adam"}, "optimizer='adam' is not an Optax gradient transformation", "optax.adam(1e-3)"),
        ({"loss": lambda out, y: out[:, 0]}, "the loss has shape (4,), not a scalar's", "jnp.mean(...)"),
    ],
)
def test_wrong_options(change: dict, what: str, todo: str) -> None:
    options = {"loss": loss, "optimizer": optax.sgd(0.1)} | change
    with pytest.raises(ArgumentError) as caught:
        training_family(Net(3), (array("B F"), array("B", "int32")), **options).trace({"B": 4, "F": 5})
    assert what in caught.value.what
    assert todo in str(caught.value.todo)


def test_missing_targets_and_nothing_to_train() -> None:
    with pytest.raises(ArgumentError, match="a training step needs the targets, as the last argument"):
        training_family(Net(3), (), loss=loss, optimizer=optax.sgd(0.1))
    with pytest.raises(ArgumentError, match="has no parameters to train"):
        training_family(nn.Sequential([nn.relu]), (array("B"), array("B")), loss=squared, optimizer=optax.sgd(0.1)).at(
            {"B": 3}
        )
    with pytest.raises(ArgumentError) as caught:
        training_family(Net(3), (array("B", "int32"),), loss=loss, optimizer=optax.sgd(0.1)).at({"B": 3})
    assert caught.value.what.endswith("(the last argument of a training step is the targets)")
    assert caught.value.todo == "sc.trace_training(model, x, y, loss=..., optimizer=...)"


def test_the_loss_that_needs_no_targets() -> None:
    outputs, targets = jnp.array([1.0, 2.0, 5.0]), jnp.array([0.0, 2.0, 3.0])
    assert mean_square(outputs) == pytest.approx(10.0)
    assert mean_square({"only": outputs}, targets) == pytest.approx(5 / 3)
    for wrong, listed in (((outputs, outputs), "float32[3], float32[3]"), (jnp.arange(3), "int32[3]"), ((), "none")):
        with pytest.raises(ArgumentError) as error:
            mean_square(wrong)
        assert f"the outputs are {listed}" in error.value.what
        assert error.value.todo.startswith("loss=")
        assert "--loss file.py:function" in error.value.on_command_line()
