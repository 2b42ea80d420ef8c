"""What people read: complete at every width, never wider than asked, formulas broken between terms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symcost.polynomial import ceil_log2, conv_taps, indicator, symbol
from symcost.report.breakdown import BRANCHES, LAYERS, table_report
from symcost.report.document import Formula, Report, Table
from symcost.report.layout import wrapped
from symcost.report.text import to_text
from symcost.report.totals import cost_report
from tests.report import costs

AT = {"N": 3, "M": 5, "F": 16, "H": 2}
WIDTHS = (40, 80, 200)


def big() -> object:
    """A cost whose formula has forty terms."""
    total = 0
    for i in range(1, 41):
        total = total + (2 * i + 1) * symbol("N") ** i
    return costs.cost(costs.row("Net", "dot_general", flops=total, bytes_accessed=total + 1))


GRAPH = """\
Net
  convention  algorithm: what the mathematics asks for: 2 FLOPs per
              multiply-add, loops times their length
  domain      N >= 1, M >= 0, F a multiple of 8, H >= 1
  derived     made by hand

  flops           FLOPs       4*N*F*H + M*H
  macs            MACs        2*N*F*H
  bytes_accessed  bytes       8*N*F + 8*M*H + 8*F*H - 12*H*[N = 1]
  params          parameters  2*F*H
  param_bytes     bytes       8*F*H
  0 at all sizes: transcendentals, int_ops, collective_bytes, constant_bytes

