"""What the TPU's compiler counts, from modules written by hand: every amount is worked out in a comment."""

from __future__ import annotations

import pytest

from symcost.capture_hlo import parse_hlo
from symcost.rules import load
from symcost.rules.registry import hlo
from symcost.xla.listing import Reader, list_hlo
from symcost.xla.targets import TARGETS, target
from symcost.xla.tpu import tpu_entries, tpu_traffic, without_buffers


def amounts(text: str, chip: str = "tpu-v5e") -> tuple[int, dict[str, int]]:
    """Bytes of the common analysis, and what the TPU's compiler adds, by cause."""
    load()
    plain = list_hlo(parse_hlo(text), Reader("bytes_accessed", hlo)).entries
    found = tpu_traffic(plain, parse_hlo(text, stored=True), target(chip))
    return sum(e.amount for e in plain), {c.kind: c.amount for c in found.causes()}


def entry(*lines: str) -> str:
    return "ENTRY main {\n  " + "\n  ".join(lines) + "\n}\n"


def module(*lines: str) -> str:
    return "HloModule m\n\n" + entry(*lines)


@pytest.mark.parametrize(
    ("shape", "elements", "stored"),
    [
        ("f32[1000,7]{0,1:T(8,128)}", 84_000, 98_304),
        ("bf16[1000,7]{0,1:T(8,128)(2,1)}", 42_000, 49_152),
        ("f32[7]{0:T(128)}", 84, 1_536),
    ],
)
def test_a_sum_in_tiles(shape, elements, stored):
    text = module(f"a = {shape} parameter(0)", f"b = {shape} parameter(1)", f"ROOT c = {shape} add(a, b)")
    assert amounts(text) == (elements, {"tiles": stored - elements})


COPY = module(
    "a = f32[5,11]{1,0:T(8,128)} parameter(0)",
    "s = (f32[5,11]{1,0:T(8,128)S(1)}, f32[5,11]{1,0:T(8,128)}, u32[]{:S(2)}) copy-start(a)",
    "ROOT d = f32[5,11]{1,0:T(8,128)S(1)} copy-done(s)",
)


@pytest.mark.parametrize(("chip", "table"), [("tpu-v2", 1_024), ("tpu-v5e", 512), ("tpu-v6e", 32)])
def test_a_copy_to_fast_memory(chip, table):
    # the array four times, in one tile; a semaphore; a table of three entries
    common, more = amounts(COPY, chip)
    assert set(more) == {"copies"}
    assert common + more["copies"] == 4 * 4_096 + 4_096 + table
    start, done = tpu_entries(parse_hlo(COPY, stored=True), target(chip))
    assert (start.amount, done.amount) == (3 * 4_096 + 4_096, 4_096 + table)


def test_a_slice_to_fast_memory():
    text = module(
        "a = f32[512,784]{0,1:T(8,128)} parameter(0)",
        "s = ((f32[512,784]{0,1:T(8,128)}), f32[512,199]{0,1:T(8,128)S(1)}, s32[]{:S(2)}) slice-start(a), "
        "slice={[0:512], [0:199]}",
        "ROOT d = f32[512,199]{0,1:T(8,128)S(1)} slice-done(s)",
    )
    # 200 rows of 512 are read and written, then written once more; a table
    common, more = amounts(text)
    assert common + more["copies"] == 3 * 200 * 512 * 4 + 512


def test_tables_of_tuples_take_up_whole_granules():
    text = module(
        "a = f32[128]{0:T(128)} parameter(0)",
        "b = f32[128]{0:T(128)} parameter(1)",
        "ROOT t = (f32[128]{0:T(128)}, f32[128]{0:T(128)}) tuple(a, b)",
    )
    for chip, granule in (("tpu-v3", 1_024), ("tpu-v4", 512), ("tpu-v5p", 32), ("tpu-7x", 32)):
        common, more = amounts(text, chip)
        assert common + more["tuple"] == granule
    assert all(row.granule > 1 for row in TARGETS.values() if row.platform == "tpu")


def picking(operand: str, indices: str, result: str, attributes: str) -> str:
    """A fusion made for a gather."""
    return (
        "HloModule m\n\npick {\n"
        f"  x = {operand} parameter(0)\n  i = {indices} parameter(1)\n"
        f"  ROOT g = {result} gather(x, i), {attributes}, index_vector_dim=1\n}}\n\n"
    ) + entry(
        f"a = {operand} parameter(0)",
        f"i = {indices} parameter(1)",
        f"ROOT f = {result} fusion(a, i), kind=kCustom, calls=pick",
    )


ROWS = "offset_dims={1}, collapsed_slice_dims={0}, start_index_map={0}, slice_sizes={1,5}"
SINGLE = "offset_dims={}, collapsed_slice_dims={0}, start_index_map={0}, slice_sizes={1}"


