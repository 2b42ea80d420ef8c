"""Markdown and LaTeX."""

from __future__ import annotations

import pytest

from symcost.errors import ConventionError
from symcost.polynomial import ceil_div, ceil_log2, floor_div, indicator, maximum, power, symbol
from symcost.report.latex import formula
from symcost.report.markdown import to_markdown
from symcost.report.totals import cost_report
from tests.report import costs

MARKDOWN = """\
### Net

- convention: algorithm: what the mathematics asks for: 2 FLOPs per multiply-add, loops times their length
- domain: N >= 1, M >= 0, F a multiple of 8, H >= 1
- derived: made by hand

| quantity | unit | formula |
|---|---|---|
| flops | FLOPs | `4*N*F*H + M*H` |
| macs | MACs | `2*N*F*H` |
| bytes\\_accessed | bytes | `8*N*F + 8*M*H + 8*F*H - 12*H*[N = 1]` |
| params | parameters | `2*F*H` |
| param\\_bytes | bytes | `8*F*H` |

0 at all sizes: transcendentals, int\\_ops, collective\\_bytes, constant\\_bytes

*[N = 1]: 1 where this holds and 0 at all other sizes, so that such a term counts at that size only*
"""


def test_totals_as_markdown():
    assert costs.graph().markdown() == MARKDOWN


def test_values_as_markdown():
    report = cost_report(costs.graph(), [{"N": 3, "M": 5, "F": 16, "H": 2_000}])
    lines = to_markdown(report).splitlines()
    assert "- at: N=3, M=5, F=16, H=2000" in lines
    assert "| quantity | unit | value | formula |" in lines
    assert "| flops | FLOPs | 394,000 | `4*N*F*H + M*H` |" in lines


def test_rows_as_markdown():
    lines = costs.branches().by_primitive().markdown().splitlines()
    assert "| primitive | remark | operations | flops | transcendentals |" in lines
    assert "| cond |  | 1 | `2*N` | `3*N` |" in lines
    assert "| exp | branch cond[1] | 1 | 0 | `3*N` |" in lines
    assert any(line.startswith("*rows with a branch") for line in lines)


def test_a_lambda_is_no_html_tag():
    cost = costs.graph()
    cost.name = "<lambda>"
    assert cost.markdown().startswith("### \\<lambda>\n")


def test_what_is_unknown_is_bold():
    assert "**unknown: unknown\\_mystery\\_0 stands for" in costs.unknown().markdown()


n, f, h = symbol("N"), symbol("F"), symbol("H")


@pytest.mark.parametrize(
    ("size", "latex"),
    [
        (0, "0"),
        (7, "7"),
        (-1 * n, "-N"),
        (h * f * n * 2 + n * n, "2 N F H + N^{2}"),
        (n / 2 - 3, r"\frac{1}{2} N - 3"),
        (floor_div(n, 2), r"\left\lfloor \frac{N}{2} \right\rfloor"),
        (ceil_div(n, 2) * ceil_div(n, 2), r"\left(\left\lceil \frac{N}{2} \right\rceil\right)^{2}"),
        (maximum(n, f) * h, r"H \max\left(F, N\right)"),
        (f * indicator(n, 1), r"F \left[N = 1\right]"),
        (power(2, n) + 1, "2^{N} + 1"),
        (ceil_log2(n), r"\left\lceil \log_2 \left(N\right) \right\rceil"),
        (symbol("alpha") * symbol("d_model"), r"\alpha d_{model}"),
    ],
)
def test_a_size_as_latex(size, latex):
    assert formula(size, ["N", "F", "H"]) == latex


def test_totals_as_latex():
    assert costs.graph().latex("flops", "param_bytes") == (
        "% Net, convention 'algorithm'; holds for N >= 1, M >= 0, F a multiple of 8, H >= 1\n"
        "\\begin{align*}\n"
        "\\text{flops} &= 4 N F H + M H \\\\\n"
        "\\text{param\\_bytes} &= 8 F H\n"
        "\\end{align*}"
    )


def test_long_formulas_go_on_in_the_next_line():
    terms = sum((n**i for i in range(1, 9)), start=0)
    latex = costs.cost(costs.row("", "add", flops=terms)).latex()
    assert latex.count(" \\\\\n&\\quad ") == 1
    assert latex.count("&=") == 1


def test_latex_of_a_quantity_that_the_convention_lacks():
    with pytest.raises(ConventionError, match="does not define flops"):
        costs.cost(costs.row("", "dot_general", macs=n), convention="macs").latex("flops")
