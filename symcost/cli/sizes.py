"""On the command line: points (`--at`), domains (`--dim`), trip counts (`--trip`), probabilities (`--expect`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import typer

from symcost.cli.values import assignment, literal

_DIM = re.compile(
    r"""\s*(?:(?P<low>\d+)\s*<=\s*)?          # 8 <= F
        (?P<name>[^\W\d]\w*)\s*
        (?:%\s*(?P<multiple>\d+)
          |\^\s*(?P<power>\d+)|=\s*(?P<base>\d+)\s*(?:\^|\*\*)\s*[^\W\d]\w*
          |>=\s*(?P<min>\d+)|<=\s*(?P<max>\d+))?\s*""",
    re.VERBOSE,
)


def points(texts: Iterable[str]) -> list[dict[str, Any]]:
    """Points of ``--at``: sizes collect into one point, and a name given again starts the next.

    Example:
        >>> points(["N=10,F=16"]), points(["N=1", "F=2", "N=3,F=4"])
        ([{'N': 10, 'F': 16}], [{'N': 1, 'F': 2}, {'N': 3, 'F': 4}])
    """
    found: list[dict[str, Any]] = []
    for text in texts:
        for part in filter(None, (p.strip() for p in text.split(","))):
            name, value = assignment(part, "--at", "N=10,F=16")
            if not found or name in found[-1]:
                found.append({})
            found[-1][name] = literal(value)
    return found


def restrictions(texts: Iterable[str]) -> dict[str, dict[str, int]]:
    """What ``--dim`` says of each symbol, as keywords of `sc.dim`.

    Example:
        >>> restrictions(["F%8", "8<=F<=64", "N>=3", "S^2", "T=2^k"])
        {'F': {'multiple_of': 8, 'min': 8, 'max': 64}, 'N': {'min': 3}, 'S': {'power_of': 2}, 'T': {'power_of': 2}}
    """
    found: dict[str, dict[str, int]] = {}
    for text in texts:
        for part in text.split(","):
            match = _DIM.fullmatch(part)
            if match is None or not any(v for k, v in match.groupdict().items() if k != "name"):
                raise typer.BadParameter(
                    f'{part.strip()!r} restricts no symbol; write "F%8", "N>=3", "N<=64", "8<=F<=64" or "N=2^k"',
                    param_hint="--dim",
                )
            known = found.setdefault(match["name"], {})
            given = {
                "multiple_of": match["multiple"],
                "min": match["min"] or match["low"],
                "max": match["max"],
                "power_of": match["power"] or match["base"],
            }
            known.update({key: int(v) for key, v in given.items() if v is not None})
    return found


def declare(texts: Iterable[str]) -> tuple[str, ...]:
    """Declare what ``--dim`` says; the names, in order."""
    import symcost as sc

    found = restrictions(texts)
    for name, stated in found.items():
        sc.dim(name, **stated)
    return tuple(found)


def trips(texts: Iterable[str]) -> dict[str, Any]:
    """Trip counts of ``--trip``: a number, or a size in symbols."""
    from symcost.cli.values import value

    found = {}
    for text in texts:
        name, equals, count = text.partition("=")
        if not equals or not name.strip() or not count.strip():
            raise typer.BadParameter(f"{text!r} is not NAME=COUNT; write --trip trips_while_0=10", param_hint="--trip")
        found[name.strip()] = value(count)
    return found


def probabilities(texts: Iterable[str]) -> dict[str, list[float]]:
    """Probabilities of ``--expect``, one for each branch of a conditional.

    Example:
        >>> probabilities(["cond_0=0.9,0.1", "Router/cond_0=1,0,0"])
        {'cond_0': [0.9, 0.1], 'Router/cond_0': [1.0, 0.0, 0.0]}
    """
    found = {}
    for text in texts:
        name, _, numbers = text.partition("=")
        try:
            found[name.strip()] = [float(number) for number in numbers.split(",")]
        except ValueError:
            raise typer.BadParameter(
                f"{text!r} is not NAME=P,P; write --expect cond_0=0.9,0.1", param_hint="--expect"
            ) from None
    return found
