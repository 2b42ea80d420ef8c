"""Formulas inside JAX programs: exact integers, rounded once, at the end.

JAX is imported when a function is made. The arithmetic is that of `symcost.query.wide`: XLA may fuse, reorder and
contract it without changing a bit, on any device and with x64 on or off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from symcost.domain import Dim
from symcost.errors import DomainError
from symcost.grammar import COMPARISONS, Relation
from symcost.query.derivative import Differentiable
from symcost.query.exact import Walk, is_integral
from symcost.query.function import Wanted, broadcast, first_wrong
from symcost.query.function_python import compiled
from symcost.query.wide import BITS, Number, Wide, WideArithmetic, bounds, pieces, width

INT32 = 2**31 - 1
LARGEST, OUTSIDE = 2**63 - 1, -(2**63)
"""What stands for integers that int64 cannot hold, and for sizes outside of the domain."""


def traceable(wanted: Wanted) -> Callable[..., Any]:
    """A function of integers, floats and arrays of both, which JAX can trace."""
    exact = compiled(wanted)
    dims = {dim.name: dim for dim in wanted.domain.dims}

    def evaluate(integers: Mapping[str, Any], floats: Mapping[str, Any]) -> list[Any]:
        return _Evaluation(wanted, dims, integers, floats).results()

    jitted = jax.jit(evaluate)

    def function(*wrong: Any, **sizes: Any) -> Any:
        given = wanted.given(wrong, sizes)
        integers: dict[str, Any] = {}
        floats: dict[str, Any] = {}
        for name, value in given.items():
            kind, value = _sorted(name, value)
            (floats if kind == "f" else integers)[name] = value
        if not floats and all(isinstance(value, int) for value in integers.values()):
            values = exact(**integers)
            listed = [values] if wanted.single else [*values.values()]
            return wanted.packed(
                [_rounded(v, _counts(wanted, q)) for v, q in zip(listed, wanted.quantities, strict=True)]
            )
        broadcast({name: np.shape(value) for name, value in {**integers, **floats}.items()})
        if wanted.check:
            _check_known(wanted, integers)
        if any(isinstance(value, jax.core.Tracer) for value in given.values()):  # type: ignore[attr-defined]
            return wanted.packed(evaluate(integers, floats))
        # outside of a trace, other sizes of the same types are no reason to compile again
        dynamic = {name: _array(value, dims[name]) for name, value in integers.items()}
        return wanted.packed(jitted(dynamic, {name: jnp.asarray(value) for name, value in floats.items()}))

    return function


def _sorted(name: str, value: Any) -> tuple[str, Any]:
    """The kind of a size, integer or float, and the size as an int, a NumPy array or one of JAX."""
    if isinstance(value, int) and not isinstance(value, bool):
        return "i", value
    if isinstance(value, float):
        return "f", value
    array = value if isinstance(value, jax.Array) else np.asarray(value)
    if jnp.issubdtype(array.dtype, jnp.integer):
        return "i", int(array) if isinstance(array, np.ndarray) and not array.ndim else array
    if jnp.issubdtype(array.dtype, jnp.floating):
        return "f", array
    raise DomainError(
        f"{name} is of type {array.dtype}, neither integers nor floats", todo=f'{name}={name}.astype("int32")'
    )


def _check_known(wanted: Wanted, integers: Mapping[str, Any]) -> None:
    """Compare with the domain what is known before anything runs: Python integers and NumPy arrays."""
    for dim in wanted.domain.dims:
        value = integers.get(dim.name)
        if isinstance(value, int | np.ndarray):
            some = [value] if isinstance(value, int) else np.unique(value).tolist()
            if any(dim.refusal(size) for size in some):
                raise wanted.outside(dim.name, first_wrong(dim, some))


def _array(value: Any, dim: Dim) -> Any:
    """An integer size as JAX takes it: as it is where its type is JAX's own, in pieces where it needs more bits."""
    if isinstance(value, jax.Array):
        return value
    low, high = (value, value) if isinstance(value, int) else (int(value.min(initial=0)), int(value.max(initial=0)))
    if low >= -INT32 and high <= INT32:
        return np.asarray(value, np.int32)
    do, most = WideArithmetic(np), 2 ** (BITS * width(0, max(high, 2**32))) - 1
    if isinstance(value, int):
        return tuple(np.uint32(piece) for piece in pieces(value, width(0, most)))
    return tuple(map(np.asarray, pieces(do.from_integers(value, 0, most), width(0, most))))


def _counts(wanted: Wanted, quantity: str) -> bool:
    """Whether a quantity is an integer at all sizes."""
    return not wanted.real(quantity) and is_integral(wanted.sizes[wanted.quantities.index(quantity)])


def _x64() -> bool:
    return bool(jax.config.jax_enable_x64)  # type: ignore[attr-defined]


