"""What a fusing compiler does with each primitive, in four kinds; what is in none of them stays a kernel of its own.

The kinds follow XLA's instruction fusion (openxla/xla, xla/service/instruction_fusion.cc): cheap
and element-wise operations join the kernel that reads them, reductions and updates take them in, and dots,
convolutions, sorts and library calls read and write memory.
"""

from __future__ import annotations

from symcost.rules.arithmetic import TRANSCENDENTALS

VIEWS = frozenset(
    (
        *("reshape", "squeeze", "expand_dims", "transpose", "bitcast_convert_type", "stop_gradient", "name"),
        *("optimization_barrier", "device_put", "sharding_constraint", "layout_constraint", "reshard", "relayout"),
        *("random_wrap", "random_unwrap", "random_clone", "to_edtype", "from_edtype", "pvary", "tie", "stage"),
        *("with_memory_space_constraint", "reduced_vary_cast", "preduced", "vary_unreduced_cast"),
        *("xla_metadata_value", "add_dependency", "remove_memory_space"),
    )
)
"""Other names for the same memory; a transposition is a layout, which the reader takes as it comes."""

CHEAP = frozenset(("broadcast_in_dim", "broadcast_to", "iota", "iota_2x32_shape", "zeros_like", "empty", "axis_index"))
"""Made anew in every kernel that reads them."""

ALIGNED = frozenset(
    (
        *TRANSCENDENTALS,
        *("add", "sub", "mul", "div", "rem", "neg", "abs", "sign", "max", "min", "clamp", "add_any", "select_n"),
        *("floor", "ceil", "round", "nextafter", "is_finite", "eq", "ne", "lt", "le", "gt", "ge"),
        *("eq_to", "lt_to", "le_to", "and", "or", "xor", "not", "population_count", "clz", "mulhi"),
        *("shift_left", "shift_right_arithmetic", "shift_right_logical", "square", "integer_pow", "reciprocal"),
        *("one_minus_square", "conj", "polynomial", "convert_element_type", "reduce_precision", "copy"),
        *("real", "imag", "complex"),
    )
)
"""Element by element: each element of the output needs the elements of the inputs at its own place."""

MOVED = frozenset(
    (
        *("slice", "dynamic_slice", "gather", "pad", "rev", "concatenate", "tile", "stack"),
        *("random_bits", "threefry2x32", "random_seed", "random_fold_in", "random_split"),
    )
)
"""Computed element by element as well, from elements at other places."""

PRODUCERS = ALIGNED | MOVED | CHEAP
"""What may be computed inside of the kernel that reads it."""

SLICING = frozenset(("slice", "dynamic_slice", "gather"))
"""Reads of their first operand no more than they write."""

SPLITS = frozenset(("split", "unstack"))
"""Parts of an array: slices of one that is in memory, or a kernel that writes them all."""

UPDATES = {"dynamic_update_slice": 1, "scatter": 2} | dict.fromkeys(
    ("scatter-add", "scatter-sub", "scatter-mul", "scatter-max", "scatter-min"), 2
)
"""Change a part of their first operand, in its place where nobody needs it any more; which operand is the part."""

OVERWRITES = frozenset(("dynamic_update_slice", "scatter"))
"""Updates that do not read what they change."""

REDUCTIONS = frozenset(
    (
        *("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_and", "reduce_or", "reduce_xor"),
        *("argmax", "argmin", "reduce", "split", "unstack"),
    )
)
"""Take in what they read, and write their result."""

CONSUMERS = PRODUCERS | REDUCTIONS | frozenset(UPDATES)
"""Kernels that element-wise chains may end in."""

CONTROL = frozenset(("scan", "while", "cond", "shard_map", "custom_linear_solve", "run_scoped"))
"""Hold programs of their own."""


def freeable(primitive: str, inputs: int, consts: int, carried: int) -> frozenset[int]:
    """Inputs of a nested program that it may overwrite: what a loop carries, and its own slices."""
    if primitive == "scan":
        return frozenset(range(consts, inputs))
    return frozenset(range(consts, consts + carried)) if primitive == "while" else frozenset()
