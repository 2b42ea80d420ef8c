"""`symcost targets` and `symcost doctor`: what XLA can compile for here, and what is missing."""

from __future__ import annotations

import platform
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from symcost.cli import options as o
from symcost.cli import platforms
from symcost.cli.options import examples
from symcost.cli.output import progress, show

app = typer.Typer(no_args_is_help=True, help="Chips that XLA compiles for; they need not be in this machine.")

LIST_EXAMPLES = examples("symcost targets list", "symcost targets list --json")
INSTALL_EXAMPLES = examples("symcost targets install tpu", "symcost targets install gpu")
REMOVE_EXAMPLES = examples("symcost targets remove tpu")
DOCTOR_EXAMPLES = examples("symcost doctor", "symcost doctor --json")

GIB = 2**30


class Kind(StrEnum):
    """Kinds of chips, as users call them."""

    tpu = "tpu"
    gpu = "gpu"


PLATFORMS = {Kind.tpu: "tpu", Kind.gpu: "cuda"}

Which = Annotated[Kind, typer.Argument(show_default=False, help="For all TPUs, or for all GPUs.")]


@app.command("list", epilog=LIST_EXAMPLES)
def list_(json: o.Json = False, debug: o.Debug = False) -> None:
    """Every target, and whether its compiler is installed."""
    from symcost.report.document import Report

    show(Report("Targets", tables=(_targets(),)), json)


@app.command("install", epilog=INSTALL_EXAMPLES)
def install(kind: Which, json: o.Json = False, debug: o.Debug = False) -> None:
    """Install the compiler for TPUs or GPUs where only symcost's own processes see it.

    About 0.7 GB each. Your own JAX does not change.
    """
    from symcost.report.document import Fact, Report
    from symcost.xla.packages import install as put

    with progress(f"installing the compiler for {kind.value}", quiet=json) as report:
        found = put(PLATFORMS[kind], report)
    facts = (
        Fact("installed", found.versions),
        Fact("where", "beside JAX" if found.beside else str(found.folder), found.path),
        Fact("size", f"{found.size / GIB:.2f} GiB", found.size),
    )
    show(Report(f"The compiler for {kind.value}", facts), json)


@app.command("remove", epilog=REMOVE_EXAMPLES)
def remove(kind: Which, debug: o.Debug = False) -> None:
    """Delete what `symcost targets install` has installed."""
    from symcost.xla.packages import packages
    from symcost.xla.packages import remove as delete

    folder = packages(PLATFORMS[kind]).folder
    delete(PLATFORMS[kind])
    typer.echo(f"deleted {folder}")


def doctor(json: o.Json = False, debug: o.Debug = False) -> None:
    """What is installed here, what is missing for which targets, and the command that adds it."""
    from importlib import metadata

    from symcost import __version__
    from symcost.report.document import Fact, Report
    from symcost.xla.cache import Cache

    versions = {name: _version(metadata, name) for name in ("jax", "jaxlib", "flax", "optax", "sympy", "matplotlib")}
    missing = [name for name, version in versions.items() if version is None]
    facts = [
        Fact("symcost", __version__),
        Fact("python", f"{platform.python_version()}, {sys.executable}"),
        *(Fact(name, version) for name, version in versions.items() if version is not None),
        Fact("cache", *_size(Cache().folder)),
    ]
    notes = {"matplotlib": "plots need matplotlib: pip install 'symcost[plot]'"}
    show(
        Report("Doctor", tuple(facts), tables=(_targets(),), notes=tuple(notes[n] for n in missing if n in notes)), json
    )


def _version(metadata: Any, name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _size(folder: Any) -> tuple[str, dict[str, Any]]:
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) if folder.is_dir() else 0
    return f"{folder} ({size / 2**20:.1f} MiB)", {"folder": str(folder), "bytes": size}


def _device() -> tuple[str, ...]:
    """The accelerator that JAX sees here."""
    from symcost.xla.device import accelerator
    from symcost.xla.targets import DEVICE

    found = accelerator()
    if found is None:
        return DEVICE, "the accelerator that JAX sees here", "none", "JAX sees only a CPU"
    return DEVICE, found.device_kind, "ready", "the compiler of your JAX"


def _targets() -> Any:
    platforms.everything()
    from symcost.report.document import Table
    from symcost.xla.packages import COMMANDS, packages
    from symcost.xla.targets import TARGETS

    found = {name: packages(name) for name in COMMANDS}
    rows = []
    for target in TARGETS.values():
        needed = found.get(target.platform)
        if needed is None:
            state = ("ready", "XLA of the installed jaxlib")
        elif needed.missing:
            state = ("missing", COMMANDS[target.platform])
        else:
            state = ("ready", needed.versions)
        rows.append((target.name, target.chip, *state))
    rows.append(_device())
    columns = ("target", "chip", "state", "compiler, or what installs it")
    return Table(columns, tuple(rows), ("target", "chip", "state", "compiler"), labels=4, name="targets")
