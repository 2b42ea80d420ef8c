"""Rooflines: terms by hand, what is left out, and what wrong arguments are told."""

from __future__ import annotations

from fractions import Fraction

import jax
import jax.numpy as jnp
import pytest

import symcost as sc
from symcost.errors import ArgumentError, ConventionError
from symcost.hardware.chip import read

V5E, H100 = sc.chip("tpu-v5e"), sc.chip("gpu-h100")
FIGURE = '{{ value = {}, unit = "{}", source = "made up", date = "2026-11" }}'
OWN = read(
    f"""
name = "mine"
title = "Mine"
kind = "ASIC"
memory = {FIGURE.format("16e9", "B")}
bandwidth = {FIGURE.format("1e9", "B/s")}
interconnect = {FIGURE.format("4e8", "B/s")}
[peak.matrix]
bfloat16 = {FIGURE.format("100e9", "FLOP/s")}
float32 = {FIGURE.format("25e9", "FLOP/s")}
int8 = {FIGURE.format("200e9", "FLOP/s")}
[peak.vector]
float32 = {FIGURE.format("2e9", "FLOP/s")}
"""
)


def dense(x, w):
    return jnp.tanh(x @ w)


@pytest.fixture(scope="module")
def cost() -> sc.ProgramCost:
    return sc.trace(dense, sc.array("N F"), sc.array("F H"))


def test_each_part_at_its_own_rate(cost):
    line = sc.roofline(cost, OWN)
    n, f, h = 30, 50, 70
    found = line.at(N=n, F=f, H=h)
    assert found.terms["matrix"] == pytest.approx(2 * n * f * h / 25e9)
    assert found.terms["vector"] == pytest.approx(n * h / 2e9)
    assert found.terms["memory"] == pytest.approx((4 * n * f + 4 * f * h + 12 * n * h) / 1e9)
    assert found.seconds == max(found.terms.values())
    assert found.binds == max(found.terms, key=found.terms.get)


def test_the_formula_has_the_value_of_the_largest_term(cost):
    N, F, H = (s for name in "NFH" for s in cost.flops.free_symbols if s.name == name)
    seconds, line = cost.seconds(OWN), sc.roofline(cost, OWN)
    for n, f, h in ((1, 1, 1), (512, 512, 512), (3, 4000, 2)):
        wanted = line.at(N=n, F=f, H=h).seconds
        assert float(seconds.subs({N: n, F: f, H: h})) == pytest.approx(wanted)


def test_intensity_and_ridge(cost):
    """Where the intensity is the ridge, arithmetic takes as long as memory traffic."""
    line = sc.roofline(sc.trace(lambda x, w: x @ w, sc.array("N N"), sc.array("N N")), OWN)
    (N,) = line.intensity.free_symbols
    assert line.intensity == N / 6
    assert line.ridge == 25  # 25 GFLOP/s over 1 GB/s
    crossing = line.at(N=150)
    assert crossing.terms["matrix"] == pytest.approx(crossing.terms["memory"])
    assert line.at(N=149).binds == "memory"
    assert line.at(N=151).binds == "matrix"


@pytest.mark.parametrize(("dtype", "rate"), [("bfloat16", 100e9), ("float32", 25e9), ("int8", 200e9)])
def test_rates_by_type(dtype, rate):
    def product(x, w):
        return jax.lax.dot(x, w, preferred_element_type="int32" if dtype == "int8" else None)

    line = sc.roofline(sc.trace(product, sc.array("N N", dtype), sc.array("N N", dtype)), OWN)
    assert line.terms["matrix"] == line.cost.size("macs") * 2 * Fraction(1, int(rate))


def test_a_type_without_a_rate_is_an_error():
    cost = sc.trace(lambda x, w: x @ w, sc.array("N N", "float16"), sc.array("N N", "float16"))
    with pytest.raises(ArgumentError, match="no peak for float16 on its matrix unit"):
        cost.seconds("tpu-v5e")


def test_what_no_maker_publishes_is_left_out_and_said(cost):
    line = sc.roofline(cost, V5E)
    assert set(line.parts) == {"matrix", "memory"}
    assert "not counted: element-wise work: no peak of the vector unit of TPU v5e is published" in str(line)
    assert set(sc.roofline(cost, H100).parts) == {"matrix", "vector", "memory"}


def test_modules_add_up_to_the_program():
    from symcost import zoo

    entry = zoo.get("transformer-block")
    line = sc.roofline(entry.trace(), H100)
    sizes = {"B": 2, "T": 8, "D": 16, "H": 2, "K": 8}
    modules, whole = line.by_scope(**sizes), line.at(**sizes)
    for part, seconds in whole.terms.items():
        assert sum(m.terms[part] for m in modules.values()) == pytest.approx(seconds)
    assert set(line.by_scope(depth=1, **sizes)) == {"EncoderBlock"}


def test_devices_share_the_work_of_a_program_that_communicates():
    mesh = jax.sharding.AbstractMesh((4,), ("d",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.sharding.PartitionSpec

    def total(x):
        return jax.lax.psum(x.sum(0), "d")

    run = jax.shard_map(total, mesh=mesh, in_specs=spec("d"), out_specs=spec(), check_vma=False)
    cost = sc.trace(run, sc.array("4*N F"))
    with pytest.raises(ArgumentError, match="sends data between devices") as error:
        cost.seconds(OWN)
    assert error.value.todo == 'say how many share them: cost.seconds("mine", devices=8)'
    line = sc.roofline(cost, OWN, devices=4)
    alone, sent = cost.size("fused_bytes"), cost.size("collective_bytes")
    assert line.terms["memory"] == alone * Fraction(1, 4 * 10**9)
    assert line.terms["interconnect"] == sent * Fraction(1, 2 * 10**8)  # one of two directions


def test_wrong_arguments(cost):
    with pytest.raises(ArgumentError, match="no chip is called 'tpu-v9'"):
        cost.seconds("tpu-v9")
    with pytest.raises(ArgumentError, match="devices=0 is not a number of chips"):
        cost.seconds("tpu-v5e", devices=0)
    with pytest.raises(ArgumentError, match="a roofline is of a cost"):
        sc.roofline(3, "tpu-v5e")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="a chip has no part 'disk'"):
        sc.roofline(cost, V5E).term("disk")
    with pytest.raises(ConventionError, match="does not define fused_bytes"):
        cost.under("xla").seconds("tpu-v5e")


def test_a_cost_with_bound_sizes_has_seconds(cost):
    line = sc.roofline(cost.subs(F=64), OWN)
    assert line.at(N=3, H=5).seconds == sc.roofline(cost, OWN).at(N=3, F=64, H=5).seconds
    assert sc.roofline(cost + cost, OWN).at(N=3, F=4, H=5).terms["memory"] == pytest.approx(
        2 * sc.roofline(cost, OWN).at(N=3, F=4, H=5).terms["memory"]
    )
