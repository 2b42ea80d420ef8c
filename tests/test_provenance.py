"""Where costs come from: rows by line, terms explained, sources annotated."""

from __future__ import annotations

import inspect
import io
import json
import re

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx

import symcost as sc
from symcost import zoo
from symcost.dims import declarations, forget
from symcost.errors import ArgumentError, ConventionError, DimensionError, MissingSizeError
from symcost.lines import Place, short_lines, short_names
from symcost.polynomial import terms_of, total
from symcost.report.annotated import listing, plain, to_text

ADDED = ("flops", "transcendentals", "int_ops", "macs", "bytes_accessed")


class Block(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(self.width)(x))
        return jax.nn.silu(x) * shared(x)


class Net(nn.Module):
    width: int
    layers: int

    @nn.compact
    def __call__(self, x):
        for _ in range(self.layers):
            x = Block(self.width)(x)
        twice = jax.nn.relu(x)
        return jax.nn.relu(twice + x)


@jax.jit
def shared(x):
    return x * 2.0


class Cell(nnx.Module):
    def __init__(self, width, rngs):
        self.linear = nnx.Linear(width, width, rngs=rngs)

    def __call__(self, x):
        return jnp.tanh(
            self.linear(x),
        )


def branching(flag, x):
    return jax.lax.cond(flag, lambda y: y * 2.0, lambda y: y @ y, x)


def halves(x):
    if x.shape[0] > 64:
        return x * 2.0
    return x * 3.0


def looping(x):
    def body(carry, row):
        carry = carry + row
        return jax.nn.relu(carry), jnp.exp(row)

    return jax.lax.scan(body, x[0], x)


def line(function, text):
    """Number of the first line of a function's source with `text` in it."""
    lines, start = inspect.getsourcelines(function)
    return start + next(i for i, source in enumerate(lines) if text in source)


def by_number(cost, quantity):
    found = {}
    for row in cost.by_line().ledger.rows:
        if row[quantity] != 0 and not row.key.branch:
            place = Place.parse(row.key.line)
            assert place.file == __file__
            found[place.number] = str(cost.expression(row[quantity]))
    return found


def assert_lines_add_up(cost):
    rows = [row for row in cost.by_line().ledger.rows if not row.key.branch]
    for quantity in ADDED:
        assert total(row[quantity] for row in rows) == cost.size(quantity), quantity


@pytest.fixture(scope="module", autouse=True)
def _symbols():
    """Formulas print symbols in the order in which they were declared: here, and not in another test."""
    with declarations():
        forget()
        yield


@pytest.fixture(scope="module")
def net():
    return sc.trace(sc.build(Net, width=sc.dims("F")[0], layers=sc.dims("L")[0]), sc.array("B F"))


@pytest.fixture(scope="module")
def gcn():
    return zoo.get("gcn-sparse").trace()


@pytest.fixture(scope="module")
def step():
    return zoo.get("mlp").trace_training()


# -- lines --------------------------------------------------------------------------------------


def test_what_libraries_do_belongs_to_the_line_that_called_them(net):
    assert by_number(net, "flops") == {
        line(Block, "nn.relu(nn.Dense"): "2*B*F**2*L + 2*B*F*L",
        line(Block, "jax.nn.silu"): "2*B*F*L",
        # a function that is jitted is traced once and called from many lines: these are its own
        line(shared.__wrapped__, "return"): "B*F*L",
        line(Net, "twice = "): "B*F",
        line(Net, "twice + x"): "2*B*F",
    }
    assert by_number(net, "transcendentals") == {line(Block, "jax.nn.silu"): "B*F*L"}
    assert_lines_add_up(net)


def test_nnx_modules_and_statements_of_several_lines():
    cost = sc.trace(sc.build(lambda width: Cell(width, nnx.Rngs(0)), width=sc.dims("F")[0]), sc.array("B F"))
    assert by_number(cost, "macs") == {line(Cell, "self.linear(x)"): "B*F**2"}
    assert by_number(cost, "transcendentals") == {line(Cell, "jnp.tanh"): "B*F"}
    assert_lines_add_up(cost)


def test_bodies_of_loops_and_branches_have_lines_of_their_own():
    cost = sc.trace(looping, sc.array("T F"))
    assert by_number(cost, "flops") == {line(looping, "carry + row"): "F*T", line(looping, "jax.nn.relu"): "F*T"}
    assert by_number(cost, "transcendentals") == {line(looping, "jax.nn.relu"): "F*T"}
    cost = sc.trace(branching, sc.array("", "bool"), sc.array("N N"))
    assert by_number(cost, "flops") == {line(branching, "cond"): "2*N**3"}
    tagged = [row for row in cost.by_line().ledger.rows if row.key.branch]
    assert {(row.key.branch, str(cost.expression(row["flops"]))) for row in tagged if row["flops"] != 0} == {
        ("cond_0[0]", "2*N**3"),
        ("cond_0[1]", "N**2"),
    }
    assert_lines_add_up(cost)


