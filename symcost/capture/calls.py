"""Primitives that hold or stand for programs: which are inlined, which are expanded, which keep regions."""

from __future__ import annotations

import contextlib
from typing import Any

import jax
from jax._src.interpreters.partial_eval import lower_jaxpr2  # lowers a whole program; no public name
from jax.extend.core import ClosedJaxpr, Jaxpr
from jax.interpreters import partial_eval

CALLS: dict[str, str] = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "call": "call_jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "eval_jaxpr": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "custom_lin": "call_jaxpr",
    "run_state": "jaxpr",
    "composite": "jaxpr",
    "hijax_call": "jaxpr",
    "custom_vmap_call": "call",
    "linear_call": "callee",
    "xla_metadata_call": "jaxpr",
    "remat_opt": "fwd_jaxpr",
    "custom_partitioning": "call",
    "cudnn_fusion": "jaxpr",
    "fused_call": "jaxpr",
}
"""Primitives that only call a jaxpr, and the parameter that holds it: inlined."""

REGIONS: dict[str, tuple[str, ...]] = {
    "scan": ("jaxpr",),
    "while": ("cond_jaxpr", "body_jaxpr"),
    "cond": ("branches",),
    "custom_linear_solve": ("jaxprs.solve",),  # matvec and transpose_solve only serve differentiation
}
"""Parameters that hold nested programs, in the order in which rules see them; others in alphabetical order."""

EXPANDED = ("random_gamma", "bcoo_spdot_general", "bcoo_sum_duplicates", "todense", "custom_fusion", "fusible")
"""Primitives that JAX defines as a program of other primitives, which stands in their place here."""


def expansion(eqn) -> Jaxpr:
    """The program that JAX runs for one of the `EXPANDED`, without dead code."""
    avals = [jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in eqn.invars]
    return without_dead_code(jax.make_jaxpr(lambda *args: eqn.primitive.impl(*args, **eqn.params))(*avals))


def without_dead_code(closed: Any) -> Jaxpr:
    """The open jaxpr, high-level types (hijax) lowered, and without what no output needs."""
    if getattr(closed.jaxpr, "is_high", False):
        with contextlib.suppress(NotImplementedError):  # no definition by other primitives: a named unknown
            closed = lower_jaxpr2(closed)
    jaxpr, _ = partial_eval.dce_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.outvars), instantiate=True)
    return jaxpr


def jaxprs_in(value: Any) -> list[Jaxpr]:
    """Jaxprs in a parameter: one, a sequence of them, or none."""
    if isinstance(value, ClosedJaxpr):
        return [value.jaxpr]
    if isinstance(value, Jaxpr):
        return [value]
    if isinstance(value, (tuple, list)) and value and all(isinstance(v, (ClosedJaxpr, Jaxpr)) for v in value):
        return [j for v in value for j in jaxprs_in(v)]
    return []
