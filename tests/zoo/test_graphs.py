"""Graph networks: the two forms compute the same, cost what was counted by hand, and meet XLA at sizes never traced."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import symcost as sc
from symcost import zoo
from symcost.errors import ArgumentError
from symcost.zoo import edge_edits, gcn_nnx
from tests.exactness import assert_exact

FORMS = [
    ("gcn-sparse", "gcn-dense"),
    ("sage-sparse", "sage-dense"),
    ("gat", "gat-dense"),
    ("gin-sparse", "gin-dense"),
    ("mpnn-sparse", "mpnn-dense"),
    ("graphnet-sparse", "graphnet-dense"),
]
"""Every network over edges and over an adjacency matrix."""

NEW = [name for name in zoo.names("graphs") if not name.endswith("-batch")]
PLAIN_PRODUCTS = ("sage-dense", "gin-dense", "mpnn-dense", "gcn-learned-dense")
"""Matrix products and little else, counted by hand; compared with programs and XLA by the long tests alone."""

BATCHES = [name for name in zoo.names("graphs") if name.endswith("-batch")]
LEARNED = [name for name in NEW if not name.startswith("edge-")]


@functools.cache
def forward(name: str):
    return zoo.get(name).trace()


# -- as models ---------------------------------------------------------------------------


class Graph:
    """A random graph without self loops or double edges, as the arguments of any of the networks."""

    def __init__(self, rng: np.random.Generator, nodes: int, edges: int, features: int):
        pairs = [(r, s) for r in range(nodes) for s in range(nodes) if s != r]
        chosen = [pairs[i] for i in rng.choice(len(pairs), size=edges, replace=False)]
        self.receivers, self.senders = np.array(chosen, "int32").T
        self.x = self.drawn(rng, nodes, features)
        self.adjacency = np.zeros((nodes, nodes), "float32")
        self.adjacency[self.receivers, self.senders] = 1
        self.edges, self.graph = self.drawn(rng, edges, 3), self.drawn(rng, 2)
        self.pairs = self.drawn(rng, nodes, nodes, 3)  # features of pairs that are no edges must not matter
        self.pairs[self.receivers, self.senders] = self.edges

    def drawn(self, rng: np.random.Generator, *shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype("float32")

    def arguments(self, name: str) -> tuple[np.ndarray, ...]:
        sparse = "dense" not in name
        form = (self.senders, self.receivers) if sparse else (self.adjacency,)
        if name.startswith("mpnn"):
            return self.x, self.edges if sparse else self.pairs, *form
        if name.startswith("graphnet"):
            return self.x, self.edges if sparse else self.pairs, self.graph, *form
        return self.x, *form


SIZES = {"N": 9, "M": 20, "F": 5, "H": 4, "C": 3, "K": 2, "E": 3, "U": 2, "T": 3, "S": 4}


def model(name: str) -> Any:
    entry = zoo.get(name)
    return entry.at({dim.name: SIZES[dim.name] for dim in entry.dims}).module


def drawn_parameters(name: str, rng: np.random.Generator, *arrays: np.ndarray) -> Any:
    """Random parameters, also those that begin as zeros or ones."""
    shapes = jax.eval_shape(model(name).init, jax.random.key(0), *arrays)["params"]
    return jax.tree.map(lambda leaf: 0.5 * rng.normal(size=leaf.shape).astype("float32"), shapes)


def output(name: str, params: Any, *arrays: np.ndarray) -> np.ndarray:
    return np.asarray(jax.jit(model(name).apply)({"params": params}, *arrays))


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(("sparse", "dense"), FORMS[1:], ids=[a for a, _ in FORMS[1:]])
def test_both_forms_agree_on_one_graph(sparse, dense, rng):
    graph = Graph(rng, 9, 20, 5)
    params = drawn_parameters(sparse, rng, *graph.arguments(sparse))
    expected = output(sparse, params, *graph.arguments(sparse))
    if dense == "gat-dense":
        params = {name.replace("GraphAttention", "DenseGraphAttention"): leaf for name, leaf in params.items()}
    assert_close(output(dense, params, *graph.arguments(dense)), expected)


def test_bcoo_and_learned_weights_compute_graph_convolutions(rng):
    graph = Graph(rng, 9, 20, 5)
    params = drawn_parameters("gcn-dense", rng, *graph.arguments("gcn-dense"))
    places = np.stack([graph.receivers, graph.senders], axis=1)
    assert_close(
        output("gcn-bcoo", params, graph.x, places), output("gcn-dense", params, *graph.arguments("gcn-dense"))
    )
    # the dense form's learned matrix, read at the edges, is the sparse form's learned list
    matrix = rng.normal(size=(9, 9)).astype("float32")
    listed = {
        "edge_weights": matrix[graph.receivers, graph.senders],
        "SparseGraphConvolution_0": {"Dense_0": params["Dense_0"], "bias": params["bias_hidden"]},
        "SparseGraphConvolution_1": {"Dense_0": params["Dense_1"], "bias": params["bias_classes"]},
    }
    assert_close(
        output("gcn-learned-sparse", listed, *graph.arguments("gcn-sparse")),
        output("gcn-learned-dense", {**params, "edge_weights": matrix}, *graph.arguments("gcn-dense")),
    )


def test_sampling_is_the_mean_over_edges_from_the_sampled(rng):
    nodes, degree = 9, 4
    x = Graph(rng, nodes, 20, 5).x
    neighbours = np.stack([rng.choice(nodes, size=degree, replace=False) for _ in range(nodes)]).astype("int32")
    receivers = np.repeat(np.arange(nodes, dtype="int32"), degree)
    params = drawn_parameters("sage-sampled", rng, x, neighbours)
    assert_close(
        output("sage-sampled", params, x, neighbours), output("sage-sparse", params, x, neighbours.ravel(), receivers)
    )


def test_a_batch_is_its_graphs_one_by_one(rng):
    arguments = [Graph(rng, 9, 20, 5).arguments("gin-sparse") for _ in range(3)]
    sizes = {dim.name: SIZES[dim.name] for dim in zoo.get("gin-sparse").dims}
    module = zoo.get("gin-sparse-batch").at({"B": 3, **sizes}).module
    params = drawn_parameters("gin-sparse", rng, *arguments[0])
    stacked = [np.stack(arrays) for arrays in zip(*arguments, strict=True)]
    found = jax.jit(module.apply)({"params": {"network": params}}, *stacked)
    for batched, one in zip(found, arguments, strict=True):
        assert_close(batched, output("gin-sparse", params, *one))


def test_edits_of_a_list_are_edits_of_the_matrix(rng):
    graph = Graph(rng, 9, 20, 5)
    weights = rng.normal(size=20).astype("float32")
    edges = [jnp.asarray(array) for array in (graph.receivers, graph.senders, weights)]
    before = np.zeros((9, 9), "float32")
    before[graph.receivers, graph.senders] = weights

    def matrix(receivers: Any, senders: Any, weights: Any) -> np.ndarray:
        found = np.zeros((9, 9), "float32")
        np.add.at(found, (np.asarray(receivers), np.asarray(senders)), np.asarray(weights))
        return found

    def written(r: int, s: int, weight: float) -> np.ndarray:
        return np.asarray(edge_edits.set_edge(jnp.asarray(before), r, s, weight))

    for place in (0, 7, 19):
        r, s = int(graph.receivers[place]), int(graph.senders[place])
        heavier = edge_edits.reweight_edge(*edges, r, s, 7.5)
        np.testing.assert_array_equal(matrix(*edges[:2], heavier), written(r, s, 7.5))
        fewer = edge_edits.remove_edge(*edges, r, s)
        assert [array.shape for array in fewer] == [(19,)] * 3
        np.testing.assert_array_equal(matrix(*fewer), written(r, s, 0))
    r, s = np.argwhere((before == 0) & ~np.eye(9, dtype=bool))[3]
    more = edge_edits.add_edge(*edges, r, s, 2)
    assert [array.shape for array in more] == [(21,)] * 3
    np.testing.assert_array_equal(matrix(*more), written(r, s, 2))


# -- as costs ----------------------------------------------------------------------------

MACS: dict[str, Callable[..., int]] = {
    "gcn-layer": lambda N, M, F, H: N * F * H,
    "sage-sparse": lambda N, M, F, H, C: 2 * N * F * H + 2 * N * H * C,
    "sage-dense": lambda N, F, H, C: 2 * N * F * H + 2 * N * H * C + N * N * (F + H),
    "sage-sampled": lambda N, S, F, H, C: 2 * N * F * H + 2 * N * H * C,
    "gat-dense": lambda N, F, K, H, C: N * F * K * H + N * K * H * C + N * N * (K * H + C),
    "gin-sparse": lambda N, M, F, H, C: N * F * H + 3 * N * H * H + N * H * C,
    "gin-dense": lambda N, F, H, C: N * F * H + 3 * N * H * H + N * H * C + N * N * (F + H),
    "mpnn-sparse": lambda N, M, F, E, H, T, C: N * F * H + M * E * H * H + T * (M * H * H + 6 * N * H * H) + N * H * C,
    "mpnn-dense": lambda N, F, E, H, T, C: (
        N * F * H + N * N * E * H * H + T * (N * N * H * H + 6 * N * H * H) + N * H * C
    ),
    "graphnet-sparse": lambda N, M, F, E, U, H: (
        M * (E + 2 * F + U) * H + M * H * H + N * (H + F + U) * H + N * H * H + (2 * H + U) * H + H * H
    ),
    "graphnet-dense": lambda N, F, E, U, H: (
        N * N * (E + 2 * F + U) * H + N * N * H * H + N * (H + F + U) * H + N * H * H + (2 * H + U) * H + H * H
    ),
    # the rows of A are summed by a product with ones
    "gcn-bcoo": lambda N, M, F, H, C: N * F * H + N * H * C + (N + M) * (H + C) + (N + M),
    "gcn-learned-sparse": lambda N, M, F, H, C: N * F * H + N * H * C,
    "gcn-learned-dense": lambda N, F, H, C: N * F * H + N * H * C + N * N * (H + C),
}
"""Multiply-accumulates of matrix products, counted by hand. Sums over edges have none: an addition is no product."""

PER_EDGE: dict[str, Callable[..., int]] = {
    "gcn-sparse": lambda H, C, **_: 2 * H + 2 * C + 2,  # a product and a sum; its weight; its part of a degree
    "gat": lambda K, H, C, **_: 2 * K * H + 7 * K + 2 * C + 7,  # and the logit with its softmax, for each head
    "sage-sparse": lambda F, H, **_: F + H + 1,
    "gin-sparse": lambda F, H, **_: F + H,
    "mpnn-sparse": lambda E, H, T, **_: 2 * E * H * H + H * H + T * (2 * H * H + H),  # a bias; a sum
    "graphnet-sparse": lambda F, E, U, H, **_: 2 * (E + 2 * F + U) * H + 2 * H * H + 3 * H + 2 * H,
    "gcn-learned-sparse": lambda H, C, **_: 2 * H + 2 * C,
}
"""FLOPs of one more edge, counted by hand."""


@pytest.mark.parametrize("name", MACS)
def test_matrix_products_are_those_counted_by_hand(name, rng):
    for sizes in zoo.get(name).samples(rng, 6):
        assert forward(name).at(**sizes).macs == MACS[name](**sizes)


@pytest.mark.parametrize("name", PER_EDGE)
def test_one_more_edge_costs_what_was_counted_by_hand(name, rng):
    cost = forward(name)
    for sizes in zoo.get(name).samples(rng, 6):
        more = cost.at(**{**sizes, "M": sizes["M"] + 1}).flops
        assert more - cost.at(**sizes).flops == PER_EDGE[name](**sizes)


@pytest.mark.parametrize("name", [name for name in NEW if name not in PLAIN_PRODUCTS])
def test_forward_is_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 5 if name.startswith("edge-") else 2))


def test_bytes_of_xla_where_two_layers_share_their_zeros():
    """Both layers add messages to zeros of (N, features): one array to XLA if H = C."""
    entry, cost = zoo.get("gcn-learned-sparse"), forward("gcn-learned-sparse").under("xla")
    for hidden, classes in ((6, 6), (6, 5), (37, 37), (1, 1)):
        sizes = {"N": 11, "M": 23, "F": 6, "H": hidden, "C": classes}
        fn, args = entry.build(**sizes)
        counted = jax.jit(fn).lower(*args).cost_analysis()["bytes accessed"]
        assert cost.at(**sizes).bytes_accessed == counted, sizes
    assert "[H = C]" in cost.text("bytes_accessed")


def gradient_is_exact(name: str, rng: np.random.Generator, count: int) -> None:
    entry = zoo.get(name)
    assert_exact(entry.trace_gradient(), entry.build_gradient, entry.samples(rng, count))


def test_loss_and_gradient_are_exact_at_fresh_sizes(rng):
    gradient_is_exact("sage-sparse", rng, 2)


@pytest.mark.long
@pytest.mark.parametrize("name", LEARNED)
def test_everything_and_its_gradient_is_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 6))
    gradient_is_exact(name, rng, 6)


@pytest.mark.long
@pytest.mark.parametrize("name", BATCHES)
def test_batches_and_their_gradients_are_exact_at_fresh_sizes(name, rng):
    entry = zoo.get(name)
    assert_exact(forward(name), entry.build, entry.samples(rng, 4))
    gradient_is_exact(name, rng, 4)


def one_graph(name: str) -> str:
    single = name.removesuffix("-batch")
    return "gat" if single == "gat-sparse" else single


def assert_as_many_times_one_graph(name: str) -> None:
    """FLOPs, products and transcendentals of B graphs are B times those of one; parameters are shared."""
    batch, single = forward(name), forward(one_graph(name))
    (B,) = sc.dims("B")
    assert (batch.macs - B * single.macs).expand() == 0
    assert (batch.transcendentals - B * single.transcendentals).expand() == 0
    shared = 2 if name.startswith("gin") else 0  # 1 + epsilon of each layer is computed once
    assert (batch.flops - B * (single.flops - shared) - shared).expand() == 0
    assert (batch.params - single.params).expand() == 0


def test_a_padded_batch_costs_as_many_times_one_graph():
    assert_as_many_times_one_graph("gin-sparse-batch")


@pytest.mark.long
@pytest.mark.parametrize("name", BATCHES)
def test_all_padded_batches_cost_as_many_times_one_graph(name):
    assert_as_many_times_one_graph(name)


def test_every_batch_has_its_model_of_one_graph():
    assert {one_graph(name) for name in BATCHES} == {name for forms in FORMS for name in forms}


@pytest.mark.parametrize("form", ["sparse", "dense"])
def test_nnx_costs_what_linen_costs(form):
    N, F, H, C = sc.dims("N F H C")
    edges = sc.array("M", "int32")
    arrays = (edges, edges) if form == "sparse" else (sc.array((N, N)),)
    module = gcn_nnx.SparseGCN if form == "sparse" else gcn_nnx.DenseGCN
    found = sc.trace(sc.build(module, inputs=F, hidden=H, classes=C), sc.array((N, F)), *arrays)
    linen = forward(f"gcn-{form}")
    for quantity in ("flops", "macs", "transcendentals", "int_ops", "params"):
        assert (getattr(found, quantity) - getattr(linen, quantity)).expand() == 0, quantity
    sizes = {"N": 33, "M": 71, "F": 7, "H": 5, "C": 3}
    for quantity in ("flops", "transcendentals"):
        assert getattr(found.under("xla").at(**sizes), quantity) == getattr(linen.under("xla").at(**sizes), quantity)
    for quantity in ("bytes_accessed", "fused_bytes"):
        assert getattr(found.at(**sizes), quantity) == getattr(linen.at(**sizes), quantity)


def test_what_an_edit_of_an_edge_moves():
    shown = {
        name: [forward(name).text(quantity) for quantity in ("int_ops", "fused_bytes", "peak_memory")]
        for name in NEW
        if name.startswith("edge-")
    }
    # a list is 12 bytes an edge: two numbers of nodes and a weight; found by two comparisons, an "and" and an argmax
    assert shown["edge-add-sparse"] == ["0", "24*M + 24", "24*M + 24"]
    assert shown["edge-reweight-sparse"] == ["4*M + 1", "16*M + 20", "16*M + 16"]
    assert shown["edge-remove-sparse"][0] == "4*M + 5"
    # a matrix is copied unless it is donated: then one number is written
    assert shown["edge-set-copied"] == ["4", "8*N**2 + 12", "8*N**2 + 12"]
    assert shown["edge-set-in-place"] == ["4", "16", "4*N**2 + 12"]


def test_functions_have_nothing_to_train():
    with pytest.raises(ArgumentError, match=r"function without parameters.*\n.*entry\.trace\(\)"):
        zoo.get("edge-set-copied").build_gradient(N=4)
    with pytest.raises(ArgumentError, match="there is nothing to take a gradient for"):
        zoo.get("edge-set-copied").trace_training()
    assert zoo.get("edge-set-copied").at({"N": 4}).parameters() == 0


def test_dense_weights_that_are_learned_are_parameters_of_every_pair():
    dense, sparse = (forward(f"gcn-learned-{form}") for form in ("dense", "sparse"))
    assert (dense.params - sparse.params).expand() == sc.dims("N")[0] ** 2 - sc.dims("M")[0]
    assert sparse.at(N=2708, M=10_556, F=1433, H=16, C=7).params == 1433 * 16 + 16 * 7 + 16 + 7 + 10_556


def test_committed_formulas_are_those_of_today():
    """benchmarks/results/graphs.json, which the cookbook's tables are made of."""
    rows = json.loads((Path(__file__).parents[2] / "benchmarks" / "results" / "graphs.json").read_text())["rows"]
    for row in rows:
        assert row["programs"]["forward"]["flops"]["formulas"] == [
            forward(name).text("flops") for name in row["models"]
        ]
    assert tuple(tuple(row["models"]) for row in rows) == tuple(FORMS)
