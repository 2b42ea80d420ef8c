"""Markdown and LaTeX."""

from __future__ import annotations

import pytest

import symcost as sc
from symcost.domain import Dim, Domain
from symcost.errors import ArgumentError, ConventionError
from symcost.polynomial import (
    ceil_div,
    ceil_log2,
    conv_taps,
    floor_div,
    floor_log2,
    indicator,
    maximum,
    mod,
    power,
    symbol,
)
from symcost.report.extent import extent
from symcost.report.latex import broken, formula
from symcost.report.lettering import letter, text
from symcost.report.markdown import to_markdown
from symcost.report.totals import cost_report
from tests.report import costs
from tests.report.costs import row

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
        (h * f * n * 2 + n * n, "N (2 F H + N)"),
        (n / 2 - 3, r"\frac{1}{2} N - 3"),
        (n * (f + 7) * 30 + 5 * n * h**2, "5 N (H^{2} + 6 F + 42)"),
        (-(n**2) * h - n * h * 2, "-N H (N + 2)"),
        (floor_div(n, 2), r"\lfloor N/2 \rfloor"),
        (floor_div(n + f, 2 * h), r"\lfloor (N + F)/(2 H) \rfloor"),
        (ceil_div(n, 2) * ceil_div(n, 2), r"\lceil N/2 \rceil^{2}"),
        (maximum(n, f) * h, r"H \max(F, N)"),
        (f * indicator(n, 1), "F [N = 1]"),
        (f * indicator(floor_div(n, 65), 0), r"F [N \leq 64]"),
        (indicator(mod(n, 8), 0), r"[N \bmod 8 = 0]"),
        (indicator(maximum(0, n - f, f - h + 1), 0), r"[N \leq F \text{ and } F < H]"),
        (power(2, n) + 1, "2^{N} + 1"),
        (power(2, n) ** 3 * 4, "4 (2^{N})^{3}"),
        (power(2, n) * 4, r"4 \cdot 2^{N}"),
        (ceil_log2(n) * floor_log2(n + 1), r"\lceil \log_2 N \rceil \lfloor \log_2 (N + 1) \rfloor"),
        (conv_taps(n, 3, f, 2, 1, 1, 1), r"\operatorname{conv\_taps}(N, 3, F, 2, 1, 1, 1)"),
        (symbol("alpha") * symbol("d_model"), r"\alpha d_{\mathrm{model}}"),
        (symbol("width") * symbol("β"), r"\mathit{width} \beta"),
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
    terms = sum((n**i for i in range(1, 16)), start=0)
    latex = costs.cost(costs.row("", "add", flops=terms)).latex()
    assert latex.count(" \\\\\n&\\quad ") == 1
    assert latex.count("&=") == 1


@pytest.mark.parametrize("width", [120, 200, 345])
def test_lines_are_as_wide_as_they_may_be_and_lose_nothing(width):
    size = n * (f * (h + 3 * n + 5) + maximum(7 * h * n, 9 * f * h, n**3)) + sum(
        (i * f**i * h for i in range(9)), start=7
    )
    lines = broken(size, ["N", "F", "H"], {}, width)
    assert len(lines) > 1
    assert all(extent(line) <= width for line in lines)
    assert " ".join(lines) == formula(size, ["N", "F", "H"])


def test_symbols_are_written_as_the_user_wishes():
    letters = {"N": r"|\mathcal{V}|", "F": "d_{in}", "H": "h^{(1)}"}
    latex = costs.graph().latex("flops", "bytes_accessed", symbols=letters)
    assert r"4 |\mathcal{V}| d_{in} h^{(1)} + M h^{(1)}" in latex
    assert "N F" not in latex
    assert formula(h**2, ["H"], letters) == "{h^{(1)}}^{2}"


@pytest.mark.parametrize(
    ("symbols", "why"),
    [
        ({"Q": "q"}, "there is no symbol 'Q'"),
        ({"N": ""}, "nothing that LaTeX can set"),
        ({"N": "a}{"}, "nothing that LaTeX can set"),
        ({"N": "$a$"}, "nothing that LaTeX can set"),
        ({"N": "a%b"}, "nothing that LaTeX can set"),
        ({"N": 3}, "nothing that LaTeX can set"),
        ({"N": "M"}, "the symbols N and M would both be written as M"),
        ({"N": "q", "H": "q"}, "the symbols N and H would both"),
        ("N=a", "says no letters"),
    ],
)
def test_letters_that_cannot_be_set(symbols, why):
    with pytest.raises(ArgumentError, match=why.replace("(", "\\(")):
        costs.graph().latex(symbols=symbols)


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("N", "N"),
        ("d_in", r"d_{\mathrm{in}}"),
        ("x12", "x_{12}"),
        ("Ω", r"\Omega"),
        ("层", r"\text{U+5C42}"),
        ("_", r"\text{\textit{\_}}"),
        ("x__y", r"\text{\textit{x\_\_y}}"),
        ("_x", r"\text{\textit{\_x}}"),
    ],
)
def test_letters_of_symbols(name, latex):
    assert letter(name) == latex


def test_symbols_that_would_look_the_same_are_written_out():
    cost = costs.cost(
        row("A", "dot", flops=symbol("x1") * 5 + symbol("x_1") * 7),
        domain=Domain((Dim("x1"), Dim("x_1"))),
    )
    assert r"5 \text{\textit{x1}} + 7 \text{\textit{x\_1}}" in cost.latex("flops")
    with pytest.raises(ArgumentError, match=r"both be written as x_\{1\}"):
        cost.latex(symbols={"x1": "x_{1}"})
    assert "5 y + 7 x_{1}" in cost.latex("flops", symbols={"x1": "y"})


def test_names_as_text():
    assert text("a_b%c#d&e$f{g}~^\\") == (r"a\_b\%c\#d\&e\$f\{g\}\textasciitilde{}\textasciicircum{}\textbackslash{}")
    assert (text("naïve"), text("层"), text("a--b"), text("<|>")) == (
        "naïve",
        "U+5C42",
        "a-{}-b",
        r"\textless{}\textbar{}\textgreater{}",
    )


def test_totals_as_html():
    cost = costs.unknown()
    cost.name = "<lambda> & co"
    html = cost.html()
    assert "<strong>&lt;lambda&gt; &amp; co</strong>" in html
    assert f"<code>{cost.text('flops')}</code>" in html
    assert "<strong>unknown: unknown_mystery_0 stands for" in html


def test_a_notebook_shows_what_is_there_and_traces_nothing():
    cost = costs.graph()
    html = cost._repr_html_()
    assert "<code>4*N*F*H + M*H</code>" in html
    assert "bytes_accessed: found when asked for; print(cost) shows all" in html
    assert "bytes_accessed" not in cost._repr_latex_()
    fn_cost = sc.trace(lambda x: x * 2, sc.array("N"))
    before = len(fn_cost.samples)
    assert fn_cost._repr_html_()
    assert fn_cost._repr_latex_()
    assert fn_cost.table()._repr_html_()
    assert len(fn_cost.samples) == before


def test_a_notebook_sets_totals_as_one_formula():
    latex = costs.graph()._repr_latex_()
    assert latex.startswith("$\\displaystyle \\begin{aligned}\n\\text{flops} &= 4 N F H + M H \\\\\n")
    assert latex.endswith("\\end{aligned}$")


def test_latex_of_a_quantity_that_the_convention_lacks():
    with pytest.raises(ConventionError, match="does not define flops"):
        costs.cost(costs.row("", "dot_general", macs=n), convention="macs").latex("flops")
