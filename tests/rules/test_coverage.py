"""Every primitive that JAX can lower has a rule, is free, is inlined, or is listed here with a reason."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from jax import lax
from jax._src import core

from symcost.capture.calls import CALLS, EXPANDED
from symcost.errors import RuleError
from symcost.polynomial import Poly
from symcost.program import Instruction, Op, Template, Value
from symcost.rules import FAMILIES, document, load
from symcost.rules.arithmetic import COMPLEX, TRANSCENDENTALS, scalar
from symcost.rules.gaps import KNOWN_GAPS
from symcost.rules.registry import Cost, algorithm
from tests.rules.measure import counts

load()


def symcost_rules() -> list[str]:
    """Primitives with a rule of the package; other tests and examples may have registered rules of their own."""
    return [p for p in algorithm if p in algorithm._free or algorithm._rules[p].__module__.startswith("symcost.rules.")]


MODULES = (
    *("jax.export", "jax.experimental.pallas", "jax.experimental.sparse", "jax.experimental.multihost_utils"),
    "jax.experimental.xla_metadata",
    *("jax._src.cudnn.fused_attention_stablehlo", "jax._src.cudnn.scaled_matmul_stablehlo"),
    *("jax.experimental.pallas.tpu", "jax.experimental.pallas.triton", "jax.experimental.pallas.mosaic_gpu"),
    *("jax._src.cudnn.fusion", "jax.experimental.fused", "jax._src.pallas.fuser.custom_fusion_lib"),
)
"""Parts of JAX that register primitives when they are imported."""

RELEASES = {
    "0.10": {
        *("reduced_vary_cast_p", "vary_unreduced_cast_p", "core_map", "debug_barrier_p"),
        *("psum_start", "unreduced_psum_start", "unreduced_reduce_scatter_start"),
        *("pbroadcast_start", "pbroadcast_done"),
    },
    "0.12": {
        *("log2", "one_minus_square", "polynomial", "relayout", "reduced_vary_cast", "vary_unreduced_cast"),
        *("pbroadcast_dynamic", "unreduced_pmax", "unreduced_pmin", "has_memory_space", "debug_barrier"),
    },
}
"""Primitives with a rule that only some of the supported releases of JAX have."""


WALK = """
import gc, importlib, sys, warnings
from jax._src import core
from jax._src.interpreters import mlir
warnings.simplefilter("ignore")  # JAX's own deprecations, on import
for module in sys.argv[1:]:
    importlib.import_module(module)
found = {p.name for p in mlir._lowerings}
found |= {p.name for rules in mlir._platform_specific_lowerings.values() for p in rules}
print(*sorted(found))
print(*sorted({p.name for p in gc.get_objects() if isinstance(p, core.Primitive)}))
"""


@pytest.fixture(scope="module")
def registered() -> tuple[set[str], set[str]]:
    """Primitives that JAX itself can lower, and all it has, in a process where no other library adds its own."""
    run = subprocess.run([sys.executable, "-c", WALK, *MODULES], capture_output=True, text=True, check=True)
    lowered, existing = (set(line.split()) for line in run.stdout.splitlines())
    return lowered, existing


@pytest.fixture(scope="module")
def lowered(registered: tuple[set[str], set[str]]) -> set[str]:
    return registered[0]


def test_every_primitive_is_accounted_for(lowered: set[str]) -> None:
    listed = {name for names in KNOWN_GAPS.values() for name in names}
    assert sorted(lowered - set(algorithm) - set(CALLS) - set(EXPANDED) - listed) == []
    assert sorted(listed & set(algorithm)) == []
    assert sorted(listed - lowered) == []
    assert len(KNOWN_GAPS) <= 5


def test_every_rule_is_for_a_primitive_that_exists(registered: tuple[set[str], set[str]]) -> None:
    lowered, existing = registered
    absent = set(symcost_rules()) - lowered - existing
    assert absent <= set().union(*RELEASES.values())


def test_calls_and_expansions_have_no_rule_besides() -> None:
    assert sorted({*CALLS, *EXPANDED} & set(algorithm)) == []


def test_loading_twice_is_harmless_and_a_second_rule_is_refused() -> None:
    load()
    with pytest.raises(RuleError, match=r"primitive 'dot_general' already has a rule in the 'algorithm' registry"):
        algorithm.rule("dot_general")(lambda op: Cost())
    with pytest.raises(RuleError, match="primitive 'reshape' already has a rule"):
        algorithm.free("reshape", why="again")


def test_importing_the_rules_does_not_need_jax() -> None:
    families = "; ".join(f"import symcost.rules.{f}" for f in FAMILIES)
    code = f"import sys; {families}; print('jax' in sys.modules)"
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert found.stdout == "False\n"


def _primitives_of(rule: str) -> dict[str, core.Primitive]:
    """JAX's primitives that the named rule function counts."""
    exist = {p.name: p for p in gc.get_objects() if isinstance(p, core.Primitive)}
    return {n: exist[n] for n, r in algorithm._rules.items() if r.__name__ == rule and n in exist}


