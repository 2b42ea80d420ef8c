"""The result of a trace: formulas, tables and values of what a program costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symcost.cases import largest_by_cases
from symcost.conventions import convention
from symcost.cost_table import CostTable
from symcost.domain import Domain
from symcost.errors import (
    ArgumentError,
    ConventionError,
    DomainError,
)
from symcost.evaluation import compile_size
from symcost.formulas import Formulas
from symcost.ledger import LARGEST, Key, Ledger, Row, Unknown
from symcost.lines import no_lines
from symcost.parts import BY_LINE, part_of, quantities_of
from symcost.polynomial import Size, bind, symbols_of
from symcost.printed import Printed
from symcost.questions import Questions
from symcost.running import Running
from symcost.values import Values, lacking

if TYPE_CHECKING:
    import sympy

    from symcost.analysis import Analysis
    from symcost.expected import Conditional
    from symcost.moment import Peak

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""What JAX lowers programs for."""

_AXES = ("scope", "primitive", "dtype", "unit", "phase", "branch")


class ProgramCost(Formulas, Printed, Questions, Running):
    """What a program costs, as formulas in the sizes of its arguments and hyper-parameters.

    Made by `sc.trace` and its siblings. Quantities (`flops`, `transcendentals`, `int_ops`,
    `macs`, `bytes_accessed`, `params`, `param_bytes`, `collective_bytes`) are sympy
    expressions, totals over the program; `at` gives exact integers.

    Attributes:
        name: of the program. convention: how it was counted. domain: what the formulas hold for.

    Example:
        >>> import symcost as sc
        >>> cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
        >>> cost.flops, cost.at(N=2, F=3, H=5).flops
        (2*F*H*N, 60)
    """

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        domain: Domain,
        convention: str = "algorithm",
        *,
        analysis: Analysis | None = None,
        note: str = "",
        platform: str = "cpu",
        parts: Mapping[str, Callable[[], Ledger]] | None = None,
    ):
        self._parts: dict[str, Ledger] = {}
        self._sizes: dict[str, Size] = {}
        self._made = dict(parts or {})
        self.stored: Mapping[tuple[str, str], ProgramCost] = {}  # conventions that a file holds
        self.name, self.domain, self.convention = name, domain, convention
        self.analysis, self.note, self.platform = analysis, note, platform
        self._work, self._ledger = ledger, None if analysis else ledger
        self._functions: dict[str, Callable[[Mapping[str, int]], int]] = {}
        self._needed: dict[str, frozenset[str]] = {}

    @property
    def ledger(self) -> Ledger:
        """All quantities of all rows; asks for bytes, which may trace further sizes."""
        if self._ledger is None:
            assert self.analysis is not None
            ledger = self.analysis.ledger(self.convention, self.platform)
            self._ledger = convention(self.convention).kept(ledger)
        return self._ledger

    # -- formulas ----------------------------------------------------------------------------
    def size(self, quantity: str) -> Size:
        """The total of a quantity in symcost's own arithmetic (`int` or `Poly`).

        Raises:
            ConventionError: the convention does not define the quantity.
        """
        convention(self.convention).require(quantity)
        ledger = self.part(part_of(quantity))
        if quantity not in LARGEST:
            return ledger.total(quantity)
        if quantity not in self._sizes:
            least = {d.name: d.min for d in self.domain.dims}
            self._sizes[quantity] = largest_by_cases([row[quantity] for row in ledger.rows], least)
        return self._sizes[quantity]

    def part(self, name: str) -> Ledger:
        """The ledger of what is found together: "work", "traffic" (bytes_accessed), "fusion", "memory", "work by line".

        Raises:
            ConventionError: the cost was made of others, and does not hold that.
        """
        if name == "work":
            return self._work
        if name == "traffic":
            return self.ledger
        if name not in self._parts:
            how = convention(self.convention)
            if self.analysis is not None and not (name.endswith(BY_LINE) and how.language == "hlo"):
                ledger = self.analysis.outcome(self.convention, self.platform, name).ledger
                self._parts[name] = how.kept(ledger) if name.endswith(BY_LINE) else ledger
            elif name in self._made:
                self._parts[name] = self._made[name]()
            elif name.endswith(BY_LINE):
                raise no_lines(self)
            else:
                raise ConventionError(
                    f"this cost ({self.note or 'derived'}) does not hold {' and '.join(quantities_of(name))}",
                    todo="ask the costs that it was made of",
                )
        return self._parts[name]

    def holds(self, part: str) -> bool:
        """Whether `part` may be asked for."""
        return part in ("work", "traffic") or self.analysis is not None or part in self._made

    def expression(self, size: Size) -> sympy.Expr:
        """A size as a sympy expression in this cost's symbols."""
        from symcost.expression import expression_in

        return expression_in(self.domain, size)

    def peak(self, *wrong: Any, **sizes: Any) -> Peak:
        """Where the program's memory peaks at given sizes, and what is alive there; traces it at these sizes.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: (x @ w) @ w.T, sc.array("N F"), sc.array("F H"))
            >>> print(cost.peak(N=100, F=8, H=64))
            34,048 bytes at N=100, F=8, H=64
              while dot_general, forward, <doctest symcost.cost.ProgramCost.peak[1]>:1 (<lambda>)
                     25,600  f32[100,64]  dot_general, <doctest symcost.cost.ProgramCost.peak[1]>:1 (<lambda>)
                      3,200  f32[100,8]  argument
                      3,200  f32[100,8]  dot_general, <doctest symcost.cost.ProgramCost.peak[1]>:1 (<lambda>)
                      2,048  f32[8,64]  argument
        """
        from symcost.moment import peak

        convention(self.convention).require("peak_memory")
        values = self.at(*wrong, **sizes)
        return peak(self._traced(), {name: values.sizes[name] for name in self._traced().family.domain.names})

    @property
    def quantities(self) -> tuple[str, ...]:
        """Quantities that the convention defines and the cost holds."""
        return tuple(q for q in convention(self.convention).quantities if self.holds(part_of(q)))

    def text(self, quantity: str) -> str:
        """The formula of a quantity as text, symbols in the user's order: ``2*N*F*H + M*H``."""
        from symcost.formatting import format_size

        return format_size(self.size(quantity), self.domain.names)

    # -- values ------------------------------------------------------------------------------
    def at(self, *wrong: Any, **sizes: Any) -> Values:
        """Exact integers at given sizes.

        Args:
            **sizes: one integer per symbol of the domain; trip counts and unknown costs by their
                symbols. A name that the formulas do not contain is ignored.

        Raises:
            MissingSizeError, DomainError: sizes are missing, or outside of the domain.
            UnknownPrimitiveError: when a quantity is read that contains an unknown cost.
        """
        _by_name("at", wrong, self.domain)
        checked = self.domain.check(sizes)
        extra = {}
        for unknown in self.unknown:
            for name, value in sizes.items():
                if name == unknown.symbol or name.startswith(unknown.symbol + "_"):
                    extra[name] = _count(name, value)
        return Values(self, {**checked, **extra})

    def value(self, quantity: str, sizes: Mapping[str, int]) -> int:
        """One quantity at checked sizes; a `fractions.Fraction` where it is no integer (see `expected`)."""
        function = self._functions.get(quantity)
        if function is None:
            size = self.size(quantity)
            self._needed[quantity] = frozenset(symbols_of(size))
            function = self._functions[quantity] = compile_size(size)
        try:
            return function(sizes)
        except KeyError:
            raise lacking(self, quantity, sorted(self._needed[quantity] - set(sizes))) from None

    # -- conventions -------------------------------------------------------------------------
    def under(self, name: str, *, platform: str = "cpu") -> ProgramCost:
        """The same program under another counting convention.

        Args:
            name: "algorithm", "xla", "macs", "darknet", "fvcore", "catamount".
            platform: for "xla", whose lowering is read: "cpu", "cuda", "rocm" or "tpu".

        Raises:
            ConventionError: unknown convention, or this cost was derived or loaded and holds only its own.
        """
        how = convention(name)
        if platform not in PLATFORMS:
            raise ArgumentError(
                f"JAX has no platform {platform!r} to lower for", todo=f"platform= one of {', '.join(PLATFORMS)}"
            )
        if name == self.convention and platform == self.platform:
            return self
        if (name, platform) in self.stored:
            return self.stored[name, platform]
        if self.analysis is None:
            # other rules need the program again; those of the same registry keep some of the rows or quantities
            if self.convention == "algorithm" and how.registry is convention(self.convention).registry:
                return ProgramCost(self.name, how.kept(self.ledger), self.domain, name, note=self.note)
            raise ConventionError(
                f"this cost ({self.note or 'derived'}) holds only the convention {self.convention!r}",
                todo=f"store it: cost.save(path, conventions=[{name!r}])"
                if self.stored
                else f"take the convention first: cost.under({name!r}), then combine or substitute",
            )
        outcome = self.analysis.outcome(name, platform)
        ledger = how.kept(outcome.ledger)
        more = [d for d in self.domain.dims if d.name not in outcome.domain.names]  # symbols of trip counts
        domain = replace(outcome.domain, dims=(*outcome.domain.dims, *more))
        return ProgramCost(self.name, ledger, domain, name, analysis=self.analysis, platform=platform)

    def verify(self, points: int = 5, *, seed: int = 0) -> list[dict[str, int]]:
        """Compare the formulas with the program at fresh random sizes.

        Returns:
            The sizes compared; every quantity of every module agreed there.

        Raises:
            GeneralizationError: a formula differs.
        """
        for option, value, least in (("points", points, 1), ("seed", seed, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ArgumentError(
                    f"{option}={value!r} is not an integer of at least {least}", todo=f"cost.verify({option}=5)"
                )
        return self._traced().verify(self.convention, points, seed, self.platform)

    def _traced(self) -> Analysis:
        if self.analysis is None:
            raise ConventionError(
                f"this cost ({self.note or 'derived'}) has no program to trace",
                todo="use the cost that sc.trace returned",
            )
        return self.analysis

    @property
    def samples(self) -> tuple[dict[str, int], ...]:
        """Sizes at which the program was traced to find and check the formulas."""
        analysis = self._traced()
        language = convention(self.convention).language
        return tuple(analysis.units.sizes(dict(key)) for key in analysis.traces(language, self.platform).programs)

    # -- what is not known -------------------------------------------------------------------
    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """Primitives without a rule and loops without a known trip count, with the symbols that stand for them."""
        return tuple(dict.fromkeys(self._work.unknown))

    def lower_bound(self) -> ProgramCost:
        """The cost with every unknown primitive counted as 0, and every unsaid loop as not run: a lower bound."""

        def known(size: Size) -> Size:
            names = [n for n in symbols_of(size) if n.startswith(("unknown_", "trips_"))]
            return bind(size, dict.fromkeys(names, 0)) if names else size

        ledger = Ledger(self.ledger.map(known).rows)
        return ProgramCost(f"lower bound of {self.name}", ledger, self.domain, self.convention, note="a lower bound")

    # -- conditionals ------------------------------------------------------------------------
    @property
    def conditionals(self) -> tuple[Conditional, ...]:
        """The program's `lax.cond` and `lax.switch`: totals hold their largest branch, `by("branch")` every branch."""
        from symcost.expected import conditionals

        return conditionals(self.ledger)

    def expected(self, probabilities: Mapping[str, Sequence[float]]) -> ProgramCost:
        """The expected cost, where it is known how often each branch of some conditionals is taken.

        Args:
            probabilities: by name (see `conditionals`), one number for each branch, 1 together. Of `lax.cond` the
                first is for a predicate that is False. Conditionals that are not named count their largest branch.

        Returns:
            A cost with fractions in its formulas; values at sizes are integers or `fractions.Fraction`.

        Raises:
            ArgumentError: no conditional has that name, or the numbers are no probabilities of its branches.

        Example:
            >>> import jax, symcost as sc
            >>> def early_exit(sure, x, w):
            ...     return jax.lax.cond(sure, lambda: x, lambda: x @ w @ w)
            >>> cost = sc.trace(early_exit, sc.array("", "bool"), sc.array("N F"), sc.array("F F"))
            >>> cost.text("flops"), cost.expected({"cond_0": [0.25, 0.75]}).text("flops")
            ('4*N*F**2', 'N*F**2')
        """
        from symcost.expected import expected

        return expected(self, probabilities)

    # -- tables ------------------------------------------------------------------------------
    @property
    def rows(self) -> tuple[Row, ...]:
        """Rows of the ledger: scope, primitive, dtype, unit, phase, branch; count; one size per quantity."""
        return self.ledger.rows

    def by(self, *axes: str, depth: int | None = None) -> CostTable:
        """Costs added up by any of scope, primitive, dtype, unit, phase, branch.

        Args:
            axes: what to tell rows apart by. depth: scopes are cut to so many components.
        """
        for axis in axes or ("",):
            if axis not in _AXES:
                what = f"no column is called {axis!r}" if axes else "no column is named"
                raise ArgumentError(what, todo=f"cost.by(...) takes {', '.join(_AXES)}")
        if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
            raise ArgumentError(f"depth={depth!r} is not a number of components", todo="depth=2")

        def cut(key: Key) -> Key:
            kept = {a: getattr(key, a) for a in axes}
            if depth is not None and "scope" in kept:
                kept["scope"] = "/".join(key.scope.split("/")[:depth])
            # rows of branches never add up with others
            return Key(**{**dict.fromkeys(_AXES, ""), **kept, "branch": key.branch, "flag": key.flag})

        operations = Ledger([r for r in self.ledger.rows if r.key.flag != "inputs"], self.ledger.unknown)
        return CostTable(self, axes, operations.group(cut))

    def by_scope(self, depth: int | None = None) -> CostTable:
        """Costs by module path, cut at `depth` components."""
        return self.by("scope", depth=depth)

    def by_primitive(self) -> CostTable:
        """Costs by JAX primitive (HLO opcode under "xla")."""
        return self.by("primitive")

    def by_phase(self) -> CostTable:
        """Costs of forward, backward, recomputed and update."""
        return self.by("phase")

    # -- algebra -----------------------------------------------------------------------------
    def subs(self, *wrong: Any, **values: Any) -> ProgramCost:
        """Partial binding: ``cost.subs(F=4*H)``, ``cost.subs(F="4*H")``, ``cost.subs(B=1)``."""
        _by_name("subs", wrong, self.domain)
        from symcost.algebra import substituted

        return substituted(self, values)

    def __add__(self, other: ProgramCost) -> ProgramCost:
        from symcost.algebra import combined

        return combined(self, other, 1) if isinstance(other, ProgramCost) else NotImplemented

    def __sub__(self, other: ProgramCost) -> ProgramCost:
        from symcost.algebra import combined

        return combined(self, other, -1) if isinstance(other, ProgramCost) else NotImplemented

    def __mul__(self, factor: Any) -> ProgramCost:
        from symcost.algebra import scaled

        return scaled(self, factor)

    __rmul__ = __mul__

    # -- files -------------------------------------------------------------------------------
    def save(self, path: str | Path, *, conventions: Sequence[str] = ()) -> None:
        """Write the formulas to a JSON file, which `sc.load` and `symcost query` read without JAX.

        Args:
            path: of the file. conventions: to store besides this one, such as "xla".

        Raises:
            SaveError: the file cannot be written.
        """
        from symcost.query import save

        save(self, path, conventions=conventions)

    # -- display -----------------------------------------------------------------------------
    def markdown(self) -> str:
        """The totals as markdown: convention, domain, a table of formulas."""
        from symcost.report.markdown import summary

        return summary(self)

    def __repr__(self) -> str:
        return f"<ProgramCost {self.name}, convention {self.convention!r}, {self.domain}>"

    def __str__(self) -> str:
        from symcost.report.text import summary

        return summary(self)


def _by_name(method: str, wrong: tuple[Any, ...], domain: Domain) -> None:
    """Sizes are given by name: ``cost.at(N=3)``."""
    if not wrong:
        return
    given = wrong[0]
    sizes = ", ".join(f"{n}={given.get(n, 8) if isinstance(given, Mapping) else 8}" for n in domain.names)
    raise ArgumentError(f"cost.{method} takes sizes by name, not {given!r}", todo=f"cost.{method}({sizes})")


def _count(name: str, value: Any) -> int:
    """A trip count or unknown cost given by the user."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 0:
        raise DomainError(f"{name}={value!r} is not a count", todo=f"{name}=10")
    return value.__index__()
