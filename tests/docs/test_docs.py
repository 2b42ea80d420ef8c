"""Every ```python block of README.md and docs/ runs, and prints what the ```text block right after it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, agrees, blocks_of, refreshed, run, source


def assert_runs(page: Path) -> None:
    """Runs the blocks of `page`; an AssertionError shows what was printed instead of what the page says."""
    for block, printed in run(page):
        if block.shown is not None:
            assert agrees(block.shown, printed), (
                f"{page.name}, line {block.line + 1} prints\n{printed}\nbut the page says\n{block.shown}\n"
                "If that is as it should be: python -m tests.docs.pages"
            )


@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_code_of_the_page_runs_and_prints_what_it_shows(page):
    assert_runs(page)


def products(page: str) -> list[str]:
    """Products that markdown takes for emphasis, since they stand neither in code nor behind a backslash."""
    text = re.sub(r"^```.*?^```|`[^`]*`", "", page, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"[\w)]\*{1,2}[\w(]+", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_formulas_are_not_emphasis(page):
    assert products(page.read_text()) == []


def test_a_formula_in_prose_is_found():
    assert products("of `a*b` and 2\\*n, *so*\n```text\na*b\n```\n(a + b)*c, N**2\n") == [")*c", "N**2"]


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
    assert (first.shown, second.shown) == ("1 first\n", None)
    assert SAMPLE.splitlines()[first.line] == "a = 1"
    python = source([first, second])
    assert python[first.line] == "a = 1\n"
    assert python[second.line :] == ["print(a + 1)\n"]
    assert "words between" not in "".join(python)


@pytest.mark.parametrize(
    ("broken", "error"), [("a = 1", NameError), ("1 first", AssertionError)], ids=["code", "output"]
)
def test_a_page_that_is_wrong_fails(broken, error, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(SAMPLE)
    assert_runs(page)
    page.write_text(SAMPLE.replace(broken, "b = 2", 1))
    with pytest.raises(error):
        assert_runs(page)


def test_refreshing_replaces_only_output_that_is_wrong(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(SAMPLE.replace("1 first\n", "... first\n", 1))
    assert refreshed(page) == page.read_text()
    page.write_text(SAMPLE.replace("1 first\n", "2 first\n", 1))
    assert refreshed(page) == SAMPLE