def test_lines_are_those_that_run_at_the_sizes():
    """Both sides of the test do the same, so that the formula of the whole says nothing about it."""
    cost = sc.trace(halves, sc.array("N"))
    assert cost.text("flops") == "N"
    assert_lines_add_up(cost)
    for size in (3, 64, 65, 1000):
        (runs,) = [x for x in cost.annotate(N=size).files[0].lines if x.value]
        assert runs.number == line(halves, "2.0" if size > 64 else "3.0")
        assert runs.value == size
    found = cost.explain("N")
    assert found.coefficient == 1
    assert [(s.condition, s.coefficient, len(s.contributions)) for s in found.special] == [("[N <= 64]", 0, 2)]


def test_every_second_layer_has_a_line_of_its_own():
    def layers(depth):
        def call(x):
            for i in range(depth):
                if i % 2:
                    x = x + x
                else:
                    x = jnp.tanh(x)
            return x

        return call

    cost = sc.trace(sc.build(layers, depth=sc.dims("L")[0]), sc.array("B"))
    start = inspect.getsourcelines(layers)[1]
    assert by_number(cost, "flops").keys() == {start + 4}
    assert by_number(cost, "transcendentals").keys() == {start + 6}
    assert_lines_add_up(cost)


def test_the_backward_pass_belongs_to_the_lines_of_the_forward_pass():
    def loss(w, x):
        y = x @ w
        return jnp.sum(y * y)

    cost = sc.trace(jax.grad(loss), sc.array("F H"), sc.array("B F"))
    start = inspect.getsourcelines(loss)[1]
    found = by_number(cost, "macs")
    assert found == {start + 1: "2*B*F*H"}
    assert_lines_add_up(cost)


@pytest.mark.parametrize("name", ["mlp", "cnn-batchnorm", "gcn-dense", "gat", "transformer-block", "lstm"])
def test_lines_add_up_to_the_formulas_of_the_zoo(name):
    cost = zoo.get(name).trace()
    assert_lines_add_up(cost)
    files = {Place.parse(row.key.line).file for row in cost.by_line()}
    assert all("/zoo/" in file for file in files)


def test_lines_add_up_in_a_training_step(step):
    assert_lines_add_up(step)


def test_lines_of_derived_costs(net, gcn):
    assert_lines_add_up(net.subs(F="4*B"))
    assert_lines_add_up(net + net)
    assert_lines_add_up(gcn - gcn.subs(M=1))
    assert_lines_add_up(3 * gcn)
    assert_lines_add_up(gcn.phase("forward"))


def test_conventions_count_lines_as_well(gcn):
    macs = gcn.under("macs")
    assert total(row["macs"] for row in macs.by_line().ledger.rows) == macs.size("macs")
    fvcore = gcn.under("fvcore")
    assert total(row["flops"] for row in fvcore.by_line().ledger.rows) == fvcore.size("flops")
    with pytest.raises(ConventionError, match="not told apart under the convention 'xla'"):
        gcn.under("xla").by_line()


def test_files_do_not_hold_lines(gcn, tmp_path):
    gcn.save(tmp_path / "gcn.json")
    loaded = sc.load(tmp_path / "gcn.json")
    for ask in (loaded.by_line, loaded.annotate):
        with pytest.raises(ConventionError, match="does not tell lines of code apart") as error:
            ask()
        assert 'cost.by("scope", "primitive")' in str(error.value)
    found = loaded.explain("M*H")
    assert not found.lines
    assert found.coefficient == 2
    assert {c.line for c in found.contributions} == {""}
    assert "does not tell lines of code apart" in str(found)


def test_a_table_by_line_has_short_names(net):
    text = str(net.by_line())
    assert f"test_provenance.py:{line(Net, 'twice = ')} (Net.__call__)" in text
    assert __file__ not in text
    table = net.by_line()
    (key,) = {row.key.line for row in table if str(line(Net, "twice = ")) in row.key.line}
    assert net.expression(table[key]["flops"]) == net.expression(table.ledger.rows[-2]["flops"])


def test_names_of_files():
    assert short_names(["/a/x.py", "/b/x.py", "<stdin>", "/b/y.py"]) == {
        "/a/x.py": "a/x.py", "/b/x.py": "b/x.py", "<stdin>": "<stdin>", "/b/y.py": "y.py"
    }  # fmt: skip
    assert short_lines(["C:\\net\\x.py:3 (f)", "", "?"]) == {
        "C:\\net\\x.py:3 (f)": "x.py:3 (f)", "": "(no line of code)", "?": "?"
    }  # fmt: skip
    assert Place.parse("<doctest a.b[1]>:2 (<lambda>)") == Place("<doctest a.b[1]>", 2, "<lambda>")


