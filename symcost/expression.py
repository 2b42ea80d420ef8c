"""Sizes as sympy expressions, and back: the edge between symcost's polynomials and the user's algebra.

Both directions are exact. Functions that sympy has are used (`floor`, `ceiling`, `Max`,
`Min`); the others are the classes below, which evaluate on integers by the same table
as `symcost.polynomial`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy

from symcost.domain import Domain
from symcost.errors import DimensionError
from symcost.polynomial import BUILDERS, FUNCTIONS, Atom, Poly, Size, maximum, minimum, symbol, terms_of
from symcost.ratio import Ratio, exponential


class IntegerFunction(sympy.Function):
    """A function of integers that stays symbolic until all its arguments are numbers."""

    is_integer = True
    is_nonnegative = True
    is_finite = True

    @classmethod
    def eval(cls, *arguments: sympy.Expr) -> sympy.Integer | None:
        """The exact value on integers; None (unevaluated) on anything else."""
        if all(isinstance(a, sympy.Integer) for a in arguments):
            return sympy.Integer(FUNCTIONS[cls.__name__](*(int(a) for a in arguments)))
        return None


class ceil_log2(IntegerFunction):
    """``ceil(log2(n))``, 0 for n <= 1.

    Example:
        >>> ceil_log2(9), ceil_log2(sympy.Symbol("N"))
        (4, ceil_log2(N))
    """

    nargs = 1

    def _latex(self, printer: Any) -> str:
        return rf"\left\lceil \log_2 {printer.parenthesize(self.args[0], 80)} \right\rceil"


class floor_log2(IntegerFunction):
    """``floor(log2(n))``, 0 for n <= 1."""

    nargs = 1

    def _latex(self, printer: Any) -> str:
        return rf"\left\lfloor \log_2 {printer.parenthesize(self.args[0], 80)} \right\rfloor"


class indicator(IntegerFunction):
    """1 where the two arguments are equal, else 0.

    Example:
        >>> indicator(3, 3), indicator(3, 4)
        (1, 0)
    """

    nargs = 2

    def _latex(self, printer: Any) -> str:
        return rf"\left[{printer.doprint(self.args[0])} = {printer.doprint(self.args[1])}\right]"


class conv_taps(IntegerFunction):
    """Pairs of output position and kernel tap along one axis that read no padding.

    Arguments: size, kernel, output, stride, low padding, base dilation, window dilation.
    """

    nargs = 7

    def _latex(self, printer: Any) -> str:
        return rf"\operatorname{{taps}}\left({', '.join(printer.doprint(a) for a in self.args)}\right)"


OWN_FUNCTIONS: dict[str, type[IntegerFunction]] = {f.__name__: f for f in IntegerFunction.__subclasses__()}
"""The function atoms that sympy lacks, by their name in `symcost.polynomial`."""

NONNEGATIVE_PREFIXES = ("trips_", "unknown_")
"""Symbols that symcost makes itself stand for counts that may be 0."""


def sympy_symbol(name: str, nonnegative: bool | None = None) -> sympy.Symbol:
    """The sympy symbol of `name`: an integer, positive unless it may be 0.

    Args:
        nonnegative: True where 0 is in its domain; None decides by the name (trip counts may be 0).
    """
    if nonnegative is None:
        nonnegative = name.startswith(NONNEGATIVE_PREFIXES)
    if nonnegative:
        return sympy.Symbol(name, integer=True, nonnegative=True)
    return sympy.Symbol(name, integer=True, positive=True)


# -- to sympy ----------------------------------------------------------------------------


def to_sympy(size: Size | Fraction, symbols: Mapping[str, sympy.Symbol] | None = None) -> sympy.Expr:
    """`size` as a sympy expression.

    Args:
        size: an int, a fraction or a polynomial.
        symbols: name -> sympy symbol; names that it lacks become `sympy_symbol(name)`.

    Example:
        >>> from symcost.polynomial import ceil_div
        >>> h = symbol("H")
        >>> to_sympy(2 * h * ceil_div(h, 2) + 1)
        2*H*ceiling(H/2) + 1
    """
    symbols = symbols or {}
    atoms: dict[Atom, sympy.Expr] = {}

    def atom(a: Atom) -> sympy.Expr:
        if a not in atoms:
            atoms[a] = _atom_to_sympy(a, symbols)
        return atoms[a]

    return sympy.Add(
        *(
            sympy.Mul(_number(c), *(sympy.Pow(atom(a), e) for a, e in monomial))
            for monomial, c in terms_of(size).items()
        )
    )


def expression_in(domain: Domain, size: Size | Fraction) -> sympy.Expr:
    """`size` as a sympy expression in the symbols of a domain."""
    return to_sympy(size, {d.name: sympy_symbol(d.name, nonnegative=d.min == 0) for d in domain.dims})


def _number(c: int | Fraction) -> sympy.Expr:
    return sympy.Rational(c.numerator, c.denominator)


def _atom_to_sympy(atom: Atom, symbols: Mapping[str, sympy.Symbol]) -> sympy.Expr:
    if atom.kind == "symbol":
        return symbols.get(atom.name) or sympy_symbol(atom.name)
    if atom.kind == "floor_div":
        a, b = atom.args
        return _floor_to_sympy(a, b, symbols)
    arguments = [to_sympy(a, symbols) for a in atom.args]
    if atom.kind == "power":
        return sympy.Pow(*arguments)
    if atom.kind == "maximum":
        return sympy.Max(*arguments)
    if atom.kind == "minimum":
        return sympy.Min(*arguments)
    if atom.kind in OWN_FUNCTIONS:
        own: Any = OWN_FUNCTIONS[atom.kind]
        return own(*arguments)
    raise DimensionError(
        f"the function {atom.kind!r} has no form in sympy", todo="report this: symcost.expression lacks it"
    )


def _floor_to_sympy(a: Size, b: Size, symbols: Mapping[str, sympy.Symbol]) -> sympy.Expr:
    """``floor(a/b)``, as a ceiling where the constant of the numerator says so: (H + 1)//2 is ceiling(H/2)."""
    constant = terms_of(a).get((), 0)
    integral = all(isinstance(c, int) for c in terms_of(a).values())
    if integral and isinstance(b, int) and b > 1 and constant == b - 1:
        return sympy.ceiling(to_sympy(a - constant, symbols) / b)
    if isinstance(b, Poly) and constant == terms_of(b).get((), 0) - 1:
        rest = a + 1 - b  # a = rest + b - 1 is how ceil_div(rest, b) is stored
        if len(terms_of(rest)) < len(terms_of(a)):
            return sympy.ceiling(to_sympy(rest, symbols) / to_sympy(b, symbols))
    return sympy.floor(to_sympy(a, symbols) / to_sympy(b, symbols))


