"""What nobody can count is a named unknown: whose code it is, where it stands, and how often it runs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from jax import lax
from jax._src import hijax  # JAX's own extension point; no public name yet

import symcost as sc
from symcost.errors import UnknownPrimitiveError

shape = jax.ShapeDtypeStruct
HiPrim = getattr(hijax, "HiPrim", None) or hijax.VJPHiPrimitive


def through_numpy(x):
    return jax.pure_callback(np.sort, shape(x.shape, x.dtype), x)


def solver(x):
    return jax.ffi.ffi_call("my_solver", shape(x.shape, x.dtype), vmap_method="sequential")(x, rounds=3)


def unknowns(fn, *args) -> list[str]:
    return [u.symbol for u in sc.trace(fn, *args).unknown]


def test_the_symbol_bears_the_name_of_what_is_called() -> None:
    exported = jax.export.export(jax.jit(jnp.sin))(shape((3,), "float32"))
    assert unknowns(through_numpy, sc.array("N")) == ["unknown_pure_callback_sort_0"]
    assert unknowns(lambda x: jax.pure_callback(lambda v: v, x, x), sc.array("N")) == ["unknown_pure_callback_0"]
    assert unknowns(solver, sc.array("N")) == ["unknown_ffi_call_my_solver_0"]
    assert unknowns(exported.call, sc.array((3,))) == ["unknown_call_exported_sin_0"]
    assert unknowns(lambda x: (jax.debug.callback(print, x), x)[1], sc.array("N")) == ["unknown_debug_callback_0"]


def test_two_calls_are_two_unknowns_and_may_be_bound() -> None:
    cost = sc.trace(lambda x: solver(solver(x)) + 1.0, sc.array("N"))
    assert cost.text("flops") == "N + unknown_ffi_call_my_solver_0 + unknown_ffi_call_my_solver_1"
    with pytest.raises(UnknownPrimitiveError, match="unknown_ffi_call_my_solver_0"):
        _ = cost.at(N=4).flops
    assert cost.at(N=4, unknown_ffi_call_my_solver_0=10, unknown_ffi_call_my_solver_1=20).flops == 34
    assert cost.lower_bound().text("flops") == "N"


def test_printing_is_free() -> None:
    assert unknowns(lambda x: (jax.debug.print("x = {}", x), x)[1], sc.array("N")) == []


class Inner(nn.Module):
    @nn.compact
    def __call__(self, x):
        step = jax.checkpoint(lambda c, _: (solver(jnp.sin(c)), None))
        return lax.scan(step, x, None, length=5)[0]


class Outer(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Inner(name="inner")(x)


def test_inside_a_scan_inside_a_remat_it_has_its_path_and_line() -> None:
    cost = sc.trace(nn.remat(Outer)(), sc.array("N"))
    (unknown,) = cost.unknown
    assert unknown.primitive == "ffi_call"
    assert unknown.scope.endswith("inner")
    assert "test_opaque.py" in unknown.source
    assert "solver" in unknown.source
    assert cost.text("flops") == f"5*{unknown.symbol}"
    assert cost.text("transcendentals") == f"5*N + 5*{unknown.symbol}_transcendentals"
    with pytest.raises(UnknownPrimitiveError, match="'ffi_call' has no rule") as caught:
        sc.trace(nn.remat(Outer)(), sc.array("N"), strict=True)
    assert "inner" in str(caught.value)
    assert "test_opaque.py" in str(caught.value)


def test_the_gradient_runs_it_once_more() -> None:
    @jax.custom_jvp
    def opaque(x):
        return solver(x)

    opaque.defjvp(lambda primals, tangents: (opaque(*primals), tangents[0]))
    loss = lambda x: (jax.checkpoint(opaque)(x) * jax.checkpoint(opaque)(x)).sum()
    found = sc.trace(jax.grad(loss), sc.array("N")).unknown
    assert {u.primitive for u in found} == {"ffi_call"}
    assert all("test_opaque.py" in u.source for u in found)


# -- programs behind a name --------------------------------------------------------------------


class SinTimes(HiPrim):  # type: ignore[misc]
    """sin(x) * x by a definition in other primitives."""

    def __init__(self, aval):
        self.in_avals, self.out_aval, self.params = (aval,), aval, {}
        super().__init__()

    def expand(self, x):
        return jnp.sin(x) * x


class Sealed(SinTimes):
    def expand(self, x):
        raise NotImplementedError("no definition")


def apply(primitive: type, x):
    return primitive(jax.typeof(x))(x)


def test_high_level_primitives_count_by_their_definition() -> None:
    cost = sc.trace(lambda x: apply(SinTimes, x) + 1.0, sc.array("N"))
    assert (cost.text("flops"), cost.text("transcendentals")) == ("2*N", "N")
    looped = lambda x: lax.scan(lambda c, _: (apply(SinTimes, c), None), x, None, length=4)[0]
    cost = sc.trace(jax.named_scope("layer")(looped), sc.array("N"))
    assert (cost.text("flops"), cost.text("transcendentals")) == ("4*N", "4*N")
    assert {row.key.scope for row in cost.ledger.rows} == {"layer"}


def test_a_high_level_primitive_without_a_definition_is_unknown() -> None:
    assert unknowns(lambda x: apply(Sealed, x) + 1.0, sc.array("N")) == ["unknown_call_hi_primitive_Sealed_0"]


def test_custom_partitioning_counts_what_it_partitions() -> None:
    from jax.experimental.custom_partitioning import custom_partitioning

    @custom_partitioning
    def own(x):
        return jnp.sin(x) * 2.0

    own.def_partition(partition=None, infer_sharding_from_operands=None, sharding_rule="i->i")
    cost = sc.trace(own, sc.array("N"))
    assert (cost.text("flops"), cost.text("transcendentals")) == ("N", "N")


def test_cudnn_fusions_count_what_they_fuse() -> None:
    from jax._src.cudnn.fusion import cudnn_fusion

    cost = sc.trace(cudnn_fusion(lambda x, y: x @ y + 1.0), sc.array("N M"), sc.array("M K"))
    assert cost.text("flops") == "2*N*M*K + N*K"
