"""Costs as JSON: formulas once each, functions of sizes in a table in which each refers to earlier ones only."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

from symcost.cost import ProgramCost
from symcost.errors import ArgumentError, ConventionError, GeneralizationError, SaveError
from symcost.ledger import Ledger
from symcost.polynomial import Atom, Poly, Size
from symcost.query.limits import FORMAT, VERSION

PACKAGES = ("jax", "jaxlib", "flax", "optax")


def save(cost: ProgramCost, path: str | Path, *, conventions: Sequence[str] = ()) -> None:
    """Write a cost to a JSON file, to be queried without its model and without JAX.

    Args:
        path: of the file; it is replaced as a whole, or not at all.
        conventions: further conventions to store beside the cost's own, such as "xla".

    Raises:
        ArgumentError: a path that is no path. SaveError: the file cannot be written.
        ConventionError: a convention that the cost cannot be counted under.

    Example:
        >>> import tempfile, symcost as sc
        >>> cost = sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     cost.save(f"{folder}/dense.json")
        ...     sc.load(f"{folder}/dense.json").text("flops")
        '2*N*F*H'
    """
    if not isinstance(path, str | Path) or not str(path):
        raise ArgumentError(f"{path!r} is not a path", todo='cost.save("cost.json")')
    text = json.dumps(document(cost, conventions), separators=(",", ":"), ensure_ascii=False)
    write(Path(path), text + "\n")


def write(target: Path, text: str) -> None:
    """Replace a file as a whole, or not at all.

    Raises:
        SaveError: it cannot be written.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SaveError(f"{target} cannot be written: {error}", todo="choose a folder that exists") from error


def document(cost: ProgramCost, conventions: Sequence[str] = ()) -> dict[str, Any]:
    """A cost as plain data; see `save`."""
    if isinstance(conventions, str):
        raise ArgumentError(f"conventions={conventions!r} is one text", todo=f"conventions=[{conventions!r}]")
    encoder = _Encoder()
    costs = [cost, *(cost.under(name) for name in dict.fromkeys(conventions) if name != cost.convention)]
    stored = [_one(c, encoder) for c in costs]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": cost.name,
        "provenance": provenance(cost),
        "atoms": encoder.atoms,
        "sizes": encoder.sizes,
        "costs": stored,
    }


def _one(cost: ProgramCost, encoder: _Encoder) -> dict[str, Any]:
    parts, missing = {"work": _rows(cost.ledger, encoder)}, {}
    for part in ("fusion", "memory"):
        if any(cost.holds(part) and q in cost.quantities for q in _of(part)):
            try:
                parts[part] = _rows(cost.part(part), encoder)
            except (GeneralizationError, ConventionError) as error:
                missing[part] = error.what
    return {
        "convention": cost.convention,
        "platform": cost.platform,
        "domain": _domain(cost),
        "parts": parts,
        "missing": missing,
        "unknown": [[u.symbol, u.primitive, u.scope, u.source] for u in cost.unknown],
    }


def _of(part: str) -> tuple[str, ...]:
    from symcost.parts import quantities_of

    return quantities_of(part)


def _domain(cost: ProgramCost) -> dict[str, Any]:
    dims = [[d.name, d.min, d.max, d.multiple_of, d.power_of] for d in cost.domain.dims]
    relations = [str(r) for r in cost.domain.relations]
    return {"dims": dims, "relations": relations, "excluded": [list(e) for e in cost.domain.excluded]}


def _rows(ledger: Ledger, encoder: _Encoder) -> list[list[Any]]:
    found = []
    for row in ledger.rows:
        k = row.key
        key = [k.scope, k.primitive, k.dtype, k.unit, k.phase, k.branch, k.flag, k.conditional]
        found.append([*key, encoder.size(row.count), {q: encoder.size(s) for q, s in row.costs.items()}])
    return found


class _Encoder:
    """Numbers for functions of sizes and for formulas; equal ones are stored once."""

    def __init__(self) -> None:
        self.atoms: list[Any] = []
        self.sizes: list[Any] = []
        self._atoms: dict[Atom, int] = {}
        self._sizes: dict[Any, int] = {}

    def size(self, size: Size) -> int:
        key = (type(size), size)
        if key not in self._sizes:
            encoded = self._size(size)
            self._sizes[key] = len(self.sizes)
            self.sizes.append(encoded)
        return self._sizes[key]

    def _size(self, size: Size) -> Any:
        if not isinstance(size, Poly):
            return _number(size)
        return [[_number(c), *([self._atom(a), e] for a, e in monomial)] for monomial, c in size.terms.items()]

    def _atom(self, atom: Atom) -> int:
        if atom not in self._atoms:
            encoded = ["symbol", atom.name] if atom.kind == "symbol" else [atom.kind, *map(self._size, atom.args)]
            self._atoms[atom] = len(self.atoms)
            self.atoms.append(encoded)
        return self._atoms[atom]


def _number(value: Any) -> Any:
    """An integer as it is, a fraction as text ``"1/3"``."""
    return f"{value.numerator}/{value.denominator}" if isinstance(value, Fraction) else int(value)


def provenance(cost: ProgramCost) -> dict[str, Any]:
    """What was counted, with which versions, and the commit of the folder it was done in."""
    import symcost

    versions = {}
    for package in PACKAGES:
        if package in sys.modules:
            versions[package] = metadata.version(package)
    model = cost.analysis.family.provenance if cost.analysis is not None else cost.note
    found = {"model": model, "symcost": symcost.__version__, "python": platform.python_version(), "packages": versions}
    commit = _commit()
    return {**found, "commit": commit} if commit else found


def _commit() -> str:
    """The commit that is checked out here, marked if files differ from it; "" outside of a repository."""
    try:
        ran = [
            subprocess.run(["git", *words], capture_output=True, text=True, timeout=5, check=True).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        ]
    except (OSError, subprocess.SubprocessError):
        return ""
    return ran[0] + ("+" if ran[1] else "")
