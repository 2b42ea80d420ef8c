"""Reading HLO text: shapes, attributes, names and whole modules, piece by piece."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from symcost import capture_hlo
from symcost.capture_hlo import parse_hlo
from symcost.errors import SymcostError, TargetError
from symcost.hlo import attributes, op_names
from symcost.hlo.op_names import Frame, OpName, enter_call
from symcost.hlo.shapes import Array, Tuple, parse_shape
from symcost.hlo.tiles import Storage
from symcost.program import Record, SkeletonBuilder


def S(*shape, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(shape, dtype)


# -- shapes ----------------------------------------------------------------------------------
def test_shapes():
    assert parse_shape("f32[]") == Array("float32", (), ())
    assert parse_shape("pred[3]{0}") == Array("bool", (3,), (0,))
    assert parse_shape("bf16[2,0,5]{0,2,1}") == Array("bfloat16", (2, 0, 5), (0, 2, 1))
    tiled = parse_shape("bf16[2,0,5]{0,2,1:T(8,128)(2,1)}")
    assert tiled == Array("bfloat16", (2, 0, 5), (0, 2, 1), Storage(0, ((2, 8), (0, 128))))
    assert parse_shape("f8e5m2fnuz[7]").dtype == "float8_e5m2fnuz"
    assert parse_shape("()") == Tuple(())
    nested = parse_shape("((s32[], f32[4,8]{1,0}), /*index=1*/token[])")
    assert nested.elements[1] == Array("token", (), ())
    assert [leaf.dims for leaf in nested.leaves()] == [(), (4, 8), ()]


@pytest.mark.parametrize("bad", ["f32[4", "q7[3]", "f32[3] f32[4]", ""])
def test_shapes_that_are_none(bad):
    with pytest.raises(SymcostError, match=r"not understood|not known"):
        parse_shape(bad)


def test_dynamic_shapes_are_refused():
    with pytest.raises(SymcostError, match=r"f32\[<=8,3\].* is dynamic"):
        parse_shape("f32[<=8,3]{1,0}")


# -- attributes ------------------------------------------------------------------------------
def read(opcode: str, rank: int, attributes_text: str):
    builder = SkeletonBuilder()
    params = attributes.parameters(opcode, rank, attributes.split(attributes_text), builder)
    return dict(params), builder.slots


def test_defaults_of_windows_take_the_same_slots():
    plain, ones = read("convolution", 4, "window={size=3x3}, dim_labels=b01f_01io->b01f")
    strided, slots = read(
        "convolution",
        4,
        "window={size=3x5 stride=2x1 pad=0_1x-2_1 lhs_dilate=1x2 rhs_dilate=3x1}, dim_labels=b01f_01io->b01f, "
        "feature_group_count=4",
    )
    assert plain == strided
    assert ones == [1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert slots == [2, 1, 0, 1, -2, 1, 1, 2, 3, 1, 4, 1]


def test_dimension_numbers_are_structure():
    params, _ = read("convolution", 4, "window={size=3x3}, dim_labels=fb10_io01->0bf1")
    specs = (("lhs_spec", (1, 0, 3, 2)), ("rhs_spec", (1, 0, 2, 3)), ("out_spec", (1, 2, 0, 3)))
    assert params["dimension_numbers"] == Record(specs)


def test_slices_and_paddings():
    assert read("slice", 2, "slice={[1:5], [2:10:3]}")[1] == [1, 2, 5, 10, 1, 3]
    assert read("pad", 2, "padding=1_-1x0_0_2")[1] == [1, -1, 0, 0, 0, 2]
    assert read("slice", 0, "slice={}")[1] == []
    assert read("concatenate", 2, "dimensions={1}") == ({"dimension": 1}, [])


def test_positions_stay_and_sizes_go():
    params, slots = read(
        "gather",
        2,
        "offset_dims={1}, collapsed_slice_dims={0}, start_index_map={0}, index_vector_dim=1, slice_sizes={1,8}",
    )
    assert (params["offset_dims"], params["index_vector_dim"], slots) == ((1,), 1, [1, 8])
    assert read("fft", 2, "fft_type=RFFT, fft_length={24}")[1] == [24]
    assert read("all-gather", 2, "replica_groups=[2,4]<=[8], channel_id=1")[1] == [2, 4, 8, 1]


def test_words_stay_as_they_are():
    params, slots = read("dot", 2, "operand_precision={high,high}, algorithm=dot_bf16_bf16_f32_x3")
    assert slots == []
    assert params["algorithm"] == "dot_bf16_bf16_f32_x3"


def test_what_may_hold_addresses_is_dropped():
    kept = attributes.split('custom_call_target="f", sharding={devices=[2]<=[2]}, frontend_attributes={a="3"}')
    assert read("custom-call", 1, "")[0] == {}
    params, slots = read("custom-call", 1, 'custom_call_target="f5", sharding={replicated}')
    assert (params, slots, len(kept)) == ({"custom_call_target": "f5"}, [], 3)


def test_an_unknown_window_field_is_refused():
    with pytest.raises(SymcostError, match="unknown fields \\['twist'\\]"):
        read("reduce-window", 1, "window={size=3 twist=2}")


# -- names -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("op_name", "scope", "phase", "primitive"),
    [
        ("jit(f)/add", "", "forward", "add"),
        ("jit(f)/jvp(Net)/Dense_0/dot_general", "Net/Dense_0", "forward", "dot_general"),
        ("jit(f)/transpose(jvp(Net))/Dense_0/dot_general", "Net/Dense_0", "backward", "dot_general"),
        ("jit(f)/transpose(jvp())/mul", "", "backward", "mul"),
        ("jit(f)/Net/while/body/closed_call/Dense_0/tanh", "Net/Dense_0", "forward", "tanh"),
        ("jit(f)/Net/while/cond/lt", "Net", "forward", "lt"),
        ("jit(f)/cond/branch_1_fun/jit(silu)/Net/exp", "Net", "forward", "exp"),
        ("jit(f)/vmap(while)/body/exp", "while/body", "forward", "exp"),
        ("jit(f)/M/M.encode/d/add", "M/M/d", "forward", "add"),
        ("jit(f)/M.encode/M/d/add", "M/d", "forward", "add"),
        ("jit(f)/vmap(a/b)/sin", "a/b", "forward", "sin"),
        ("jit(f)/A/...qk,...kd->...qd/dot_general", "A", "forward", "dot_general"),
        ("jit(f)/transpose(jvp(N))/jvp(N)/checkpoint/B/mul", "N/B", "backward", "mul"),
        ("jit(f)/transpose(jvp(N))/M/jvp(N)/M/checkpoint/B/mul", "N/M/B", "backward", "mul"),
        ("jit(f)/transpose(jvp(N))/jvp(N)/checkpoint/rematted_computation/B/mul", "N/B", "recomputed", "mul"),
        ("jit(f)/symcost_update/add", "", "update", "add"),
        ("jit(f)/jvp(A)/mul;jit(f)/jvp(B)/mul", "A", "forward", "mul"),
        ("jit(f)/jvp(jit(relu))", "", "forward", "jit"),
        ("", "", "forward", ""),
    ],
)
def test_op_names(op_name, scope, phase, primitive):
    assert op_names.read(op_name, Frame()) == OpName(scope, phase, primitive)


def test_names_inside_a_call_are_relative_to_it():
    frame = enter_call("jit(f)/transpose(jvp(Net))/jit(relu)", Frame(), "relu_6.26")
    assert op_names.read("max", frame) == OpName("Net", "backward", "max")
    assert op_names.read("Inner/max", frame) == OpName("Net/Inner", "backward", "max")


@pytest.mark.parametrize(
    ("op_name", "computation", "primitive"),
    [
        ("jit(f)/Net", "argmax.41", "argmax"),  # the lowering of one primitive
        ("jit(f)/jvp(Net)", "cumsum_7.31", "cumsum"),
        ("", "cumsum_7.31", "cumsum"),
        ("jit(<lambda>)", "cumsum.2", "cumsum"),
        ("jit(f)/jit(block_1)", "block_1.5", "iota"),  # the user's own functions
        ("jit(f)/jit(<lambda>)", "_lambda_.2", "iota"),
        ("jit(f)/while/body/closed_call", "closed_call.2", "iota"),
    ],
)
def test_a_primitive_lowered_as_a_function_gives_its_name(op_name, computation, primitive):
    assert op_names.read("iota", enter_call(op_name, Frame(), computation)).primitive == primitive


# -- modules ---------------------------------------------------------------------------------
MODULE = """HloModule jit_f

