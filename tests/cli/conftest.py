"""The command line in this process: `run("trace", ...)`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from symcost.cli.app import app
from symcost.dims import declarations, forget

MODELS = str(Path(__file__).with_name("models.py"))


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command is a process of its own: symbols, modules and paths of one test are not those of the next."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = {*sys.modules}
    with declarations():
        forget()
        yield
    for name in {*sys.modules} - before:
        if name == "models" or name.startswith("temporary_"):
            del sys.modules[name]


@pytest.fixture
def run() -> Callable[..., Any]:
    """Runs a command and returns its result; `code` is the exit code wanted."""

    def call(*words: str, code: int = 0) -> Any:
        result = CliRunner().invoke(app, [*words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture
def run_json(run: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Runs a command with --json and returns what it printed."""
    return lambda *words: json.loads(run(*words, "--json").stdout)
