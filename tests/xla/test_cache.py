"""What makes a compilation another one than those kept: target, versions and program, and no line of anybody's code."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from symcost.xla.cache import without_lines


def stablehlo(function):
    shape = jax.ShapeDtypeStruct((2, 3), "float32")
    lowered = jax.jit(function).trace(shape).lower(lowering_platforms=("tpu",))
    return lowered.compiler_ir("stablehlo").operation.get_asm(enable_debug_info=True)


def named(scope):
    def program(x):
        with jax.named_scope(scope):
            return jnp.tanh(x) + x

    return program


def test_a_line_more_is_no_new_program():
    one = stablehlo(named("layer"))
    other = stablehlo(
        named("layer")  # another line calls
    )
    assert one != other
    assert without_lines(one) == without_lines(other)
    assert "jit(program)/layer/tanh" in without_lines(one)
    assert "test_cache.py" not in without_lines(one)


def test_another_module_path_is_a_new_program():
    assert without_lines(stablehlo(named("layer"))) != without_lines(stablehlo(named("block")))
