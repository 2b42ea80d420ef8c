"""Opcodes in modules written by hand, and at random sizes: XLA's analysis is the oracle for each alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

import jax
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jaxlib import _hlo, _jax

from symcost.capture_hlo import parse_hlo
from tests.examples import examples
from tests.hlo.agreement import REGISTRY, assert_close, costs

COMPUTATIONS = {
    "add": ("x = f32[] parameter(0)", "y = f32[] parameter(1)", "s = f32[] add(x, y)", "ROOT e = f32[] exponential(s)"),
    "add2": (
        "x = f32[] parameter(0)",
        "i = s32[] parameter(1)",
        "y = f32[] parameter(2)",
        "j = s32[] parameter(3)",
        "s = f32[] add(x, y)",
        "k = s32[] add(i, j)",
        "ROOT t = (f32[], s32[]) tuple(s, k)",
    ),
    "less": ("x = f32[] parameter(0)", "y = f32[] parameter(1)", "ROOT r = pred[] compare(x, y), direction=LT"),
    "negated": ("x = f32[5,7] parameter(0)", "n = f32[5,7] negate(x)", "ROOT r = f32[5,7] exponential(n)"),
    "gathered": (
        "x = f32[9] parameter(0)",
        "i = s32[5,1] parameter(1)",
        "n = f32[9] negate(x)",
        "g = f32[5] gather(n, i), offset_dims={}, collapsed_slice_dims={0}, start_index_map={0}, index_vector_dim=1, "
        "slice_sizes={1}",
        "ROOT e = f32[5] exponential(g)",
    ),
    "scattered": (
        "x = f32[9] parameter(0)",
        "i = s32[5,1] parameter(1)",
        "u = f32[5] parameter(2)",
        "n = f32[5] exponential(u)",
        "ROOT s = f32[9] scatter(x, i, n), update_window_dims={}, inserted_window_dims={0}, "
        "scatter_dims_to_operand_dims={0}, index_vector_dim=1, to_apply=add",
    ),
    "opposite": ("x = f32[5,7] parameter(0)", "ROOT n = f32[5,7] negate(x)"),
    # a fusion inside, whose result is used by what stands below it
    **{
        name: (
            "x = f32[5,7] parameter(0)",
            "i = s32[] parameter(1)",
            "u = f32[2,3] constant({{0,0,0},{0,0,0}})",
            f"f = f32[5,7] fusion(x), kind=kLoop, calls={calls}",
            *users,
        )
        for name, calls, users in (
            ("inside_sliced", "opposite", ("ROOT s = f32[2,7] slice(f), slice={[1:3],[0:7]}",)),
            ("inside_sliced_late", "negated", ("ROOT s = f32[2,7] slice(f), slice={[1:3],[0:7]}",)),
            ("inside_picked", "opposite", ("ROOT d = f32[2,3] dynamic-slice(f, i, i), dynamic_slice_sizes={2,3}",)),
            ("inside_updated", "opposite", ("ROOT d = f32[5,7] dynamic-update-slice(f, u, i, i)",)),
            ("inside_updated_late", "negated", ("ROOT d = f32[5,7] dynamic-update-slice(f, u, i, i)",)),
            (
                "inside_used_twice",
                "opposite",
                (
                    "n = f32[5,7] negate(f)",
                    "e = f32[5,7] exponential(f)",
                    "s = f32[2,7] slice(f), slice={[1:3],[0:7]}",
                    "ROOT t = (f32[5,7], f32[5,7], f32[2,7]) tuple(n, e, s)",
                ),
            ),
        )
    },
    "inside_at_root": ("x = f32[5,7] parameter(0)", "ROOT f = f32[5,7] fusion(x), kind=kLoop, calls=negated"),
    "step": (
        "x = f32[7] parameter(0)",
        "c = f32[7] parameter(1)",
        "s = f32[7] add(x, c)",
        "ROOT t = (f32[7], f32[7]) tuple(s, s)",
    ),
}


def _called(lines: Iterable[str]) -> list[str]:
    """Names of the computations that some lines call."""
    return [name for name in COMPUTATIONS if re.search(rf"={name}\b", " ".join(lines))]


def assert_module_equals_xla(*lines: str) -> dict[str, int]:
    """The figures of a module whose entry computation has these lines are XLA's."""
    text: list[str] = list(lines)
    for _ in range(3):  # those that are called, those that they call, and the reducers of these
        text += [line for name in _called(text) for line in COMPUTATIONS[name]]
    called = {name: COMPUTATIONS[name] for name in _called(text)}
    parts = [f"{name} {{\n  " + "\n  ".join(body) + "\n}\n" for name, body in {**called, "ENTRY main": lines}.items()]
    module = _hlo.hlo_module_from_text("HloModule m\n\n" + "\n".join(parts))
    program = parse_hlo(module.to_string())
    found = _jax.hlo_module_cost_analysis(jax.devices("cpu")[0].client, module)
    ours = costs(program)
    names = {"flops": "flops", "transcendentals": "transcendentals", "bytes_accessed": "bytes accessed"}
    assert_close(ours, {q: float(found.get(key, 0.0)) for q, key in names.items()}, len(lines))
    return ours


