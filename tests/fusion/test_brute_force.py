"""Peak memory and traffic against interpreters that know nothing of fusion's code.

Two kinds of programs leave no choice. Of products alone nothing is fused and nothing is written in place: what is
alive follows from who reads what. Of element-wise operations a kernel is what ends at a value that must be
written: a result, or what several kernels read.
"""

from __future__ import annotations

import itertools
import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import Literal

import symcost as sc
from symcost.capture import trace
from symcost.fusion import fused, moments

SQUARE = jax.ShapeDtypeStruct((8, 8), "float32")


# -- products ------------------------------------------------------------------------------
def products(seed: int):
    """A program of products of square matrices: each of two values made before, some of them returned."""
    rng = random.Random(seed)
    inputs, steps = rng.randint(1, 4), rng.randint(1, 12)
    plan = [(rng.randrange(inputs + i), rng.randrange(inputs + i)) for i in range(steps)]
    outputs = rng.sample(range(inputs, inputs + steps), rng.randint(1, min(3, steps)))

    def program(*matrices):
        values = list(matrices)
        for a, b in plan:
            values.append(values[a] @ values[b])
        return [values[n] for n in outputs]

    return program, inputs


def alive_at_most(function, arguments) -> int:
    """Runs a jaxpr operation by operation; a value is freed as soon as nothing to come mentions it."""
    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    needed = set(jaxpr.outvars)
    for equation in reversed(jaxpr.eqns):  # what no result needs is not computed
        if needed & set(equation.outvars):
            needed |= {v for v in equation.invars if not isinstance(v, Literal)}
    equations = [e for e in jaxpr.eqns if needed & set(e.outvars)]
    memory = {v for v in jaxpr.invars if v in needed}
    most = 0
    for i, equation in enumerate(equations):
        memory |= set(equation.outvars)
        most = max(most, sum(size(v) for v in memory))
        to_come = {v for e in equations[i + 1 :] for v in e.invars if not isinstance(v, Literal)}
        memory &= to_come | set(jaxpr.outvars) | set(jaxpr.invars)
    return most


def size(variable) -> int:
    return int(np.prod(variable.aval.shape)) * variable.aval.dtype.itemsize


@pytest.mark.parametrize("seed", range(60))
def test_products_are_alive_from_where_they_are_made_to_where_they_are_last_read(seed):
    program, inputs = products(seed)
    arguments = [SQUARE] * inputs
    found = max(moment.bytes for moment in moments(fused(trace(program, arguments))))
    assert found == alive_at_most(program, arguments)


def test_a_chain_of_products_of_all_shapes():
    widths = [3, 50, 7, 7, 90, 1, 20]

    def chain(x, *ws):
        for w in ws:
            x = x @ w
        return x

    names = ["A", "B", "C", "D", "E", "F", "G"]
    cost = sc.trace(chain, sc.array("N A"), *(sc.array(f"{a} {b}") for a, b in itertools.pairwise(names)))
    for n in (1, 2, 17, 4000):
        sizes = {"N": n, **dict(zip(names, widths, strict=True))}
        shapes = [(n, widths[0]), *itertools.pairwise(widths)]
        arguments = [jax.ShapeDtypeStruct(shape, "float32") for shape in shapes]
        assert cost.at(**sizes).peak_memory == alive_at_most(chain, arguments)


# -- element-wise operations ---------------------------------------------------------------
def elementwise(seed: int):
    """A directed graph of element-wise operations, with some of its values returned."""
    rng = random.Random(seed)
    inputs, steps = rng.randint(1, 3), rng.randint(1, 14)
    plan = [(rng.choice("sa+*"), rng.randrange(inputs + i), rng.randrange(inputs + i)) for i in range(steps)]
    outputs = rng.sample(range(inputs, inputs + steps), rng.randint(1, min(3, steps)))
    apply = {"s": lambda a, b: jnp.sin(a), "a": lambda a, b: jnp.abs(a), "+": jnp.add, "*": jnp.multiply}

    def program(*arrays):
        values = list(arrays)
        for operation, a, b in plan:
            values.append(apply[operation](values[a], values[b]))
        return [values[n] for n in outputs]

    return program, inputs


def moved(function, arguments) -> int:
    """Each value that is written is computed from other written ones: by what lies between, found by search.

    A value is written if it is returned, or if what reads it ends up in several kernels.
    """
    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    maker = {e.outvars[0]: e for e in jaxpr.eqns}
    written = set(jaxpr.outvars)
    while True:

        def reached(target, written=frozenset(written)) -> tuple[set, set]:
            """What the kernel of a value reads, and what it computes on the way."""
            read, inside, pending = set(), set(), [target]
            while pending:
                for v in maker[pending.pop()].invars:
                    if v not in maker or v in written:
                        read.add(v)
                    elif v not in inside:
                        inside.add(v)
                        pending.append(v)
            return read, inside

        kernels = {v: reached(v) for v in written}
        shared = {v for v in maker if sum(v in inside for _, inside in kernels.values()) > 1}
        last = [v for v in maker if v in shared]  # in the order of the program
        if not last:
            return sum(size(v) for v in written) + sum(size(v) for read, _ in kernels.values() for v in read)
        written.add(last[-1])  # its own operands may then be in one kernel alone: that of this value


@pytest.mark.parametrize("seed", range(60))
def test_graphs_of_elementwise_operations_move_what_crosses_the_edges_of_kernels(seed):
    program, inputs = elementwise(seed)
    found = sum(op.params["read"] + op.params["written"] for op in fused(trace(program, [SQUARE] * inputs)).ops())
    assert found == moved(program, [SQUARE] * inputs)
