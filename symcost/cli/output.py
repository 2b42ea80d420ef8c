"""What commands print: reports on stdout, progress on stderr."""

from __future__ import annotations

import json as json_
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from symcost.report.document import Report, plain

DELAY = 1.0
"""Seconds of silence before progress is shown."""


def show(report: Report, json: bool) -> None:
    """Print `report` for people or, as one JSON object, for machines."""
    if json:
        show_json(plain(report))
        return
    from rich.console import Console

    from symcost.report.text import renderable, to_text

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(renderable(report, console.width))
    else:
        _print(to_text(report, console.width))


def show_lines(found: Any) -> None:
    """Print an annotated source (`symcost.annotate`)."""
    from rich.console import Console

    from symcost.report.annotated import listing, to_text

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(listing(found, console.width, color=console.color_system is not None))
    else:
        _print(to_text(found, console.width))


def _print(text: str) -> None:
    """Print `text` whatever the encoding of stdout can express."""
    encoding = sys.stdout.encoding or "utf-8"
    if not encoding.lower().startswith("utf"):
        text = text.replace("─", "-").replace("│", "|").encode(encoding, "replace").decode(encoding)
    print(text)


def show_json(found: Any) -> None:
    """Print a JSON object."""
    print(json_.dumps(found, indent=2))


@contextmanager
def progress(what: str, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """A callback for lines of progress, shown in one line on stderr once the work has taken `DELAY` seconds.

    Args:
        what: shown until the first line comes. quiet: show nothing; nor is anything shown where stderr is no terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda line: None
        return
    from rich.console import Console

    status = Console(stderr=True).status(what)
    start, count = time.monotonic(), 0

    def report(line: str) -> None:
        nonlocal count
        count += 1
        status.update(
            f"{what}: point {count}, {line.removeprefix('tracing ')} [dim]({time.monotonic() - start:.0f} s)[/dim]"
        )

    timer = threading.Timer(DELAY, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield report
    finally:
        timer.cancel()
        timer.join()
        status.stop()
