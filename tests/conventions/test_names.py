"""A number never leaves symcost without its convention's name beside it; conventions are not mixed up."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import symcost as sc
from symcost import conventions
from symcost.cli.app import app
from symcost.errors import ConventionError

ALL = ("algorithm", "xla", "macs", "darknet", "fvcore", "catamount")


@pytest.fixture(scope="module")
def cost():
    return sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F H"))


def test_the_conventions():
    assert conventions.names() == ALL


@pytest.mark.parametrize("name", ALL)
def test_every_form_of_a_cost_names_its_convention(cost, name):
    under = cost.under(name)
    sizes = {"N": 2, "F": 3, "H": 5}
    forms = {
        "repr": repr(under),
        "text": str(under),
        "markdown": under.markdown(),
        "latex": under.latex(),
        "values": repr(under.at(**sizes)),
        "table": str(under.by_primitive()),
        "table in markdown": under.by_primitive().markdown(),
        "derived": repr(2 * under),
        "bound": str(under.subs(N=4)),
    }
    missing = [form for form, text in forms.items() if name not in text]
    assert not missing


@pytest.mark.parametrize("name", ALL)
def test_a_quantity_that_a_convention_lacks_is_an_error_that_helps(cost, name):
    under = cost.under(name)
    for quantity in conventions.convention("algorithm").quantities:
        if quantity in under.quantities:
            assert under.size(quantity) is not None
        else:
            with pytest.raises(ConventionError, match=f"the convention '{name}' does not define {quantity}\n  to do: "):
                under.size(quantity)


def test_multiply_accumulates_are_the_same_in_all_that_count_dots(cost):
    assert {cost.under(name).text("macs") for name in ALL if name != "darknet"} == {"N*F*H"}
    assert cost.under("darknet").text("macs") == "0"


def test_other_rules_need_the_program_again(cost):
    """A derived cost holds rows by the rules of its convention: others of the same rules are parts of it."""
    derived = 2 * cost
    assert derived.under("macs").text("macs") == "2*N*F*H"
    assert derived.under("darknet").text("flops") == "0"
    for name in ("fvcore", "catamount", "xla"):
        with pytest.raises(ConventionError, match="holds only the convention 'algorithm'"):
            derived.under(name)


@pytest.mark.parametrize("name", ALL)
def test_formulas_hold_at_fresh_sizes(name):
    cost = sc.trace(lambda x: (x - x.mean(0)) ** 2, sc.array("N F")).under(name)
    assert cost.verify(2)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "words", [["zoo", "show", "mlp"], ["trace", "zoo:mlp"], ["rules", "dot_general"]], ids=" ".join
)
def test_the_command_line_names_the_convention(words, name):
    if words[0] == "rules" and name == "xla":
        words = ["rules", "dot"]
    text = CliRunner().invoke(app, [*words, "--convention", name])
    assert text.exit_code == 0
    assert any(line.split()[:2] == ["convention", f"{name}:"] for line in text.output.splitlines())
    found = json.loads(CliRunner().invoke(app, [*words, "--convention", name, "--json"]).stdout)
    assert found["convention"] == name
