"""Figures by module: they add up to the program's, and each stands where it belongs."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.capture_hlo import parse_hlo
from symcost.errors import ArgumentError
from symcost.rules import load
from symcost.rules.registry import hlo
from symcost.xla.listing import Reader, list_hlo
from symcost.xla.modules import NO_MODULE, OUTSIDE, REST, Modules, entries_by_module, figures
from symcost.zoo import catalog


def assert_sums(found: Modules) -> None:
    """Rows add up to the program's figures, in all three columns."""
    for column in ("formula", "before", "after"):
        assert sum(getattr(row, column) for row in found) == getattr(found.total, column), column


def rows(found: Modules) -> dict[str, tuple[int, int, int]]:
    return {row.module: (row.formula, row.before, row.after) for row in found}


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(7, name="out")(nn.relu(nn.Dense(5, name="in")(x)))


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Block(name="second")(Block(name="first")(x))


@pytest.fixture(scope="module")
def comparison() -> sc.Comparison:
    params = Net().init(jax.random.key(0), jnp.ones((1, 3)))
    cost = sc.trace(lambda x, p: Net().apply(p, x) * 2.0, sc.array("B 3"), params)
    return sc.compare(cost, at=[{"B": 4}, {"B": 9}], targets="cpu")


def test_every_module_has_its_figures(comparison):
    found = comparison.modules("flops", B=4)
    assert_sums(found)
    # products and biases of 4 rows; what is cut off below zero
    dense = {(a, b): 2 * 4 * a * b + 4 * b for a, b in ((3, 5), (5, 7), (7, 5))}
    assert rows(found) == {
        "Net/first/in": (dense[3, 5],) * 3,
        "Net/first": (20, 20, 20),
        "Net/first/out": (dense[5, 7],) * 3,
        "Net/second/in": (dense[7, 5],) * 3,
        "Net/second": (20, 20, 20),
        "Net/second/out": (dense[5, 7],) * 3,
        OUTSIDE: (28, 28, 28),
    }


def test_paths_are_cut(comparison):
    whole = comparison.modules("flops", B=9).total.formula
    assert rows(comparison.modules("flops", 1, B=9))["Net"] == (whole - 63,) * 3
    assert list(rows(comparison.modules(depth=2, B=9))) == ["Net/first", "Net/second", OUTSIDE]
    for quantity in ("flops", "transcendentals", "bytes_accessed"):
        for depth in (1, 2, None):
            assert_sums(comparison.modules(quantity, depth))
    for wrong in (0, True, "1"):
        with pytest.raises(ArgumentError, match="is not a number of components"):
            comparison.modules(depth=wrong)
    with pytest.raises(ArgumentError, match="no row for int_ops"):
        comparison.modules("int_ops")


@pytest.mark.parametrize("gradient", [False, True], ids=["forward", "gradient"])
@pytest.mark.parametrize("name", ["cnn", "gru", "gcn-sparse", "transformer-block"])
def test_rows_add_up_to_the_program(name, gradient, rng):
    entry = catalog.get(name)
    fn, args = entry.instance(entry.sample(rng), gradient)
    found = sc.compare(sc.trace(fn, *args))
    for modules in found.all_modules():
        assert_sums(modules)
        assert REST not in rows(modules)
    # before optimisation nearly every operation still has its name
    flops = rows(found.modules("flops"))
    assert flops.get(NO_MODULE, (0, 0, 0))[1] <= 0.1 * found.modules("flops").total.before


def test_a_loop_counts_once_to_xla_in_the_module_that_it_stands_in():
    cost = sc.trace(nn.RNN(nn.SimpleCell(features=4)), sc.array((2, 10, 3)))
    found = rows(sc.compare(cost, quantities="flops").modules())
    product = 2 * 2 * 3 * 4 + 2 * 4  # with its bias
    assert found["RNN/cell/i"] == (10 * product, product, product)


def test_a_formula_under_xla_is_its_own_first_column():
    cost = catalog.get("mlp").trace().under("xla")
    found = sc.compare(cost, at={"B": 3, "F": 4, "H": 5, "C": 6}, quantities="bytes_accessed").modules("bytes_accessed")
    assert_sums(found)
    assert all(row.formula == row.before for row in found)


# -- optimised modules ---------------------------------------------------------------------
def named(primitive: str, module: str) -> str:
    return f', metadata={{op_name="jit(f)/{module}/{primitive}"}}'


FUSED = f"""HloModule m

body {{
  x = f32[8] parameter(0)
  e = f32[8] exponential(x){named("exp", "Net/a")}
  n = f32[8] negate(e){named("neg", "Net/b")}
  c = f32[8] multiply(n, n)
  ROOT s = f32[8] add(c, x){named("add", "Net/b")}
}}

ENTRY main {{
  x = f32[8] parameter(0)
  y = f32[8] copy(x)
  f = f32[8] fusion(y), kind=kLoop, calls=body%s
  ROOT g = f32[8] negate(f){named("neg", "Net/c")}
}}
"""


def by_module(text: str, quantity: str) -> dict[str, int]:
    load()
    return entries_by_module(list_hlo(parse_hlo(text), Reader(quantity, hlo)).entries)


@pytest.mark.parametrize("name", ["", named("exp", "Net/b")], ids=["without a name", "named"])
def test_a_fusion_of_several_modules(name):
    text = FUSED % name
    assert by_module(text, "flops") == {"Net/a": 0, "Net/b": 16, NO_MODULE: 8, "Net/c": 8}
    assert by_module(text, "transcendentals")["Net/a"] == 8
    # what it reads and writes belongs to the module of its root
    assert by_module(text, "bytes_accessed") == {NO_MODULE: 64, "Net/b": 64, "Net/c": 64}


def test_what_no_instruction_has_is_a_row_of_its_own():
    assert figures({"a": 5, "b": 0}, {"a": 3, NO_MODULE: 2}, (5, 7)) == (
        ("a", 5, 3),
        (NO_MODULE, 0, 2),
        (REST, 0, 2),
    )


# -- what is printed ---------------------------------------------------------------------------
def test_text_and_plain_data(comparison):
    found = comparison.modules("flops", 2, B=9)
    first = 9 * (2 * 3 * 5 + 5 + 5 + 2 * 5 * 7 + 7)
    assert found.as_dict()["rows"][0] == {"module": "Net/first", **dict.fromkeys(("formula", "before", "after"), first)}
    assert found.as_dict()["total"]["formula"] == found.total.formula
    lines = [line.split() for line in str(found).splitlines()]
    assert ["Net/first", "1,053", "1,053", "1,053"] in lines
    assert ["at", "B=9"] in lines
    assert len(comparison.as_dict(by_module=True)["modules"]) == 2 * 3
    assert "modules" not in comparison.as_dict()
