"""Conditions on sizes under which a program differs: a symbol or a dimension has a certain value."""

from __future__ import annotations

from symcost.polynomial import Atom, Poly, Size, atoms_of, floor_div, substitute
from symcost.sampling import Condition

Where = tuple[Condition, ...]
"""Conditions that hold together: ((B, 1), (M, 0)), or ((ceil(H/16), 1),)."""


def name_of(condition: Condition) -> str | None:
    """The symbol of a condition on a symbol alone; None for a condition on a formula."""
    size = condition[0]
    if isinstance(size, Poly) and len(size.terms) == 1:
        ((monomial, c),) = size.terms.items()
        if c == 1 and len(monomial) == 1 and monomial[0][1] == 1 and monomial[0][0].kind == "symbol":
            return monomial[0][0].name
    return None


def threshold_of(condition: Condition) -> tuple[str, int] | None:
    """(T, 65) for the condition T <= 64, written floor(T/65) = 0: where sizes begin for which it does not hold."""
    size, value = condition
    for atom in atoms_of(size) if value == 0 else ():
        if atom.kind == "floor_div" and isinstance(atom.args[1], int) and size == floor_div(*atom.args):
            name = name_of((atom.args[0], 0))
            if name is not None:
                return name, atom.args[1]
    return None


def bound_by(where: Where) -> dict[str, int]:
    """Symbols that the conditions fix."""
    return {name: condition[1] for condition in where if (name := name_of(condition)) is not None}


def given(size: Size, where: Where) -> Size:
    """`size` where the conditions hold: symbols bound, their indicators 1."""
    held = {Atom("indicator", "", condition): 1 for condition in where}
    bound = bound_by(where)

    def replace_(atom: Atom) -> Size | None:
        if atom in held:
            return 1
        return bound.get(atom.name) if atom.kind == "symbol" else None

    return substitute(size, replace_)


def text_of(where: Where) -> str:
    """The conditions in words, for messages."""
    return " and ".join(f"{size} = {value}" for size, value in where)
