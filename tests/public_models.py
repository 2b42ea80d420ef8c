"""Models from public packages that nobody here wrote: one row each, shared by all tests that want such models.

A row's `build(**sizes)` returns ``(fn, args)`` as `sc.trace_family` takes it: a function and arguments without values.
Nothing is made easier for a tracer; sizes are chosen so small only that XLA's float32 totals stay exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
import jraph
import numpy as np
import optax
from flaxmodels.gpt2.gpt2 import GPT2Block
from flaxmodels.resnet.resnet import BasicBlock

Built = tuple[Callable, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class PublicModel:
    """A model of a package: `build` at integer sizes, and the sizes to draw from, smallest first."""

    name: str  # package, then model
    build: Callable[..., Built]
    sizes: dict[str, tuple[int, ...]]
    structural: tuple[str, ...] = ()  # sizes that change the number of equations
    differentiable: bool = True  # False where the function already contains a gradient

    @property
    def dims(self) -> str:
        """Size symbols as `sc.trace_family` takes them."""
        return " ".join(self.sizes)

    def build_gradient(self, **sizes: int) -> Built:
        """The mean square of all outputs and its gradient by the first argument (the parameters)."""
        fn, args = self.build(**sizes)

        def loss(*args: Any) -> jax.Array:
            leaves = [leaf for leaf in jax.tree.leaves(fn(*args)) if jnp.issubdtype(leaf.dtype, jnp.floating)]
            return sum(jnp.mean(jnp.square(leaf)) for leaf in leaves)

        return jax.value_and_grad(loss), args

    def sample(self, rng: np.random.Generator) -> dict[str, int]:
        """Random sizes."""
        return {name: int(rng.choice(small)) for name, small in self.sizes.items()}

    def samples(self, rng: np.random.Generator, count: int) -> list[dict[str, int]]:
        """`count` different random sizes; the first has the smallest first size (batch 1, one node)."""
        found = [{**self.sample(rng), next(iter(self.sizes)): next(iter(self.sizes.values()))[0]}]
        while len(found) < count:
            point = self.sample(rng)
            if point not in found:
                found.append(point)
        return found


def floats(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def integers(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.int32)


# -- dm-haiku -----------------------------------------------------------------------------


def haiku(function: Callable, *arrays: jax.ShapeDtypeStruct) -> Built:
    """``fn(params, *arrays)`` of a Haiku function without state or random numbers."""
    model = hk.without_apply_rng(hk.transform(function))
    return model.apply, (jax.eval_shape(model.init, jax.random.key(0), *arrays), *arrays)


def haiku_with_state(function: Callable, *arrays: jax.ShapeDtypeStruct) -> Built:
    """``fn(params, state, *arrays)`` of a Haiku function with state (batch statistics)."""
    model = hk.without_apply_rng(hk.transform_with_state(function))
    params, state = jax.eval_shape(model.init, jax.random.key(0), *arrays)
    return model.apply, (params, state, *arrays)


def haiku_mobilenet(B: int, S: int, W: int) -> Built:
    """MobileNet v1 with three of its blocks; W channels after the first."""

    def forward(images):
        net = hk.nets.MobileNetV1(strides=(1, 2, 1), channels=(W, 2 * W, 2 * W), num_classes=10)
        return net(images, is_training=True)

    return haiku_with_state(forward, floats(B, S, S, 3))


def haiku_resnet(B: int, S: int, W: int) -> Built:
    """A ResNet v2 of bottlenecks; W channels in the first group."""

    def forward(images):
        net = hk.nets.ResNet(
            blocks_per_group=(1, 2, 1, 1),
            num_classes=10,
            resnet_v2=True,
            channels_per_group=(4 * W, 8 * W, 12 * W, 16 * W),
            initial_conv_config={"output_channels": W},
        )
        return net(images, is_training=True)

    return haiku_with_state(forward, floats(B, S, S, 3))


def haiku_lstm(T: int, B: int, F: int, H: int) -> Built:
    """Two LSTM layers unrolled by `hk.dynamic_unroll` over T steps."""

    def forward(sequence):
        core = hk.DeepRNN([hk.LSTM(H), jnp.tanh, hk.LSTM(H)])
        return hk.dynamic_unroll(core, sequence, core.initial_state(sequence.shape[1]))[0]

    return haiku(forward, floats(T, B, F))


def haiku_attention(B: int, T: int, D: int, H: int, K: int) -> Built:
    """Causal multi-head attention with H heads of K features."""

    def forward(x):
        attention = hk.MultiHeadAttention(H, K, w_init=hk.initializers.VarianceScaling(1.0), model_size=D)
        return attention(x, x, x, mask=jnp.tril(jnp.ones((1, 1, T, T), dtype=bool)))

    return haiku(forward, floats(B, T, D))


def haiku_vector_quantizer(B: int, D: int, V: int) -> Built:
    """Nearest of V code words of D features, with its losses."""
    return haiku(lambda x: hk.nets.VectorQuantizer(D, V, commitment_cost=0.25)(x, is_training=True), floats(B, D))


# -- equinox ------------------------------------------------------------------------------


def equinox(make: Callable[[jax.Array], Any], call: Callable, *arrays: jax.ShapeDtypeStruct) -> Built:
    """``call(model, *arrays)`` with the model's arrays as an argument of their own."""
    params, static = eqx.partition(eqx.filter_eval_shape(make, jax.random.key(0)), lambda leaf: hasattr(leaf, "shape"))
    return lambda params, *arrays: call(eqx.combine(params, static), *arrays), (params, *arrays)


