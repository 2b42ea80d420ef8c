"""Program -> Ledger: one rule per primitive, costs added up as polynomials.

The same code serves concrete programs (sizes are ints; the oracle of all tests)
and symbolic ones. Equal operations are costed once: the memo's key is template,
slots and input values, so repeated layers cost a dictionary look-up each. Layers with
module paths of their own have templates of their own; they share what the rules say,
which is kept by what a rule of symcost looks at (everything but path and phase).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from symcost.errors import UnknownPrimitiveError
from symcost.ledger import Adder, Key, Ledger, Row, Unknown, with_branch
from symcost.polynomial import Poly, Size, bind, maximum, symbol, total
from symcost.program import Instruction, Op, Program, Template, Value
from symcost.rules.registry import QUANTITIES, Cost, Flow, Registry, Rule, checked


def interpret(
    program: Program,
    registry: Registry,
    *,
    strict: bool = False,
    trips: Mapping[str, Size] | None = None,
    rules: Mapping[str, Rule] | None = None,
    observe: Callable[[Op, Sequence[Size]], None] | None = None,
    ask: Callable[[Op], Cost | None] = lambda op: None,
) -> Ledger:
    """The cost of `program`, row by row.

    Args:
        program: concrete or symbolic. registry: the convention's rules.
        strict: raise on a primitive without a rule, instead of putting the symbol
            ``unknown_<primitive>_<k>`` into the totals.
        trips: trip counts for loops that do not say theirs, by symbol (``trips_<scope>_<k>``) or by scope.
        rules: rules that replace the registry's for this call only.
        observe: called with every operation that holds nested programs, and how often each of them runs.
        ask: what an operation costs of which the registry knows nothing; None if that is not known either.

    Raises:
        UnknownPrimitiveError: in strict mode.
        RuleError: a rule returned something that is no cost.
    """
    return _Interpreter(registry, strict, dict(trips or {}), dict(rules or {}), observe, ask).ledger(program)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What operations of a kind cost: by the rule, as nonzero quantities; and what they write."""

    cost: Cost
    costs: dict[str, Size]
    outputs: tuple[Value, ...]


@dataclass(slots=True, eq=False)
class _Entry:
    """Operations that are one in the memo: their nonzero quantities, the row they belong to, what they write."""

    costs: Mapping[str, Size]
    key: Key
    outputs: tuple[Value, ...]


