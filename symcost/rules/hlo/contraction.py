"""Matrix products and convolutions: a multiply and an add per pair of elements that meet."""

from __future__ import annotations

from symcost.polynomial import conv_taps, floor_div, product
from symcost.program import Op
from symcost.rules.registry import Cost, hlo


@hlo.rule("dot", "scaled-dot")
def dot(op: Op) -> Cost:
    """2 flops per element of the output and of the contracted dimensions; complex numbers count as real ones."""
    macs = op.output.size * product(op.inputs[0].shape[a] for a in op.params.get("lhs_contracting_dims", ()))
    return Cost(flops=2 * macs, macs=macs, unit="matrix")


@hlo.rule("ragged-dot")
def ragged_dot(op: Op) -> Cost:
    """As a dot; where rows of the left operand are what is grouped, the first dimension of the output is left out."""
    contracted = op.params["lhs_contracting_dims"]
    (ragged,) = op.params["lhs_ragged_dims"]
    grouped_rows = ragged not in contracted and ragged not in op.params.get("lhs_batch_dims", ())
    out = op.output.shape[1:] if grouped_rows else op.output.shape
    macs = product(out) * product(op.inputs[0].shape[a] for a in contracted)
    return Cost(flops=2 * macs, macs=macs, unit="matrix")


@hlo.rule("convolution")
def convolution(op: Op) -> Cost:
    """2 flops per kernel tap that meets an element of the input, not padding or the gap of a dilation.

    Input features of one group, output features, batch (of one group) and the taps of each spatial dimension multiply.
    """
    lhs, rhs, out = op.inputs[0].shape, op.inputs[1].shape, op.output.shape
    numbers = op.params["dimension_numbers"]
    spatial = zip(
        (lhs[i] for i in numbers.lhs_spec[2:]),
        (rhs[i] for i in numbers.rhs_spec[2:]),
        (out[i] for i in numbers.out_spec[2:]),
        op.params["window_strides"],
        (low for low, _ in op.params["padding"]),
        op.params["lhs_dilation"],
        op.params["rhs_dilation"],
        strict=True,
    )
    taps = product(conv_taps(*dimension) for dimension in spatial)
    batch = floor_div(lhs[numbers.lhs_spec[0]], op.params["batch_group_count"])
    features = floor_div(lhs[numbers.lhs_spec[1]], op.params["feature_group_count"])
    macs = features * out[numbers.out_spec[1]] * batch * taps
    return Cost(flops=2 * macs, macs=macs, unit="matrix")
