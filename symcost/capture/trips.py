"""Trip counts of `while` loops, where the program says them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jax.extend.core import Jaxpr, Literal

from symcost.program import SkeletonBuilder, Template


def trip_count(eqn, constant: Callable[[Any], Any]) -> int | None:
    """Iterations of a `while` whose counter starts, steps and stops at known integers, else None."""
    params = eqn.params
    cond, body = params["cond_jaxpr"].jaxpr, params["body_jaxpr"].jaxpr
    n_cond, n_body = params["cond_nconsts"], params["body_nconsts"]
    if len(cond.eqns) != 1 or cond.eqns[0].primitive.name not in _COMPARE:
        return None
    compare = cond.eqns[0]
    if cond.outvars[0] is not compare.outvars[0]:
        return None
    carried = list(eqn.invars[n_cond + n_body :])

    def operand(atom) -> tuple[str, Any]:
        if isinstance(atom, Literal):
            return "known", np.asarray(atom.val).item()
        index = cond.invars.index(atom)
        if index < n_cond:
            return "known", constant(eqn.invars[index])
        index -= n_cond
        if body.outvars[index] is body.invars[n_body + index]:  # carried through unchanged
            return "known", constant(carried[index])
        return "counter", index

    sides = [operand(a) for a in compare.invars]
    if sorted(kind for kind, _ in sides) != ["counter", "known"]:
        return None
    (index,) = (value for kind, value in sides if kind == "counter")
    (limit,) = (value for kind, value in sides if kind == "known")
    start, step = constant(carried[index]), _step(body, n_body + index, index)
    if step is None or not all(isinstance(n, int) and not isinstance(n, bool) for n in (start, step, limit)):
        return None
    relation = _COMPARE[compare.primitive.name]
    if sides[0][0] == "known":
        relation = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}[relation]
    return _iterations(start, step, relation, limit)


_COMPARE = {"lt": "<", "gt": ">", "le": "<=", "ge": ">="}
FOLDABLE: dict[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "max": max,
    "min": min,
    "convert_element_type": lambda a: a,
    "copy": lambda a: a,
}
"""Operations whose result on known integers is known."""


def _step(body: Jaxpr, position: int, index: int) -> int | None:
    """What the body adds to its counter in one iteration, if that is a literal."""
    counter, result = body.invars[position], body.outvars[index]
    for eqn in body.eqns:
        if eqn.outvars[0] is result and eqn.primitive.name in ("add", "sub"):
            a, b = eqn.invars
            if a is counter and isinstance(b, Literal):
                step = np.asarray(b.val).item()
                return step if eqn.primitive.name == "add" else -step
            if b is counter and isinstance(a, Literal) and eqn.primitive.name == "add":
                return np.asarray(a.val).item()
    return None


def _iterations(start: int, step: int, relation: str, limit: int) -> int | None:
    if relation in (">", ">="):
        start, step, limit = -start, -step, -limit
        relation = "<" if relation == ">" else "<="
    if relation == "<=":
        limit += 1
    if start >= limit:
        return 0
    return None if step <= 0 else -((start - limit) // step)


def with_trip_count(template: Template, slots: tuple[int, ...], count: int | None) -> tuple[Template, tuple[int, ...]]:
    """The template and slots of a `while`, with its trip count as one more parameter."""
    builder = SkeletonBuilder()
    builder.slots = list(slots)
    params = (*template.params, ("trip_count", builder.take(count)))
    return (
        Template(template.primitive, template.outputs, params, template.scope, template.phase, template.line),
        tuple(builder.slots),
    )
