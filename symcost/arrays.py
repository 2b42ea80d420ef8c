"""Array arguments with symbolic shapes: `array("N F", "float32")`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symcost.advice import advice, declare
from symcost.dims import declared, in_order, public_name, to_dims
from symcost.domain import Dim, format_sizes, near_names, unknown_symbol
from symcost.errors import ArgumentError, DimensionError
from symcost.grammar import parse_shape
from symcost.polynomial import Poly, Size, evaluate, symbols_of


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """An array argument: shape in sizes, dtype by name. Made by `array`."""

    shape: tuple[Size, ...]
    dtype: str = "float32"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the symbols in the shape."""
        return in_order(name for size in self.shape for name in symbols_of(size))

    def at(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape in integers.

        Raises:
            DimensionError: a dimension is negative or no integer at `sizes`, or has a symbol that `sizes` lacks.
        """
        for name in self.names:
            if name not in sizes:
                raise unknown_symbol(name, tuple(sizes), f"the array {self}")
        shape = tuple(evaluate(size, sizes) for size in self.shape)
        for size, value in zip(self.shape, shape, strict=True):
            if not isinstance(value, int) or value < 0:
                names = sorted(symbols_of(size))
                why = "negative" if value < 0 else "no integer"
                at = format_sizes({n: sizes[n] for n in names})
                raise DimensionError(
                    f"the dimension {size} of {self} is {value}, {why}, at {at}",
                    todo=advice(
                        "declare what the size must be, such as {} or {}, or round with // in the shape string",
                        declare(names[0], min=max(2, sizes[names[0]] + 1)),
                        declare(names[0], multiple_of=2),
                    ),
                )
        return shape  # type: ignore[return-value]  # checked above

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


def array(shape: Any, dtype: Any = "float32", *, dims: Any = None) -> ArraySpec:
    """An array argument with symbolic shape; nothing is allocated.

    Args:
        shape: a shape string such as ``"B 2*N F//8"`` ("" is a scalar), or a tuple of integers, symbols and
            sympy expressions. A name that was not declared is declared with the default domain.
        dtype: a dtype or its name; ``bool``, ``int``, ``float`` and ``complex`` are JAX's 32-bit defaults;
            ``"key<fry>"`` is a typed PRNG key.
        dims: the symbols that may occur; then any other name is an error.

    Raises:
        DimensionError: the shape can't be read, or holds an unknown symbol.
        ArgumentError: the dtype is unknown.

    Example:
        >>> print(array("B 2*N F//8 (H+1)/2", "bfloat16"))
        bfloat16[B, 2*N, floor((F)/(8)), 1/2*H + 1/2]
        >>> from symcost.dims import dims
        >>> N, F = dims("N F")
        >>> print(array((N, 2 * F)), array(""))
        float32[N, 2*F] float32[]
    """
    if isinstance(shape, str):
        sizes, names = parse_shape(shape)
        where = f'the shape string "{shape}"'
    else:
        own = getattr(shape, "shape", None)
        if own is not None and not (own == () and hasattr(shape, "__index__")):
            given = f"{getattr(shape, 'dtype', '')!s}{list(own)}"
            raise ArgumentError(
                f"sc.array takes a shape, not an array ({given})",
                todo=f"sc.array({tuple(own)}), or hand the array itself to sc.trace",
            )
        if not isinstance(shape, (tuple, list)):
            shape = (shape,)
        sizes = tuple(_entry(entry, shape) for entry in shape)
        names = tuple(dict.fromkeys(name for size in sizes for name in sorted(symbols_of(size))))
        where = f"the shape {shape}"
    if dims is not None:
        known = tuple(d.name for d in to_dims(dims))
        for name in names:
            if name not in known:
                raise unknown_symbol(name, known, where)
    for name in names:
        declared(public_name(name))
    return ArraySpec(sizes, dtype_name(dtype))


def size_from_text(text: str, what: str, *, declare: bool = True) -> Size:
    """One size given as text, ``"4*H"``.

    Args:
        what: what the size is for, for the message. declare: whether its symbols are declared, where they are not yet.
    """
    sizes, names = parse_shape(text)
    if len(sizes) != 1:
        raise DimensionError(f"{what}: {text!r} is not one size", todo='write one size, such as "4*H"')
    for name in names if declare else ():
        declared(public_name(name))
    return sizes[0]


def _entry(entry: Any, shape: Any) -> Size:
    """One dimension of a shape given as a tuple."""
    if isinstance(entry, Poly):
        return entry
    if isinstance(entry, Dim):
        entry = entry.name
    if isinstance(entry, str):
        sizes, _ = parse_shape(entry)
        if len(sizes) == 1:
            return sizes[0]
        raise DimensionError(f"{entry!r} in the shape {shape} is not one dimension", todo='("N", "2*F"), or "N 2*F"')
    if hasattr(entry, "__index__") and type(entry).__name__ not in ("bool", "bool_"):
        size: Size = entry.__index__()
    elif hasattr(entry, "free_symbols"):
        from symcost.expression import from_sympy

        size = from_sympy(entry)
    else:
        raise DimensionError(
            f"{entry!r} in the shape {shape} is a {type(entry).__name__}, not a size",
            todo="use integers, symbols and expressions of them",
        )
    if isinstance(size, int) and size < 0:
        raise DimensionError(f"{size} in the shape {shape} is negative", todo="sizes are 0 or more")
    return size


PYTHON_DTYPES = {bool: "bool", int: "int32", float: "float32", complex: "complex64"}
# fmt: off
DTYPES = frozenset((
    "bool", "int2", "int4", "int8", "int16", "int32", "int64", "uint2", "uint4", "uint8", "uint16", "uint32", "uint64",
    "bfloat16", "float16", "float32", "float64", "complex64", "complex128",
    "float4_e2m1fn", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz",
    "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "key<fry>", "key<rbg>", "key<urbg>",
))
# fmt: on
"""Names of the dtypes that an array argument may have."""


def dtype_name(dtype: Any) -> str:
    """The name of a dtype given as a name, a NumPy or JAX dtype or scalar type, or a Python type."""
    name = dtype if isinstance(dtype, str) else PYTHON_DTYPES.get(dtype) if isinstance(dtype, type) else None
    if name is None:
        # jnp.float32 carries a dtype, np.float32 is a class named after it, np.dtype has a name
        inner = getattr(dtype, "dtype", None)
        inner = inner if hasattr(inner, "name") else dtype
        name = getattr(inner, "name", None) or getattr(inner, "__name__", None) or repr(dtype)
    if name not in DTYPES:
        near = near_names(name, tuple(sorted(DTYPES)))
        raise ArgumentError(
            f"unknown dtype {name!r}",
            todo=f"did you mean {' or '.join(map(repr, near))}?" if near else 'sc.array("N F", "float32")',
        )
    return name
