"""Lowered HLO -> `Program`: what XLA's cost analysis looks at, and what it says.

``Lowered.cost_analysis()`` analyses the module that `compiler_ir("hlo")` returns
(StableHLO converted to HLO, which simplifies some things away; nothing is optimised).
Reading that module, rather than predicting it from the jaxpr, is what makes the
convention "xla" exact in every JAX release.

Written against jax 0.10 - 0.12. What depends on the release: `compiler_ir("hlo")`
returns an object with ``as_hlo_module().to_string()``, which prints metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from symcost.capture.modules import module_costs
from symcost.errors import TargetError
from symcost.hlo.parser import parse_hlo as parse_hlo
from symcost.hlo.shapes import element_type
from symcost.program import Program, Value

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""Platforms that JAX lowers for without having them."""


def lower_program(fn: Callable, args: Sequence[Any], platform: str = "cpu") -> Program:
    """Lower `fn(*args)` and return its HLO as a program.

    Args:
        fn: a JAX callable. args: pytrees of arrays or `jax.ShapeDtypeStruct`.
        platform: whose lowering rules to use; no device of that kind is needed.

    Example:
        >>> x, w = jax.ShapeDtypeStruct((2, 3), "float32"), jax.ShapeDtypeStruct((3, 5), "float32")
        >>> [op.primitive for op in lower_program(lambda x, w: jax.numpy.exp(x @ w), [x, w]).ops()]
        ['dot', 'exponential']
    """
    return parse_hlo(hlo_text(lower(fn, args, platform)))


def lower(fn: Callable, args: Sequence[Any], platform: str = "cpu") -> Any:
    """`jax.stages.Lowered` of ``jax.jit(fn)(*args)`` for `platform`."""
    if platform not in PLATFORMS:
        raise TargetError(f"platform {platform!r} is not known", todo=f"one of {', '.join(PLATFORMS)}")
    return jax.jit(fn).trace(*args).lower(lowering_platforms=(platform,))


def hlo_text(lowered: Any) -> str:
    """The unoptimised HLO module of `lowered` as text, metadata included."""
    return lowered.compiler_ir("hlo").as_hlo_module().to_string()


def xla_counts(lowered: Any, args: Sequence[Any] | None = None, platform: str = "cpu") -> dict[str, float]:
    """XLA's own flops, transcendentals and bytes accessed of the unoptimised module.

    XLA adds up in float32: totals from 2**24 on are rounded.

    Args:
        lowered: a `jax.stages.Lowered`, or a callable with `args`.

    Example:
        >>> xla_counts(lambda x: x * x, [jax.ShapeDtypeStruct((2, 3), "float32")])
        {'flops': 6.0, 'transcendentals': 0.0, 'bytes_accessed': 72.0}
    """
    if args is not None:
        lowered = lower(lowered, args, platform)
    return named_counts(lowered.cost_analysis() or {})


def instruction_counts(opcode: str, operands: Sequence[Value], output: Value) -> dict[str, float] | None:
    """XLA's own counts of one instruction without attributes; None where XLA does not take it.

    Example:
        >>> x = Value((2, 3), "float32")
        >>> instruction_counts("exponential", [x], x)
        {'flops': 0.0, 'transcendentals': 6.0, 'bytes_accessed': 48.0}
    """
    lines = [f"p{i} = {_shape(v)} parameter({i})" for i, v in enumerate(operands)]
    lines.append(f"ROOT r = {_shape(output)} {opcode}({', '.join(f'p{i}' for i in range(len(operands)))})")
    found = module_costs("HloModule m\n\nENTRY main {\n  " + "\n  ".join(lines) + "\n}\n")
    return None if found is None else named_counts(found)


def _shape(value: Value) -> str:
    return f"{element_type(value.dtype)}[{','.join(map(str, value.shape))}]"


def named_counts(found: Mapping[str, float]) -> dict[str, float]:
    """symcost's quantities of what XLA's cost analysis returns, where a 0 is left out."""
    names = {"flops": "flops", "transcendentals": "transcendentals", "bytes_accessed": "bytes accessed"}
    return {name: float(found.get(key, 0.0)) for name, key in names.items()}
