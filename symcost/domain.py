"""Domains: the sizes for which a formula holds, and the check of sizes against them.

A `Dim` is one symbol with its own restrictions; a `Domain` is the ordered dims of a
program with the relations between them and the sizes it was refused at. Neither
imports sympy or jax, so that a stored formula is evaluated without them.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from symcost.errors import DimensionError, DomainError, MissingSizeError
from symcost.grammar import Relation, checked_name, parse_relations


@dataclass(frozen=True, slots=True)
class Dim:
    """One symbol and the integers it stands for.

    Attributes:
        name: an identifier; identity of the symbol.
        min: smallest value, rounded up to one that the other restrictions admit.
        max: largest value, or None.
        multiple_of: every value is a multiple of it.
        power_of: every value is a power of it (its 0th power, 1, included), or None.

    Example:
        >>> Dim("F", min=5, multiple_of=8).min, Dim("N", power_of=2).at_least(5)
        (8, 8)
    """

    name: str
    min: int = 1
    max: int | None = None
    multiple_of: int = 1
    power_of: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", checked_name(self.name))
        for field, least in (("min", 0), ("max", 0), ("multiple_of", 1), ("power_of", 2)):
            value = getattr(self, field)
            if value is None and field in ("max", "power_of"):
                continue
            number = _integer(value)
            if number is None or number < least:
                raise DimensionError(
                    f"{field}={value!r} of symbol {self.name!r} is not an integer of at least {least}",
                    todo=f'sc.dim("{self.name}", {field}={max(least, 8)})',
                )
            object.__setattr__(self, field, number)
        object.__setattr__(self, "min", self._first(self.min))

    def _first(self, value: int) -> int:
        """The smallest admissible integer from `value` on; refuses a domain that has none."""
        value = max(value, self.min)
        found = -(-value // self.multiple_of) * self.multiple_of
        if self.power_of is not None:
            found = 1
            # a power that is no multiple after 64 steps never becomes one
            for _ in range(max(64, value.bit_length()) + 64):
                if found >= value and found % self.multiple_of == 0:
                    break
                found *= self.power_of
            else:
                raise self._empty()
        if self.max is not None and found > self.max:
            raise self._empty(value)
        return found

    def _empty(self, value: int | None = None) -> DimensionError:
        beyond = f" from {value} on" if value is not None and value > self.min else ""
        return DimensionError(
            f"symbol {self.name!r} has no admissible value{beyond}: {self._restrictions()}",
            todo="give a larger max, or fewer restrictions",
        )

    def at_least(self, value: int) -> int:
        """The smallest admissible value that is at least `value`.

        Raises:
            DimensionError: there is none up to `max`.
        """
        return self._first(value)

    def refusal(self, value: int) -> str | None:
        """Why the integer `value` is outside this dim; None if it is inside."""
        if value < 0:
            return f"{self.name}={value} is negative"
        if value < self.min:
            return f"{self.name}={value} is below the smallest admissible size, {self.min}"
        if self.max is not None and value > self.max:
            return f"{self.name}={value} is above the largest admissible size, {self.max}"
        if value % self.multiple_of:
            return f"{self.name}={value} is not a multiple of {self.multiple_of}"
        if self.power_of is not None and not is_power(value, self.power_of):
            return f"{self.name}={value} is not a power of {self.power_of}"
        return None

    def _restrictions(self) -> str:
        parts = [f"min {self.min}"]
        if self.max is not None:
            parts.append(f"max {self.max}")
        if self.multiple_of > 1:
            parts.append(f"a multiple of {self.multiple_of}")
        if self.power_of is not None:
            parts.append(f"a power of {self.power_of}")
        return ", ".join(parts)

    def __str__(self) -> str:
        """As it reads in a sentence: ``B >= 1``, ``F a multiple of 8``, ``16 <= F <= 64 and a multiple of 8``."""
        kinds = []
        if self.multiple_of > 1:
            kinds.append(f"a multiple of {self.multiple_of}")
        if self.power_of is not None:
            kinds.append(f"a power of {self.power_of}")
        least = replace(self, min=1, max=None).min if kinds else None
        if self.max is not None:
            range_ = f"{self.min} <= {self.name} <= {self.max}"
        elif self.min == least:
            range_ = self.name
        else:
            range_ = f"{self.name} >= {self.min}"
        if not kinds:
            return range_
        return f"{range_}{' ' if range_ == self.name else ' and '}{' and '.join(kinds)}"


@dataclass(frozen=True, slots=True)
class Domain:
    """The sizes that a formula holds for.

    Attributes:
        dims: one per symbol, in the user's order.
        relations: conditions between symbols, such as ``M <= N``.
        excluded: (description, reason) of sizes that were refused; a description is a relation, or several
            separated by commas that all hold there: ``("B == 1", "the program drops a loop")``.

    Example:
        >>> domain = Domain((Dim("B"), Dim("F", multiple_of=8), Dim("M", min=0)), parse_relations("M <= F")[0])
        >>> str(domain)
        'B >= 1, F a multiple of 8, M >= 0, M <= F'
        >>> domain.check({"B": 2, "F": 16, "M": 0, "unused": 3})
        {'B': 2, 'F': 16, 'M': 0}
    """

    dims: tuple[Dim, ...] = ()
    relations: tuple[Relation, ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        for name in names:
            if names.count(name) > 1:
                raise DimensionError(f"symbol {name!r} is listed twice", todo="list each symbol once")
        conditions = [*self.relations]
        for description, _ in self.excluded:
            conditions += parse_relations(description)[0]
        for relation in conditions:
            for name in relation.names:
                if name not in names:
                    raise unknown_symbol(name, names, f'the relation "{relation}"')

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the symbols, in the user's order."""
        return tuple(d.name for d in self.dims)

    def __getitem__(self, name: str) -> Dim:
        for d in self.dims:
            if d.name == name:
                return d
        raise unknown_symbol(name, self.names, "the domain")

    def check(self, sizes: Mapping[str, Any]) -> dict[str, int]:
        """`sizes` as exact ints in the domain's order; names that the domain lacks are ignored.

        Args:
            sizes: name -> int (or a NumPy integer).

        Raises:
            MissingSizeError: sizes are missing; all of them are named.
            DomainError: a size is boolean, fractional, negative, outside its dim, breaks a relation, or is excluded.
        """
        missing = [name for name in self.names if name not in sizes]
        if missing:
            raise MissingSizeError(
                f"no size was given for {', '.join(missing)}",
                where=f"the formula holds for {self}",
                todo=f"add {', '.join(f'{d.name}={d.min}' for d in self.dims if d.name in missing)}",
            )
        checked = {d.name: self._integer(d, sizes[d.name]) for d in self.dims}
        for relation in self.relations:
            if not relation.holds(checked):
                raise self._outside(f"the relation {relation} does not hold at {format_sizes(checked)}")
        for description, reason in self.excluded:
            if _all_hold(description, checked):
                raise self._outside(f"the sizes {format_sizes(checked)} are excluded ({description}): {reason}")
        return checked

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """True if all relations hold at integer `sizes` and none of them is excluded; dims are not looked at."""
        return all(r.holds(sizes) for r in self.relations) and not any(_all_hold(d, sizes) for d, _ in self.excluded)

    def _integer(self, dim: Dim, value: Any) -> int:
        number = _integer(value)
        if number is None:
            if type(value).__name__ in ("bool", "bool_"):
                why, cure = f"{dim.name}={value!r} is a boolean, not a size", int(value)
            elif _is_whole(value):
                why, cure = f"{dim.name}={value!r} is a {type(value).__name__}, not an integer", int(value)
            elif isinstance(value, float):
                why, cure = f"{dim.name}={value!r} is fractional; a size is an integer", dim.min
            else:
                why, cure = f"{dim.name}={value!r} is a {type(value).__name__}, not an integer", dim.min
            raise DomainError(why, where=f"the formula holds for {self}", todo=f"{dim.name}={cure}")
        refusal = dim.refusal(number)
        if refusal is not None:
            raise self._outside(refusal)
        return number

    def _outside(self, what: str) -> DomainError:
        return DomainError(what, where=f"the formula holds for {self}", todo="give sizes inside the domain")

    def __str__(self) -> str:
        parts = [str(d) for d in self.dims] + [str(r) for r in self.relations]
        parts += [f"not {description} ({reason})" for description, reason in self.excluded]
        return ", ".join(parts) or "no symbols"


