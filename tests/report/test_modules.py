"""Tables of modules: rows, layers joined, shares, and every form they are printed in."""

from __future__ import annotations

import csv
import io
import sys

import pytest

from symcost.errors import ArgumentError, ConventionError, DomainError, MissingPackageError, MissingSizeError
from symcost.formula_grammar import parse_formula
from symcost.polynomial import bind, symbol, total
from symcost.report.document import Formula, Module
from tests.report import costs
from tests.report.costs import F, H, M, N, row

AT = {"N": 3, "M": 5, "F": 16, "H": 2}


def layered():
    """Twelve equal blocks, one that differs, work outside of modules, and a branch."""
    blocks = [
        row(f"Net/Block_{i}/{part}", "dot_general", flops=size, macs=N * H, bytes_accessed=8 * N * i)
        for i in range(12)
        for part, size in (("Dense_0", 2 * N * F * H), ("Dense_1", 2 * N * F * H), ("Norm", 7 * N * F))
    ]
    return costs.cost(
        row("", "add", flops=3 * N),
        *blocks,
        row("Net/Block_12/Dense_0", "dot_general", flops=2 * N * F * H + N),
        row("Net", "add", flops=M * H),
        row("Net/Gate", "cond", flops=2 * N, int_ops=N),
        row("Net/Gate", "mul", branch="cond[0]", flops=N),
        row("Net/Idle", "reshape"),
        row("", "params", flag="inputs", params=2 * F * H, param_bytes=8 * F * H),
    )


def labels(table) -> list[str]:
    return [str(line[0]) for line in table.report().tables[0].rows]


def test_layers_are_one_row_with_their_count():
    assert labels(layered().table()) == [
        "(outside of modules)",
        "Net/Block_0 … Block_11 (×12)",
        "Net/Block_12",
        "Net (own)",
        "Net/Gate",
    ]
    assert labels(layered().table(depth=3))[1:3] == [
        "Net/Block_0 … Block_11/Dense_0 (×12)",
        "Net/Block_0 … Block_11/Dense_1 (×12)",
    ]
    assert labels(layered().table(depth=1)) == ["(outside of modules)", "Net"]


def test_the_module_that_all_others_stand_in_is_not_repeated():
    assert labels(costs.graph().table()) == ["Dense_0 … Dense_1 (×2)", "Net (own)"]


def test_layers_that_differ_in_what_is_not_shown_are_still_joined():
    assert labels(layered().table(quantities="macs")) == ["Block_0 … Block_11 (×12)"]
    assert labels(layered().table(quantities="bytes_accessed"))[0] == "Block_1"


@pytest.mark.parametrize("depth", [1, 2, 3, None])
@pytest.mark.parametrize("make", [layered, costs.graph, costs.branches, costs.unknown])
def test_rows_add_up_to_the_total(make, depth):
    cost = make()
    for q in ("flops", "transcendentals", "macs", "bytes_accessed"):
        table = cost.table(depth, q).report().tables[0]
        column = table.keys.index(q)
        sizes = [c.size if isinstance(c, Formula) else c for c in (line[column] for line in table.rows)]
        assert total(sizes) == cost.size(q)
        for cell in (line[column] for line in table.rows):
            if isinstance(cell, Formula):
                assert parse_formula(cell.text) == cell.size


def test_shares_at_sizes():
    table = layered().table(at=AT).report().tables[0]
    values, shares = (table.keys.index(key) for key in ("flops_value", "share"))
    whole = 9 + 12 * (4 * 96 + 7 * 48) + (2 * 96 + 3) + 10 + 6
    assert [line[values] for line in table.rows] == [9, 12 * (4 * 96 + 7 * 48), 2 * 96 + 3, 10, 6]
    assert table.total is not None
    assert table.total[values] == whole == layered().at(**AT).flops
    assert sum(line[shares].part for line in table.rows) == pytest.approx(1)
    assert table.rows[0][shares].part == 9 / whole


def test_shares_of_the_leading_term_without_sizes():
    cost = costs.cost(
        row("Net/A", "dot", flops=6 * N * F), row("Net/B", "dot", flops=2 * N * F + N), row("Net/C", "add", flops=N)
    )
    table = cost.table().report().tables[0]
    assert table.columns[-1] == "% of leading term"
    assert [line[-1].part for line in table.rows] == [0.75, 0.25, 0]


def test_no_share_where_several_terms_lead():
    found = costs.cost(row("Net/A", "dot", flops=N * N), row("Net/B", "dot", flops=F * F)).table().report().tables[0]
    assert found.keys == ("module", "flops")


def test_values_with_unknown_costs_stay_formulas():
    found = costs.unknown().table(at=AT).report().tables[0]
    cells = [cell for line in found.rows for cell in line if isinstance(cell, Formula)]
    assert "3*trips_while_0" in [cell.text for cell in cells]
    assert "share" not in found.keys


def test_what_is_left_out_is_said():
    notes = layered().table().report().tables[0].notes
    assert [note.split()[0] for note in notes] == ["a", "(own)", "modules"]
    assert costs.branches().table().report().tables[0].notes == ()


def test_a_cost_of_nothing_has_its_rows():
    found = costs.cost(row("Net/A", "reshape"), row("Net/B", "reshape")).table().report().tables[0]
    assert [str(line[0]) for line in found.rows] == ["A", "B"]
    assert found.total is not None
    assert found.total[1] == 0
    assert costs.cost().table().latex().count("midrule") == 1


