"""A module before and after XLA optimises it: which instructions it removes, repeats, replaces and adds.

Instructions are found again by module path, phase, JAX primitive, opcode and extents,
fusions taken apart. What a fusion saves in memory is the difference between the bytes
that its instructions would move one by one and those that move at its edges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable

from symcost.xla.causes import Account
from symcost.xla.listing import Entry
from symcost.xla.opcodes import COPIES


def optimised(before: list[Entry], after: list[Entry], quantity: str) -> Account:
    """Sum of `after` less sum of `before`, by cause.

    Args:
        before, after: instructions of the two modules. quantity: that the amounts are of.
    """
    traffic = quantity == "bytes_accessed"
    account = _Changes(traffic)
    for entry in after:
        if entry.opcode == "fusion":
            account.add("fusion" if traffic else "skipped", "" if traffic else entry.primitive, entry.amount)
    left, extra = before, [e for e in after if e.opcode != "fusion"]
    for key in _KEYS:
        pairs, left, extra = _found_again(left, extra, key)
        for old, new in pairs:
            account.change("rewritten", new, new.amount - old.amount)
    known = {_signature(e) for e in before}
    for entry in extra:
        if _signature(entry) in known:
            account.change("repeated", entry, entry.amount)
    extra = [e for e in extra if _signature(e) not in known]
    origins = {_origin(e) for e in left if e.primitive}
    replaced = origins & {_origin(e) for e in extra}
    libraries = origins & {_origin(e) for e in extra if e.opcode == "custom-call"}

    def kind(entry: Entry, otherwise: str) -> str:
        origin = _origin(entry)
        return "library" if origin in libraries else "rewritten" if origin in replaced else otherwise

    for entry in left:
        account.add(kind(entry, "gone"), entry.primitive or entry.opcode, -entry.amount)
    for entry in extra:
        account.change("copies" if entry.opcode in COPIES else kind(entry, "added"), entry, entry.amount)
    return account


class _Changes(Account):
    """An account of instructions; those inside a fusion move no bytes of their own."""

    def __init__(self, traffic: bool):
        super().__init__()
        self.traffic = traffic

    def change(self, kind: str, entry: Entry, amount: int) -> None:
        """Add what an instruction of the optimised module changes."""
        if self.traffic and entry.fused:
            self.add("fusion", "", amount)
        else:
            self.add(kind, entry.primitive or entry.opcode, amount)


def _signature(entry: Entry) -> Hashable:
    return entry.place, entry.primitive, entry.opcode, entry.op.output.dtype, entry.op.output.size


def _origin(entry: Entry) -> Hashable:
    return entry.place, entry.primitive


_PRODUCTS = ("dot", "convolution")

_KEYS: tuple[Callable[[Entry], Hashable], ...] = (
    lambda e: (_signature(e), e.line),
    _signature,
    lambda e: _signature(e)[1:],  # type: ignore[index]  # a name that lost its module
    # the compiler names a product after the transpose that it took in, and some not at all
    lambda e: _signature(e)[2:] if e.opcode in _PRODUCTS or not e.primitive else id(e),  # type: ignore[index]
)
"""How instructions are found again, the surest first; by its own `id` nobody is."""


def _found_again(
    before: list[Entry], after: list[Entry], key: Callable[[Entry], Hashable]
) -> tuple[list[tuple[Entry, Entry]], list[Entry], list[Entry]]:
    """Pairs that agree in `key`, and what is left of both sides."""
    waiting: dict[Hashable, list[Entry]] = defaultdict(list)
    for entry in before:
        waiting[key(entry)].append(entry)
    pairs, extra = [], []
    for entry in after:
        queue = waiting.get(key(entry))
        if queue:
            pairs.append((queue.pop(0), entry))
        else:
            extra.append(entry)
    return pairs, [e for queue in waiting.values() for e in queue], extra
