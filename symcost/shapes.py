"""Shape rules: output dimensions of the primitives that do arithmetic on sizes.

Most primitives copy dimensions or state them as parameters, and a formula found for
the same values elsewhere is the right one. Windows, paddings, slices and
concatenations compute: their outputs follow exactly from inputs and parameters, where
a fit through samples would have to guess (floor((H + a)/32) fits few samples for many a).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from symcost.polynomial import Size, ceil_div, floor_div, maximum, total
from symcost.program import Value

Shape = tuple[Size, ...]
ShapeRule = Callable[[Sequence[Value], dict], tuple[Shape, ...]]


@dataclass(frozen=True, slots=True)
class Window:
    """What the paddings of one windowed axis may depend on."""

    axis: int  # axis of the input
    output_axis: int
    divisors: tuple[int, ...]  # strides and dilations
    kernel_axis: int | None = None  # axis of the second operand, for convolutions
    size: object = None  # of the window, where it is a parameter


def _extent(size: Size, dilation: Size) -> Size:
    """Elements spanned by `size` elements `dilation` apart; 0 for none."""
    if isinstance(dilation, int) and dilation == 1:
        return size
    return maximum(0, (size - 1) * dilation + 1)


def _windowed(size: Size, window: Size, stride: Size, low: Size, high: Size, base: Size, dilation: Size) -> Size:
    spanned = _extent(size, base) + low + high - _extent(window, dilation)
    steps = spanned if isinstance(stride, int) and stride == 1 else floor_div(spanned, stride)
    return maximum(0, steps + 1)


def conv_general_dilated(inputs: Sequence[Value], params: dict) -> tuple[Shape, ...]:
    """Batch and features from the operands; spatial axes by the window formula."""
    lhs, rhs = inputs[0].shape, inputs[1].shape
    numbers = params["dimension_numbers"]
    lhs_spec, rhs_spec, out_spec = numbers.lhs_spec, numbers.rhs_spec, numbers.out_spec
    shape: list[Size] = [0] * len(lhs)
    groups = params["batch_group_count"]
    batch = lhs[lhs_spec[0]]
    shape[out_spec[0]] = batch if groups == 1 else floor_div(batch, groups)
    shape[out_spec[1]] = rhs[rhs_spec[0]]
    for i, (a, k, o) in enumerate(zip(lhs_spec[2:], rhs_spec[2:], out_spec[2:], strict=True)):
        low, high = params["padding"][i]
        shape[o] = _windowed(
            lhs[a],
            rhs[k],
            params["window_strides"][i],
            low,
            high,
            params["lhs_dilation"][i],
            params["rhs_dilation"][i],
        )
    return (tuple(shape),)


def reduce_window(inputs: Sequence[Value], params: dict) -> tuple[Shape, ...]:
    """Every axis by the window formula."""
    shape = tuple(
        _windowed(size, window, stride, low, high, base, dilation)
        for size, window, stride, (low, high), base, dilation in zip(
            inputs[0].shape,
            params["window_dimensions"],
            params["window_strides"],
            params["padding"],
            params.get("base_dilation") or (1,) * len(inputs[0].shape),
            params.get("window_dilation") or (1,) * len(inputs[0].shape),
            strict=True,
        )
    )
    return (shape,)


def pad(inputs: Sequence[Value], params: dict) -> tuple[Shape, ...]:
    """low + high + size + interior * (size - 1)."""
    return (
        tuple(
            low + high + (size if inner == 0 else _extent(size, inner + 1))
            for size, (low, high, inner) in zip(inputs[0].shape, params["padding_config"], strict=True)
        ),
    )


def concatenate(inputs: Sequence[Value], params: dict) -> tuple[Shape, ...]:
    """The sum along one axis."""
    axis = params["dimension"]
    shape = list(inputs[0].shape)
    shape[axis] = total(v.shape[axis] for v in inputs)
    return (tuple(shape),)


def slice_(inputs: Sequence[Value], params: dict) -> tuple[Shape, ...]:
    """ceil((limit - start) / stride)."""
    strides = params["strides"] or (1,) * len(inputs[0].shape)
    return (
        tuple(
            (limit - start) if stride == 1 else ceil_div(limit - start, stride)
            for start, limit, stride in zip(params["start_indices"], params["limit_indices"], strides, strict=True)
        ),
    )


SHAPE_RULES: dict[str, ShapeRule] = {
    "conv_general_dilated": conv_general_dilated,
    "reduce_window_sum": reduce_window,
    "reduce_window_max": reduce_window,
    "reduce_window_min": reduce_window,
    "reduce_window": reduce_window,
    "convolution": conv_general_dilated,  # HLO opcodes, whose parameters bear JAX's names
    "reduce-window": reduce_window,
    "pad": pad,
    "concatenate": concatenate,
    "slice": slice_,
}


def windows(primitive: str, params: dict) -> list[Window]:
    """For windowed primitives, what the padding of each of `params["padding"]` may depend on; else empty."""
    if primitive in ("conv_general_dilated", "convolution"):
        numbers = params["dimension_numbers"]
        return [
            Window(a, o, (s, ld, rd), k)
            for a, k, o, s, ld, rd in zip(
                numbers.lhs_spec[2:],
                numbers.rhs_spec[2:],
                numbers.out_spec[2:],
                params["window_strides"],
                params["lhs_dilation"],
                params["rhs_dilation"],
                strict=True,
            )
        ]
    if primitive.startswith(("reduce_window", "reduce-window")):
        return [Window(i, i, (s,)) for i, s in enumerate(params["window_strides"])]
    return []


def same_paddings(near: Sequence[Size], divisors: Sequence[int]) -> Iterator[tuple[Size, Size]]:
    """Paddings that "SAME", "VALID" and their gradients compute from the dimensions of one axis.

    Args:
        near: dimensions that meet at the axis (input, kernel, output). divisors: strides and dilations.

    Yields:
        A padding, and the dimension of the output axis that goes with it.

    Source: `padtype_to_pads` and `_conv_general_vjp_{lhs,rhs}_padding` in jax/_src/lax/convolution.py, whose
    quantities are: total = max(0, (ceil(x/s) - 1)*s + k - x), low = total // 2, high = total - low.
    """
    pairs = [(x, k) for x in near for k in near if x is not k]
    for x, k in pairs:
        for s in sorted({*divisors, 1} - {0}):
            out = ceil_div(x, s)
            total_ = maximum(0, (out - 1) * s + k - x)
            low = floor_div(total_, 2)
            yield low, out
            yield total_ - low, out
            yield k - 1 - low, x  # gradient by the input, before
            yield x - 1 - (out - 1) * s + low, x  # and after
            yield low, k  # gradient by the kernel, before
            yield (out - 1) * s + k - x - low, k  # and after
            valid = floor_div(x - k, s) + 1
            yield k - 1, x
            yield x - 1 - (valid - 1) * s, x
            yield (valid - 1) * s + k - x, k
