"""Quotients of costs: per sample, of two costs, of phases; exact, in lowest terms, with their limits."""

from __future__ import annotations

import random
from fractions import Fraction

import jax
import jax.numpy as jnp
import pytest
import sympy

import symcost as sc
from symcost.dims import declarations, forget
from symcost.errors import ArgumentError, ConventionError, DimensionError, DomainError, MissingSizeError
from symcost.polynomial import evaluate, floor_div, indicator, maximum, symbol, terms_of, total
from symcost.quotients import quotient
from tests.report import costs

N, M, F, H = map(symbol, "NMFH")


@pytest.fixture(scope="module", autouse=True)
def _symbols():
    """Formulas print symbols in the order in which they were declared: here, and not in another test."""
    with declarations():
        forget()
        yield


@pytest.fixture(scope="module")
def step():
    def loss(w, x):
        return jnp.tanh(x @ w[0]).sum() + (x @ w[0] @ w[1]).sum()

    return sc.trace(jax.grad(loss), [sc.array("F H"), sc.array("H C")], sc.array("B F"))


@pytest.fixture(scope="module")
def dense():
    return sc.trace(lambda x, w, b: x @ w + b, sc.array("B T F"), sc.array("F H"), sc.array("H"))


def some(rng, terms):
    atoms = [N, M, F, H, floor_div(N, 2), maximum(N, M), indicator(F, 3)]
    return total(
        rng.choice([1, 2, 3, 6, -4]) * rng.choice(atoms) ** rng.randint(0, 2) * rng.choice(atoms) for _ in range(terms)
    )


@pytest.mark.parametrize("seed", range(40))
def test_quotients_are_exact(seed):
    rng = random.Random(seed)
    common = some(rng, rng.randint(1, 2))
    top, bottom = some(rng, 3) * common, some(rng, rng.randint(1, 2)) * common
    if bottom == 0:
        return
    found = quotient(top, bottom)
    text = found.text("NMFH")
    compared = 0
    for _ in range(30):
        sizes = {name: rng.randint(1, 9) for name in "NMFH"}
        below = evaluate(bottom, sizes)
        if below:
            compared += 1
            assert found.value(sizes) == Fraction(evaluate(top, sizes)) / below
            if "[" not in text:
                assert eval(text, {**_FUNCTIONS, **{n: Fraction(s) for n, s in sizes.items()}}) == found.value(sizes)
    assert compared
    # nothing is left that could be cancelled: the same again
    assert quotient(found.numerator, found.denominator) == found


