"""Parameters of collectives, meshes, kernels and opaque calls, in the few words that rules need.

What JAX keeps of them (permutations, groups of devices, block mappings) grows with the
mesh or is an object of its own; a rule needs how many devices take part, how often a
kernel runs, and whose code is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Axes = tuple[tuple[str, int], ...]
"""Mesh axes and their sizes."""

COLLECTIVES = {
    *("psum", "psum_invariant", "pmax", "pmin", "unreduced_psum", "unreduced_pmax", "unreduced_pmin"),
    *("all_gather", "all_gather_invariant", "all_gather_reduced", "reduce_scatter", "unreduced_reduce_scatter"),
    *("all_to_all", "ragged_all_to_all", "ppermute", "psend", "precv", "pbroadcast", "pbroadcast_dynamic"),
    *("psum_start", "psum_invariant_start", "unreduced_psum_start", "all_gather_start", "all_gather_reduced_start"),
    *("reduce_scatter_start", "unreduced_reduce_scatter_start", "all_to_all_start", "ppermute_start"),
    "pbroadcast_start",
}
"""Primitives that move data between the devices of named axes."""


def mesh_axes(eqn) -> Axes:
    """The axes of the mesh that an equation's nested programs run on."""
    meshes = [eqn.params["mesh"]] if "mesh" in eqn.params else eqn.params.get("meshes", ())
    return tuple((str(name), size) for mesh in meshes if mesh is not None for name, size in mesh.shape.items())


def parameters(eqn, axes: Axes) -> Mapping[str, Any]:
    """The parameters of an equation that stands inside mesh `axes`, as rules see them."""
    name = eqn.primitive.name
    if name in COLLECTIVES:
        return _collective(eqn.params, dict(axes))
    adapt = _ADAPTERS.get(name)
    return eqn.params if adapt is None else adapt(eqn.params)


def _collective(params: Mapping[str, Any], sizes: Mapping[str, int]) -> Mapping[str, Any]:
    """`axes`: names. `group`: devices along each of them (of one group, where there are groups). `positional`: array
    axes that are reduced as well. `sends`: what each device sends of a permutation, 0 or 1 buffers."""
    given = params.get("axes", params.get("axis_name", ()))
    given = given if isinstance(given, (tuple, list)) else (given,)
    names = tuple(str(a) for a in given if not isinstance(a, int))
    groups = params.get("axis_index_groups")
    found = {
        "axes": names,
        "group": tuple(sizes[n] for n in names) if groups is None else (len(groups[0]),),
        "positional": tuple(a for a in given if isinstance(a, int)),
    }
    if "perm" in params:
        found["sends"] = int(any(source != target for source, target in params["perm"]))
    return found


def _shard_map(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`devices`: size of each axis that the body is manual over."""
    manual = params.get("newly_manual_axes", params.get("manual_axes"))
    devices = tuple(size for name, size in params["mesh"].shape.items() if manual is None or name in manual)
    return {"devices": devices, "jaxpr": params["jaxpr"]}


def _scan(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`num_consts`, `num_carry`: of the inputs; jax 0.12 holds them as a tree of three."""
    if "ft_in" not in params:
        return params
    consts, carry, _ = params["ft_in"].unpack()
    kept = {name: params[name] for name in ("jaxpr", "length", "reverse", "unroll") if name in params}
    return {**kept, "num_consts": len(consts), "num_carry": len(carry)}


def _pallas_call(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`grid`: its static dimensions. `dynamic`: whether others are known at run time only."""
    grid = params["grid_mapping"].grid
    static = tuple(d for d in grid if isinstance(d, int))
    found = {name: params.get(name) for name in ("cost_estimate", "jaxpr", "name")}
    return {"grid": static, "dynamic": len(static) < len(grid), **found}


def _core_map(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`cores`: sizes of the mesh of cores."""
    cores = tuple(params["mesh"].shape.values())
    return {"cores": cores, "cost_estimate": params.get("cost_estimate"), "jaxpr": params["jaxpr"]}


def _mpmd_map(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`cores`: sizes of the mesh of cores of each program."""
    cores = tuple(tuple(mesh.shape.values()) for mesh in params["meshes"])
    return {"cores": cores, "cost_estimate": params.get("cost_estimate"), "jaxprs": tuple(params["jaxprs"])}


def _attention(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`modified`: with dropout, or with a function on the scores that JAX does not see."""
    bias, bias_gradient = params.get("variadic_args", (False, False))
    modified = params.get("score_mod") is not None or params.get("dropout_rate", 0) > 0
    return {
        "layout": int(params["layout"]),
        "bias": bool(bias),
        "bias_gradient": bool(bias_gradient),
        "modified": bool(modified),
    }


def _only(*kept: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda params: {name: params[name] for name in kept if name in params}


def _callback(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`target`: the name of the function called, where it has one."""
    function = params.get("callback")
    function = getattr(function, "callback_func", function)
    name = getattr(function, "__name__", "")
    return {"target": "" if "<" in name or name.startswith("_") else name}


_WAYS = ("fwd", "bwd", "fp8_fwd", "fp8_bwd")

_ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "scan": _scan,
    "shard_map": _shard_map,
    "pallas_call": _pallas_call,
    "core_map": _core_map,
    "mpmd_map": _mpmd_map,
    "run_scoped": _only("jaxpr"),
    "pure_callback": _callback,
    "io_callback": _callback,
    "debug_callback": _callback,
    "call_hi_primitive": lambda params: {"target": type(params["_prim"]).__name__},
    "debug_print": _only(),
    "ffi_call": lambda params: {"target": params["target_name"]},
    "call_exported": lambda params: {"target": params["exported"].fun_name.strip("<>")},
    "tpu_custom_call": lambda params: {"target": params.get("kernel_name") or ""},
    "mosaic_gpu_p": _only(),
    **dict.fromkeys((f"dot_product_attention_{way}{end}" for way in _WAYS for end in ("", "_wrapper")), _attention),
    "get": _only(),
    "swap": _only(),
    "addupdate": _only(),
    "masked_load": _only(),
    "masked_swap": _only(),
}
