"""What goes wrong on the command line, and what it says: exit codes and texts."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest

from symcost.errors import LoadError
from tests.cli.conftest import MODELS


def assert_complains(result, *parts: str) -> None:
    """stderr has exactly the parts of one error, nothing is on stdout, and there is no traceback."""
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    starts = ("", "  where: ", "  to do: ")
    assert len(lines) == len(parts), result.stderr
    for line, part in zip(lines, parts, strict=True):
        assert part in line
        assert line.startswith(starts)
    assert "Traceback" not in result.stderr


CASES = {
    "no object": (["model.py"], "'model.py' names no object", "module:object or file.py:object, such as model.py:Net"),
    "no file": (
        [MODELS.replace("models.py", "model.py") + ":Net"],
        "there is no file",
        "looked in",
        f"did you mean {MODELS}",
    ),
    "no module": (
        ["nothing.like_this:Net"],
        "there is no module 'nothing', so 'nothing.like_this' does not import",
        "looked in ",
        "nothing/like_this.py:object",
    ),
    "no attribute": ([f"{MODELS}:Nett"], "has no 'Nett'", "models.py", f"did you mean {MODELS}:Net"),
    "no field": (
        [f"{MODELS}:Net", "--arg", "B F", "--set", "widht=H"],
        "Net has no field 'widht'",
        "its fields: width, layers, activation, rate",
        "did you mean --set width=...?",
    ),
    "a field is missing": (
        [f"{MODELS}:Net", "--arg", "B F"],
        "Net() failed: TypeError: ",
        "--set name=value; if its constructor computes with sizes, add --build",
    ),
    "a function has no fields": (
        [f"{MODELS}:product", "--arg", "N F", "--set", "scale=2.0"],
        "--set builds a class, and ",
        "--kwarg scale=2.0",
    ),
    "symbols in use": (
        [f"{MODELS}:Box.dense", "--arg", "B F", "--dim", "H%8"],
        "symbol H is used by no argument (it is declared with --dim)",
        "symbols in use: B, F",
        "use H in a shape",
    ),
    "empty domain": (
        [f"{MODELS}:Box.dense", "--arg", "B F", "--dim", "F%8", "--dim", "F<=4"],
        "symbol 'F' has no admissible value",
        "larger max",
    ),
    "shape string": (
        [f"{MODELS}:Box.dense", "--arg", "B 2F"],
        "no operator between '2' and 'F'",
        "character 4",
        "write a product with *",
    ),
    "dtype": ([f"{MODELS}:Box.dense", "--arg", "B F:int23"], "unknown dtype 'int23'", "did you mean"),
    "two sizes in a setting": (
        [f"{MODELS}:Net", "--arg", "B F", "--set", "width=H W"],
        "'H W' is not one size",
        "[H,W]",
    ),
    "sizes that do not build": (
        [f"{MODELS}:Eighths", "--arg", "B F", "--set", "width=H"],
        "the width must be a multiple of 8",
        "models.py:",
        'to do: --dim "H%8"',
    ),
    "fewer arguments": ([f"{MODELS}:product", "--arg", "N F"], "missing a required argument: 'w'", "x, w"),
    "a fraction": (
        [f"{MODELS}:Box.dense", "--arg", "B F", "--at", "B=1.5,F=2"],
        "B=1.5 is fractional",
        "the formula holds for B >= 1, F >= 1",
        "B=1",
    ),
    "a boolean": ([f"{MODELS}:Box.dense", "--arg", "B F", "--at", "B=true"], "B=True is a boolean", "holds for", "B=1"),
    "a negative size": (
        [f"{MODELS}:Box.dense", "--arg", "B F", "--at", "B=-2"],
        "B=-2 is negative",
        "holds for",
        "inside the domain",
    ),
    "outside of the domain": (
        [f"{MODELS}:Box.dense", "--arg", "B F", "--dim", "F%8", "--at", "B=1,F=12"],
        "F=12 is not a multiple of 8",
        "holds for B >= 1, F a multiple of 8",
        "inside the domain",
    ),
    "sizes that must agree": (
        [f"{MODELS}:product", "--arg", "N F", "--arg", "M H"],
        "dot_general requires contracting dimensions",
        "models.py:",
        'say --where "F == M"',
    ),
    "a trip count of no loop": (
        [f"{MODELS}:until", "--arg", "N", "--trip", "trips_1=3"],
        "no loop has the trip count 'trips_1'",
        "the program's trip counts: trips_while_0",
        "to do: --trip trips_while_0=10",
    ),
    "no stream of random numbers": (
        [f"{MODELS}:Net", "--arg", "B F", "--set", "width=H", "--kwarg", "train=true"],
        'needs PRNG for "dropout"',
        "models.py:",
        "give the module the random stream: --rng dropout",
    ),
    "statistics that the call updates": (
        [f"{MODELS}:Normed", "--arg", "B F", "--kwarg", "train=true"],
        'collection "batch_stats" is immutable',
        "models.py:",
        "let the module write the collection: --mutable batch_stats",
    ),
    "convention": (
        [f"{MODELS}:Box.dense", "--arg", "B F", "--convention", "darkent"],
        "no convention is called 'darkent'",
        "'darknet'",
    ),
    "no model": (["zoo:lsmt"], "the zoo has no model called 'lsmt'", "symcost zoo show lstm"),
    "a model has its arguments": (["zoo:lstm", "--arg", "B F"], "--arg cannot be given", "symcost zoo show lstm"),
}


@pytest.mark.parametrize("words", CASES.values(), ids=CASES)
def test_an_error_is_its_three_parts_and_exit_code_1(run, words):
    arguments, *parts = words
    assert_complains(run("trace", *arguments, code=1), *parts)


def test_debug_shows_the_traceback(run):
    for words in (("--debug", "trace", "model.py"), ("trace", "model.py", "--debug")):
        with pytest.raises(LoadError):
            run(*words, code=1)


USAGE = {
    "no such command": (["tarce"], "tarce"),
    "no such option": (["trace", "a:b", "--size", "3"], "--size"),
    "no object": (["trace"], "OBJECT"),
    "no assignment": (["trace", "a:b", "--at", "3"], "NAME=VALUE"),
    "no assignment in a setting": (["trace", f"{MODELS}:Net", "--set", "width"], "NAME=VALUE"),
    "no domain": (["trace", f"{MODELS}:Box.dense", "--arg", "B F", "--dim", "F"], "restricts no symbol"),
    "no column": (["trace", "a:b", "--by", "layer"], "layer"),
    "no sizes to compare at": (["compare", "a:b"], "--at"),
}


@pytest.mark.parametrize("case", USAGE.values(), ids=USAGE)
def test_wrong_usage_is_exit_code_2(run, case):
    words, part = case
    assert part in " ".join(run(*words, code=2).stderr.split())


BROKEN = {
    "a missing import": ("import foo_is_missing\n", "ModuleNotFoundError: No module named 'foo_is_missing'", 1),
    "a syntax error": ("x = 1\ndef f(:\n", "SyntaxError", 2),
    "an error of its own": ("\n\nraise RuntimeError('not today')\n", "RuntimeError: not today", 3),
}


@pytest.mark.parametrize("as_file", [True, False], ids=["file", "module"])
@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_file_that_does_not_import_says_which_line(run, tmp_path: Path, monkeypatch, case, as_file):
    text, message, line = case
    path = tmp_path / "temporary_broken.py"
    path.write_text(text)
    monkeypatch.chdir(tmp_path)
    target = "temporary_broken.py:f" if as_file else "temporary_broken:f"
    assert_complains(run("trace", target, code=1), message, f"{path}:{line}", "make this line run in Python first")


def test_a_file_finds_its_neighbours(run_json, tmp_path: Path):
    (tmp_path / "temporary_neighbour.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "temporary_first.py").write_text("from temporary_neighbour import double\n")
    assert run_json("trace", f"{tmp_path}/temporary_first.py:double", "--arg", "N")["flops"] == "N"


def test_a_file_does_not_take_the_place_of_a_module(run_json, tmp_path: Path):
    (tmp_path / "copy.py").write_text("def double(x):\n    return 2 * x\n")
    assert run_json("trace", f"{tmp_path}/copy.py:double", "--arg", "N")["flops"] == "N"
    assert sys.modules["copy"] is copy
