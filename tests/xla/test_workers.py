"""Compilers in processes of their own: one that dies, hangs or lies loses its own job and nothing else.

The compilers here are a few lines of Python that do as the module says; `test_chips.py` has the real ones.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from symcost.capture import deviceless
from symcost.xla import workers
from symcost.xla.cache import Cache
from symcost.xla.packages import Packages
from symcost.xla.targets import target
from symcost.xla.workers import Answer, Job, Pool, compile_all

STUB = """
import json, os, sys, time
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
first = json.loads(sys.stdin.readline())
if first["topology"] == "v2:2x2":
    print("no such chip", file=sys.stderr, flush=True)
    sys.exit(3)
out.write('{"ready": true}\\n'); out.flush()
for line in sys.stdin:
    job = json.loads(line)
    text = open(job["module"]).read()
    print("noise", flush=True)
    if text == "die":
        print("CHECK failed: of all things", file=sys.stderr, flush=True)
        os.kill(os.getpid(), 6)
    if text == "sleep":
        time.sleep(60)
    if text == "refuse":
        out.write(json.dumps({"error": "RESOURCE_EXHAUSTED: needs 17.2G"}) + "\\n")
    else:
        open(job["hlo"], "w").write("HloModule " + text)
        found = {"counts": {"flops": 1.0}, "own": {}, "memory": {"arguments": 4}}
        out.write(json.dumps(found) + "\\n")
    out.flush()
"""

V5E, V6E, H100, V2 = map(target, ("tpu-v5e", "tpu-v6e", "gpu-h100", "tpu-v2"))


@pytest.fixture
def pool(monkeypatch, tmp_path):
    stub = tmp_path / "stub.py"
    stub.write_text(STUB)
    found = Pool()
    monkeypatch.setattr(deviceless, "__file__", str(stub))
    monkeypatch.setattr(workers, "POOL", found)
    monkeypatch.setattr(workers, "packages", lambda name: Packages(name, (), tmp_path, {name: "1"}, True))
    yield found
    found.close()


def texts(answers: list[Answer]) -> list[str]:
    return [a.found["hlo"] if a.found else a.error for a in answers]


def test_answers_come_in_the_order_of_the_jobs(pool):
    jobs = [Job(i, where, f"m{i}") for i, where in enumerate((V5E, H100, V5E, V6E))]
    told: list[str] = []
    assert texts(compile_all(jobs, tell=told.append)) == [f"HloModule m{i}" for i in range(4)]
    assert {line.split(" (")[0] for line in told} == {f"compiling for {t.name}" for t in (V5E, V6E, H100)}


def test_a_compiler_that_dies_loses_one_job(pool):
    jobs = [Job(0, V5E, "a"), Job(1, V5E, "die"), Job(2, V5E, "b"), Job(3, H100, "c")]
    first, died, second, other = texts(compile_all(jobs))
    assert (first, second, other) == ("HloModule a", "HloModule b", "HloModule c")
    assert died == "the compiler was killed by SIGABRT: CHECK failed: of all things"


def test_a_compiler_that_is_killed_in_the_middle_loses_one_job(pool):
    def kill() -> None:
        for _ in range(500):
            process = pool.process("tpu-v5e")
            if process is not None and pool.busy("tpu-v5e") == "sleep":
                os.kill(process, signal.SIGKILL)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    jobs = [Job(0, V5E, "a"), Job(1, V5E, "sleep"), Job(2, V5E, "b"), Job(3, H100, "c")]
    first, killed, second, other = texts(compile_all(jobs))
    thread.join()
    assert (first, second, other) == ("HloModule a", "HloModule b", "HloModule c")
    assert killed.startswith("the compiler was killed by SIGKILL")


def test_a_compilation_without_end_is_given_up(pool):
    began = time.monotonic()
    slow, after = texts(compile_all([Job(0, V5E, "sleep"), Job(1, V5E, "b")], limit=0.5))
    assert time.monotonic() - began < 20
    assert slow == "no answer within 0.5 seconds; the compiler was stopped"
    assert after == "HloModule b"


def test_what_a_compiler_refuses_is_told_and_it_goes_on(pool):
    refused, after = texts(compile_all([Job(0, V5E, "refuse"), Job(1, V5E, "b")]))
    assert refused == "RESOURCE_EXHAUSTED: needs 17.2G"
    assert after == "HloModule b"


def test_a_compiler_that_does_not_start_says_why(pool):
    (found,) = texts(compile_all([Job(0, V2, "a")]))
    assert found == "the compiler did not start: the compiler ended with 3: no such chip"


# -- the cache ----------------------------------------------------------------------------
def test_answers_are_kept_by_program_target_and_versions(pool, tmp_path):
    cache = Cache(tmp_path / "cache")
    jobs = [Job(0, V5E, "a"), Job(1, V6E, "a"), Job(2, V5E, "refuse")]
    assert [a.cached for a in compile_all(jobs, cache=cache)] == [False, False, False]
    pool.close()
    again = compile_all([*jobs, Job(3, H100, "a")], cache=Cache(tmp_path / "cache"))
    assert [a.cached for a in again] == [True, True, False, False]
    assert texts(again)[0] == "HloModule a"
    assert cache.get("tpu-v5e", "another version", "a") is None
    cache.close()


def test_a_broken_cache_is_made_anew(pool, tmp_path):
    folder = tmp_path / "cache"
    job = Job(0, V5E, "a")
    compile_all([job], cache=Cache(folder))
    (folder / "cache.db").write_bytes(b"not a database" * 99)
    for file in folder.glob("cache.db-*"):
        file.unlink()
    broken = Cache(folder)
    assert [a.cached for a in compile_all([job], cache=broken)] == [False]
    assert [a.cached for a in compile_all([job], cache=Cache(folder))] == [True]


@pytest.mark.parametrize("entry", ["5", "{}", '{"counts": {}, "own": {}, "memory": {}, "hlo": 5}', "{", "null"])
def test_an_entry_that_is_none_is_not_trusted(pool, tmp_path, entry):
    cache = Cache(tmp_path / "cache")
    cache.put("tpu-v5e", "1", "a", {"counts": {}, "own": {}, "memory": {}, "hlo": "x"})
    (key,) = list(cache._open())
    cache._open().set(key, entry)
    assert cache.get("tpu-v5e", "1", "a") is None
    cache.close()


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(pool, tmp_path):
    (tmp_path / "cache").write_text("a file where a folder should be")
    (answer,) = compile_all([Job(0, V5E, "a")], cache=Cache(tmp_path / "cache" / "below"))
    assert answer.found is not None


def test_several_processes_use_one_cache(tmp_path):
    import subprocess
    import sys

    script = (
        "import sys; from pathlib import Path; from symcost.xla.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "for i in range(40):\n"
        "    cache.put('t', 'v', str(i), {'counts': {}, 'own': {}, 'memory': {}, 'hlo': str(i)})\n"
        "    assert cache.get('t', 'v', str(i))['hlo'] == str(i)\n"
    )
    root = str(Path(workers.__file__).parents[2])
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "cache")], env={**os.environ, "PYTHONPATH": root}
        )
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    cache = Cache(tmp_path / "cache")
    assert cache.get("t", "v", "7") == {"counts": {}, "own": {}, "memory": {}, "hlo": "7"}
    cache.close()
