r"""Names in LaTeX: symbols as letters, module names as text.

A symbol is set as its name reads, ``d_model`` as ``d_{\mathrm{model}}``, unless the user says how:
``symbols={"N": r"|\mathcal{V}|"}``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from symcost.advice import Typed, advice
from symcost.errors import ArgumentError

_MARKS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "`": r"\char96{}",
    "…": r"\ldots{}",
    "×": r"$\times$",
    **{mark: rf"\{mark}" for mark in "_%#&${}"},
}


def text(name: str) -> str:
    r"""A name as text that LaTeX sets as it is.

    Characters beyond those of European alphabets, for which LaTeX has no letters of its own, become their code points.

    Example:
        >>> print(text("Dense_0/a%b"), text("naïve{x}~"), text("层"))
        Dense\_0/a\%b naïve\{x\}\textasciitilde{} U+5C42
    """
    return "".join(
        _MARKS.get(c) or (c if " " <= c <= "~" or "À" <= c <= "ž" else f"U+{ord(c):04X}") for c in name
    ).replace("--", "-{}-")


def checked(symbols: Mapping[str, str] | None, known: Iterable[str]) -> dict[str, str]:
    """The user's letters; and the names of symbols that would look the same without, ``x1`` and ``x_1``.

    Raises:
        ArgumentError: for a symbol that no formula can contain, letters that LaTeX cannot set, or that two would share.
    """
    names = [*known]
    if symbols is not None and not isinstance(symbols, Mapping):
        raise ArgumentError(f"symbols={symbols!r} says no letters", todo='symbols={"N": r"|\\mathcal{V}|"}')
    given = dict(symbols or {})
    for name, letters in given.items():
        if name not in names:
            raise ArgumentError(
                f"there is no symbol {name!r} to write as {letters!r}",
                todo=f"the symbols are {', '.join(names)}" if names else "this cost has no symbols",
            )
        if not isinstance(letters, str) or not letters.strip() or "$" in letters or not balanced(letters):
            raise ArgumentError(
                f"{letters!r} for the symbol {name!r} is nothing that LaTeX can set in a formula",
                todo=advice(
                    "letters with braces in pairs and no $: {}",
                    Typed(f'symbols={{"{name}": r"d_{{in}}"}}', f"--symbol '{name}=d_{{in}}'"),
                ),
            )
    written = {name: given.get(name) or letter(name) for name in names}
    for name in names:
        same = [other for other in names if written[other] == written[name]]
        if len(same) > 1 and any(other in (symbols or {}) for other in same):
            raise ArgumentError(
                f"the symbols {' and '.join(same)} would both be written as {written[name]}",
                todo=f"other letters for {same[-1]}",
            )
        if len(same) > 1:
            given |= {other: verbatim(other) for other in same}
    return given


def balanced(latex: str) -> bool:
    """Whether braces come in pairs, and nothing begins a comment."""
    depth = 0
    for mark in re.findall(r"\\.|[{}%\n]", latex):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        if depth < 0 or mark in "%\n":
            return False
    return depth == 0


@cache
def letter(name: str) -> str:
    r"""A symbol as LaTeX.

    Example:
        >>> print(letter("N"), letter("d_model"), letter("x1"), letter("alpha"), letter("trips_while_0"))
        N d_{\mathrm{model}} x_{1} \alpha \mathit{trips}_{\mathrm{while}\,0}
    """
    base, *below = name.split("_")
    stem = base.rstrip("0123456789")
    if not stem or not all(below):  # what its underscores mean is not known
        return verbatim(name)
    if stem != base:
        base, below = stem, [base[len(stem) :], *below]
    found = _word(base, "mathit")
    return found + ("_{" + r"\,".join(_word(word, "mathrm") for word in below) + "}" if below else "")


def verbatim(name: str) -> str:
    """A symbol as its name is typed."""
    return rf"\text{{\textit{{{text(name)}}}}}"


def _word(word: str, upright: str) -> str:
    from sympy.printing.latex import translate

    known = translate(_greek(word))
    if known.startswith("\\"):
        return known
    if not word.isascii():
        return rf"\text{{{text(word)}}}"
    return word if len(word) == 1 or word.isdigit() else rf"\{upright}{{{text(word)}}}"


def _greek(word: str) -> str:
    """``alpha`` for the letter itself."""
    words = unicodedata.name(word, "").split() if len(word) == 1 else []
    if len(words) == 4 and words[0] == "GREEK":
        return words[3].lower() if words[1] == "SMALL" else words[3].capitalize()
    return word
