"""The workflow of docs/ci.md: it is YAML, and its shell lines do what the page says, with real files and git."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "ci.md").read_text()
(WORKFLOW,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

MODEL = """
import flax.linen as nn


class MLP(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense({outputs})(nn.relu(nn.Dense(self.width)(x)))
"""


def steps() -> dict[str, str]:
    """The shell lines of each step, read without a YAML package."""
    found = {}
    for block in re.split(r"^ {6}- ", WORKFLOW, flags=re.MULTILINE)[1:]:
        name = re.match(r"name: (.*)", block)
        run = re.search(r"^ {8}run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", block, re.MULTILINE)
        if name and run:
            found[name[1]] = re.sub(r"^ {10}", "", run[1], flags=re.MULTILINE) if run[1] else run[2]
    return found


def variables() -> dict[str, str]:
    """The variables of the workflow."""
    (block,) = re.findall(r"^env:\n((?: {2}.*\n)+)", WORKFLOW, re.MULTILINE)
    return dict(line.strip().split(": ", 1) for line in block.splitlines())


def git(folder: Path, *words: str) -> None:
    author = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.c",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ]
    subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True)


def test_the_workflow_is_yaml():
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the documentation's packages")
    workflow = yaml.safe_load(WORKFLOW)
    found = {step["name"]: step["run"] for step in workflow["jobs"]["cost"]["steps"] if "run" in step}
    assert {name: text.strip() for name, text in found.items()} == {n: t.strip() for n, t in steps().items()}
    assert workflow["env"] == variables()


def test_its_steps_do_what_the_page_says(tmp_path):
    origin, clone, temp, bin_ = (tmp_path / name for name in ("origin", "clone", "temp", "bin"))
    for folder in (origin, temp, bin_):
        folder.mkdir()
    (origin / "model.py").write_text(MODEL.format(outputs=10))
    for words in (["init"], ["add", "."], ["commit", "-m", "base"]):
        git(origin, *words)
    git(tmp_path, "clone", str(origin), str(clone))
    (clone / "model.py").write_text(MODEL.format(outputs=40))
    (bin_ / "symcost").write_text(f'#!/bin/sh\nexec {sys.executable} -m symcost "$@"\n')
    (bin_ / "gh").write_text('#!/bin/sh\necho "$@" > "$RUNNER_TEMP/gh"\n')
    for tool in bin_.iterdir():
        tool.chmod(0o755)
    files = {"GITHUB_STEP_SUMMARY": str(temp / "summary"), "GITHUB_OUTPUT": str(temp / "output")}
    path = {"PATH": f"{bin_}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(temp)}
    environment = {**os.environ, **variables(), **files, **path, "GITHUB_BASE_REF": "main", "NUMBER": "7"}

    def step(name: str, **more: str) -> int:
        shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", steps()[name]]
        found = subprocess.run(shell, cwd=clone, env={**environment, **more}, capture_output=True, text=True)
        assert found.returncode in (0, 1), found.stderr
        assert found.returncode == 0 or name == "Gate", found.stderr
        return found.returncode

    def compared() -> tuple[str, str]:
        (temp / "summary").unlink(missing_ok=True)
        (temp / "output").unlink(missing_ok=True)
        step("Compare")
        assert (temp / "summary").read_text() == (temp / "cost.md").read_text()
        (code,) = re.findall(r"^code=(\d)$", (temp / "output").read_text())
        return (temp / "summary").read_text(), code

    step("Formulas of the pull request")
    step("Formulas of the base branch")
    page, code = compared()
    assert "**grew by more than 1%: flops" in page
    assert step("Gate", CODE=code) == 1
    step("Comment")
    assert (temp / "gh").read_text().split()[:3] == ["pr", "comment", "7"]
    shutil.copy(temp / "old.json", temp / "new.json")
    page, code = compared()
    assert "nothing changed" in page
    assert step("Gate", CODE=code) == 0
