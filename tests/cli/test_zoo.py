"""`symcost zoo` and `symcost rules`."""

from __future__ import annotations

import pytest

from symcost import zoo

CORA = {"N": 2708, "M": 10556, "F": 1433, "H": 16, "C": 7}
AT_CORA = ",".join(f"{name}={size}" for name, size in CORA.items())


def test_every_model_is_listed(run, run_json):
    text = run("zoo", "list").stdout
    assert all(name in text for name in zoo.names())
    found = run_json("zoo", "list")["models"]
    assert [m["name"] for m in found] == zoo.names()
    assert found[zoo.names().index("gcn-sparse")]["sizes"] == "N M F H C"
    assert all(m["paper"] for m in found)


def test_a_model_in_symbols(run_json):
    found = run_json("zoo", "show", "gcn-dense")
    assert found["macs"] == "N**2*H + N**2*C + N*F*H + N*H*C"
    assert found["sizes"]["N"] == "nodes"
    assert "2017" in found["paper"]


def test_numbers_where_all_sizes_are_given(run_json):
    found = run_json("zoo", "show", "gcn-sparse", "--at", AT_CORA)
    assert found["at"] == CORA
    assert isinstance(found["flops"], int)
    assert found["macs"] == 2708 * 16 * (1433 + 7)


def test_sizes_left_out_stay_symbols(run_json):
    found = run_json("zoo", "show", "gcn-sparse", "--at", "N=2708,H=16,C=7")
    assert found["macs"] == f"{2708 * 16}*F + {2708 * 16 * 7}"


def test_a_figure_that_others_published(run, run_json):
    (figure,) = run_json("zoo", "show", "gcn-sparse")["published"]
    assert figure["quantity"] == "flops"
    assert abs(figure["difference"]) < 1e-4
    assert figure["formula"] == pytest.approx(figure["published"], rel=1e-4)
    text = run("zoo", "show", "gcn-sparse").stdout
    assert "125,390,000" in text
    assert "here for what the two count differently" in " ".join(text.split())


def test_a_published_figure_of_a_training_step_says_so(monkeypatch):
    from symcost.cli.zoo import published

    entry = zoo.get("word-lm")
    assert [figure.program for figure in entry.published] == ["forward", "training"]
    monkeypatch.setattr(type(entry), "beside_published", lambda entry, cost: [(f, 1) for f in entry.published])
    table = published(entry, None)
    assert table.columns == ("quantity", "program", "published", "formula", "difference", "at")
    assert [row[1] for row in table.rows] == ["forward", "training step"]
    assert "program" not in published(zoo.get("gcn-sparse"), None).columns


def test_another_convention_and_rows(run_json):
    found = run_json("zoo", "show", "mlp", "--convention", "macs", "--by", "scope", "--depth", "2")
    assert found["convention"] == "macs"
    assert [row["macs"] for row in found["rows"] if row["macs"]] == ["B*F*H", "B*H**2", "B*H*C"]


def test_a_model_that_is_not_there(run):
    lines = run("zoo", "show", "lsmt", code=1).stderr.splitlines()
    assert lines == ["the zoo has no model called 'lsmt'", "  to do: symcost zoo show lstm"]


def test_rules_are_those_of_the_registry(run, run_json):
    from symcost.rules.registry import algorithm

    found = run_json("rules")
    assert [row["primitive"] for row in found["rows"]] == [*algorithm]
    assert found["covered"] == {
        state: sum(algorithm.state(p) == state for p in algorithm) for state in ("rule", "free")
    }
    text = run("rules").stdout
    assert "dot_general" in text
    assert "with a rule" in text


def test_one_rule(run, run_json):
    text = run("rules", "dot_general", "reshape").stdout
    assert "dot_general" in text
    assert "free" in text
    assert "cumsum" not in text
    (row,) = run_json("rules", "dot", "--convention", "xla")["rows"]
    assert row["state"] == "rule"


def test_conventions_that_take_a_part_of_the_rules_say_so(run, run_json):
    text = run("rules", "mul", "conv_general_dilated", "--convention", "darknet").stdout
    assert "Nothing of its own under darknet." in text
    assert "all taps" in text
    found = run_json("rules", "dot_general", "--convention", "macs")
    assert found["defined"] == ["macs"]
    assert "defined" not in run_json("rules", "dot_general")


def test_a_primitive_without_a_rule_is_said_to_be_unknown(run, run_json):
    message = run("rules", "dot_genral", code=1).stderr
    assert "no rule counts 'dot_genral'" in message
    assert "did you mean dot_general" in message
    (row,) = run_json("rules", "pure_callback")["rows"]
    assert row["state"] == "unknown"
