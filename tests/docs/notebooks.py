"""Runs the notebooks of docs/ without Jupyter; as a script, refreshes their outputs: python -m tests.docs.notebooks

Cells of one notebook share a namespace and run in order, in an empty folder. A cell shows what it prints and, as
Jupyter has it, the value of its last line unless that is None or ends in a semicolon. ``...`` in a stored text stands
for anything.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import linecache
import os
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from symcost.dims import declarations, forget
from tests.docs.pages import ROOT, agrees, plain

NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))
REPRESENTATIONS = {"text/latex": "_repr_latex_", "text/markdown": "_repr_markdown_", "text/html": "_repr_html_"}
"""What Jupyter asks an object for besides its `repr`."""

Outputs = list[dict[str, Any]]


def run(notebook: Path) -> Iterator[tuple[dict[str, Any], Outputs]]:
    """Each code cell of a notebook with the outputs that it has now."""
    module = types.ModuleType(f"notebook_{notebook.stem}")
    sys.modules[module.__name__] = module  # classes defined in a notebook look for their module
    before = Path.cwd()
    cells = [c for c in json.loads(notebook.read_text())["cells"] if c["cell_type"] == "code"]
    names = []
    try:
        with declarations(), mock.patch.dict(os.environ, COLUMNS="80"), tempfile.TemporaryDirectory() as folder:
            forget()
            os.chdir(folder)
            for number, cell in enumerate(cells, 1):
                code, name = "".join(cell["source"]), f"<{notebook.name}, cell {number}>"
                # whoever looks for the source of a function finds it; 0 is its size
                linecache.cache[name] = (0, None, code.splitlines(keepends=True), name)
                names.append(name)
                yield cell, _outputs(code, name, number, module.__dict__)
    finally:
        os.chdir(before)
        for name in names:
            linecache.cache.pop(name, None)
        del sys.modules[module.__name__]


def _outputs(code: str, name: str, number: int, namespace: dict[str, Any]) -> Outputs:
    """What a cell prints, and the value of its last line."""
    tree = ast.parse(code, name)
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    silent = code.rstrip().endswith(";")
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        body = tree.body[:-1] if last else tree.body
        exec(compile(ast.Module(body, []), name, "exec", dont_inherit=True), namespace)
        if last:
            value = eval(compile(ast.Expression(last.value), name, "eval", dont_inherit=True), namespace)
    found: Outputs = []
    if text := plain(printed.getvalue()):
        found.append({"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)})
    if value is not None and not silent:
        data = {"text/plain": repr(value)}
        for kind, method in REPRESENTATIONS.items():
            text = getattr(value, method)() if not isinstance(value, type) and hasattr(value, method) else None
            data |= {kind: text} if text else {}
        found.append(
            {
                "data": {kind: text.splitlines(keepends=True) for kind, text in data.items()},
                "execution_count": number,
                "metadata": {},
                "output_type": "execute_result",
            }
        )
    return found


def texts(outputs: Outputs) -> dict[str, str]:
    """The text of outputs by kind; pictures are not compared."""
    found: dict[str, str] = {}
    for output in outputs:
        data = {"stdout": output["text"]} if output["output_type"] == "stream" else output["data"]
        for kind, text in data.items():
            if kind == "stdout" or kind.startswith("text/"):
                found[kind] = plain("".join(text))
    return found


def same(stored: Outputs, now: Outputs) -> bool:
    """Whether the stored outputs of a cell are those it has now, up to ``...``."""
    old, new = texts(stored), texts(now)
    return old.keys() == new.keys() and all(agrees(old[kind], new[kind]) for kind in old)


def refreshed(notebook: Path) -> str:
    """The notebook's text with every output that no longer agrees replaced."""
    content = json.loads(notebook.read_text())
    code = [c for c in content["cells"] if c["cell_type"] == "code"]
    for number, (cell, (_, now)) in enumerate(zip(code, run(notebook), strict=True), 1):
        if not same(cell["outputs"], now):
            cell["outputs"] = [*(o for o in cell["outputs"] if "image/png" in o.get("data", ())), *now]
        cell["execution_count"] = number
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Refresh all notebooks."""
    for notebook in NOTEBOOKS:
        before, after = notebook.read_text(), refreshed(notebook)
        if after != before:
            notebook.write_text(after)
            print(f"{notebook.relative_to(ROOT)}: outputs refreshed")


if __name__ == "__main__":
    main()
