"""The public functions: trace, trace_family, trace_training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symcost.analysis import Analysis, Options
from symcost.cost import ProgramCost
from symcost.errors import ArgumentError
from symcost.expression import from_sympy
from symcost.family import Family
from symcost.frontend import from_build, to_family, training_family
from symcost.polynomial import Size
from symcost.rules.registry import Rule

Progress = Callable[[str], None]


def trace(
    obj: Any,
    *args: Any,
    kwargs: Mapping[str, Any] | None = None,
    method: Any = None,
    rngs: Sequence[str] = (),
    mutable: Sequence[str] = (),
    params: Any = (),
    where: Any = (),
    trips: Mapping[str, Any] | None = None,
    strict: bool = False,
    rules: Mapping[str, Rule] | None = None,
    progress: Progress | None = None,
) -> ProgramCost:
    """The cost of one call of a model or function, as formulas in the symbols of its arguments.

    Args:
        obj: a Linen module (symbols may stand in its fields), what `sc.build` returned, an NNX
            module, or any JAX callable.
        *args: pytrees of `sc.array(...)`, `jax.ShapeDtypeStruct` or arrays; symbols, numbers and
            strings are static.
        kwargs: keyword arguments of the call. method, rngs, mutable: as in `flax.linen.Module.apply`.
        params: names or positions of a plain function's arguments that are parameters.
        where: relations between symbols, such as ``[M <= N]``.
        trips: trip counts of `while` loops that do not say theirs, by symbol or by module path.
        strict: raise on a primitive without a rule, instead of carrying it as a symbol.
        rules: rules for this call only, by primitive.
        progress: called with a line of text before each traced point.

    Raises:
        BuildError: the model cannot be built at a sample point; the message says which, and what to declare.
        GeneralizationError: no formula covers all sizes.
        UnknownPrimitiveError: in strict mode.

    Example:
        >>> import symcost as sc
        >>> cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
        >>> cost.text("flops"), cost.text("bytes_accessed")
        ('2*N*F*H', '4*N*F + 4*N*H + 4*F*H')
    """
    family = to_family(obj, args, kwargs, method=method, rngs=rngs, mutable=mutable, params=params, where=where)
    return analyze_family(family, trips=trips, strict=strict, rules=rules, progress=progress)


def trace_family(
    build: Callable[..., Any],
    dims: Any,
    *,
    where: Any = (),
    params: Any = (),
    trips: Mapping[str, Any] | None = None,
    strict: bool = False,
    rules: Mapping[str, Rule] | None = None,
    progress: Progress | None = None,
) -> ProgramCost:
    """The cost of ``build(B=.., N=..)``, which returns a callable and its arguments: any framework, any sizes.

    Args:
        build: takes the sizes as integers by keyword; returns (callable, args).
        dims: ``"B N F L"`` or a list of symbols made by `sc.dim`.
        where: relations between symbols. params: arguments counted as parameters.
        trips, strict, rules, progress: as in `trace`.

    Example:
        >>> import jax, symcost as sc
        >>> def build(N, F):
        ...     return (lambda x: x @ x.T), (jax.ShapeDtypeStruct((N, F), "float32"),)
        >>> sc.trace_family(build, "N F").text("flops")
        '2*N**2*F'
    """
    family = from_build(build, dims, where, params=params)
    return analyze_family(family, trips=trips, strict=strict, rules=rules, progress=progress)


def trace_training(
    obj: Any,
    *args: Any,
    loss: Callable[..., Any],
    optimizer: Any,
    kwargs: Mapping[str, Any] | None = None,
    method: Any = None,
    rngs: Sequence[str] = (),
    mutable: Sequence[str] = (),
    params: Any = (),
    where: Any = (),
    trips: Mapping[str, Any] | None = None,
    strict: bool = False,
    rules: Mapping[str, Rule] | None = None,
    progress: Progress | None = None,
) -> ProgramCost:
    """The cost of one training step: loss, gradient and optimizer update in one program.

    Args:
        obj: the model, as in `trace`. *args: its arguments, then the targets.
        loss: ``loss(outputs, targets)`` -> scalar. optimizer: an Optax gradient transformation.
        Others: as in `trace`. `cost.by_phase()` tells forward, backward, recomputed and update apart.

    Example:
        >>> import jax.numpy as jnp, optax, symcost as sc
        >>> cost = sc.trace_training(lambda w, x: x @ w, sc.array("F"), sc.array("B F"), sc.array("B"),
        ...                          loss=lambda out, y: jnp.mean((out - y) ** 2), optimizer=optax.sgd(0.1))
        >>> cost.text("macs")
        '2*F*B'
    """
    family = training_family(
        obj,
        args,
        kwargs,
        loss=loss,
        optimizer=optimizer,
        method=method,
        rngs=rngs,
        mutable=mutable,
        params=params,
        where=where,
    )
    return analyze_family(family, trips=trips, strict=strict, rules=rules, progress=progress)


def analyze_family(
    family: Family,
    *,
    trips: Mapping[str, Any] | None = None,
    strict: bool = False,
    rules: Mapping[str, Rule] | None = None,
    progress: Progress | None = None,
) -> ProgramCost:
    """The cost of a `Family`, which every front end produces."""
    options = Options({name: _trip_count(name, n) for name, n in (trips or {}).items()}, strict, dict(rules or {}))
    analysis = Analysis(family, options, progress or (lambda message: None))
    outcome = analysis.outcome("algorithm")
    return ProgramCost(family.name, outcome.ledger, outcome.domain, analysis=analysis)


def _trip_count(name: str, value: Any) -> Size:
    if isinstance(value, bool) or (isinstance(value, int) and value < 0):
        raise ArgumentError(f"trips[{name!r}] = {value!r} is not a trip count", todo=f"trips={{{name!r}: 10}}")
    return value if isinstance(value, int) else from_sympy(value)
