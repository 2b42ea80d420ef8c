"""The accelerator that JAX sees in this process: the target "device", which JAX itself compiles for."""

from __future__ import annotations

import os
from typing import Any

from symcost.advice import Typed, advice
from symcost.errors import TargetError
from symcost.xla.targets import DEVICE, TARGETS, Target


def accelerator() -> Any | None:
    """JAX's first device (`jax.Device`), if it is a GPU or a TPU."""
    import jax

    try:
        found = jax.devices()[0]
    except RuntimeError:  # JAX_PLATFORMS names a platform that is not here, or another process holds the chip
        return None
    return None if found.platform == "cpu" else found


def device_target() -> Target:
    """The target "device".

    Raises:
        TargetError: JAX sees no accelerator here; the message says what to ask for instead.
    """
    found = accelerator()
    if found is None:
        raise TargetError(
            "JAX sees only a CPU here, and 'device' is an accelerator of this machine",
            where=_looked(),
            todo=advice(
                "{}, or {} and others, which need not be here",
                Typed('target="cpu"', "--target cpu"),
                Typed('target="gpu-h100"', "--target gpu-h100"),
            ),
        )
    alike = _KINDS.get(found.device_kind, found.device_kind)
    granule = next((t.granule for t in TARGETS.values() if t.chip == alike), 1)
    return Target(DEVICE, _platform(found), f"{found.device_kind}, in this machine", granule=granule, here=True)


_KINDS = {"TPU v5 lite": "TPU v5e", "TPU v5": "TPU v5p", "TPU v6 lite": "TPU v6e"}
"""JAX's names of chips that we call otherwise."""


def _platform(device: Any) -> str:
    """Whose lowering rules hold for a device: JAX calls NVIDIA's and AMD's "gpu" alike."""
    if device.platform != "gpu":
        return device.platform
    return "rocm" if "rocm" in device.client.platform_version.lower() else "cuda"


def _looked() -> str:
    import jax

    asked = os.environ.get("JAX_PLATFORMS", "")
    try:
        found = ", ".join(dict.fromkeys(d.device_kind for d in jax.devices()))
    except RuntimeError as error:
        found = str(error).splitlines()[0]
    return f"jax.devices(): {found}" + (f", with JAX_PLATFORMS={asked}" if asked else "")
