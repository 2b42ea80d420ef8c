"""Arrays as a TPU stores them: in tiles, of which the last ones are partly empty.

HLO writes the tiles behind the order of dimensions, as in ``f32[1000,7]{0,1:T(8,128)}``: 7 rows of 1000 are stored as
whole tiles of 8 rows by 128 numbers. Further tiles divide the first one, as in ``T(8,128)(2,1)`` for numbers of 16
bits. What stands in no tile is stored as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from symcost.program import itemsize

Tiles = tuple[tuple[int, ...], ...]

_TILES = re.compile(r"T((?:\(\d+(?:,\d+)*\))+)")
_BITS = re.compile(r"E\((\d+)\)")
_SPACE = re.compile(r"S\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Storage:
    """How an array lies in memory.

    Attributes:
        bytes: that it takes up, those that only fill its tiles included.
        tile: of the dimensions that its outermost tile divides, the tile's extents, as (dimension, extent) pairs.
        space: number of the memory; 0 is the large one.
    """

    bytes: int
    tile: tuple[tuple[int, int], ...] = ()
    space: int = 0


def storage(dtype: str, dims: Sequence[int], minor_to_major: Sequence[int], layout: str) -> Storage | None:
    """How an array lies in memory; None where its layout says nothing but the order of dimensions.

    Args:
        dtype, dims: of the array. minor_to_major: the order of dimensions. layout: as HLO writes it.

    Example:
        >>> storage("float32", (1000, 7), (0, 1), "0,1:T(8,128)").bytes == 8 * 1024 * 4
        True
        >>> storage("bfloat16", (1000, 7), (0, 1), "0,1:T(8,128)(2,1)S(1)")
        Storage(bytes=16384, tile=((1, 8), (0, 128)), space=1)
    """
    extra = layout.partition(":")[2]
    if not extra:
        return None
    tiles, bits, space = read_tiles(extra), _BITS.search(extra), _SPACE.search(extra)
    elements = stored_elements(dims, minor_to_major, tiles)
    size = elements * int(bits[1]) // 8 if bits else elements * itemsize(dtype)
    outer = tiles[0] if tiles else ()
    extents = tuple(zip(reversed(minor_to_major[: len(outer)]), outer, strict=False))
    return Storage(size, extents, int(space[1]) if space else 0)


def read_tiles(text: str) -> Tiles:
    """The tiles in what a layout says behind its order of dimensions, outermost first; none where it has none.

    Example:
        >>> read_tiles("T(8,128)(2,1)S(1)"), read_tiles("S(1)")
        (((8, 128), (2, 1)), ())
    """
    found = _TILES.search(text)
    if found is None:
        return ()
    return tuple(tuple(int(n) for n in tile.split(",")) for tile in found[1].strip("()").split(")("))


def stored_elements(dims: Sequence[int], minor_to_major: Sequence[int], tiles: Tiles) -> int:
    """Elements that an array takes up in memory, those that only fill its tiles included.

    Args:
        dims: of the array. minor_to_major: the order in which dimensions are stored. tiles: outermost first.

    Example:
        >>> stored_elements((1000, 7), (0, 1), ((8, 128),)) == 8 * 1024
        True
        >>> stored_elements((), (), ((128,),))
        128
    """
    physical = [dims[axis] for axis in reversed(minor_to_major)]
    for tile in tiles:
        physical = [1] * (len(tile) - len(physical)) + physical
        outer, inner = physical[: -len(tile)], physical[-len(tile) :]
        # A tile's rows and columns become dimensions of their own, for the next tile to divide.
        physical = [*outer, *(-(-n // t) for n, t in zip(inner, tile, strict=True)), *tile]
    return prod(physical)
