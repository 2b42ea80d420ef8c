"""Where a program's memory peaks at given sizes: which operation runs then, and what is alive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symcost.domain import format_sizes
from symcost.fusion import fused, moments, own_traffic

if TYPE_CHECKING:
    from symcost.analysis import Analysis
    from symcost.fusion.liveness import Array
    from symcost.program import Instruction

_SHORT = {"float": "f", "int": "i", "uint": "u", "complex": "c", "bfloat": "bf"}

SHOWN = 12
"""Arrays that are printed."""


@dataclass(frozen=True, slots=True)
class LiveArray:
    """An array that is alive at the peak.

    Attributes:
        bytes: in memory. shape, dtype: of the array.
        what: "params", "argument" or another kind of input; the primitive that made it, otherwise.
        scope: module path, source: line of the user's code, where it was made; "" for inputs.
    """

    bytes: int
    shape: tuple[int, ...]
    dtype: str
    what: str
    scope: str
    source: str

    @property
    def array(self) -> str:
        """Type and shape as JAX prints them: ``f32[8,16]``."""
        short = re.sub(r"^(float|int|uint|complex|bfloat)(?=\d)", lambda m: _SHORT[m[1]], self.dtype)
        return f"{short}[{','.join(map(str, self.shape))}]"

    def __str__(self) -> str:
        return f"{self.bytes:>15,}  {self.array}  " + ", ".join(filter(None, (self.what, self.scope, self.source)))


@dataclass(frozen=True, slots=True)
class Peak:
    """The moment at which most memory is alive.

    Attributes:
        sizes: of the program. bytes: alive then.
        primitive, scope, phase, source: the operation that runs, or with which its kernel ends.
        arrays: what is alive, the largest first; together they make up `bytes`.
    """

    sizes: Mapping[str, int]
    bytes: int
    primitive: str
    scope: str
    phase: str
    source: str
    arrays: tuple[LiveArray, ...]

    def __str__(self) -> str:
        where = ", ".join(filter(None, (self.primitive, self.scope, self.phase, self.source)))
        lines = [
            f"{self.bytes:,} bytes at {format_sizes(self.sizes) or 'all sizes'}",
            f"  while {where or 'it starts'}",
        ]
        lines += [str(array) for array in self.arrays[:SHOWN]]
        rest = self.arrays[SHOWN:]
        if rest:
            lines.append(f"{sum(a.bytes for a in rest):>15,}  in {len(rest)} more")
        return "\n".join(lines)


def peak(analysis: Analysis, sizes: Mapping[str, int]) -> Peak:
    """The peak of the program at `sizes`, which is traced there."""
    program = fused(analysis.program("jaxpr", sizes), traffic=own_traffic(analysis.options.rules))
    told = moments(program, arrays=True)
    most = max(told, key=lambda moment: moment.bytes)
    arrays = sorted(map(_described, most.arrays), key=lambda array: -array.bytes)
    place = _place(most.kernel)
    phase = most.kernel.template.phase if most.kernel else ""
    return Peak(dict(sizes), int(most.bytes), *place[:2], phase, place[2], tuple(arrays))  # type: ignore[arg-type]


def _described(array: Array) -> LiveArray:
    value, (primitive, scope, source) = array.value, _place(array.maker)
    return LiveArray(value.bytes, value.shape, value.dtype, array.kind or primitive or "carried", scope, source)  # type: ignore[arg-type]


def _place(kernel: Instruction | None) -> tuple[str, str, str]:
    if kernel is None:
        return "", "", ""
    return kernel.template.primitive, kernel.template.scope, str(kernel.source or "")
