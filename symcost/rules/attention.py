"""cuDNN's fused attention: the dots and the softmax that it stands for.

Dao, Fu, Ermon, Rudra, Re: "FlashAttention" (2022): forward two
dots over all pairs of queries and keys; backward five, one of which computes the scores
again. Masked pairs count like any other, as in JAX's own attention.
"""

from __future__ import annotations

from dataclasses import dataclass

from symcost.polynomial import Size
from symcost.program import Op
from symcost.rules.arithmetic import repeat, scalar, together
from symcost.rules.contractions import multiply_accumulate
from symcost.rules.extent import folds
from symcost.rules.registry import UNCOUNTED, Cost, algorithm

DTYPE = "float32"
"""The softmax is computed in float32."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of scores (batch x heads x queries), keys per row, width of queries and keys, width of values."""

    rows: Size
    keys: Size
    width: Size
    value_width: Size

    @property
    def pairs(self) -> Size:
        return self.rows * self.keys


def sizes(op: Op) -> Sizes:
    """Queries are (batch, length, heads, width) in layout 0, (batch, heads, length, width) in layout 1."""
    query, key, value = op.inputs[:3]
    batch, second, third, width = query.shape
    return Sizes(batch * second * third, key.shape[2 if op.params["layout"] else 1], width, value.shape[-1])


def per_pair(s: Sizes, *names: str) -> Cost:
    """One operation each for every pair of a query and a key."""
    return together(*(repeat(s.pairs, scalar(name, DTYPE)) for name in names))


def softmax(s: Sizes) -> Cost:
    """Per row: the maximum and the sum of its keys; per pair: subtract, exp, divide."""
    fold = repeat(s.rows * folds(s.keys), together(scalar("max", DTYPE), scalar("add", DTYPE)))
    return together(fold, per_pair(s, "sub", "exp", "div"))


def is_paged(op: Op) -> bool:
    """Whether keys and values come in pages, named by a table of four dimensions."""
    return len(op.inputs[8].shape) == 4


def biased(op: Op) -> bool:
    """Whether a bias is added to the scores."""
    return op.params.get("bias", False)


@algorithm.rule("dot_product_attention_fwd", "dot_product_attention_fwd_wrapper")
def attention_forward(op: Op) -> Cost:
    """Two dots over all pairs, 2*B*N*T*S*(H + V) flops; scale, bias and softmax per pair. With dropout, pages or a
    score_mod it is unknown."""
    if op.params["modified"] or is_paged(op):
        return UNCOUNTED
    s = sizes(op)
    dots = multiply_accumulate(s.pairs * (s.width + s.value_width), *op.inputs[:1])
    extra = per_pair(s, "mul", *(["add"] if biased(op) else []))
    return together(dots, extra, softmax(s))


@algorithm.rule("dot_product_attention_bwd", "dot_product_attention_bwd_wrapper")
def attention_backward(op: Op) -> Cost:
    """Five dots over all pairs, 2*B*N*T*S*(3*H + 2*V) flops (the scores once more); scale, softmax from the row
    statistics, its gradient, and the sum of gradients of a bias per pair."""
    if op.params["modified"] or is_paged(op):
        return UNCOUNTED
    return backward(op)


def backward(op: Op) -> Cost:
    s = sizes(op)
    dots = multiply_accumulate(s.pairs * (3 * s.width + 2 * s.value_width), *op.inputs[:1])
    # scores times scale, minus the row's log-sum-exp, exp; dP - D, times P, times scale
    pairs = per_pair(s, "mul", "sub", "exp", "sub", "mul", "mul")
    # D, a row's sum of output times its gradient
    rows = together(
        repeat(s.rows * s.value_width, scalar("mul", DTYPE)),
        repeat(s.rows * folds(s.value_width), scalar("add", DTYPE)),
    )
    if biased(op):
        pairs = together(pairs, per_pair(s, "add"))
    if op.params.get("bias_gradient", False):
        pairs = together(pairs, repeat(s.pairs, scalar("add", DTYPE)))
    return together(dots, pairs, rows)


@algorithm.rule("dot_product_attention_fp8_fwd", "dot_product_attention_fp8_fwd_wrapper")
def attention_fp8_forward(op: Op) -> Cost:
    """Attention, and per pair: the scores' descaling, the scaling of the softmax, and its largest magnitude (2); per
    output element a descaling, a scaling and the largest magnitude (2)."""
    s = sizes(op)
    dots = multiply_accumulate(s.pairs * (s.width + s.value_width), *op.inputs[:1])
    outputs = repeat(4 * s.rows * s.value_width, scalar("mul", DTYPE))
    return together(dots, per_pair(s, "mul", "mul", "mul", "abs", "max"), softmax(s), outputs)


@algorithm.rule("dot_product_attention_fp8_bwd", "dot_product_attention_fp8_bwd_wrapper")
def attention_fp8_backward(op: Op) -> Cost:
    """The gradient of attention, and per pair the descaling of scores and of dP, the scaling of P and dP, and the
    largest magnitude of dP (2); per element of each gradient a descaling, a scaling and the largest magnitude (2)."""
    s = sizes(op)
    gradients = op.inputs[0].size + op.inputs[1].size + op.inputs[2].size
    scaling = per_pair(s, "mul", "mul", "mul", "mul", "abs", "max")
    return together(backward(op), scaling, repeat(4 * gradients, scalar("mul", DTYPE)))