@pytest.mark.parametrize(
    ("operand", "result", "attributes", "rows", "read"),
    [
        # 200 rows, each from a tile of its own
        ("f32[400,5]{1,0:T(8,128)}", "f32[200,5]{1,0:T(8,128)}", ROWS, 102_400, 200 * 4_096),
        ("bf16[400,5]{1,0:T(8,128)(2,1)}", "bf16[200,5]{1,0:T(8,128)(2,1)}", ROWS, 51_200, 200 * 2_048),
        # 72 numbers, stored as 128
        ("f32[40]{0:T(128)}", "f32[72]{0:T(128)}", SINGLE, 512, 128 * 4_096),
    ],
)
def test_a_gather_reads_a_tile_for_every_row(operand, result, attributes, rows, read):
    n = 72 if "72" in result else 200
    indices = f"s32[{n}]{{0:T({128 if n == 72 else 256})}}"
    common, more = amounts(picking(operand, indices, result, attributes))
    assert more["rows"] == read - rows
    # tiles read, rows written, and the indices
    assert common + sum(more.values()) == read + rows + (512 if n == 72 else 1_024)


def test_a_gather_of_what_no_tile_divides_reads_no_more():
    attributes = "offset_dims={1,2}, collapsed_slice_dims={0}, start_index_map={0}, slice_sizes={1,5,3}"
    text = picking("f32[400,5,3]{2,1,0:T(8,128)}", "s32[200]{0:T(256)}", "f32[200,5,3]{2,1,0:T(8,128)}", attributes)
    assert "rows" not in amounts(text)[1]


def test_a_scatter_reads_and_writes_a_tile_for_every_row():
    operand, updates = "f32[400,5]{1,0:T(8,128)}", "f32[200,5]{1,0:T(8,128)}"
    text = (
        "HloModule m\n\nadd {\n  x = f32[] parameter(0)\n  y = f32[] parameter(1)\n  ROOT s = f32[] add(x, y)\n}\n\n"
        f"put {{\n  x = {operand} parameter(0)\n  i = s32[200]{{0:T(256)}} parameter(1)\n  u = {updates} parameter(2)\n"
        f"  ROOT g = {operand} scatter(x, i, u), update_window_dims={{1}}, inserted_window_dims={{0}}, "
        "scatter_dims_to_operand_dims={0}, index_vector_dim=1, to_apply=add\n}\n\n"
    ) + entry(
        f"a = {operand} parameter(0)",
        "i = s32[200]{0:T(256)} parameter(1)",
        f"u = {updates} parameter(2)",
        f"ROOT f = {operand} fusion(a, i, u), kind=kCustom, calls=put",
    )
    common, more = amounts(text)
    # tiles of 4096 bytes around 200 rows, in and out; the updates, 102,400 in tiles; indices
    assert common + sum(more.values()) == 2 * 200 * 4_096 + 102_400 + 1_024


def test_loops_read_no_tables_and_allocated_buffers_cost_nothing():
    text = (
        "HloModule m\n\n"
        "body {\n  p = (f32[128]{0:T(128)}, s32[]{:T(128)}) parameter(0)\n"
        "  x = f32[128]{0:T(128)} get-tuple-element(p), index=0\n"
        "  n = s32[]{:T(128)} get-tuple-element(p), index=1\n"
        "  y = f32[128]{0:T(128)} negate(x)\n"
        "  ROOT t = (f32[128]{0:T(128)}, s32[]{:T(128)}) tuple(y, n)\n}\n\n"
        "condition {\n  p = (f32[128]{0:T(128)}, s32[]{:T(128)}) parameter(0)\n"
        "  n = s32[]{:T(128)} get-tuple-element(p), index=1\n"
        "  ROOT c = pred[]{:T(512)} compare(n, n), direction=LT\n}\n\n"
    ) + entry(
        "n = s32[]{:T(128)} parameter(0)",
        'x = f32[128]{0:T(128)} custom-call(), custom_call_target="AllocateBuffer"',
        "t = (f32[128]{0:T(128)}, s32[]{:T(128)}) tuple(x, n)",
        "ROOT w = (f32[128]{0:T(128)}, s32[]{:T(128)}) while(t), condition=condition, body=body",
    )
    common, more = amounts(text)
    # two tables; a negation of 512 bytes in and out; a comparison of 512 and 512, 512 out
    assert common + sum(more.values()) == 2 * 512 + 2 * 512 + 3 * 512
    assert more["chip"] == 1
    flops = list_hlo(parse_hlo(text), Reader("flops", hlo)).entries
    # a negation of 128 numbers, a comparison
    assert sum(e.amount for e in flops) == 128 + 1 - 1
    assert sum(e.amount for e in without_buffers(flops)) == 128 + 1