def equinox_mlp(B: int, F: int, H: int, L: int) -> Built:
    """`eqx.nn.MLP` with L hidden layers, mapped over a batch."""
    return equinox(
        lambda key: eqx.nn.MLP(F, 7, H, L, activation=jax.nn.silu, key=key),
        lambda model, x: jax.vmap(model)(x),
        floats(B, F),
    )


def equinox_attention(B: int, T: int, D: int, H: int, K: int) -> Built:
    """`eqx.nn.MultiheadAttention` with normalisation before it, mapped over a batch."""

    def make(key):
        return eqx.nn.LayerNorm(D), eqx.nn.MultiheadAttention(H, D, qk_size=K, vo_size=K, key=key)

    def call(model, x):
        norm, attention = model

        def one(tokens):
            y = jax.vmap(norm)(tokens)
            return tokens + attention(y, y, y)

        return jax.vmap(one)(x)

    return equinox(make, call, floats(B, T, D))


def equinox_gru(T: int, F: int, H: int) -> Built:
    """`eqx.nn.GRUCell` under `jax.lax.scan`."""

    def call(cell, sequence):
        return jax.lax.scan(lambda state, x: (cell(x, state), None), jnp.zeros(H), sequence)[0]

    return equinox(lambda key: eqx.nn.GRUCell(F, H, key=key), call, floats(T, F))


def equinox_upsampler(B: int, S: int, W: int) -> Built:
    """A strided convolution and a transposed one, group normalisation between."""

    def make(key):
        down, up = jax.random.split(key)
        return (
            eqx.nn.Conv2d(3, 2 * W, 3, stride=2, padding=1, key=down),
            eqx.nn.GroupNorm(W, 2 * W),
            eqx.nn.ConvTranspose2d(2 * W, 3, 4, stride=2, padding=1, key=up),
        )

    def call(model, images):
        down, norm, up = model
        return jax.vmap(lambda image: up(jax.nn.relu(norm(down(image)))))(images)

    return equinox(make, call, floats(B, 3, S, S))


# -- jraph --------------------------------------------------------------------------------


