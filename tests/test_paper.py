"""The table of a paper: what stands in it, and that a real LaTeX sets it without complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import symcost as sc
from symcost.domain import Dim, Domain
from symcost.errors import ArgumentError, ConventionError
from symcost.formula_grammar import parse_formula
from symcost.grammar import parse_relations
from symcost.polynomial import ceil_div, ceil_log2, conv_taps, floor_div, indicator, maximum, mod, power, symbol, total
from tests.report import costs
from tests.report.costs import F, H, M, N, row

AT = {"N": 3000, "M": 50_000, "F": 1600, "H": 16}
SYMBOLS = {"N": r"|\mathcal{V}|", "M": r"|\mathcal{E}|", "F": r"d_{\mathrm{in}}"}
ODD = (
    "Dense_0",
    "a%b",
    "naïve",
    "x#y",
    "{brace}",
    "tilde~^",
    "層",
    r"back\slash",
    "a--b",
    "<lambda>",
    '"quoted"',
    "$x$",
)


def small():
    return costs.graph()


def odd_names():
    """Names that LaTeX would take for commands, in rows and in runs of rows."""
    rows = [row(f"Net/{name}", "dot_general", flops=(i + 2) * N * F + H) for i, name in enumerate(ODD)]
    rows += [row(f"Net/x#y_{i}", "dot_general", flops=7 * N) for i in range(12)]
    cost = costs.cost(*rows, row("Net", "add", flops=M * H))
    cost.name = "Net_{%$#&~^\\} <lambda>"
    return cost


def long_names():
    scopes = [
        "Encoder/EncoderBlock_0/MultiHeadDotProductAttention_0/query_projection_of_the_first_kind",
        "Encoder/EncoderBlock_0/SomeMuchLongerNameOfAModuleThanAnybodyNeeds/kernel",
    ]
    return costs.cost(*(row(scope, "dot", flops=(i + 2) * N * F * H + N) for i, scope in enumerate(scopes)))


def long_formulas():
    many = total([(i + 2) * symbol(f"x{i}") * (symbol(f"y{i}") + i) for i in range(40)])
    nested = N * (F * (H * many + M) + 7 * H + 1)
    return costs.cost(row("Net/A", "dot", flops=many), row("Net/B", "dot", flops=nested), row("Net/C", "add", flops=N))


def every_function():
    sizes = [
        floor_div(N, 2) * ceil_div(F, 16) ** 2,
        floor_div(N + M, F + 1) * F,
        maximum(24 * N * F + 24 * N * H, 7 * N**2, *(i * F**i + H for i in range(2, 9))),
        power(2, H) ** 2 * 3 + 4 * power(3, H),
        ceil_log2(N + 1) * M,
        conv_taps(N, 3, F, 2, 1, 1, 1),
        indicator(N, 1) * (12 * N * F + 7 * F + 5 * H),
        indicator(floor_div(N, 65), 0) * F + indicator(mod(N, 8), 0) * H + indicator(mod(N, F), 0),
        indicator(maximum(0, N - F, F - H + 1), 0) * N,
        N**3 / 3 + N**2 / 2 + N / 6,
        -3 * N * F,
        10**25 * N,
    ]
    return costs.cost(*(row(f"Net/part_{i}x", "dot", flops=size) for i, size in enumerate(sizes)))


def unknown():
    return costs.unknown()


def domains():
    relations = parse_relations("M <= N*N, N != F")[0]
    dims = (Dim("N"), Dim("M", min=0), Dim("F", multiple_of=8, max=640), Dim("H", power_of=2, min=4))
    domain = Domain(dims, relations, (("N == 1", "the program drops a loop"),))
    return costs.cost(row("Net/A", "dot", flops=N * F * H + M), domain=domain)


MODELS = {f.__name__: f for f in (small, odd_names, long_names, long_formulas, every_function, unknown, domains)}


# -- what stands in it -----------------------------------------------------------------------


def test_everything_is_said():
    latex = small().paper(at={**AT}, symbols=SYMBOLS, command="symcost paper zoo:net -o table.tex")
    comments = "\n".join(line for line in latex.splitlines() if line.startswith("%"))
    assert "% convention: algorithm: what the mathematics asks for" in comments
    assert "% domain: N >= 1, M >= 0, F a multiple of 8, H >= 1" in comments
    assert "% parameters: 2*F*H" in comments
    assert re.search(rf"% made by: symcost {sc.__version__}.*, Python \d", comments)
    assert "% command: symcost paper zoo:net -o table.tex" in comments
    assert "% needs: \\usepackage{booktabs,amsmath}" in comments
    assert r"\caption{FLOPs of Net by module.}" in latex
    assert "Counted: what the mathematics asks for: 2 FLOPs per multiply-add, loops times their length." in latex
    assert r"Holds for $|\mathcal{V}|, H \geq 1$, $|\mathcal{E}| \geq 0$, $d_{\mathrm{in}}$ a multiple of 8." in latex
    assert r"Parameters in total: $2 d_{\mathrm{in}} H$." in latex
    assert r"Values at $|\mathcal{V}| = 3000$, $|\mathcal{E}| = 50{,}000$," in latex


def test_the_domain_in_full():
    latex = domains().paper()
    said = latex.split("Holds for ")[1].split("\n")[0]
    assert said == (
        r"$N \geq 1$, $M \geq 0$, $8 \leq F \leq 640$ and a multiple of 8, $H \geq 4$ and a power of 2, "
        r"$M \leq N^{2}$, $N \neq F$."
    )
    assert "Not at $N = 1$: the program drops a loop." in latex


def test_what_is_not_known_is_said():
    assert r"Not known: unknown\_mystery\_0 stands for the cost of a primitive" in unknown().paper()
    assert "unknown: unknown_mystery_0" in unknown().paper("csv")


@pytest.mark.parametrize("format", ["markdown", "csv", "html"])
def test_other_formats_say_the_same(format):
    text = small().paper(format, command="symcost paper net.json")
    for said in ("algorithm", "what the mathematics asks for", "symcost paper net.json", sc.__version__, "4*N*F*H"):
        assert said in text


def test_the_csv_is_read_by_pandas_past_its_comments():
    import io

    import pandas

    frame = pandas.read_csv(io.StringIO(small().paper("csv")), comment="#")
    assert [*frame["flops"]] == ["4*N*F*H", "M*H", "4*N*F*H + M*H"]
    assert [parse_formula(text) for text in frame["flops"]][-1] == small().size("flops")


def test_the_same_cost_gives_the_same_table():
    assert small().paper(at=AT) == small().paper(at=AT)


WRONG = [
    ({"format": "pdf"}, "no format is called 'pdf'"),
    ({"format": "csv", "standalone": True}, "standalone is for LaTeX, not for csv"),
    ({"format": "html", "symbols": SYMBOLS}, "symbols is for LaTeX"),
    ({"format": "markdown", "width": 345}, "width is for LaTeX"),
    ({"format": "csv", "caption": "x"}, "caption is for LaTeX"),
    ({"symbols": {"Q": "q"}}, "there is no symbol 'Q'"),
    ({"width": -1}, "width=-1"),
    ({"label": "a b"}, "label='a b'"),
    ({"caption": "a } b"}, "caption="),
    ({"caption": 3}, "caption=3"),
    ({"command": 3}, "command=3"),
    ({"depth": 0}, "depth=0"),
    ({"quantities": "params"}, "not counted by module"),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[m for _, m in WRONG])
def test_wrong_calls(call, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        small().paper(**call)


def test_a_quantity_that_the_convention_lacks():
    with pytest.raises(ConventionError, match="does not define flops"):
        costs.cost(row("A", "dot", macs=N), convention="macs").paper(quantities="flops")


# -- LaTeX -----------------------------------------------------------------------------------

LATEX = shutil.which("pdflatex")
needs_latex = pytest.mark.skipif(LATEX is None, reason="pdflatex is not installed (Debian: texlive-latex-recommended)")


def compiled(folder: Path, document: str) -> str:
    """The log of a document that LaTeX has set, again if references were not known."""
    assert LATEX is not None
    (folder / "table.tex").write_text(document, "utf-8")
    for _ in range(2):
        ran = subprocess.run(
            [LATEX, "-interaction=nonstopmode", "-halt-on-error", "table.tex"],
            cwd=folder,
            capture_output=True,
            timeout=120,
        )
        log = (folder / "table.log").read_text("latin-1")
        assert ran.returncode == 0, log[-3000:]
        if "Rerun to get" not in log and "undefined references" not in log:
            break
    assert (folder / "table.pdf").stat().st_size > 1000
    return log


def assert_clean(log: str) -> None:
    complaints = [line for line in log.splitlines() if re.match(r"Overfull|! |LaTeX Warning|Missing character", line)]
    assert not complaints, "\n".join(complaints)


@needs_latex
@pytest.mark.parametrize("name", MODELS)
def test_latex_sets_the_document(name, tmp_path):
    cost = MODELS[name]()
    depth = None if name == "long_names" else 2
    assert_clean(compiled(tmp_path, cost.paper(standalone=True, depth=depth)))


@needs_latex
@pytest.mark.parametrize("class_", ["article", "[twocolumn]{article}"])
def test_latex_sets_the_table_in_a_paper(class_, tmp_path):
    """Totals, tables by module and by primitive, in one column and in two."""
    width = 345 if class_ == "article" else 229
    cost = every_function() + small()
    parts = [
        small().paper(at=AT, symbols=SYMBOLS, width=width, quantities=("flops", "macs"), label="a"),
        cost.latex(width=width),
        small().table().latex(width=width, label="b"),
        cost.by("primitive").latex(width=width, label="c"),
        *([small()._repr_latex_(), small().table()._repr_latex_()] if class_ == "article" else []),
    ]
    document = [
        rf"\documentclass{class_ if '[' in class_ else '{article}'}",
        r"\usepackage{booktabs,amsmath}",
        r"\allowdisplaybreaks",
        r"\begin{document}",
        *("\n\\noindent\n" + part for part in parts),
        r"\end{document}",
    ]
    assert_clean(compiled(tmp_path, "\n".join(document)))


@needs_latex
def test_latex_sets_a_traced_model(tmp_path):
    cost = sc.zoo.get("transformer-block").trace()
    sizes = {"B": 1, "T": 128, "D": 768, "H": 12, "K": 64}
    document = cost.paper(
        standalone=True, quantities=("flops", "transcendentals", "macs"), at=sizes, symbols={"K": "d_k"}
    )
    assert_clean(compiled(tmp_path, document))
