"""Totals of a JAX function under a convention, at the sizes of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from symcost import capture
from symcost.conventions import convention
from symcost.interpret import interpret
from symcost.rules import load


def ledger(name: str, fn: Callable, args: Sequence[Any]):
    """The rows of ``fn(*args)`` under the convention `name`; primitives without a rule are an error."""
    load()
    how = convention(name)
    found = interpret(capture.from_jaxpr(jax.jit(fn).trace(*args).jaxpr), how.registry, strict=True)
    return how.kept(found)


def total(name: str, fn: Callable, *args: Any, quantity: str = "flops") -> int:
    """One quantity of ``fn(*args)`` under the convention `name`."""
    return ledger(name, fn, args).total(quantity)
