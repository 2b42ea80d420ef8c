"""Every ```python block of README.md and docs/ runs, and prints what the ```text block right after it shows.

Blocks of one page share a namespace and run in order, in an empty folder. ``...`` in a text block stands for anything.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import itertools
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.exists()]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    code: str
    line: int  # of its first line of code, from 0
    expected: str | None  # what it prints, if the page shows it


def blocks_of(page: str) -> list[Block]:
    """Python blocks of a page's text, each with the text block that follows it directly."""
    found = []
    fences = list(FENCE.finditer(page))
    for fence, following in itertools.zip_longest(fences, fences[1:]):
        if fence[1] != "python":
            continue
        shown = following is not None and following[1] == "text" and not page[fence.end() : following.start()].strip()
        found.append(
            Block(fence[2], page.count("\n", 0, fence.start(2)), following[2] if shown and following else None)
        )
    return found


def assert_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the blocks of `page`; an AssertionError shows what was printed instead of what the page says."""
    module = types.ModuleType(f"page_{page.stem}")  # classes defined on a page look for their module
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in blocks_of(page.read_text()):
        printed = io.StringIO()
        # empty lines before the code make line numbers in a traceback those of the page
        code = compile("\n" * block.line + block.code, str(page), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(printed):
            exec(code, module.__dict__)
        if block.expected is not None:
            assert_prints(page.name, block, printed.getvalue())


def assert_prints(name: str, block: Block, printed: str) -> None:
    plain = lambda text: "".join(line.rstrip() + "\n" for line in text.strip("\n").splitlines())
    want, got = plain(block.expected or ""), plain(printed)
    same = doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS)
    assert same, f"{name}, line {block.line + 1} prints\n{got}\nbut the page says\n{want}"


@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_code_of_the_page_runs_and_prints_what_it_shows(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert_runs(page, monkeypatch)


SAMPLE = """
```python
a = 1
print(a, "first")
```
```text
1 first
```
```python
print(a + 1)
```

words between

```text
not its output
```
```shell
rm -rf nothing
```
"""


def test_blocks_are_paired_only_with_output_that_follows_directly():
    first, second = blocks_of(SAMPLE)
    assert (first.expected, second.expected) == ("1 first\n", None)
    assert SAMPLE.splitlines()[first.line] == "a = 1"


@pytest.mark.parametrize(
    ("broken", "error"), [("a = 1", NameError), ("1 first", AssertionError)], ids=["code", "output"]
)
def test_a_page_that_is_wrong_fails(broken, error, monkeypatch, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(SAMPLE)
    assert_runs(page, monkeypatch)
    page.write_text(SAMPLE.replace(broken, "b = 2", 1))
    with pytest.raises(error):
        assert_runs(page, monkeypatch)
