"""What a report says to machines, and how it is put together."""

from __future__ import annotations

import json

import pytest

from symcost.errors import DomainError, MissingSizeError
from symcost.report.breakdown import table_report
from symcost.report.document import Formula, Share, plain
from symcost.report.totals import cost_report
from tests.report import costs

AT = {"N": 3, "M": 5, "F": 16, "H": 2}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("0", ("0",)),
        ("2*N*F*H + M*H", ("2*N*F*H", "+ M*H")),
        (
            "-N - 3*max(N - 1, F + 2)*H + [N = 1]*[F - 1 = H]",
            ("-N", "- 3*max(N - 1, F + 2)*H", "+ [N = 1]*[F - 1 = H]"),
        ),
        ("ceil((N - 1)/2)**2 - (1/2)*N", ("ceil((N - 1)/2)**2", "- (1/2)*N")),
    ],
)
def test_a_formula_knows_its_terms(text, terms):
    assert Formula(text).terms == terms
    assert " ".join(Formula(text).terms) == text


def test_formulas_for_machines():
    found = json.loads(json.dumps(plain(cost_report(costs.graph()))))
    assert found["name"] == "Net"
    assert found["convention"] == "algorithm"
    assert found["domain"] == "N >= 1, M >= 0, F a multiple of 8, H >= 1"
    assert found["flops"] == found["formulas"]["flops"] == "4*N*F*H + M*H"
    assert (found["int_ops"], found["formulas"]["int_ops"]) == (0, "0")
    assert (found["units"]["flops"], found["units"]["params"]) == ("FLOPs", "parameters")
    assert found["unknown"] == []
    assert "at" not in found


def test_numbers_for_machines_at_one_point():
    found = plain(cost_report(costs.graph(), [AT]))
    assert found["at"] == AT
    assert found["flops"] == 4 * 3 * 16 * 2 + 5 * 2
    assert found["bytes_accessed"] == 2 * (4 * 3 * 16 + 4 * 16 * 2) + 8 * 5 * 2
    assert found["formulas"]["flops"] == "4*N*F*H + M*H"
    assert "points" not in found


def test_numbers_for_machines_at_two_points():
    found = plain(cost_report(costs.graph(), [AT, {**AT, "N": 1}]))
    assert found["flops"] == "4*N*F*H + M*H"
    assert [p["at"]["N"] for p in found["points"]] == [3, 1]
    assert [p["flops"] for p in found["points"]] == [394, 4 * 16 * 2 + 10]
    assert found["points"][1]["bytes_accessed"] == 2 * (4 * 16 + 4 * 16 * 2) + 8 * 5 * 2 - 12 * 2
    assert found["points"][0]["int_ops"] == 0


def test_leading_terms_are_given_only_where_there_are_others():
    n = costs.N
    found = plain(cost_report(costs.cost(costs.row("", "add", flops=n * n + n, transcendentals=n * n + n))))
    assert found["leading"] == {"flops": "N**2"}
    assert plain(cost_report(costs.cost(costs.row("", "add", flops=n * n))))["leading"] == {}


def test_a_convention_without_flops_leads_with_macs():
    graph = costs.cost(costs.row("", "dot_general", macs=costs.N * costs.F + costs.N), convention="macs")
    found = plain(cost_report(graph))
    assert found["leading"] == {"macs": "N*F"}
    assert "flops" not in found


def test_unknown_costs_are_listed_and_stay_in_the_values():
    found = plain(cost_report(costs.unknown(), [AT]))
    assert [u["symbol"] for u in found["unknown"]] == ["unknown_mystery_0", "trips_while_0"]
    assert found["unknown"][0]["source"] == "model.py:3 (f)"
    assert found["flops"] == "3*trips_while_0 + unknown_mystery_0 + 3"


def test_values_may_bind_unknown_costs():
    found = plain(cost_report(costs.unknown(), [{**AT, "trips_while_0": 10, "unknown_mystery_0": 100}]))
    assert found["flops"] == 3 * 10 + 100 + 3


