"""`symcost paper`."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.cli.conftest import MODELS

NET = (f"{MODELS}:Net", "--arg", "B F", "--set", "width=W", "--set", "layers=2")


def test_latex_on_stdout(run):
    out = run("paper", *NET).stdout
    assert r"\caption{FLOPs of Net by module.}" in out
    assert r"\texttt{Dense\_0} & $2 B F W + B W$ \\" in out
    assert f"% command: symcost paper {MODELS}:Net --arg 'B F' --set width=W --set layers=2\n" in out


def test_a_file_is_written_whole_and_its_command_makes_it_again(run, tmp_path):
    path = tmp_path / "table.tex"
    path.write_text("what was there")
    words = ("paper", *NET, "--at", "B=2,F=3,W=4", "--symbol", r"W=d_{\text{model}}", "--depth", "3", "-o", str(path))
    assert run(*words).stdout == f"wrote {path}\n"
    first = path.read_text()
    assert r"$2 B F d_{\text{model}} + B d_{\text{model}}$" in first
    command = re.search(r"^% command: symcost (.*)$", first, re.MULTILINE)
    assert command
    path.unlink()
    run(*shlex.split(command[1]))
    assert path.read_text() == first


def test_what_cannot_be_written_leaves_nothing_behind(run, tmp_path):
    path = tmp_path / "missing" / "table.tex"
    assert "cannot be written" in run("paper", *NET, "-o", str(path), code=1).stderr
    kept = tmp_path / "table.tex"
    kept.write_text("kept")
    run("paper", *NET, "--symbol", "Q=q", "-o", str(kept), code=1)
    assert kept.read_text() == "kept"
    assert [p.name for p in tmp_path.iterdir()] == ["table.tex"]


@pytest.mark.parametrize(
    ("format", "said"),
    [
        ("markdown", "| Dense\\_0 | `2*B*F*W + B*W` | 56 | 38.9% | `B*F*W` | 24 |"),
        ("csv", "Dense_0,2*B*F*W + B*W,56,0.3888888888888889,B*F*W,24"),
        ("html", "<code>2*B*F*W + B*W</code>"),
    ],
)
def test_formats(run, format, said):
    out = run("paper", *NET, "--format", format, "--quantities", "flops, macs", "--at", "B=2,F=3,W=4").stdout
    assert said in out


def test_other_conventions_and_whole_documents(run):
    out = run("paper", *NET, "--convention", "macs", "--standalone", "--width", "300", "--caption", "Ours.").stdout
    assert "\\documentclass{article}" in out
    assert "\\caption{Ours.}" in out
    assert "multiply-accumulate pairs" in out
    assert "{300pt}" in out


def test_a_stored_formula(run, tmp_path):
    path = tmp_path / "net.json"
    run("trace", *NET, "--save", str(path))
    assert "Dense_0,2*B*F*W + B*W" in run("paper", str(path), "--format", "csv").stdout
    assert "--arg is for models that are traced" in run("paper", str(path), "--arg", "N", code=1).stderr


WRONG = {
    "--symbol W": (2, "write --symbol"),
    "--symbol W={": (1, "--symbol 'W=d_{in}'"),
    "--symbol Q=q": (1, "the symbols are B, F, W"),
    "--format pdf": (2, "'latex', 'markdown', 'csv', 'html'"),
    "--format csv --standalone": (1, "to do: --format latex"),
    "--quantities params": (1, "to do: symcost trace for its total"),
    "--quantities flop": (1, "by module there are flops"),
    "--depth 0": (2, "greater than or equal to 1"),
    "--at B=2": (1, "no size was given for F, W"),
    "--at B=1,F=1,W=1,B=2": (2, "at one point"),
    "--at B=2,F=3,W=x": (1, "not an integer"),
    "--convention xlaa": (1, "'xla'"),
    "--width 3": (2, "greater than or equal to 100"),
    "--caption {": (1, "braces in pairs"),
}


@pytest.mark.parametrize(("words", "answer"), WRONG.items(), ids=WRONG)
def test_wrong_words(run, words, answer):
    code, said = answer
    result = run("paper", *NET, *words.split(), code=code)
    assert said in " ".join(result.stderr.replace("│", " ").split())