_FUNCTIONS = {"floor": lambda x: x.numerator // x.denominator, "ceil": lambda x: -(-x.numerator // x.denominator)}
_FUNCTIONS |= {"max": max}


@pytest.mark.parametrize(
    ("top", "bottom", "text"),
    [
        (2 * N * F * H + F * H, N, "2*F*H + F*H/N"),
        (4 * N * F + 2 * N, 2 * N * H, "2*F/H + 1/H"),
        (N, 3 * N, "1/3"),
        (N * F, 2, "N*F/2"),
        (3 * N + 1, 6 * N**2 * F, "1/(2*N*F) + 1/(6*N**2*F)"),
        (M - N, N**2, "-1/N + M/N**2"),
        (N**2 - M**2, N - M, "N + M"),
        (N**2 - M**2, M - N, "-N - M"),
        (N + 1, 2 * N + 2, "1/2"),
        (N + 2, 2 * N + 2, "(N + 2)/(2*N + 2)"),
        (N * F, M + N, "N*F/(N + M)"),
        (maximum(4 * N * F, 8 * N * H + 4 * N), N, "max(4*F, 8*H + 4)"),
        (maximum(4 * N * F, 8 * H), N, "max(4*N*F, 8*H)/N"),
        (N * floor_div(F, 2) + N, N, "floor(F/2) + 1"),
        (N**2 / 2, N, "N/2"),
        (0, N, "0"),
        (7, 7, "1"),
    ],
)
def test_quotients_are_in_lowest_terms(top, bottom, text):
    assert quotient(top, bottom).text("NMFH") == text


def test_a_large_quotient_is_not_searched_for_common_factors():
    many = total(N**i * M**j for i in range(20) for j in range(20))
    found = quotient(many * (N + M), many)
    assert len(terms_of(found.denominator)) == 400  # exact all the same
    assert found.value({"N": 2, "M": 3}) == 5


def test_a_cost_per_sample_and_per_token(dense):
    per = dense.per("B*T")
    assert per.text("flops") == "2*F*H + H"
    f, h = (sympy.Symbol(n, integer=True, positive=True) for n in "FH")
    assert per.flops == 2 * f * h + h
    sizes = {"B": 3, "T": 5, "F": 7, "H": 11}
    whole = dense.at(**sizes)
    for quantity in ("flops", "bytes_accessed", "macs", "peak_memory", "fused_bytes"):
        value = getattr(per.at(**sizes), quantity)
        assert value == Fraction(getattr(whole, quantity), 15)
        assert isinstance(value, int) == (getattr(whole, quantity) % 15 == 0)
    b, t = sc.dims("B T")
    assert dense.per(b * t).text("flops") == (dense / "B*T").text("flops") == "2*F*H + H"
    assert (dense / 2).text("macs") == "B*T*F*H/2"
    assert "per (B*T)" in str(per)
    assert r"\text{flops} &= 2 F H + H" in per._repr_latex_()
    assert "flops=165" in repr(per.at(**sizes))


def test_limits_of_a_cost_per_sample(dense):
    per = dense.per("B")
    assert str(per.limit("flops")) == "oo"
    assert str(dense.per("B*T*F").limit("macs")) == "oo"
    assert str(dense.per("B*T*F*H").limit("flops")) == "2"
    assert str(dense.per("B*T*F*H").limit("bytes_accessed")) == "0"
    assert str(per.leading("flops")) == "2*F*H*T"
    assert str(per.limit("flops", wrt="B")) == "2*F*H*T + H*T"


def test_backward_over_forward(step):
    forward, backward = step.phase("forward"), step.phase("backward")
    rows = step.by_phase()
    for quantity in ("flops", "bytes_accessed", "transcendentals"):
        assert forward.size(quantity) == rows["forward"][quantity]
        assert backward.size(quantity) == rows["backward"][quantity]
    ratio = backward / forward
    for seed in range(5):
        rng = random.Random(seed)
        sizes = {n: rng.randint(1, 40) for n in "BFHC"}
        value = Fraction(backward.at(**sizes).flops, forward.at(**sizes).flops)
        assert ratio.at(**sizes).flops == value
        big = {n: 10**9 * s for n, s in sizes.items()}
        assert abs(ratio.at(**big).flops - Fraction(*_fraction(ratio.leading("flops"), big))) < Fraction(1, 10**6)
    assert "fused_bytes" not in ratio.quantities
    with pytest.raises(ConventionError):
        _ = backward.peak_memory


def _fraction(expression, sizes):
    value = expression.subs({s: sizes[s.name] for s in expression.free_symbols})
    return int(value.p), int(value.q)


def test_a_dense_net_costs_twice_as_much_backwards():
    def net(w, x):
        for each in w:
            x = jax.nn.relu(x @ each)
        return x.sum()

    cost = sc.trace(jax.value_and_grad(net, argnums=(0, 1)), [sc.array("F F")] * 3, sc.array("B F"))
    assert (cost.phase("backward") / cost.phase("forward")).limit("flops") == 2
    assert (cost.phase("backward") / cost.phase("forward")).limit("macs") == 2


def test_limits_depend_on_what_is_assumed():
    a, b = costs.cost(costs.row("a", "dot", flops=N * F + M)), costs.cost(costs.row("b", "dot", flops=N * H + M * H))
    ratio = a / b
    assert str(ratio.limit()) == "(F*N + M)/(H*M + H*N)"
    assert str(ratio.limit(assuming=["M << N", "F << H"])) == "0"
    assert str(ratio.limit(assuming=["M << N", "H << F"])) == "oo"
    assert str(ratio.limit(assuming=["M << N"])) == "F/H"
    assert str((b / b).limit()) == "1"
    # a difference may vanish where its terms do not
    assert str((costs.cost(costs.row("c", "x", flops=N**2 - N * F)) / b).limit(assuming="M << N")) == "-F/H + N/H"


def test_ratios_know_their_domain_and_what_is_missing(dense, step):
    ratio = dense / step
    assert {*ratio.domain.names} == {*"BTFHC"}
    for sizes in ({"B": 1}, {"B": 1, "T": 1, "F": 1, "H": 1}):
        with pytest.raises(MissingSizeError, match="no size was given"):
            ratio.at(**sizes)
    with pytest.raises(DomainError):
        ratio.at(B=0, T=1, F=1, H=1, C=1)
    with pytest.raises(DomainError, match="is 0 at all sizes"):
        _ = ratio.collective_bytes
    with pytest.raises(ArgumentError, match="sizes by name"):
        ratio.at({"B": 1})
    with pytest.raises(AttributeError, match="no quantity"):
        _ = ratio.at(B=1, T=1, F=1, H=1, C=1).flop
    with pytest.raises(DomainError, match="denominator is 0"):
        _ = (dense / (dense - dense.subs(T=1))).at(B=2, T=1, F=2, H=2).flops
    with pytest.raises(ConventionError, match="not to be compared"):
        _ = dense / dense.under("macs")
    with pytest.raises(ConventionError):
        _ = (dense.under("macs") / dense.under("macs")).flops


def test_unknown_costs_may_be_given():
    def loop(x):
        return jax.lax.while_loop(lambda c: (c < 3.0).all(), lambda c: c * 2.0, x)

    cost = sc.trace(loop, sc.array("N"))
    (trips,) = [u.symbol for u in cost.unknown]
    per = cost.per("N")
    with pytest.raises(MissingSizeError, match=trips):
        _ = per.at(N=4).flops
    assert per.at(N=4, **{trips: 3}).flops == Fraction(cost.at(N=4, **{trips: 3}).flops, 4)
    assert (cost / cost).at(N=4, **{trips: 3}).flops == 1


@pytest.mark.parametrize(
    ("divisor", "error", "said"),
    [
        (0, ArgumentError, "no meaning"),
        ("0", ArgumentError, "no meaning"),
        (-1, ArgumentError, "no meaning"),
        ("Q", ArgumentError, "no symbol 'Q'"),
        ("B T", DimensionError, "is not one size"),
        (True, ArgumentError, "boolean"),
        (1.5, DimensionError, "float"),
        (None, DimensionError, "NoneType"),
    ],
)
def test_wrong_divisors_are_refused(dense, divisor, error, said):
    with pytest.raises(error) as caught:
        dense.per(divisor)
    assert said.lower() in str(caught.value).lower(), caught.value


def test_wrong_phases_and_ratios_are_refused(dense, step):
    with pytest.raises(ArgumentError, match="its phases: forward") as error:
        dense.phase("backward")
    assert 'cost.phase("forward")' in str(error.value)
    with pytest.raises(ArgumentError, match="its phases: forward, backward"):
        step.phase("")
    with pytest.raises(ArgumentError, match="is no cost"):
        dense.ratio("B")


def test_loaded_costs_have_ratios_too(dense, step, tmp_path):
    step.save(tmp_path / "step.json")
    loaded = sc.load(tmp_path / "step.json")
    ratio = loaded.phase("backward") / loaded.phase("forward")
    assert ratio.text("flops") == (step.phase("backward") / step.phase("forward")).text("flops")
    assert loaded.per("B").text("flops") == step.per("B").text("flops")


def test_sizes_are_bound_in_all_formulas_of_a_cost(step, tmp_path):
    step.save(tmp_path / "step.json")
    for cost in (step, sc.load(tmp_path / "step.json")):
        (h,) = sc.dims("H")
        bound, text, number = cost.subs(F=4 * h), cost.subs(F="4*H"), cost.subs(B=1)
        for quantity in cost.quantities:
            assert bound.size(quantity) == text.size(quantity)
            assert bound.value(quantity, {"B": 3, "H": 5, "C": 2}) == cost.value(
                quantity, {"B": 3, "F": 20, "H": 5, "C": 2}
            )
            assert number.value(quantity, {"F": 4, "H": 5, "C": 2}) == cost.value(
                quantity, {"B": 1, "F": 4, "H": 5, "C": 2}
            )


def test_questions_in_text_declare_no_symbols():
    """Symbols print in the order in which they were declared, which questions do not change."""
    with declarations():
        forget()
        cost = sc.trace(lambda x, w: x @ w, sc.array("B F"), sc.array("F H"))
        cost.per("H*B")
        cost.explain("H*F*B")
        cost.leading(assuming="H << F")
        for ask in (lambda: cost.per("Z*N"), lambda: cost.explain("Z*B")):
            with pytest.raises((ArgumentError, DimensionError)):
                ask()
        later = sc.trace(lambda x, w: x @ w, sc.array("N Y"), sc.array("Y Z"))
        assert later.text("flops") == "2*N*Y*Z"
