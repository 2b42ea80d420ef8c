"""Rows of repeated modules under one name: `Block_0` ... `Block_5` are `Block_*` where their number varies."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from symcost.fit import Fit
from symcost.ledger import WITHIN, Key

INDEXED = re.compile(r"^(.*?)(\d+)$")


def merging(fits: Sequence[Fit], settled: Fit | None = None) -> Callable[[Key], Key]:
    """Renames scopes so that repeated modules share one row.

    Args:
        fits: of the same family at different values of a structural symbol. settled: a fit whose scopes are merged
            already; others follow it.
    """
    found = [_scopes(f) for f in fits]
    varying: set[tuple[str, ...]] = set()
    if settled is not None:
        varying = {tuple(s[: i + 1]) for s in found[0] for i, part in enumerate(s) if part.endswith("*")}
        varying = {(*v[:-1], v[-1][:-1]) for v in varying}
    else:
        depth = max((len(s) for scopes in found for s in scopes), default=0)
        for level in range(depth):
            prefixes = [
                {(_starred(s[:level], varying), s[level]) for s in scopes if len(s) > level} for scopes in found
            ]
            common = set.intersection(*prefixes) if prefixes else set()
            for parent, part in set.union(*prefixes) - common if prefixes else ():
                match = INDEXED.match(part)
                if match:
                    varying.add((*parent, match[1]))

    def starred(path: str) -> str:
        return "/".join(_starred(tuple(path.split("/")), varying)) if path else ""

    def conditional(path: str) -> str:
        scope, slash, name = path.rpartition("/")
        return starred(scope) + slash + name

    def merge(key: Key) -> Key:
        branch = WITHIN.join(map(conditional, key.branch.split(WITHIN))) if key.branch else ""
        return replace(key, scope=starred(key.scope), branch=branch, conditional=conditional(key.conditional))

    return merge


def _scopes(fit: Fit) -> set[tuple[str, ...]]:
    ledgers = [fit.ledger, *(c.ledger for c in fit.corrections)]
    return {tuple(r.key.scope.split("/")) for ledger in ledgers for r in ledger.rows if r.key.scope}


def _starred(parts: tuple[str, ...], varying: set[tuple[str, ...]]) -> tuple[str, ...]:
    done: tuple[str, ...] = ()
    for part in parts:
        match = INDEXED.match(part)
        done = (*done, f"{match[1]}*" if match and (*done, match[1]) in varying else part)
    return done
