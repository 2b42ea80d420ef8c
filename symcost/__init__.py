"""symcost: what a neural network costs, as a formula, checked by XLA.

Names are loaded when they are used: importing symcost imports neither jax nor flax.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symcost import errors as errors
    from symcost import testing as testing
    from symcost import xla as xla
    from symcost import zoo as zoo
    from symcost.api import trace as trace
    from symcost.api import trace_family as trace_family
    from symcost.api import trace_training as trace_training
    from symcost.arrays import array as array
    from symcost.cost import ProgramCost as ProgramCost
    from symcost.crossing import crossover as crossover
    from symcost.differences import diff as diff
    from symcost.dims import dim as dim
    from symcost.dims import dims as dims
    from symcost.errors import SymcostError as SymcostError
    from symcost.frontend import build as build
    from symcost.hardware import chip as chip
    from symcost.hardware import chips as chips
    from symcost.hardware.roofline import roofline as roofline
    from symcost.query import load as load
    from symcost.rules import rule as rule
    from symcost.rules.registry import Cost as Cost
    from symcost.rules.registry import Flow as Flow
    from symcost.xla.compare import compare as compare

__version__ = "0.1.0"

_HOME = {
    "Cost": "symcost.rules.registry",
    "Flow": "symcost.rules.registry",
    "ProgramCost": "symcost.cost",
    "SymcostError": "symcost.errors",
    "array": "symcost.arrays",
    "build": "symcost.frontend",
    "chip": "symcost.hardware",
    "chips": "symcost.hardware",
    "compare": "symcost.xla.compare",
    "crossover": "symcost.crossing",
    "diff": "symcost.differences",
    "dim": "symcost.dims",
    "dims": "symcost.dims",
    "load": "symcost.query",
    "roofline": "symcost.hardware.roofline",
    "rule": "symcost.rules",
    "trace": "symcost.api",
    "trace_family": "symcost.api",
    "trace_training": "symcost.api",
}

# written out, because type checkers read no other form; what is not in the table above is a room
__all__ = [
    "Cost",
    "Flow",
    "ProgramCost",
    "SymcostError",
    "array",
    "build",
    "chip",
    "chips",
    "compare",
    "crossover",
    "diff",
    "dim",
    "dims",
    "errors",
    "load",
    "roofline",
    "rule",
    "testing",
    "trace",
    "trace_family",
    "trace_training",
    "xla",
    "zoo",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in __all__:
        return import_module(f"symcost.{name}")
    raise AttributeError(f"symcost has no public name {name!r}; it has {', '.join(sorted(__all__))}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
