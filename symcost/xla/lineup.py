"""The operations of a jaxpr beside the instructions of its HLO: why the two lists add up differently.

Operations are lined up by module path, phase, JAX primitive and the user's line, all of
which JAX writes into the HLO. A pair that stands for the same work is compared under
the two rules. Instructions without a partner belong to the primitives of their line
that have none either: that is what a primitive was lowered to. What is left on either
side after that is unexplained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable

from symcost.polynomial import total
from symcost.program import is_float
from symcost.rules.registry import algorithm
from symcost.xla.causes import UNEXPLAINED, Account
from symcost.xla.listing import Entry, Place
from symcost.xla.opcodes import COUNTERPART, INDEXED, PARTS, is_single, kind_of, words

Line = tuple[Place, str]
"""Module path and phase, and the user's line."""


def line_up(formula: list[Entry], hlo: list[Entry], quantity: str, own: Collection[str] = ()) -> Account:
    """Sum of `hlo` less sum of `formula`, by cause.

    Args:
        formula: operations of the jaxpr. hlo: instructions. quantity: that the amounts are of.
        own: primitives that the user has given rules for, which XLA knows nothing of.
    """
    account = Account()
    pairs, left, extra = _pairs(formula, hlo)
    indexed = {(e.place, e.line): "counter of scan" for e in formula if e.primitive == "scan" and e.line}
    indexed |= {(e.place, e.line): f"indices of {e.primitive}" for e in formula if e.primitive in INDEXED and e.line}
    for ours, theirs in pairs:
        if theirs.amount != ours.amount:
            kind, part = ("own", ours.primitive) if ours.primitive in own else _difference(ours, theirs, quantity)
            if kind in ("integer", "select"):
                part = indexed.get((ours.place, ours.line), part)
            account.add(kind, part, theirs.amount - ours.amount)
    _leftovers(formula, left, extra, indexed, own, account)
    return account


# -- pairs -------------------------------------------------------------------------------
def _pairs(formula: list[Entry], hlo: list[Entry]) -> tuple[list[tuple[Entry, Entry]], list[Entry], list[Entry]]:
    """Operations and instructions that stand for the same work, and both sides' rest, each in its order."""
    partners: dict[int, Entry] = {}  # id of an instruction's entry -> the operation
    taken: set[int] = set()  # ids of operations' entries
    candidates = [e for e in hlo if e.opcode == COUNTERPART.get(e.primitive)]
    operations = [e for e in formula if e.opcode in COUNTERPART]
    # The same line first; then the same module; at last anywhere, since a few names are lost on the way.
    closeness: tuple[Callable[[Entry], Hashable], ...] = (
        lambda e: (e.place, e.line),
        lambda e: e.place,
        lambda e: e.place[0],
        lambda e: None,
    )
    for near in closeness:
        # What XLA had to keep finds its partner before what it may have dropped.
        for may_be_dropped in (False, True):
            waiting: dict[Hashable, list[Entry]] = defaultdict(list)
            for ours in operations:
                if id(ours) not in taken and bool(ours.dropped) == may_be_dropped:
                    waiting[near(ours), _work(ours)].append(ours)
            for theirs in candidates:
                if id(theirs) not in partners:
                    queue = waiting.get((near(theirs), _work(theirs)))
                    if queue:
                        partners[id(theirs)] = queue.pop(0)
                        taken.add(id(partners[id(theirs)]))
    pairs = [(partners[id(theirs)], theirs) for theirs in hlo if id(theirs) in partners]
    left = [ours for ours in formula if id(ours) not in taken]
    extra = [theirs for theirs in hlo if id(theirs) not in partners]
    return pairs, left, extra


def _work(entry: Entry) -> Hashable:
    """What is the same on both sides of a pair: primitive, dtype and extents (in any order, without ones)."""
    op = entry.op
    operand = op.inputs[0].dtype if op.inputs else ""
    if is_single(entry.primitive, op):
        return entry.primitive, operand, op.output.size
    return entry.primitive, operand, op.output.size, op.inputs[0].size if op.inputs else 0


def _difference(ours: Entry, theirs: Entry, quantity: str) -> tuple[str, str]:
    """Kind and part of the difference between the two rules for one operation."""
    name, op = ours.primitive, theirs.op
    dtype = op.inputs[0].dtype if op.inputs else op.output.dtype
    if quantity == "bytes_accessed":
        return _traffic(ours, theirs)
    kind = kind_of(theirs.opcode, op)
    if kind in ("select", "convert"):
        return kind, name
    if dtype.startswith("complex"):
        return "complex", name
    if not is_float(dtype):
        return "integer", name
    if theirs.opcode == "convolution":
        return ("padding" if ours.amount == _all_taps(theirs) else UNEXPLAINED), name
    if theirs.opcode in OTHER_RULES or name in ("argmax", "argmin", "reduce"):
        return "counting", f"{name} as {theirs.opcode}"
    return UNEXPLAINED, name  # the same work on both sides


OTHER_RULES = words("sort fft topk cholesky triangular-solve reduce-window select-and-scatter")
"""Opcodes for which XLA's rule is not the textbook's."""


