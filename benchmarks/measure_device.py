"""The zoo on the accelerator of this machine: seconds and memory as measured, beside what is predicted.

    python benchmarks/measure_device.py [--model NAME ...] [--chip NAME|FILE.toml] [--repeats 20] [--allow-cpu]

Every reference model, forward and one training step (loss, gradient, Adam), at the sizes of `tpu_vs_gpu.py`, in a
process of its own: compiled, run three times to warm up, then timed call by call with `block_until_ready`. A call of a
small program takes as long as the host needs to start it, so that calls are also queued, ten before one wait.
Predicted are the seconds of the roofline, of the chip that JAX names as the device or of `--chip`, and `peak_memory`.

Memory is the device's own peak (`memory_stats`), where it keeps one. Compilers that try kernels out raise it before the
program has run; what is then shown is marked as a bound from above.

Where JAX sees only a CPU, nothing is measured, unless `--allow-cpu` says so: a trial of this script, for which there
are predicted seconds only with `--chip FILE.toml`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from typing import Any

from measure import child, save, summary
from tpu_vs_gpu import PROGRAMS, SIZES

WARM_UP, QUEUED = 3, 10

KINDS = {
    "TPU v2": "tpu-v2",
    "TPU v3": "tpu-v3",
    "TPU v4": "tpu-v4",
    "TPU v5 lite": "tpu-v5e",
    "TPU v5": "tpu-v5p",
    "TPU v6 lite": "tpu-v6e",
    "TPU7x": "tpu-7x",
}
"""Chips by JAX's names of TPUs; those of NVIDIA's GPUs contain the chip's own, as a word."""


def chip_of(kind: str) -> str | None:
    """The chip that JAX calls `kind`; None if symcost knows none.

    Example:
        >>> chip_of("TPU v5 lite"), chip_of("NVIDIA H100 80GB HBM3"), chip_of("cpu")
        ('tpu-v5e', 'gpu-h100', None)
    """
    import symcost as sc

    words = {f"gpu-{word.lower()}" for word in re.split(r"[^A-Za-z0-9]+", kind)}
    return KINDS.get(kind) or next((chip.name for chip in sc.chips() if chip.name in words), None)


def device() -> dict[str, Any]:
    """What JAX sees first here."""
    import jax

    found = jax.devices()[0]
    version = getattr(found.client, "platform_version", "").strip()
    return {"kind": found.device_kind, "platform": found.platform, "devices": jax.device_count(), "version": version}


def measure(name: str, program: str, repeats: int, chip: str | None, sizes: dict[str, int]) -> dict[str, Any]:
    """One program on JAX's first device, in this process.

    Args:
        program: "forward" or "training". chip: whose roofline predicts seconds; None for no prediction.
    """
    import jax

    import symcost as sc
    from symcost import zoo

    entry, where = zoo.get(name), jax.devices()[0]
    cost = entry.trace() if program == "forward" else entry.trace_training()
    instance = cost.analysis.family.at(sizes)
    args = jax.device_put(values(entry.at(sizes).arrays, instance.args, sizes), where)
    began = time.perf_counter()
    compiled = jax.jit(instance.fn).lower(*args).compile()
    compiling = time.perf_counter() - began
    peak_before = (where.memory_stats() or {}).get("peak_bytes_in_use")

    def call(times: int = 1) -> float:
        start = time.perf_counter()
        found = [compiled(*args) for _ in range(times)]
        jax.block_until_ready(found)
        return (time.perf_counter() - start) / times

    first = call()
    peak = (where.memory_stats() or {}).get("peak_bytes_in_use")  # of one call: queued ones hold several results
    for _ in range(WARM_UP):
        call()
    moment = sc.roofline(cost, chip).at(**sizes) if chip else None
    return {
        "model": name,
        "program": program,
        "sizes": sizes,
        "compiling": compiling,
        "first_call": first,
        "seconds": summary(call() for _ in range(repeats)),
        "queued": summary(call(QUEUED) for _ in range(repeats)),
        "predicted": {"seconds": moment.seconds, "binds": moment.binds} if moment else None,
        "flops": cost.at(**sizes).flops,
        "peak_memory": cost.at(**sizes).peak_memory,
        "device_peak": peak,
        "device_peak_is_bound": peak is not None and peak == peak_before,
    }


