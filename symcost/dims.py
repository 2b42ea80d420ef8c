"""Symbols for sizes: `dims("B N M")`, `dim("F", multiple_of=8)`.

The identity of a symbol is its name. What integers it stands for is kept in one table
here, beside sympy's symbols and not in them (sympy's cache would mix them up); every
trace copies the table's entries into the domain of its result.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from symcost.advice import advice, relate
from symcost.domain import Dim as Dim
from symcost.domain import Domain as Domain
from symcost.domain import unknown_symbol
from symcost.errors import ArgumentError, DimensionError
from symcost.grammar import Relation, checked_name, parse_relations

if TYPE_CHECKING:
    import sympy

_table: dict[str, Dim] = {}  # in the order in which names were first met
_explicit: set[str] = set()  # names whose domain the user has stated

RESERVED_PREFIXES = ("trips_", "unknown_")
"""Names that symcost gives to trip counts and to the costs of unknown primitives."""


# -- declaring ---------------------------------------------------------------------------


def dims(names: str) -> tuple[sympy.Symbol, ...]:
    """Symbols for sizes, as sympy symbols; always a tuple.

    A name that `dim` has declared keeps its domain; any other stands for all integers from 1 on.

    Args:
        names: names separated by spaces or commas.

    Raises:
        DimensionError: a name is no identifier.

    Example:
        >>> N, F = dims("N F")
        >>> 2 * N * F, N.is_positive
        (2*F*N, True)
    """
    if not isinstance(names, str):
        raise ArgumentError(f"sc.dims takes names in one text, not {names!r}", todo='sc.dims("B N F")')
    found = [*map(public_name, names.replace(",", " ").split())]
    if not found:
        raise DimensionError("no symbol is named", todo='sc.dims("B N F")')
    return tuple(symbol_of(name) for name in found)


def dim(
    name: str,
    *,
    multiple_of: int | None = None,
    min: int | None = None,
    max: int | None = None,
    power_of: int | None = None,
) -> sympy.Symbol:
    """One symbol with a stated domain.

    Args:
        name: an identifier.
        multiple_of: every size is a multiple of it (heads that divide a width, say).
        min: smallest size, 1 if not said; 0 must be declared. Rounded up to an admissible one.
        max: largest size.
        power_of: every size is a power of it.

    Raises:
        DimensionError: the domain is empty, or the name was declared with another one before.

    Example:
        >>> F = dim("D_model", multiple_of=8)
        >>> str(declared("D_model"))
        'D_model a multiple of 8'
        >>> forget("D_model")
    """
    if not isinstance(name, str):
        raise ArgumentError(f"sc.dim takes the name of a symbol, not {name!r}", todo='sc.dim("F", multiple_of=8)')
    name = public_name(name)
    stated = {"multiple_of": multiple_of, "min": min, "max": max, "power_of": power_of}
    stated = {key: value for key, value in stated.items() if value is not None}
    if stated:
        new = Dim(name, **stated)
        if name in _explicit and _table[name] != new:
            raise DimensionError(
                f"symbol {name!r} is declared twice: {_table[name]}, and now {new}",
                todo=f'use another name, or first: from symcost.dims import forget; forget("{name}")',
            )
        _table[name] = new
        _explicit.add(name)
    return symbol_of(name)


def forget(*names: str) -> None:
    """Drop the declarations of `names` (of all names, if none is given); results already computed keep their domain."""
    for name in names or tuple(_table):
        _table.pop(name, None)
        _explicit.discard(name)


@contextmanager
def declarations() -> Iterator[None]:
    """Declarations made inside are forgotten at the end; those from outside hold inside.

    Example:
        >>> with declarations():
        ...     E = dim("E", min=0)
        >>> str(declared("E"))
        'E >= 1'
    """
    table, explicit = dict(_table), set(_explicit)
    try:
        yield
    finally:
        _table.clear()
        _table.update(table)
        _explicit.clear()
        _explicit.update(explicit)


# -- looking up --------------------------------------------------------------------------


def declared(name: str) -> Dim:
    """The domain of `name`; a name met for the first time is declared with the default one."""
    if name not in _table:
        _table[name] = Dim(name)
    return _table[name]


def stated(name: str) -> dict[str, int]:
    """What `dim` was told of `name`, as its keywords; empty if it was told nothing.

    Example:
        >>> with declarations():
        ...     S = dim("S", multiple_of=32, max=608)
        ...     stated("S"), stated("T")
        ({'max': 608, 'multiple_of': 32}, {})
    """
    if name not in _explicit:
        return {}
    said = _table[name]
    default = Dim(name, multiple_of=said.multiple_of, power_of=said.power_of)
    found = {limit: getattr(said, limit) for limit in ("min", "max") if getattr(said, limit) != getattr(default, limit)}
    if said.multiple_of > 1:
        found["multiple_of"] = said.multiple_of
    return found if said.power_of is None else {**found, "power_of": said.power_of}


def symbol_of(name: str) -> sympy.Symbol:
    """The sympy symbol of `name`: positive, or nonnegative where its domain holds 0."""
    from symcost.expression import sympy_symbol

    return sympy_symbol(name, nonnegative=declared(name).min == 0)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """`names` in the order in which they were declared, each once."""
    wanted = set(names)
    for name in sorted(wanted - set(_table)):
        declared(name)
    return tuple(name for name in _table if name in wanted)


def to_dims(names: str | Sequence[Any]) -> tuple[Dim, ...]:
    """A list of symbols as the user may give it: ``"B N F"``, sympy symbols, `Dim`s or names."""
    if isinstance(names, str):
        names = [*map(public_name, names.replace(",", " ").split())]
    if isinstance(names, Dim) or not isinstance(names, Iterable):
        names = (names,)
    found = []
    for entry in names:
        if isinstance(entry, Dim):
            found.append(entry)
        elif isinstance(entry, str):
            found.append(declared(public_name(entry)))
        elif getattr(entry, "is_Symbol", False):
            found.append(declared(checked_name(entry.name)))
        else:
            raise ArgumentError(
                f"{entry!r} does not name a symbol", todo='list symbols: "B N F", or [sc.dim("F", multiple_of=8)]'
            )
    return tuple(found)


def to_relations(where: Any) -> tuple[Relation, ...]:
    """Relations as the user may give them: sympy's ``M <= N``, the string ``"M <= N"``, or several of these.

    A relation that sympy already knows to be true (``N >= 1``) is dropped.

    Example:
        >>> N, M = dims("N M")
        >>> [str(r) for r in to_relations([M <= N, "M < 2*N, M > 3"])]
        ['M <= N', 'M < 2*N', 'M > 3']
    """
    where = () if where is None else where
    if (
        isinstance(where, (str, bool))
        or not isinstance(where, Iterable)
        or hasattr(where, "rel_op")
        or getattr(where, "is_Boolean", False)
    ):
        where = (where,)
    found: list[Relation] = []
    for entry in where:
        if isinstance(entry, Relation):
            found.append(entry)
        elif isinstance(entry, str):
            found.extend(parse_relations(entry)[0])
        elif hasattr(entry, "rel_op"):
            from symcost.expression import from_sympy

            left, right = from_sympy(entry.lhs), from_sympy(entry.rhs)
            found.append(Relation(left, entry.rel_op, right, f"{entry.lhs} {entry.rel_op} {entry.rhs}"))
        elif entry == True:  # noqa: E712  sympy's true is not Python's True
            continue
        elif entry == False:  # noqa: E712
            raise DimensionError(
                "a relation in where= is never true",
                todo=advice(
                    "write a relation such as {}; equality is written as text: {}", relate("M <= N"), relate("M == N")
                ),
            )
        else:
            raise ArgumentError(f"{entry!r} is not a relation", todo=relate("M <= N"))
    return tuple(found)


def domain_of(names: Iterable[str], where: Any = (), dims: Any = None) -> Domain:
    """The domain of a program that uses `names`.

    Args:
        names: symbols that arguments and hyper-parameters contain.
        where: relations between them.
        dims: the user's own list of symbols, if one was given: it fixes the order, no other symbol may occur,
            and each must be used.

    Raises:
        DimensionError: an unknown symbol, or one that no argument uses.
    """
    used = in_order(names)
    relations = to_relations(where)
    if dims is None:
        known = tuple(map(declared, used))
    else:
        known = to_dims(dims)
        listed = tuple(d.name for d in known)
        for name in used:
            if name not in listed:
                raise unknown_symbol(name, listed, "an argument")
    for name in (d.name for d in known) if dims is not None else ():
        if name not in used:
            raise unused_symbol(name, used)
    for relation in relations:
        for name in relation.names:
            if name not in used:
                raise unused_symbol(name, used, f" (it occurs in the relation {relation})")
    return Domain(known, relations)


def unused_symbol(name: str, used: Iterable[str], more: str = "") -> DimensionError:
    """The error for a symbol that nothing depends on."""
    return DimensionError(
        f"symbol {name} is used by no argument{more}",
        where=f"symbols in use: {', '.join(used) or 'none'}",
        todo=f"use {name} in a shape or a hyper-parameter, or leave it out",
    )


def public_name(name: str) -> str:
    """`name` if a user may give it to a symbol."""
    name = checked_name(name)
    if name.startswith(RESERVED_PREFIXES):
        raise DimensionError(
            f"{name!r} cannot name a symbol: symcost gives names of this form to counts it does not know",
            todo=f'sc.dims("{name.split("_", 1)[1] or "n"}")',
        )
    return name


class _CallableModule(ModuleType):
    """Importing `symcost.dims` binds the name `dims` in the package to this module, where users expect the function
    `sc.dims("B N")`: so the module can be called, whichever of the two is found there."""

    def __call__(self, names: str) -> tuple[sympy.Symbol, ...]:
        return dims(names)


sys.modules[__name__].__class__ = _CallableModule
