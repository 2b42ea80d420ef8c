"""Compilers in processes of their own: one for each target, started when first needed, stopped with the session.

A compiler that crashes, hangs or runs out of memory loses the one job it had; the next job finds a new process.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symcost.errors import TargetError
from symcost.xla.cache import Cache
from symcost.xla.packages import COMMANDS, Packages, packages
from symcost.xla.targets import Target
from symcost.xla.targets import target as known_target

START, COMPILE = 120.0, 1800.0
"""Seconds after which a compiler that does not start, or a compilation that does not end, is given up."""

ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",  # else JAX looks for the chip, and complains
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-4",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # else a second process dies over a lock file
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

_FOREIGN = ("JAX_", "XLA_", "TPU_", "LIBTPU_", "CUDA_", "PYTHON", "TF_", "LD_PRELOAD")
"""Variables of the user's that would change what is compiled, or how the process runs."""


@dataclass(frozen=True, slots=True)
class Job:
    """One module to compile for one target.

    Attributes:
        key: what tells it from others. target: what for. module: StableHLO with debugging information.
    """

    key: Any
    target: Target
    module: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job.

    Attributes:
        found: the figures and the module, see `symcost.capture.deviceless`; None if it failed.
        error: what the compiler said then, or what became of it. cached: it was compiled before.
    """

    key: Any
    target: Target
    found: Mapping[str, Any] | None
    error: str = ""
    cached: bool = False
    seconds: float = 0.0


def compile_all(
    jobs: Iterable[Job],
    *,
    cache: Cache | None = None,
    limit: float = COMPILE,
    side_by_side: int | None = None,
    tell: Callable[[str], None] = lambda message: None,
) -> list[Answer]:
    """Compile every job, several targets at once; in the order of the jobs.

    Args:
        cache: where answers are kept, or None. limit: seconds for one compilation.
        side_by_side: targets that are compiled for at once; as many as there are processors if None.
        tell: called with a line of text when something begins or ends.

    Raises:
        TargetError: the packages of a target are missing.
    """
    listed = list(jobs)
    needed = {job.target.platform: packages(job.target.platform) for job in listed}
    for target in {job.target.name: job.target for job in listed}.values():
        require(target, needed[target.platform])
    queues: dict[str, list[Job]] = {}
    for job in listed:
        queues.setdefault(job.target.name, []).append(job)
    answers: dict[Any, Answer] = {}
    done, total = 0, len(listed)

    def work(mine: list[Job]) -> None:
        try:
            for job in mine:
                answers[id(job)] = answered(job)
        finally:
            if cache:
                cache.close()  # this thread's connection

    def answered(job: Job) -> Answer:
        nonlocal done
        versions = needed[job.target.platform].versions
        found = cache.get(job.target.name, versions, job.module) if cache else None
        if found is None:
            tell(f"compiling for {job.target.name} ({done + 1} of {total})")
            answer = POOL.run(job, needed[job.target.platform], limit)
            if cache and answer.found is not None:
                cache.put(job.target.name, versions, job.module, answer.found)
        else:
            answer = Answer(job.key, job.target, found, cached=True)
        done += 1
        return answer

    with ThreadPoolExecutor(side_by_side or max(1, os.cpu_count() or 1), "symcost-compile") as threads:
        pending: set[Future] = {threads.submit(work, mine) for mine in queues.values()}
        while pending:
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
    return [answers[id(job)] for job in listed]


def reachable(names: str | Target | Iterable[str | Target]) -> list[Target]:
    """The targets of these names, once it is sure that there is a compiler for each: nothing needs to be traced.

    Raises:
        TargetError: a target is unknown, its packages are missing, or the device is not there.
    """
    listed = [names] if isinstance(names, str) or not isinstance(names, Iterable) else names
    found = [known_target(name) for name in listed]
    for target in found:
        if target.remote:
            require(target, packages(target.platform))
    return found


def require(target: Target, found: Packages) -> None:
    """Raise if what compiles for a target is not installed."""
    if found.missing:
        raise TargetError(
            f"compiling for {target.name} needs {', '.join(found.missing)}",
            todo=COMMANDS[target.platform],
        )


class Pool:
    """The processes, by target."""

    def __init__(self) -> None:
        self._workers: dict[str, _Worker] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def run(self, job: Job, found: Packages, limit: float) -> Answer:
        """Compile one job; the process of its target is started if there is none."""
        name = job.target.name
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        began = time.monotonic()
        with lock:
            worker = self._workers.get(name)
            if worker is None or not worker.alive:
                worker = self._workers[name] = _Worker(job.target, found)
            answer = worker.compile(job.module, limit)
            if not worker.alive:
                self._workers.pop(name, None)
        seconds = time.monotonic() - began
        if "error" in answer:
            return Answer(job.key, job.target, None, str(answer["error"]), seconds=seconds)
        return Answer(job.key, job.target, answer, seconds=seconds)

    def process(self, target: str) -> int | None:
        """The process that compiles for a target, if there is one."""
        worker = self._workers.get(target)
        return worker.process.pid if worker is not None and worker.alive else None

    def busy(self, target: str) -> str | None:
        """The module that is being compiled for a target, if there is one."""
        worker = self._workers.get(target)
        return worker.module if worker is not None else None

    def close(self) -> None:
        """Stop all processes."""
        with self._lock:
            workers, self._workers = list(self._workers.values()), {}
        for worker in workers:
            worker.stop()


class _Worker:
    """One process; its answers are read by a thread, so that waiting for one can end."""

    def __init__(self, target: Target, found: Packages):
        from symcost.capture import deviceless

        self.target, self.module = target, None
        self.folder = tempfile.TemporaryDirectory(prefix="symcost-")
        self.log = Path(self.folder.name, "log")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        environment |= {**ENVIRONMENT, "TPU_LOG_DIR": self.folder.name}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(Path(deviceless.__file__))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                cwd=self.folder.name,
                env=environment,
                start_new_session=os.name == "posix",  # an interrupt of the user's session is not for the compiler
            )
        self.answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.reader = threading.Thread(target=self._read, daemon=True, name=f"symcost-{target.name}")
        self.reader.start()
        path = [found.path] if found.path else []
        path += [p for p in sys.path if p and p not in path]
        first = {"path": path, "platform": target.platform, "topology": target.topology, "config": target.config}
        self.failed = self._ask(first, START).get("error", "")
        if self.failed:
            self.stop()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def compile(self, module: str, limit: float) -> dict[str, Any]:
        """The answer to one job, with the optimised module in it; or an error."""
        if self.failed:
            return {"error": f"the compiler did not start: {self.failed}"}
        source, result = Path(self.folder.name, "module"), Path(self.folder.name, "hlo")
        source.write_text(module)
        self.module = module
        found = self._ask({"module": str(source), "hlo": str(result)}, limit)
        self.module = None
        if "error" not in found:
            found["hlo"] = result.read_text()
        return found

    def _ask(self, job: dict[str, Any], limit: float) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
        except OSError:
            return {"error": self._death()}
        try:
            line = self.answers.get(timeout=limit)
        except queue.Empty:
            self.stop()
            return {"error": f"no answer within {limit:g} seconds; the compiler was stopped"}
        return json.loads(line) if line else {"error": self._death()}

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError, OSError):  # closed while we read
            for line in self.process.stdout:
                self.answers.put(line)
        self.answers.put("")

    def _death(self) -> str:
        """How the process ended, and the last that it wrote."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        code = self.process.poll()
        how = f"was killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended with {code}"
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        self.stop()
        return f"the compiler {how}" + (f": {said[:300]}" if said else "")

    def stop(self) -> None:
        """End the process and delete its files."""
        if self.alive:
            self.process.kill()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        self.reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):  # what was still to be written has no reader
                pipe.close()  # type: ignore[union-attr]
        self.folder.cleanup()


POOL = Pool()
"""The processes of this session."""

atexit.register(POOL.close)