@pytest.mark.parametrize(("change", "error"), [({"F": 12}, DomainError), ({"H": 0}, DomainError)])
def test_points_are_checked_against_the_domain(change, error):
    with pytest.raises(error):
        cost_report(costs.graph(), [{**AT, **change}])


def test_a_point_without_a_size_is_refused():
    with pytest.raises(MissingSizeError, match="no size was given for H"):
        cost_report(costs.graph(), [{"N": 1, "M": 1, "F": 8}])


def test_rows_for_machines_add_up_and_have_shares():
    table = costs.graph().by_scope()
    found = plain(table_report(table, AT, join=False))
    assert [r["scope"] for r in found["rows"]] == ["Net/Dense_0", "Net/Dense_1", "Net"]
    assert sum(r["flops"] for r in found["rows"]) == found["total"]["flops"] == 394
    assert sum(r["share"] for r in found["rows"]) == pytest.approx(1)
    assert found["rows"][2]["share"] == 10 / 394
    assert found["total"]["operations"] == 3


def test_rows_of_formulas_have_no_shares():
    found = plain(table_report(costs.graph().by_primitive()))
    assert [r["primitive"] for r in found["rows"]] == ["dot_general", "scatter-add"]
    assert found["rows"][0]["flops"] == "4*N*F*H"
    assert all("share" not in row for row in found["rows"])


def test_rows_of_branches_are_tagged_and_not_in_the_total():
    found = plain(table_report(costs.branches().by_primitive(), AT))
    assert [(r["primitive"], r["remark"]) for r in found["rows"]] == [
        ("cond", ""),
        ("mul", "branch cond[0]"),
        ("exp", "branch cond[1]"),
    ]
    assert (found["total"]["flops"], found["total"]["transcendentals"]) == (6, 9)
    assert [r["share"] for r in found["rows"]] == [1, None, None]


def test_parameters_are_no_operations_and_have_no_row():
    assert len(table_report(costs.graph().by_scope()).tables[0].rows) == 2  # the two layers are joined
    assert len(table_report(costs.graph().by_scope(), join=False).tables[0].rows) == 3


def test_layers_are_joined_before_the_parts_of_a_layer():
    n = costs.N
    rows = [
        costs.row(f"Net/Block_{block}/Dense_{part}", "dot_general", flops=(part + 1) * n)
        for block in range(3)
        for part in range(2)
    ]
    (table,) = table_report(costs.cost(*rows).by_scope()).tables
    assert table.columns[:3] == ("scope", "rows", "operations")
    assert [row[:3] for row in table.rows] == [
        ("Net/Block_{0..2}/Dense_0", 3, 3),
        ("Net/Block_{0..2}/Dense_1", 3, 3),
    ]
    assert [str(row[3]) for row in table.rows] == ["3*N", "6*N"]
    assert str(table.total[3]) == "9*N"


def test_rows_that_differ_or_leave_a_gap_are_not_joined():
    n = costs.N
    different = costs.cost(costs.row("A_0", "add", flops=n), costs.row("A_1", "add", flops=2 * n))
    assert [r[0] for r in table_report(different.by_scope()).tables[0].rows] == ["A_0", "A_1"]
    gap = costs.cost(costs.row("A_0", "add", flops=n), costs.row("A_2", "add", flops=n))
    assert [r[0] for r in table_report(gap.by_scope()).tables[0].rows] == ["A_0", "A_2"]


def test_shares_print_as_percentages():
    assert [str(Share(p)) for p in (1, 0.1234, 0)] == ["100.0%", "12.3%", "0.0%"]
    assert [str(Share(p, signed=True)) for p in (3.8e-5, -0.5, 0)] == ["+0.004%", "-50.000%", "none"]


def test_numbers_by_primitive_are_sorted_and_modules_are_not():
    cost = costs.cost(costs.row("A", "add", flops=costs.N), costs.row("B", "mul", flops=5 * costs.N))
    assert [r[0] for r in table_report(cost.by_primitive(), AT).tables[0].rows] == ["mul", "add"]
    assert [r[0] for r in table_report(cost.by_primitive()).tables[0].rows] == ["add", "mul"]
    assert [r[0] for r in table_report(cost.by_scope(), AT).tables[0].rows] == ["A", "B"]
