"""Arrays in tiles: sizes worked out by hand, and programs that count them."""

from __future__ import annotations

import pytest

from symcost.capture_hlo import parse_hlo
from symcost.hlo.shapes import parse_shape
from symcost.hlo.tiles import read_tiles

# HLO's shape: bytes in memory, by hand
TABLE = {
    "f32[]{:T(128)}": 512,
    "f32[7]{0:T(128)}": 512,
    "f32[200]{0:T(256)}": 1_024,
    # 7 rows of 1000, in one row of tiles of 8 by 128, and of 1024 columns
    "f32[1000,7]{0,1:T(8,128)}": 32_768,
    # 1000 rows of 7: 125 tiles, each one wide
    "f32[1000,7]{1,0:T(8,128)}": 512_000,
    "bf16[1000,7]{0,1:T(8,128)(2,1)}": 16_384,
    "s8[200,5]{1,0:T(8,128)(4,1)S(1)}": 25_600,
    "pred[72]{0:T(512)(128)(4,1)}": 512,
    "f32[5,2]{0,1:T(2,128)}": 1_024,
    # 3 by 2 matrices of 2 by 3, from the outside in: dimensions 0, 2, 1, 3
    "f32[2,2,3,3]{3,1,2,0:T(2,128)}": 2 * 3 * 2 * 128 * 4,
    "f32[5,9,9,3]{0,3,2,1:T(4,128)}": 9 * 9 * 4 * 128 * 4,
    # a tile of more dimensions than the array has
    "f32[3]{0:T(8,128)}": 4_096,
    # four bits per element
    "s4[8,128]{1,0:T(8,128)(8,1)E(4)}": 512,
    "u32[]{:S(2)}": 4,
    "f32[4,8]{1,0:S(1)}": 128,
    "f32[0,8]{1,0:T(8,128)}": 0,
}


@pytest.mark.parametrize("shape", TABLE)
def test_sizes_in_memory(shape):
    storage = parse_shape(shape).storage
    assert storage is not None
    assert storage.bytes == TABLE[shape]


@pytest.mark.parametrize("shape", ["f32[4,8]", "f32[4,8]{1,0}", "f32[]"])
def test_arrays_whose_layout_says_nothing_of_memory(shape):
    assert parse_shape(shape).storage is None


def test_tiles_by_dimension():
    found = parse_shape("f32[5,9,6]{1,2,0:T(4,128)}").storage
    assert (found.tile, found.space) == (((2, 4), (1, 128)), 0)
    assert parse_shape("f32[9]{0:T(128)}").storage.tile == ((0, 128),)
    assert read_tiles("T(8,128)(2,1)S(1)") == ((8, 128), (2, 1))


MODULE = """HloModule m

double {
  p = f32[1000,7]{0,1:T(8,128)} parameter(0)
  ROOT s = f32[1000,7]{0,1:T(8,128)} add(p, p)
}

ENTRY main {
  a = f32[1000,7]{0,1:T(8,128)} parameter(0)
  b = f32[1000,7]{0,1:T(8,128)} parameter(1)
  c = f32[1000,7]{0,1:T(8,128)} add(a, b)
  d = f32[1000,7]{0,1:T(8,128)} fusion(c), kind=kLoop, calls=double
  t = (f32[7]{0:T(128)}, f32[7]{0:T(128)}) custom-call(d), custom_call_target="two"
  ROOT e = f32[7]{0:T(128)} get-tuple-element(t), index=1
}
"""


def test_a_program_in_tiles_has_the_same_instructions_with_other_sizes():
    plain, stored = parse_hlo(MODULE), parse_hlo(MODULE, stored=True)
    for one, other in zip(plain.ops(), stored.ops(), strict=True):
        assert one.instruction.template is other.instruction.template
        assert [v.shape for v in one.outputs] == [v.shape for v in other.outputs]
    add, fusion, call = stored.ops()
    assert [v.bytes for v in (*add.inputs, *add.outputs)] == [32_768] * 3
    assert [v.bytes for v in call.outputs] == [512, 512]
    assert [v.bytes for v in next(fusion.regions[0].ops()).inputs] == [32_768] * 2
    assert [v.bytes for v in next(plain.ops()).inputs] == [28_000] * 2