def _all_taps(entry: Entry) -> int:
    """Flops of a convolution if every tap of every output element counted, read from the HLO."""
    op = entry.op
    kernel = op.inputs[1]
    outputs = kernel.shape[op.params["dimension_numbers"].rhs_spec[0]]
    assert isinstance(outputs, int)
    return 2 * op.output.size * kernel.size // outputs  # type: ignore[operator, return-value]


def _traffic(ours: Entry, theirs: Entry) -> tuple[str, str]:
    """Why the same operation moves another number of bytes."""
    name = ours.primitive
    if name in PARTS:
        return "parts", name
    if theirs.opcode == "transpose":
        return "layout", name
    read = total(v.bytes for v in theirs.op.inputs) - total(v.bytes for v in ours.op.inputs)
    written = total(v.bytes for v in theirs.op.outputs) - total(v.bytes for v in ours.op.outputs)
    if theirs.amount - ours.amount == read and not written:
        if is_single(name, theirs.op):
            return "broadcast", f"operands of {name}"
        return "counting", f"{'initial values' if theirs.opcode.startswith('reduce') else 'operands'} of {name}"
    return "counting", name


# -- what has no partner -----------------------------------------------------------------
class _Owners:
    """Operations that may be lowered to several instructions, to be found from these instructions."""

    def __init__(self, formula: list[Entry], left: list[Entry]):
        paired = {id(e) for e in formula} - {id(e) for e in left}
        self.by_line: dict[Line, list[Entry]] = defaultdict(list)
        self.by_name: dict[tuple[Place, str], list[Entry]] = defaultdict(list)
        self.by_place: dict[Place, list[Entry]] = defaultdict(list)  # those without a partner
        self.works: dict[str, set[Hashable]] = defaultdict(set)  # by line, in any module
        for ours in formula:
            if is_single(ours.primitive, ours.op) or is_free(ours.primitive) or ours.primitive in CONTROL:
                continue
            self.by_line[ours.place, ours.line].append(ours)
            self.by_name[ours.place, ours.primitive].append(ours)
            self.works[ours.line].add(_work(ours))
            if id(ours) not in paired:
                self.by_place[ours.place].append(ours)

    def of(self, theirs: Entry) -> list[Entry]:
        """What an instruction implements: of its name on its line, of its name, of its line.

        Where the line is not known, anything of its module. JAX lowers equal operations once: the others then
        carry their own module, and the line of the first.
        """
        named = self.by_name.get((theirs.place, theirs.primitive), [])
        same = self.by_line.get((theirs.place, theirs.line), []) if theirs.line else []
        found = [o for o in named if o.line == theirs.line] or named or same
        if found:
            return found
        nearby = self.by_place.get(theirs.place, [])
        works = self.works.get(theirs.line, set())
        return [o for o in nearby if _work(o) in works] if theirs.line else nearby


def _leftovers(
    formula: list[Entry],
    left: list[Entry],
    extra: list[Entry],
    indexed: dict[Line, str],
    own: Collection[str],
    account: Account,
) -> None:
    owners_of = _Owners(formula, left)
    found: dict[int, tuple[str, str]] = {}  # id of an operation -> the cause and part that its amount goes to
    for theirs in extra:
        kind, owners = kind_of(theirs.opcode, theirs.op), owners_of.of(theirs)
        if kind == "custom call":
            owners = owners or owners_of.by_place.get(theirs.place, [])
        part = _names(owners) or theirs.primitive
        if theirs.primitive == "convert_element_type" and kind in ("float", "integer"):
            kind = "convert"  # to a boolean: a comparison with zero
        if kind == "float":
            complex_ = any(o.op.inputs and o.op.inputs[0].dtype.startswith("complex") for o in owners)
            kind = "complex" if complex_ else "lowering" if owners else UNEXPLAINED
        if kind in ("float", "complex", "lowering", "custom call"):
            for ours in owners:
                found.setdefault(id(ours), (kind, part))
        elif kind in ("broadcast", "movement", "tuple"):
            part = theirs.opcode
        elif kind != UNEXPLAINED:
            part = indexed.get((theirs.place, theirs.line), part)
        account.add(kind, part, theirs.amount)
    # JAX lowers equal operations once and repeats the result, wherever they stand.
    shared = {_work(ours): found[id(ours)] for ours in formula if id(ours) in found}
    for ours in left:
        if id(ours) in found:
            kind, part = found[id(ours)]
        elif ours.primitive in own:
            kind, part = "own", ours.primitive
        elif ours.dropped:
            kind, part = "removed", f"{ours.primitive}: {ours.dropped}"
        elif is_free(ours.primitive):
            kind, part = "movement", ours.primitive
        else:
            kind, part = shared.get(_work(ours), (UNEXPLAINED, ours.primitive))
        account.add(kind, part, -ours.amount)


CONTROL = frozenset(["scan", "while", "cond", "custom_linear_solve"])
"""Primitives whose own rule only says how often others run."""


def is_free(primitive: str) -> bool:
    """Whether a primitive only moves, renames, chooses or marks data."""
    return algorithm.state(primitive) == "free"


def _names(entries: Iterable[Entry]) -> str:
    return ", ".join(sorted({e.primitive for e in entries}))
