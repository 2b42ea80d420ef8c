"""Fourier transforms: the textbook count of the radix-2 algorithm, with the logarithm rounded up.

A complex transform of n = 2**s points does s stages of n/2 butterflies, and a butterfly
is a complex multiplication (6) and two complex additions (4): 5*n*log2(n) real
operations. A transform of real data does half of that. This is the scale by which FFTs
are timed (Cooley and Tukey 1965; benchFFT: 5 N log2 N, and 2.5 N log2 N for real data).
Between powers of two the stages are ceil(log2 n), so that every size has an integer count.
"""

from __future__ import annotations

from symcost.polynomial import Size, ceil_log2, floor_div, total
from symcost.program import Op
from symcost.rules.registry import Cost, algorithm


@algorithm.rule("fft")
def fft(op: Op) -> Cost:
    """5*n*ceil(log2 n) flops per complex line and transformed axis, half of that (rounded down) on the real axis
    of rfft and irfft."""
    *others, last = op.params["fft_lengths"]
    kind = op.params["fft_type"].upper()
    if kind in ("FFT", "IFFT"):
        return Cost(flops=_complex_axes(op.inputs[0].size, (*others, last)))
    # The real axis has `last` points on one side and last//2 + 1 on the other; the other
    # axes are transformed where they are complex.
    spectrum, signal = (op.output, op.inputs[0]) if kind == "RFFT" else (op.inputs[0], op.output)
    real_lines = _lines(signal.shape)
    real_axis = real_lines * floor_div(5 * last * ceil_log2(last), 2)
    return Cost(flops=real_axis + _complex_axes(spectrum.size, tuple(others)))


def _complex_axes(elements: Size, lengths: tuple[Size, ...]) -> Size:
    """All lines of length n along an axis hold `elements` points together: 5 * elements * stages."""
    return 5 * elements * total(ceil_log2(n) for n in lengths)


def _lines(shape: tuple[Size, ...]) -> Size:
    lines: Size = 1
    for n in shape[:-1]:
        lines = lines * n
    return lines
