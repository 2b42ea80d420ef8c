"""Runs the code of README.md and docs/; as a script, puts what it prints into the pages: python -m tests.docs.pages

Blocks of one page share a namespace and run in order, in an empty folder. A ```text block that follows a ```python
block directly shows what that block prints; ``...`` in it stands for anything.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import itertools
import linecache
import os
import re
import sys
import tempfile
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from symcost.dims import declarations, forget

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.exists()]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of Python on a page.

    Attributes:
        code: the block. line: of its first line, from 0.
        shown: what the page says it prints, and where on the page that stands; None if the page does not say.
    """

    code: str
    line: int
    shown: str | None
    place: tuple[int, int] | None


def blocks_of(page: str) -> list[Block]:
    """Python blocks of a page's text, each with the text block that follows it directly."""
    found = []
    fences = list(FENCE.finditer(page))
    for fence, following in itertools.zip_longest(fences, fences[1:]):
        if fence[1] != "python":
            continue
        shown = place = None
        if following is not None and following[1] == "text" and not page[fence.end() : following.start()].strip():
            shown, place = following[2], following.span(2)
        found.append(Block(fence[2], page.count("\n", 0, fence.start(2)), shown, place))
    return found


def source(blocks: list[Block]) -> list[str]:
    """The lines of a page with nothing but its Python left, each at its place."""
    lines: list[str] = []
    for block in blocks:
        lines += ["\n"] * (block.line - len(lines)) + block.code.splitlines(keepends=True)
    return lines


def run(page: Path) -> Iterator[tuple[Block, str]]:
    """Each block of a page with what it prints."""
    module = types.ModuleType(f"page_{page.stem}")
    sys.modules[module.__name__] = module  # classes defined on a page look for their module
    before = Path.cwd()
    blocks = blocks_of(page.read_text())
    # whoever looks for the source of a function finds Python, as in a file of the reader's own; 0 is its size
    linecache.cache[str(page)] = (0, None, source(blocks), str(page))
    try:
        with declarations(), mock.patch.dict(os.environ, COLUMNS="80"), tempfile.TemporaryDirectory() as folder:
            forget()
            os.chdir(folder)
            for block in blocks:
                printed = io.StringIO()
                # empty lines before the code make line numbers in a traceback those of the page
                code = compile("\n" * block.line + block.code, str(page), "exec", dont_inherit=True)
                with contextlib.redirect_stdout(printed):
                    exec(code, module.__dict__)
                yield block, plain(printed.getvalue())
    finally:
        os.chdir(before)
        linecache.cache.pop(str(page), None)
        del sys.modules[module.__name__]


def plain(text: str) -> str:
    """`text` without empty lines around it and blanks at line ends."""
    return "".join(line.rstrip() + "\n" for line in text.strip("\n").splitlines())


def agrees(shown: str, printed: str) -> bool:
    """Whether a page's text is what was printed, up to ``...``."""
    return doctest.OutputChecker().check_output(plain(shown), printed, doctest.ELLIPSIS)


def refreshed(page: Path) -> str:
    """The page's text with every text block that no longer agrees replaced by what was printed."""
    text = page.read_text()
    for block, printed in reversed(list(run(page))):
        if block.place is not None and block.shown is not None and not agrees(block.shown, printed):
            text = text[: block.place[0]] + printed + text[block.place[1] :]
    return text


def main() -> None:
    """Refresh all pages."""
    for page in PAGES:
        before, after = page.read_text(), refreshed(page)
        if after != before:
            page.write_text(after)
            print(f"{page.relative_to(ROOT)}: output refreshed")


if __name__ == "__main__":
    main()
