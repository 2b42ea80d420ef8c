"""Values on the command line: sizes, symbols, numbers, words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import typer

from symcost.arrays import DTYPES
from symcost.errors import DimensionError
from symcost.grammar import parse_shape

_LITERALS: dict[str, Any] = {"true": True, "false": False, "none": None}


def assignment(text: str, option: str, example: str) -> tuple[str, str]:
    """``name=value`` apart; exit code 2 if it is no assignment.

    Example:
        >>> assignment("features=4*H", "--set", "features=H")
        ('features', '4*H')
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE; write {option} {example}", param_hint=option)
    return name.strip(), value.strip()


def literal(text: str) -> Any:
    """A number, boolean or None; any other text as it is.

    Example:
        >>> [literal(t) for t in ("16", "1_000", "0.5", "1e3", "True", "none", "same")]
        [16, 1000, 0.5, 1000.0, True, None, 'same']
    """
    if text.lower() in _LITERALS:
        return _LITERALS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def value(text: str, takes_text: bool = False) -> Any:
    """A value of ``--set`` or ``--kwarg``.

    Args:
        text: a literal, a quoted text, a list in brackets or with commas, a dtype, or a size (``4*H``).
        takes_text: the parameter is a text, so that a bare word is no symbol.

    Example:
        >>> [value(t) for t in ("3", "'SAME'", "bfloat16", "4*H", "[H, 10]")]
        [3, 'SAME', 'bfloat16', 4*H, (H, 10)]
        >>> value("same", takes_text=True)
        'same'
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    bracketed = len(text) > 1 and (text[0], text[-1]) in (("[", "]"), ("(", ")"))
    parts = _split(text[1:-1] if bracketed else text)
    if len(parts) > 1 or (bracketed and text[0] == "["):
        return tuple(value(part, takes_text) for part in parts if part.strip())
    found = literal(text)
    if not isinstance(found, str) or takes_text or text in DTYPES or not text:
        return found
    try:
        sizes, names = parse_shape(text)
    except DimensionError:
        if re.search(r"[\s*/+%()]", text):
            raise
        return text
    if len(sizes) != 1:
        raise DimensionError(
            f"{text!r} is not one size", todo=f"write it without spaces, or as a list: [{','.join(text.split())}]"
        )
    return _sympy(sizes[0], names)


def _sympy(size: Any, names: tuple[str, ...]) -> Any:
    """A size as users hand it over in Python: with sympy symbols, declared in order of appearance."""
    from symcost.dims import public_name, symbol_of
    from symcost.expression import to_sympy

    symbols = {name: symbol_of(public_name(name)) for name in names}
    return to_sympy(size, symbols)


def _split(text: str) -> list[str]:
    """Parts between commas that stand outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def parameters(constructor: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Parameters of a class or function; none where its signature cannot be read."""
    from symcost.frontend.frameworks import is_nnx_class

    try:
        if is_nnx_class(constructor):
            # the metaclass of NNX modules hides the signature of __init__
            known = dict(inspect.signature(constructor.__init__).parameters)  # type: ignore[misc]
            known.pop("self", None)
            return known
        return inspect.signature(constructor).parameters
    except (TypeError, ValueError):
        return {}


def takes_text(parameter: inspect.Parameter | None) -> bool:
    """Whether a parameter is a text by its default or its annotation.

    Example:
        >>> def net(width: int, padding="SAME", mode: "str | None" = None, size: "int | str" = 3): ...
        >>> [takes_text(p) for p in inspect.signature(net).parameters.values()]
        [False, True, True, False]
    """
    if parameter is None:
        return False
    if isinstance(parameter.default, str):
        return True
    if parameter.annotation is parameter.empty:
        return False
    words = set(re.findall(r"\w+", inspect.formatannotation(parameter.annotation)))
    return "str" in words and not words & {"int", "float", "Any"}
