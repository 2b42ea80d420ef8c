"""The roofline of a program on a chip: how long its arithmetic takes, its memory traffic, its communication.

Williams, Waterman, Patterson: "Roofline: an insightful visual performance model for multicore architectures"
(2009). A program takes at least as long as the busiest part of the chip: the matrix unit, the vector unit,
memory or the links to other chips, each at its peak rate and all at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symcost.cost import ProgramCost
from symcost.errors import ArgumentError
from symcost.evaluation import compile_size
from symcost.hardware.chip import Chip, chip
from symcost.ledger import Row
from symcost.polynomial import Poly, Size, maximum, total

if TYPE_CHECKING:
    import sympy

ARITHMETIC = ("flops", "transcendentals", "int_ops")
"""What a unit of a chip is busy with; each counts as one operation."""

BOTH_WAYS = 2
"""Data sheets add up both directions of a link; what a device sends uses one of them."""

TERMS = ("matrix", "vector", "memory", "interconnect")
"""Parts of a chip, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Busy:
    """What one part of a chip does.

    Attributes:
        loads: (operations or bytes, how many of them in a second) pairs, one for each rate.
    """

    loads: tuple[tuple[Size, Fraction], ...]

    @property
    def seconds(self) -> Any:
        """Together, in symcost's own arithmetic with fractions."""
        return total(size * (1 / rate) for size, rate in self.loads)

    def text(self, names: tuple[str, ...]) -> str:
        """``(2*N*F*H)/1.97e+14 + ...``"""
        from symcost.formatting import format_size

        return " + ".join(f"({format_size(size, names)})/{float(rate):.4g}" for size, rate in self.loads)


@dataclass(frozen=True)
class Roofline:
    """How long a program keeps each part of a chip busy, as formulas in seconds.

    Attributes:
        cost: of the program. chip: where it runs.
        parts: what the parts of the chip do; those that have nothing to do are left out.
        unknown: parts of which the chip's file has no rate, with what is left out there.
        devices: chips that share the work.
    """

    cost: ProgramCost
    chip: Chip
    parts: Mapping[str, Busy]
    unknown: Mapping[str, str]
    devices: int = 1

    @property
    def terms(self) -> dict[str, Any]:
        """Seconds by part of the chip, in symcost's own arithmetic with fractions."""
        return {name: busy.seconds for name, busy in self.parts.items()}

    @property
    def size(self) -> Any:
        """The largest of the terms, in symcost's own arithmetic."""
        return maximum(*self.terms.values())

    @property
    def seconds(self) -> sympy.Expr:
        """The largest of the terms."""
        return self.cost.expression(self.size)

    def term(self, name: str) -> sympy.Expr:
        """Seconds of one part of the chip: "matrix", "vector", "memory" or "interconnect"."""
        if name not in TERMS:
            raise ArgumentError(f"a chip has no part {name!r}", todo=f"one of {', '.join(TERMS)}")
        return self.cost.expression(self.terms.get(name, 0))

    @property
    def intensity(self) -> sympy.Expr:
        """FLOPs per byte of `fused_bytes`: how much arithmetic the program does with what it reads."""
        return self.cost.flops / self.cost.fused_bytes

    @property
    def ridge(self) -> sympy.Expr:
        """FLOPs per byte from which on arithmetic binds, at the rates of the program's own mix of types and units."""
        busy = self.cost.expression(maximum(*(t for n, t in self.terms.items() if n in ("matrix", "vector"))))
        return self.cost.flops / busy / _number(self.chip.bandwidth.value)

    def at(self, *wrong: Any, **sizes: Any) -> Moment:
        """The terms in seconds at given sizes."""
        values = self.cost.at(*wrong, **sizes)
        for quantity in (*ARITHMETIC, "fused_bytes", "collective_bytes"):
            getattr(values, quantity)  # says what is missing, of trip counts for example
        flops, bytes_ = values.flops, values.fused_bytes
        found = {name: float(compile_size(term)(values.sizes)) for name, term in self.terms.items()}
        return Moment(self.chip.name, values.sizes, found, flops / bytes_ if bytes_ else float("inf"))

    def by_scope(self, depth: int | None = None, **sizes: Any) -> dict[str, Moment]:
        """The terms of each module at given sizes, by module path in the order of the program.

        Args:
            depth: paths are cut to so many components. sizes: one for each symbol.
        """
        known = self.at(**sizes).sizes
        rows: dict[str, list[Row]] = {}
        for name in ("work", "fusion"):
            for row in self.cost.part(name).rows:
                if not row.key.branch and row.key.flag != "inputs":
                    scope = "/".join(row.key.scope.split("/")[:depth]) if depth else row.key.scope
                    rows.setdefault(scope, []).append(row)
        return {scope: self._moment(some, known) for scope, some in rows.items()}

    def _moment(self, rows: Sequence[Row], sizes: Mapping[str, int]) -> Moment:
        """The terms of some rows of the ledgers."""

        def value(size: Any) -> Any:
            return compile_size(size)(sizes)

        terms: dict[str, float] = {}
        for name in self.parts:
            if name in ("matrix", "vector"):
                done = _work(rows, name)
                terms[name] = float(sum(value(n) / (_rate(self.chip, d, name) * self.devices) for d, n in done.items()))
            else:
                quantity = "fused_bytes" if name == "memory" else "collective_bytes"
                ((_, rate),) = self.parts[name].loads
                terms[name] = float(sum(value(row[quantity]) for row in rows) / rate)
        flops, bytes_ = (sum(value(row[q]) for row in rows) for q in ("flops", "fused_bytes"))
        return Moment(self.chip.name, sizes, terms, flops / bytes_ if bytes_ else float("inf"))

    def __str__(self) -> str:
        lines = [f"{self.cost.name} on {self.chip.title}, seconds at peak rates: the largest of"]
        lines += [f"  {name:12}  {busy.text(self.cost.domain.names)}" for name, busy in self.parts.items()]
        lines += [f"  not counted: {what}" for what in self.unknown.values()]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Moment:
    """A roofline at given sizes.

    Attributes:
        chip: its name. sizes: of the program. terms: seconds by part of the chip. intensity: FLOPs per byte.
    """

    chip: str
    sizes: Mapping[str, int]
    terms: Mapping[str, float]
    intensity: float

    @property
    def seconds(self) -> float:
        """The largest of the terms."""
        return max(self.terms.values(), default=0.0)

    @property
    def binds(self) -> str:
        """The part of the chip that takes longest; "" where nothing is done."""
        return max(self.terms, key=lambda name: self.terms[name], default="") if self.seconds else ""

    def __str__(self) -> str:
        shown = ", ".join(f"{name} {seconds:.3g} s" for name, seconds in self.terms.items())
        return f"{self.seconds:.3g} s on {self.chip}, bound by {self.binds or 'nothing'} ({shown})"


