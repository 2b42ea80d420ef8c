"""A process that compiles for a chip which is not there: StableHLO in, XLA's figures and its optimised module out.

(And the same figures of what JAX has compiled in the user's own process, for a chip that is there: `of_device`.)

It is started by `symcost.xla.workers`, one process for each target, so that whatever a compiler prints, locks,
allocates or kills stays here. Jobs come as lines of JSON on stdin, answers go as lines of JSON to stdout; anything else
that is printed goes to stderr.

Written against jax 0.10 - 0.12. What depends on the release: `topologies.get_topology_desc`, whose devices have a
client with ``compile(module, devices, options)``, and jaxlib's names of these types.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

MEMORY = {
    "arguments": "argument_size_in_bytes",
    "outputs": "output_size_in_bytes",
    "temporaries": "temp_size_in_bytes",
    "aliased": "alias_size_in_bytes",
    "reported_peak": "peak_memory_in_bytes",
}
"""Fields of a job's answer, by jaxlib's names."""


UNTILED = "Couldn't find output tile sizes"
"""What XLA:GPU of jax 0.10 says of some products that it fuses with their surroundings, in gradients of attention over
5 and 197 tokens for one. XLA of jax 0.12 compiles these."""

WITHOUT_TRITON = ("xla_gpu_enable_triton_gemm", False)
"""XLA's option to leave all products to cuBLAS."""

NOTE = "XLA finds no tiles for one of the products; all were left to cuBLAS (xla_gpu_enable_triton_gemm=false)"


class Compiler:
    """XLA for one chip.

    Args:
        platform: "tpu" or "cuda". topology: of a TPU, "v5e:2x2". config: of a GPU, a GpuTargetConfigProto as text.
    """

    def __init__(self, platform: str, topology: str, config: str):
        import jax
        from jax.experimental import topologies

        options = {"target_config": config, "topology": "1x1x1"} if config else {}
        found = topologies.get_topology_desc(platform=platform, topology_name=topology, **options)
        self.device: Any = found.devices[0]
        self.client: Any = self.device.client
        self.host: Any = jax.devices("cpu")[0].client

    def compile(self, text: str) -> dict[str, Any]:
        """What XLA says of a module, and the module that it makes of it.

        Args:
            text: StableHLO with its debugging information, which names the user's modules and lines.
        """
        import numpy as np
        from jax.interpreters import mlir

        _jax: Any = import_module("jaxlib._jax")

        with mlir.make_ir_context():
            module = mlir.ir.Module.parse(text)
            options: Any = _jax.CompileOptions()
            options.num_replicas = options.num_partitions = 1
            options.device_assignment = _jax.DeviceAssignment.create(np.array([[self.device.id]]))
            devices, note = _jax.DeviceList((self.device,)), ""
            try:
                executable = self.client.compile(module, devices, options)
            except Exception as error:
                if UNTILED not in str(error):
                    raise
                options.env_option_overrides = [WITHOUT_TRITON]
                # the module may have been changed on the way
                executable = self.client.compile(mlir.ir.Module.parse(text), devices, options)
                note = NOTE
        try:
            own = dict(executable.cost_analysis())
        except Exception:  # XLA:GPU has none without a device
            own = {}
        found = described(self.host, executable.hlo_modules()[0], executable.get_compiled_memory_stats(), own)
        return {**found, "note": note} if note else found


def of_device(compiled: Any, platform: str) -> dict[str, Any]:
    """What XLA says of a program that JAX has compiled for a device of this process.

    On GPU that is XLA's common analysis of the optimised module, as for a GPU that is not there: what the executable
    says of itself depends on the release, or is nothing.

    Args:
        compiled: a `jax.stages.Compiled`. platform: of the device, "tpu" or another.
    """
    import jax

    executable = compiled.runtime_executable()
    own: Any = (compiled.cost_analysis() or {}) if platform == "tpu" else {}
    own = own[0] if isinstance(own, (list, tuple)) else own
    host = jax.devices("cpu")[0].client
    return described(host, executable.hlo_modules()[0], compiled.memory_analysis(), own)


def described(host: Any, optimised: Any, memory: Any, own: dict[str, float]) -> dict[str, Any]:
    """An optimised module as an answer.

    Args:
        host: the CPU's client. optimised: jaxlib's `HloModule`. memory: jaxlib's `CompiledMemoryStats`.
        own: what the chip's compiler counts; empty where it says nothing.
    """
    _jax: Any = import_module("jaxlib._jax")
    return {
        "counts": _numbers(dict(_jax.hlo_module_cost_analysis(host, optimised))),
        "own": _numbers(own),
        "memory": {name: int(getattr(memory, field, 0)) for name, field in MEMORY.items()},
        "hlo": optimised.to_string(),
    }


def _numbers(found: dict[str, float]) -> dict[str, float]:
    """The few figures that are asked for, of some hundred."""
    wanted = ("flops", "transcendentals", "bytes accessed", "optimal_seconds")
    return {name: float(found[name]) for name in wanted if name in found}


def serve(answers: TextIO) -> None:
    """Answer jobs until stdin ends. The first line says what to compile for."""
    first = json.loads(sys.stdin.readline())
    sys.path[:0] = first["path"]
    try:
        compiler = Compiler(first["platform"], first["topology"], first["config"])
    except Exception as error:
        _answer(answers, {"error": _said(error)})
        return
    _answer(answers, {"ready": True})
    for line in sys.stdin:
        job = json.loads(line)
        try:
            found = compiler.compile(Path(job["module"]).read_text())
            Path(job["hlo"]).write_text(found.pop("hlo"))
        except Exception as error:
            found = {"error": _said(error)}
        _answer(answers, found)


def _answer(answers: TextIO, found: dict[str, Any]) -> None:
    answers.write(json.dumps(found) + "\n")
    answers.flush()


def _said(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:2000]


if __name__ == "__main__":
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(out)
