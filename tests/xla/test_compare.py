"""sc.compare on models: both figures are right, and every difference is accounted for."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import symcost as sc
from symcost.conventions import convention
from symcost.dims import declarations, forget
from symcost.errors import ArgumentError, ConventionError, DomainError, MissingSizeError
from symcost.rules import load
from symcost.rules.registry import hlo
from symcost.xla.causes import UNEXPLAINED
from symcost.xla.lineup import line_up
from symcost.xla.listing import Reader, list_hlo, list_jaxpr
from symcost.zoo import catalog
from tests.hlo.programs import PROGRAMS
from tests.public_models import PUBLIC_MODELS
from tests.xla.check import assert_adds_up, assert_explained, assert_figures

MODELS = ["mlp", "cnn", "lstm", "gcn-sparse", "gat", "transformer-block"]
BEFORE, AFTER = "before optimisation", "after optimisation"


@pytest.mark.parametrize("gradient", [False, True], ids=["forward", "gradient"])
@pytest.mark.parametrize("name", MODELS)
def test_every_difference_of_a_model_is_explained(name, gradient, rng):
    entry = catalog.get(name)
    fn, args = entry.instance(entry.sample(rng), gradient)
    found = sc.compare(sc.trace(fn, *args))
    assert_figures(found, fn, args)
    assert_explained(found)


PIECES = [
    "nested scans, gradient",
    "cond in scan, gradient",
    "switch with four branches",
    "cond inside cond",
    "while with a tuple",
    "hessian",
    "scan of remat, gradient",
    "nested jits, shared",
    "conv dilated, gradient",
    "conv batch groups",
    "max pool SAME, gradient",
    "average pool, gradient",
    "cumlogsumexp",
    "top_k",
    "histogram",
    "take fill",
    "x.at[i].min",
    "int8 product",
    "bfloat16 attention, gradient",
    "fft, gradient",
    "complex functions",
    "special functions",
    "polynomials",
    "linear algebra",
    "svd, eigh, qr",
    "normal",
    "layer of sizes 1 1 1, gradient",
    "layer of sizes 0 4 5, gradient",
    "layer of sizes 3 0 5",
]


@pytest.mark.parametrize("name", PIECES)
def test_every_difference_of_a_program_is_explained(name):
    fn, args = PROGRAMS[name]
    cost = sc.trace(fn, *args)
    unsaid = {f"{u.symbol}{suffix}": 3 for u in cost.unknown for suffix in ("", "_transcendentals")}
    assert_explained(sc.compare(cost, at=unsaid))


@pytest.mark.parametrize("name", ["haiku-lstm", "haiku-vector-quantizer", "flaxmodels-gpt2"])
def test_every_difference_of_a_public_model_is_explained(name, rng):
    model = PUBLIC_MODELS[name]
    fn, args = model.build_gradient(**model.sample(rng))
    assert_explained(sc.compare(sc.trace(fn, *args)))


def test_a_formula_is_compared_at_several_sizes():
    cost = catalog.get("gcn-sparse").trace()
    points = [{"N": 5, "M": 7, "F": 3, "H": 8, "C": 2}, {"N": 16, "M": 2, "F": 11, "H": 1, "C": 7}]
    found = sc.compare(cost, targets=["cpu"], at=points)
    assert_explained(found)
    assert [row.sizes for row in found][:: len(found) // 2] == points
    assert [row.formula for row in found if row.quantity == "flops" and row.stage == BEFORE] == [
        cost.at(**point).flops for point in points
    ]
    xla = cost.under("xla")
    assert [row.xla for row in found if row.quantity == "flops" and row.stage == BEFORE] == [
        xla.at(**point).flops for point in points
    ]


def test_a_formula_under_xla_is_what_xla_says():
    cost = catalog.get("mlp").trace().under("xla")
    found = sc.compare(cost, at={"B": 3, "F": 4, "H": 5, "C": 6})
    assert_adds_up(found)
    for row in found:
        assert row.stage == AFTER or (row.formula == row.xla and row.causes == ())


# -- that nothing is explained away ---------------------------------------------------------------------
def listings(name, quantity="flops"):
    """Both lists of a model's gradient, lined up without anything unexplained."""
    load()
    entry = catalog.get(name)
    fn, args = entry.build_gradient(**{dim.name: dim.small[1] for dim in entry.dims})
    analysis = sc.trace(fn, *args).analysis
    theirs = list_hlo(analysis.program("hlo", {}), Reader(quantity, hlo))
    reader = Reader(quantity, convention("algorithm").registry)
    ours = list_jaxpr(analysis.program("jaxpr", {}), reader, theirs.branches)
    assert UNEXPLAINED not in line_up(ours.entries, theirs.entries, quantity).amounts
    return ours.entries, theirs.entries


