"""A convention is a program to read (jaxpr or HLO), a registry of rules, and the quantities it defines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from symcost.conventions.catamount import catamount
from symcost.conventions.fvcore import fvcore
from symcost.errors import ConventionError
from symcost.ledger import Key, Ledger, Row
from symcost.rules.registry import Registry, algorithm, hlo

COSTS = ("flops", "transcendentals", "int_ops", "macs", "bytes_accessed", "collective_bytes")
INPUTS = ("params", "param_bytes", "constant_bytes")
MEMORY = ("fused_bytes", "compulsory_bytes", "peak_memory")
"""Quantities of the program after fusion; they need further points, and are found when they are asked for."""


@dataclass(frozen=True, slots=True)
class Convention:
    """How costs are counted.

    Attributes:
        name: what users type. summary: one line.
        language: "jaxpr" or "hlo", the program that the rules read.
        registry: the rules.
        quantities: what the convention defines; asking for others raises.
        keep: rows that count; None for all.
        flops_per_mac: what a multiply-add counts in `flops` whatever its type; None where the rules say.
        instead: quantity -> what to ask for, where the convention does not define it.
    """

    name: str
    summary: str
    language: str
    registry: Registry
    quantities: tuple[str, ...] = (*COSTS, *INPUTS)
    keep: Callable[[Key], bool] | None = None
    instead: tuple[tuple[str, str], ...] = ()
    flops_per_mac: int | None = None

    def require(self, quantity: str) -> None:
        """Raise if the convention does not define `quantity`."""
        if quantity in self.quantities:
            return
        cure = dict(self.instead).get(quantity) or f"it defines {', '.join(self.quantities)}"
        raise ConventionError(f"the convention {self.name!r} does not define {quantity}", todo=cure)

    def kept(self, ledger: Ledger) -> Ledger:
        """What the convention takes of a ledger that its rules have made."""
        if self.keep is None:
            return ledger
        return Ledger(
            [r if _is_input(r) else self._read(r) for r in ledger.rows if _is_input(r) or self.keep(r.key)],
            ledger.unknown,
        )

    def _read(self, row: Row) -> Row:
        if self.flops_per_mac is None or not row.costs:
            return row
        return Row(row.key, row.count, {**row.costs, "flops": self.flops_per_mac * row["macs"]})


def _is_input(row: Row) -> bool:
    return row.key.flag == "inputs"


_ALL = {
    c.name: c
    for c in (
        Convention(
            "algorithm",
            "what the mathematics asks for: 2 FLOPs per multiply-add, loops times their length",
            "jaxpr",
            algorithm,
            (*COSTS, *INPUTS, *MEMORY),
        ),
        Convention(
            "xla",
            "what jax.jit(f).lower(*args).cost_analysis() reports: loop bodies once, padding taps skipped",
            "hlo",
            hlo,
            ("flops", "transcendentals", "macs", "bytes_accessed", *INPUTS),
            instead=(("int_ops", "XLA counts integer operations as flops: cost.under('xla').flops"),),
        ),
        Convention(
            "macs",
            "multiply-accumulate pairs of dots and convolutions, one each",
            "jaxpr",
            algorithm,
            ("macs", *INPUTS),
            instead=(("flops", "cost.under('macs').macs; one MAC is two FLOPs"),),
        ),
        Convention(
            "darknet",
            "BFLOPs as darknet prints them: 2 per multiply-add, convolutions only, all taps",
            "jaxpr",
            algorithm,
            ("flops", "macs", *INPUTS),
            keep=lambda key: key.primitive == "conv_general_dilated",
            flops_per_mac=2,
        ),
        Convention(
            "fvcore",
            "flops of fvcore's FlopCountAnalysis: 1 per multiply-add, 1 to 5 per element of a normalisation",
            "jaxpr",
            fvcore,
            ("flops", "macs", *INPUTS),
            instead=(("transcendentals", "fvcore leaves them out; cost.under('algorithm').transcendentals"),),
        ),
        Convention(
            "catamount",
            "FLOPs of Baidu's Catamount: 2 per multiply-add, 1 per element of anything else, whatever its type",
            "jaxpr",
            catamount,
            ("flops", "macs", *INPUTS),
            instead=(
                ("transcendentals", "Catamount counts them as flops: cost.under('catamount').flops"),
                ("int_ops", "Catamount counts integer operations as flops: cost.under('catamount').flops"),
            ),
        ),
    )
}


def convention(name: str) -> Convention:
    """The convention called `name`.

    Raises:
        ConventionError: there is none; the message lists the near ones.
    """
    if name not in _ALL:
        near = get_close_matches(str(name), _ALL, n=2)
        raise ConventionError(
            f"no convention is called {name!r}",
            todo=f"one of {', '.join(map(repr, near or _ALL))}",
        )
    return _ALL[name]


def names() -> tuple[str, ...]:
    """Names of all conventions."""
    return tuple(_ALL)