FileNames
1 "/venv/site-packages/flax/linen/linear.py"
2 "/home/me/net.py"

FunctionNames
1 "Dense.__call__"
2 "Net.__call__"

FileLocations
1 {file_name_id=1 function_name_id=1 line=7 end_line=7 column=1 end_column=2}
2 {file_name_id=2 function_name_id=2 line=30 end_line=30 column=1 end_column=2}

StackFrames
1 {file_location_id=2 parent_frame_id=1}
2 {file_location_id=1 parent_frame_id=2}


%body.1 (p.1: (s32[], f32[4,8])) -> (s32[], f32[4,8]) {
  %p.1 = (s32[], f32[4,8]{1,0}) parameter(0)
  %i.1 = s32[] get-tuple-element(%p.1), index=0
  %x.1 = f32[4,8]{1,0} get-tuple-element(%p.1), index=1
  %y.1 = f32[4,8]{1,0} call(%x.1), to_apply=%relu.1, metadata={op_name="jit(f)/A/while/body/jit(relu)"}
  ROOT %t.1 = (s32[], /*index=1*/f32[4,8]{1,0}) tuple(%i.1, /*index=1*/%y.1)
}

%cond.1 (p.2: (s32[], f32[4,8])) -> pred[] {
  %p.2 = (s32[], f32[4,8]{1,0}) parameter(0)
  %i.2 = s32[] get-tuple-element(%p.2), index=0
  %c.2 = s32[] constant(5)
  ROOT %lt.2 = pred[] compare(%i.2, %c.2), direction=LT, metadata={op_name="jit(f)/A/while/cond/lt"}
}