def roofline(cost: ProgramCost, where: str | Path | Chip, *, devices: Any = None) -> Roofline:
    """The roofline of a program on a chip.

    Args:
        cost: under the convention "algorithm". where: a chip, its name, or the file of one.
        devices: how many chips share the work of a program that communicates, evenly.

    Raises:
        ArgumentError: the chip has no rate for a type that the program multiplies, or `devices` is missing.
        ConventionError: a cost under another convention, or one made of others that does not know its traffic.

    Example:
        >>> import symcost as sc
        >>> cost = sc.trace(lambda x, w: x @ w, sc.array("N N", "bfloat16"), sc.array("N N", "bfloat16"))
        >>> line = sc.roofline(cost, "tpu-v5e")
        >>> line.term("matrix"), line.term("memory")
        (N**3/98500000000000, N**2/136500000000)
        >>> print(line.at(N=4096))
        0.000698 s on tpu-v5e, bound by matrix (matrix 0.000698 s, memory 0.000123 s)
    """
    if not isinstance(cost, ProgramCost):
        raise ArgumentError(f"a roofline is of a cost, not of {cost!r}", todo='sc.roofline(cost, "tpu-v5e")')
    target, traffic = chip(where), cost.size("fused_bytes")
    devices = _devices(cost, target, devices)
    parts, unknown = {}, {}
    for unit in ("matrix", "vector"):
        work = _work(cost.part("work").rows, unit)
        if work and unit == "vector" and not target.peak.get(unit):
            unknown[unit] = f"element-wise work: no peak of the vector unit of {target.title} is published"
        elif work:
            rates = {dtype: _rate(target, dtype, unit) * devices for dtype in work}
            parts[unit] = Busy(_by_rate(work, rates))
    parts["memory"] = Busy(((traffic, Fraction(target.bandwidth.value) * devices),))
    sent = cost.size("collective_bytes")
    if isinstance(sent, Poly) or sent:
        if target.interconnect is None:
            unknown["interconnect"] = f"communication: the file of {target.title} has no interconnect"
        else:
            parts["interconnect"] = Busy(((sent, Fraction(target.interconnect.value) / BOTH_WAYS),))
    return Roofline(cost, target, parts, unknown, devices)


def _by_rate(work: Mapping[str, Size], rates: Mapping[str, Fraction]) -> tuple[tuple[Size, Fraction], ...]:
    return tuple(
        (total(size for dtype, size in work.items() if rates[dtype] == rate), rate)
        for rate in dict.fromkeys(rates.values())
    )


def _devices(cost: ProgramCost, target: Chip, devices: Any) -> int:
    """How many chips share the work."""
    if devices is None:
        sent = cost.size("collective_bytes")
        if isinstance(sent, Poly) or sent:
            raise ArgumentError(
                f"{cost.name} sends data between devices, and its FLOPs and bytes are those of all of them together",
                todo=f'say how many share them: cost.seconds("{target.name}", devices=8)',
            )
        return 1
    if isinstance(devices, bool) or not isinstance(devices, int) or devices < 1:
        raise ArgumentError(f"devices={devices!r} is not a number of chips", todo="devices=8")
    return devices


def _work(rows: Iterable[Row], unit: str) -> dict[str, Size]:
    """Operations of a unit by dtype."""
    found: dict[str, list[Size]] = {}
    for row in rows:
        if not row.key.branch and (row.key.unit == unit or (unit == "vector" and not row.key.unit)):
            size = total(row[q] for q in ARITHMETIC)
            if isinstance(size, Poly) or size:
                found.setdefault(row.key.dtype, []).append(size)
    return {dtype: total(sizes) for dtype, sizes in found.items()}


def _rate(target: Chip, dtype: str, unit: str) -> Fraction:
    """The vector unit works on any type at the rate of float32, unless the file says otherwise; complex numbers are
    counted in real operations."""
    dtype = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
    if unit == "vector" and dtype not in target.peak[unit]:
        dtype = "float32"
    return Fraction(target.rate(dtype, unit))


def _number(value: float) -> Any:
    import sympy

    return sympy.Rational(Fraction(value).numerator, Fraction(value).denominator)