def _rounded(value: Any, counts: bool) -> jax.Array:
    """An exact value as JAX has it."""
    if _x64() and counts:
        return jnp.asarray(max(-LARGEST, min(LARGEST, value)), jnp.int64)
    try:
        number = float(value)
    except OverflowError:
        number = float("inf") if value > 0 else float("-inf")
    with np.errstate(over="ignore"):
        return jnp.asarray(np.float64(number).astype(np.float64 if _x64() else np.float32))


class JaxIntegers(WideArithmetic):
    """Wide integers in arrays of JAX."""

    def __init__(self) -> None:
        super().__init__(jnp)

    def summed(self, count: Number, term: Callable[[Number], Number], high: int) -> Number:
        """The sum of ``term(k)`` over k below `count`, in a loop."""
        most, size = bounds(count)[1], width(0, high)

        def counted(k: Any, total: Sequence[Any]) -> tuple[Any, ...]:
            number = self._split(k, 0, max(1, most - 1))
            counts = self.at_least(count, self.multiply_add(1, number, 1))
            some = self.where(counts, term(number), 0)
            added = self.within(self.multiply_add(1, some, Wide(tuple(total), 0, high)), 0, high)
            return tuple(jnp.asarray(piece, jnp.uint32) for piece in pieces(added, size))

        zero = tuple(jnp.uint32(0) for _ in range(size))
        shapes = jax.eval_shape(counted, jnp.uint32(0), zero)
        shape = jnp.broadcast_shapes(*(s.shape for s in shapes))

        def body(k: Any, total: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(jnp.broadcast_to(piece, shape) for piece in counted(k, total))

        end = jnp.max(self._uint32(count))
        start = tuple(jnp.zeros(shape, jnp.uint32) for _ in range(size))
        return Wide(jax.lax.fori_loop(jnp.uint32(0), end, body, start), 0, high)

    def _by_bits(self, a: Wide, b: Number) -> Wide:
        """As in NumPy, in a loop: unrolled it would be thousands of operations."""
        count, least, most = len(a.limbs), *bounds(b)
        size, most = width(0, max(most, 1)), max(most, 1)
        divisor = b if isinstance(b, int) else Wide(tuple(b.limbs), max(least, 1), most)
        limbs = [jnp.asarray(x, jnp.uint32) for x in a.limbs]
        others = [] if isinstance(b, int) else [jnp.shape(x) for x in b.limbs]
        shape = jnp.broadcast_shapes(*(x.shape for x in limbs), *others)
        digits = jnp.stack([jnp.broadcast_to(x, shape) for x in limbs])

        def body(i: Any, state: Any) -> Any:
            quotient, rest = state
            place, shift = count - 1 - i // BITS, BITS - 1 - i % BITS
            bit = Wide((digits[place] >> jnp.asarray(shift, jnp.uint32) & 1,), 0, 1)
            twice = self.multiply_add(Wide(rest, 0, max(most - 1, 1)), 2, bit)
            fits = jnp.broadcast_to(jnp.asarray(self.at_least(twice, divisor)), shape)
            rest = self.within(self.where(fits, self.subtract(twice, divisor), twice), 0, max(most - 1, 1))
            quotient = quotient.at[place].set(quotient[place] * 2 + fits.astype(jnp.uint32))
            return quotient, tuple(jnp.broadcast_to(jnp.asarray(x, jnp.uint32), shape) for x in pieces(rest, size))

        start = jnp.zeros_like(digits), tuple(jnp.zeros(shape, jnp.uint32) for _ in range(size))
        quotient, _ = jax.lax.fori_loop(0, BITS * count, body, start)
        return Wide(tuple(quotient[i] for i in range(count)), 0, 2 ** (BITS * count) - 1)


class _Evaluation:
    """One evaluation: arrays of sizes in, quantities out."""

    def __init__(self, wanted: Wanted, dims: Mapping[str, Dim], integers: Mapping[str, Any], floats: Mapping[str, Any]):
        self.wanted, self.dims, self.do = wanted, dims, JaxIntegers()
        self.known = {name: v for name, v in integers.items() if isinstance(v, int)}
        self.arrays = {name: v for name, v in integers.items() if not isinstance(v, int)}
        self.floats = {name: jnp.asarray(value) for name, value in floats.items()}

    def results(self) -> list[Any]:
        """The quantities; nan, or `OUTSIDE`, where sizes are outside of the domain."""
        if self.floats:
            types = [value.dtype for value in self.floats.values()]
            kind = jnp.result_type(jnp.float32, *types)
            differentiable = Differentiable(self.walk, kind)
            inside = self._inside(self.walk(self.arrays, self.floats))
            found = [differentiable.value(size, self.floats, self.arrays) for size in self.wanted.sizes]
            return [self._masked(value, inside) for value in found]
        walk = self.walk(self.arrays, {})
        inside = self._inside(walk)
        found = []
        for quantity, size in zip(self.wanted.quantities, self.wanted.sizes, strict=True):
            number, denominator = walk.value(size)
            counts = _x64() and _counts(self.wanted, quantity)
            kind = jnp.float64 if _x64() else jnp.float32
            result = self._int64(number, denominator) if counts else self.do.to_float(number, denominator, kind)
            for failed in walk.failed:
                inside = inside & ~jnp.asarray(failed) if failed is not False else inside
            found.append(self._masked(result, inside))
        return found

    def walk(self, arrays: Mapping[str, Any], floats: Mapping[str, Any]) -> Walk:
        """A walk through formulas at these sizes; floats count as integers here."""
        sizes: dict[str, Any] = {**self.known}
        for name, value in {**arrays, **floats}.items():
            dim = self.dims[name]
            if isinstance(value, tuple):
                sizes[name] = Wide(
                    value, dim.min, min(dim.max or 2 ** (BITS * len(value)), 2 ** (BITS * len(value)) - 1)
                )
            elif jnp.issubdtype(value.dtype, jnp.floating):
                sizes[name] = self._from_floats(value, dim)
            else:
                most = int(jnp.iinfo(value.dtype).max)
                most = most if dim.max is None else min(most, dim.max)
                sizes[name] = self.do.from_integers(value, min(dim.min, most), most)
        return Walk(self.do, sizes)

    def _from_floats(self, value: Any, dim: Dim) -> Number:
        """Floats up to 2**53 as integers, in pieces."""
        value = jnp.clip(jnp.floor(value.astype(jnp.result_type(jnp.float32, value.dtype))), 0, 2.0**53)
        upper = jnp.floor(value / 2.0**32)
        lower = (value - upper * 2.0**32).astype(jnp.uint32)
        upper = upper.astype(jnp.uint32)
        mask = 2**BITS - 1
        return Wide((lower & mask, lower >> BITS, upper & mask, upper >> BITS), dim.min, max(dim.min, 2**53))

    def _int64(self, number: Number, denominator: int) -> Any:
        if denominator > 1:
            number = self.do.divide(number, denominator)
        if isinstance(number, int):
            return jnp.asarray(max(-LARGEST, min(LARGEST, number)), jnp.int64)
        total: Any = jnp.int64(0)
        for i, piece in enumerate(pieces(number, 64 // BITS)):
            total = total | jnp.asarray(piece).astype(jnp.int64) << BITS * i
        if number.high > LARGEST:
            total = jnp.where(self.do.at_least(number, LARGEST), LARGEST, total)
        if number.low < -LARGEST:
            total = jnp.where(self.do.at_least(-LARGEST, number), -LARGEST, total)
        return total

    def _masked(self, value: Any, inside: Any) -> Any:
        if inside is True:
            return value
        return jnp.where(inside, value, OUTSIDE if value.dtype == jnp.int64 else jnp.nan)

    # -- domain ------------------------------------------------------------------------------
    def _inside(self, walk: Walk) -> Any:
        """Where sizes are inside of the domain; True if nothing is to be compared."""
        if not self.wanted.check:
            return True
        tests: list[Any] = []
        for dim in self.wanted.domain.dims:
            if dim.name not in self.known:
                tests += self._of_dim(dim, walk)
        tests += [self._holds(relation, walk) for relation in self.wanted.domain.relations]
        for together in self.wanted.excluded:
            broken: Any = True
            for relation in together:
                broken = broken & jnp.asarray(self._holds(relation, walk))
            tests.append(~broken)
        inside: Any = True
        for test in tests:
            inside = inside & test if inside is not True else test
        return inside

    def _of_dim(self, dim: Dim, walk: Walk) -> list[Any]:
        value, number = {**self.arrays, **self.floats}[dim.name], walk.sizes[dim.name]
        tests: list[Any] = []
        if not isinstance(value, tuple):
            tests += [value >= dim.min, *([value <= dim.max] if _fits(dim.max, value) else [])]
            if dim.name in self.floats:  # between multiples there are derivatives
                return tests
        if dim.multiple_of > 1:
            quotient = self.do.divide(number, dim.multiple_of)
            tests.append(self.do.equal(self.do.multiply_add(quotient, dim.multiple_of, 0), number))
        if dim.power_of is not None:
            powers = [dim.power_of**k for k in range(bounds(number)[1].bit_length())]
            is_power: Any = False
            for power in powers:
                is_power = is_power | jnp.asarray(self.do.equal(number, power))
            tests.append(is_power)
        return [jnp.asarray(test) for test in tests]

    def _holds(self, relation: Relation, walk: Walk) -> Any:
        (left, right), _ = walk._same((relation.left, relation.right))
        if relation.operator in ("==", "!="):
            same = jnp.asarray(self.do.equal(left, right))
            return same if relation.operator == "==" else ~same
        a, b = (left, right) if relation.operator in (">=", "<") else (right, left)
        at_least = jnp.asarray(self.do.at_least(a, b))  # a < b is not a >= b, and a > b is not b >= a
        return at_least if relation.operator in (">=", "<=") else ~at_least


def _fits(most: int | None, value: Any) -> bool:
    """Whether a largest size is one that arrays of this type can exceed."""
    if most is None:
        return False
    return jnp.issubdtype(value.dtype, jnp.floating) or most <= jnp.iinfo(value.dtype).max


assert {*COMPARISONS} == {"<=", "<", ">=", ">", "==", "!="}