def _bound(primitive: core.Primitive, dtype: str) -> Callable | None:
    """A function that applies `primitive` to as many arrays of `dtype` as it takes; None if it takes none."""
    aval, x = core.ShapedArray((7,), np.dtype(dtype)), jax.ShapeDtypeStruct((7,), dtype)
    for operands in (1, 2, 3):
        for params in ({}, {"accuracy": None}, {"y": 3}, {"rounding_method": lax.RoundingMethod.TO_NEAREST_EVEN}):
            try:
                primitive.abstract_eval(*[aval] * operands, **params)
            except Exception:  # JAX has many ways to say that it takes something else
                continue
            fn = lambda *a, p=params: primitive.bind(*a, **p)
            return lambda n=operands, fn=fn, x=x: counts(fn, *[x] * n)
    return None


def test_every_elementwise_primitive_counts_its_elements() -> None:
    """JAX is asked which dtypes each takes; one operation for each of seven elements."""
    tried = []
    for rule, quantity in (("one_per_element", "flops"), ("transcendental", "transcendentals")):
        for name, primitive in _primitives_of(rule).items():
            for dtype, expected in (("float32", quantity), ("int32", "int_ops"), ("bool", "int_ops")):
                count = _bound(primitive, dtype)
                if count is not None:
                    assert count() == {expected: 7}, (name, dtype)
                    tried.append(name)
    never = {*_primitives_of("one_per_element"), *_primitives_of("transcendental")} - set(tried)
    assert never <= {"reciprocal"}  # belongs to kernels


def test_complex_operations_that_jax_allows_have_a_definition() -> None:
    missing = []
    for rule in ("one_per_element", "transcendental"):
        for name, primitive in _primitives_of(rule).items():
            if name not in COMPLEX and _bound(primitive, "complex64") is not None:
                missing.append(name)
    assert missing == []


def _op(primitive: str, params: dict, inputs: tuple[Value, ...], outputs: tuple[Value, ...]) -> Op:
    shapes = tuple((len(v.shape), v.dtype) for v in outputs)
    template = Template(primitive, shapes, tuple(params.items()))
    slots = tuple(n for v in outputs for n in v.shape)
    return Op(Instruction(template, slots, (), 0), inputs, outputs)


def test_a_complex_operation_without_a_definition_is_an_error() -> None:
    z = Value((3,), "complex64")
    with pytest.raises(RuleError, match="'erf' of complex64 has no count in real operations") as caught:
        algorithm.cost(_op("erf", {}, (z,), (z,)))
    assert "rules={'erf': your_rule}" in str(caught.value)


def test_random_keys_of_another_kind_are_an_error() -> None:
    key, bits = Value((), "key<mine>"), Value((3,), "uint32")
    with pytest.raises(RuleError, match="random keys of type 'key<mine>' have no count"):
        algorithm.cost(_op("random_bits", {"bit_width": 32}, (key,), (bits,)))


def test_comparing_keys_compares_their_words() -> None:
    assert scalar("eq", "key<fry>").int_ops == 3  # two comparisons and an and
    assert scalar("eq", "key<rbg>").int_ops == 7


def test_transcendentals_do_not_count_as_flops() -> None:
    assert {scalar(name, "float32").flops for name in TRANSCENDENTALS} == {0}
    assert {scalar(name, "bfloat16").transcendentals for name in TRANSCENDENTALS} == {1}


def test_the_page_of_rules_is_generated() -> None:
    """By a process of its own, as a user would."""
    written = Path(__file__).parents[2] / "docs" / "rules.md"
    command = [sys.executable, "-m", "symcost.rules.document"]
    page = subprocess.run(command, capture_output=True, text=True, check=True, cwd=written.parents[1]).stdout
    assert written.read_text() == page, "python -m symcost.rules.document > docs/rules.md"


def test_the_table_names_every_primitive_once_and_says_what_is_counted() -> None:
    rows = document.table(algorithm).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(algorithm)
    for row in rows:
        cells = [cell.strip() for cell in row.replace("\\|", "").strip("|").split("|")]
        assert len(cells) == 3
        assert cells[1] in ("rule", "free")
        assert len(cells[2]) > 10


def test_costs_are_exact_sizes() -> None:
    """A rule that divides says so when the quotient is no integer."""
    from symcost.rules.extent import exactly

    with pytest.raises(RuleError, match="divides 7 by 2, which leaves 1"):
        exactly(7, 2)
    assert isinstance(exactly(6, 2), int)
    assert not isinstance(exactly(6, 2), Poly)
