"""`symcost trace`: what can be traced, and what is printed."""

from __future__ import annotations

import pytest

import symcost as sc
from tests.cli.conftest import MODELS


def test_a_linen_class_with_symbols_in_its_fields(run_json):
    found = run_json("trace", f"{MODELS}:Net", "--arg", "B F", "--set", "width=4*H", "--set", "layers=1")
    assert found["name"] == "Net"
    assert found["macs"] == "4*B*F*H"
    assert found["params"] == "4*F*H + 4*H"


def test_a_field_that_takes_text_gets_text(run_json):
    found = run_json("trace", f"{MODELS}:Net", "--arg", "B F", "--set", "width=H", "--set", "activation=tanh")
    assert found["transcendentals"] == "2*B*H"


def test_a_constructor_that_computes_with_sizes(run_json):
    words = ("trace", f"{MODELS}:Net", "--arg", "B F", "--set", "width=F", "--set", "layers=L", "--build")
    assert run_json(*words)["macs"] == "B*F**2*L"
    assert run_json(*words, "--at", "B=3,F=5,L=7")["macs"] == 3 * 25 * 7


def test_symbols_print_in_the_order_in_which_they_are_named(run_json):
    found = run_json("trace", f"{MODELS}:Net", "--arg", "Z Y", "--set", "width=A", "--set", "layers=1", "--dim", "A%2")
    assert found["macs"] == "Z*Y*A"
    assert found["domain"] == "Z >= 1, Y >= 1, A a multiple of 2"


def test_domains_are_declared(run_json):
    words = ("trace", f"{MODELS}:Eighths", "--arg", "B F", "--set", "width=H")
    found = run_json(*words, "--dim", "H%8", "--dim", "2<=B<=64", "--where", "B <= F")
    assert found["domain"] == "2 <= B <= 64, F >= 1, H a multiple of 8, B <= F"


def test_an_nnx_class_is_built_at_every_sample(run_json):
    found = run_json("trace", f"{MODELS}:Linear", "--arg", "B F", "--set", "inputs=F", "--set", "outputs=H")
    assert (found["macs"], found["params"]) == ("B*F*H", "F*H + H")


def test_a_module_instance_inside_a_class(run_json):
    assert run_json("trace", f"{MODELS}:Box.dense", "--arg", "B F")["macs"] == "7*B*F"


def test_a_function_with_keywords_arrays_and_parameters(run_json):
    words = ("trace", f"{MODELS}:product", "--arg", "N F", "--arg", "F H:bfloat16", "--kwarg", "scale=3.0")
    found = run_json(*words, "--kwarg", "mask=N 1:float32", "--param", "1", "--by", "primitive")
    assert (found["params"], found["param_bytes"]) == ("F*H", "2*F*H")
    assert found["flops"] == "2*N*F*H + 2*N*H"
    assert "dot_general" in [row["primitive"] for row in found["rows"]]


def test_a_function_that_makes_a_function(run_json):
    found = run_json("trace", f"{MODELS}:make", "--build", "--set", "width=W", "--arg", "N F")
    assert found["macs"] == "N*F*W"


def test_a_module_by_its_dotted_name(run_json):
    assert run_json("trace", "flax.linen:Dense", "--arg", "B F", "--set", "features=H")["macs"] == "B*F*H"


def test_random_streams_and_collections(run_json):
    words = ("trace", f"{MODELS}:Net", "--arg", "B F", "--set", "width=H", "--kwarg", "train=true", "--rng", "dropout")
    assert run_json(*words)["int_ops"] != 0
    found = run_json("trace", f"{MODELS}:Normed", "--arg", "B F", "--kwarg", "train=true", "--mutable", "batch_stats")
    assert "B*F" in found["flops"]


def test_a_method(run_json):
    assert run_json("trace", f"{MODELS}:Net", "--set", "width=3", "--arg", "N", "--method", "double")["flops"] == "N"


def test_a_model_of_the_zoo(run_json):
    found = run_json("trace", "zoo:mlp", "--convention", "macs")
    assert (found["name"], found["macs"]) == ("mlp", "B*F*H + B*H**2 + B*H*C")


def test_text_has_formula_convention_domain_and_unit(run):
    lines = run("trace", f"{MODELS}:Box.dense", "--arg", "B F").stdout.splitlines()
    assert lines[0] == "Dense"
    assert any(line.split() == ["flops", "FLOPs", "14*B*F", "+", "7*B"] for line in lines)
    assert any(line.split() == ["leading", "14*B*F"] for line in lines)
    assert any(line.startswith("  convention  algorithm: ") for line in lines)
    assert "  domain      B >= 1, F >= 1" in lines


def test_values_at_points(run, run_json):
    words = ("trace", f"{MODELS}:Box.dense", "--arg", "B F")
    assert run_json(*words, "--at", "B=2", "--at", "F=3")["flops"] == 14 * 6 + 14
    found = run_json(*words, "--at", "B=2,F=3", "--at", "B=1_000,F=1")
    assert [p["flops"] for p in found["points"]] == [98, 21_000]
    assert "21,000" in run(*words, "--at", "B=1000,F=1").stdout


