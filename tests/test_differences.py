"""What changed between two costs. The witnesses are both programs' own values, and changes made on purpose."""

from __future__ import annotations

from fractions import Fraction

import flax.linen as nn
import jax
import pytest

import symcost as sc
from symcost.dims import declarations, forget
from symcost.errors import (
    ArgumentError,
    ConventionError,
    DimensionError,
    DomainError,
    MissingSizeError,
    UnknownPrimitiveError,
)

SIZES = {"B": 3, "F": 5, "H": 7}


class Net(nn.Module):
    """A stem, some hidden layers, and a head that may be called otherwise."""

    width: int
    hidden: int = 0
    head: str = "head"
    outputs: int = 3

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(self.width, name="stem")(x))
        for layer in range(self.hidden):
            x = nn.Dense(self.width, name=f"hidden_{layer}")(x)
        return nn.Dense(self.outputs, name=self.head)(x)


def traced(**fields):
    with declarations():
        forget()
        *_, H = sc.dims("B F H")
        return sc.trace(Net(H, **fields), sc.array("B F"))


@pytest.fixture(scope="module")
def net():
    return traced()


@pytest.fixture(scope="module")
def deeper():
    return traced(hidden=1, head="top")


def test_nothing_changed(net):
    found = sc.diff(net, traced())
    assert found.same
    assert found.changes == ()
    assert {c.kind for c in found.totals} == {"same"}
    assert {c.quantity for c in found.totals} == {*net.quantities}
    assert found.grown("0%") == found.grown(0, at=[SIZES]) == ()
    assert "nothing changed" in str(found)


def test_modules_that_are_new_gone_and_renamed(net, deeper):
    found = sc.diff(net, deeper, quantities=["flops", "macs"])
    assert not found.same
    assert found.renamed == {"Net/top": "Net/head"}
    assert [(c.quantity, c.scope, c.kind) for c in found.changes] == [
        ("flops", "Net/hidden_0", "added"),
        ("macs", "Net/hidden_0", "added"),
    ]
    back = sc.diff(deeper, net, quantities="flops")
    assert [(c.scope, c.kind) for c in back.changes] == [("Net/hidden_0", "removed")]
    assert back.changes[0].difference == -found.changes[0].difference
    assert back.renamed == {"Net/head": "Net/top"}


def test_a_module_whose_formula_changed(net):
    found = sc.diff(net, traced(outputs=5), quantities=["flops"])
    (change,) = found.changes
    assert (change.scope, change.kind) == ("Net/head", "changed")
    B, H = sc.dims("B H")
    assert net.expression(change.old) == 6 * B * H + 3 * B
    assert net.expression(change.new) == 10 * B * H + 5 * B
    assert found.totals[0].difference == change.difference


def test_values_are_those_of_the_two_costs(net, deeper):
    found = sc.diff(net, deeper)
    growths = {g.quantity: g for g in found.at(**SIZES) if g.scope is None}
    assert {q: g.old for q, g in growths.items()} == net.at(**SIZES).as_dict()
    assert {q: g.new for q, g in growths.items()} == deeper.at(**SIZES).as_dict()
    flops = growths["flops"]
    assert flops.ratio == Fraction(2 * 3 * 7 * 7 + 3 * 7, net.at(**SIZES).flops)
    modules = [g for g in found.at(**SIZES) if g.scope is not None and g.quantity == "flops"]
    assert [(g.scope, g.old, g.new, g.ratio) for g in modules] == [("Net/hidden_0", 0, 315, None)]


def test_growth_at_sizes_and_at_all_sizes(net, deeper):
    found = sc.diff(net, deeper, quantities=["macs"])
    # (8 + H/F...) at F = H = 1: 4 becomes 5; for large H the hidden layer alone counts
    assert found.grown("25%", at=[{"B": 9, "F": 1, "H": 1}]) == ()
    (growth,) = found.grown("24%", at=[{"B": 9, "F": 1, "H": 1}])
    assert (growth.old, growth.new, growth.percent) == (36, 45, "+25.000%")
    (growth,) = found.grown("25%")
    assert growth.new > growth.old * Fraction(5, 4)
    assert sc.diff(deeper, net, quantities=["macs", "flops", "params"]).grown(0) == ()
    wider = sc.diff(net, traced(outputs=4), quantities=["macs"])
    assert wider.grown(Fraction(1, 4)) == ()  # (F + 4)*B*H against (F + 3)*B*H: a quarter at most, at F = 1
    assert [g.sizes["F"] for g in wider.grown(0.2499)] == [1]


def test_a_peak_is_compared_as_a_whole(net, deeper):
    found = sc.diff(net, deeper, quantities=["peak_memory"])
    assert found.changes == ()
    (total,) = found.totals
    assert total.kind == "changed"
    (growth,) = found.at(**SIZES)
    assert (growth.old, growth.new) == (net.at(**SIZES).peak_memory, deeper.at(**SIZES).peak_memory)
    assert sc.diff(deeper, net, quantities=["peak_memory"]).grown(0) == ()


def test_files_tell_the_same(net, deeper, tmp_path):
    for name, cost in (("old", net), ("new", deeper)):
        cost.save(tmp_path / f"{name}.json", conventions=["macs"])
    old, new = (sc.load(tmp_path / f"{name}.json") for name in ("old", "new"))
    assert str(sc.diff(old, new)) == str(sc.diff(net, deeper))
    assert sc.diff(old.under("macs"), new.under("macs")).quantities == (
        "macs",
        "params",
        "param_bytes",
        "constant_bytes",
    )


