"""Programs as flat lists of what they execute when every loop body runs once, as XLA counts.

A jaxpr counts loops as often as they run and of a conditional the largest branch. On
the way from its total to the list, what each loop and each conditional makes of the
difference goes to an account: total + account = sum of the list, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symcost.interpret import interpret
from symcost.polynomial import Size, evaluate, total
from symcost.program import Op, Program
from symcost.rules.registry import Cost, Flow, Registry, Rule, checked
from symcost.xla.causes import Account
from symcost.xla.constants import Constants, constants

Place = tuple[str, str]
"""Module path and phase."""


@dataclass(slots=True)
class Entry:
    """One operation that runs once.

    Attributes:
        op: the operation. primitive: the JAX primitive it is or implements, "" where HLO does not say.
        amount: of the quantity that is listed. dropped: why XLA may not see it, "" if it must.
        fused: whether it stands inside a fusion.
    """

    op: Op
    primitive: str
    amount: int
    dropped: str = ""
    fused: bool = False

    @property
    def opcode(self) -> str:
        """HLO opcode; the JAX primitive in a jaxpr."""
        return self.op.primitive

    @property
    def place(self) -> Place:
        """Module path and phase."""
        return self.op.scope.rstrip("/"), self.op.phase

    @property
    def line(self) -> str:
        """``file:line:column`` of the user's code, "" where unknown."""
        source = self.op.instruction.source
        return source.innermost if source is not None else ""


@dataclass(slots=True)
class Listing:
    """Entries, what was left out on the way to them, and the branch that each conditional took, by place."""

    entries: list[Entry] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    branches: dict[Place, list[int]] = field(default_factory=dict)


class Reader:
    """One quantity of programs in one language.

    Args:
        quantity: what is counted. registry, rules: how.
        runs: how often the nested programs of an instruction (by `id`) run, where the rule alone does not say.
    """

    def __init__(
        self,
        quantity: str,
        registry: Registry,
        rules: Mapping[str, Rule] | None = None,
        runs: Mapping[int, Sequence[int]] | None = None,
    ):
        self.quantity, self.registry = quantity, registry
        self.rules, self.runs = dict(rules or {}), dict(runs or {})
        self._totals: dict[int, int] = {}
        self._costs: dict[tuple, Cost | Flow | None] = {}

    def cost(self, op: Op) -> Cost | Flow | None:
        """The rule's answer; None for a primitive without a rule."""
        own = self.rules.get(op.primitive)
        if op.regions:
            return checked(own, op) if own else self.registry.cost(op)
        instruction = op.instruction
        key = (instruction.template, instruction.slots, op.inputs, op.outputs)
        if key not in self._costs:
            self._costs[key] = checked(own, op) if own else self.registry.cost(op)
        return self._costs[key]

    def own(self, cost: Cost, op: Op) -> int:
        """The amount of one operation without its nested programs."""
        size: Size | None = getattr(cost, self.quantity)
        if size is None:
            size = total(v.bytes for v in (*op.inputs, *op.outputs))
        return _integer(size)

    def times(self, op: Op, flow: Flow) -> list[tuple[int, Program]]:
        """How often each nested program runs."""
        counts = self.runs.get(id(op.instruction)) or [_integer(n) for n, _ in flow.runs]
        return [(n, region) for n, (_, region) in zip(counts, flow.runs, strict=True)]

    def amount(self, op: Op) -> int:
        """The amount of one operation, nested programs included, loops as often as they run."""
        cost = self.cost(op)
        if cost is None:
            return 0
        if isinstance(cost, Cost):
            return self.own(cost, op)
        own = self.own(cost.own, op)
        if cost.collapse and self.quantity == "bytes_accessed":
            return own
        runs = [n * self.total(region) for n, region in self.times(op, cost)]
        return own + (max(runs) if cost.combine == "max" else sum(runs))

    def total(self, program: Program) -> int:
        """The amount of a whole program."""
        found = self._totals.get(id(program))
        if found is None:
            found = self._totals[id(program)] = sum(self.amount(op) for op in program.ops())
        return found


def _integer(size: Size) -> int:
    assert isinstance(size, int), "programs that are compared with XLA are concrete"
    return size


def run_counts(
    program: Program,
    registry: Registry,
    trips: Mapping[str, Size],
    rules: Mapping[str, Rule],
    sizes: Mapping[str, int],
) -> dict[int, list[int]]:
    """How often nested programs run, by `id` of the instruction, with trip counts that the user gave.

    Args:
        trips, rules: the user's. sizes: values of the symbols that stand for trip counts, among others.
    """
    found: dict[int, list[int]] = {}

    def observe(op: Op, counts: Sequence[Size]) -> None:
        found[id(op.instruction)] = [_integer(evaluate(n, sizes)) for n in counts]  # type: ignore[arg-type]

    interpret(program, registry, trips=trips, rules=rules, observe=observe)
    return found