note: [N = 1]: 1 where this holds and 0 at all other sizes, so that such a term
counts at that size only"""


def test_the_summary_as_a_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert str(costs.graph()) == GRAPH


def test_values_stand_beside_formulas():
    lines = to_text(cost_report(costs.graph(), [AT]), 80).splitlines()
    assert "  at          N=3, M=5, F=16, H=2" in lines
    assert "  flops           394  FLOPs       4*N*F*H + M*H" in lines
    assert "  bytes_accessed  720  bytes       8*N*F + 8*M*H + 8*F*H - 12*H*[N = 1]" in lines


def test_two_points_are_numbered():
    text = to_text(cost_report(costs.graph(), [AT, {**AT, "N": 100_000}]), 80)
    assert "at (2)      N=100000, M=5, F=16, H=2" in text
    head, flops = text.split("\n\n")[1].splitlines()[:2]
    assert flops.split()[:3] == ["flops", "394", "12,800,010"]
    # a number of a point stands at the right of its column, as its values do
    assert head.index("(1)") + 3 == flops.index("394") + 3
    assert head.index("(2)") + 3 == flops.index("12,800,010") + len("12,800,010")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("make", [costs.graph, costs.branches, costs.unknown, big])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_cut(make, width):
    cost = make()
    for report in (cost_report(cost), cost_report(cost, [AT]), table_report(cost.by_scope())):
        text = to_text(report, width)
        assert max(map(len, text.splitlines())) <= width
        joined = "".join(text.split())
        for quantity in report.quantities:
            assert str(quantity.formula).replace(" ", "") in joined
        for table in report.tables:
            for row in table.rows:
                for cell in row:
                    if isinstance(cell, Formula) and width != 200:
                        assert all(term.replace(" ", "") in joined for term in cell.terms)


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_of_a_formula_break_between_terms(width):
    (flops, _) = cost_report(big()).quantities
    terms = [*flops.formula.terms]
    lines = wrapped(flops.formula, width)
    assert len(lines) > 1
    for line in lines:
        whole = Formula(line).terms if line[0] not in "+-" else None
        parts = list(
            whole or [f"{sign} {rest}" for sign, rest in zip(line.split()[::2], line.split()[1::2], strict=True)]
        )
        assert parts == terms[: len(parts)]
        del terms[: len(parts)]
    assert terms == []


def test_a_term_wider_than_the_line_is_broken_and_stays_whole():
    formula = Formula("3*max(N - 1, F + 2, H)*conv_taps(N, K, N, 1, 0, 1, 1) - abcdefghijklmnopqrstuvwxyz")
    for width in (5, 12, 20):
        lines = wrapped(formula, width)
        assert max(map(len, lines)) <= width
        assert "".join(lines).replace(" ", "") == formula.text.replace(" ", "")


def test_the_table_as_a_whole():
    text = to_text(table_report(costs.graph().by_scope(), AT), 80)
    assert text.split("\n\n")[1] == (
        "                                                                bytes\n"
        "scope             rows  operations  flops  % of flops  macs  accessed\n"
        "─────────────────────────────────────────────────────────────────────\n"
        "Net/Dense_{0..1}     2           2    384       97.5%   192       640\n"
        "Net                  1           1     10        2.5%     0        80\n"
        "─────────────────────────────────────────────────────────────────────\n"
        "total                3           3    394      100.0%   192       720\n"
        "note: rows that differ in nothing but a number of their path are shown as one,\n"
        "with the costs of all of them"
    )


def test_a_narrow_terminal_shows_fewer_columns_and_says_which():
    text = to_text(table_report(costs.graph().by_scope(), AT), 60)
    assert "too narrow for operations: 69 columns show all (COLUMNS=69)" in text
    assert "operations" not in text.split("too narrow")[0]
    assert to_text(table_report(costs.graph().by_scope(), AT), 69).count("operations") == 1


def test_a_column_that_is_left_out_and_says_the_same_everywhere_is_told():
    rows = (("flops", 51_640_270_848, 0), ("transcendentals", 41_943_040, 0))
    found = Table(("quantity", "XLA", "unexplained"), rows, ("quantity", "xla", "unexplained"))
    text = " ".join(to_text(Report("", tables=(found,)), 40).split())
    assert "too narrow for unexplained (0 in every row): 44 columns show all" in text
    found = replace(found, rows=(rows[0], (*rows[1][:2], 1)))
    assert "too narrow for unexplained: 44" in to_text(Report("", tables=(found,)), 40)


def test_paths_of_layers_whose_number_is_a_symbol_are_explained():
    layers = costs.cost(costs.row("Net/Dense_*", "dot_general", flops=2 * costs.N), costs.row("Net", "add", flops=1))
    assert LAYERS in table_report(layers.by_scope()).tables[0].notes
    assert LAYERS not in table_report(layers.by_primitive()).tables[0].notes


def test_formulas_that_fit_no_table_are_lines_under_their_row():
    lines = to_text(table_report(costs.graph().by_scope()), 60).splitlines()
    at = lines.index("Net/Dense_{0..1}")
    assert lines[at + 1 : at + 6] == [
        "  rows            2",
        "  operations      2",
        "  flops           4*N*F*H",
        "  macs            2*N*F*H",
        "  bytes_accessed  8*N*F + 8*F*H",
    ]
    assert "total" in lines


def test_branches_are_tagged_and_explained():
    text = to_text(table_report(costs.branches().by_primitive()), 120)
    assert "branch cond[0]" in text
    assert BRANCHES.split(";")[0] in " ".join(text.split())
    assert BRANCHES not in to_text(table_report(costs.graph().by_primitive()), 1000)


def test_what_is_not_known_is_said_loudly():
    lines = to_text(cost_report(costs.unknown()), 200).splitlines()
    assert (
        "! unknown: unknown_mystery_0 stands for the cost of a primitive without a rule "
        "(mystery in Net/A, model.py:3 (f))"
    ) in lines
    assert (
        "! unknown: trips_while_0 stands for how often a loop runs that does not say it "
        "(while in Net/B, model.py:9 (g))"
    ) in lines
    assert any("N*trips_while_0 + N + unknown_mystery_0" in line for line in lines)


def test_functions_in_formulas_are_explained_once():
    n, k = symbol("N"), symbol("H")
    taps = conv_taps(n, k, n, 2, 1, 1, 1)
    flops = n * taps + taps + ceil_log2(n) + indicator(n, 1) + indicator(k, 1)
    report = cost_report(costs.cost(costs.row("", "conv", flops=flops, macs=taps)))
    assert len(report.notes) == 3
    text = to_text(report, 1000)
    assert "conv_taps(N, H, N, 2, 1, 1, 1): conv_taps(size, kernel, output, stride" in text
    assert "ceil_log2(N): ceil_log2(n) is the logarithm to base 2, rounded up" in text
    assert "[N = 1], [H = 1]: 1 where this holds" in text


def test_the_width_is_that_of_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    assert max(map(len, str(costs.graph()).splitlines())) <= 50
    assert max(map(len, str(costs.graph().by_scope()).splitlines())) <= 50


def test_a_bound_cost_is_numbers():
    bound = costs.cost(costs.row("", "add", flops=1_234_567, bytes_accessed=4))
    lines = to_text(cost_report(bound), 80).splitlines()
    assert "  flops           1,234,567  FLOPs" in lines
    assert "  bytes_accessed          4  bytes" in lines
