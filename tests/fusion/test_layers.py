"""Peak memory as a function of how many layers there are: maxima over layers that few layers do not have."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
import pytest

import symcost as sc
from symcost.analysis import Analysis
from symcost.coefficients import solve_ledgers
from symcost.conventions import convention
from symcost.domain import Dim, Domain
from symcost.ledger import Key, Ledger, Row
from symcost.polynomial import evaluate, maximum, symbol


class Twice(nn.Module):
    """Each layer has two modules of one class: with few of them the last one is the second one."""

    layers: int
    width: int

    @nn.compact
    def __call__(self, x):
        for _ in range(self.layers):
            x = x + nn.Dense(self.width)(nn.gelu(nn.Dense(2 * self.width)(nn.LayerNorm()(x))))
            x = x + nn.Dense(self.width)(jnp.tanh(nn.LayerNorm()(x)))
        return x


class Shared(nn.Module):
    """One module, used in every layer: at batch 1 two of them are another matter than three."""

    layers: int
    width: int

    def setup(self):
        self.first, self.again = nn.Dense(self.width), nn.Dense(self.width)

    def __call__(self, x):
        x = self.first(x)
        for _ in range(self.layers):
            x = nn.tanh(self.again(x))
        return x


@pytest.mark.parametrize(("model", "optimizer"), [(Twice, optax.sgd(0.1)), (Shared, optax.adam(1e-3))])
def test_a_training_step_of_any_depth_has_a_peak(model, optimizer):
    cost = sc.trace_training(
        sc.build(model, layers=sc.dim("L"), width=sc.dim("F")),
        sc.array("B F"),
        sc.array("B"),
        loss=lambda y, _: jnp.mean(y**2),
        optimizer=optimizer,
        donate=True,
    )
    for layers, batch, width in ((1, 1, 1), (2, 1, 7), (2, 5, 1), (3, 1, 40), (5, 9, 3), (7, 64, 2), (4, 300, 50)):
        sizes = {"L": layers, "B": batch, "F": width}
        assert cost.at(**sizes).peak_memory == peak_of_the_program(cost.analysis, sizes), sizes


def peak_of_the_program(analysis: Analysis, sizes: dict[str, int]) -> int:
    program = analysis.program("jaxpr", sizes)
    return analysis.interpret(program, convention("algorithm"), "memory").total("peak_memory")  # type: ignore[return-value]


def test_samples_in_which_arguments_coincide_say_nothing_of_them():
    a, b = symbol("A"), symbol("B")
    key = Key("", "", "", "", "", flag="peak")

    def sample(n: int):
        """The first, the second and the last of n layers; with two layers the last is the second."""
        return maximum(*{i * a + (n * n - i * i) * b for i in (1, 2, n)})

    ledgers = {n: Ledger([Row(key, 0, {"peak_memory": sample(n)})]) for n in (2, 3, 4, 5, 6)}
    found = solve_ledgers(Domain((Dim("L"),)), "L", ledgers).total("peak_memory")
    for n in (2, 3, 9):
        for values in ({"A": 50, "B": 3}, {"A": 1, "B": 3}, {"A": 900, "B": 3}):
            assert evaluate(found, {"L": n, **values}) == evaluate(sample(n), values)


def test_what_is_largest_beside_few_layers_only():
    """A sort of ten copies exceeds the results of up to 19 layers, more than any sample has."""

    def build(L, N, F):
        def run(x, w):
            first = jnp.sort(jnp.concatenate([x] * 10), axis=0)[:1]
            results = []
            for _ in range(L):
                results.append(x @ w)
            return first, results

        return run, (jax.ShapeDtypeStruct((N, F), "float32"), jax.ShapeDtypeStruct((F, F), "float32"))

    cost = sc.trace_family(build, "L N F")
    for layers in (1, 2, 9, 20, 100):
        sizes = {"L": layers, "N": 30, "F": 5}
        program = cost.analysis.program("jaxpr", sizes)
        wanted = cost.analysis.interpret(program, convention("algorithm"), "memory").total("peak_memory")
        assert cost.value("peak_memory", sizes) == wanted
