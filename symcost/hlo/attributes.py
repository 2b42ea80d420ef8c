"""Attributes of HLO instructions as parameters with sizes taken out.

An attribute says either *which* (axes, directions, names: part of the structure,
stays in the template) or *how much* (windows, limits, lengths, group counts: a size,
becomes a slot). Defaults that HLO leaves out of the text, such as a window's
strides of 1, are filled in, so that a size that happens to be the default does not
change the structure.
"""

from __future__ import annotations

import re
from typing import Any

from symcost.errors import SymcostError
from symcost.program import Record, SkeletonBuilder

REGIONS = (
    "to_apply",
    "calls",
    "body",
    "condition",
    "branch_computations",
    "true_computation",
    "false_computation",
    "called_computations",
    "select",
    "scatter",
)
"""Attributes that name called computations."""

_CALLED = re.compile(rf",? ?\b({'|'.join(REGIONS)})=(\{{[^}}]*\}}|%?[\w.\-]+)")


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DROPPED = _words_of(
    """
    sharding frontend_attributes backend_config control-predecessors metadata origin statistics
    operand_layout_constraints output_to_operand_aliasing schedule result_accuracy
    """
)
"""Attributes that no cost depends on and that may hold addresses or layouts."""

_AXES = _words_of(
    """
    dimensions lhs_contracting_dims rhs_contracting_dims lhs_batch_dims rhs_batch_dims offset_dims
    collapsed_slice_dims start_index_map operand_batching_dims start_indices_batching_dims
    index_vector_dim update_window_dims inserted_window_dims scatter_dims_to_operand_dims
    input_batching_dims scatter_indices_batching_dims iota_dimension feature_index index exponent_bits
    mantissa_bits lhs_ragged_dims rhs_group_dims
    """
)
"""Attributes whose integers are positions, not sizes."""

_TRANSLATED = _words_of("slice padding window dim_labels feature_group_count batch_group_count")
"""Attributes that become parameters of other names."""

_SIZES = _words_of("dynamic_slice_sizes slice_sizes fft_length k")
"""Attributes whose integers are sizes."""

_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_ATTRIBUTE = re.compile(rf"([\w-]+)=({_BRACES}|\"(?:[^\"\\]|\\.)*\"|(?:\[[^\]]*\]|[^,{{}}\[\]])+)")
_INTEGER = re.compile(r"-?\d+")


def split(text: str) -> dict[str, str]:
    """Attributes by name, each as its text.

    Example:
        >>> split("dimensions={1}, to_apply=%add, is_stable=true")
        {'dimensions': '{1}', 'to_apply': '%add', 'is_stable': 'true'}
    """
    return dict(_ATTRIBUTE.findall(text))