def test_sizes_left_out_stay_symbols(run_json):
    words = ("trace", f"{MODELS}:Box.dense", "--arg", "B F", "--at", "F=3")
    found = run_json(*words)
    assert (found["flops"], found["params"], found["domain"]) == ("49*B", 28, "B >= 1")


def test_a_size_that_no_formula_contains_is_noted(run):
    text = run("trace", f"{MODELS}:Box.dense", "--arg", "B F", "--at", "B=1,F=3,Q=5").stdout
    assert "note: Q: given a size, but no formula here contains it" in text


def test_rows_by_scope_cut_at_a_depth(run_json):
    words = ("trace", f"{MODELS}:Net", "--arg", "B 3", "--set", "width=3", "--at", "B=2", "--by", "scope")
    found = run_json(*words)
    assert [row["scope"] for row in found["rows"]] == ["Net/Dense_0", "Net", "Net/Dense_1"]
    assert sum(row["flops"] for row in found["rows"]) == found["flops"] == found["total"]["flops"]
    assert sum(row["share"] for row in found["rows"]) == pytest.approx(1)
    assert [row["scope"] for row in run_json(*words, "--depth", "1")["rows"]] == ["Net"]


def test_rows_that_repeat_are_joined_in_text(run):
    text = run("trace", f"{MODELS}:Net", "--arg", "B 3", "--set", "width=3", "--by", "scope").stdout
    assert "Net/Dense_{0..1}" in text
    assert "shown as one" in text


def test_rows_of_branches_are_tagged(run):
    text = run("trace", f"{MODELS}:choice", "--arg", "N N", "--arg", ":bool", "--by", "primitive").stdout
    assert "branch cond_0[1]" in text
    assert "do not add up" in " ".join(text.split())


def test_branches_by_how_often_they_are_taken(run, run_json):
    words = ("trace", f"{MODELS}:choice", "--arg", "N N", "--arg", ":bool", "--at", "N=3")
    both = run_json(*words, "--by", "branch")
    branches = {row["branch"]: row["flops"] for row in both["rows"]}
    mean = run_json(*words, "--expect", "cond_0=0.25,0.75")
    assert (
        mean["flops"]
        == branches[""] - max(branches.values()) + (branches.get("cond_0[0]", 0) + 3 * branches.get("cond_0[1]", 0)) / 4
    )
    assert "--expect cond_0=0.5,0.5" in run(*words, "--expect", "cond_0=1", code=1).stderr
    assert "cond_0=0.9,0.1" in run(*words, "--expect", "cond_0", code=2).stderr


def test_a_loop_without_a_trip_count(run, run_json):
    words = ("trace", f"{MODELS}:until", "--arg", "N")
    assert "! unknown: trips_while_0 stands for how often a loop runs" in run(*words).stdout
    assert run_json(*words)["unknown"][0]["symbol"] == "trips_while_0"
    bound = run_json(*words, "--trip", "trips_while_0=10")
    assert bound["unknown"] == []
    assert "trips" not in str(bound["formulas"])
    assert (
        run_json(*words, "--at", "N=3,trips_while_0=10")["flops"]
        == run_json(*words, "--trip", "trips_while_0=10", "--at", "N=3")["flops"]
    )


def test_a_primitive_without_a_rule(run, run_json):
    words = ("trace", f"{MODELS}:outside", "--arg", "N")
    assert run_json(*words)["flops"] == "N + unknown_pure_callback_0"
    assert run_json(*words, "--at", "N=4")["flops"] == "unknown_pure_callback_0 + 4"
    assert "pure_callback" in run(*words, "--strict", code=1).stderr


@pytest.mark.parametrize("convention", ["macs", "darknet"])
def test_other_conventions(run_json, convention):
    found = run_json("trace", f"{MODELS}:Box.dense", "--arg", "B F", "--convention", convention)
    assert found["convention"] == convention
    assert found["macs"] == {"macs": "7*B*F", "darknet": 0}[convention]


def test_the_convention_xla(run_json):
    found = run_json("trace", f"{MODELS}:Box.dense", "--arg", "B F", "--convention", "xla")
    assert found["flops"] == "14*B*F + 7*B"
    assert "int_ops" not in found


# -- training steps ------------------------------------------------------------------------


def test_a_training_step_of_the_zoo(run_json):
    """The update of stochastic gradient descent scales each gradient and adds it: two operations per parameter."""
    sizes = {"B": 3, "F": 5, "H": 7, "C": 2}
    gradient, parameters = sc.zoo.get("mlp").trace_gradient(), sc.zoo.get("mlp").at(sizes).parameters()
    found = run_json("trace", "zoo:mlp", "--train", "--optimizer", "sgd", "--at", "B=3,F=5,H=7,C=2")
    assert found["name"] == "mlp, training step"
    assert found["flops"] == gradient.at(**sizes).flops + 2 * parameters
    adam = run_json("trace", "zoo:mlp", "--train", "--at", "B=3,F=5,H=7,C=2")
    assert adam["flops"] > found["flops"]
    assert adam["transcendentals"] >= adam["params"] == parameters  # a root per parameter


