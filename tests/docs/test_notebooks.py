"""Every notebook in docs/ runs, cell by cell, and its stored outputs are those that it has now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.docs.notebooks import NOTEBOOKS, refreshed, run, same, texts
from tests.docs.pages import ROOT


def assert_runs(notebook: Path) -> None:
    """Runs the cells of `notebook`; an AssertionError shows what came out instead of what is stored."""
    for number, (cell, now) in enumerate(run(notebook), 1):
        assert same(cell["outputs"], now), (
            f"{notebook.name}, cell {number} gives\n{texts(now)}\nbut the notebook has\n{texts(cell['outputs'])}\n"
            "If that is as it should be: python -m tests.docs.notebooks"
        )


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[str(path.relative_to(ROOT)) for path in NOTEBOOKS])
def test_the_notebook_runs_and_gives_what_is_stored(notebook):
    assert_runs(notebook)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[str(path.relative_to(ROOT)) for path in NOTEBOOKS])
def test_the_notebook_is_one_that_jupyter_opens(notebook):
    content = json.loads(notebook.read_text())
    assert content["nbformat"] == 4
    ids = [cell["id"] for cell in content["cells"]]
    assert len(ids) == len(set(ids))
    for cell in content["cells"]:
        assert {"cell_type", "source", "metadata"} <= set(cell)
        if cell["cell_type"] == "code":
            assert {"outputs", "execution_count"} <= set(cell)


def made(path: Path, *cells: tuple[str, list]) -> Path:
    """A notebook with these cells and stored outputs."""
    code = [
        {
            "cell_type": "code",
            "id": f"cell-{n}",
            "execution_count": n,
            "metadata": {},
            "source": source.splitlines(keepends=True),
            "outputs": outputs,
        }
        for n, (source, outputs) in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def printed(text: str) -> list:
    return [{"output_type": "stream", "name": "stdout", "text": [text]}]


def value(text: str) -> list:
    return [{"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": [text]}}]


def test_a_notebook_that_is_right_passes(tmp_path):
    assert_runs(made(tmp_path / "a.ipynb", ("a = 1\nprint(a)", printed("1\n")), ("a + 1", value("2")), ("a;", [])))


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (("a + 1", value("3")), AssertionError),
        (("a + 1", []), AssertionError),
        (("a", value("1") + printed("1")), AssertionError),
        (("b", []), NameError),
    ],
    ids=["value", "no value", "printed nothing", "code"],
)
def test_a_notebook_that_is_wrong_fails(second, error, tmp_path):
    with pytest.raises(error):
        assert_runs(made(tmp_path / "a.ipynb", ("a = 1", []), second))


def test_refreshing_makes_a_notebook_right_and_keeps_what_agrees(tmp_path):
    path = made(tmp_path / "a.ipynb", ("print('time', 1)", printed("time ...\n")), ("1 + 1", value("3")))
    path.write_text(refreshed(path))
    assert_runs(path)
    outputs = [cell["outputs"] for cell in json.loads(path.read_text())["cells"]]
    assert texts(outputs[0]) == {"stdout": "time ...\n"}
    assert texts(outputs[1]) == {"text/plain": "2\n"}


def test_what_an_object_shows_in_jupyter_is_stored(tmp_path):
    code = "class A:\n    __repr__ = lambda self: 'an A'\n    _repr_latex_ = lambda self: '$A$'\nA()"
    path = made(tmp_path / "a.ipynb", (code, []))
    path.write_text(refreshed(path))
    assert texts(json.loads(path.read_text())["cells"][0]["outputs"]) == {"text/plain": "an A\n", "text/latex": "$A$\n"}
