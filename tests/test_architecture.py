"""The order of the rooms, who may know JAX, and the public names."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import symcost as sc

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "symcost"

ORDER = [
    # exact sizes and what may be said about them
    *("advice", "errors"),
    *("polynomial", "dominance", "ratio", "grammar", "domain", "equality", "quasilinear"),
    *("formatting", "factoring", "readable", "formula_grammar", "evaluation", "expression"),
    # how they grow
    *("assumptions", "directions", "asymptotics", "limits", "growth", "quotients"),
    # the user's symbols and arrays
    *("dims", "arrays"),
    # programs, and what makes them: jaxprs and HLO
    *("program", "capture", "hlo", "capture_hlo"),
    # what operations cost
    *("rules", "ledger", "interpret", "conventions", "fusion"),
    # from concrete programs to formulas
    *(
        "solve",
        "shapes",
        "symbolize",
        "sampling",
        "conditions",
        "branches",
        "watch",
        "predicates",
        "maxima",
        "coefficients",
        "asked",
    ),
    *(
        "initialisers",
        "remedy",
        "family",
        "fit",
        "places",
        "repeated",
        "unbuildable",
        "special_candidates",
        "special_tests",
        "special",
        "generalize",
        "classify",
        "structural",
        "parts",
        "analysis",
    ),
    # from what the user hands over to a family
    "frontend",
    # what the user gets
    *(
        "moment",
        "cases",
        "lines",
        "report",
        "values",
        "explain",
        "annotate",
        "cost_table",
        "formulas",
        "printed",
        "questions",
        "running",
        "cost",
        "expected",
        "algebra",
        "cost_ratio",
        "crossing",
        "differences",
        "api",
        "testing",
    ),
    # what is made of it
    *("hardware", "query", "paper", "xla", "zoo", "cli", "__main__", "demo"),
]
"""Files and rooms (folders) from the bottom up. Whatever stands to the right may import what stands to the left."""

UPWARD = {
    # `a + b`, `cost.subs(...)` and `cost.expected(...)` make costs, so these stand above cost, through which they are
    # called
    ("cost", "algebra"),
    ("cost", "expected"),
    ("questions", "cost_ratio"),
    # `cost.seconds(chip)` is a roofline, which is made of costs and chips
    ("running", "hardware"),
    # `cost.save(path)`, `cost.function(...)`
    ("cost", "query"),
    ("running", "query"),
    ("crossing", "hardware"),
    # `cost.paper(...)` says what it was made with, as a stored cost does
    ("printed", "paper"),
}
"""Imports inside functions that go up all the same."""

JAX_INTERNALS = ("jax._src", "jax.extend", "jax.interpreters", "jax.core", "jaxlib")
KNOWS_JAXPRS = {"capture"}
"""The files that change when JAX changes."""

PLAIN = {
    "errors",
    "polynomial",
    "dominance",
    "fusion",
    "maxima",
    "cases",
    "parts",
    "ratio",
    "grammar",
    "domain",
    "quasilinear",
    "formatting",
    "factoring",
    "readable",
    "formula_grammar",
    "evaluation",
    "program",
}
PLAIN |= {
    "advice",
    "ledger",
    "rules",
    "interpret",
    "conventions",
    "hlo",
    "shapes",
    "sampling",
    "conditions",
    "coefficients",
    "fit",
    "assumptions",
    "directions",
    "asymptotics",
    "limits",
    "equality",
}
"""What works on sizes and programs that are there already: imports neither JAX, Flax nor sympy."""

HEAVY = {"jax", "jaxlib", "flax", "optax", "sympy", "matplotlib"}


@dataclass(frozen=True, slots=True)
class Import:
    """An import statement of the package.

    Attributes:
        module: where it stands. name: what it imports, in full. line: of the file.
        when: "start" where the file is loaded, "call" inside of a function, "types" for the type checker alone.
    """

    module: str
    name: str
    line: int
    when: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.name}"


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its full name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def statements(module: str, path: Path) -> Iterator[Import]:
    """The imports of one file."""

    def walk(node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(module, alias.name, child.lineno, when) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert not child.level, f"{path}:{child.lineno}: imports are absolute here"
                yield from (Import(module, f"{child.module}.{a.name}", child.lineno, when) for a in child.names)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield from walk(child, "types" if when == "types" else "call")
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from walk(child, "types")
            else:
                yield from walk(child, when)

    yield from walk(ast.parse(path.read_text()), "start")


@cache
def imports() -> tuple[Import, ...]:
    """Every import statement of the package."""
    return tuple(statement for module, path in modules().items() for statement in statements(module, path))


def room_of(name: str) -> str:
    """The file or folder that a full name belongs to; the public names stand where they are made."""
    parts = name.split(".")
    if len(parts) == 1:
        return "api"  # `import symcost as sc`, to use what a user uses
    if (PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").exists():
        return parts[1]
    assert parts[1] in dir(sc), f"{name} is not part of symcost"
    return room_of(sc._HOME[parts[1]]) if parts[1] in sc._HOME else "errors"  # such as `symcost.__version__`


def between_rooms() -> Iterator[tuple[Import, str, str]]:
    """Imports from one room into another, with both."""
    for statement in imports():
        inside = statement.module != "symcost" and statement.when != "types"
        if inside and statement.name.split(".")[0] == "symcost":
            here, there = room_of(statement.module), room_of(statement.name)
            if here != there:
                yield statement, here, there


def test_every_file_has_its_place():
    rooms = [room_of(module) for module in modules() if module != "symcost"]
    assert sorted(ORDER) == sorted(set(rooms))


def test_imports_go_down():
    wrong = [
        f"{statement}: {there} stands above {here}"
        for statement, here, there in between_rooms()
        if ORDER.index(there) > ORDER.index(here) and not (statement.when == "call" and (here, there) in UPWARD)
    ]
    assert not wrong, "\n".join(wrong)


def test_exceptions_to_the_order_are_needed():
    found = {(here, there) for statement, here, there in between_rooms() if statement.when == "call"}
    assert found >= UPWARD


def test_no_room_imports_itself_in_a_circle():
    below: dict[str, set[str]] = {}
    for statement in imports():
        if statement.when != "start" or not statement.name.startswith("symcost."):
            continue
        target = statement.name
        while target not in modules():  # `from symcost.errors import SymcostError` is about symcost.errors
            target = target.rpartition(".")[0]
        if target != statement.module:
            below.setdefault(statement.module, set()).add(target)
    left = dict(below)
    while left:
        free = [module for module, targets in left.items() if not targets & set(left)]
        assert free, f"these import each other: {', '.join(sorted(left))}"
        for module in free:
            del left[module]


def test_only_capture_knows_the_inside_of_jax():
    found = {room_of(s.module) for s in imports() if f"{s.name}.".startswith(tuple(f"{n}." for n in JAX_INTERNALS))}
    assert found == KNOWS_JAXPRS


@pytest.mark.parametrize("room", sorted(PLAIN))
def test_rooms_that_need_no_framework(room):
    heavy = [str(s) for s in imports() if room_of(s.module) == room and s.name.split(".")[0] in HEAVY]
    assert not heavy, "\n".join(heavy)


def test_nothing_is_imported_that_the_package_does_not_ask_for():
    known = {"jax", "jaxlib", "flax", "optax", "numpy", "sympy", "typer", "rich", "click", "symcost"}
    known |= {"packaging", "platformdirs", "diskcache"}
    known |= {"matplotlib", "pandas"}  # the extras "plot" and "frame"
    others = [str(s) for s in imports() if s.name.split(".")[0] not in known | sys.stdlib_module_names]
    assert not others, "\n".join(others)


# -- public names ----------------------------------------------------------------------------

UNDOCUMENTED = {"Cost", "Flow", "ProgramCost", "errors", "rule", "xla", "zoo"}
"""Public names that README.md and docs/ need not mention yet. No name is ever added."""


def pages() -> str:
    """Everything that users read."""
    return "\n".join(p.read_text() for p in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))))


@pytest.mark.parametrize("name", sc.__all__)
def test_public_names_say_how_they_are_used(name):
    text = inspect.getdoc(getattr(sc, name)) or ""
    assert text, f"sc.{name} has no docstring"
    if not inspect.ismodule(getattr(sc, name)):
        shows = any(heading in text for heading in ("Example:", "Args:", "Attributes:"))
        assert shows, f"the docstring of sc.{name} has neither example nor arguments"


def test_public_names_are_in_the_documentation():
    text = pages()
    forms = r"\b(?:sc|symcost)\.{0}\b|from symcost import [^\n]*\b{0}\b|`{0}`"
    missing = {name for name in sc.__all__ if not re.search(forms.format(name), text)}
    assert missing <= UNDOCUMENTED


def test_the_stub_for_type_checkers_has_the_public_names():
    stub = {s.name.rpartition(".")[2] for s in imports() if s.module == "symcost" and s.when == "types"}
    assert stub | {"errors"} == set(sc.__all__)


def test_names_are_found_where_the_table_says():
    for name, home in sc._HOME.items():
        if home != f"symcost.{name}":  # the module `symcost.dims` can be called: importing it hides its function
            assert getattr(sc, name) is getattr(import_module(home), name)


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(AttributeError, match=r"no public name 'trcae'; it has Cost, Flow, .*trace_training"):
        _ = sc.trcae