A, B = "a = f32[5,7] parameter(0)", "b = f32[5,7] parameter(1)"
TUPLE = "t = (f32[5,7], f32[5,7]) tuple(a, b)"
TOKEN = "t = token[] after-all()"

MODULES = {
    "tuple": (A, B, "ROOT t = (f32[5,7], f32[5,7]) tuple(a, b)"),
    "tuple of a tuple": (A, B, TUPLE, "ROOT u = ((f32[5,7], f32[5,7]), f32[5,7]) tuple(t, b)"),
    "empty tuple": ("ROOT u = () tuple()",),
    "an element": (A, B, TUPLE, "ROOT u = f32[5,7] get-tuple-element(t), index=1"),
    "barrier": (A, "ROOT u = f32[5,7] opt-barrier(a)"),
    "barrier of a tuple": (A, B, TUPLE, "ROOT u = (f32[5,7], f32[5,7]) opt-barrier(t)"),
    "copy of a tuple": (A, B, TUPLE, "ROOT u = (f32[5,7], f32[5,7]) copy(t)"),
    "transpose, renamed": (A, "ROOT u = f32[7,5]{0,1} transpose(a), dimensions={1,0}"),
    "transpose, moved": (A, "ROOT u = f32[7,5]{1,0} transpose(a), dimensions={1,0}"),
    "bitcast": (A, "ROOT u = f32[35] bitcast(a)"),
    "map": (A, B, "ROOT u = f32[5,7] map(a, b), dimensions={0,1}, to_apply=add"),
    "reduce of none": (
        "a = f32[5,0] parameter(0)",
        "c = f32[] constant(0)",
        "ROOT u = f32[5] reduce(a, c), dimensions={1}, to_apply=add",
    ),
    "reduce of two": (
        A,
        "b = s32[5,7] parameter(1)",
        "c = f32[] constant(0)",
        "d = s32[] constant(0)",
        "ROOT u = (f32[5], s32[5]) reduce(a, b, c, d), dimensions={1}, to_apply=add2",
    ),
    "reduce-window of two": (
        A,
        "b = s32[5,7] parameter(1)",
        "c = f32[] constant(0)",
        "d = s32[] constant(0)",
        "ROOT u = (f32[4,6], s32[4,6]) reduce-window(a, b, c, d), window={size=2x2}, to_apply=add2",
    ),
    "scatter of two": (
        "a = f32[8] parameter(0)",
        "b = s32[8] parameter(1)",
        "i = s32[3,1] parameter(2)",
        "u = f32[3] parameter(3)",
        "v = s32[3] parameter(4)",
        "ROOT s = (f32[8], s32[8]) scatter(a, b, i, u, v), update_window_dims={}, inserted_window_dims={0}, "
        "scatter_dims_to_operand_dims={0}, index_vector_dim=1, to_apply=add2",
    ),
    "sort": (A, "ROOT u = f32[5,7] sort(a), dimensions={1}, to_apply=less"),
    "topk": (A, "ROOT u = (f32[5,2], s32[5,2]) topk(a), k=2, largest=true"),
    "cholesky": ("a = f32[7,7] parameter(0)", "ROOT u = f32[7,7] cholesky(a), lower=true"),
    "cholesky of a batch": ("a = f64[2,5,5] parameter(0)", "ROOT u = f64[2,5,5] cholesky(a), lower=true"),
    "triangular-solve": (
        "a = f32[7,7] parameter(0)",
        "b = f32[7,5] parameter(1)",
        "ROOT u = f32[7,5] triangular-solve(a, b), left_side=true, lower=true, unit_diagonal=false, "
        "transpose_a=NO_TRANSPOSE",
    ),
    "rng": (
        "a = f32[] parameter(0)",
        "b = f32[] parameter(1)",
        "ROOT u = f32[5,7] rng(a, b), distribution=rng_uniform",
    ),
    "rng-bit-generator": (
        "s = u64[2] parameter(0)",
        "ROOT u = (u64[2], u32[5,7]) rng-bit-generator(s), algorithm=rng_default",
    ),
    "rng state": ("ROOT u = u64[2] rng-get-and-update-state(), delta=1",),
    "stochastic-convert": (A, "b = u32[5,7] parameter(1)", "ROOT u = s32[5,7] stochastic-convert(a, b)"),
    "mulhi": ("a = u32[5,7] parameter(0)", "ROOT u = u32[5,7] mulhi(a, a)"),
    "logistic": (A, "ROOT u = f32[5,7] logistic(a)"),
    "scaled-dot": (
        "a = f32[8,16] parameter(0)",
        "b = f32[16,32] parameter(1)",
        "c = f32[8,2] parameter(2)",
        "d = f32[2,32] parameter(3)",
        "ROOT u = f32[8,32] scaled-dot(a, b, c, d), lhs_contracting_dims={1}, rhs_contracting_dims={0}",
    ),
    "batch-norm-training": (
        A,
        "s = f32[7] parameter(1)",
        "o = f32[7] parameter(2)",
        "ROOT u = (f32[5,7], f32[7], f32[7]) batch-norm-training(a, s, o), epsilon=0.1, feature_index=1",
    ),
    "batch-norm-inference": (
        A,
        *(f"{name} = f32[7] parameter({i})" for i, name in enumerate("somv", 1)),
        "ROOT u = f32[5,7] batch-norm-inference(a, s, o, m, v), epsilon=0.1, feature_index=1",
    ),
    "batch-norm-grad": (
        A,
        *(f"{name} = f32[7] parameter({i})" for i, name in enumerate("smv", 1)),
        "g = f32[5,7] parameter(4)",
        "ROOT u = (f32[5,7], f32[7], f32[7]) batch-norm-grad(a, s, m, v, g), epsilon=0.1, feature_index=1",
    ),
    "all-reduce": (A, B, "ROOT u = (f32[5,7], f32[5,7]) all-reduce(a, b), to_apply=add"),
    "all-reduce in two": (A, "s = f32[5,7] all-reduce-start(a), to_apply=add", "ROOT d = f32[5,7] all-reduce-done(s)"),
    "reduce-scatter": (
        "a = f32[8] parameter(0)",
        "ROOT s = f32[4] reduce-scatter(a), dimensions={0}, replica_groups={{0,1}}, to_apply=add",
    ),
    "all-gather": (A, "ROOT s = f32[10,7] all-gather(a), dimensions={0}, replica_groups={{0,1}}"),
    "all-gather in two": (
        A,
        "s = (f32[5,7], f32[10,7]) all-gather-start(a), dimensions={0}, replica_groups={{0,1}}",
        "ROOT d = f32[10,7] all-gather-done(s)",
    ),
    "all-to-all": (A, B, "ROOT u = (f32[5,7], f32[5,7]) all-to-all(a, b), replica_groups={{0,1}}"),
    "collective-permute": (A, "ROOT s = f32[5,7] collective-permute(a), source_target_pairs={{0,1}}"),
    "collective-permute in two": (
        A,
        "s = (f32[5,7], f32[5,7], u32[], u32[]) collective-permute-start(a), source_target_pairs={{0,1}}",
        "ROOT d = f32[5,7] collective-permute-done(s)",
    ),
    "collective-broadcast": (A, "ROOT s = f32[5,7] collective-broadcast(a), replica_groups={{0,1}}"),
    "partition-id": ("a = u32[] partition-id()", "b = u32[] replica-id()", "ROOT u = u32[] add(a, b)"),
    "copy in two": (A, "s = (f32[5,7], f32[5,7], u32[]) copy-start(a)", "ROOT d = f32[5,7] copy-done(s)"),
    "slice in two": (
        A,
        "s = ((f32[5,7]), f32[2,7], s32[]) slice-start(a), slice={[1:3],[0:7]}",
        "ROOT d = f32[2,7] slice-done(s)",
    ),
    "async": (
        A,
        "s = ((f32[5,7]), f32[5,7], u32[]) async-start(a), calls=negated",
        "u = ((f32[5,7]), f32[5,7], u32[]) async-update(s)",
        "ROOT d = f32[5,7] async-done(u)",
    ),
    "async call": (
        A,
        "s = ((f32[5,7]), f32[5,7], u32[]) call-start(a), to_apply=negated",
        "ROOT d = f32[5,7] call-done(s)",
    ),
    "fusion": (A, "ROOT f = f32[5,7] fusion(a), kind=kLoop, calls=negated"),
    "fusion of one's own": (A, "ROOT f = f32[5,7] fusion(a), kind=kCustom, calls=negated"),
    "fusion of a fusion": (A, "ROOT f = f32[5,7] fusion(a), kind=kLoop, calls=inside_at_root"),
    **{
        name: (A, "i = s32[] parameter(1)", f"ROOT f = {shape} fusion(a, i), kind=kLoop, calls={name}")
        for name, shape in {
            "inside_sliced": "f32[2,7]",
            "inside_sliced_late": "f32[2,7]",
            "inside_picked": "f32[2,3]",
            "inside_updated": "f32[5,7]",
            "inside_updated_late": "f32[5,7]",
            "inside_used_twice": "(f32[5,7], f32[5,7], f32[2,7])",
        }.items()
    },
    "fusion around a gather": (
        "a = f32[9] parameter(0)",
        "i = s32[5,1] parameter(1)",
        "ROOT f = f32[5] fusion(a, i), kind=kCustom, calls=gathered",
    ),
    "fusion around a scatter": (
        "a = f32[9] parameter(0)",
        "i = s32[5,1] parameter(1)",
        "u = f32[5] parameter(2)",
        "ROOT f = f32[9] fusion(a, i, u), kind=kCustom, calls=scattered",
    ),
    "send": (
        A,
        TOKEN,
        "s = (f32[5,7], u32[], token[]) send(a, t), channel_id=1",
        "ROOT d = token[] send-done(s), channel_id=1",
    ),
    "recv": (
        TOKEN,
        "s = (f32[5,7], u32[], token[]) recv(t), channel_id=1",
        "ROOT d = (f32[5,7], token[]) recv-done(s), channel_id=1",
    ),
    "infeed": (TOKEN, "ROOT s = (f32[5,7], token[]) infeed(t)"),
    "outfeed": (A, TOKEN, "ROOT s = token[] outfeed(a, t), outfeed_shape=f32[5,7]{1,0}"),
    "get-dimension-size": (A, "ROOT n = s32[] get-dimension-size(a), dimensions={1}"),
    "custom-call": (A, 'ROOT u = f32[5,7] custom-call(a), custom_call_target="f({[", backend_config="{]"'),
    "call with a tuple": (
        A,
        B,
        TUPLE,
        "u = f32[5,7] get-tuple-element(t), index=0",
        "ROOT d = f32[5,7] call(u), to_apply=negated",
    ),
    "types of four and eight bits": (
        "a = s4[5,7] parameter(0)",
        "b = f8e4m3fn[5,7] convert(a)",
        "ROOT c = f4e2m1fn[5,7] convert(b)",
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_costs_what_xla_says(name):
    assert_module_equals_xla(*MODULES[name])


@pytest.mark.skipif(not hasattr(_hlo.HloOpcode, "kExp2"), reason="opcodes of jaxlib 0.12")
def test_opcodes_of_newer_releases():
    assert_module_equals_xla(A, "b = f32[5,7] exp2(a)", "ROOT c = f32[5,7] log2(b)")
    found = assert_module_equals_xla(
        "a = f32[6,7] parameter(0)",
        "c = f32[7] parameter(1)",
        "ROOT s = (f32[6,7], f32[7]) scan(a, c), dimensions={0}, num_carries=1, to_apply=step",
    )
    assert found["flops"] == 7 * 7  # the body's 7, as often as the carry has elements; not 6 times


def test_every_opcode_of_xla_has_a_rule():
    """XLA's list of opcodes; those without a rule are listed here, and unknown to the registry."""
    names = {n for n in dir(_hlo.HloOpcode) if n.startswith("k")}
    short = {
        "Cos": "cosine",
        "Sin": "sine",
        "Exp": "exponential",
        "Expm1": "exponential-minus-one",
        "Log1p": "log-plus-one",
        "Clz": "count-leading-zeros",
        "PopulationCount": "popcnt",
        "OptimizationBarrier": "opt-barrier",
        "TopK": "topk",
    }
    missing = set()
    for name in names:
        opcode = short.get(name[1:]) or re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name[1:]).lower()
        if opcode not in REGISTRY:
            missing.add(opcode)
    # dynamic shapes and what no released lowering emits
    assert missing <= {"set-dimension-size", "shuffle", "collective-reduce"}


# -- at random sizes ------------------------------------------------------------------------------
small = st.integers(1, 7)


@st.composite
def windows(draw):
    """One axis: size, window, stride, low and high padding, dilations; and the size that comes out."""
    size, taps, stride = draw(st.integers(0, 9)), draw(small), draw(st.integers(1, 3))
    low, high = draw(st.integers(-2, 8)), draw(st.integers(-2, 8))
    base, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    spanned = (0 if size == 0 else (size - 1) * base + 1) + low + high
    span = (taps - 1) * dilation + 1
    assume(spanned >= 0)
    return (
        size,
        taps,
        stride,
        low,
        high,
        base,
        dilation,
        max(0, (spanned - span) // stride + 1) if spanned >= span else 0,
    )


def window_text(*axes) -> str:
    _, taps, stride, low, high, base, dilation, _ = zip(*axes, strict=True)

    def row(values):
        return "x".join(map(str, values))

    pads = row(f"{a}_{b}" for a, b in zip(low, high, strict=True))
    return f"{{size={row(taps)} stride={row(stride)} pad={pads} lhs_dilate={row(base)} rhs_dilate={row(dilation)}}}"


@settings(max_examples=examples(60))
@given(windows(), windows(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_convolutions(y, x, batch, features, groups):
    assert_module_equals_xla(
        f"a = f32[{batch},{y[0]},{x[0]},{features * groups}] parameter(0)",
        f"w = f32[{y[1]},{x[1]},{features},{2 * groups}] parameter(1)",
        f"ROOT c = f32[{batch},{y[-1]},{x[-1]},{2 * groups}] convolution(a, w), window={window_text(y, x)}, "
        f"dim_labels=b01f_01io->b01f, feature_group_count={groups}",
    )


@settings(max_examples=examples(60))
@given(windows(), windows())
def test_windows(y, x):
    assume(y[0] and x[0])
    assert_module_equals_xla(
        f"a = f32[{y[0]},{x[0]}] parameter(0)",
        "c = f32[] constant(0)",
        f"ROOT u = f32[{y[-1]},{x[-1]}] reduce-window(a, c), window={window_text(y, x)}, to_apply=add",
    )


@settings(max_examples=examples(40))
@given(small, small, st.integers(-1, 1), st.integers(-1, 1))
def test_windows_that_span_all(rows, n, more_taps, more_padding):
    """The special case of a reduction that is broadcast back, and its neighbours."""
    taps, high = max(1, 2 * n - 1 + more_taps), max(0, n - 1 + more_padding)
    out = n + (n - 1) + high - taps + 1
    assume(out > 0)
    window = f"{{size=1x{taps} pad=0_0x{n - 1}_{high}}}"
    assert_module_equals_xla(
        f"a = f32[{rows},{n}] parameter(0)",
        "c = f32[] constant(0)",
        f"ROOT u = f32[{rows},{out}] reduce-window(a, c), window={window}, to_apply=add",
    )


@settings(max_examples=examples(30))
@given(st.integers(1, 300), st.integers(1, 5))
def test_sorts_and_transforms(n, rows):
    assert_module_equals_xla(
        f"a = f32[{rows},{n}] parameter(0)",
        f"ROOT u = f32[{rows},{n}] sort(a), dimensions={{1}}, to_apply=less",
    )
    assert_module_equals_xla(
        f"a = c64[{rows},{n}] parameter(0)",
        f"ROOT u = c64[{rows},{n}] fft(a), fft_type=FFT, fft_length={{{rows},{n}}}",
    )


@settings(max_examples=examples(30))
@given(st.permutations(range(4)), st.permutations(range(4)), st.permutations(range(4)))
def test_transposes_of_any_layout(dims, before, after):
    shape = (2, 3, 1, 5)
    assert_module_equals_xla(
        f"a = f32[2,3,1,5]{{{','.join(map(str, before))}}} parameter(0)",
        f"ROOT u = f32[{','.join(str(shape[d]) for d in dims)}]{{{','.join(map(str, after))}}} transpose(a), "
        f"dimensions={{{','.join(map(str, dims))}}}",
    )
