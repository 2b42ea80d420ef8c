"""What a cost is asked at run time: functions of sizes, the largest size within a budget, seconds on a chip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy

    from symcost.hardware import Chip
    from symcost.query.solve import Solution


class Running:
    """Functions, inverses and seconds of a cost; `ProgramCost` is one."""

    def seconds(self: Any, chip: str | Path | Chip, *, devices: int | None = None) -> sympy.Expr:
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

    def function(
        self: Any,
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
        self: Any,
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
