"""Do the formulas of a user's own rules make sense: an integer that is not negative, at every size of the domain?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symcost.errors import RuleError
from symcost.polynomial import Size, evaluate, symbols_of
from symcost.rules.registry import Rule, algorithm


def own_rules(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """The rules that are not symcost's: those of this call, and those registered with `sc.rule`."""
    return {**algorithm.foreign(), **rules}


def refuse_senseless(
    costs: Iterable[tuple[str, Mapping[str, Size]]], rules: Mapping[str, Rule], points: Iterable[Mapping[str, int]]
) -> None:
    """Evaluate the costs of operations that have one of `rules`.

    Args:
        costs: (primitive, formulas by quantity) pairs. points: sizes of the domain; trip counts and unknowns are 1.

    Raises:
        RuleError: a cost is negative or no integer.
    """
    formulas = [(p, q, size) for p, sizes in costs if p in rules for q, size in sizes.items()]
    for sizes in points if formulas else ():
        for primitive, quantity, size in formulas:
            value = evaluate(size, {**dict.fromkeys(symbols_of(size), 1), **sizes})
            if value < 0 or value != value // 1:
                wrong = "negative" if value < 0 else "no integer"
                at = ", ".join(f"{name}={n}" for name, n in sizes.items())
                raise RuleError(
                    f"the rule {getattr(rules[primitive], '__name__', '')!r} of primitive {primitive!r} gives"
                    f" {quantity} = {value}, which is {wrong}",
                    where=f"{at}; the formula is {size}",
                    todo="count what the operation does at every size: symcost's floor_div, ceil_div, maximum ...",
                )