def test_a_training_step_with_a_loss_of_ones_own(run_json, tmp_path):
    words = ("trace", f"{MODELS}:Box.dense", "--arg", "B F", "--train", "--optimizer", "sgd")
    found = run_json(*words, "--arg", "B 7", "--loss", f"{MODELS}:absolute")
    assert found["name"] == "train_Dense"
    assert found["macs"] == "14*B*F"  # forward, and the gradient of the weights
    (tmp_path / "temporary_optimizer.py").write_text("import optax\nmomentum = optax.sgd(0.1, momentum=0.9)\n")
    words = (*words[:-1], f"{tmp_path}/temporary_optimizer.py:momentum")
    plain, momentum = run_json(*words[:-1], "sgd"), run_json(*words)
    assert momentum["flops"] != plain["flops"]


TRAINING = {
    "no such optimizer": (["--train", "--optimizer", "adma"], 1, "did you mean --optimizer adam"),
    "no optimizer at all": (["--train", "--optimizer", "apply_updates"], 1, "--optimizer file.py:optimizer"),
    "an optimizer without a step": (["--optimizer", "sgd"], 2, "add --train"),
    "a loss without a step": (["--loss", "a:b"], 2, "add --train"),
    "no scalar": (["--train", "--loss", f"{MODELS}:product", "--arg", "7 3"], 1, "take the mean of it"),
}


@pytest.mark.parametrize("case", TRAINING.values(), ids=TRAINING)
def test_a_training_step_that_cannot_be(run, case):
    words, code, part = case
    result = run("trace", f"{MODELS}:Box.dense", "--arg", "B F", *words, code=code)
    assert part in " ".join(result.stderr.split())


def test_the_zoo_has_its_loss(run):
    assert "has its loss: --loss" in run("trace", "zoo:mlp", "--train", "--loss", "a:b", code=1).stderr


# -- chips and memory --------------------------------------------------------------------------


def test_seconds_on_chips(run, run_json):
    words = ("trace", "jax.numpy:matmul", "--arg", "N F", "--arg", "F H", "--at", "N=64,F=128,H=256")
    found = run_json(*words, "--chip", "tpu-v5e,gpu-h100")
    rows = {row["part"]: row["seconds"] for row in found["roofline_tpu-v5e"]}
    assert rows["matrix"] == pytest.approx(2 * 64 * 128 * 256 / 197e12, rel=1e-3)
    assert rows["memory"] == pytest.approx(4 * (64 * 128 + 128 * 256 + 64 * 256) / 819e9, rel=1e-3)
    assert {row["part"] for row in found["roofline_gpu-h100"]} == {"matrix", "memory"}
    text = run(*words, "--chip", "tpu-v5e").stdout
    assert "on TPU v5e, at its peak rates" in text
    assert "bound by memory" in text
    assert "peak memory is 0.00143 % of the chip's" in text
    large = run(*words[:-1], "N=640000,F=1280,H=256000", "--chip", "tpu-v5e").stdout
    assert "does not fit: peak memory is 41.2 times the chip's" in " ".join(large.split())
    assert max(map(len, text.splitlines())) <= 80


def test_where_memory_peaks(run, run_json):
    words = ("trace", "jax.numpy:matmul", "--arg", "N F", "--arg", "F H")
    found = run_json(*words, "--at", "N=64,F=128,H=256", "--peak")
    assert [row["array"] for row in found["peak"]] == ["f32[128,256]", "f32[64,256]", "f32[64,128]"]
    assert sum(row["bytes"] for row in found["peak"]) == found["peak_memory"]
    assert "what is alive at the peak depends on the sizes" in run(*words, "--peak", code=1).stderr


def test_a_chip_that_is_not_known_is_said_before_anything_is_traced(run):
    result = run("trace", "no_such_module:thing", "--chip", "tpu-v5", code=1)
    assert "no chip is called 'tpu-v5'" in result.stderr
    assert "tpu-v5e" in result.stderr


def test_a_stored_formula_is_queried(run, run_json, tmp_path):
    path = str(tmp_path / "dense.json")
    run("trace", "jax.numpy:matmul", "--arg", "N F", "--arg", "F H", "--save", path)
    assert run_json("query", path, "N=3", "F=5", "H=7")["flops"] == 2 * 3 * 5 * 7
    assert run_json("query", path, "F=5")["flops"] == "10*N*H"
    assert "2*N*F*H" in run("query", path, "--by", "primitive").stdout
    assert run_json("query", path, "N=3", "F=5", "H=7", "--chip", "tpu-v5e")["roofline_tpu-v5e"]
    assert "store it" in run("query", path, "--convention", "xla", code=1).stderr
    assert "cannot be read" in run("query", f"{path}.no", code=1).stderr
