"""The convention "xla": one rule per HLO opcode, in the registry `hlo`.

Together they are XLA's base cost analysis (`HloCostAnalysis` in
xla/service/hlo_cost_analysis.cc of openxla/xla), which counts element by element:
no distinction between integers and floats, complex numbers or booleans, so `int_ops`
stays 0. Every rule was compared with the analysis of the installed jaxlib.

One corner is not reproduced: in a conditional whose first branch counts negative
(nothing but a custom call) and whose others count 0, XLA keeps the negative figure.
"""

from symcost.rules.hlo import (
    collective,
    contraction,
    control,
    elementwise,
    fusion,
    indexing,
    linalg,
    movement,
    random,
    reduction,
)
from symcost.rules.registry import hlo

__all__ = [
    "collective",
    "contraction",
    "control",
    "elementwise",
    "fusion",
    "hlo",
    "indexing",
    "linalg",
    "movement",
    "random",
    "reduction",
]
