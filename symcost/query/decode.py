"""Files of costs, read without trust: every value is checked, nothing is evaluated, time and memory are bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from symcost.conventions import convention
from symcost.cost import PLATFORMS, ProgramCost
from symcost.domain import Dim, Domain
from symcost.errors import LoadError, SymcostError
from symcost.grammar import parse_relations
from symcost.ledger import Key, Ledger, Row, Unknown
from symcost.polynomial import Atom, Poly, Size, make, symbols_of
from symcost.query import limits
from symcost.query.limits import ARITY, FORMAT, VERSION

_FRACTION = re.compile(r"-?[1-9]\d*/[1-9]\d*")
_PARTS = ("work", "fusion", "memory")
_TODO = "save the cost again with this version of symcost: cost.save(path)"


def load(path: str | Path) -> ProgramCost:
    """A cost from a file that `cost.save` wrote: formulas, tables and values; there is no program to trace.

    Raises:
        LoadError: no such file, or one that is damaged, of another version, or of no cost at all; nothing in it is run.

    Example:
        See `ProgramCost.save`.
    """
    if not isinstance(path, str | Path) or not str(path):
        raise LoadError(f"{path!r} is not a path", todo='sc.load("cost.json")')
    try:
        with Path(path).open("rb") as file:
            raw = file.read(limits.BYTES + 1)
    except (OSError, ValueError) as error:
        raise LoadError(f"{path} cannot be read: {error}", todo="check the path") from error
    if len(raw) > limits.BYTES:
        raise LoadError(f"{path} is larger than {limits.BYTES:,} bytes, which no cost is", todo=_TODO)
    return decode(raw, str(path))


def decode(raw: bytes, where: str = "<bytes>") -> ProgramCost:
    """The cost in the bytes of a file; see `load`."""
    try:
        data = json.loads(raw.decode("utf-8"), parse_constant=_refuse, parse_float=_refuse, parse_int=_integer)
    except _Refused as refused:
        raise LoadError(str(refused), where=where, todo=_TODO) from None
    except RecursionError:
        raise LoadError("it is nested too deeply for a cost", where=where, todo=_TODO) from None
    except ValueError as error:
        raise LoadError(f"it is no JSON: {error}", where=where, todo=_TODO) from None
    try:
        return _Decoder(data).cost()
    except _Refused as refused:
        raise LoadError(str(refused), where=where, todo=_TODO) from None
    except RecursionError:
        raise LoadError("it is nested too deeply for a cost", where=where, todo=_TODO) from None


class _Refused(Exception):
    """Something in a file that is not as it should be."""


def _refuse(text: str) -> Any:
    raise _Refused(f"the number {text[:40]} is no integer")


def _integer(text: str) -> int:
    if len(text) > limits.DIGITS:
        raise _Refused(f"a number has {len(text):,} digits")
    return int(text)


class _Decoder:
    def __init__(self, data: Any):
        self.data = _mapping(data, "the file")
        if self.data.get("format") != FORMAT:
            raise _Refused("it is no cost of symcost")
        if self.data.get("version") != VERSION:
            raise _Refused(f"it is of version {_shown(self.data.get('version'))}, and this symcost reads {VERSION}")
        self.atoms: list[Atom] = []
        self.depths: list[int] = []
        self.terms = 0
        self.sizes: list[Size] = []

    def cost(self) -> ProgramCost:
        """The first cost of the file, which knows the others as its conventions."""
        name = _text(self.data.get("name"), "name")
        for encoded in _list(self.data.get("atoms"), "atoms", limits.ATOMS):
            self._atom(encoded)
        for encoded in _list(self.data.get("sizes"), "sizes", limits.SIZES):
            self.sizes.append(self._size(encoded, len(self.atoms)))
        costs = _list(self.data.get("costs"), "costs", 32)
        if not costs:
            raise _Refused("it holds no cost")
        made = [self._one(name, encoded) for encoded in costs]
        stored = {(found.convention, found.platform): found for found in made}
        for found in made:
            found.stored = stored
        return made[0]

    # -- formulas ----------------------------------------------------------------------------
    def _atom(self, encoded: Any) -> None:
        kind, *args = _list(encoded, "a function", 10_001, 1)
        if kind == "symbol":
            if len(args) != 1 or not isinstance(args[0], str) or not re.fullmatch(r"\w{1,200}", args[0]):
                raise _Refused(f"{_shown(args)} is no symbol")
            self.atoms.append(Atom("symbol", args[0]))
            self.depths.append(0)
            return
        least, most = ARITY.get(kind, (0, -1)) if isinstance(kind, str) else (0, -1)
        if not least <= len(args) <= most:
            raise _Refused(f"{_shown(kind)} of {len(args)} sizes is no function of sizes")
        before = len(self.atoms)
        sizes = tuple(self._size(a, before) for a in args)
        _sensible(kind, sizes)
        depth = 1 + max((self.depths[n] for a in args for n in _atoms_in(a)), default=0)
        if depth > limits.DEPTH:
            raise _Refused("functions are nested too deeply")
        self.atoms.append(Atom(kind, "", sizes))
        self.depths.append(depth)

    def _size(self, encoded: Any, known: int) -> Size:
        if not isinstance(encoded, list):
            return _number(encoded)  # type: ignore[return-value]
        terms: dict[Any, Any] = {}
        self.terms += len(encoded)
        if self.terms > limits.TERMS:
            raise _Refused(f"it has more than {limits.TERMS:,} terms")
        for term in encoded:
            coefficient, *factors = _list(term, "a term", limits.FACTORS + 1, 1)
            monomial = []
            for factor in factors:
                pair = _list(factor, "a factor", 2)
                if len(pair) != 2 or not all(type(n) is int for n in pair):
                    raise _Refused(f"{_shown(factor)} is no power of a symbol")
                number, exponent = pair
                if not 0 <= number < known or not 1 <= exponent <= limits.EXPONENT:
                    raise _Refused(f"{_shown(factor)} is no power of a symbol")
                monomial.append((self.atoms[number], exponent))
            key = tuple(sorted(monomial, key=lambda f: f[0].index))
            if len({a for a, _ in key}) < len(key) or key in terms:
                raise _Refused("a symbol or a term stands twice in a formula")
            terms[key] = _number(coefficient)
        return make(terms)

    # -- ledgers -----------------------------------------------------------------------------
    def _one(self, name: str, encoded: Any) -> ProgramCost:
        data = _mapping(encoded, "a cost")
        try:
            how = convention(_text(data.get("convention"), "convention"))
            domain = self._domain(data.get("domain"))
        except SymcostError as error:
            raise _Refused(error.what) from None
        platform = _text(data.get("platform"), "platform")
        if platform not in PLATFORMS:
            raise _Refused(f"{_shown(platform)} is no platform")
        unknown = [Unknown(*_texts(u, 4)) for u in _list(data.get("unknown"), "unknown", limits.ROWS)]
        parts = _mapping(data.get("parts"), "parts")
        if "work" not in parts or not set(parts) <= set(_PARTS):
            raise _Refused(f"{_shown(list(parts))} are no parts of a cost")
        ledgers = {part: Ledger(self._rows(rows), unknown) for part, rows in parts.items()}
        _all_known(ledgers.values(), domain, unknown)
        made = {part: partial(_itself, ledger) for part, ledger in ledgers.items() if part != "work"}
        return ProgramCost(
            name, ledgers["work"], domain, how.name, note="loaded from a file", platform=platform, parts=made
        )

    def _domain(self, encoded: Any) -> Domain:
        data = _mapping(encoded, "domain")
        dims = []
        for encoded_dim in _list(data.get("dims"), "dims", 1000):
            name, *restrictions = _list(encoded_dim, "a symbol's domain", 5, 1)
            if len(restrictions) != 4 or not all(r is None or type(r) is int for r in restrictions):
                raise _Refused(f"{_shown(encoded_dim)} is no domain of a symbol")
            least, most, multiple, power = restrictions
            dims.append(Dim(_text(name, "a symbol", 200), least, most, multiple, power))
        relations = [
            r
            for text in _list(data.get("relations"), "relations", 1000)
            for r in parse_relations(_text(text, "a relation", 1000))[0]
        ]
        excluded = [_texts(e, 2) for e in _list(data.get("excluded"), "excluded", 1000)]
        return Domain(tuple(dims), tuple(relations), tuple((a, b) for a, b in excluded))

    def _rows(self, encoded: Any) -> list[Row]:
        rows = []
        for item in _list(encoded, "rows", limits.ROWS):
            fields = _list(item, "a row", 10)
            if len(fields) != 10:
                raise _Refused("a row has not all its columns")
            *key, count, costs = fields
            named = {}
            for quantity, number in _mapping(costs, "the costs of a row").items():
                if quantity not in _QUANTITIES:
                    raise _Refused(f"{_shown(quantity)} is no quantity")
                named[quantity] = self._at(number)
            rows.append(Row(Key(*_texts(key, 8)), self._at(count), named))
        return rows

    def _at(self, number: Any) -> Size:
        if type(number) is not int or not 0 <= number < len(self.sizes):
            raise _Refused(f"{_shown(number)} is the number of no formula")
        return self.sizes[number]


_QUANTITIES = frozenset(convention("algorithm").quantities)


def _itself(value: Any) -> Any:
    return value


def _all_known(ledgers: Iterable[Ledger], domain: Domain, unknown: Sequence[Unknown]) -> None:
    """Refuse formulas in symbols that are neither sizes nor costs of unknown primitives (``unknown_sort_0_macs``)."""
    stems = tuple(f"{u.symbol}_" for u in unknown)
    known = {*domain.names, *(u.symbol for u in unknown)}
    for size in {s for ledger in ledgers for row in ledger.rows for s in (row.count, *row.costs.values())}:
        for name in symbols_of(size) - known:
            if not name.startswith(stems or ("/",)):
                raise _Refused(f"a formula has the symbol {_shown(name)}, which the domain lacks")


def _atoms_in(encoded: Any) -> list[int]:
    return [factor[0] for term in encoded for factor in term[1:]] if isinstance(encoded, list) else []


def _sensible(kind: str, sizes: tuple[Size, ...]) -> None:
    """Refuse functions that no program has, and whose evaluation would not end."""
    numbers = [s for s in sizes if not isinstance(s, Poly)]
    if kind == "floor_div" and not isinstance(sizes[1], Poly) and sizes[1] < 1:
        raise _Refused("a formula divides by a number below 1")
    if kind == "conv_taps" and any(not -limits.TAPS <= n <= limits.TAPS for n in numbers):
        raise _Refused("a count of taps has numbers that no convolution has")
    if kind == "power":
        base, exponent = sizes
        simple = not isinstance(base, Poly) and 2 <= base <= limits.EXPONENT
        if not simple or (isinstance(exponent, Poly) and any(sum(e for _, e in m) > 1 for m in exponent.terms)):
            raise _Refused("a formula has a power that no program has")


# -- plain values ----------------------------------------------------------------------------
def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Refused(f"{what} is {_shown(value)}, which is no object")
    return value


def _list(value: Any, what: str, most: int, least: int = 0) -> list[Any]:
    if not isinstance(value, list):
        raise _Refused(f"{what}: {_shown(value)} is no list")
    if len(value) < least:
        raise _Refused(f"{what} is empty")
    if len(value) > most:
        raise _Refused(f"{what}: {len(value):,} are more than any cost has")
    return value


def _text(value: Any, what: str, most: int = limits.TEXT) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise _Refused(f"{what}: {_shown(value)} is no text of at most {most:,} characters")
    return value


def _texts(value: Any, count: int) -> list[str]:
    found = _list(value, "texts", count)
    if len(found) != count:
        raise _Refused(f"{_shown(value)} are not {count} texts")
    return [_text(v, "a text") for v in found]


def _number(value: Any) -> int | Fraction:
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) <= limits.DIGITS and _FRACTION.fullmatch(value):
        return Fraction(value)
    raise _Refused(f"{_shown(value)} is no number of a formula")
