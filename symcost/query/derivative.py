"""Formulas of float sizes in JAX, and their derivatives, which are formulas themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp

from symcost.polynomial import Atom, Monomial, Size, indicator, make, symbols_of, terms_of
from symcost.query.exact import Walk

INTEGERS = 2.0**53
"""Floats up to which integers are computed with as integers."""


class Differentiable:
    """Values of formulas where some sizes are floats.

    Where all sizes are integers the value is that of exact integers; elsewhere that of plain float arithmetic. The
    derivative is a formula again, evaluated in the same way.

    Args:
        walk: from arrays of integers and floats to a walk through formulas. kind: type of the result.
    """

    def __init__(self, walk: Callable[[Mapping[str, Any], Mapping[str, Any]], Walk], kind: Any):
        self.walk, self.kind = walk, kind

    def value(self, size: Size | Fraction, floats: Mapping[str, Any], arrays: Mapping[str, Any]) -> Any:
        """A formula at sizes of which some are floats."""
        if not isinstance(size, int | Fraction):

            @jax.custom_jvp
            def formula(floats: Mapping[str, Any], arrays: Mapping[str, Any]) -> Any:
                return self._primal(size, floats, arrays)

            @formula.defjvp
            def _(primals: Any, tangents: Any) -> Any:
                floats, arrays = primals
                total = jnp.zeros((), self.kind)
                for name in floats:
                    if name in symbols_of(size):
                        total = total + self._slope(size, name, floats, arrays) * tangents[0][name].astype(self.kind)
                value = formula(floats, arrays)
                return value, jnp.broadcast_to(total, value.shape)

            return formula(dict(floats), dict(arrays))
        return jnp.asarray(float(size), self.kind)

    def _primal(self, size: Size, floats: Mapping[str, Any], arrays: Mapping[str, Any]) -> Any:
        walk = self.walk(arrays, floats)
        number, denominator = walk.value(size)
        exact = walk.do.to_float(number, denominator, self.kind)  # type: ignore[attr-defined]
        for failed in walk.failed:
            exact = jnp.where(failed, jnp.nan, exact)
        whole: Any = True
        for name in symbols_of(size) & floats.keys():
            value = floats[name]
            whole = whole & (value == jnp.floor(value)) & (value >= 0) & (value <= INTEGERS)
        return jnp.where(whole, exact, _Real(walk, floats, self.kind).value(size)).astype(self.kind)

    def _slope(self, size: Size, name: str, floats: Mapping[str, Any], arrays: Mapping[str, Any]) -> Any:
        """The derivative by one symbol."""

        def value(part: Size) -> Any:
            return self.value(part, floats, arrays)

        total = value(partial(size, Atom("symbol", name)))
        for atom in _atoms(size):
            if atom.kind in ("maximum", "minimum") and name in symbols_of(make({((atom, 1),): 1})):
                whole = make({((atom, 1),): 1})
                # where several are largest, the derivative is their mean, as JAX has it
                largest = [value(indicator(part, whole)) for part in atom.args]
                parts = [self._slope(part, name, floats, arrays) for part in atom.args]
                inner = sum(a * b for a, b in zip(largest, parts, strict=True)) / jnp.maximum(sum(largest), 1)
                total = total + value(partial(size, atom)) * inner
            elif atom.kind == "power" and name in symbols_of(atom.args[1]):
                slope = self._slope(atom.args[1], name, floats, arrays) * math.log(int(atom.args[0]))  # type: ignore[arg-type]
                total = total + value(partial(size, atom) * make({((atom, 1),): 1})) * slope
        return total


def partial(size: Size, by: Atom) -> Size:
    """The derivative of a polynomial by one of its atoms, others held.

    Example:
        >>> from symcost.polynomial import floor_div, symbol
        >>> n = symbol("N")
        >>> str(partial(3 * n**2 + n * floor_div(n, 2) + 1, Atom("symbol", "N")))
        '6*N + floor((N)/(2))'
    """
    found: dict[Monomial, Any] = {}
    for monomial, c in terms_of(size).items():
        powers = dict(monomial)
        exponent = powers.pop(by, 0)
        if exponent:
            key = tuple((a, e - (a is by)) for a, e in monomial if e - (a is by))
            found[key] = found.get(key, 0) + c * exponent
    return make(found)


def _atoms(size: Size) -> list[Atom]:
    return list(dict.fromkeys(atom for monomial in terms_of(size) for atom, _ in monomial))


class _Real:
    """Formulas between integers, in plain float arithmetic: floors step, logarithms and counts are those of the sizes
    rounded down."""

    def __init__(self, walk: Walk, floats: Mapping[str, Any], kind: Any):
        self.walk, self.floats, self.kind = walk, floats, kind

    def value(self, size: Size | Fraction) -> Any:
        total = jnp.zeros((), self.kind)
        for monomial, c in terms_of(size).items():
            term = jnp.asarray(float(c), self.kind)
            for atom, exponent in monomial:
                term = term * self._atom(atom) ** exponent
            total = total + term
        return total

    def _atom(self, atom: Atom) -> Any:
        if atom.kind == "symbol":
            if atom.name in self.floats:
                return self.floats[atom.name].astype(self.kind)
            return self.walk.do.to_float(self.walk.sizes[atom.name], 1, self.kind)  # type: ignore[attr-defined]
        if atom.kind == "floor_div":
            return jnp.floor(self.value(atom.args[0]) / self.value(atom.args[1]))
        if atom.kind in ("maximum", "minimum"):
            values = jnp.broadcast_arrays(*map(self.value, atom.args))
            return (jnp.max if atom.kind == "maximum" else jnp.min)(jnp.stack(values), axis=0)
        if atom.kind == "indicator":
            return (self.value(atom.args[0]) == self.value(atom.args[1])).astype(self.kind)
        if atom.kind == "power":
            return jnp.asarray(atom.args[0], self.kind) ** self.value(atom.args[1])
        number, denominator = self.walk._atom(atom)
        return self.walk.do.to_float(number, denominator, self.kind)  # type: ignore[attr-defined]
