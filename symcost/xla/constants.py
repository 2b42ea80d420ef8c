"""Equations of a jaxpr that XLA never sees: constants that fold, factors of one, summands of zero.

The importer of StableHLO simplifies before anybody counts. Which equations it may
drop is found by following the numbers that a program says (literals, and what is
computed from nothing else); whether it did drop them, only the HLO can tell.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from symcost.program import Op, Program, Value
from symcost.xla.opcodes import words

_PASSED = words(
    """
    broadcast_in_dim reshape squeeze expand_dims transpose copy rev slice split reduce_max reduce_min stop_gradient
    """
)
"""Of an array that holds one number everywhere, they make another one of the same number."""

_COMPUTED: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "add_any": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": lambda x, y: x // y if isinstance(x, int) and isinstance(y, int) else x / y,
    "neg": operator.neg,
    "max": max,
    "min": min,
    "sqrt": math.sqrt,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "exp": math.exp,
    "log": math.log,
    "square": lambda x: x * x,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "select_n": lambda which, *cases: cases[int(which)],
    "convert_element_type": lambda x: x,
}
_FOLDED = words("concatenate gather abs sign floor ceil tanh pow integer_pow rem and or not xor")
"""Further operations on constants that give a constant, whose number is not followed."""

_EMPTY_SUMS = {"reduce_sum": 0.0, "dot_general": 0.0, "reduce_prod": 1.0}
"""What comes of contracting or reducing nothing."""

UNKNOWN_NUMBER = object()
"""In place of a constant's number, where it is not followed."""


@dataclass(slots=True)
class Constants:
    """What a program says about its values; nested programs are not entered.

    Attributes:
        values: by value number, the number that an array holds everywhere (`UNKNOWN_NUMBER` if it is constant and
            not followed), or None if it is not known to be constant.
        dropped: instructions (by `id`) that the importer may drop, with the reason.
    """

    values: list[Any]
    dropped: dict[int, str]

    def read(self, read: int | Value) -> Any:
        """The number that an operand holds, as in `values`."""
        return read.literal if isinstance(read, Value) else self.values[read]


def constants(program: Program, platform: str = "cpu") -> Constants:
    """Follow the constants of `program`, which is lowered for `platform`."""
    kinds = program.kinds or ("",) * len(program.inputs)
    found = Constants([UNKNOWN_NUMBER if kind == "constant" else None for kind in kinds], {})
    for op in program.ops():
        inputs = [found.read(r) for r in op.instruction.reads]
        reason = _reason(op, inputs)
        if reason:
            found.dropped[id(op.instruction)] = reason
        found.values += [_result(op, inputs, platform)] * len(op.outputs)
    return found


def _reason(op: Op, inputs: list[Any]) -> str:
    primitive = op.primitive
    foldable = primitive in _COMPUTED or primitive in _FOLDED or primitive in _PASSED
    if foldable and inputs and all(known is not None for known in inputs):
        return "constants folded"
    if any(v.size == 0 for v in (*op.inputs, *op.outputs)):
        return "empty arrays"
    if (primitive == "mul" and _says(inputs, 1)) or (primitive == "integer_pow" and op.params["y"] == 1):
        return "times one"
    if primitive in ("add", "add_any", "or", "xor") and _says(inputs, 0):
        return "plus zero"
    if primitive == "sub" and _says(inputs[1:], 0):
        return "minus zero"
    if primitive == "ne" and inputs[1] is False:
        return "compared with False"
    if primitive.startswith("reduce_") and op.inputs[0].size == op.output.size:
        return "nothing to reduce"
    return ""


def _says(inputs: list[Any], number: int) -> bool:
    return any(isinstance(v, (bool, int, float)) and v == number for v in inputs)


def _result(op: Op, inputs: list[Any], platform: str) -> Any:
    if op.primitive == "iota":
        return 0 if op.output.shape[op.params["dimension"]] == 1 else UNKNOWN_NUMBER
    if op.primitive == "platform_index":
        return _platform_index(op.params["platforms"], platform)
    if op.primitive == "pad" and (op.inputs[0].size == 0 or inputs[0] == inputs[1]):
        return inputs[1]
    if any(v.size == 0 for v in op.inputs) and op.output.size != 0:
        return _EMPTY_SUMS.get(op.primitive, UNKNOWN_NUMBER)
    if not inputs or any(known is None for known in inputs):
        return None
    if op.primitive in _PASSED:
        return inputs[0]
    function = _COMPUTED.get(op.primitive)
    if function is None:
        return UNKNOWN_NUMBER if op.primitive in _FOLDED else None
    if any(known is UNKNOWN_NUMBER for known in inputs):
        return UNKNOWN_NUMBER
    try:
        return function(*inputs)
    except (ArithmeticError, ValueError, TypeError, IndexError):  # infinities, NaN: neither one nor zero
        return UNKNOWN_NUMBER


def _platform_index(platforms: tuple[Any, ...], platform: str) -> int:
    """Which alternative of `lax.platform_dependent` is lowered; None stands for all other platforms."""
    for i, names in enumerate(platforms):
        if names is not None and platform in names:
            return i
    return platforms.index(None)