# -- HLO ---------------------------------------------------------------------------------
def list_hlo(program: Program, reader: Reader) -> Listing:
    """Everything that XLA counts in a module, fusions taken apart."""
    listing = Listing()
    _hlo(program, reader, listing, fused=False)
    return listing


def _hlo(program: Program, reader: Reader, listing: Listing, fused: bool) -> None:
    for op in program.ops():
        cost = reader.cost(op)
        primitive = str(op.params["jax_primitive"])
        if op.primitive == "fusion":
            start = len(listing.entries)
            _hlo(op.regions[0], reader, listing, fused=True)
            inside = sum(e.amount for e in listing.entries[start:])
            listing.entries.append(Entry(op, primitive, reader.amount(op) - inside, fused=fused))
        elif isinstance(cost, Flow) and not cost.collapse:
            listing.entries.append(Entry(op, primitive, reader.own(cost.own, op), fused=fused))
            regions = [region for _, region in cost.runs]
            if cost.combine == "max":
                taken = _largest([reader.total(r) for r in regions])
                listing.branches.setdefault(_place(op), []).append(taken)
                regions = [regions[taken]]
            for region in regions:
                _hlo(region, reader, listing, fused)
        else:
            listing.entries.append(Entry(op, primitive, reader.amount(op), fused=fused))


def _place(op: Op) -> Place:
    return op.scope.rstrip("/"), op.phase


def _largest(amounts: list[int]) -> int:
    return amounts.index(max(amounts))


# -- jaxprs ------------------------------------------------------------------------------
def list_jaxpr(program: Program, reader: Reader, branches: Mapping[Place, Sequence[int]]) -> Listing:
    """Everything that a jaxpr executes if loop bodies run once.

    Args:
        branches: which branch conditionals take, by place and in order, as the HLO's listing found it.
    """
    listing = Listing()
    left = {place: list(taken) for place, taken in branches.items()}
    _jaxpr(program, reader, listing, left)
    return listing


def _jaxpr(program: Program, reader: Reader, listing: Listing, branches: dict[Place, list[int]]) -> None:
    known = constants(program)
    for op in program.ops():
        cost = reader.cost(op)
        if not isinstance(cost, Flow) or cost.collapse:
            dropped = known.dropped.get(id(op.instruction), "")
            listing.entries.append(Entry(op, op.primitive, reader.amount(op), dropped))
            continue
        listing.entries.append(Entry(op, op.primitive, reader.own(cost.own, op)))
        runs = reader.times(op, cost)
        if cost.combine == "max":
            _branch(op, runs, known, reader, listing, branches)
            continue
        for times, region in runs:
            once = bodies(op, times)
            part = f"{op.scope.rstrip('/') or op.primitive} ({runs[-1][0]} trip{'' if runs[-1][0] == 1 else 's'})"
            listing.account.add("loop", part, (once - times) * reader.total(region))
            for _ in range(once):
                _jaxpr(region, reader, listing, branches)


def _branch(
    op: Op,
    runs: list[tuple[int, Program]],
    known: Constants,
    reader: Reader,
    listing: Listing,
    branches: dict[Place, list[int]],
) -> None:
    amounts = [times * reader.total(region) for times, region in runs]
    queue = branches.get(_place(op), [])
    predicate = known.read(op.instruction.reads[0])
    if isinstance(predicate, (bool, int)):  # XLA keeps only the branch that is taken
        taken = min(max(int(predicate), 0), len(runs) - 1)
    else:
        taken = queue.pop(0) if queue else _largest(amounts)
    listing.account.add("branch", op.scope or op.primitive, amounts[taken] - max(amounts))
    _jaxpr(runs[taken][1], reader, listing, branches)


def bodies(op: Op, times: int) -> int:
    """How many copies of a nested program are in the HLO: one per loop, more where a scan is unrolled.

    A scan of length n with `unroll=u` becomes a loop over n // u trips of u copies, and n % u copies behind
    it; no loop at all for u = n or u = 0.
    """
    if op.primitive == "while":
        return 1
    if op.primitive != "scan":
        return times
    unroll = op.params.get("unroll", 1)
    if unroll == 0:
        return times
    return min(times, unroll) + (times % unroll if times > unroll else 0)
