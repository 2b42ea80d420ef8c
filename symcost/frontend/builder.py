"""`trace_family`: a function from integer sizes to (callable, arguments), for any framework."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from symcost.dims import Domain, to_dims, to_relations, unused_symbol
from symcost.domain import format_sizes
from symcost.errors import ArgumentError
from symcost.family import Family, Instance
from symcost.frontend import linen
from symcost.frontend.arguments import arguments_at
from symcost.frontend.closure import refuse_closed_over
from symcost.frontend.dispatch import model_at
from symcost.frontend.model import forward
from symcost.frontend.options import Options, merged_kwargs


def from_build(
    build: Callable[..., Any],
    dims: Any,
    where: Any = (),
    *,
    method: Any = None,
    rngs: Any = (),
    mutable: Any = (),
    params: Any = (),
) -> Family:
    """The family of ``build(B=.., N=..)``, which returns a callable and its arguments at concrete sizes.

    Args:
        build: takes the sizes as keywords, integers, and returns (callable, args) or (callable, args, kwargs). The
            arguments are arrays or `jax.ShapeDtypeStruct`; Python numbers are traced, as `jax.jit` does.
        dims: ``"B N F"``, or a list of symbols made by `sc.dim`.
        where: relations between the symbols, ``[M <= N]`` or ``["M <= N"]``.
        method, rngs, mutable, params: as in `to_family`, for what `build` returns.

    Raises:
        ArgumentError: `build` can't take these sizes, or returns something else.
        DimensionError: a relation with an unknown symbol, a symbol that `build` takes and never uses.

    Example:
        >>> import jax
        >>> def build(N, F):
        ...     return (lambda x: x @ x.T), (jax.ShapeDtypeStruct((N, F), "float32"),)
        >>> family = from_build(build, "N F", where=["N <= F"])
        >>> str(family.domain), family.at({"N": 2, "F": 3}).args[3][0].shape
        ('N >= 1, F >= 1, N <= F', (2, 3))
    """
    if not callable(build):
        raise ArgumentError(
            f"trace_family takes a function of sizes, not {build!r}", todo='sc.trace_family(build, "B N")'
        )
    options = Options.of(method, rngs, mutable, params)
    domain = Domain(to_dims(dims), to_relations(where))
    name = getattr(build, "__name__", type(build).__name__)
    if not domain.dims:
        raise ArgumentError("trace_family needs at least one symbol", todo=f'sc.trace_family({name}, "B N")')
    _check_takes(build, name, domain.names)
    refuse_closed_over(build, todo=f"{name} gets every size as an integer: use its own arguments")

    def instantiate(sizes: Mapping[str, int]) -> Instance:
        fn, args, kwargs = _result(build(**sizes), name, sizes)
        return forward(model_at(fn, arguments_at(args, kwargs, sizes, scalars_are_arrays=True), sizes, options))

    return Family(domain, name, instantiate, f"what {name!r} returns", linen.advise)


def _check_takes(build: Callable[..., Any], name: str, names: tuple[str, ...]) -> None:
    """Raise if `build` does not take each of `names` as a keyword, wants more, or never looks at one."""
    try:
        parameters = inspect.signature(build).parameters
    except (TypeError, ValueError):  # no signature to read; calling it will tell
        return
    keywords = {p.name for p in parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    unknown = [n for n in names if n not in keywords and not takes_all]
    missing = [
        p.name
        for p in parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name not in names
    ]
    if unknown or missing:
        what = f"has no parameter {', '.join(unknown)}" if unknown else f"also needs {', '.join(missing)}"
        raise ArgumentError(
            f"{name}{inspect.signature(build)} is called with {', '.join(f'{n}=..' for n in names)}, but {what}",
            todo=f'sc.trace_family({name}, "{" ".join([n for n in names if n not in unknown] + missing)}")'
            if missing
            else f"def {name}({', '.join(names)}): ...",
        )
    for size in names:
        if not _uses(build, size):
            raise unused_symbol(size, [n for n in names if n != size], f" ({name} takes it and never looks at it)")


def _uses(build: Callable[..., Any], parameter: str) -> bool:
    """Whether a function's code reads a parameter; True where there is no code to look at."""
    code = getattr(inspect.unwrap(build), "__code__", None)
    if code is None or parameter not in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        return True
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME") and instruction.argval in ("locals", "vars", "eval"):
            return True
        # two loads in one instruction have a tuple of names (Python 3.13); a cell is read by an inner function
        loaded = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
        if "LOAD" in instruction.opname and parameter in loaded:
            return True
    return False


def _result(made: Any, name: str, sizes: Mapping[str, int]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    if not (isinstance(made, (tuple, list)) and len(made) in (2, 3) and not hasattr(made, "_fields")):
        raise ArgumentError(
            f"{name}({format_sizes(sizes)}) returned a {type(made).__name__}, not (callable, args)",
            todo="return fn, (x, y)",
        )
    fn, args, *rest = made
    if not isinstance(args, (tuple, list)) or hasattr(args, "_fields"):
        raise ArgumentError(
            f"the arguments that {name}({format_sizes(sizes)}) returned are a {type(args).__name__}, not a tuple",
            todo="return fn, (x,)",
        )
    return fn, tuple(args), merged_kwargs(rest[0] if rest else None)
