"""Formulas over NumPy arrays: exact in int64 where all that is computed fits, in wider integers where it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from symcost.domain import Dim
from symcost.errors import DomainError
from symcost.evaluation import compile_size
from symcost.polynomial import Poly, Size, symbols_of
from symcost.query.exact import Walk, is_integral
from symcost.query.function import Wanted, broadcast, first_wrong
from symcost.query.small import SmallArithmetic, SmallIntegers, TooWide
from symcost.query.wide import BITS, Number, WideArithmetic, bounds, pieces, width

BLOCK = 2**15
"""Elements that are computed at a time, so that what is between stays in the processor's cache."""


def vectorised(wanted: Wanted) -> Callable[..., Any]:
    """A function of integers and arrays of integers."""
    integral = {size: is_integral(size) for size in wanted.sizes}

    def function(*wrong: Any, **sizes: Any) -> Any:
        arrays = {name: _array(name, value) for name, value in wanted.given(wrong, sizes).items()}
        broadcast({name: array.shape for name, array in arrays.items()})
        if wanted.check:
            _check(wanted, arrays)
        found = []
        for quantity, size in zip(wanted.quantities, wanted.sizes, strict=True):
            found.append(_evaluated(size, arrays, integral[size] and not wanted.real(quantity)))
        return wanted.packed(found)

    return function


def _array(name: str, value: Any) -> np.ndarray:
    """Sizes as an array of integers of some type; as objects where they need more than 64 bits."""
    array = np.asarray(value)
    if array.dtype == object and all(type(x) is int for x in array.flat):
        return array
    if array.dtype.kind not in "iu":
        if array.size == 0 and array.dtype == float and not hasattr(value, "dtype"):
            return array.astype(np.int64)  # the empty list
        raise DomainError(f"{name} is of type {array.dtype}, not integers", todo=f"{name}={name}.astype(int)")
    return array


def _check(wanted: Wanted, arrays: Mapping[str, np.ndarray]) -> None:
    for dim in wanted.domain.dims:
        array = arrays[dim.name]
        if array.size and not (fine := _inside(dim, array)).all():
            raise wanted.outside(dim.name, first_wrong(dim, array[~fine].ravel()[:1].tolist()))
    domain = wanted.domain
    related = {name for r in domain.relations for name in r.names}
    related |= {name for together in wanted.excluded for r in together for name in r.names}
    if not related:
        return
    narrow = replace(domain, dims=tuple(dim for dim in domain.dims if dim.name in related))
    spread = np.broadcast_arrays(*(arrays[name] for name in narrow.names))
    for values in {*zip(*(array.ravel().tolist() for array in spread), strict=True)}:
        sizes = dict(zip(narrow.names, values, strict=True))
        if not narrow.holds(sizes):
            narrow.check(sizes)


def _inside(dim: Dim, array: np.ndarray) -> np.ndarray:
    """Where sizes are inside of a symbol's domain."""
    fine = array >= dim.min
    if dim.max is not None:
        fine &= array <= dim.max
    if dim.multiple_of > 1:
        fine &= array % dim.multiple_of == 0
    if dim.power_of is not None:
        powers = [dim.power_of**k for k in range(64) if dim.power_of**k < 2**63]
        fine &= np.isin(array, powers) if array.dtype != object else True
    return np.asarray(fine, bool)


def _evaluated(size: Size | Fraction, arrays: Mapping[str, np.ndarray], integral: bool) -> Any:
    """A formula over arrays, broadcast."""
    symbols = symbols_of(size) if isinstance(size, Poly) else set()
    needed = {name: arrays[name] for name in arrays if name in symbols}
    shape = np.broadcast_shapes(*(array.shape for array in needed.values()))
    if any(array.dtype == object for array in needed.values()):
        return _one_by_one(size, needed, shape, integral)
    total = int(np.prod(shape, dtype=object))
    if total <= BLOCK:
        return _block(size, needed, integral, shape)
    flat = {n: np.broadcast_to(a, shape).reshape(-1) if a.ndim else a for n, a in needed.items()}
    parts = [
        _block(size, {n: a[start : start + BLOCK] if a.ndim else a for n, a in flat.items()}, integral,
               (min(BLOCK, total - start),))
        for start in range(0, total, BLOCK)
    ]  # fmt: skip
    return np.concatenate(parts).reshape(shape)


