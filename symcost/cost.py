"""The result of a trace: formulas, tables and values of what a program costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
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
from symcost.lines import line_ledger, line_only, no_lines
from symcost.parts import BY_LINE, part_of, quantities_of
from symcost.polynomial import Size, bind, symbols_of
from symcost.printed import Printed
from symcost.values import Values, lacking

if TYPE_CHECKING:
    import sympy

    from symcost.analysis import Analysis
    from symcost.annotate import Annotation
    from symcost.cost_ratio import CostRatio
    from symcost.expected import Conditional
    from symcost.explain import Explanation
    from symcost.growth import BigO
    from symcost.hardware import Chip
    from symcost.moment import Peak
    from symcost.query.solve import Solution

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""What JAX lowers programs for."""

_AXES = ("scope", "primitive", "dtype", "unit", "phase", "branch")


class ProgramCost(Formulas, Printed):
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
            self._ledger = _kept(ledger, convention(self.convention))
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
                self._parts[name] = _kept(ledger, how) if name.endswith(BY_LINE) else ledger
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

    def seconds(self, chip: str | Path | Chip, *, devices: int | None = None) -> sympy.Expr:
        """How long the program takes at least: the busiest part of a chip at its peak rate, as a formula.

        Args:
            chip: as `sc.chip` takes it. devices: how many chips share the work of a program that communicates.

        Returns:
            The maximum of seconds of the matrix unit, the vector unit, memory traffic (`fused_bytes`) and links;
            `sc.roofline` tells them apart, and what is left out.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, y: x + y, sc.array("N"), sc.array("N"))
            >>> cost.seconds("tpu-v5e")
            N/68250000000
        """
        from symcost.hardware.roofline import roofline

        return roofline(self, chip, devices=devices).seconds

    @property
    def quantities(self) -> tuple[str, ...]:
        """Quantities that the convention defines and the cost holds."""
        return tuple(q for q in convention(self.convention).quantities if self.holds(part_of(q)))

    def text(self, quantity: str) -> str:
        """The formula of a quantity as text, symbols in the user's order: ``2*N*F*H + M*H``."""
        from symcost.formatting import format_size

        return format_size(self.size(quantity), self.domain.names)

    def leading(self, quantity: str = "flops", *, wrt: Any = None, assuming: Any = ()) -> sympy.Expr:
        """The terms of `quantity` that no other term dominates as its sizes grow, with their coefficients.

        Args:
            quantity: of the cost. wrt: the symbols that grow, ``"T"``, while all others stay; all of them if None.
            assuming: how sizes grow beside each other, ``["M = O(N)", "F << N", "H <= F", "B = O(1)"]``.

        Raises:
            DimensionError: an unknown symbol, or assumptions that contradict each other.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: (x @ w).sum(), sc.array("N F"), sc.array("F H"))
            >>> cost.flops, cost.leading("flops")
            (2*F*H*N + H*N - 1, 2*F*H*N)
        """
        from symcost.growth import leading_terms

        return self.expression(leading_terms(self.size(quantity), self.domain, wrt=wrt, assuming=assuming))

    def big_o(self, quantity: str = "flops", *, wrt: Any = None, assuming: Any = ()) -> BigO:
        """What `quantity` is at most up to a constant factor: ``O(N*F*H + M*H)``; arguments as of `leading`.

        Example:
            >>> import jax, symcost as sc
            >>> cost = sc.trace(jax.nn.dot_product_attention, *[sc.array("B T H K")] * 3)
            >>> cost.big_o("flops"), cost.big_o("flops", wrt="T"), cost.big_o("flops", assuming="B = O(1)").terms
            (O(B*T**2*H*K), O(T**2), (H*K*T**2,))
        """
        from symcost.growth import big_o

        return big_o(self.size(quantity), self.domain, wrt=wrt, assuming=assuming)

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

    def function(
        self,
        quantities: str | Sequence[str] = "flops",
        backend: str = "python",
        *,
        chip: str | Path | Chip | None = None,
        devices: int | None = None,
        check: bool = True,
    ) -> Callable[..., Any]:
        """Formulas as a function of sizes, which are given by name.

        Args:
            quantities: a name, or a list of names; "seconds" on a chip are those of the roofline.
            backend: "python" (integers in, exact integers out), "numpy" or "jax" (arrays, broadcast).
            chip, devices: for "seconds", as `seconds` takes them.
            check: whether sizes are compared with the domain.

        Returns:
            A function that returns one value, or a dict by quantity for a list. It needs the symbols that the
            formulas contain, its `arguments`, trip counts and unknown costs among them; other names are ignored.

            "python" and "numpy" are exact whatever the sizes are: the array is int64, and of Python integers where a
            value needs more. Formulas with fractions (`expected`) give `fractions.Fraction` and float64 (to 1e-15).

            "jax" works inside `jit`, `vmap`, `grad` and `lax.cond`; importing JAX is left to it. All arithmetic is
            on integers as wide as the result needs, so that sums that overflow or cancel are right. With x64 off
            the result is float32 within 1e-6 of the exact value (inf above 3.4e38). With x64 on it is int64, exact
            below 2**63 and 2**63 - 1 from there on; float64 where sizes are floats or formulas have fractions. Of
            floats it is differentiable: floors, logarithms and indicators have derivative 0. At floats that are no
            integers below 2**53 plain float arithmetic is used, right relative to the largest term.

            Sizes outside of the domain raise DomainError. In JAX arrays they cannot: the result is nan there, or
            -2**63 as int64. With ``check=False`` nothing is compared and the result is of no use there.

        Raises:
            ArgumentError, ConventionError: no such back end, or quantity.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
            >>> flops = cost.function("flops")
            >>> flops(N=2708, F=1433, H=16), flops.arguments
            (124178048, ('N', 'F', 'H'))
            >>> cost.function(["flops", "bytes_accessed"], "numpy")(N=[1, 10], F=3, H=5)["flops"]
            array([ 30, 300])
        """
        from symcost.query.function import function

        return function(self, quantities, backend, chip=chip, devices=devices, check=check)

    def solve(
        self,
        quantity: str,
        budget: float | Fraction,
        symbol: Any,
        *,
        chip: str | Path | Chip | None = None,
        devices: int | None = None,
        **sizes: Any,
    ) -> Solution:
        """The largest size of one symbol at which a quantity is within a budget.

        Args:
            quantity: a name; "seconds" with `chip`. budget: what the quantity may be at most.
            symbol: which size is looked for, by name or as sympy has it. sizes: all others that the formula contains.

        Returns:
            An object that prints as the answer: `.value` (None where no size fits, or `.unbounded`), `.cost_at`, and
            `.exact`: the formula is proven never to fall as the symbol grows, or all sizes were tried. Else
            `.searched` says which sizes were looked at.

        Raises:
            ArgumentError: no such symbol, or no budget. MissingSizeError, DomainError: as `at` raises them.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: x @ w, sc.array("B F"), sc.array("F F"))
            >>> print(cost.solve("flops", 10**9, "B", F=1000))
            B = 500 at F=1000: flops 1,000,000,000, within the budget of 1,000,000,000
            B = 501 takes 1,002,000,000
            exact: B was found by bisection: the formula never falls as B grows
        """
        from symcost.query.solve import solve

        return solve(self, quantity, budget, symbol, chip=chip, devices=devices, sizes=sizes)

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
                return ProgramCost(self.name, _kept(self.ledger, how), self.domain, name, note=self.note)
            raise ConventionError(
                f"this cost ({self.note or 'derived'}) holds only the convention {self.convention!r}",
                todo=f"store it: cost.save(path, conventions=[{name!r}])"
                if self.stored
                else f"take the convention first: cost.under({name!r}), then combine or substitute",
            )
        outcome = self.analysis.outcome(name, platform)
        ledger = _kept(outcome.ledger, how)
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

    def by_line(self) -> CostTable:
        """Costs by line of the user's own code; what a library does belongs to the line that called it.

        Raises:
            ConventionError: the convention, or a file that was loaded, does not tell lines apart.
        """
        return CostTable(self, ("line",), line_ledger(self).group(line_only))

    def explain(self, term: Any, quantity: str = "flops") -> Explanation:
        """Where a term of a formula comes from: modules, primitives and lines of code, adding up to its coefficient.

        Args:
            term: a product as text or of sympy's, ``"M*H"``. quantity: the formula that it is a term of.

        Raises:
            ArgumentError: the formula has no such term, or is a maximum and no sum.

        Example:
            >>> import symcost as sc
            >>> cost = sc.trace(lambda x, w: (x @ w).sum() + x.sum(), sc.array("N F"), sc.array("F H"))
            >>> [(c.primitive, c.phase, c.coefficient) for c in cost.explain("N*F").contributions]
            [('reduce_sum', 'forward', 1)]
        """
        from symcost.explain import explain

        return explain(self, term, quantity)

    def annotate(self, quantity: str = "flops", **sizes: Any) -> Annotation:
        """The program's own source with what each line costs; with its share where sizes are given.

        Raises:
            ArgumentError: lines do not have the quantity. ConventionError: the cost does not tell lines apart.
        """
        from symcost.annotate import annotate

        return annotate(self, quantity, sizes or None)

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

    def per(self, divisor: Any) -> CostRatio:
        """The cost per sample, ``cost.per(B)``, or per token, ``cost.per("B*T")``: every formula divided by a size.

        Raises:
            ArgumentError: the divisor is 0 or negative, or contains a symbol that the cost lacks.
        """
        from symcost.cost_ratio import per

        return per(self, divisor)

    def ratio(self, other: ProgramCost) -> CostRatio:
        """This cost in terms of another, ``a / b``, quantity by quantity, in lowest terms.

        Raises:
            ConventionError: they were counted under different conventions.
        """
        from symcost.cost_ratio import ratio

        if not isinstance(other, ProgramCost):
            raise ArgumentError(f"{other!r} is no cost", todo="a.ratio(b), or a.per(B) for a size")
        return ratio(self, other)

    def __truediv__(self, other: Any) -> CostRatio:
        return self.ratio(other) if isinstance(other, ProgramCost) else self.per(other)

    def phase(self, name: str) -> ProgramCost:
        """What "forward", "backward", "recomputed" or "update" costs alone.

        Example:
            >>> import jax, symcost as sc
            >>> step = sc.trace(jax.grad(lambda w, x: ((x @ w[0]) @ w[1]).sum()),
            ...                 [sc.array("F F"), sc.array("F F")], sc.array("B F"))
            >>> ratio = step.phase("backward") / step.phase("forward")
            >>> print(ratio.text("flops"), "->", ratio.limit("flops"))
            3 -> 3
        """
        from symcost.cost_ratio import phase

        return phase(self, name)

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


def _kept(ledger: Ledger, how: Any) -> Ledger:
    if how.keep is None:
        return ledger
    keep = how.keep
    return Ledger([r for r in ledger.rows if r.key.flag == "inputs" or keep(r.key)], ledger.unknown)


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
