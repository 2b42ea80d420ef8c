"""The command as a process: what it imports, its help, its version."""

from __future__ import annotations

import subprocess
import sys

import pytest

from symcost import __version__

COMMANDS = (
    [],
    ["trace"],
    ["compare"],
    ["crossover"],
    ["query"],
    ["solve"],
    ["zoo"],
    ["zoo", "list"],
    ["zoo", "show"],
    ["rules"],
)
HEAVY = ("jax", "jaxlib", "flax", "sympy", "numpy", "optax")


def imported(code: str) -> set[str]:
    """Which heavy packages are imported after `code`."""
    probe = f"import sys\n{code}\nprint(*[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return {*result.stderr.split()}


@pytest.mark.parametrize("words", [["--help"], ["zoo", "list"], ["rules", "dot_general"], ["--version"]], ids=" ".join)
def test_nothing_heavy_is_imported_before_something_is_traced(words):
    code = f"""
sys.argv = ["symcost", *{words!r}]
from symcost.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
"""
    assert imported(code) == set()


def test_the_module_is_the_command():
    result = subprocess.run([sys.executable, "-m", "symcost", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"symcost {__version__}\n"


def test_the_exit_code_of_an_error():
    result = subprocess.run([sys.executable, "-m", "symcost", "trace", "nothing"], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("'nothing' names no object\n  to do: ")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_examples(run, words):
    text = run(*words, "--help").stdout
    assert "Examples" in text
    assert f"symcost {' '.join(words)}" in text
    # a line that wraps cannot be copied
    lines = [line.strip() for line in text.partition("Examples")[2].splitlines() if line.strip()]
    assert all(line.startswith("symcost ") for line in lines)


def test_no_arguments_is_help():
    result = subprocess.run([sys.executable, "-m", "symcost"], capture_output=True, text=True)
    assert result.returncode == 2
    assert "Usage" in result.stdout + result.stderr


def test_a_terminal_that_knows_ascii_only(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = subprocess.run([sys.executable, "-m", "symcost", "zoo", "list"], capture_output=True, check=True)
    text = result.stdout.decode("ascii")
    assert "gcn-sparse" in text
    assert "-----" in text
