"""What the benchmarks share: clocks, fresh processes, where and when it was measured, files of results.

Not a benchmark by itself. Ratios are made of CPU seconds, so that other work on the machine does not enter them;
wall-clock seconds are recorded beside them.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "sympy")


@dataclass(slots=True)
class Clock:
    """Seconds spent inside `with clock:`, added up; and how often.

    Attributes:
        cpu: of this process, all threads. wall: elapsed. count: how often it ran.
    """

    cpu: float = 0.0
    wall: float = 0.0
    count: int = 0
    _began: tuple[float, float] = (0.0, 0.0)

    def __enter__(self) -> Clock:
        self._began = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        cpu, wall = self._began
        self.cpu += time.process_time() - cpu
        self.wall += time.perf_counter() - wall
        self.count += 1


@contextmanager
def tracing_clock() -> Iterator[Clock]:
    """A clock that runs while an analysis builds and traces the user's program, which is JAX's and Flax's work."""
    from symcost.analysis import Analysis

    clock, trace = Clock(), Analysis._trace

    def timed(self: Analysis, sizes: Any) -> Any:
        with clock:
            return trace(self, sizes)

    Analysis._trace = timed
    try:
        yield clock
    finally:
        Analysis._trace = trace


def seconds(run: Callable[[], object], repeats: int = 1) -> list[float]:
    """CPU seconds of each of several runs."""
    found = []
    for _ in range(repeats):
        with Clock() as clock:
            run()
        found.append(clock.cpu)
    return found


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def child(script: str, *words: object, here: bool = False) -> dict[str, Any]:
    """What ``python script --child words...`` prints as JSON, run in a fresh process.

    Args:
        here: on whatever accelerator JAX sees; else on the CPU.
    """
    command = [sys.executable, script, "--child", *map(str, words)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **({} if here else {"JAX_PLATFORMS": "cpu"}), "PYTHONPATH": path}
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(result.stdout.splitlines()[-1])


def summary(values: Iterable[float]) -> dict[str, float]:
    """Median, smallest and largest of repeated measurements."""
    values = list(values)
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "repeats": len(values)}


def medians(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Runs of one case as one record: numbers that vary as summaries, everything else as it is."""
    record = {}
    for key, first in runs[0].items():
        values = [run[key] for run in runs]
        record[key] = summary(values) if isinstance(first, float) else first
        if not isinstance(first, float) and any(value != first for value in values):
            raise AssertionError(f"{key} is not the same in every run: {values}")
    return record


def save(name: str, results: dict[str, Any]) -> Path:
    """Write results to ``benchmarks/results/NAME.json`` with versions, machine and commit."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"measured": where_and_when(), **results}, indent=1) + "\n")
    return path


def where_and_when() -> dict[str, Any]:
    """Versions, machine, commit, time."""
    changed = _git("status", "--porcelain", "--", "symcost")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _git("rev-parse", "HEAD") + (" with uncommitted changes" if changed else ""),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "load": round(os.getloadavg()[0], 2),
    }


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
