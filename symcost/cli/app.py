"""The command `symcost`: its subcommands, and what an error looks like."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from symcost import __version__
from symcost.cli import (
    annotate,
    chips,
    compare,
    crossover,
    diff,
    paper,
    platforms,
    query,
    rules,
    solve,
    targets,
    trace,
    zoo,
)
from symcost.cli.options import Debug, examples
from symcost.errors import SymcostError


class _Commands(TyperGroup):
    """Subcommands; an error that symcost raises on purpose is printed in red, with exit code 1 and no traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SymcostError as error:
            if ctx.meta.get("symcost.debug"):
                raise
            _complain(error)
            raise typer.Exit(ctx.meta.get("symcost.failed", 1)) from None


def _complain(error: SymcostError) -> None:
    from rich.console import Console
    from rich.text import Text

    sys.stdout.flush()
    Console(stderr=True, highlight=False).print(Text(error.on_command_line(), style="red"), soft_wrap=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"symcost {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=_Commands,
    name="symcost",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "symcost zoo list",
        "symcost zoo show gcn-sparse --at N=2708,M=10556,F=1433,H=16,C=7",
        'symcost trace flax.linen:Dense --arg "B F" --set features=H',
        'symcost trace model.py:Net --arg "B T F" --set width=F --build --by scope',
        'symcost compare model.py:Net --arg "B F" --set features=H --at B=32,F=64,H=16',
        "symcost crossover zoo:gcn-sparse zoo:gcn-dense --wrt M --quantity bytes",
        "symcost paper zoo:gcn-sparse -o table.tex",
        "symcost compare zoo:mlp --target cpu,gpu-h100,tpu-v5e --at B=8,F=9,H=7,C=5",
    ),
)


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, metavar="", help="Print the version and exit."),
    ] = False,
    debug: Debug = False,
) -> None:
    """What a neural network costs, as a formula in its sizes, checked by XLA."""
    platforms.cpu_only()


app.command("trace", epilog=trace.EXAMPLES)(trace.command)
app.command("annotate", epilog=annotate.EXAMPLES)(annotate.command)
app.command("compare", epilog=compare.EXAMPLES)(compare.command)
app.command("crossover", epilog=crossover.EXAMPLES)(crossover.command)
app.command("paper", epilog=paper.EXAMPLES)(paper.command)
app.command("query", epilog=query.EXAMPLES)(query.command)
app.command("solve", epilog=solve.EXAMPLES)(solve.command)
app.command("diff", epilog=diff.EXAMPLES)(diff.command)
app.add_typer(zoo.app, name="zoo")
app.command("rules", epilog=rules.EXAMPLES)(rules.command)
app.command("chips", epilog=chips.EXAMPLES)(chips.command)
app.add_typer(targets.app, name="targets")
app.command("doctor", epilog=targets.DOCTOR_EXAMPLES)(targets.doctor)
