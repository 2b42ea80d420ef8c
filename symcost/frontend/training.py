"""One training step as one program: loss, gradient and the optimizer's update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax

from symcost.advice import Typed
from symcost.capture import UPDATE_SCOPE
from symcost.errors import ArgumentError
from symcost.family import Instance
from symcost.frontend.arguments import check_call
from symcost.frontend.deferred import Deferred
from symcost.frontend.model import Model, instance


def training_step(
    model: Model, targets: Any, loss: Callable[[Any, Any], Any], optimizer: Any, donate: bool = False
) -> Instance:
    """The program ``params, optimizer state, ... -> new params, new optimizer state, new state, loss``.

    Args:
        model: called with the inputs; its params are what is learnt.
        targets: pytree of `jax.ShapeDtypeStruct`, handed to the loss.
        loss: (outputs, targets) -> a scalar.
        optimizer: an Optax gradient transformation.
        donate: the new params, optimizer state and state take the memory of the old ones.
    """
    import optax

    if not jax.tree.leaves(model.params):
        raise ArgumentError(
            f"{model.name} has no parameters to train",
            todo='train a model that has some; for a plain function say which argument holds them: params=("w",)',
        )
    whole = [a for a in jax.tree.leaves(model.params) if not jax.numpy.issubdtype(a.dtype, jax.numpy.inexact)]
    if whole:
        raise ArgumentError(
            f"the parameters of {model.name} hold a {whole[0].dtype} array, which has no gradient",
            todo='parameters are of floating point; for a plain function say which argument holds them: params=("w",)',
        )
    check_call(loss, f"the loss {getattr(loss, '__name__', type(loss).__name__)}", (None, targets), {}, LOSS)
    optimizer_state = jax.eval_shape(optimizer.init, model.params)

    def step(params: Any, optimizer_state: Any, state: Any, rngs: Any, args: Any, kwargs: Any, targets: Any) -> Any:
        def objective(params: Any) -> tuple[Any, Any]:
            outputs, new_state = model.call(params, state, rngs, args, kwargs)
            return _scalar(loss(outputs, targets)), new_state

        (value, new_state), gradients = jax.value_and_grad(objective, has_aux=True)(params)
        with jax.named_scope(UPDATE_SCOPE):
            updates, optimizer_state = optimizer.update(gradients, optimizer_state, params)
            params = optax.apply_updates(params, updates)
        return params, optimizer_state, new_state, value

    def donating(*trees: Any) -> Any:
        return jax.jit(step, donate_argnums=(0, 1, 2))(*trees)

    return instance(
        f"train_{model.name}",
        donating if donate else step,
        (model.params, "params"),
        (optimizer_state, "state"),
        (model.state, "state"),
        (model.rngs, "rng"),
        (model.args, "argument"),
        (model.kwargs, "argument"),
        (targets, "argument"),
    )


def mean_square(outputs: Any, targets: Any = None) -> Any:
    """A loss that needs nothing to be known of a model: the mean square of its outputs, less the targets if any.

    Raises:
        ArgumentError: the outputs are not one array of floating point.
    """
    leaves = jax.tree.leaves(outputs)
    if len(leaves) != 1 or not jax.numpy.issubdtype(leaves[0].dtype, jax.numpy.floating):
        found = ", ".join(f"{leaf.dtype}{list(leaf.shape)}" for leaf in leaves) or "none"
        raise ArgumentError(
            f"the mean square is the loss of one array of floats; the outputs are {found}",
            todo=Typed(LOSS, "--loss file.py:function, with the targets as the last --arg"),
        )
    difference = leaves[0] if targets is None else leaves[0] - targets
    return jax.numpy.mean(jax.numpy.square(difference))


LOSS = "loss=lambda outputs, y: jnp.mean((outputs - y) ** 2)"


def check_training(loss: Any, optimizer: Any, args: tuple[Any, ...]) -> None:
    """Raise an `ArgumentError` if a training step can't be made of these."""
    if not callable(loss):
        raise ArgumentError(
            f"loss={loss!r} is not a function of (outputs, targets)",
            todo=LOSS,
        )
    if not isinstance(optimizer, Deferred):
        _check_optimizer(optimizer, f"optimizer={optimizer!r}")
    if not args:
        raise ArgumentError(
            "a training step needs the targets, as the last argument", todo="sc.trace_training(model, x, y, loss=...)"
        )


def check_donate(donate: Any) -> None:
    """Raise an `ArgumentError` unless it is said plainly whether a training step donates."""
    if not isinstance(donate, bool):
        raise ArgumentError(f"donate={donate!r} is neither True nor False", todo="donate=True")


def optimizer_at(optimizer: Any, sizes: Mapping[str, int]) -> Any:
    """The optimizer; one made by `sc.build` is made at `sizes`."""
    if isinstance(optimizer, Deferred):
        name, optimizer = str(optimizer), optimizer.construct(sizes)
        _check_optimizer(optimizer, f"{name} made {optimizer!r}, which")
    return optimizer


def _check_optimizer(optimizer: Any, what: str) -> None:
    if isinstance(optimizer, type) or not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        raise ArgumentError(f"{what} is not an Optax gradient transformation", todo="optimizer=optax.adam(1e-3)")


def _scalar(value: Any) -> Any:
    shape = getattr(value, "shape", () if isinstance(value, (int, float)) else None)
    if shape is None:
        raise ArgumentError(f"the loss returned a {type(value).__name__}, not a scalar", todo=LOSS)
    if shape != ():
        raise ArgumentError(f"the loss has shape {shape}, not a scalar's", todo="take the mean of it: jnp.mean(...)")
    if not jax.numpy.issubdtype(jax.numpy.result_type(value), jax.numpy.floating):
        raise ArgumentError(f"the loss is of {jax.numpy.result_type(value)}, which has no gradient", todo=LOSS)
    return value
