"""Primitives that JAX registers and symcost has no count for: each is a named unknown, never 0."""

from __future__ import annotations

KNOWN_GAPS: dict[str, tuple[str, ...]] = {
    "opaque code: callbacks, FFI, programs and kernels that were compiled before": (
        *("pure_callback", "io_callback", "debug_callback"),
        *("ffi_call", "call_exported", "tpu_custom_call", "mosaic_gpu_p"),
    ),
    "the work depends on the data: fill-in of a sparse factorization": ("spsolve",),
}
"""Reason -> primitives. The unknown's symbol bears the name of what is called, where it has one."""
