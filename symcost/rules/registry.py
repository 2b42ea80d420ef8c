"""The registry of rules: one per primitive, no default, duplicates refused.

Three states are kept apart: a primitive *has a rule*, is *free* on purpose, or is
*unknown*. Unknown is never counted as zero; the interpreter turns it into a symbol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from symcost.errors import RuleError, SymcostError
from symcost.polynomial import Poly, Size, symbol
from symcost.program import Op, Program


@dataclass(frozen=True, slots=True)
class Cost:
    """What one execution of one operation costs.

    Attributes:
        flops: floating-point operations other than transcendentals.
        transcendentals: exp, log, tanh, sqrt ..., one per element.
        int_ops: integer and boolean arithmetic.
        macs: multiply-accumulate pairs (also counted in flops or int_ops, twice).
        bytes_accessed: bytes read and written; None means operands plus outputs.
        collective_bytes: bytes sent to other devices, per device.
        unit: "matrix" for what runs on a matrix unit, else "vector".
        flag: "" or a remark that the row is to carry ("custom call").
    """

    flops: Size = 0
    transcendentals: Size = 0
    int_ops: Size = 0
    macs: Size = 0
    bytes_accessed: Size | None = None
    collective_bytes: Size = 0
    unit: str = "vector"
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """What a primitive with nested programs costs: how often each region runs.

    Attributes:
        runs: (how often, region) pairs.
        combine: "sum" of the runs, or their "max" per quantity (branches of a conditional).
        own: the cost of the operation itself, besides its regions; its bytes_accessed must be given.
        collapse: count the regions' arithmetic in the operation's own row and ignore the bytes
            inside (reducers that are applied element by element).
        instead: (quantity, how often) pairs for quantities of the regions that count otherwise than they run:
            a program of several devices runs on each of them, and still sends so many bytes per device.

    A run count may contain `TRIPS`, where the program does not say how often it runs: the
    interpreter puts the symbol ``trips_<scope>_<k>`` (or the user's binding) in its place.
    """

    runs: tuple[tuple[Size, Program], ...]
    combine: str = "sum"
    own: Cost = Cost(bytes_accessed=0)
    collapse: bool = False
    instead: tuple[tuple[str, Size], ...] = ()


TRIPS = symbol("?trips")
"""Stands in a `Flow` for a trip count that the program does not say."""

UNCOUNTED = Cost(flag="uncounted")
"""What a rule returns for an operation of its primitive that it has no count for: it becomes a named unknown."""

QUANTITIES = tuple(f.name for f in fields(Cost) if f.name not in ("unit", "flag"))
"""Quantities that add up over a program."""

Rule = Callable[[Op], Cost | Flow]


class Registry:
    """Rules by primitive name.

    Example:
        >>> registry = Registry("example")
        >>> @registry.rule("my_primitive")
        ... def my_primitive(op):
        ...     "Two flops per output element."
        ...     return Cost(flops=2 * op.output.size)
        >>> "my_primitive" in registry
        True
    """

    def __init__(self, name: str):
        self.name = name
        self._rules: dict[str, Rule] = {}
        self._free: dict[str, str] = {}

    def rule(self, *primitives: str) -> Callable[[Rule], Rule]:
        """Decorator: register a function `Op -> Cost` (or `Flow`) for `primitives`."""

        def register(function: Rule) -> Rule:
            for primitive in primitives:
                self._refuse_duplicate(primitive)
                self._rules[primitive] = function
            return function

        return register

    def free(self, *primitives: str, why: str) -> None:
        """Declare that `primitives` do no arithmetic; `why` is shown in the table of rules."""
        for primitive in primitives:
            self._refuse_duplicate(primitive)
            self._free[primitive] = why

    def _refuse_duplicate(self, primitive: str) -> None:
        if primitive in self:
            raise RuleError(
                f"primitive {primitive!r} already has a rule in the {self.name!r} registry",
                todo="give your own rule for one call with sc.trace(..., rules={name: function})",
            )

    def __contains__(self, primitive: str) -> bool:
        return primitive in self._rules or primitive in self._free

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._rules, *self._free}))

    def state(self, primitive: str) -> str:
        """One of "rule", "free" and "unknown"."""
        return "rule" if primitive in self._rules else "free" if primitive in self._free else "unknown"

    def describe(self, primitive: str) -> str:
        """One line on what is counted."""
        if primitive in self._free:
            return self._free[primitive]
        text = self._rules[primitive].__doc__ or ""
        return " ".join(text.split())

    def foreign(self) -> dict[str, Rule]:
        """Rules that are not symcost's own."""
        return {p: rule for p, rule in self._rules.items() if not rule.__module__.startswith("symcost.rules.")}

    def prepare(self, program: Program) -> Program:
        """The program as the rules are to see it; conventions that know larger operations than JAX does mark them."""
        return program

    def cost(self, op: Op) -> Cost | Flow | None:
        """The cost of `op` by its rule; None if the primitive is unknown; checked for sense."""
        if op.primitive in self._free:
            return Cost()
        function = self._rules.get(op.primitive)
        if function is None:
            return None
        return checked(function, op)


def checked(rule: Rule, op: Op) -> Cost | Flow | None:
    """What `rule` says about `op` (None: uncounted), if that makes sense; otherwise an error naming rule and primitive.

    Raises:
        RuleError: the rule failed, returned nothing, or a cost that is negative or no integer.
    """
    try:
        cost: object = rule(op)
    except SymcostError:
        raise
    except Exception as error:
        text = f"raised {type(error).__name__}: {error}"
        raise _wrong(rule, op, text, "see symcost.program.Op for what a rule is given") from error
    if cost is UNCOUNTED:
        return None
    if not isinstance(cost, Cost | Flow):
        raise _wrong(rule, op, f"returned {cost!r}, not a symcost Cost", "return sc.Cost(flops=...)")
    own = cost.own if isinstance(cost, Flow) else cost
    for name in QUANTITIES:
        value = getattr(own, name)
        if value is None and name == "bytes_accessed":
            continue
        if isinstance(value, bool) or not isinstance(value, (int, Poly)):
            todo = "use integers and symcost's floor_div, ceil_div, maximum ... (no floats)"
            raise _wrong(rule, op, f"returned {name}={value!r}, which is not an exact size", todo)
        if isinstance(value, int) and value < 0 and own.flag != LIBRARY_CALL:
            todo = "count what the operation does at every size, and 0 where it does nothing"
            raise _wrong(rule, op, f"returned {name}={value}, which is negative", todo)
    return cost


def _wrong(rule: Rule, op: Op, text: str, todo: str) -> RuleError:
    name = getattr(rule, "__name__", repr(rule))
    where = ", ".join(filter(None, (op.scope, op.source))) or None
    return RuleError(f"the rule {name!r} of primitive {op.primitive!r} {text}", where=where, todo=todo)


LIBRARY_CALL = "custom call"
"""Flag of the rows that XLA counts as -1."""

ASKED = "no rule: XLA was asked"
"""Flag of the rows of HLO opcodes without a rule, whose formulas are made of what XLA says of them."""

algorithm = Registry("algorithm")
"""Rules of the convention "algorithm", by JAX primitive."""

hlo = Registry("hlo")
"""Rules of the convention "xla", by HLO opcode (`HloCostAnalysis`)."""