def values(arrays: Any, args: Any, sizes: dict[str, int]) -> Any:
    """Arguments with numbers in them: small and positive, indices below what they count."""
    import jax
    import numpy as np

    rng = np.random.default_rng(0)
    below = {tuple(a.shape): sizes[a.below] for a in arrays if a.below}

    def fill(leaf: Any) -> Any:
        if np.issubdtype(leaf.dtype, np.integer):  # besides indices only Adam's counter
            return rng.integers(0, below.get(tuple(leaf.shape), 1), leaf.shape).astype(leaf.dtype)
        return rng.uniform(0.0, 0.1, leaf.shape).astype(leaf.dtype)

    return jax.tree.map(fill, args)


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table, 80 columns wide."""

    def short(number: float) -> str:
        return f"{number:.0f}" if number >= 100 else f"{number:.3g}"

    heading = ("program", "ms a call", "queued", "roofline", "bound by", "peak MB", "formula")
    layout = "{:<26} {:>9} {:>7} {:>8}  {:<8} {:>7} {:>7}"
    print(layout.format(*heading))
    for row in rows:
        predicted, peak = row["predicted"], row["device_peak"]
        print(
            layout.format(
                f"{row['model']} {row['program']}",
                short(1e3 * row["seconds"]["median"]),
                short(1e3 * row["queued"]["median"]),
                short(1e3 * predicted["seconds"]) if predicted else "",
                predicted["binds"] if predicted else "",
                "" if peak is None else "<" * row["device_peak_is_bound"] + short(peak / 1e6),
                short(row["peak_memory"] / 1e6),
            )
        )


def main() -> None:
    """Measure every program in a process of its own; print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", default=[], help="only this model; may be repeated")
    parser.add_argument("--program", action="append", default=[], choices=PROGRAMS, help="only this; may be repeated")
    parser.add_argument("--size", action="append", default=[], metavar="B=8", help="another size than the table's")
    parser.add_argument("--chip", help="the chip that predicts, by name or as a .toml file of your own")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--allow-cpu", action="store_true", help="run on the CPU where JAX sees nothing else")
    parser.add_argument("--child", nargs="+", metavar="WORD", help="measure once, here, and print JSON")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured_here(*options.child)))
        return
    found = child(__file__, "device", here=True)  # in a process that ends: a TPU is for one process at a time
    if found["platform"] == "cpu" and not options.allow_cpu:
        sys.exit(
            f"JAX sees only a CPU here ({found['kind']}), and this benchmark measures accelerators.\n"
            "Install JAX for the accelerator of this machine and unset JAX_PLATFORMS, or try the script: --allow-cpu"
        )
    chip = options.chip or chip_of(found["kind"])
    if chip is None:
        print(f"symcost has no figures of {found['kind']}: no seconds are predicted without --chip FILE.toml")
    given = {name: int(size) for name, _, size in (text.partition("=") for text in options.size)}
    rows = []
    for program in options.program or PROGRAMS:
        for name in options.model or SIZES:
            sizes = {dim: given.get(dim, size) for dim, size in SIZES[name].items()}
            rows.append(child(__file__, name, program, options.repeats, chip or "", json.dumps(sizes), here=True))
            print(f"{name} {program}: {1e3 * rows[-1]['seconds']['median']:.4g} ms", flush=True)
    show(rows)
    slug = "-".join(re.findall(r"[a-z0-9]+", found["kind"].lower()))
    partly = "-quick" if options.model or options.program or options.size else ""
    print(save(f"device-{slug}{partly}", {"device": found, "chip": chip, "rows": rows}))


def measured_here(what: str, *words: str) -> dict[str, Any]:
    """What one child is for: the device, or one program."""
    if what == "device":
        return device()
    program, repeats, chip, sizes = words
    return measure(what, program, int(repeats), chip or None, json.loads(sizes))


if __name__ == "__main__":
    main()
