"""Primitives that do no arithmetic, each with the reason why; they still read and write bytes."""

from __future__ import annotations

from symcost.rules.registry import algorithm

algorithm.free(
    *("reshape", "squeeze", "transpose", "rev", "broadcast_in_dim", "broadcast_to", "tile"),
    *("concatenate", "stack", "unstack", "split", "pad", "slice", "dynamic_slice", "dynamic_update_slice", "gather"),
    why="moves data, no arithmetic",
)
algorithm.free("select_n", why="chooses between elements, no arithmetic")
algorithm.free("copy", "device_put", "to_edtype", "from_edtype", why="copies data, no arithmetic")
algorithm.free("convert_element_type", "bitcast_convert_type", "reduce_precision", why="changes the format of numbers")
algorithm.free("real", "imag", "complex", why="takes complex numbers apart or puts them together")
algorithm.free("iota", "iota_2x32_shape", "zeros_like", "empty", "empty2", why="fills memory, no arithmetic")
algorithm.free("get", "swap", "masked_load", "masked_swap", why="reads or writes a reference, no arithmetic")
algorithm.free("new_ref", "empty_ref", "freeze", "free_ref", why="makes or ends a reference, no arithmetic")
algorithm.free("lu_pivots_to_permutation", why="swaps rows of an index vector, no arithmetic")

algorithm.free(
    *("stop_gradient", "name", "optimization_barrier", "tie", "dce_sink", "stage", "xla_metadata_value"),
    why="marks a value for JAX or the compiler",
)
algorithm.free(
    *("sharding_constraint", "layout_constraint", "with_memory_space_constraint", "reshard", "relayout"),
    *("pvary", "preduced", "reduced_vary_cast", "reduced_vary_cast_p"),
    *("vary_unreduced_cast", "vary_unreduced_cast_p"),
    why="says where a value lives; arithmetic free",
)
algorithm.free("pin", "unpin", "create_token", "after_all", why="orders effects, no arithmetic")
algorithm.free("axis_index", "platform_index", "dim_as_value", "dimension_size", why="asks the machine for a number")
algorithm.free("shape_assertion", why="a check of shapes, done before the program runs")
algorithm.free("random_wrap", "random_unwrap", "random_clone", why="a random key seen as an array, or back")