class _Interpreter:
    def __init__(
        self,
        registry: Registry,
        strict: bool,
        trips: dict[str, Size],
        rules: dict[str, Rule],
        observe: Callable[[Op, Sequence[Size]], None] | None,
        ask: Callable[[Op], Cost | None],
    ):
        self.registry, self.strict, self.trips, self.rules = registry, strict, trips, rules
        self.observe, self.ask = observe, ask
        self.unknown: list[Unknown] = []
        # three memos, the quick one first: of each template what it was last; what templates of one kind cost, by slots
        # and inputs; rows of the ledger for these
        self.recent: dict[Template, tuple[tuple[Size, ...], tuple[Value, ...], _Entry]] = {}
        self.kinds: dict[Template | tuple, dict[tuple, _Known]] = {}
        self.entries: dict[tuple[Template, int], _Entry] = {}
        self.reducers: dict[tuple | None, dict[str, Size]] = {}
        # a user's rule may look at the module path, too
        self.private = {*self.rules, *registry.foreign()}
        self.counters: dict[str, int] = {}
        self.conditionals: dict[tuple[str, str], dict[str, int]] = {}  # of a scope, by source line

    def ledger(self, program: Program) -> Ledger:
        rows = self.rows(self.registry.prepare(program))
        return Ledger(rows.values(), self.unknown)

    def rows(self, program: Program) -> dict[Key, Row]:
        adders: dict[Key, dict[str, Adder]] = {}
        tallies: dict[Key, Adder] = {}
        counts: dict[int, list] = {}  # id of memo entry -> [entry, times]
        values: list[Value] = list(program.inputs)
        for instruction in program.instructions:
            inputs = tuple([values[r] if isinstance(r, int) else r for r in instruction.reads])
            entry = None if instruction.regions else self.entry(instruction, inputs)
            if entry is None:
                outputs = instruction.template.values(instruction.slots)
                values.extend(outputs)
                op = Op(instruction, inputs, outputs)
                cost = self.cost(op)
                if isinstance(cost, Flow):
                    self.flow(op, cost, adders, tallies)
                    continue
                if cost is None:
                    self.add_unknown(op, adders, tallies)
                    continue
                entry = _Entry(_quantities(cost, op), _key(op, cost.unit, cost.flag), ())
            values.extend(entry.outputs)
            count = counts.get(id(entry))
            if count is None:
                # touch the row now, so that rows keep the order of the program
                adders.setdefault(entry.key, {})
                counts[id(entry)] = [entry, 1]
            else:
                count[1] += 1
        of_row: dict[Key, list[list]] = {}
        for counted in counts.values():
            of_row.setdefault(counted[0].key, []).append(counted)
        found: dict[Key, Row] = dict.fromkeys(adders)  # type: ignore[arg-type]  (rows keep the order of the program)
        for key, entries in of_row.items():
            if len(entries) == 1 and key not in tallies:
                ((entry, times),) = entries
                costs = dict(entry.costs) if times == 1 else {q: size * times for q, size in entry.costs.items()}
                found[key] = Row(key, times, costs)
                del adders[key]
            else:
                for entry, times in entries:
                    _add(adders, tallies, key, entry.costs, times, times)
        for key, sums in adders.items():
            found[key] = Row(key, tallies[key].size() if key in tallies else 0, {q: a.size() for q, a in sums.items()})
        return found

    def entry(self, instruction: Instruction, inputs: tuple[Value, ...]) -> _Entry | None:
        """What an operation without nested programs costs, from the memos if it is known; None if there is no rule."""
        template, slots = instruction.template, instruction.slots
        recent = self.recent.get(template)
        if recent is not None and recent[0] == slots and recent[1] == inputs:
            return recent[2]
        kind = self.kinds.get(template)
        if kind is None:
            alike = template
            if template.primitive not in self.private:
                alike = _alike(template)
            kind = self.kinds[template] = self.kinds.setdefault(alike, {})
        known = kind.get((slots, inputs))
        if known is None:
            outputs = template.values(slots)
            op = Op(instruction, inputs, outputs)
            cost = self.cost(op)
            if not isinstance(cost, Cost):
                return None
            known = kind[slots, inputs] = _Known(cost, _quantities(cost, op), outputs)
        entry = self.entries.get((template, id(known)))
        if entry is None:
            operand = inputs[0] if inputs else known.outputs[0] if known.outputs else None
            dtype = operand.dtype if operand else ""
            cost = known.cost
            key = Key(
                template.scope, template.primitive, dtype, cost.unit, template.phase, flag=cost.flag, line=template.line
            )
            entry = self.entries[template, id(known)] = _Entry(known.costs, key, known.outputs)
        self.recent[template] = slots, inputs, entry
        return entry

    def cost(self, op: Op) -> Cost | Flow | None:
        own = self.rules.get(op.primitive)
        if own is not None:
            return checked(own, op)
        return self.registry.cost(op) if op.primitive in self.registry else self.ask(op)

    # -- control flow ---------------------------------------------------------------
    def flow(self, op: Op, flow: Flow, adders, tallies) -> None:
        runs = [(self.times(op, n), region) for n, region in flow.runs]
        if self.observe is not None:
            self.observe(op, [n for n, _ in runs])
        own = _quantities(flow.own, op)
        if flow.collapse:
            for times, region in runs:
                for q, size in self.arithmetic(region).items():
                    own[q] = own.get(q, 0) + times * size
            _add(adders, tallies, _key(op, flow.own.unit), own, 1, 1)
            return
        if flow.combine == "max":
            if own:
                _add(adders, tallies, _key(op, flow.own.unit), own, 1, 0)
            self.largest(op, runs, adders, tallies)
            return
        _add(adders, tallies, _key(op, flow.own.unit, flow.own.flag), own, 1, 1)
        instead = dict(flow.instead)
        for times, region in runs:
            for row in self.rows(region).values():
                usual = {q: size for q, size in row.costs.items() if q not in instead} if instead else row.costs
                _add(adders, tallies, row.key, usual, times, times * row.count)
                for q, factor in flow.instead:
                    if q in row.costs:
                        _add(adders, tallies, row.key, {q: row.costs[q]}, factor, 0)

    def largest(self, op: Op, runs: Sequence[tuple[Size, Program]], adders, tallies) -> None:
        """The branches of a conditional, each in rows with its tag, and for each quantity the largest of them."""
        lines = self.conditionals.setdefault((op.scope, op.primitive), {})
        number = lines.setdefault(str(op.source), len(lines))  # one in a loop over layers is one conditional
        name = "/".join(filter(None, (op.scope, f"{op.primitive}_{number}")))
        own = _key(op, "vector")
        totals = []
        for i, (times, region) in enumerate(runs):
            rows = self.rows(region)
            totals.append({q: times * size for q, size in _totals(rows).items()})
            tag = f"{name}[{i}]"
            if not rows:  # that a branch does nothing is worth a row, too
                _add(adders, tallies, with_branch(own, tag), {}, 1, 0)
            for row in rows.values():
                _add(adders, tallies, with_branch(row.key, tag), row.costs, times, times * row.count)
        found = {}
        for q in QUANTITIES:
            branches = [t.get(q, 0) for t in totals]
            if any(isinstance(b, Poly) or b for b in branches):
                found[q] = maximum(*branches)
        _add(adders, tallies, replace(own, conditional=name), found, 1, 1)

    def arithmetic(self, region: Program) -> dict[str, Size]:
        """Totals of a region that is applied element by element, without bytes; reducers that are alike are one."""
        alike = None
        if not any(i.regions or i.template.primitive in self.private for i in region.instructions):
            steps = ((*_alike(i.template), i.slots, i.reads) for i in region.instructions)
            alike = region.inputs, *steps
        totals = self.reducers.get(alike)
        if totals is None:
            unknown = len(self.unknown)
            totals = _totals(self.rows(region))
            del totals["bytes_accessed"]
            if alike is not None and len(self.unknown) == unknown:
                self.reducers[alike] = totals
        return totals

    def times(self, op: Op, count: Size) -> Size:
        """How often a region runs, with `TRIPS` replaced by the loop's own symbol or binding."""
        if not isinstance(count, Poly) or "?trips" not in _names(count):
            return count
        place = re.sub(r"\W+", "_", op.scope).strip("_") or op.primitive
        name = f"trips_{place}_{self.number('trips ' + place, op)}"
        bound = self.trips.get(name, self.trips.get(op.scope) if op.scope else None)
        if bound is None:
            if all(u.symbol != name for u in self.unknown):
                self.unknown.append(Unknown(name, op.primitive, op.scope, op.source))
            bound = symbol(name)
        return bind(count, {"?trips": bound})

    def number(self, family: str, op: Op) -> int:
        """0, 1, 2 ... for the operations of a family, in program order; the same for the same operation."""
        key = f"{family}/{id(op.instruction)}"
        if key not in self.counters:
            self.counters[key] = self.counters.get(family, 0)
            self.counters[family] = self.counters.get(family, 0) + 1
        return self.counters[key]

    def add_unknown(self, op: Op, adders, tallies) -> None:
        if self.strict:
            raise UnknownPrimitiveError(
                f"primitive {op.primitive!r} has no rule in the convention {self.registry.name!r}",
                where=", ".join(filter(None, [op.scope, op.source])) or None,
                todo=f"@sc.rule({op.primitive!r}), or strict=False to carry it as a symbol",
            )
        called = "_".join(filter(None, (op.primitive, op.params.get("target"))))
        name = f"unknown_{re.sub(r'[^0-9A-Za-z]+', '_', called).strip('_')}"
        name = f"{name}_{self.number(name, op)}"
        if all(u.symbol != name for u in self.unknown):
            self.unknown.append(Unknown(name, op.primitive, op.scope, op.source))
        costs = _quantities(Cost(flops=symbol(name)), op)
        for q in ("transcendentals", "int_ops", "macs"):
            costs[q] = symbol(f"{name}_{q}")
        key = _key(op, "vector")
        _add(adders, tallies, replace(key, flag="unknown"), costs, 1, 1)


