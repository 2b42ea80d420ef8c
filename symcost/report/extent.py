r"""How wide LaTeX will set a formula, roughly: in points, for Computer Modern at 10 pt.

It decides which formulas fit a column and where long ones are broken. It would rather be too large than too small.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[{}^_]|\S|\s+")
_WIDTHS = {
    **dict.fromkeys("0123456789/", 5.0),
    **dict.fromkeys("()", 3.9),
    **dict.fromkeys("[]|.;", 2.8),
    **dict.fromkeys("+-", 12.4),
    **dict.fromkeys("=<>", 13.5),
    **dict.fromkeys("MW", 10.8),
    **dict.fromkeys("DHKNX", 9.4),
    **dict.fromkeys("ABCEGLOQRUZ", 8.6),
    **dict.fromkeys("FJPSTVY", 7.5),
    **dict.fromkeys("I", 5.4),
    **dict.fromkeys("mw", 9.0),
    ",": 4.6,
    **{rf"\{name}": 4.5 for name in ("lfloor", "rfloor", "lceil", "rceil", "bigl", "bigr")},
    **{rf"\{name}": 13.5 for name in ("leq", "geq")},
    **{rf"\{name}": 0.0 for name in ("mathcal", "mathrm", "mathit", "text", "operatorname", "displaystyle")},
    **{rf"\{name}": 0.0 for name in ("mathbf", "mathsf", "mathbb", "boldsymbol", "left", "right")},
    r"\,": 1.7,
    r"\!": 0.0,
    r"\log": 16.0,
    r"\max": 22.0,
    r"\min": 20.0,
    r"\bmod": 25.0,
    r"\cdot": 7.5,
    r"\quad": 10.0,
    r"\mid": 9.0,
}
_TYPEWRITER = 5.3
"""A character of a module's name."""


def extent(latex: str) -> float:
    """The width of a formula in text style.

    Example:
        >>> extent("2 N F"), extent("N^{2}") < extent("N 2"), extent(r"\\lceil S/32 \\rceil") < 40
        (21.9, True, True)
    """
    return _read(_TOKEN.findall(latex), 0, 1.0)[0]


def typewriter(name: str) -> float:
    """The width of a name in a fixed-width font."""
    return len(name) * _TYPEWRITER


def _read(tokens: list[str], i: int, scale: float) -> tuple[float, int]:
    """The width up to the end of a group, and where it ends."""
    width = 0.0
    while i < len(tokens) and tokens[i] != "}":
        token = tokens[i]
        i += 1
        if token == "{":
            inside, i = _read(tokens, i, scale)
            width, i = width + inside, i + 1
        elif token in ("^", "_"):
            if i < len(tokens) and tokens[i] == "{":
                inside, i = _read(tokens, i + 1, 0.75 * scale)
                width, i = width + inside + 0.7, i + 1
            elif i < len(tokens):
                width, i = width + 0.75 * scale * _width(tokens[i]) + 0.7, i + 1
        elif token in (r"\frac", r"\tfrac", r"\dfrac") and i < len(tokens) and tokens[i] == "{":
            top, i = _read(tokens, i + 1, 0.75 * scale)
            bottom, i = _read(tokens, i + 2, 0.75 * scale)
            width, i = width + max(top, bottom) + 3.0, i + 1
        else:
            width += scale * _width(token)
    return width, i


def _width(token: str) -> float:
    if token.isspace():
        return 0.0
    if token in _WIDTHS:
        return _WIDTHS[token]
    if token.startswith("\\"):
        return 8.0 if token[1:].isalpha() else 4.0
    return 9.2 if token.isupper() or not token.isascii() else 6.0
