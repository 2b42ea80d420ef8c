"""What XLA can be asked to compile for, by name.

A later release compiles for chips that this machine does not have; their names are
known already, so that a misspelt name and one that is not available yet are told apart.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from symcost.errors import TargetError


@dataclass(frozen=True, slots=True)
class Target:
    """Something to compile for.

    Attributes:
        name: what users type. platform: JAX's name of the platform ("cpu", "cuda", "tpu").
        chip: in words. available: whether this version of symcost can compile for it.
    """

    name: str
    platform: str
    chip: str
    available: bool = False


_ROWS = (
    Target("cpu", "cpu", "the CPU of this machine", available=True),
    Target("tpu-v2", "tpu", "TPU v2"),
    Target("tpu-v3", "tpu", "TPU v3"),
    Target("tpu-v4", "tpu", "TPU v4"),
    Target("tpu-v5e", "tpu", "TPU v5e"),
    Target("tpu-v5p", "tpu", "TPU v5p"),
    Target("tpu-v6e", "tpu", "TPU v6e"),
    Target("tpu-7x", "tpu", "TPU7x"),
    Target("gpu-a100", "cuda", "NVIDIA A100"),
    Target("gpu-h100", "cuda", "NVIDIA H100"),
    Target("gpu-h200", "cuda", "NVIDIA H200"),
    Target("gpu-b200", "cuda", "NVIDIA B200"),
)

TARGETS: dict[str, Target] = {row.name: row for row in _ROWS}
"""Every known target, by name."""


def target(name: str | Target) -> Target:
    """The target called `name`, which can be compiled for.

    Raises:
        TargetError: there is none of that name (the message lists near ones), or it is not available yet.

    Example:
        >>> target("cpu").chip
        'the CPU of this machine'
    """
    found = name if isinstance(name, Target) else TARGETS.get(name) if isinstance(name, str) else None
    available = [t.name for t in _ROWS if t.available]
    if found is None:
        near = difflib.get_close_matches(str(name).lower(), TARGETS, n=3, cutoff=0.5)
        raise TargetError(
            f"no target is called {name!r}",
            todo=f"one of {', '.join(near or TARGETS)}; available now: {', '.join(available)}",
        )
    if not found.available:
        raise TargetError(
            f"the target {found.name!r} ({found.chip}) is known, but this version of symcost cannot compile for it yet",
            todo=f"target={available[0]!r}; cost.under('xla', platform={found.platform!r}) counts the program "
            "that JAX lowers for it, before XLA optimises",
        )
    return found
