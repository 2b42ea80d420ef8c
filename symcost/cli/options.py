"""Options that several commands take."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer


def examples(*lines: str) -> str:
    """The end of a command's help: lines that can be typed."""
    # rich would take [...] for its own marks
    return "\n\n".join(["[bold]Examples[/bold]", *("  " + line.replace("[", "\\[") for line in lines)])


class Axis(StrEnum):
    """What rows of a table are told apart by."""

    scope = "scope"
    primitive = "primitive"
    phase = "phase"
    dtype = "dtype"
    unit = "unit"
    branch = "branch"


def _remember_debug(ctx: typer.Context, wanted: bool) -> bool:
    if wanted:
        ctx.meta["symcost.debug"] = True
    return wanted


def _option(*names: str, help: str, panel: str | None = None, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, show_default=False, **more)


def _flag(*names: str, help: str, panel: str | None = None, **more: Any) -> Any:
    """An option without a value; typer's word for its type, <bool>, would ask for one."""
    return _option(*names, help=help, panel=panel, metavar="", **more)


CALL, TRAINING, SIZES, OUTPUT = "The call", "Training", "Sizes", "Output"

Debug = Annotated[
    bool, _flag("--debug", help="Show the traceback of an error.", callback=_remember_debug, is_eager=True)
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="OBJECT",
        show_default=False,
        help="[bold]package.module:object[/bold], [bold]file.py:object[/bold], or [bold]zoo:NAME[/bold]: "
        "a Flax module, its class, or any JAX function.",
    ),
]
Arguments = Annotated[
    list[str],
    _option(
        "--arg", panel=CALL, metavar="SHAPE", help='An array argument, in order: "B T F", "M:int32", "" (a scalar).'
    ),
]
Keywords = Annotated[
    list[str],
    _option(
        "--kwarg",
        panel=CALL,
        metavar="NAME=VALUE",
        help='A keyword argument: train=false, or an array, "mask=B T:bool".',
    ),
]
Settings = Annotated[
    list[str],
    _option(
        "--set",
        panel=CALL,
        metavar="NAME=VALUE",
        help="Build the class with this field: features=H, width=4*F, rate=0.1, sizes=[H,C]. "
        "A word is a symbol unless the field takes text; in quotes it is text.",
    ),
]
Build = Annotated[
    bool,
    _flag(
        "--build", panel=CALL, help="The constructor computes with sizes (a loop over layers): call it with integers."
    ),
]
Method = Annotated[str, _option("--method", panel=CALL, metavar="NAME", help="Call this method of the module.")]
Rngs = Annotated[list[str], _option("--rng", panel=CALL, metavar="NAME", help="A stream of random numbers: dropout.")]
Mutable = Annotated[
    list[str], _option("--mutable", panel=CALL, metavar="NAME", help="A collection that the call updates: batch_stats.")
]
Params = Annotated[
    list[str], _option("--param", panel=CALL, metavar="NAME", help="A plain function's argument that holds parameters.")
]
Train = Annotated[
    bool, _flag("--train", panel=TRAINING, help="A training step: loss, gradient and the optimizer's update.")
]
Optimizer = Annotated[
    str,
    _option(
        "--optimizer",
        panel=TRAINING,
        metavar="NAME",
        help="With --train: one of Optax (adam if not said, sgd, adamw, lion ...), or file.py:object.",
    ),
]
Loss = Annotated[
    str,
    _option(
        "--loss",
        panel=TRAINING,
        metavar="OBJECT",
        help="With --train: a function of (outputs, targets), the targets being the last --arg. "
        "If not said, the mean square of the outputs, which needs no targets.",
    ),
]
Dims = Annotated[
    list[str],
    _option(
        "--dim", panel=SIZES, metavar="DOMAIN", help='What a symbol may be: "F%8", "N>=3", "N<=64", "M>=0", "N=2^k".'
    ),
]
Where = Annotated[
    list[str], _option("--where", panel=SIZES, metavar="RELATION", help='A relation between symbols: "M <= N".')
]
Trips = Annotated[
    list[str], _option("--trip", panel=SIZES, metavar="NAME=COUNT", help="How often a loop runs that does not say it.")
]
Expect = Annotated[
    list[str],
    _option(
        "--expect",
        panel=OUTPUT,
        metavar="NAME=P,P",
        help="The mean over a conditional's branches instead of the largest: cond_0=0.9,0.1 (False first).",
    ),
]
Strict = Annotated[bool, _flag("--strict", panel=CALL, help="A primitive without a rule is an error.")]
At = Annotated[
    list[str],
    _option(
        "--at",
        panel=SIZES,
        metavar="NAME=SIZE,...",
        help="Sizes to evaluate at; those left out stay symbols. A name given again starts the next point.",
    ),
]
Convention = Annotated[
    str,
    typer.Option(
        "--convention",
        metavar="NAME",
        rich_help_panel=OUTPUT,
        help="How to count: algorithm, xla, macs, darknet, fvcore, catamount.",
    ),
]
By = Annotated[
    list[Axis] | None,
    _option(
        "--by",
        panel=OUTPUT,
        metavar="COLUMN",
        help="Rows by scope, primitive, phase, dtype, unit or branch; several together.",
    ),
]
Depth = Annotated[
    int | None,
    _option(
        "--depth",
        panel=OUTPUT,
        metavar="COUNT",
        min=1,
        help="Cut module paths to so many components (with --by scope).",
    ),
]
Chips = Annotated[
    list[str],
    _option(
        "--chip",
        panel=OUTPUT,
        metavar="NAME,...",
        help="How long it takes on a chip at least, by its roofline: tpu-v5e, gpu-h100, or the .toml file of one.",
    ),
]
Devices = Annotated[
    int | None,
    _option("--devices", panel=OUTPUT, metavar="COUNT", min=1, help="Chips that share the work (with --chip)."),
]
Peak = Annotated[
    bool, _flag("--peak", panel=OUTPUT, help="Where memory peaks, and what is alive there (with all sizes by --at).")
]
BigO = Annotated[
    bool, _flag("--big-o", panel=OUTPUT, help="What the cost grows as, without coefficients: O(N*F*H + M*H).")
]
Assume = Annotated[
    list[str],
    _option(
        "--assume",
        panel=OUTPUT,
        metavar="GROWTH",
        help='How sizes grow beside each other, for the leading terms: "M = O(N)", "F << N", "H <= F", "B = O(1)".',
    ),
]
Explain = Annotated[
    list[str],
    _option(
        "--explain",
        panel=OUTPUT,
        metavar="TERM",
        help='Where a term comes from: "M*H" of the FLOPs, or "bytes_accessed:M*H" of another quantity.',
    ),
]
Quantities = Annotated[
    list[str],
    _option("--quantity", panel=OUTPUT, metavar="NAME", help="Compare this quantity (several together); else all."),
]
MaxGrowth = Annotated[
    str,
    _option(
        "--max-growth",
        panel=OUTPUT,
        metavar="PERCENT",
        help="Exit with 1 if a total grew by more than this (1%, 0%) at a point of --at; without --at, at any size.",
    ),
]
Markdown = Annotated[bool, _flag("--markdown", panel=OUTPUT, help="Print markdown, for a pull request.")]
Save = Annotated[
    str,
    typer.Option(
        "--save",
        metavar="FILE.json",
        show_default=False,
        rich_help_panel=OUTPUT,
        help="Store the formulas, to be asked with symcost query.",
    ),
]
Json = Annotated[bool, _flag("--json", panel=OUTPUT, help="Print one JSON object instead of text.")]
