"""Multiply-accumulates of a convolution, for conventions that divide them up in other ways."""

from __future__ import annotations

from symcost.polynomial import Size
from symcost.program import Op
from symcost.rules.contractions import free_extent


def all_taps(op: Op) -> Size:
    """Output elements times kernel taps and input channels of a group; also taps on padding and between dilated
    elements."""
    output_channels = op.params["dimension_numbers"].rhs_spec[0]
    return op.output.size * free_extent(op.inputs[1], (output_channels,))
