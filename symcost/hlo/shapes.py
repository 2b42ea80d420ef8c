"""HLO's shapes: ``f32[4,8]{1,0}``, ``(s32[], f32[4,8]{1,0})``, as plain data.

A tuple is a tree. symcost's programs know arrays only, so every tuple is flattened
into its leaves; where XLA counts the tuple itself (its table of pointers), the tree
is what says how many entries it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from symcost.errors import SymcostError
from symcost.hlo.tiles import Storage, storage
from symcost.program import Value


@dataclass(frozen=True, slots=True)
class Array:
    """An array (or token).

    Attributes:
        dtype: by numpy's name. dims: of the array. layout: their order from minor to major.
        storage: how it lies in memory, where its layout says more than the order of dimensions.
    """

    dtype: str
    dims: tuple[int, ...]
    layout: tuple[int, ...]
    storage: Storage | None = None

    def leaves(self) -> tuple[Array, ...]:
        return (self,)


@dataclass(frozen=True, slots=True)
class Tuple:
    """A tuple of shapes."""

    elements: tuple[Array | Tuple, ...]

    def leaves(self) -> tuple[Array, ...]:
        """All arrays inside, outermost first, left to right."""
        return tuple(leaf for e in self.elements for leaf in e.leaves())


Shape = Array | Tuple

_DTYPES = {"pred": "bool", "bf16": "bfloat16", "c64": "complex64", "c128": "complex128", "token": "token"}
_KINDS = {"s": "int", "u": "uint", "f": "float"}
_ARRAY = re.compile(r"([a-z]\w*)\[([^\]]*)\](?:\{((?:[^{}]|\{[^{}]*\})*)\})?")


def parse_shape(text: str) -> Shape:
    """The shape that HLO writes as `text`.

    Example:
        >>> parse_shape("(s32[], /*index=1*/f32[4,8]{0,1})").leaves()[1]
        Array(dtype='float32', dims=(4, 8), layout=(0, 1), storage=None)
        >>> parse_shape("bf16[4,8]{1,0:T(8,128)(2,1)}").storage.bytes == 8 * 128 * 2
        True
    """
    text = re.sub(r"/\*.*?\*/", "", text).strip()
    shape, end = _shape(text, 0)
    if end != len(text):
        raise SymcostError(f"HLO shape {text!r} is not understood", todo="please report this")
    return shape


def _shape(text: str, start: int) -> tuple[Shape, int]:
    if text[start : start + 1] == "(":
        elements: list[Shape] = []
        at = start + 1
        while text[at] != ")":
            element, at = _shape(text, at)
            elements.append(element)
            while text[at] in ", ":
                at += 1
        return Tuple(tuple(elements)), at + 1
    found = _ARRAY.match(text, start)
    if found is None:
        raise SymcostError(f"HLO shape {text!r} is not understood", todo="please report this")
    dtype, dims, layout = found.groups()
    if "<=" in dims:
        raise SymcostError(f"HLO shape {found[0]!r} is dynamic", todo="give arrays of fixed sizes")
    sizes = tuple(int(d) for d in dims.split(",") if d)
    order = (layout or "").partition(":")[0]
    minor_to_major = tuple(int(d) for d in order.split(",") if d) or tuple(reversed(range(len(sizes))))
    name = dtype_name(dtype)
    return Array(name, sizes, minor_to_major, storage(name, sizes, minor_to_major, layout or "")), found.end()


def dtype_name(hlo: str) -> str:
    """numpy's name of an HLO element type.

    Example:
        >>> dtype_name("s32"), dtype_name("f8e4m3fn"), dtype_name("pred")
        ('int32', 'float8_e4m3fn', 'bool')
    """
    known = _DTYPES.get(hlo)
    if known is not None:
        return known
    kind, rest = _KINDS.get(hlo[0]), hlo[1:]
    bits, e, variant = rest.partition("e")
    if kind is None or not bits.isdigit():
        raise SymcostError(f"HLO element type {hlo!r} is not known", todo="please report this")
    return f"{kind}{bits}_e{variant}" if e else f"{kind}{bits}"


def element_type(dtype: str) -> str:
    """HLO's name of a numpy type.

    Example:
        >>> [element_type(name) for name in ("int32", "float8_e4m3fn", "bool", "bfloat16")]
        ['s32', 'f8e4m3fn', 'pred', 'bf16']
    """
    for short, name in _DTYPES.items():
        if name == dtype:
            return short
    return re.sub(r"^(uint|int|float)(\d+)_?", lambda m: m[1][0].replace("i", "s") + m[2], dtype)


def value(array: Array) -> Value:
    """An array as a value of a program."""
    return Value(array.dims, array.dtype)