%relu.1 (x.9: f32[4,8]) -> f32[4,8] {
  %x.9 = f32[4,8]{1,0} parameter(0)
  %c.9 = f32[] constant(0)
  %b.9 = f32[4,8]{1,0} broadcast(%c.9), dimensions={}
  ROOT %m.9 = f32[4,8]{1,0} maximum(%x.9, %b.9), metadata={op_name="max"}
}

ENTRY %main.1 (b.0: f32[8], x.0: f32[4,8]) -> f32[4,8] {
  %x.0 = f32[4,8]{1,0} parameter(1)
  %b.0 = f32[8]{0} parameter(0)
  %k.0 = c64[2]{0} constant({(1, 0), (0, 1)}), metadata={op_name="jit(f)/k"}
  %r.0 = f32[4,8]{1,0} call(%x.0), to_apply=%relu.1, metadata={op_name="jit(f)/B/jit(relu)"}
  %q.0 = f32[4,8]{1,0} call(%r.0), to_apply=%relu.1, metadata={op_name="jit(f)/B/jit(relu)" stack_frame_id=2}
  %n.0 = s32[] constant(0)
  %t.0 = (s32[], f32[4,8]{1,0}) tuple(%n.0, %q.0)
  %w.0 = (s32[], f32[4,8]{1,0}) while(%t.0), condition=%cond.1, body=%body.1, metadata={op_name="jit(f)/A/while"}
  ROOT %o.0 = f32[4,8]{1,0} get-tuple-element(%w.0), index=1, metadata={op_name="jit(f)/A/while"}
}
"""


def test_a_module():
    program = parse_hlo(MODULE)
    assert [v.shape for v in program.inputs] == [(8,), (4, 8)]  # in the parameters' own order
    assert program.kinds == ("argument", "argument")
    opcodes = [i.template.primitive for i in program.instructions]
    assert opcodes == ["constant", "call", "call", "constant", "tuple", "while"]
    loop = program.instructions[-1]
    assert loop.reads == (6, 7)  # the tuple's leaves
    assert program.outputs == (9,)  # the loop's second leaf
    body, condition = loop.regions
    assert (body.name, condition.name) == ("body", "condition")
    assert body.outputs == (3, 4)
    assert [i.template.primitive for i in condition.instructions] == ["constant", "compare"]


def test_called_computations_are_shared_where_they_stand_in_one_place():
    first, second = (i.regions[0] for i in parse_hlo(MODULE).instructions[1:3])
    assert first is second
    loop = parse_hlo(MODULE).instructions[-1]
    inner = loop.regions[0].instructions[0].regions[0]
    assert inner.instructions[-1].template.scope == "A"
    assert first.instructions[-1].template.scope == "B"


def test_sources_are_the_users_lines():
    instruction = parse_hlo(MODULE).instructions[2]
    assert str(instruction.source) == "/home/me/net.py:30 (Net.__call__)"


def test_errors_name_the_line():
    with pytest.raises(SymcostError, match="no ENTRY computation"):
        parse_hlo("HloModule m")
    with pytest.raises(SymcostError, match="instruction 'nonsense' is not understood"):
        parse_hlo("ENTRY %main () -> f32[] {\n  nonsense\n}")
    with pytest.raises(TargetError, match="platform 'gpu' is not known\n  to do: one of cpu, cuda"):
        capture_hlo.lower_program(jnp.sin, [S(3)], platform="gpu")


# -- structure ---------------------------------------------------------------------------------
def structure(program):
    return tuple((i.template, i.reads, tuple(map(structure, i.regions))) for i in program.instructions)


def block(x, w, k, i):
    x = lax.conv_general_dilated(x, k, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    x = lax.reduce_window(jax.nn.gelu(x), -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
    x = jax.nn.softmax(x.reshape(x.shape[0], -1)[:, : w.shape[0]] @ w * w.shape[0] ** -0.5)
    x = jnp.concatenate([x, jnp.pad(x[1:], ((1, 0), (0, 0)))], 1) + len(i)
    return lax.scan(lambda c, j: (c + jnp.cumsum(x)[j], jnp.sort(x[j])), 0.0, i)


def arguments(b, n, f, k, m):
    return S(b, n, n, f), S(n, m), S(k, k, f, 17), S(m + b, dtype=jnp.int32)


def test_programs_at_different_sizes_have_the_same_templates():
    """Odd and even sizes, kernels and strides of 1 included: only slots differ, and constants not at all."""

    def program(*sizes):
        return capture_hlo.lower_program(jax.value_and_grad(lambda *a: block(*a)[0], (0, 1, 2)), arguments(*sizes))

    first = program(3, 41, 5, 3, 7)
    assert len(first.instructions) > 80
    for sizes in ((5, 64, 9, 4, 11), (4, 97, 13, 5, 6)):
        other = program(*sizes)
        assert structure(other) == structure(first)
        assert [i.slots for i in other.walk()] != [i.slots for i in first.walk()]


def test_no_template_contains_a_size():
    """Sizes that occur nowhere else must not be found in any template."""
    program = capture_hlo.lower_program(block, arguments(53, 641, 59, 61, 67))
    for instruction in program.walk():
        written = str(instruction.template.params)
        for size in ("53", "641", "59", "61", "67", "321"):
            assert size not in written, written


def test_parsing_is_linear_in_the_text():
    """The number of shapes, attributes and names that are read anew does not grow with repetition."""

    def layers(n):
        def fn(x):
            for _ in range(n):
                x = jnp.tanh(x @ x).sum(0) + x
            return x

        return capture_hlo.lower_program(fn, [S(5, 5)])

    short, long = layers(3), layers(30)
    assert {i.template for i in short.walk()} == {i.template for i in long.walk()}


def test_names_inside_a_call_that_the_compiler_made_start_from_the_entry():
    text = """HloModule jit_f

wrapped {
  x = f32[3] parameter(0)
  ROOT n = f32[3] negate(x), metadata={op_name="jit(f)/Net/while/body/cell/neg"}
}

ENTRY main {
  x = f32[3] parameter(0)
  ROOT c = f32[3] call(x), to_apply=wrapped, metadata={op_name="jit(f)/Net/while"}
}
"""
    (call,) = parse_hlo(text).ops()
    (inside,) = call.regions[0].ops()
    assert (inside.scope, inside.params["jax_primitive"]) == ("Net/cell", "neg")
