"""Progress: one line on stderr while something takes long, and nothing where nobody reads it."""

from __future__ import annotations

import io
import sys
import time

import pytest

from symcost.cli import output


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float, quiet: bool = False) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(output, "DELAY", 0.02)
    monkeypatch.setenv("TERM", "xterm")
    with output.progress("tracing Net", quiet) as tick:
        tick("tracing at N=5")
        time.sleep(seconds)
        tick("tracing at N=7")
        time.sleep(seconds)
    return stream.getvalue()


def test_a_terminal_sees_the_points_of_long_work(monkeypatch):
    text = shown(monkeypatch, Terminal(), 0.3)
    assert "tracing Net: point 1, at N=5" in text
    assert "tracing Net: point 2, at N=7" in text


def test_short_work_shows_nothing(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with output.progress("tracing Net") as tick:
        tick("tracing at N=5")
    assert "tracing" not in stream.getvalue()


def test_nobody_reads_a_file_or_json(monkeypatch):
    assert shown(monkeypatch, io.StringIO(), 0.1) == ""
    assert shown(monkeypatch, Terminal(), 0.1, quiet=True) == ""
