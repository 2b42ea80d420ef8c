"""The reference models as models: they run, and those that compute the same thing two ways agree."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symcost import zoo
from symcost.zoo.gat import edge_softmax
from symcost.zoo.gcn import DenseGCN, SparseGCN
from symcost.zoo.transformer import Encoder, ScannedEncoder

# Output shapes in words of the sizes, written down apart from the models.
OUTPUTS = {
    "mlp": ("B", "C"),
    "cnn": ("B", "C"),
    "cnn-batchnorm": ("B", "C"),
    "lstm": ("B", "T", "H"),
    "gru": ("B", "T", "H"),
    "gcn-sparse": ("N", "C"),
    "gcn-dense": ("N", "C"),
    "gat": ("N", "C"),
    "transformer-block": ("B", "T", "D"),
    "transformer": ("B", "T", "D"),
    "transformer-scan": ("B", "T", "D"),
    "resnet50": ("B", "C"),
    "mlp-mixer": ("B", 1000),
    "vit": ("B", 1000),
}
# Sizes at which a model is really run; others take the smallest samples above 1 from the catalogue.
TINY = {"resnet50": {"B": 2, "S": 17, "W": 2, "C": 3}}


def tiny(name: str) -> dict[str, int]:
    return TINY.get(name) or {dim.name: min(size for size in dim.small if size > 1) for dim in zoo.get(name).dims}


@pytest.mark.parametrize("name", zoo.names("reference"))
def test_runs_on_real_arrays_and_gives_finite_numbers(name, rng):
    entry, sizes = zoo.get(name), tiny(name)
    fn, _ = entry.build(**sizes)
    output = jax.jit(fn)(*entry.at(sizes).values(rng, sizes))
    assert output.shape == tuple(sizes.get(size, size) for size in OUTPUTS[name])
    assert bool(jnp.all(jnp.isfinite(output)))
    assert float(jnp.std(output)) > 0


@pytest.mark.parametrize("name", zoo.names("reference"))
def test_every_parameter_gets_a_gradient(name):
    fn, args = zoo.get(name).build_gradient(**tiny(name))
    (loss, _), gradient = jax.eval_shape(fn, *args)
    assert loss.shape == ()
    assert jax.tree.map(lambda leaf: leaf.shape, gradient) == jax.tree.map(lambda leaf: leaf.shape, args[0])


def test_batch_statistics_are_updated_in_training():
    entry = zoo.get("cnn-batchnorm")
    fn, args = entry.build_gradient(**tiny("cnn-batchnorm"))
    (_, updated), _ = jax.eval_shape(fn, *args)
    assert set(updated) == {"batch_stats"}


@pytest.mark.parametrize("name", zoo.names("reference"))
def test_totals_stay_exact_in_float32(name):
    """XLA adds up in float32: at the largest sample, the gradient's total must lie below 2^24."""
    entry = zoo.get(name)
    fn, args = entry.build_gradient(**{dim.name: max(dim.small) for dim in entry.dims})
    assert 0 < jax.jit(fn).lower(*args).cost_analysis()["flops"] < 2**24


def random_graph(rng: np.random.Generator, nodes: int, edges: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct edges without self loops."""
    pairs = [(s, r) for s in range(nodes) for r in range(nodes) if s != r]
    chosen = rng.choice(len(pairs), size=edges, replace=False)
    senders, receivers = np.array([pairs[i] for i in chosen]).T
    return senders.astype("int32"), receivers.astype("int32")


def test_sparse_and_dense_gcn_agree_on_one_graph(rng):
    nodes, edges, features = 9, 20, 5
    senders, receivers = random_graph(rng, nodes, edges)
    x = rng.normal(size=(nodes, features)).astype("float32")
    adjacency = np.zeros((nodes, nodes), "float32")
    adjacency[receivers, senders] = 1
    sparse, dense = SparseGCN(hidden=4, classes=3), DenseGCN(hidden=4, classes=3)
    params = sparse.init(jax.random.key(0), x, senders, receivers)["params"]
    first, second = params["SparseGraphConvolution_0"], params["SparseGraphConvolution_1"]
    moved = {
        "Dense_0": first["Dense_0"], "bias_hidden": first["bias"] + 0.5,
        "Dense_1": second["Dense_0"], "bias_classes": second["bias"] - 0.25,
    }  # fmt: skip
    params = {
        "SparseGraphConvolution_0": {**first, "bias": first["bias"] + 0.5},
        "SparseGraphConvolution_1": {**second, "bias": second["bias"] - 0.25},
    }
    np.testing.assert_allclose(
        sparse.apply({"params": params}, x, senders, receivers),
        dense.apply({"params": moved}, x, adjacency),
        rtol=1e-5,
        atol=1e-5,
    )


def test_edge_softmax_is_the_softmax_of_a_masked_matrix(rng):
    nodes = 7
    senders, receivers = random_graph(rng, nodes, 25)
    logits = rng.normal(size=(25, 2)).astype("float32") * 30
    matrix = np.full((2, nodes, nodes), -np.inf, "float32")
    matrix[:, receivers, senders] = logits.T
    expected = np.asarray(jax.nn.softmax(matrix, axis=-1))[:, receivers, senders].T
    np.testing.assert_allclose(edge_softmax(logits, receivers, nodes), expected, rtol=1e-5, atol=1e-7)


def test_the_scanned_encoder_computes_what_the_loop_computes(rng):
    sizes = {"layers": 3, "heads": 2, "head_width": 4, "mlp_width": 10}
    x = rng.normal(size=(2, 5, 6)).astype("float32")
    params = Encoder(**sizes).init(jax.random.key(1), x)["params"]
    blocks = [params[f"EncoderBlock_{layer}"] for layer in range(3)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *blocks)
    scanned = {"Scan_ScannedBlock_0": {"EncoderBlock_0": stacked}, "LayerNorm_0": params["LayerNorm_0"]}
    np.testing.assert_allclose(
        ScannedEncoder(**sizes).apply({"params": scanned}, x),
        Encoder(**sizes).apply({"params": params}, x),
        rtol=1e-5,
        atol=1e-5,
    )
