"""Shows the notebooks of docs/examples as pages: cells as they are, outputs as they are stored. Nothing is run."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files


def on_files(files: Files, config: Any) -> Files:
    """For each ``x.ipynb`` a page ``x.md``; the notebook itself stays beside it, to be downloaded."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        notebook = json.loads(file.content_string)
        name = PurePosixPath(file.src_uri)
        files.append(File.generated(config, str(name.with_suffix(".md")), content=markdown(notebook, name.name)))
    return files


def markdown(notebook: dict[str, Any], name: str) -> str:
    """A notebook as the text of a page."""
    parts = [part for cell in notebook["cells"] for part in _cell(cell)]
    download = f"[This page as a notebook]({name})"
    return "\n\n".join([*parts, download]) + "\n"


def _cell(cell: dict[str, Any]) -> list[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] != "code":
        return [source]
    return [_fenced(source, "python"), *(_output(output) for output in cell["outputs"])]


def _output(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _fenced("".join(output["text"]), "text")
    data = output["data"]
    if "image/png" in data:
        return f'<img alt="output of the cell above" src="data:image/png;base64,{"".join(data["image/png"]).strip()}">'
    for kind, language in (("text/markdown", ""), ("text/latex", "latex"), ("text/plain", "text")):
        if kind in data:
            text = "".join(data[kind])
            return _fenced(text, language) if language else text
    return ""


def _fenced(text: str, language: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
