"""Real compilation for a TPU and a GPU that this machine does not have: one model on each, few and small."""

from __future__ import annotations

import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import symcost as sc
from symcost import zoo
from symcost.capture_hlo import named_counts, parse_hlo
from symcost.errors import LoweringError
from symcost.xla.compile import AFTER, Memory
from symcost.xla.packages import COMMANDS, packages

CHIPS = ("tpu-v5e", "gpu-h100")


@pytest.fixture(scope="module", autouse=True)
def compilers(tmp_path_factory):
    """The compilers, and a cache of this run's own."""
    missing = [COMMANDS[name] for name in COMMANDS if packages(name).missing]
    if missing:
        pytest.skip(f"no compilers for chips that are not here: {' && '.join(missing)}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMCOST_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def comparison() -> sc.Comparison:
    """A training step of a sparse GCN, which has gathers, scatters and dots."""
    entry = zoo.get("gcn-sparse")
    sizes = entry.sample(np.random.default_rng(0))
    return sc.compare(entry.trace_gradient(), targets=["cpu", *CHIPS], at=sizes)


@pytest.mark.parametrize("chip", CHIPS)
def test_every_difference_is_explained(comparison, chip):
    assert comparison.failures == ()
    for quantity in ("flops", "transcendentals", "bytes_accessed"):
        row = comparison.row(quantity, AFTER, target=chip)
        assert row.unexplained == 0
        assert sum(cause.amount for cause in row.causes) == row.difference
        assert row.formula == comparison.row(quantity, AFTER, target="cpu").formula
    assert comparison.row("flops", AFTER, target=chip).xla != comparison.row("flops", AFTER, target="cpu").xla


def test_bytes_of_a_tpu_come_from_tiles_copies_and_rows(comparison):
    causes = {c.kind for c in comparison.row("bytes_accessed", AFTER, target="tpu-v5e").causes}
    assert {"tiles", "copies", "rows"} <= causes
    assert "chip" not in causes  # nothing is left
    assert not {"tiles", "rows"} & {c.kind for c in comparison.row("bytes_accessed", AFTER, target="gpu-h100").causes}


@pytest.mark.parametrize("chip", CHIPS)
def test_modules_add_up_to_the_program(comparison, chip):
    for quantity in ("flops", "bytes_accessed"):
        found = comparison.modules(quantity, target=chip)
        assert found.total.after == comparison.row(quantity, AFTER, target=chip).xla
        assert sum(row.after for row in found) == found.total.after
        assert "(of no instruction)" not in {row.module for row in found}


def test_the_table_names_every_chip(comparison):
    text = " ".join(str(comparison).split())
    assert "tpu-v5e, TPU v5e; gpu-h100, NVIDIA H100" in text
    assert "failed" not in text


@pytest.mark.parametrize("chip", CHIPS)
def test_one_function_alone(chip):
    def layer(x, w):
        return jnp.maximum(x @ w, 0)

    found = sc.xla.analyze(layer, sc.array((64, 32)), sc.array((32, 128)), target=chip)
    assert found.unoptimized.flops == found.flops == 2 * 64 * 32 * 128 + 64 * 128
    assert found.peak_memory >= 4 * (64 * 32 + 32 * 128 + 64 * 128)
    assert found.hlo.startswith("HloModule")
    assert (found.optimal_seconds is not None) == (chip == "tpu-v5e")
    if chip == "tpu-v5e":
        assert found.base["bytes_accessed"] < found.bytes_accessed  # tiles of 8 by 128
    assert chip in str(found)


def test_a_program_that_one_chip_cannot_hold_is_a_row_that_says_so():
    cost = sc.trace(lambda x: (x @ x).sum(), sc.array("N N"))
    found = sc.compare(cost, targets=["gpu-h100", "tpu-v5e"], at={"N": 70_000}, quantities="flops")
    assert {row.target for row in found} == {"gpu-h100"}
    (failure,) = found.failures
    assert failure.target == "tpu-v5e"
    assert "RESOURCE_EXHAUSTED" in failure.error
    assert "! failed: tpu-v5e at N=70000" in " ".join(str(found).split())
    assert found.as_dict()["failures"] == [failure.as_dict()]
    with pytest.raises(LoweringError, match="RESOURCE_EXHAUSTED") as caught:
        sc.xla.analyze(lambda x: (x @ x).sum(), sc.array((70_000, 70_000)), target="tpu-v5e")
    assert "compiling for tpu-v5e" in str(caught.value)


def test_convolutions_that_became_calls_of_a_library_are_put_back():
    entry = zoo.get("cnn")
    found = sc.compare(
        entry.trace(), targets=["cpu", "gpu-h100"], at=entry.sample(np.random.default_rng(0)), quantities="flops"
    )
    here, there = (found.row("flops", AFTER, target=name) for name in ("cpu", "gpu-h100"))
    assert here.restored == here.xla
    (library,) = [cause for cause in there.causes if cause.kind == "library"]
    assert there.restored == there.xla - library.amount > 10 * there.xla
    assert there.unexplained == 0
    # cuDNN adds biases and cuts off below zero in the same call
    assert abs(there.restored - here.xla) < 0.1 * here.xla
    assert "put back" in str(found)


def test_a_training_step_is_explained_on_every_chip():
    entry = zoo.get("cnn-batchnorm")
    found = sc.compare(
        entry.trace_training(), targets=["cpu", *CHIPS], at=entry.sample(np.random.default_rng(0)),
        quantities=("flops", "transcendentals"),
    )  # fmt: skip
    assert (found.failures, found.notes) == ((), ())
    assert {row.target for row in found} == {"cpu", *CHIPS}
    assert {row.unexplained for row in found} == {0}


def test_a_product_without_tiles_is_left_to_a_library_and_a_note_says_so():
    cost = zoo.get("vit").trace_gradient()
    sizes = {"B": 5, "G": 2, "P": 3, "D": 2, "H": 1, "L": 1}
    needed = jax.__version_info__ < (0, 12)
    for _ in range(2):  # as it was compiled, and as the cache has it
        found = sc.compare(cost, targets=["cpu", "gpu-h100"], at=sizes, quantities="flops")
        assert found.failures == ()
        assert [note.startswith("gpu-h100: XLA finds no tiles") for note in found.notes] == [True] * needed
        assert found.as_dict()["notes"] == [*found.notes]
        assert {row.unexplained for row in found} == {0}
        assert ("note: gpu-h100: XLA finds no tiles" in " ".join(str(found).split())) == needed


COMPILED = """
import os, sys
from symcost.xla.packages import packages
from symcost.xla.targets import target
from symcost.xla.workers import ENVIRONMENT
os.environ.update(ENVIRONMENT)
where = target(sys.argv[1])
sys.path.insert(0, packages(where.platform).path)
import json, jax, jax.numpy as jnp
from jax.experimental import topologies
from symcost.capture.deviceless import of_device
options = {"target_config": where.config, "topology": "1x1x1"} if where.config else {}
found = topologies.get_topology_desc(platform=where.platform, topology_name=where.topology, **options)
there = jax.sharding.SingleDeviceSharding(found.devices[0])
shapes = jax.ShapeDtypeStruct((64, 32), "float32"), jax.ShapeDtypeStruct((32, 130), "float32")
compiled = jax.jit(lambda x, w: jnp.tanh(x @ w), in_shardings=there).trace(*shapes).lower().compile()
print(json.dumps(of_device(compiled, where.platform)))
"""


@pytest.mark.parametrize("chip", CHIPS)
def test_what_jax_compiles_for_a_chip_reads_as_what_we_compile_for_it(chip):
    """As for the target "device", but that no chip is there: JAX's own compiled program, and what it says of itself."""
    done = subprocess.run([sys.executable, "-c", COMPILED, chip], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    ours = sc.xla.analyze(lambda x, w: jnp.tanh(x @ w), sc.array((64, 32)), sc.array((32, 130)), target=chip)
    assert named_counts(found["counts"]) == ours.base
    assert named_counts(found["own"] or found["counts"]) == ours.counts
    assert bool(found["own"]) == (chip == "tpu-v5e")
    assert Memory(**found["memory"]) == ours.memory
    assert [i.template.primitive for i in parse_hlo(found["hlo"]).walk()] == [
        i.template.primitive for i in ours.program.walk()
    ]