# -- from sympy --------------------------------------------------------------------------


def from_sympy(expression: sympy.Expr | int) -> Size:
    """The size that a sympy expression stands for; a symbol counts by its name alone.

    Understood: integers, symbols, + - * / and integer powers, 2**L, floor, ceiling, Mod, Max, Min, Abs, and symcost's
    own functions. Rational coefficients are kept exactly.

    Raises:
        DimensionError: the expression contains anything else (floats, logarithms, a symbol in a denominator).

    Example:
        >>> N, F = sympy.symbols("N F")
        >>> str(from_sympy(sympy.ceiling(N / 2) + F**2 / 2))
        '1/2*F**2 + floor((N + 1)/(2))'
    """
    size = _ratio(expression, expression).size()
    if size is None:
        raise _not_a_size(expression, "a symbol is left in a denominator", "round it: sympy.floor(N/F), or N//F")
    if isinstance(size, Fraction):
        raise _not_a_size(expression, "it is no integer", "round it: sympy.floor(...)")
    return size


def _ratio(expression: Any, whole: Any) -> Ratio:
    """`expression`, a part of `whole`, as a quotient of polynomials."""
    if isinstance(expression, bool):
        raise _not_a_size(whole, f"{expression!r} is a boolean", "write 0 or 1")
    if isinstance(expression, (int, sympy.Integer)):
        return Ratio(int(expression))
    if isinstance(expression, sympy.Rational):
        return Ratio(Fraction(int(expression.p), int(expression.q)))
    if isinstance(expression, sympy.Dummy):
        raise _not_a_size(whole, f"{expression} is a Dummy, which has no name of its own", 'use sc.dims("N")')
    if isinstance(expression, sympy.Symbol):
        return Ratio(symbol(expression.name))
    if isinstance(expression, sympy.Pow):
        base, exponent = expression.args
        if isinstance(base, sympy.Integer) and base > 0 and not exponent.is_number:
            result = exponential(int(base), _polynomial(_ratio(exponent, whole), whole))
            if result is not None:
                return result
        if not isinstance(exponent, sympy.Integer):
            raise _not_a_size(whole, f"{expression} is no polynomial", "powers need integer exponents")
        power = _ratio(base, whole) ** abs(int(exponent))
        return power if exponent > 0 else Ratio(1) / power
    arguments: tuple[Any, ...] = getattr(expression, "args", ())
    if isinstance(expression, (sympy.Add, sympy.Mul)):
        result = _ratio(arguments[0], whole)
        for a in arguments[1:]:
            other = _ratio(a, whole)
            result = result + other if isinstance(expression, sympy.Add) else result * other
        return result
    for kind, convert in _CONVERTERS.items():
        if isinstance(expression, kind):
            return convert([_ratio(a, whole) for a in arguments], whole)
    if isinstance(expression, IntegerFunction):
        build = BUILDERS[type(expression).__name__]
        return Ratio(build(*(_polynomial(_ratio(a, whole), whole) for a in arguments)))
    raise _not_a_size(
        whole,
        f"{expression} is a {type(expression).__name__}",
        "use integers, symbols, floor, ceiling, Mod, Max and Min",
    )


def _polynomial(ratio: Ratio, whole: Any) -> Size:
    size = ratio.size()
    if size is None:
        raise _not_a_size(whole, "a symbol is left in a denominator", "round it: sympy.floor(N/F), or N//F")
    return size  # type: ignore[return-value]  # a fraction inside a function is rounded or compared there


def _modulo(arguments: list[Ratio], whole: Any) -> Ratio:
    value, base = arguments
    if base.numerator == 0:
        raise _not_a_size(whole, "it takes a remainder by 0", "divide by at least 1")
    return value - base * Ratio((value / base).floor())


def _absolute(arguments: list[Ratio], whole: Any) -> Ratio:
    size = _polynomial(arguments[0], whole)
    return Ratio(maximum(size, -size))


_CONVERTERS: dict[type, Callable[[list[Ratio], Any], Ratio]] = {
    sympy.floor: lambda arguments, whole: Ratio(arguments[0].floor()),
    sympy.ceiling: lambda arguments, whole: Ratio(arguments[0].ceil()),
    sympy.Mod: _modulo,
    sympy.Max: lambda arguments, whole: Ratio(maximum(*(_polynomial(a, whole) for a in arguments))),
    sympy.Min: lambda arguments, whole: Ratio(minimum(*(_polynomial(a, whole) for a in arguments))),
    sympy.Abs: _absolute,
}


def _not_a_size(expression: Any, why: str, todo: str) -> DimensionError:
    return DimensionError(f"the expression {expression} is not a size: {why}", todo=todo)
