"""What is imported when: symcost starts without JAX, and brings each heavy package when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("jax", "jaxlib", "flax", "optax", "numpy", "sympy", "matplotlib", "rich", "typer")
QUERIES = ("polynomial", "domain", "evaluation", "formatting", "ledger", "grammar", "program", "interpret", "rules")


def imported(code: str) -> set[str]:
    """Which heavy packages a fresh Python has imported after `code`."""
    probe = f"{code}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert not result.returncode, result.stderr
    return {*result.stdout.splitlines()[-1].split()}


def test_importing_symcost_brings_nothing():
    assert imported("import symcost") == set()


def test_the_probe_sees_what_is_imported():
    assert {"sympy", "numpy"} <= imported("import sympy, numpy")


def test_listing_the_public_names_brings_nothing():
    assert imported("import symcost; dir(symcost); symcost.__all__; symcost.__version__") == set()


def test_what_evaluates_formulas_needs_no_framework():
    assert imported("\n".join(f"import symcost.{name}" for name in QUERIES)) == set()


def test_symbols_bring_sympy_alone():
    assert imported("import symcost as sc; sc.dims('B N')") <= {"sympy", "numpy"}
    assert "sympy" in imported("import symcost as sc; sc.dims('B N')")


def test_the_catalogue_of_the_zoo_brings_nothing():
    assert imported("from symcost import zoo; zoo.get('resnet50').title") == set()


@pytest.mark.parametrize("words", [["--help"], ["trace", "--help"]], ids=" ".join)
def test_help_on_the_command_line_brings_no_framework(words):
    code = f"import sys; sys.argv = ['symcost', *{words!r}]\nfrom symcost.cli import main\n"
    assert imported(f"{code}try:\n    main()\nexcept SystemExit as end:\n    assert not end.code") <= {"rich", "typer"}


def test_a_trace_brings_neither_optax_nor_matplotlib():
    found = imported("import symcost as sc\nsc.trace(lambda x: x + x, sc.array('N')).at(N=3).flops")
    assert "jax" in found
    assert not found & {"optax", "matplotlib"}


def test_a_plain_function_is_traced_without_flax():
    assert "flax" not in imported("import symcost as sc\nsc.trace(lambda x: x + x, sc.array('N')).at(N=3).flops")
