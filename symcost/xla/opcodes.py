"""Which HLO opcode a JAX primitive becomes, and what kind of work an HLO opcode is.

Written against jax 0.10 - 0.12. A primitive that a table does not name is taken to be
lowered to several operations, which the comparison then finds in the program itself.
"""

from __future__ import annotations

from symcost.program import Op, is_float


def _table(text: str) -> dict[str, str]:
    """``primitive opcode`` per line."""
    return dict(line.split() for line in text.strip().splitlines())


def words(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())


ONE_TO_ONE = _table(
    """
    add add
    add_any add
    sub subtract
    mul multiply
    div divide
    rem remainder
    neg negate
    abs abs
    sign sign
    max maximum
    min minimum
    clamp clamp
    floor floor
    ceil ceil
    is_finite is-finite
    eq compare
    ne compare
    lt compare
    le compare
    gt compare
    ge compare
    and and
    or or
    xor xor
    not not
    shift_left shift-left
    shift_right_arithmetic shift-right-arithmetic
    shift_right_logical shift-right-logical
    population_count popcnt
    clz count-leading-zeros
    mulhi mulhi
    square multiply
    exp exponential
    exp2 exp2
    expm1 exponential-minus-one
    log log
    log1p log-plus-one
    tanh tanh
    sqrt sqrt
    rsqrt rsqrt
    cbrt cbrt
    sin sine
    cos cosine
    tan tan
    atan2 atan2
    pow power
    erf erf
    select_n select
    convert_element_type convert
    bitcast_convert_type bitcast-convert
    reduce_precision reduce-precision
    real real
    imag imag
    complex complex
    """
)
"""Element by element: one operation of this opcode per output element, and the same work on both sides."""

STRUCTURED = _table(
    """
    integer_pow multiply
    logistic logistic
    round round-nearest-even
    eq_to compare
    lt_to compare
    le_to compare
    dot_general dot
    conv_general_dilated convolution
    reduce_sum reduce
    reduce_prod reduce
    reduce_max reduce
    reduce_min reduce
    reduce_and reduce
    reduce_or reduce
    reduce_xor reduce
    reduce reduce
    argmax reduce
    argmin reduce
    cumsum reduce-window
    cumprod reduce-window
    cummax reduce-window
    cummin reduce-window
    cumlogsumexp reduce-window
    reduce_window reduce-window
    reduce_window_sum reduce-window
    reduce_window_max reduce-window
    reduce_window_min reduce-window
    select_and_scatter_add select-and-scatter
    select_and_scatter select-and-scatter
    sort sort
    top_k topk
    fft fft
    gather gather
    scatter scatter
    scatter-add scatter
    scatter-sub scatter
    scatter-mul scatter
    scatter-min scatter
    scatter-max scatter
    dynamic_slice dynamic-slice
    dynamic_update_slice dynamic-update-slice
    slice slice
    pad pad
    concatenate concatenate
    broadcast_in_dim broadcast
    reshape reshape
    squeeze reshape
    expand_dims reshape
    transpose transpose
    rev reverse
    iota iota
    copy copy
    optimization_barrier opt-barrier
    triangular_solve triangular-solve
    cholesky cholesky
    """
)
"""One instruction of this opcode does the work, but may be counted by another rule, or in company of others."""


def is_single(primitive: str, op: Op) -> bool:
    """Whether `op`, which is or implements `primitive`, is one instruction per element whatever lowers it."""
    return primitive in ONE_TO_ONE and not any(v.dtype.startswith("complex") for v in (*op.inputs, *op.outputs))


COUNTERPART = {**ONE_TO_ONE, **STRUCTURED}

INDEXED = words(
    """
    dynamic_slice dynamic_update_slice gather scatter scatter-add scatter-sub scatter-mul scatter-min scatter-max
    """
)
"""Primitives whose indices JAX checks, wraps or clips with integer arithmetic."""

PARTS = INDEXED | {"slice"}
"""Primitives of which XLA counts only the part of the operand that is touched."""

COPIES = words("copy-start copy-done slice-start slice-done")
"""Copies from one memory to another, of the whole or a part, that go on beside the computation."""

_CHOICES = words("select")
_CONVERSIONS = words("convert bitcast-convert reduce-precision stochastic-convert real imag complex")
_CONSTANTS = words("broadcast constant iota")
_MOVEMENT = words(
    """
    reshape dynamic-reshape transpose copy copy-start copy-done slice-start slice-done reverse concatenate pad slice
    dynamic-slice dynamic-update-slice gather opt-barrier bitcast get-dimension-size
    """
)
_WITHOUT_TYPE = words("sort fft topk cholesky triangular-solve rng rng-bit-generator")


def kind_of(entry_opcode: str, op: Op) -> str:
    """What kind of work an HLO instruction is.

    Returns:
        "select", "convert", "broadcast", "movement", "tuple", "custom call", "integer" or "float".
    """
    if entry_opcode in _CHOICES:
        return "select"
    if entry_opcode in _CONVERSIONS:
        return "convert"
    if entry_opcode in _CONSTANTS:
        return "broadcast"
    if entry_opcode in _MOVEMENT:
        return "movement"
    if entry_opcode == "tuple":
        return "tuple"
    if entry_opcode == "custom-call":
        return "custom call"
    if entry_opcode in _WITHOUT_TYPE or not op.inputs:
        return "float"
    return "float" if is_float(op.inputs[0].dtype) else "integer"