def _names(size: Poly) -> set[str]:
    return {a.name for m in size.terms for a, _ in m}


def _add(adders, tallies, key: Key, costs: Mapping[str, Size], times: Size, count: Size) -> None:
    sums = adders.setdefault(key, {})
    for q, size in costs.items():
        adder = sums.get(q)
        if adder is None:
            adder = sums[q] = Adder()
        adder.add(size, times)
    tally = tallies.get(key)
    if tally is None:
        tally = tallies[key] = Adder()
    tally.add(count)


def _quantities(cost: Cost, op: Op) -> dict[str, Size]:
    """Nonzero quantities of one operation; bytes default to operands read plus outputs written."""
    found = {}
    for q in QUANTITIES:
        size = getattr(cost, q)
        if size is None:
            size = total(v.bytes for v in (*op.inputs, *op.outputs))
        if isinstance(size, Poly) or size:
            found[q] = size
    return found


def _totals(rows: Mapping[Key, Row]) -> dict[str, Size]:
    return Ledger(rows.values()).totals()


def _key(op: Op, unit: str, flag: str = "") -> Key:
    operand = op.inputs[0] if op.inputs else op.outputs[0] if op.outputs else None
    line = op.instruction.template.line
    return Key(op.scope, op.primitive, operand.dtype if operand else "", unit, op.phase, flag=flag, line=line)


def _alike(template: Template) -> tuple:
    """What a rule of symcost looks at, besides slots and inputs."""
    return template.primitive, template.outputs, template.params
