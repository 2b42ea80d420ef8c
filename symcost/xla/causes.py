"""Causes of a difference between a formula and XLA: what they are called, and sums of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

UNEXPLAINED = "unexplained"

SENTENCES = {
    "before": "what differs before optimisation already",
    "loop": "loops, whose bodies XLA counts once",
    "branch": "conditionals, of which XLA counts another branch",
    "padding": "taps of convolutions that meet no input (padding, dilation), which XLA skips",
    "integer": "arithmetic and comparisons on integers and booleans, which XLA counts too",
    "select": "choices between elements (select), which XLA counts too",
    "convert": "changes of type, which XLA counts too",
    "complex": "complex arithmetic, one operation per element to XLA",
    "lowering": "primitives that JAX lowers to other operations",
    "counting": "operations that XLA counts by another rule",
    "removed": "operations that are simplified away before XLA counts",
    "custom call": "custom calls, which XLA counts as -1",
    "unknown": "primitives without a rule, at the value that was given",
    "own": "primitives counted by a rule that was given for this trace",
    "parts": "slices, gathers and scatters, which touch only part of their operand",
    "layout": "transposes, which are only another layout",
    "broadcast": "constants and scalars that are broadcast to arrays",
    "movement": "reshapes, copies and slices that lowering adds, merges or drops",
    "tuple": "tables of tuples",
    "repeated": "instructions that XLA repeats (in several fusions, in unrolled loops)",
    "gone": "instructions that XLA removes (dead, equal to others, folded)",
    "rewritten": "instructions that XLA replaces by others",
    "library": "instructions that become calls of a library (cuDNN, cuBLAS ...), each of which XLA counts as -1",
    "added": "instructions that XLA adds",
    "fusion": "intermediate results that stay inside fusions",
    "skipped": "what stands beside a gather or scatter in a fusion made for it, which XLA does not count",
    "copies": "copies between memories, which XLA starts ahead of time",
    "tiles": "tiles that arrays fill only in part, and that a TPU moves whole",
    "rows": "rows that gathers and scatters pick, for each of which a TPU moves a whole tile",
    "chip": "what this chip's compiler counts otherwise than XLA's common analysis, for other reasons",
    "rounding": "rounding of XLA's own float32 sum",
    UNEXPLAINED: "unexplained",
}
"""What each kind of cause is, in the order in which causes are shown."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why XLA's figure is not the formula's.

    Attributes:
        kind: a key of `SENTENCES`. amount: what it adds to the formula; negative where XLA counts less.
        parts: the amount by place or primitive, largest first.
    """

    kind: str
    amount: int
    parts: tuple[tuple[str, int], ...] = ()

    @property
    def sentence(self) -> str:
        """The cause in words."""
        return SENTENCES[self.kind]

    def __str__(self) -> str:
        detail = self.detail()
        return f"{self.amount:+,} {self.sentence}" + (f": {detail}" if detail else "")

    def detail(self, most: int = 3) -> str:
        """The largest parts by name."""
        names = [name for name, _ in self.parts if name]
        more = len(names) - most
        return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


class Account:
    """Amounts by cause and part; adds up to a difference."""

    def __init__(self):
        self.amounts: dict[str, dict[str, int]] = {}

    def add(self, kind: str, part: str, amount: int) -> None:
        """Add `amount` to a part of a cause."""
        if amount:
            parts = self.amounts.setdefault(kind, {})
            parts[part] = parts.get(part, 0) + amount

    def merge(self, other: Account, times: int = 1) -> None:
        """Add everything of another account, `times` over."""
        for kind, parts in other.amounts.items():
            for part, amount in parts.items():
                self.add(kind, part, times * amount)

    @property
    def total(self) -> int:
        """The sum of all causes."""
        return sum(amount for parts in self.amounts.values() for amount in parts.values())

    def amount(self, kind: str) -> int:
        """The sum of one cause."""
        return sum(self.amounts.get(kind, {}).values())

    def causes(self) -> tuple[Cause, ...]:
        """Causes in the order of `SENTENCES`; what comes to 0 is left out, unless it is unexplained."""
        return tuple(self._causes())

    def _causes(self) -> Iterator[Cause]:
        for kind in SENTENCES:
            parts = {part: amount for part, amount in self.amounts.get(kind, {}).items() if amount}
            if sum(parts.values()) or (parts and kind == UNEXPLAINED):
                ordered = sorted(parts.items(), key=lambda item: -abs(item[1]))
                yield Cause(kind, sum(parts.values()), tuple(ordered))
