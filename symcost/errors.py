"""One tree of exceptions; each message says what happened, where, and what to type instead."""

from __future__ import annotations

from collections.abc import Callable

from symcost.advice import Advice, Typed

Todo = str | Typed | Advice | None


class SymcostError(Exception):
    """Base class of every error that symcost raises on purpose.

    Args:
        what: one sentence on what happened.
        where: module path, primitive, or the user's own file and line.
        todo: a line the user can type, or a step to take; `symcost.advice` for what is typed
            otherwise on the command line. A function that finds it is called when somebody reads it.
    """

    def __init__(self, what: str, *, where: str | None = None, todo: Todo | Callable[[], Todo] = None):
        self.what, self.where, self._todo = what, where, todo
        super().__init__(what)

    def __str__(self) -> str:
        return self._text(self.todo)

    @property
    def advice(self) -> Todo:
        """What to do, for Python and for the command line."""
        if callable(self._todo):
            self._todo = self._todo()
        return self._todo

    @property
    def todo(self) -> str | None:
        """What to do, for Python."""
        return None if self.advice is None else str(self.advice)

    def on_command_line(self) -> str:
        """The message with its advice in the command line's own options."""
        return self._text(self.advice.command if isinstance(self.advice, (Typed, Advice)) else self.advice)

    def _text(self, todo: str | None) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"  where: {self.where}")
        if todo:
            parts.append(f"  to do: {todo}")
        return "\n".join(parts)


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


class NoSizesError(GeneralizationError, DimensionError):
    """A domain has no sizes to sample under some conditions: where the program is not another one, say."""


class UnknownPrimitiveError(SymcostError):
    """A primitive without a rule was met in strict mode, or a total contains one."""


class RuleError(SymcostError):
    """A rule returned something that is not a cost, or was registered twice."""


class ConventionError(SymcostError):
    """A convention does not define the quantity that was asked of it."""


class TargetError(SymcostError):
    """A compilation target that is unknown or cannot be reached from this machine."""


class SaveError(SymcostError):
    """A file that cannot be written."""


class MissingPackageError(SymcostError):
    """A package that only one feature needs is not installed."""


class LoadError(SymcostError):
    """A file that is not a symcost cost, or a module path that does not import."""


class CostAssertionError(SymcostError, AssertionError):
    """A cost is not what a test says (see `symcost.testing`)."""