def detach_calls(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` without called computations, and their names in the order of `REGIONS`.

    Names are numbered by the module, so that only the rest is the same for equal instructions.

    Example:
        >>> detach_calls(", condition=%c.1, body=%b.2, dimensions={0}")
        (', dimensions={0}', ('b.2', 'c.1'))
    """
    found = dict(_CALLED.findall(text))
    if not found:
        return text, ()
    names = [n.strip().lstrip("%") for key in REGIONS if key in found for n in found[key].strip("{}").split(",")]
    return _CALLED.sub("", text), tuple(filter(None, names))


def parameters(opcode: str, rank: int, attributes: dict[str, str], builder: SkeletonBuilder) -> list[tuple[str, Any]]:
    """Parameters of an instruction as (name, skeleton) pairs; sizes go to `builder`.

    Slices, paddings, windows and convolutions get the parameters of the JAX primitive of that name,
    other opcodes HLO's own.

    Args:
        opcode, attributes: as in the text. rank: number of dimensions of the result.
    """
    params: list[tuple[str, Any]] = []
    for key, text in attributes.items():
        if key in _DROPPED or key in _TRANSLATED:
            continue
        if key in _AXES:
            params.append((key, _integers(text)))
        elif key in _SIZES:
            params.append((key, builder.take(_integers(text))))
        else:
            params.append((key, _words(text, builder)))
    if opcode == "concatenate":
        return [("dimension", dict(params)["dimensions"][0])]
    if opcode == "convolution":
        params.append(("dimension_numbers", _dimension_numbers(attributes["dim_labels"])))
    return params + [(key, builder.take(value)) for key, value in _translated(opcode, rank, attributes)]


def _translated(opcode: str, rank: int, attributes: dict[str, str]) -> list[tuple[str, Any]]:
    if opcode == "slice":
        starts, limits, strides = zip(*_slices(attributes["slice"]), strict=True) if rank else ((), (), ())
        return [("start_indices", starts), ("limit_indices", limits), ("strides", strides)]
    if opcode == "pad":
        return [("padding_config", _padding(attributes["padding"]))]
    if opcode == "convolution":
        window = _window(attributes.get("window", "{}"), rank - 2, ("lhs_dilation", "rhs_dilation"))
        groups = [(key, int(attributes.get(key, "1"))) for key in ("feature_group_count", "batch_group_count")]
        return [item for item in window if item[0] != "window_dimensions"] + groups
    if opcode in ("reduce-window", "select-and-scatter"):
        return _window(attributes.get("window", "{}"), rank, ("base_dilation", "window_dilation"))
    return []


def _integers(text: str) -> int | tuple[int, ...]:
    found = tuple(int(n) for n in _INTEGER.findall(text))
    return found if text.startswith("{") else found[0]


def _slices(text: str) -> tuple[tuple[int, int, int], ...]:
    """``{[1:5], [2:10:2]}`` as (start, limit, stride) triples."""
    triples = []
    for part in re.findall(r"\[([^\]]*)\]", text):
        start, limit, *stride = (int(n) for n in part.split(":"))
        triples.append((start, limit, stride[0] if stride else 1))
    return tuple(triples)


def _padding(text: str) -> tuple[tuple[int, int, int], ...]:
    """``1_1x0_0_2`` as (low, high, interior) triples."""
    triples = []
    for part in filter(None, text.split("x")):
        low, high, *interior = (int(n) for n in part.split("_"))
        triples.append((low, high, interior[0] if interior else 0))
    return tuple(triples)


def _dimension_numbers(text: str) -> Record:
    """``b01f_01io->b01f``: the dimensions of input, kernel and output; batch and features first, as in JAX."""
    lhs, rhs, out = re.split("_|->", text)
    specs: list[tuple[str, Any]] = []
    for name, labels, first in (("lhs_spec", lhs, "bf"), ("rhs_spec", rhs, "oi"), ("out_spec", out, "bf")):
        spatial = sorted((int(label), at) for at, label in enumerate(labels) if label.isdigit())
        specs.append((name, (*map(labels.index, first), *(at for _, at in spatial))))
    return Record(tuple(specs))


def _window(text: str, spatial: int, dilations: tuple[str, str]) -> list[tuple[str, Any]]:
    """``{size=3x3 stride=2x2 pad=0_1x0_1}`` with its defaults: one entry per spatial dimension."""
    fields = dict(part.split("=") for part in text.strip("{}").split())
    unknown = set(fields) - {"size", "stride", "pad", "lhs_dilate", "rhs_dilate", "rhs_reversal"}
    if unknown:
        raise SymcostError(f"HLO window {text} has unknown fields {sorted(unknown)}", todo="please report this")

    def numbers(name: str) -> tuple[int, ...]:
        return tuple(int(n) for n in fields[name].split("x")) if name in fields else (1,) * spatial

    pads = fields.get("pad", "x".join(["0_0"] * spatial))
    return [
        ("window_dimensions", numbers("size")),
        ("window_strides", numbers("stride")),
        ("padding", tuple((low, high) for low, high, _ in _padding(pads))),
        (dilations[0], numbers("lhs_dilate")),
        (dilations[1], numbers("rhs_dilate")),
    ]


def _words(text: str, builder: SkeletonBuilder) -> Any:
    """Any other attribute: a word or quoted text as it is, otherwise with the integers inside as slots."""
    if text[:1].isalpha() or text[:1] == '"':
        return text.strip('"')
    parts: list[Any] = []
    at = 0
    for found in _INTEGER.finditer(text):
        parts += [text[at : found.start()], int(found.group())]
        at = found.end()
    return builder.take((*parts, text[at:]))
