"""Counting rules, one file per family of primitives."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from symcost.rules.registry import Cost as Cost
from symcost.rules.registry import Rule, algorithm

FAMILIES = (
    *("elementwise", "movement", "reductions", "windows", "contractions", "scatter", "sorting"),
    *("fourier", "random", "factorizations", "solvers", "sparse", "control_flow"),
    *("collectives", "kernels", "attention"),
)
"""Modules that register rules of the convention "algorithm" when they are imported."""


def load() -> None:
    """Import every rule module, so that the registries are complete. Repeating it does nothing.

    Example:
        >>> from symcost.rules.registry import algorithm
        >>> load()
        >>> algorithm.state("dot_general"), algorithm.state("reshape"), algorithm.state("pure_callback")
        ('rule', 'free', 'unknown')
    """
    for family in (*FAMILIES, "hlo"):
        import_module(f"symcost.rules.{family}")


def rule(*primitives: str) -> Callable[[Rule], Rule]:
    """Decorator: register a counting rule for primitives of your own, for the convention "algorithm".

    Raises:
        RuleError: a primitive has a rule already; `sc.trace(..., rules={name: function})` replaces it for one call.

    Example:
        >>> @rule("example_primitive")
        ... def example_primitive(op):
        ...     "Three flops per output element."
        ...     return Cost(flops=3 * op.output.size)
    """
    load()
    return algorithm.rule(*primitives)