@pytest.mark.parametrize("primitive", ["dot_general", "add", "mul", "reduce_sum", "scatter-add", "exp"])
def test_a_rule_that_counts_wrongly_is_not_explained(primitive):
    quantity = "transcendentals" if primitive == "exp" else "flops"
    ours, theirs = listings("gat", quantity)
    wrong = next(e for e in ours if e.primitive == primitive and e.amount)
    wrong.amount += 5
    found = line_up(ours, theirs, quantity).amounts[UNEXPLAINED]
    assert found == {primitive: -5}


def test_a_wrong_count_of_a_convolution_is_not_taken_for_padding():
    ours, theirs = listings("cnn")
    wrong = next(e for e in ours if e.primitive == "conv_general_dilated")
    wrong.amount += 2
    assert set(line_up(ours, theirs, "flops").amounts[UNEXPLAINED]) == {"conv_general_dilated"}


@pytest.mark.parametrize(("model", "primitive"), [("mlp", "dot_general"), ("mlp", "add"), ("gat", "div")])
def test_an_operation_without_instruction_is_not_explained(model, primitive):
    ours, theirs = listings(model)
    lost = next(e for e in theirs if e.primitive == primitive and e.amount > 1)
    found = line_up(ours, [e for e in theirs if e is not lost], "flops").amounts[UNEXPLAINED]
    assert sum(found.values()) == -lost.amount


@pytest.mark.parametrize("primitive", ["dot_general", "add", "mul"])
def test_an_instruction_without_operation_is_not_explained(primitive):
    ours, theirs = listings("mlp")
    lost = next(e for e in ours if e.primitive == primitive and not e.dropped)
    found = line_up([e for e in ours if e is not lost], theirs, "flops").amounts[UNEXPLAINED]
    assert found == {primitive: lost.amount}


def test_a_formula_that_is_wrong_is_not_explained(monkeypatch):
    cost = catalog.get("mlp").trace()
    real = type(cost).value
    monkeypatch.setattr(type(cost), "value", lambda self, q, sizes: real(self, q, sizes) + (q == "flops"))
    row = sc.compare(cost, at={"B": 3, "F": 4, "H": 5, "C": 6}).row("flops")
    assert row.unexplained == -1
    assert row.causes[-1].parts == (("the formula", -1),)


def test_a_rule_for_hlo_that_is_wrong_is_not_explained(monkeypatch):
    monkeypatch.setitem(hlo._rules, "negate", lambda op: sc.Cost(flops=2 * op.output.size))
    cost = sc.trace(lambda x: -x, sc.array((5,)))
    row = sc.compare(cost, quantities="flops").row("flops")
    # the pair differs by 5, and so do the instructions from what XLA reports
    assert dict(row.causes[-1].parts) == {"neg": 5, "XLA's rules": -5}


# -- after optimisation ---------------------------------------------------------------------------------
def test_fusions_save_the_bytes_of_what_stays_inside():
    n = 1000
    row = sc.compare(sc.trace(lambda x: jnp.sin(-jnp.exp(x)), sc.array((n,)))).row("bytes_accessed", AFTER)
    assert row.formula == 3 * 2 * 4 * n
    assert row.xla == 2 * 4 * n
    assert [(c.kind, c.amount) for c in row.causes] == [("fusion", -2 * 2 * 4 * n)]


def test_equal_and_dead_work_that_xla_removes():
    found = sc.compare(sc.trace(lambda x: jnp.sin(x) + jnp.sin(x) * jnp.cos(x), sc.array((50,))))
    row = found.row("transcendentals", AFTER)
    assert (row.formula, row.xla) == (150, 100)
    assert [(c.kind, c.parts) for c in row.causes] == [("gone", (("sin", -50),))]


def test_work_that_xla_replaces():
    found = sc.compare(sc.trace(jnp.cumsum, sc.array((64,))), quantities="flops")
    before, after = found.row("flops"), found.row("flops", AFTER)
    assert before.xla == 64 * 63
    assert after.xla < before.xla
    kinds = {c.kind: c.amount for c in after.causes}
    assert kinds["before"] == before.difference
    assert_explained(found)


# -- the public face --------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def comparison():
    with declarations():
        cost = sc.trace(lambda x, w: jax.nn.sigmoid(x @ w), sc.array("3 F"), sc.array("F H"))
        return sc.compare(cost, at=[{"F": 4, "H": 5}, {"F": 6, "H": 2}])


def test_rows_have_both_figures_and_their_ratio(comparison):
    assert len(comparison) == 2 * 2 * 3
    row = comparison.row("flops", F=6)
    assert (row.sizes, row.target, row.stage, row.quantity) == ({"F": 6, "H": 2}, "cpu", BEFORE, "flops")
    assert (row.formula, row.xla, row.difference) == (72, 72 + 18, 18)
    assert row.ratio == 90 / 72
    assert row.unexplained == 0
    (cause,) = row.causes
    assert str(cause) == "+18 primitives that JAX lowers to other operations: logistic"


def test_a_ratio_to_zero_is_none():
    row = sc.compare(sc.trace(lambda x: x + 1, sc.array((5,), "int32")), quantities="flops").row("flops")
    assert (row.formula, row.xla, row.ratio) == (0, 5, None)


