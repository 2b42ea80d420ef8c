"""The public functions: trace, trace_family, trace_training."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from symcost.advice import advice, trip
from symcost.analysis import Analysis, Options
from symcost.arrays import size_from_text
from symcost.conventions import convention
from symcost.cost import ProgramCost
from symcost.dims import declared
from symcost.domain import Dim, Domain, near_names
from symcost.errors import ArgumentError
from symcost.expression import from_sympy
from symcost.family import Family
from symcost.frontend import from_build, to_family, training_family
from symcost.interpret import interpret
from symcost.polynomial import Size, symbols_of
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
        trips: trip counts of `while` loops that do not say theirs, by symbol or by module path: integers, or sizes
            in symbols, ``{"trips_while_0": T}``. A symbol that the program does not have becomes part of the domain.
        strict: raise on a primitive without a rule, instead of carrying it as a symbol.
        rules: rules for this call only, by primitive. A name that neither the program nor JAX knows is an error.
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
    donate: bool = False,
    progress: Progress | None = None,
) -> ProgramCost:
    """The cost of one training step: loss, gradient and optimizer update in one program.

    Args:
        obj: the model, as in `trace`. *args: its arguments, then the targets.
        loss: ``loss(outputs, targets)`` -> scalar. optimizer: an Optax gradient transformation.
        donate: params, optimizer state and model state take their new values in place, as with
            ``jax.jit(step, donate_argnums=...)``; `peak_memory` depends on it.
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
        donate=donate,
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
    if not isinstance(strict, bool):
        raise ArgumentError(f"strict={strict!r} is neither True nor False", todo="strict=True")
    if progress is not None and not callable(progress):
        raise ArgumentError(f"progress={progress!r} is not a function of a line of text", todo="progress=print")
    counts, own = _trip_counts(trips), _rules(rules)
    analysis = Analysis(family, Options(counts, strict, own), progress or (lambda message: None))
    outcome = analysis.outcome("algorithm")
    _all_occur(analysis, counts)
    _all_known(analysis, own)
    named = dict.fromkeys(name for count in counts.values() for name in sorted(symbols_of(count)))
    domain = replace(outcome.domain, dims=(*outcome.domain.dims, *_missing(outcome.domain, named)))
    return ProgramCost(family.name, outcome.ledger, domain, analysis=analysis)


def _missing(domain: Domain, names: Iterable[str]) -> list[Dim]:
    """Symbols of trip counts that are no sizes of the program: they are evaluated like sizes."""
    return [declared(name) for name in names if name not in domain.names]


# -- trip counts and rules of the user's own -------------------------------------------------


def _trip_counts(trips: Any) -> dict[str, Size]:
    if trips is None:
        return {}
    if not isinstance(trips, Mapping) or not all(isinstance(name, str) for name in trips):
        raise ArgumentError(f"trips={trips!r} is not a dict from names to counts", todo=trip("trips_while_0"))
    return {name: _trip_count(name, count) for name, count in trips.items()}


def _trip_count(name: str, value: Any) -> Size:
    """A count: an integer that is not negative, or a size in symbols (sympy's, or text as in a shape)."""
    whole = not isinstance(value, bool) and type(value).__name__ != "bool_" and hasattr(value, "__index__")
    if whole and (count := operator.index(value)) >= 0:
        return count
    if isinstance(value, str) and value.strip():
        return size_from_text(value, f"the trip count {name}")
    if getattr(value, "free_symbols", None):
        return from_sympy(value)  # type: ignore[arg-type]  # refuses what is no size
    raise ArgumentError(
        f"trips[{name!r}] = {value!r} is not a trip count, an integer of at least 0 or a size in symbols",
        todo=advice("{} or {}", trip(name), trip(name, "T")),
    )


def _all_occur(analysis: Analysis, trips: Mapping[str, Size]) -> None:
    """Raise if a trip count is given for a loop that no traced program has, in jaxpr or HLO."""
    known: dict[str, None] = {}
    wanted = set(trips)
    for how in (convention("algorithm"), convention("xla")):
        if not wanted:
            return
        programs = (
            list(analysis.traces("jaxpr").programs)[-1:] if how.language == "hlo" else analysis.traces("jaxpr").programs
        )
        for point in programs:
            program = analysis.program(how.language, analysis.units.sizes(dict(point)))
            found = [u for u in interpret(program, how.registry).unknown if u.symbol.startswith("trips_")]
            known.update(dict.fromkeys(u.symbol for u in found))
            wanted -= {name for u in found for name in (u.symbol, u.scope)}
    if not wanted:
        return
    near = near_names(min(wanted), tuple(known)) or list(known)
    raise ArgumentError(
        f"no loop has the trip count {min(wanted)!r}",
        where=f"the program's trip counts: {', '.join(known)}"
        if known
        else "every loop of the program says how often it runs, or there is none",
        todo=trip(near[0]) if near else "leave it out",
    )


def _all_known(analysis: Analysis, rules: Mapping[str, Rule]) -> None:
    """Raise if a rule is for a primitive that neither symcost nor a traced program knows: a slip would go unseen."""
    registry = convention("algorithm").registry
    strange = [name for name in rules if name not in registry]
    if not strange:
        return
    programs = analysis.traces("jaxpr").programs.values()
    found = {i.template.primitive for program in programs for i in program.walk()}
    for name in strange:
        if name not in found:
            near = near_names(name, (*found, *registry))
            raise ArgumentError(
                f"the rule for {name!r} applies to nothing: no primitive of the program is called so",
                where=f"its primitives: {', '.join(sorted(found))}",
                todo=f"did you mean {near[0]!r}?" if near else "leave it out",
            )


def _rules(rules: Any) -> dict[str, Rule]:
    found = {} if rules is None else rules
    if not isinstance(found, Mapping) or not all(isinstance(n, str) and callable(r) for n, r in found.items()):
        raise ArgumentError(
            f"rules={rules!r} is not a dict from names of primitives to functions",
            todo='rules={"my_primitive": lambda op: sc.Cost(flops=op.output.size)}',
        )
    return dict(found)