def test_module_paths_are_cut(net, deeper):
    (change,) = sc.diff(net, deeper, quantities=["flops"], depth=1).changes
    assert (change.scope, change.kind) == ("Net", "changed")
    assert change.old == net.size("flops")


def test_branches_are_in_the_total_once():
    def program(x, more):
        return jax.lax.cond(x.sum() > 0, lambda y: y + y, lambda y: y * y * y if more else y * y, x)

    old, new = (sc.trace(lambda x, m=m: program(x, m), sc.array("N")) for m in (False, True))
    found = sc.diff(old, new, quantities=["flops"])
    assert sum(c.difference for c in found.changes) == found.totals[0].difference != 0


def test_other_symbols_domains_and_relations_are_told():
    def add(x, y):
        return x[:1] + y[:1]

    old = sc.trace(add, sc.array("N"), sc.array("M"), where=["M <= N"])
    with declarations():
        forget()
        sc.dim("N", multiple_of=4)
        new = sc.trace(add, sc.array("N"), sc.array("K"))
    assert sc.diff(old, new).warnings == (
        "only the old side has the symbol M",
        "only the new side has the symbol K",
        "the old side holds for N >= 1, the new one for N a multiple of 4",
        "only the old side holds for M <= N",
    )
    assert str(sc.diff(old, new).domain) == "N a multiple of 4, M >= 1, K >= 1, M <= N"
    with pytest.raises(DomainError, match="N=6 is not a multiple of 4"):
        sc.diff(old, new).at(N=6, M=2, K=2)


def test_domains_without_a_common_size():
    with declarations():
        forget()
        sc.dim("N", max=4)
        old = sc.trace(lambda x: x + x, sc.array("N"))
        forget()
        sc.dim("N", min=5)
        new = sc.trace(lambda x: x + x + x, sc.array("N"))
    found = sc.diff(old, new, quantities=["flops"])
    assert found.totals[0].kind == "changed"
    assert "the old side holds for 1 <= N <= 4, the new one for N >= 5" in str(found)
    with pytest.raises(DimensionError, match="no admissible value"):
        found.grown(0)


def test_costs_that_are_not_known_are_told_and_give_no_number():
    def loop(x):
        return jax.lax.while_loop(lambda c: c.sum() < 9.0, lambda c: c * 2, x)

    old, new = (sc.trace(f, sc.array("N")) for f in (loop, lambda x: loop(x) + loop(2 * x)))
    found = sc.diff(old, new, quantities=["flops"])
    assert found.warnings[0].startswith("the old side has costs that are not known: trips_")
    for call in (lambda: found.at(N=3), lambda: found.grown("1%")):
        with pytest.raises(UnknownPrimitiveError, match="flops contains costs that are not known: trips_"):
            call()


def test_pages_and_pull_requests(net, deeper):
    found = sc.diff(net, deeper, quantities=["flops"])
    text = found.markdown(at=[SIZES])
    assert "| flops | `2*B*F*H + 8*B*H + 3*B` | `2*B*F*H + 2*B*H**2 + 9*B*H + 3*B` | `2*B*H**2 + B*H` |" in text
    assert "| flops | 387 | 702 | +81.395% |" in text
    assert "| Net/hidden\\_0 | added | 0 |" in text
    assert "renamed, with the same costs: Net/head is now Net/top" in text
    assert repr(found) == "<CostDiff Net to Net: flops changed>"


WRONG = {
    "no cost": (lambda a, b: sc.diff(a, 3), ArgumentError, "the new side, 3, is no cost"),
    "a path": (lambda a, b: sc.diff("old.json", b), ArgumentError, 'sc.load("old.json")'),
    "conventions": (lambda a, b: sc.diff(a, b.under("macs")), ConventionError, "old.under('macs')"),
    "platforms": (lambda a, b: sc.diff(a.under("xla"), b), ConventionError, "'xla' for cpu, the new one"),
    "a slip": (lambda a, b: sc.diff(a, b, quantities=["flosp"]), ArgumentError, "did you mean flops?"),
    "another slip": (lambda a, b: sc.diff(a, b, quantities=["zzz"]), ArgumentError, "one of flops, "),
    "undefined": (lambda a, b: sc.diff(a.under("macs"), b.under("macs"), quantities="flops"), ConventionError, ".macs"),
    "depth": (lambda a, b: sc.diff(a, b, depth=0), ArgumentError, "depth=2"),
    "sizes in a dict": (lambda a, b: sc.diff(a, b).at({"N": 3}), ArgumentError, "diff.at(N=8, F=16)"),
    "missing sizes": (lambda a, b: sc.diff(a, b).at(B=3), MissingSizeError, "add F=1, H=1"),
    "a growth without percent": (lambda a, b: sc.diff(a, b).grown("1"), ArgumentError, '"1%", or 0.01'),
    "a growth of nothing": (lambda a, b: sc.diff(a, b).grown("%"), ArgumentError, '"1%", or 0.01'),
    "a growth below 0": (lambda a, b: sc.diff(a, b).grown("-1%"), ArgumentError, '"0%" allows none'),
    "a growth that is none": (lambda a, b: sc.diff(a, b).grown(None), ArgumentError, '"1%", or 0.01'),
    "a growth that is infinite": (lambda a, b: sc.diff(a, b).grown(float("inf")), ArgumentError, '"1%", or 0.01'),
    "a growth that is true": (lambda a, b: sc.diff(a, b).grown(True), ArgumentError, '"1%", or 0.01'),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_calls(net, deeper, case):
    call, error, text = case
    with pytest.raises(error) as raised:
        call(net, deeper)
    assert text in str(raised.value)
