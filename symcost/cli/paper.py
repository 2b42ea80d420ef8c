"""`symcost paper`: the table of a paper, as a file that LaTeX reads."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from symcost.cli import options as o
from symcost.cli.options import OUTPUT, examples
from symcost.cli.output import progress
from symcost.cli.program_options import stored, takes_program, typed
from symcost.cli.request import Request
from symcost.cli.sizes import points
from symcost.cli.trace import known_convention

EXAMPLES = examples(
    "symcost paper zoo:gcn-sparse -o table.tex",
    "symcost paper zoo:gcn-sparse --at N=2708,M=10556,F=1433,H=16,C=7 --symbol 'N=|V|' -o table.tex",
    "symcost paper zoo:transformer --depth 3 --quantities flops,macs --standalone -o cost.tex",
    'symcost paper model.py:Net --arg "B F" --set layers=L --build --format markdown',
    "symcost paper formula.json --format csv",
)


class Format(StrEnum):
    """What the table is written as."""

    latex = "latex"
    markdown = "markdown"
    csv = "csv"
    html = "html"


Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        show_default=False,
        rich_help_panel=OUTPUT,
        help="Write to this file, which is replaced as a whole or not at all; without, print.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", rich_help_panel=OUTPUT, help="What the table is written as.")]
Depth = Annotated[
    int,
    typer.Option(
        "--depth",
        metavar="COUNT",
        min=1,
        rich_help_panel=OUTPUT,
        help="Components of module paths, the outermost module included.",
    ),
]
Quantities = Annotated[
    str,
    typer.Option(
        "--quantities",
        metavar="NAME,...",
        show_default=False,
        rich_help_panel=OUTPUT,
        help="Columns: flops (if not said), transcendentals, int_ops, macs, bytes_accessed, collective_bytes.",
    ),
]
Symbols = Annotated[
    list[str],
    typer.Option(
        "--symbol",
        metavar="NAME=LATEX",
        show_default=False,
        rich_help_panel=OUTPUT,
        help=r"How LaTeX writes a symbol: 'N=|\mathcal{V}|'.",
    ),
]
Standalone = Annotated[
    bool, typer.Option("--standalone", metavar="", rich_help_panel=OUTPUT, help="A whole LaTeX document.")
]
Width = Annotated[
    float | None,
    typer.Option(
        "--width",
        metavar="POINTS",
        min=100,
        show_default=False,
        rich_help_panel=OUTPUT,
        help="Of the text: an article's 345 if not said, 240 for a column of two.",
    ),
]
Caption = Annotated[
    str,
    typer.Option("--caption", metavar="LATEX", show_default=False, rich_help_panel=OUTPUT, help="Instead of ours."),
]


@takes_program
def command(
    target: o.Target,
    *,
    output: Output = "",
    format: FormatOption = Format.latex,
    standalone: Standalone = False,
    depth: Depth = 2,
    quantities: Quantities = "",
    symbol: Symbols = [],  # noqa: B006  # typer copies the default
    caption: Caption = "",
    width: Width = None,
    convention: o.Convention = "algorithm",
    request: Request,
    at: o.At = [],  # noqa: B006
    debug: o.Debug = False,
) -> None:
    """The table of a paper: formulas by module, what is counted and what they hold for, ready for LaTeX."""
    point = single(points(at))
    letters = assignments(symbol)
    known_convention(convention)
    shown = {
        "--at": at, "--depth": "" if depth == 2 else depth,
        "--convention": "" if convention == "algorithm" else convention, "--quantities": quantities, "--symbol": symbol,
        "--format": "" if format == "latex" else format.value, "--standalone": standalone, "--caption": caption,
        "--width": "" if width is None else f"{width:g}", "-o": output,
    }  # fmt: skip
    with progress(f"tracing {target}") as report:
        cost = stored(request) if target.endswith(".json") else request.trace(report)
        text = cost.under(convention).paper(
            format.value,
            depth=depth,
            quantities=[q.strip() for q in quantities.split(",")] if quantities else None,
            at=point,
            symbols=letters,
            standalone=standalone,
            width=width,
            caption=caption,
            command=retyped(target, {**typed(request), **shown}),
        )
    if not output:
        typer.echo(text, nl=False)
        return
    from symcost.query.encode import write

    write(Path(output), text)
    typer.echo(f"wrote {output}")


def retyped(target: str, typed: Mapping[str, Any]) -> str:
    """The command line again, as a shell reads it.

    Example:
        >>> retyped("model.py:Net", {"--arg": ["B F", "M:int32"], "--build": True, "--loss": "", "-o": "a b.tex"})
        "symcost paper model.py:Net --arg 'B F' --arg M:int32 --build -o 'a b.tex'"
    """
    words = ["symcost", "paper", target]
    for option, given in typed.items():
        if given is True:
            words.append(option)
        elif given:
            words += [w for value in (given if isinstance(given, list) else [given]) for w in (option, str(value))]
    return shlex.join(words)


def single(found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one point of a table."""
    if len(found) > 1:
        raise typer.BadParameter("a table takes values at one point; give every name once", param_hint="--at")
    return found[0] if found else None


def assignments(texts: Sequence[str]) -> dict[str, str] | None:
    """``--symbol N='|V|'``: the letters of symbols."""
    from symcost.cli.values import assignment

    return dict(assignment(text, "--symbol", r"'N=|\mathcal{V}|'") for text in texts) or None
