"""Every reference model: formulas are exact at sizes never traced, and meet what has been published."""

from __future__ import annotations

import jax
import optax
import pytest

import symcost as sc
from symcost import zoo
from symcost.errors import DomainError
from tests.exactness import assert_exact, assert_readable
from tests.zoo.checks import assert_published, forward

POINTS, FEW = 10, 5
LARGE = ("resnet50", "mlp-mixer", "vit")
"""XLA's count of their gradients takes as many traces again: `make test-long` compares it."""
GRADIENTS = [pytest.param(n, marks=pytest.mark.long) if n == "resnet50" else n for n in zoo.names("reference")]
"""ResNet-18 stands in for ResNet-50 in every run (test_convolutions): two minutes less."""


@pytest.mark.parametrize("name", zoo.names("reference"))
def test_forward_is_exact_at_fresh_sizes(name, rng):
    entry, samples = zoo.get(name), zoo.get(name).samples(rng, POINTS)
    assert_exact(forward(name), entry.build, samples)
    for sizes in samples[:5]:
        assert forward(name).at(**sizes).params == entry.at(sizes).parameters()
    assert_readable(forward(name))


@pytest.mark.parametrize("name", GRADIENTS)
def test_loss_and_gradient_are_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    cost = entry.trace_gradient()
    assert_exact(cost, entry.build_gradient, entry.samples(rng, FEW), xla=name not in LARGE)
    assert_readable(cost)


@pytest.mark.long
@pytest.mark.parametrize("name", LARGE)
def test_large_gradients_are_what_xla_counts(name, rng):
    entry = zoo.get(name)
    assert_exact(entry.trace_gradient(), entry.build_gradient, entry.samples(rng, POINTS))


@pytest.mark.parametrize("name", [name for name in zoo.names("reference") if zoo.get(name).published])
def test_published_figures(name):
    assert_published(name)


def test_the_loop_and_the_scan_over_layers_cost_the_same():
    loop, scan = forward("transformer"), forward("transformer-scan")
    assert (loop.flops - scan.flops).expand() == 0
    assert (loop.transcendentals - scan.transcendentals).expand() == 0
    assert (loop.params - scan.params).expand() == 0


def test_which_gcn_moves_fewer_bytes_depends_on_the_edges():
    cora = {"N": 2708, "M": 10_556, "F": 1433, "H": 16, "C": 7}
    complete = {**cora, "M": 2708 * 2707}
    sparse, dense = forward("gcn-sparse"), forward("gcn-dense")
    assert sparse.at(**cora).bytes_accessed < dense.at(**cora).bytes_accessed
    assert sparse.at(**complete).bytes_accessed > dense.at(**complete).bytes_accessed
    # a message is a multiplication and an addition, as is a pair of nodes in the dense product
    assert sparse.at(**complete).flops < dense.at(**complete).flops < 1.05 * sparse.at(**complete).flops


def test_symbols_keep_the_models_order_and_the_users_domain():
    sc.dims("C H")
    sc.dim("F", multiple_of=8)
    cost = zoo.get("mlp").trace()
    assert str(cost.domain) == "B >= 1, F a multiple of 8, H >= 1, C >= 1"
    with pytest.raises(DomainError, match="F=12 is not a multiple of 8"):
        cost.at(B=1, F=12, H=1, C=1)
    # what the model declared is forgotten: B was never named here
    assert str(sc.trace(lambda x: x + x, sc.array("F B")).domain) == "F a multiple of 8, B >= 1"


def written_out(entry, optimizer):
    """A training step as a user writes it by hand, from the recipe alone."""

    def build(**sizes):
        gradient, (params, state, *arrays) = entry.at(sizes).gradient()

        def step(params, optimizer_state, state, *arrays):
            (loss, state), gradients = gradient(params, state, *arrays)
            updates, optimizer_state = optimizer.update(gradients, optimizer_state, params)
            return optax.apply_updates(params, updates), optimizer_state, state, loss

        return step, (params, jax.eval_shape(optimizer.init, params), state, *arrays)

    return build


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [("mlp", optax.sgd(0.1, momentum=0.9)), ("cnn-batchnorm", None), ("gru", None), ("gcn-sparse", None)],
)
def test_training_steps_are_exact_at_fresh_sizes(name, optimizer, rng):
    entry = zoo.get(name)
    cost = entry.trace_training(optimizer)
    assert cost.name == f"{name}, training step"
    assert {row.key.phase for row in cost.rows} >= {"forward", "backward", "update"}
    assert_exact(cost, written_out(entry, optimizer or optax.adam(1e-3)), entry.samples(rng, 4))