def graph(nodes: Any, senders: Any, receivers: Any, edges: Any = None, graphs: Any = None) -> jraph.GraphsTuple:
    """A tuple of graphs; `graphs` is (n_node, n_edge, globals) where they are needed."""
    n_node, n_edge, values = graphs if graphs is not None else (None, None, None)
    return jraph.GraphsTuple(nodes, edges, receivers, senders, values, n_node, n_edge)


def jraph_gcn(N: int, M: int, F: int, H: int) -> Built:
    """Two graph convolutions with self edges and symmetric normalisation."""

    def forward(params, nodes, senders, receivers):
        for weight in params:
            layer = jraph.GraphConvolution(lambda x, weight=weight: x @ weight, add_self_edges=True)
            nodes = jax.nn.relu(layer(graph(nodes, senders, receivers)).nodes)
        return nodes

    return forward, ((floats(F, H), floats(H, H)), floats(N, F), integers(M), integers(M))


def jraph_gat(N: int, M: int, F: int, H: int) -> Built:
    """Graph attention with one head."""

    def forward(nodes, senders, receivers):
        layer = jraph.GAT(
            attention_query_fn=hk.Linear(H),
            attention_logit_fn=lambda sent, received, edges: jax.nn.leaky_relu(
                hk.Linear(1)(jnp.concatenate([sent, received], axis=-1))
            ),
        )
        return layer(graph(nodes, senders, receivers)).nodes

    return haiku(forward, floats(N, F), integers(M), integers(M))


def jraph_graph_network(N: int, M: int, G: int, F: int, H: int) -> Built:
    """A full graph network on a batch of G graphs: perceptrons on edges, nodes and globals."""

    def forward(nodes, edges, values, senders, receivers, n_node, n_edge):
        def update(width):
            return jraph.concatenated_args(lambda x: hk.nets.MLP([H, width])(x))

        net = jraph.GraphNetwork(update_edge_fn=update(H), update_node_fn=update(F), update_global_fn=update(3))
        result = net(graph(nodes, senders, receivers, edges, (n_node, n_edge, values)))
        return result.nodes, result.edges, result.globals

    return haiku(forward, floats(N, F), floats(M, 2), floats(G, 3), integers(M), integers(M), integers(G), integers(G))


# -- flaxmodels ---------------------------------------------------------------------------


def flaxmodels_gpt2(B: int, T: int, H: int, K: int) -> Built:
    """A block of GPT-2 with H heads of K features, causal over T tokens."""
    config = SimpleNamespace(
        n_positions=T,
        n_embd=H * K,
        n_head=H,
        n_inner=None,
        attn_pdrop=0.0,
        resid_pdrop=0.0,
        scale_attn_weights=True,
        activation_function="gelu_new",
        layer_norm_epsilon=1e-5,
    )
    block, x = GPT2Block(config), floats(B, T, H * K)
    variables = jax.eval_shape(block.init, jax.random.key(0), x)
    return lambda variables, x: block.apply(variables, x)[0], (variables, x)


def flaxmodels_resnet_block(B: int, S: int, W: int) -> Built:
    """The block of ResNet-18 that doubles its W channels and halves the side, with batch statistics."""
    block, x = BasicBlock(features=2 * W, downsample=True, block_name="block"), floats(B, S, S, W)

    def init(key, x):
        return block.init(key, x, {}, train=True)

    def forward(variables, x):
        return block.apply(variables, x, {}, train=True, mutable=["batch_stats"])[0]

    return forward, (jax.eval_shape(init, jax.random.key(0), x), x)


# -- optax --------------------------------------------------------------------------------


def optax_adamw(B: int, F: int, H: int) -> Built:
    """A training step of a Haiku perceptron: clipping by global norm, AdamW, a cosine schedule."""
    model = hk.without_apply_rng(hk.transform(lambda x: hk.nets.MLP([H, H, 10])(x)))
    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(optax.cosine_decay_schedule(1e-3, 100), weight_decay=1e-2)
    )
    x, labels = floats(B, F), integers(B)
    params = jax.eval_shape(model.init, jax.random.key(0), x)

    def step(params, state, x, labels):
        def loss(params):
            return optax.softmax_cross_entropy_with_integer_labels(model.apply(params, x), labels).mean()

        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    return step, (params, jax.eval_shape(optimizer.init, params), x, labels)


