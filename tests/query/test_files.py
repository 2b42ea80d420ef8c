"""Costs in files: what is stored comes back, and what is wrong with a file is said in bounded time."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost import zoo
from symcost.errors import ConventionError, LoadError, SaveError
from symcost.query import limits
from symcost.query.decode import decode
from symcost.query.encode import document


@pytest.fixture(scope="module")
def cost() -> sc.ProgramCost:
    return zoo.get("cnn").trace()


@pytest.fixture(scope="module")
def stored(cost) -> dict:
    return document(cost, ["macs"])


def decoded(data: object) -> sc.ProgramCost:
    return decode(json.dumps(data).encode())


def assert_equal(a: sc.ProgramCost, b: sc.ProgramCost) -> None:
    assert (a.name, a.convention, a.platform, str(a.domain)) == (b.name, b.convention, b.platform, str(b.domain))
    assert a.quantities == b.quantities
    for quantity in a.quantities:
        assert a.size(quantity) == b.size(quantity), quantity
    rows = [[(r.key, r.count, r.costs) for r in c.by_scope()] for c in (a, b)]
    assert rows[0] == rows[1]
    assert a.unknown == b.unknown


def test_what_is_saved_is_loaded(cost, tmp_path):
    cost.save(tmp_path / "cnn.json", conventions=["macs"])
    found = sc.load(tmp_path / "cnn.json")
    assert_equal(cost, found)
    assert found.under("macs").macs == cost.macs
    sizes = {"B": 2, "S": 9, "W": 3, "K": 3, "C": 4}
    assert found.at(**sizes).as_dict() == cost.at(**sizes).as_dict()
    assert (found - found).flops == 0
    assert found.subs(B=1).peak_memory == cost.subs(B=1).peak_memory
    assert found.seconds("tpu-v5e") == cost.seconds("tpu-v5e")


def test_what_was_not_stored_says_how_to_store_it(cost, stored):
    found = decoded(stored)
    with pytest.raises(ConventionError, match="holds only the convention 'algorithm'") as error:
        found.under("xla")
    assert error.value.todo == "store it: cost.save(path, conventions=['xla'])"
    with pytest.raises(ConventionError, match="has no program to trace"):
        found.verify()


def branches(p, x, w):
    y = jax.lax.while_loop(lambda c: c[0, 0] < 9, lambda c: jnp.sin(c), x)
    return jax.lax.cond(p, lambda: y, lambda: y @ w)


def test_branches_trip_counts_fractions_and_domains():
    N = sc.dim("N", min=0)
    M = sc.dim("M", multiple_of=8, max=4096)
    cost = sc.trace(branches, sc.array("", "bool"), sc.array((N, M)), sc.array((M, M)), where=[N <= 2 * M])
    found = decoded(document(cost))
    assert_equal(cost, found)
    (name,) = [u.symbol for u in found.unknown]
    assert found.at(N=3, M=16, **{name: 7}).transcendentals == 3 * 16 * 7
    assert_equal(cost.expected({"cond_0": [0.5, 0.5]}), decoded(document(cost.expected({"cond_0": [0.5, 0.5]}))))
    sc.dims("N M")


def test_a_query_imports_no_framework(cost, tmp_path):
    cost.save(tmp_path / "cnn.json")
    code = (
        "import sys, symcost as sc\n"
        f"print(sc.load({str(tmp_path / 'cnn.json')!r}).at(B=2, S=9, W=3, K=3, C=4).flops)\n"
        "print(*[m for m in ('jax', 'flax', 'numpy', 'sympy') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [str(cost.at(B=2, S=9, W=3, K=3, C=4).flops), ""]


def test_a_file_that_cannot_be_written(cost, tmp_path):
    with pytest.raises(SaveError, match="cannot be written"):
        cost.save(tmp_path / "no" / "such" / "folder.json")


# -- hostile files ---------------------------------------------------------------------------


def changed(stored: dict, *path: object, value: object) -> dict:
    data = copy.deepcopy(stored)
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return data


BAD = {
    "format": (("format",), "another program", "it is no cost of symcost"),
    "version": (("version",), 99, "it is of version 99"),
    "no cost": (("costs",), [], "it holds no cost"),
    "atoms": (("atoms",), {}, "atoms: {} is no list"),
    "a function of itself": (("atoms", 0), ["floor_div", [[1, [0, 1]]], 2], "no power of a symbol"),
    "an unknown function": (("atoms", 0), ["system", "ls"], "is no function of sizes"),
    "code for a name": (("atoms", 0), ["symbol", "__import__('os')"], "is no symbol"),
    "a division by 0": (("atoms", 0), ["floor_div", 7, 0], "divides by a number below 1"),
    "a tower of powers": (("atoms", 0), ["power", 10**9, 3], "a power that no program has"),
    "a huge exponent": (("sizes", 0), [[1, [0, 10**9]]], "no power of a symbol"),
    "a huge kernel": (("atoms", 0), ["conv_taps", 9, 10**15, 9, 1, 0, 1, 1], "numbers that no convolution has"),
    "a float": (("sizes", 0), 1.5, "1.5 is no integer"),
    "a boolean": (("sizes", 0), True, "True is no number"),
    "no number": (("sizes", 0), "1/0", "is no number of a formula"),
    "a row of no formula": (("costs", 0, "parts", "work", 0, 8), 10**6, "is the number of no formula"),
    "a negative row": (("costs", 0, "parts", "work", 0, 8), -1, "is the number of no formula"),
    "a short row": (("costs", 0, "parts", "work", 0), [], "a row has not all its columns"),
    "a strange quantity": (("costs", 0, "parts", "work", 0, 9), {"__class__": 0}, "is no quantity"),
    "a strange part": (("costs", 0, "parts", "evil"), [], "are no parts of a cost"),
    "a convention": (("costs", 0, "convention"), "mine", "no convention is called 'mine'"),
    "a platform": (("costs", 0, "platform"), "mars", "is no platform"),
    "a domain": (("costs", 0, "domain", "dims"), [], "which the domain lacks"),
    "a dim": (("costs", 0, "domain", "dims", 0), ["B", 1, 0, -3, 1], "not an integer of at least 1"),
    "a relation": (("costs", 0, "domain", "relations"), ["import os"], ""),
    "a deep relation": (("costs", 0, "domain", "relations"), ["(" * 900 + "B" + ")" * 90], ""),
    "a long text": (("name",), "x" * 20_000, "is no text of at most"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_wrong_value_is_told(stored, what):
    path, value, message = BAD[what]
    with pytest.raises(LoadError) as error:
        decoded(changed(stored, *path, value=value))
    assert message in error.value.what
    assert error.value.todo


RAW = {
    "nothing": b"",
    "half of it": b'{"format": "symcost cost", "version": 1, "na',
    "deep": b"[" * 200_000 + b"]" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "no text": bytes(range(256)),
    "not a number": b'{"format": NaN}',
    "many digits": b'{"format": ' + b"9" * 100_000 + b"}",
    "a list": b"[]",
    "null": b"null",
}


@pytest.mark.parametrize("what", RAW)
def test_bytes_that_are_no_cost(what):
    began = time.perf_counter()
    with pytest.raises(LoadError):
        decode(RAW[what])
    assert time.perf_counter() - began < 5


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "BYTES", 1000)
    (tmp_path / "large.json").write_bytes(b" " * 2000)
    with pytest.raises(LoadError, match="larger than 1,000 bytes"):
        sc.load(tmp_path / "large.json")
    with pytest.raises(LoadError, match="cannot be read"):
        sc.load(tmp_path / "missing.json")


def test_a_chain_of_functions_that_is_too_deep(stored):
    atoms = [["symbol", "B"]]
    for k in range(limits.DEPTH + 1):
        atoms.append(["floor_div", [[1, [k, 1]]], 2])
    with pytest.raises(LoadError, match="nested too deeply"):
        decoded({**stored, "atoms": atoms})


def test_random_damage_is_an_error_or_a_cost(stored):
    """Any value of the file replaced by another: no exception but LoadError, and what loads has values."""
    rng = random.Random(5)
    values = [None, True, -1, 0, 10**30, "B", "", [], {}, [[]], "1/2", 3.5, [1, [0, 1]], [[1, [0, 1]]]]

    def places(node, path=()):
        yield path
        if isinstance(node, dict | list):
            for key in node if isinstance(node, dict) else range(len(node)):
                yield from places(node[key], (*path, key))

    every = list(places(stored))[1:]
    loaded = 0
    for _ in range(400):
        data = changed(stored, *rng.choice(every), value=rng.choice(values))
        try:
            found = decoded(data)
            loaded += 1
            str(found.domain), found.text("flops")
        except LoadError:
            pass
    assert loaded < 300
