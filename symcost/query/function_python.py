"""Formulas as plain Python functions: exact integers of any size, about a microsecond a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symcost.domain import Dim, is_power
from symcost.evaluation import Source, made
from symcost.grammar import Relation
from symcost.query.function import Wanted


def compiled(wanted: Wanted) -> Callable[..., Any]:
    """A function of Python integers. What is right takes one comparison a size; all else is looked at again."""
    source = Source(wanted.names)
    local = source.symbols
    names = ", ".join(local[name] for name in wanted.names)
    lines = ["    try:", *(f"        {local[name]} = sizes[{name!r}]" for name in wanted.names), "        pass"]
    lines += ["    except KeyError:", "        wanted.integers(wrong, sizes)"]
    plain = [f"type({local[name]}) is int" for name in wanted.names]
    if wanted.check:
        plain += [test for dim in wanted.domain.dims for test in _tests(dim, local[dim.name])]
    lines += [f"    if wrong or not ({' and '.join(plain) or True}):"]
    lines += [f"        {names or '_'}{',' * (len(wanted.names) == 1)} = wanted.integers(wrong, sizes)"]
    if wanted.check:
        right = [_relation(source, relation) for relation in wanted.domain.relations]
        right += [
            f"not ({' and '.join(_relation(source, relation) for relation in together)})"
            for together in wanted.excluded
        ]
        lines += source.lines
        source.lines = []
        lines += [f"    if not ({' and '.join(right)}):", "        wanted.integers(wrong, sizes)"] if right else []
    values = [source.exact(size) for size in wanted.sizes]
    values = [
        f"float({value})" if wanted.real(q) else value for q, value in zip(wanted.quantities, values, strict=True)
    ]
    pairs = (f"{q!r}: {value}" for q, value in zip(wanted.quantities, values, strict=True))
    result = values[0] if wanted.single else f"{{{', '.join(pairs)}}}"
    return made(
        "function(*wrong, **sizes)",
        [*lines, *source.lines, f"    return {result}"],
        wanted=wanted,
        is_power=is_power,
    )


def _tests(dim: Dim, local: str) -> list[str]:
    """Comparisons that are all true inside of a symbol's domain."""
    tests = [f"{local} >= {dim.min}"]
    tests += [f"{local} <= {dim.max}"] if dim.max is not None else []
    tests += [f"{local} % {dim.multiple_of} == 0"] if dim.multiple_of > 1 else []
    tests += [f"is_power({local}, {dim.power_of})"] if dim.power_of is not None else []
    return tests


def _relation(source: Source, relation: Relation) -> str:
    return f"({source.exact(relation.left)}) {relation.operator} ({source.exact(relation.right)})"
