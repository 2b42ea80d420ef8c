"""Where JAX looks for chips while a command runs: at the CPU only, unless the command is about what is here."""

from __future__ import annotations

import os

PLATFORMS = "JAX_PLATFORMS"
PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"

_ours = False


def cpu_only() -> None:
    """Tracing needs no accelerator, and looking for one takes seconds. What the user says of it holds."""
    global _ours
    _ours = PLATFORMS not in os.environ
    os.environ.setdefault(PLATFORMS, "cpu")


def everything() -> None:
    """Look for accelerators after all. To be called before JAX is imported."""
    if _ours:
        os.environ.pop(PLATFORMS, None)
    # compiling needs none of the memory that JAX would take at once
    os.environ.setdefault(PREALLOCATE, "false")
