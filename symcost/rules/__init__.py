"""Counting rules, one file per family of primitives."""

from __future__ import annotations

from importlib import import_module

FAMILIES = (
    *("elementwise", "movement", "reductions", "windows", "contractions", "scatter", "sorting"),
    *("fourier", "random", "factorizations", "solvers", "sparse", "control_flow"),
)
"""Modules that register rules of the convention "algorithm" when they are imported."""


def load() -> None:
    """Import every rule module, so that the registry is complete. Repeating it does nothing.

    Example:
        >>> from symcost.rules.registry import algorithm
        >>> load()
        >>> algorithm.state("dot_general"), algorithm.state("reshape"), algorithm.state("pure_callback")
        ('rule', 'free', 'unknown')
    """
    for family in FAMILIES:
        import_module(f"symcost.rules.{family}")
