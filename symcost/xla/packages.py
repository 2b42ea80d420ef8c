"""The compilers of chips that this machine need not have: which packages, where they live, how they get there.

Beside the user's JAX, the CUDA plugin would print errors on every run of every program on a machine without CUDA. So
the packages live in a folder of symcost's own, one for each platform and version of JAX, which only the processes that
compile look into (`symcost.xla.worker`). Packages that are installed beside JAX all the same are used as they are.

Written against jax 0.10 - 0.12: which versions fit is what JAX itself demands in its extras "tpu" and "cuda12". Of what
"cuda12" brings, compiling needs the plugin, its runtime and `ptxas`; not the gigabytes of libraries.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from symcost.errors import TargetError

FOLDER = "SYMCOST_TARGETS"
"""Environment variable: where the packages live, instead of the user's data folder."""

SUMMARY = {"tpu": "XLA for TPU (libtpu)", "cuda": "XLA for NVIDIA GPU (CUDA plugin, pjrt, ptxas)"}

COMMANDS = {"tpu": "symcost targets install tpu", "cuda": "symcost targets install gpu"}
"""What installs the packages of a platform."""

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Packages:
    """What compiling for a platform needs.

    Attributes:
        platform: JAX's name of it. requirements: for pip. folder: where symcost puts them.
        found: version by package, of those that are there. beside: they are installed beside JAX.
    """

    platform: str
    requirements: tuple[str, ...]
    folder: Path
    found: dict[str, str]
    beside: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """Requirements without a package that meets them."""
        from packaging.requirements import Requirement

        wanted = map(Requirement, self.requirements)
        return tuple(
            str(r) for r in wanted if r.name not in self.found or not r.specifier.contains(self.found[r.name], True)
        )

    @property
    def path(self) -> str:
        """What a process that compiles puts on its module path."""
        return "" if self.beside else str(self.folder)

    @property
    def versions(self) -> str:
        """``libtpu 0.0.42.1``."""
        return ", ".join(f"{name} {version}" for name, version in self.found.items())

    @property
    def size(self) -> int:
        """Bytes of the folder."""
        return sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file()) if self.folder.is_dir() else 0


def packages(platform: str) -> Packages:
    """The packages of a platform, as they are now.

    Args:
        platform: "tpu" or "cuda".
    """
    wanted = _requirements(platform)
    folder = _folder(platform)
    names = [_name(r) for r in wanted]
    beside = _versions(names, sys.path)
    if len(beside) == len(names):
        return Packages(platform, wanted, folder, beside, True)
    return Packages(platform, wanted, folder, _versions(names, [str(folder)]), False)


def install(platform: str, tell: Callable[[str], None] = lambda message: None) -> Packages:
    """Put the packages of a platform where only symcost's own processes see them.

    Raises:
        TargetError: pip failed; the message holds what it said.
    """
    now = packages(platform)
    if not now.missing:
        return now
    now.folder.mkdir(parents=True, exist_ok=True)
    tell(f"installing {', '.join(now.missing)}")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    command += ["--upgrade", "--target", str(now.folder), *now.missing]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise TargetError(
            f"the compiler for {platform} could not be installed: {said[-1] if said else 'pip failed'}",
            where=" ".join(command[4:]),
            todo="try again with a connection to a package index, or run this pip command by hand",
        )
    return packages(platform)


def remove(platform: str) -> None:
    """Delete what `install` has put there."""
    import shutil

    shutil.rmtree(_folder(platform), ignore_errors=True)


def _folder(platform: str) -> Path:
    from platformdirs import user_data_path

    base = Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else user_data_path("symcost", False) / "targets"
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return base / f"{platform}-{python}-jax{metadata.version('jax')}"


def _requirements(platform: str) -> tuple[str, ...]:
    """What fits the JAX that is installed, by its own extras."""
    from packaging.requirements import Requirement

    demanded = {}
    extra = {"tpu": "tpu", "cuda": "cuda12"}[platform]
    for text in metadata.requires("jax") or ():
        requirement = Requirement(text)
        if requirement.marker and requirement.marker.evaluate({"extra": extra}):
            demanded[requirement.name] = requirement.specifier
    if platform == "tpu":
        return (f"libtpu{demanded.get('libtpu', '')}",)
    plugin = demanded.get("jax-cuda12-plugin", f"=={metadata.version('jax')}")
    return (f"jax-cuda12-plugin{plugin}", f"jax-cuda12-pjrt{plugin}", "nvidia-cuda-nvcc-cu12>=12.6.85")


def _name(requirement: str) -> str:
    from packaging.requirements import Requirement

    return Requirement(requirement).name


def _versions(names: list[str], path: list[str]) -> dict[str, str]:
    found = {}
    for name in names:
        for distribution in metadata.distributions(name=name, path=path):
            found[name] = distribution.version
            break
    return found