# -- terms --------------------------------------------------------------------------------------


def assert_explains_every_term(cost, quantity):
    for monomial, c in terms_of(cost.size(quantity)).items():
        if any(atom.kind == "indicator" for atom, _ in monomial):
            continue
        size = total([1]) if not monomial else None
        term = cost.expression(type(cost.size(quantity))({monomial: 1})) if size is None else "1"
        found = cost.explain(term, quantity)
        assert found.coefficient == c
        assert sum(x.coefficient for x in found.contributions) == c
        for special in found.special:
            assert sum(x.coefficient for x in special.contributions) == special.coefficient


def test_contributions_add_up_to_the_coefficient(net, gcn):
    for quantity in (*ADDED, "params", "fused_bytes"):
        assert_explains_every_term(gcn, quantity)
    for quantity in ("flops", "bytes_accessed"):
        assert_explains_every_term(net, quantity)
    assert_explains_every_term(gcn.under("xla"), "flops")


def test_a_term_by_hand(gcn):
    found = gcn.explain("M*H")
    assert [(c.scope, c.primitive, c.coefficient) for c in found.contributions] == [
        ("SparseGCN/SparseGraphConvolution_0", "mul", 1),
        ("SparseGCN/SparseGraphConvolution_0", "scatter-add", 1),
    ]
    assert all(Place.parse(c.line).function == "SparseGraphConvolution.__call__" for c in found.contributions)
    text = str(found)
    assert text.startswith("2*M*H in the flops of gcn-sparse")
    assert "gcn.py:26" in text
    assert max(map(len, text.splitlines())) <= 80
    m, h = sc.dims("M H")
    assert str(gcn.explain(h * m)) == str(gcn.explain("7*H*M")) == text  # a coefficient is not looked at


def test_what_cancels_and_what_is_special_is_shown():
    cost = sc.trace(lambda x, y: x.sum(0) + y, sc.array("N F"), sc.array("F"))  # (N - 1)*F + F
    assert cost.text("flops") == "N*F"
    found = cost.explain("F")
    assert found.coefficient == 0
    assert {c.primitive: c.coefficient for c in found.contributions} == {"reduce_sum": -1, "add": 1}
    assert "cancel" in str(found)
    constant = sc.trace(lambda x: x.sum(), sc.array("N")).explain(1)
    assert constant.coefficient == -1
    assert str(constant).startswith("-1 in the flops")


def test_corrections_at_special_sizes_are_named_apart(step):
    assert "[B = 1]" in step.text("bytes_accessed")
    found = step.explain("H", "bytes_accessed")
    (special,) = found.special
    assert special.condition == "[B = 1]"
    whole = terms_of(step.size("bytes_accessed"))
    assert special.coefficient == sum(x.coefficient for x in special.contributions)
    assert found.coefficient + special.coefficient == sum(
        c for m, c in whole.items() if [(a.name, e) for a, e in m if a.kind == "symbol"] == [("H", 1)]
    )
    assert "only where B = 1" in str(found)
    assert_explains_every_term(step, "bytes_accessed")


@pytest.mark.parametrize(
    ("term", "quantity", "error", "said"),
    [
        ("N*M", "flops", ArgumentError, "flops has no term N*M"),
        ("N*F*H*C", "flops", ArgumentError, 'cost.explain("N*F*H")'),
        ("N + M", "flops", ArgumentError, "a sum of 2, not one term"),
        ("", "flops", ArgumentError, "not one term"),
        ("0", "flops", ArgumentError, "not one term"),
        ("Q", "flops", DimensionError, "unknown symbol 'Q'"),
        ("m*H", "flops", DimensionError, "did you mean M"),
        ("M*H", "peak_memory", ArgumentError, "the largest of many sizes"),
        ("M*H", "collective_bytes", ArgumentError, "collective_bytes is 0"),
        ("M*H", "speed", ConventionError, "speed"),
        ("M**", "flops", DimensionError, "a name or a number is expected"),
        ("M/H", "flops", DimensionError, "denominator"),
        (True, "flops", ArgumentError, "no term"),
        (None, "flops", ArgumentError, "no term"),
        (0.5, "flops", ArgumentError, "no term"),
    ],
)
def test_wrong_terms_are_refused(gcn, term, quantity, error, said):
    with pytest.raises(error) as caught:
        gcn.explain(term, quantity)
    assert said in str(caught.value), caught.value


# -- sources ------------------------------------------------------------------------------------


