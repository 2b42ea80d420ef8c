"""docs/comparison.md names every cause, in the order and the words in which comparisons show them."""

from __future__ import annotations

import re

from symcost.xla.causes import SENTENCES
from tests.docs.pages import ROOT


def test_the_page_has_every_cause_in_order():
    page = (ROOT / "docs" / "comparison.md").read_text()
    table = page[page.index("## All causes") :]
    assert re.findall(r"^\| `([\w ]+)` \| (.*?) \|", table, re.MULTILINE) == list(SENTENCES.items())