def _block(size: Size | Fraction, arrays: Mapping[str, np.ndarray], integral: bool, shape: tuple[int, ...]) -> Any:
    """A formula in the narrowest integers that are sure to hold everything that is computed."""
    if 0 in shape:
        return np.zeros(shape, np.int64 if integral else np.float64)
    numbers = {name: (a, int(a.min()), int(a.max())) for name, a in arrays.items()}
    try:
        small = {name: SmallIntegers.made(*number) for name, number in numbers.items()}
        walk = Walk(SmallArithmetic(), small)
        number, denominator = walk.value(size)
        values = number.values if isinstance(number, SmallIntegers) else np.int64(number)
        result = values // denominator if integral else values / denominator
    except TooWide:
        do = _WideArithmetic(np)
        wide = {name: do.from_integers(*number) if number[1] >= 0 else None for name, number in numbers.items()}
        if None in wide.values():
            return _one_by_one(size, arrays, shape, integral)
        walk = Walk(do, wide)
        number, denominator = walk.value(size)
        if integral:
            result = _integers(do.divide(number, denominator) if denominator > 1 else number)
        else:
            result = do.to_float(number, denominator, np.float64)
    if any(np.any(failed) for failed in walk.failed):
        return _one_by_one(size, arrays, shape, integral)
    result = np.broadcast_to(result, shape)
    return result[()] if not shape else np.ascontiguousarray(result)


class _WideArithmetic(WideArithmetic):
    def summed(self, count: Number, term: Callable[[Number], Number], high: int) -> Number:
        """The sum of ``term(k)`` over k below `count`."""
        total: Number = 0
        for k in range(bounds(count)[1]):
            counts = self.at_least(count, k + 1)
            total = self.within(self.multiply_add(1, self.where(counts, term(k), 0), total), 0, high)
        return total


def _integers(number: Number) -> Any:
    """Wide integers as int64, or as Python integers where one of them needs more."""
    if isinstance(number, int):
        return np.array(number, np.int64 if -(2**63) <= number < 2**63 else object)
    if width(number.low, number.high) <= 64 // BITS and number.high < 2**63:
        fits = True
    else:
        count = max(len(number.limbs), 64 // BITS) + 1
        limbs = pieces(number, count)
        fill = (limbs[64 // BITS - 1] >> BITS - 1) * (2**BITS - 1)
        fits = all(np.all(limb == fill) for limb in limbs[64 // BITS :])
    total: Any = 0
    if fits:
        for i, limb in enumerate(pieces(number, 64 // BITS)):
            total = total | np.asarray(limb, np.uint64) << np.uint64(BITS * i)
        return total.view(np.int64)
    for limb in reversed(number.limbs):
        total = total * 2**BITS + np.asarray(limb, np.uint32).astype(object)
    total = np.asarray(total, object)  # of one number it is a Python integer, which NumPy might take for a uint64
    sign = 2 ** (BITS * len(number.limbs))
    return np.where(total >= sign // 2, total - sign, total) if number.low < 0 else total


def _one_by_one(size: Size | Fraction, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...], integral: bool) -> Any:
    """A formula in Python's own integers."""
    formula = compile_size(size)
    spread = [np.broadcast_to(array, shape).ravel().tolist() for array in arrays.values()]
    points = zip(*spread, strict=True) if spread else [()]
    values = [formula(dict(zip(arrays, point, strict=True))) for point in points]
    if not integral:
        return np.array([float(value) for value in values], np.float64).reshape(shape)[()]
    fits = all(-(2**63) <= value < 2**63 for value in values)
    return np.array(values, np.int64 if fits else object).reshape(shape)[()]
