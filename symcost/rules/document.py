"""The table of rules as markdown; `docs/rules.md` is its output."""

from __future__ import annotations

import re

from symcost.rules import load
from symcost.rules.gaps import KNOWN_GAPS
from symcost.rules.registry import Registry, algorithm

_HEADING = """\
# Rules

What the convention "algorithm" counts for each JAX primitive, generated from the
registry by `python -m symcost.rules.document > docs/rules.md`. A primitive that is not
listed is *unknown*: it is never counted as zero, but stands in the total as the symbol
`unknown_<primitive>_<k>` (or is an error, with `strict=True`). Primitives that only call
a program (`jit`, `custom_jvp_call`, `remat2` ...) and those that JAX itself defines by one
(`random_gamma`, `bcoo_spdot_general`, `bcoo_sum_duplicates`) are not listed either: the
operations of that program stand in their place.
"""

_GAPS = """\
## Known gaps

What JAX registers and symcost cannot count, and why. Each is a named unknown; its symbol
bears the name of what is called (`unknown_ffi_call_<target>_<k>`).
"""

_OUTSIDE_CODE = re.compile(r"(`[^`]*`)|([*|])")
"""Code, and what markdown would take for emphasis or for the end of a cell outside of it."""


def table(registry: Registry) -> str:
    r"""One row per primitive: its name, "rule" or "free", and one line on what is counted.

    Example:
        >>> registry = Registry("example")
        >>> registry.free("copy", why="copies | moves, 2*n*m of `a*b`")
        >>> print(table(registry))
        | primitive | state | what is counted |
        |---|---|---|
        | `copy` | free | copies \| moves, 2\*n\*m of `a*b` |
    """
    rows = ["| primitive | state | what is counted |", "|---|---|---|"]
    for primitive in registry:
        text = _OUTSIDE_CODE.sub(lambda part: part[1] or "\\" + part[2], registry.describe(primitive))
        rows.append(f"| `{primitive}` | {registry.state(primitive)} | {text} |")
    return "\n".join(rows)


def gaps() -> str:
    """The primitives without a count, by reason."""
    rows = [f"- {reason}: {', '.join(f'`{p}`' for p in primitives)}" for reason, primitives in KNOWN_GAPS.items()]
    return "\n".join([_GAPS, *rows])


def page() -> str:
    """The whole page: heading, totals and table."""
    load()
    states = [algorithm.state(p) for p in algorithm]
    counts = f"{len(states)} primitives: {states.count('rule')} with a rule, {states.count('free')} free on purpose."
    return f"{_HEADING}\n{counts}\n\n{table(algorithm)}\n\n{gaps()}\n"


if __name__ == "__main__":
    print(page(), end="")
