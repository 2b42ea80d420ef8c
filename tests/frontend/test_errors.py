"""Wrong arguments of the public functions: each is an error of symcost's own, with the argument and what to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import symcost as sc
from symcost.algebra import substituted
from symcost.cost import ProgramCost
from symcost.dims import declarations, forget
from symcost.domain import Dim, Domain
from symcost.errors import DomainError, SymcostError
from symcost.ledger import Ledger

DENSE = nn.Dense(4)
HANDED = ", which the call gets as it is; an array is sc.array("


class Encoder(nn.Module):
    """A module without `__call__`."""

    def setup(self):
        self.dense = nn.Dense(3)

    def encode(self, x):
        return self.dense(x)


def product(x, w):
    return x @ w


def until(x):
    return jax.lax.while_loop(lambda c: c.sum() < 10, lambda c: c * 2, x)


def squared(outputs, y):
    return jnp.mean((outputs - y) ** 2)


def x():
    return sc.array("B F")


def call(**options: Any) -> Any:
    return sc.trace(product, x(), sc.array("F M"), **options)


def loop(**options: Any) -> Any:
    return sc.trace(until, sc.array("N"), **options)


def train(loss: Any = squared, optimizer: Any = None, y: Any = "B 4") -> Any:
    return sc.trace_training(DENSE, x(), sc.array(y), loss=loss, optimizer=optimizer or optax.sgd(0.1))


LOSS = "loss=lambda outputs, y: jnp.mean((outputs - y) ** 2)"
CASES: dict[str, tuple[Callable[[], Any], str, str]] = {
    "a word for an array": (lambda: sc.trace(DENSE, "hello"), "IndexError", f'argument 1 is the text "hello"{HANDED}'),
    "a shape string for an array": (lambda: sc.trace(DENSE, "B F"), "IndexError", f'"B F"{HANDED}"B F")'),
    "a symbol for an array": (lambda: sc.trace(DENSE, sc.dim("B")), "IndexError", f'argument 1 is B{HANDED}"B")'),
    "None for an array": (lambda: sc.trace(DENSE, None), "cannot be built", f"argument 1 is None{HANDED}"),
    "an array of texts": (lambda: sc.trace(DENSE, np.array(["a"])), "an array of <U1", 'sc.array((1,), "float32")'),
    "an array for a shape": (lambda: sc.array(np.zeros((3, 4))), "not an array (float64[3, 4])", "sc.array((3, 4))"),
    "a list of names": (lambda: sc.dims(["B", "N"]), "names in one text, not ['B', 'N']", 'sc.dims("B N F")'),
    "a name that is none": (lambda: sc.dim(3), "the name of a symbol, not 3", 'sc.dim("F", multiple_of=8)'),
    "no __call__": (lambda: sc.trace(Encoder(), x()), "Encoder has no method '__call__'", 'method="encode"'),
    "random streams": (lambda: call(rngs=3), "rngs= takes names, not 3", 'rngs=("dropout",)'),
    "parameters": (lambda: call(params=2.5), "names or positions of arguments, not 2.5", "params=(0,)"),
    "no such parameter": (lambda: call(params="q"), "params='q' names no argument", 'params=("x",)'),
    "a relation": (lambda: call(where=3), "3 is not a relation", 'where=["M <= N"]'),
    "keywords": (lambda: call(kwargs={3: 4}), "not a dict of keyword arguments", 'kwargs={"train": True}'),
    "strict": (lambda: call(strict="yes"), "strict='yes' is neither True nor False", "strict=True"),
    "progress": (lambda: call(progress=3), "progress=3 is not a function", "progress=print"),
    "rules": (lambda: call(rules={"add": 3}), "is not a dict from names of primitives to functions", "rules={"),
    "no arrays returned": (
        lambda: sc.trace(lambda x: "a", x()),
        "returned a str, 'a', which is no array",
        "return arr",
    ),
    "sizes that must agree": (
        lambda: sc.trace(product, sc.array("B F"), sc.array("M N")),
        "dot_general requires contracting dimensions",
        'give both the same name, or say where=["',
    ),
    "no trip count of this name": (
        lambda: loop(trips={"nonsense": 5}),
        "no loop has the trip count 'nonsense'",
        'trips={"trips_while_0": 10}',
    ),
    "no loop at all": (
        lambda: call(trips={"a": 5}),
        "every loop of the program says how often it runs",
        "leave it out",
    ),
    "negative trips": (
        lambda: loop(trips={"trips_while_0": -1}),
        "-1 is not a trip count",
        'trips={"trips_while_0": 10}',
    ),
    "half trips": (
        lambda: loop(trips={"trips_while_0": 2.5}),
        "2.5 is not a trip count",
        'or trips={"trips_while_0": "T"}',
    ),
    "boolean trips": (lambda: loop(trips={"trips_while_0": True}), "True is not a trip count", '{"trips_while_0": 10}'),
    "trips that are no dict": (lambda: loop(trips=3), "trips=3 is not a dict", 'trips={"trips_while_0": 10}'),
    "a loss of nothing": (lambda: train(lambda outputs, y: None), "the loss returned a NoneType, not a scalar", LOSS),
    "a loss of integers": (
        lambda: train(lambda o, y: (o > y).sum()),
        "the loss is of int32, which has no gradient",
        LOSS,
    ),
    "a loss of one argument": (lambda: train(lambda outputs: 0.0), "too many positional arguments", LOSS),
    "an optimizer's function": (
        lambda: train(optimizer=optax.sgd),
        "is not an Optax gradient transf",
        "optax.adam(1e-3)",
    ),
    "built, but no optimizer": (
        lambda: train(optimizer=sc.build(lambda: 3)),
        "made 3, which is not an",
        "optax.adam(1e-3)",
    ),
    "integers to train": (
        lambda: sc.trace_training(
            lambda w: w, sc.array("B", int), sc.array("B"), loss=squared, optimizer=optax.sgd(0.1)
        ),
        "hold a int32 array, which has no gradient",
        'params=("w",)',
    ),
    "no cost to compare": (lambda: sc.compare(3), "sc.compare takes a cost, not 3", "sc.compare(sc.trace(model, x)"),
    "no sizes to analyse at": (
        lambda: sc.xla.analyze(DENSE, x(), at=3),
        "takes sizes by name, not 3",
        "at=dict(B=8, F=8)",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_wrong_argument_is_told_with_what_to_write(case):
    wrong, text, cure = case
    with declarations(), pytest.raises(SymcostError) as caught:
        wrong()
    assert text in str(caught.value)
    assert caught.value.todo is not None
    assert cure in caught.value.todo


@pytest.fixture(scope="module")
def cost() -> Any:
    with declarations():
        forget()
        sc.dims("B F M")
        return call()


WRONG_ASKED: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "sizes in a dict": (lambda c: c.at({"B": 3}), "cost.at takes sizes by name", "cost.at(B=3, F=8, M=8)"),
    "bound in a dict": (lambda c: c.subs({"B": 3}), "cost.subs takes sizes by name", "cost.subs(B=3, F=8, M=8)"),
    "no such symbol": (lambda c: c.subs(Q=3), "the cost has no symbol 'Q'", "bind one of its symbols"),
    "two sizes": (lambda c: c.subs(B="N M"), "B: 'N M' is not one size", '"4*H"'),
    "no points": (lambda c: c.verify(points=0), "points=0 is not an integer of at least 1", "cost.verify(points=5)"),
    "half a point": (lambda c: c.verify(points=2.5), "points=2.5 is not an integer", "cost.verify(points=5)"),
    "no platform": (lambda c: c.under("xla", platform="gpu"), "JAX has no platform 'gpu'", "cpu, cuda, rocm, tpu"),
    "no column": (lambda c: c.by(), "no column is named", "cost.by(...) takes scope"),
    "half a depth": (lambda c: c.by_scope(depth=1.5), "depth=1.5 is not a number of components", "depth=2"),
    "no row": (lambda c: c.by_scope()[3], "no row for 3", "one of"),
    "sizes that are a list": (
        lambda c: sc.compare(c, at=[3]),
        "at= takes sizes by name, not 3",
        "at=[dict(B=8, F=8, M=8)]",
    ),
}


@pytest.mark.parametrize("case", WRONG_ASKED.values(), ids=WRONG_ASKED)
def test_a_cost_asked_wrongly_says_how_to_ask(cost, case):
    wrong, text, cure = case
    with declarations(), pytest.raises(SymcostError) as caught:
        wrong(cost)
    assert text in caught.value.what
    assert caught.value.todo is not None
    assert cure in caught.value.todo


def test_sizes_may_be_bound_to_text(cost):
    with declarations():
        assert cost.subs(B="4*H").text("macs") == "4*F*M*H"


def test_a_symbol_of_a_trip_count_becomes_part_of_the_domain():
    with declarations():
        counted = loop(trips={"trips_while_0": "2*U"})
        assert (counted.text("flops"), str(counted.domain)) == ("4*N*U + N", "N >= 1, U >= 1")
        assert counted.at(N=3, U=5).flops == 63
        assert counted.under("xla").domain.names == ("N", "U")


def test_a_trip_count_in_a_symbol_with_a_multiple():
    """Sizes are sampled in units of 8 there, and the count is one of them."""
    with declarations():
        sc.dims("N")
        steps = sc.dim("T", multiple_of=8)
        counted = sc.trace(
            lambda x, n: until(x) + n.sum(), sc.array("N"), sc.array("T"), trips={"trips_while_0": steps}
        )
        assert counted.text("flops") == "2*N*T + 2*N + T - 1"
        assert len(counted.verify(points=2)) == 2


def excluded(description: str) -> ProgramCost:
    domain = Domain((Dim("N"), Dim("F")), (), ((description, "it cannot be built there"),))
    return ProgramCost("f", Ledger(), domain)


def test_a_size_that_is_not_excluded_can_be_bound():
    assert substituted(excluded("N == 1"), {"N": 5}).domain.excluded == ()
    assert substituted(excluded("N == 1, F == 2"), {"N": 1}).domain.excluded == (
        ("F == 2", "it cannot be built there"),
    )
    assert substituted(excluded("N == 1"), {"F": 3}).domain.excluded == (("N == 1", "it cannot be built there"),)
    with pytest.raises(DomainError, match="the sizes N == 1 are excluded: it cannot be built there"):
        substituted(excluded("N == 1"), {"N": 1})
