"""A convention laid over another one: rules of its own for some primitives, and one way to read all other costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from symcost.errors import RuleError
from symcost.program import Op, Program
from symcost.rules.registry import Cost, Flow, Registry, Rule


class Overlay(Registry):
    """Rules over those of another registry.

    What has no rule here costs what `base` says, turned by `otherwise`; loops and branches run as `base` says. What
    `base` does not know is unknown here too: an overlay makes nothing free that may hide arithmetic.

    Args:
        name: of the convention. base: the registry below. otherwise: the cost of an operation, made of its cost by
            `base`. rest: in words, what `otherwise` does. prepare: rewrites the program before the rules read it.

    Example:
        >>> base = Registry("base")
        >>> _ = base.rule("add", "exp")(lambda op: Cost(flops=op.output.size))
        >>> doubled = Overlay("doubled", base, lambda op, cost: Cost(flops=2 * cost.flops), "twice")
        >>> doubled.state("exp"), doubled.state("sin")
        ('rule', 'unknown')
    """

    def __init__(
        self,
        name: str,
        base: Registry,
        otherwise: Callable[[Op, Cost], Cost],
        rest: str,
        prepare: Callable[[Program], Program] | None = None,
    ):
        super().__init__(name)
        self.base, self.otherwise, self.rest, self._prepare = base, otherwise, rest, prepare

    def _refuse_duplicate(self, primitive: str) -> None:
        if primitive in self._rules or primitive in self._free:
            raise RuleError(f"primitive {primitive!r} already has a rule in the {self.name!r} registry")

    def __contains__(self, primitive: str) -> bool:
        return super().__contains__(primitive) or primitive in self.base

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*super().__iter__(), *self.base}))

    def state(self, primitive: str) -> str:
        own = super().state(primitive)
        return self.base.state(primitive) if own == "unknown" else own

    def describe(self, primitive: str) -> str:
        if super().__contains__(primitive):
            return super().describe(primitive)
        below = self.base.describe(primitive)
        return below if self.base.state(primitive) == "free" else f"{self.rest}; under {self.base.name!r}: {below}"

    def foreign(self) -> dict[str, Rule]:
        own = {p: rule for p, rule in self._rules.items() if not rule.__module__.startswith("symcost.")}
        return {**{p: rule for p, rule in self.base.foreign().items() if p not in self._rules}, **own}

    def prepare(self, program: Program) -> Program:
        return program if self._prepare is None else self._prepare(program)

    def cost(self, op: Op) -> Cost | Flow | None:
        if super().__contains__(op.primitive):
            return super().cost(op)
        found = self.base.cost(op)
        if found is None:
            return None
        if isinstance(found, Flow):
            return replace(found, own=self.otherwise(op, found.own))
        return self.otherwise(op, found)