def optax_ctc(B: int, T: int, N: int, K: int) -> Built:
    """Connectionist temporal classification: T frames of K classes against N labels."""
    return optax.ctc_loss, (floats(B, T, K), floats(B, T), integers(B, N), floats(B, N))


# -- the table ----------------------------------------------------------------------------

BATCH = (1, 2, 3, 4, 5)
FEATURES = (1, 2, 3, 6, 11)
HIDDEN = (1, 2, 5, 8, 9)
NODES = (1, 2, 5, 16, 27)
EDGES = (1, 2, 7, 32, 75)
STEPS = (1, 2, 3, 6, 11)

_ROWS = (
    PublicModel("haiku-mobilenet", haiku_mobilenet, {"B": (1, 2, 3), "S": (3, 4, 9, 16, 21), "W": (1, 2, 3, 4)}),
    PublicModel("haiku-resnet", haiku_resnet, {"B": (1, 2, 3), "S": (1, 2, 8, 15, 32), "W": (1, 2, 3)}),
    PublicModel("haiku-lstm", haiku_lstm, {"T": STEPS, "B": BATCH, "F": FEATURES, "H": HIDDEN}),
    PublicModel(
        "haiku-attention", haiku_attention, {"B": BATCH, "T": STEPS, "D": HIDDEN, "H": (1, 2, 3), "K": (1, 2, 5)}
    ),
    PublicModel("haiku-vector-quantizer", haiku_vector_quantizer, {"B": BATCH, "D": HIDDEN, "V": (1, 2, 7, 16)}),
    PublicModel(
        "equinox-mlp", equinox_mlp, {"B": BATCH, "F": FEATURES, "H": HIDDEN, "L": (1, 2, 3, 5)}, structural=("L",)
    ),
    PublicModel(
        "equinox-attention", equinox_attention, {"B": BATCH, "T": STEPS, "D": HIDDEN, "H": (1, 2, 3), "K": (1, 2, 5)}
    ),
    PublicModel("equinox-gru", equinox_gru, {"T": STEPS, "F": FEATURES, "H": HIDDEN}),
    PublicModel("equinox-upsampler", equinox_upsampler, {"B": BATCH, "S": (2, 3, 8, 11), "W": (1, 2, 3)}),
    PublicModel("jraph-gcn", jraph_gcn, {"N": NODES, "M": EDGES, "F": FEATURES, "H": HIDDEN}),
    PublicModel("jraph-gat", jraph_gat, {"N": NODES, "M": EDGES, "F": FEATURES, "H": HIDDEN}),
    PublicModel(
        "jraph-graph-network",
        jraph_graph_network,
        {"N": NODES, "M": EDGES, "G": (1, 2, 3), "F": FEATURES, "H": HIDDEN},
    ),
    PublicModel("flaxmodels-gpt2", flaxmodels_gpt2, {"B": BATCH, "T": STEPS, "H": (1, 2, 3), "K": (1, 2, 4, 5)}),
    PublicModel(
        "flaxmodels-resnet-block", flaxmodels_resnet_block, {"B": BATCH, "S": (1, 2, 5, 8, 9), "W": (1, 2, 3, 4, 6)}
    ),
    PublicModel("optax-adamw", optax_adamw, {"B": BATCH, "F": FEATURES, "H": HIDDEN}, differentiable=False),
    PublicModel("optax-ctc", optax_ctc, {"B": BATCH, "T": STEPS, "N": (1, 2, 4), "K": (2, 3, 6)}),
)

PUBLIC_MODELS: dict[str, PublicModel] = {model.name: model for model in _ROWS}
"""Every model, by name."""
