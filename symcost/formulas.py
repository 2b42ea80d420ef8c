"""The quantities of a cost as sympy formulas: one property for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symcost.polynomial import Size

if TYPE_CHECKING:
    import sympy


class Formulas:
    """A formula for every quantity, made of what `size` and `expression` say; `ProgramCost` is one."""

    def size(self, quantity: str) -> Size:
        """The total of a quantity in symcost's own arithmetic."""
        raise NotImplementedError

    def expression(self, size: Size) -> sympy.Expr:
        """A size as a sympy expression."""
        raise NotImplementedError

    def _sympy(self, quantity: str) -> sympy.Expr:
        return self.expression(self.size(quantity))

    @property
    def flops(self) -> sympy.Expr:
        """Floating-point operations other than transcendentals; 2 per multiply-add."""
        return self._sympy("flops")

    @property
    def transcendentals(self) -> sympy.Expr:
        """exp, log, tanh, sqrt ...: one per element."""
        return self._sympy("transcendentals")

    @property
    def int_ops(self) -> sympy.Expr:
        """Integer and boolean arithmetic."""
        return self._sympy("int_ops")

    @property
    def macs(self) -> sympy.Expr:
        """Multiply-accumulate pairs of dots and convolutions; half of their FLOPs."""
        return self._sympy("macs")

    @property
    def bytes_accessed(self) -> sympy.Expr:
        """Bytes of operands read and outputs written by each operation, unfused."""
        return self._sympy("bytes_accessed")

    @property
    def params(self) -> sympy.Expr:
        """Number of parameters: the `params` collection (Linen), `nnx.Param` (NNX), or arguments named by `params=`."""
        return self._sympy("params")

    @property
    def param_bytes(self) -> sympy.Expr:
        """Bytes of the parameters."""
        return self._sympy("param_bytes")

    @property
    def constant_bytes(self) -> sympy.Expr:
        """Bytes of the arrays that the program captured as constants."""
        return self._sympy("constant_bytes")

    @property
    def collective_bytes(self) -> sympy.Expr:
        """Bytes sent to other devices, per device."""
        return self._sympy("collective_bytes")

    @property
    def fused_bytes(self) -> sympy.Expr:
        """Bytes read and written if chains of element-wise operations that one kernel reads never reach memory.

        Lies between `compulsory_bytes` and `bytes_accessed`. See `symcost.fusion` for what is fused.
        """
        return self._sympy("fused_bytes")

    @property
    def compulsory_bytes(self) -> sympy.Expr:
        """Bytes that no chip can save: arguments and captured constants, as far as they are read, and results."""
        return self._sympy("compulsory_bytes")

    @property
    def peak_memory(self) -> sympy.Expr:
        """Bytes alive at once, at most: arguments, results and what is between them, by liveness after fusion.

        The maximum over the program's moments, without those that another one exceeds at all sizes.
        `peak` tells where it stands at given sizes, and what is alive there.
        """
        return self._sympy("peak_memory")
