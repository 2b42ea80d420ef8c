"""One tree of exceptions; each message says what happened, where, and what to type instead."""

from __future__ import annotations


class SymcostError(Exception):
    """Base class of every error that symcost raises on purpose.

    Args:
        what: one sentence on what happened.
        where: module path, primitive, or the user's own file and line.
        todo: a line the user can type, or a step to take.
    """

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None):
        self.what, self.where, self.todo = what, where, todo
        parts = [what]
        if where:
            parts.append(f"  where: {where}")
        if todo:
            parts.append(f"  to do: {todo}")
        super().__init__("\n".join(parts))


class DimensionError(SymcostError):
    """A shape string, symbol or domain that does not make sense."""


class DomainError(SymcostError):
    """A formula was asked for a size that it does not hold for."""


class MissingSizeError(DomainError):
    """A formula was evaluated without a size (or trip count) that it contains."""


class BuildError(SymcostError):
    """The user's model or function could not be built or traced at a sample point."""


class LoweringError(BuildError):
    """A program that traces, but that XLA cannot represent at these sizes (an array of more than 2**63 elements)."""


class ArgumentError(SymcostError):
    """Arguments of the wrong number or type were given to symcost."""


class GeneralizationError(SymcostError):
    """No formula was found, or the formula found failed its check at a fresh point."""


class UnknownPrimitiveError(SymcostError):
    """A primitive without a rule was met in strict mode, or a total contains one."""


class RuleError(SymcostError):
    """A rule returned something that is not a cost, or was registered twice."""


class ConventionError(SymcostError):
    """A convention does not define the quantity that was asked of it."""


class TargetError(SymcostError):
    """A compilation target that is unknown or cannot be reached from this machine."""


class LoadError(SymcostError):
    """A file that is not a symcost cost, or a module path that does not import."""
