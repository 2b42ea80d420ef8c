"""Rules of the user's own: registered for good, given for one call, and refused where they make no sense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import jax
import jax.numpy as jnp
import pytest
from jax.extend.core import Primitive

import symcost as sc
from symcost.errors import RuleError
from symcost.polynomial import ceil_div, maximum
from symcost.rules.registry import UNCOUNTED, algorithm

smooth_p = Primitive("own_smooth")
smooth_p.def_abstract_eval(lambda x: x)


def smooth(x):
    return smooth_p.bind(x)


@pytest.fixture
def registered() -> Iterator[None]:
    @sc.rule("own_smooth")
    def own_smooth(op):
        """Three flops per element."""
        return sc.Cost(flops=3 * op.output.size)

    yield
    del algorithm._rules["own_smooth"]


def test_a_primitive_of_ones_own_is_unknown_until_it_has_a_rule() -> None:
    cost = sc.trace(smooth, sc.array("N"))
    assert cost.text("flops") == "unknown_own_smooth_0"
    assert [u.primitive for u in cost.unknown] == ["own_smooth"]


def test_a_registered_rule_counts(registered: None) -> None:
    cost = sc.trace(lambda x: smooth(x) + x, sc.array("N M"))
    assert cost.text("flops") == "4*N*M"
    assert cost.text("bytes_accessed") == "20*N*M"  # by default: operands and results


def test_a_rule_for_one_call_wins_and_is_forgotten(registered: None) -> None:
    half = {"own_smooth": lambda op: sc.Cost(flops=ceil_div(op.output.size, 2), bytes_accessed=op.output.bytes)}
    cost = sc.trace(smooth, sc.array("N"), rules=half)
    assert [cost.at(N=n).flops for n in (1, 2, 7)] == [1, 1, 4]
    assert cost.text("bytes_accessed") == "4*N"
    assert sc.trace(smooth, sc.array("N")).text("flops") == "3*N"


def test_a_rule_for_a_name_that_nothing_has():
    half = {"sine": lambda op: sc.Cost(flops=1), "own_smooth": lambda op: sc.Cost(flops=1)}
    with pytest.raises(sc.errors.ArgumentError, match="the rule for 'sine' applies to nothing") as caught:
        sc.trace(jnp.sin, sc.array("N"), rules=half)
    assert "did you mean 'sin'?" in str(caught.value)
    # one for a primitive of JAX that this program happens not to have is none the worse
    assert sc.trace(jnp.sin, sc.array("N"), rules={"cos": lambda op: sc.Cost(flops=1)}).text("transcendentals") == "N"


def test_a_rule_for_one_call_replaces_symcosts_own_in_every_front_end() -> None:
    rules = {"exp": lambda op: sc.Cost(flops=20 * op.output.size)}
    build = lambda N: (jnp.exp, (jax.ShapeDtypeStruct((N,), "float32"),))
    for cost in (sc.trace(jnp.exp, sc.array("N"), rules=rules), sc.trace_family(build, "N", rules=rules)):
        assert (cost.text("flops"), cost.text("transcendentals")) == ("20*N", "0")


def test_a_second_rule_is_an_error(registered: None) -> None:
    for name in ("own_smooth", "dot_general", "reshape"):
        with pytest.raises(RuleError, match=f"primitive '{name}' already has a rule") as caught:
            sc.rule(name)(lambda op: sc.Cost())
        assert "sc.trace(..., rules={name: function})" in str(caught.value)


def test_a_rule_may_decline() -> None:
    cost = sc.trace(jnp.exp, sc.array("N"), rules={"exp": lambda op: UNCOUNTED})
    assert cost.text("transcendentals") == "unknown_exp_0_transcendentals"


def nothing(op):
    return None


def number(op):
    return 7


def inexact(op):
    return sc.Cost(flops=1.5)  # type: ignore[arg-type]


def fails(op):
    return op.params["no_such_parameter"]


def negative(op):
    return sc.Cost(flops=-1)


def negative_at_some_sizes(op):
    return sc.Cost(int_ops=op.output.size - 5)


def halves(op):
    return sc.Cost(flops=op.output.size * Fraction(1, 2))


SENSELESS = [
    (nothing, "returned None, not a symcost Cost"),
    (number, "returned 7, not a symcost Cost"),
    (inexact, r"returned flops=1\.5, which is not an exact size"),
    (fails, "raised KeyError: 'no_such_parameter'"),
    (negative, "returned flops=-1, which is negative"),
    (negative_at_some_sizes, "gives int_ops = -[1-4], which is negative"),
    (halves, "gives flops = .*/2, which is no integer"),
]


@pytest.mark.parametrize(("rule", "said"), SENSELESS, ids=[rule.__name__ for rule, _ in SENSELESS])
def test_a_rule_that_makes_no_sense_is_named(rule: Callable, said: str) -> None:
    with pytest.raises(RuleError, match=f"the rule '{rule.__name__}' of primitive 'own_smooth' {said}"):
        sc.trace(smooth, sc.array("N"), rules={"own_smooth": rule})


def test_a_senseless_rule_is_found_inside_a_loop_too() -> None:
    scanned = lambda x: jax.lax.scan(lambda c, _: (smooth(c), None), x, None, length=3)[0]
    with pytest.raises(RuleError, match="the rule 'negative' of primitive 'own_smooth'"):
        sc.trace(scanned, sc.array("N"), rules={"own_smooth": negative})


def test_what_is_negative_only_outside_of_the_domain_is_fine() -> None:
    n = sc.dim("LONG", min=5)
    cost = sc.trace(smooth, sc.array((n,)), rules={"own_smooth": negative_at_some_sizes})
    assert cost.at(LONG=5).int_ops == 0


def test_a_rule_may_say_where_its_formula_ends() -> None:
    rule = {"own_smooth": lambda op: sc.Cost(int_ops=maximum(op.output.size - 5, 0))}
    cost = sc.trace(smooth, sc.array("N"), rules=rule)
    assert [cost.at(N=n).int_ops for n in (1, 5, 8)] == [0, 0, 3]
