"""Numbers that the user's own code compares sizes with: where else to look before a formula is believed.

`if tokens > 2048` or `tokens % 64 == 0` changes the program at sizes that no sample would hit by chance. The
bytecode of the user's functions says 2048 and 64; sizes around them, and multiples, are then tried on purpose.
"""

from __future__ import annotations

import dis
import gc
import linecache
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any

MOST = 6
"""Numbers of each kind that are tried, at most; the smallest first."""


@dataclass(frozen=True, slots=True)
class Branches:
    """Integers in the user's code.

    Attributes:
        compared: with which something is compared, or of which a minimum or maximum is taken.
        divisors: by which something is divided or reduced.
        blind: some of the code has no source, so that its tests cannot be watched.
    """

    compared: tuple[int, ...] = ()
    divisors: tuple[int, ...] = ()
    blind: bool = field(default=False, repr=False)


def branches(codes: Iterable[CodeType]) -> Branches:
    """The integers in `codes`, the functions that they name in their modules, and functions nested in them.

    Example:
        >>> def model(tokens):
        ...     return tokens if tokens > 2048 or tokens % 64 == 0 else min(tokens, 100)
        >>> branches([model.__code__])
        Branches(compared=(100, 2048), divisors=(64,))
    """
    compared: set[int] = set()
    divisors: set[int] = set()
    blind = False
    for code in _closure(codes):
        blind = blind or not linecache.getlines(code.co_filename)
        recent: list[Any] = []  # what the last few instructions loaded; None for anything unknown
        bounded = 0  # instructions for which a call of min or max is being prepared
        for instruction in dis.get_instructions(code):
            name, value = instruction.opname, instruction.argval
            if name.startswith(("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")):
                recent.append(_value(code, name, value))
                bounded = 12 if value in ("min", "max") else bounded
            elif name == "COMPARE_OP":
                compared.update(_integers(recent[-2:]))
                recent.clear()
            elif name == "BINARY_OP" and instruction.argrepr in ("%", "//"):
                divisors.update(_integers(recent[-1:]))
                recent.clear()
            elif name.startswith("LOAD"):
                recent.append(None)
            if bounded:
                bounded -= 1
                if name.startswith(("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_GLOBAL", "LOAD_DEREF")):
                    compared.update(_integers(recent[-1:]))
                elif name.startswith("CALL"):
                    bounded = 0
    return Branches(tuple(sorted(compared)[:MOST]), tuple(sorted(divisors)[:MOST]), blind)


def _integers(values: Iterable[Any]) -> Iterator[int]:
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and 2 <= value <= 1_000_000:
            yield value


def _closure(codes: Iterable[CodeType]) -> Iterator[CodeType]:
    """`codes`, the user's functions that they call by name, and code nested in any of them."""
    waiting, seen = list(codes), set()
    while waiting and len(seen) < 200:
        code = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        yield code
        waiting += [c for c in code.co_consts if isinstance(c, CodeType)]
        scope = _globals(code)
        named = [scope.get(name) for name in code.co_names]
        named += [_value(code, "LOAD_DEREF", name) for name in code.co_freevars]
        for function in (getattr(f, "__wrapped__", f) for f in named):
            if isinstance(function, FunctionType) and function.__code__.co_filename == code.co_filename:
                waiting.append(function.__code__)


def _globals(code: CodeType) -> dict[str, Any]:
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == code.co_filename:
            return vars(module)
    return {}


def _value(code: CodeType, opname: str, value: Any) -> Any:
    """What an instruction loads, as far as that is known without running it."""
    if opname.startswith(("LOAD_CONST", "LOAD_SMALL_INT")):
        return value
    if opname.startswith(("LOAD_GLOBAL", "LOAD_NAME")):
        return _globals(code).get(value)
    for function in gc.get_referrers(code):
        if isinstance(function, FunctionType) and function.__closure__:
            cells = dict(zip(code.co_freevars, function.__closure__, strict=False))
            if value in cells:
                try:
                    return cells[value].cell_contents
                except ValueError:  # not assigned yet
                    return None
    return None