def test_the_source_is_printed_with_formulas_and_shares(net):
    found = net.annotate("flops", B=8, F=16, L=3)
    (file,) = found.files
    shown = {each.number: each for each in file.lines}
    dense = shown[line(Block, "nn.relu(nn.Dense")]
    assert dense.text.strip() == "x = nn.relu(nn.Dense(self.width)(x))"
    assert dense.value == 2 * 8 * 16 * 16 * 3 + 2 * 8 * 16 * 3
    assert dense.share == dense.value / net.at(B=8, F=16, L=3).flops
    assert sum(each.share for each in file.lines) + found.elsewhere.share == pytest.approx(1)
    assert found.total.value == net.at(B=8, F=16, L=3).flops
    numbers = [each.number for each in file.lines]
    assert numbers == sorted({*numbers})
    assert line(Net, "class Net") in shown  # heads of classes, and functions as a whole
    assert line(Net, "for _ in") in shown
    assert line(Cell, "class Cell") not in shown
    assert line(Net, "width: int") not in shown


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_listings_fit(net, width):
    for found in (net.annotate("bytes_accessed"), net.annotate("flops", B=8, F=16, L=3)):
        text = to_text(found, width)
        assert max(map(len, text.splitlines())) <= width
        lines = text.splitlines()
        if width == 200:  # beside the code
            assert any("nn.relu(nn.Dense" in each and "*L" in each for each in lines)
        assert any(each.startswith("total") for each in lines)


def test_a_listing_in_colours(net):
    from rich.console import Console

    console = Console(width=100, force_terminal=True, color_system="standard", file=io.StringIO())
    console.print(listing(net.annotate(), 100, color=True))
    text = console.file.getvalue()
    assert "\x1b[" in text
    assert re.sub("\x1b\\[[0-9;]*m", "", text).split() == to_text(net.annotate(), 100).split()
    assert to_text(net.annotate(), 100).splitlines()[-1].split() == ["total", "FLOPs", *net.text("flops").split()]


def test_branches_are_listed_and_not_added_up():
    cost = sc.trace(branching, sc.array("", "bool"), sc.array("N N"))
    text = to_text(cost.annotate(N=4), 100)
    assert "cond_0[1]: N**2" in text
    assert "only that is part of the total" in text
    assert cost.annotate(N=4).total.value == 2 * 4**3


def test_lambdas_and_code_without_a_file():
    double = eval(compile("lambda x: x * 2.0", "<typed in>", "eval"))
    cost = sc.trace(double, sc.array("N"))
    (file,) = cost.annotate().files
    assert [(each.number, each.text, str(each.size)) for each in file.lines] == [(1, "", "N")]
    cost = sc.trace(lambda x: x * 2.0, sc.array("N"))
    (file,) = cost.annotate().files
    assert any("lambda x: x * 2.0" in each.text for each in file.lines)


def test_a_library_called_directly_is_shown_itself():
    cost = sc.trace(nn.Dense(sc.dims("H")[0]), sc.array("B F"))
    (file,) = cost.annotate().files
    assert file.name == "linear.py"
    assert_lines_add_up(cost)
    cost = sc.trace(jnp.matmul, sc.array("N F"), sc.array("F H"))
    found = cost.annotate(N=2, F=3, H=4)
    assert found.files == ()
    assert found.elsewhere.value == 48
    assert "(no line of code)" in str(found)


def test_a_program_without_symbols_has_shares():
    found = sc.trace(lambda x: jnp.tanh(x) * 2.0, sc.array((3, 4))).annotate()
    assert found.total.share == 1.0
    assert "100.0%" in str(found)


def test_unknown_costs_stay_formulas():
    def loop(x):
        return jax.lax.while_loop(lambda c: (c < 3.0).all(), lambda c: c * 2.0, x)

    found = sc.trace(loop, sc.array("N")).annotate(N=4)
    assert found.total.value is None
    assert "trips_" in str(found)
    assert "?" in str(found)


def test_plain_annotations(net):
    found = plain(net.annotate("flops", B=8, F=16, L=3))
    assert json.loads(json.dumps(found)) == found
    assert found["at"] == {"B": 8, "F": 16, "L": 3}
    assert sum(each["value"] for each in found["lines"]) == found["total"]["value"]
    assert {each["file"] for each in found["lines"]} == {__file__}
    assert "at" not in plain(net.annotate())


def test_wrong_annotations_are_refused(net, gcn):
    for quantity in ("params", "peak_memory", "fused_bytes"):
        with pytest.raises(ArgumentError, match="belongs to no line of code"):
            net.annotate(quantity)
    with pytest.raises(ArgumentError, match="there is no quantity 'flop'"):
        net.annotate("flop")
    with pytest.raises(MissingSizeError):
        net.annotate("flops", B=3)
    with pytest.raises(ConventionError, match="xla"):
        gcn.under("xla").annotate("flops")
    with pytest.raises(ConventionError):
        gcn.under("macs").annotate("flops")