def test_rows_that_are_not_there(comparison):
    with pytest.raises(ArgumentError, match="no row for macs before optimisation"):
        comparison.row("macs")
    with pytest.raises(ArgumentError):
        comparison.row("flops", F=5)


def test_plain_data_survives_json(comparison):
    plain = json.loads(json.dumps(comparison.as_dict()))
    assert plain == comparison.as_dict()
    assert plain["rows"] == comparison.to_dicts()
    first = plain["rows"][0]
    assert first["reasons"] == [
        {
            "kind": "lowering",
            "reason": "primitives that JAX lowers to other operations",
            "amount": 45,
            "parts": {"logistic": 45},
        }
    ]
    assert (first["formula"], first["xla"], first["ratio"], first["unexplained"]) == (120, 165, 1.375, 0)


def test_the_report_leads_from_the_formula_to_xla(comparison):
    report = comparison.report()
    figures, estimates, flops, *_ = report.tables
    assert [row[1] for row in estimates.rows] == ["fused_bytes", "peak_memory"] * 2
    assert report.points == ({"F": 4, "H": 5}, {"F": 6, "H": 2})
    assert figures.rows[0][:5] == ("(1)", "flops", "before", 120, 165)
    assert flops.title == "flops, before optimisation"
    assert flops.rows == (
        ("the formula", 120, 72),
        ("primitives that JAX lowers to other operations: logistic", 45, 18),
        ("unexplained", 0, 0),
    )
    assert flops.total == ("XLA", 165, 90)
    for table in report.tables[2:]:
        for column in range(1, 3):
            assert sum(row[column] for row in table.rows) == table.total[column]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_text_fits_the_terminal(comparison, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = str(comparison).splitlines()
    assert lines[0] == "<lambda>: the formula and XLA"
    assert max(map(len, lines)) <= width
    words = " ".join(" ".join(lines).split())
    assert "primitives that JAX lowers to other operations" in words


def test_progress_is_told():
    lines = []
    sc.compare(sc.trace(lambda x: x + 1.0, sc.array((5,))), progress=lines.append)
    assert lines == ["compiling for cpu"]


# -- bad input ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def cost():
    with declarations():
        forget()
        return sc.trace(lambda x, w: x @ w, sc.array("N F"), sc.array("F 4"))


def test_no_sizes(cost):
    with pytest.raises(MissingSizeError) as error:
        sc.compare(cost)
    assert error.value.todo == "at=[dict(N=8, F=8)]"


def test_a_size_is_missing_or_outside(cost):
    with pytest.raises(MissingSizeError, match="F"):
        sc.compare(cost, at={"N": 3})
    with pytest.raises(DomainError):
        sc.compare(cost, at=[{"N": 3, "F": 0}])


def test_a_quantity_that_xla_does_not_count(cost):
    with pytest.raises(ConventionError) as error:
        sc.compare(cost, at={"N": 3, "F": 2}, quantities=("flops", "macs"))
    assert error.value.what == "XLA does not count 'macs'"
    assert error.value.todo == "one of flops, transcendentals, bytes_accessed, fused_bytes, peak_memory"


def test_a_convention_that_leaves_things_out(cost):
    with pytest.raises(ConventionError, match="leaves out what XLA counts"):
        sc.compare(cost.under("darknet"), at={"N": 3, "F": 2})


def test_a_cost_without_program(cost):
    with pytest.raises(ConventionError) as error:
        sc.compare(cost + cost, at={"N": 3, "F": 2})
    assert error.value.what.endswith("has no program that XLA could compile")


def test_sizes_that_are_no_integers(cost):
    with pytest.raises(DomainError):
        sc.compare(cost, at={"N": 2.5, "F": 2})
    with pytest.raises(DomainError):
        sc.compare(cost, at={"N": True, "F": 2})
    assert sc.compare(cost, at={"N": np.int64(2), "F": 3}, quantities="flops").row("flops").formula == 48


def test_what_xla_leaves_out_is_put_back():
    def fn(x, w):
        return jax.lax.scan(lambda c, _: (jnp.tanh(c @ w), None), x, length=7)[0]

    cost = sc.trace(fn, sc.array("N F"), sc.array("F F"))
    for row in sc.compare(cost, at={"N": 3, "F": 5}, quantities=("flops", "transcendentals")):
        loops = sum(cause.amount for cause in row.causes if cause.kind == "loop")
        if row.stage == BEFORE:
            assert row.xla < row.formula == row.xla - row.difference
            assert row.restored == row.xla - loops
        # all of the body, seven times; what remains is the loop's counter, and a conversion or two
        assert row.formula <= row.restored <= row.formula + 10
        assert row.as_dict()["restored"] == row.restored
    plain = sc.compare(sc.trace(lambda x: x + 1.0, sc.array("N")), at={"N": 3}, quantities="flops")
    assert all(row.restored == row.xla == 3 for row in plain)
    assert "put back" not in str(plain)
