"""What XLA can be asked to compile for, by name.

Nothing but "cpu" needs to be in the machine: XLA:TPU and XLA:GPU compile for a chip that they are told about
(`symcost.xla.packages` says what has to be installed for that). "device" is whatever accelerator is in the machine.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from symcost.errors import TargetError


@dataclass(frozen=True, slots=True)
class Target:
    """Something to compile for.

    Attributes:
        name: what users type. platform: JAX's name of the platform ("cpu", "cuda", "tpu").
        chip: in words. topology: the smallest arrangement of TPUs that has one; any name for a GPU.
        granule: bytes of the smallest piece of a TPU's memory, of which the tables of tuples take up whole ones.
        here: an accelerator of this machine, which JAX itself compiles for.
    """

    name: str
    platform: str
    chip: str
    topology: str = ""
    granule: int = 1
    here: bool = False

    @property
    def config(self) -> str:
        """What XLA:GPU must know of a GPU: a GpuTargetConfigProto as text; "" for other platforms."""
        return _gpu_config(self.name) if self.platform == "cuda" and not self.here else ""

    @property
    def remote(self) -> bool:
        """Whether a process of its own compiles for it."""
        return self.platform in ("tpu", "cuda") and not self.here


_ROWS = (
    Target("cpu", "cpu", "the CPU of this machine"),
    Target("tpu-v2", "tpu", "TPU v2", "v2:2x2", 1024),
    Target("tpu-v3", "tpu", "TPU v3", "v3:2x2", 1024),
    Target("tpu-v4", "tpu", "TPU v4", "v4:2x2x1", 512),
    Target("tpu-v5e", "tpu", "TPU v5e", "v5e:2x2", 512),
    Target("tpu-v5p", "tpu", "TPU v5p", "v5p:2x2x1", 32),
    Target("tpu-v6e", "tpu", "TPU v6e", "v6e:2x2", 32),
    Target("tpu-7x", "tpu", "TPU7x", "tpu7x:2x2x1", 32),
    Target("gpu-a100", "cuda", "NVIDIA A100", "a100"),
    Target("gpu-h100", "cuda", "NVIDIA H100", "h100"),
    Target("gpu-h200", "cuda", "NVIDIA H200", "h200"),
    Target("gpu-b200", "cuda", "NVIDIA B200", "b200"),
)

TARGETS: dict[str, Target] = {row.name: row for row in _ROWS}
"""Every target that is the same on all machines, by name."""

DEVICE = "device"
"""The accelerator of this machine, see `symcost.xla.device`."""


def target(name: str | Target) -> Target:
    """The target called `name`.

    Raises:
        TargetError: there is none of that name; the message lists near ones. Or JAX sees no accelerator for "device".

    Example:
        >>> target("cpu").chip, target("tpu-v5e").topology
        ('the CPU of this machine', 'v5e:2x2')
    """
    if name == DEVICE:
        from symcost.xla.device import device_target

        return device_target()
    found = name if isinstance(name, Target) else TARGETS.get(name) if isinstance(name, str) else None
    if found is None:
        near = difflib.get_close_matches(str(name).lower(), [*TARGETS, DEVICE], n=3, cutoff=0.5)
        raise TargetError(f"no target is called {name!r}", todo=f"one of {', '.join(near or [*TARGETS, DEVICE])}")
    return found


@cache
def _gpus() -> dict[str, Any]:
    return tomllib.loads(resources.files("symcost.xla").joinpath("data/gpus.toml").read_text("utf-8"))


def _gpu_config(name: str) -> str:
    """The text of the protocol buffer that XLA's own specifications of devices are written in."""
    described = dict(_gpus()[name])
    major, minor, extension = described.pop("compute_capability")
    chip = described.pop("name")
    fields = [f"{key}: {value}" for key, value in {**_gpus()["all"], **described}.items()]
    fields.append(
        f"cuda_compute_capability {{ major: {major} minor: {minor} feature_extension: {extension} }}"
        f' device_vendor: "NVIDIA" name: "{chip}"'
    )
    return (
        f'gpu_device_info {{ {" ".join(fields)} }} platform_name: "CUDA" '
        f'dnn_version_info {{ major: 9 minor: 10 patch: 0 }} device_description_str: "{chip}"'
    )