def test_costs_made_of_others_have_tables():
    twice = layered() + layered()
    assert labels(twice.table()) == labels(layered().table())
    bound = layered().subs(N=1).table().report().tables[0]
    assert bound.total is not None
    assert bound.total[1].size == bind(layered().size("flops"), {"N": 1})


# -- forms -----------------------------------------------------------------------------------


TEXT = """\
module                  FLOPs
─────────────────────────────────────
Dense_0 … Dense_1 (×2)  4*N*F*H
Net (own)               M*H
─────────────────────────────────────
total                   4*N*F*H + M*H
"""


def test_as_text():
    text = str(costs.graph().table())
    assert TEXT in text + "\n"
    assert "note: a row with (×n) holds n equal modules together\n" in text


def test_as_markdown():
    lines = layered().table(at=AT).markdown().splitlines()
    assert "| module | FLOPs | value | % |" in lines
    assert "| Net/Block\\_0 … Block\\_11 (×12) | `N*F*(48*H + 84)` | 8,640 | 97.5% |" in lines


def test_as_csv():
    found = list(csv.DictReader(io.StringIO(layered().table(at=AT).csv())))
    assert [line["module"] for line in found][-1] == "total"
    assert found[1] == {
        "module": "Net/Block_0 … Block_11 (×12)",
        "flops": "N*F*(48*H + 84)",
        "flops_value": "8640",
        "share": str(8640 / 8860),
    }


def test_as_a_frame():
    frame = layered().frame(at=AT)
    assert [*frame.columns] == ["module", "flops", "flops_value", "share"]
    assert frame["flops_value"].sum() == layered().at(**AT).flops
    assert frame["share"].sum() == pytest.approx(1)
    assert "total" not in [*frame["module"]]


def test_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'symcost\[frame\]'"):
        layered().frame()


def test_as_html():
    cost = costs.cost(row("Net/<script>", "add", flops=N * F * 4 + N), row("Net/a&b", "add", flops=2 * N))
    html = cost.table()._repr_html_()
    assert "&lt;script&gt;" in html
    assert "a&amp;b" in html
    assert "<script>" not in html
    assert "<code>4*N*F + N</code>" in html


def test_by_any_axis_in_every_form():
    table = costs.graph().by("primitive", "dtype")
    assert r"dot\_general & float32 & 2 & $4 N F H$" in table.latex(width=600)
    assert "scatter-add" in table.csv()
    assert "<code>4*N*F*H</code>" in table.html()
    assert table._repr_latex_().startswith(r"$\displaystyle \begin{array}{lllll")
    assert table.frame()["flops"].tolist() == ["4*N*F*H", "M*H"]


def test_latex_moves_long_formulas_out_and_numbers_them():
    wide = total([(i + 2) * symbol(f"x{i}") ** 2 for i in range(12)])
    table = costs.cost(row("Net/A", "dot", flops=wide), row("Net/B", "dot", flops=N)).table()
    latex = table.latex(label="net")
    assert r"\texttt{A} & Eq.~\eqref{eq:net-1} \\" in latex
    assert r"\texttt{B} & $N$ \\" in latex
    assert r"Total & Eq.~\eqref{eq:net-2} \\" in latex
    assert latex.count(r"\label{") == 2
    assert r"\eqref" not in table.latex(width=2000)


def test_modules_print_as_names():
    assert str(Module(("a_1", "a_9"), 9, "own")) == "a_1 … a_9 (×9) (own)"


# -- wrong calls -----------------------------------------------------------------------------

WRONG = [
    ({"depth": 0}, ArgumentError, "depth=0 is not a number of components"),
    ({"depth": "2"}, ArgumentError, "depth='2' is not a number"),
    ({"depth": True}, ArgumentError, "depth=True"),
    ({"quantities": ()}, ArgumentError, "a table needs a quantity"),
    ({"quantities": "floops"}, ArgumentError, "no quantity is called 'floops'"),
    ({"quantities": ("flops", 3)}, ArgumentError, "no quantity is called 3"),
    ({"quantities": 3}, ArgumentError, "quantities=3"),
    ({"quantities": "params"}, ArgumentError, r'to do: cost.readable\("params"\)'),
    ({"quantities": "peak_memory"}, ArgumentError, "peak_memory is not counted by module"),
    ({"at": {"N": 3}}, MissingSizeError, "no size was given for M, F, H"),
    ({"at": {**AT, "F": 7}}, DomainError, "below the smallest admissible size, 8"),
    ({"at": 3}, ArgumentError, "at=3 gives no sizes by name"),
    ({"at": [AT]}, ArgumentError, "gives no sizes by name"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG, ids=[m for _, _, m in WRONG])
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        costs.graph().table(**call)


def test_a_quantity_that_the_convention_lacks():
    with pytest.raises(ConventionError, match="does not define flops"):
        costs.cost(row("A", "dot", macs=N), convention="macs").table(quantities="flops")
    assert costs.cost(row("A", "dot", macs=N), convention="macs").table().quantities == ("macs",)


@pytest.mark.parametrize("width", [0, -3, "wide", None, True])
def test_a_width_that_is_none(width):
    with pytest.raises(ArgumentError, match="width="):
        costs.graph().table().latex(width=width)


def test_labels_have_no_characters_that_end_them():
    with pytest.raises(ArgumentError, match="label="):
        costs.graph().table().latex(label="a}b")