def _all_hold(description: str, sizes: Mapping[str, int]) -> bool:
    return all(relation.holds(sizes) for relation in parse_relations(description)[0])


def format_sizes(sizes: Mapping[str, int]) -> str:
    """``B=4, N=7``."""
    return ", ".join(f"{name}={value}" for name, value in sizes.items())


def unknown_symbol(name: str, known: tuple[str, ...], where: str) -> DimensionError:
    """The error for a symbol that is not among those listed, with the names it may have meant."""
    near = near_names(name, known)
    listed = ", ".join(known) or "none"
    return DimensionError(
        f"unknown symbol {name!r} in {where}",
        where=f"known symbols: {listed}",
        todo=f"did you mean {' or '.join(near)}?" if near else f'list it: "{" ".join((*known, name))}"',
    )


def near_names(name: str, known: tuple[str, ...]) -> list[str]:
    """Names in `known` that `name` may be a slip for: spelt alike, or differing in case."""
    import difflib  # only for messages

    same = [k for k in known if k.lower() == name.lower()]
    return same or difflib.get_close_matches(name, known, n=2, cutoff=0.5)


def _integer(value: Any) -> int | None:
    """`value` as an int if it is an integer of any library; None for booleans and all else."""
    if type(value).__name__ in ("bool", "bool_"):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


@lru_cache(maxsize=4096)
def is_power(value: int, base: int) -> bool:
    """Whether `value` is a power of `base`, 1 among them."""
    while value > 1 and value % base == 0:
        value //= base
    return value == 1
