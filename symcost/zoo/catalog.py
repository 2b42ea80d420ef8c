"""The reference models by name. Importing this file imports neither JAX nor Flax."""

from __future__ import annotations

import difflib

from symcost.errors import ArgumentError
from symcost.zoo.entry import Dim, Entry, Published

BATCH = Dim("B", "batch", (1, 2, 3, 4, 5))
SIDE = Dim("S", "image side", (1, 2, 5, 8, 9, 12, 15))
KERNEL = Dim("K", "kernel side", (1, 2, 3, 4, 5))
CHANNELS = Dim("W", "channels after the first convolution", (1, 2, 3, 4, 6))
CLASSES = Dim("C", "classes", (1, 2, 3, 7, 10))
NODES = Dim("N", "nodes", (1, 2, 5, 16, 27, 40))
EDGES = Dim("M", "edges, self loops not counted", (1, 2, 7, 32, 75, 130))
FEATURES = Dim("F", "input features", (1, 3, 6, 11, 20))
HIDDEN = Dim("H", "hidden units", (1, 2, 5, 8, 16))
STEPS = Dim("T", "steps", (1, 2, 3, 6, 11, 17))
TOKENS = Dim("T", "tokens", (1, 2, 3, 8, 11))
WIDTH = Dim("D", "model width", (1, 2, 5, 8, 12))
HEADS = Dim("H", "attention heads", (1, 2, 3, 4))
HEAD_WIDTH = Dim("K", "features per head", (1, 2, 3, 4, 6))
LAYERS = Dim("L", "layers", (1, 2, 3, 4))
GRID = Dim("G", "patches along a side", (1, 2, 3))
PATCH = Dim("P", "patch side", (1, 2, 3, 4))

KIPF = "Kipf, Welling: Semi-Supervised Classification with Graph Convolutional Networks, ICLR 2017, arXiv:1609.02907"
VASWANI = "Vaswani et al.: Attention Is All You Need, NeurIPS 2017, arXiv:1706.03762"
CORA = {"N": 2708, "F": 1433, "H": 16, "C": 7}
BERT_BASE = {"B": 1, "T": 128, "D": 768, "H": 12, "K": 64, "L": 12}
CATAMOUNT = "Hestness, Ardalani, Diamos: Beyond Human-Level Accuracy, PPoPP 2019 (Catamount)"
RESNET50 = {"B": 1, "S": 224, "W": 64, "C": 1000}

_ROWS = (
    Entry(
        name="mlp",
        title="Multilayer perceptron with two hidden layers",
        paper="Rumelhart, Hinton, Williams: Learning representations by back-propagating errors, Nature 323, 1986",
        recipe="mlp:mlp",
        dims=(BATCH, FEATURES, HIDDEN, CLASSES),
    ),
    Entry(
        name="cnn",
        title="Convolutional classifier with pooling",
        paper="LeCun et al.: Gradient-based learning applied to document recognition, Proc. IEEE 86, 1998",
        recipe="cnn:cnn",
        dims=(BATCH, SIDE, CHANNELS, KERNEL, CLASSES),
    ),
    Entry(
        name="cnn-batchnorm",
        title="Convolutional classifier with batch normalisation",
        paper="Ioffe, Szegedy: Batch Normalization, ICML 2015, arXiv:1502.03167",
        recipe="cnn:cnn_batchnorm",
        dims=(BATCH, SIDE, CHANNELS, KERNEL, CLASSES),
    ),
    Entry(
        name="lstm",
        title="LSTM layer over a sequence",
        paper="Hochreiter, Schmidhuber: Long Short-Term Memory, Neural Computation 9, 1997",
        recipe="recurrent:lstm",
        dims=(BATCH, STEPS, FEATURES, HIDDEN),
    ),
    Entry(
        name="gru",
        title="Layer of gated recurrent units over a sequence",
        paper="Cho et al.: Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014, arXiv:1406.1078",
        recipe="recurrent:gru",
        dims=(BATCH, STEPS, FEATURES, HIDDEN),
    ),
    Entry(
        name="gcn-sparse",
        title="Graph convolutional network over edges",
        paper=KIPF,
        recipe="gcn:gcn_sparse",
        dims=(NODES, EDGES, FEATURES, HIDDEN, CLASSES),
        published=(
            Published(
                quantity="flops",
                figure=125.39e6,
                tolerance=0.005 / 125.39,
                sizes={**CORA, "M": 10_556},
                convention="2 per multiply-accumulate of X W, and a multiply and an add per edge and feature",
                source="closed form 2NH(F + C) + 2(M + N)(H + C) on Cora",
                # (M + N) degrees, (M + N) edge weights, N(H + C) biases, NH rectified units
                beyond=-(2 * 13_264 + 2708 * 23 + 2708 * 16),
                why="degrees, edge weights, biases and ReLU, which the closed form leaves out",
            ),
        ),
    ),
    Entry(
        name="gcn-dense",
        title="Graph convolutional network over an adjacency matrix",
        paper=KIPF,
        recipe="gcn:gcn_dense",
        dims=(NODES, FEATURES, HIDDEN, CLASSES),
        published=(
            Published(
                quantity="macs",
                figure=462.1e6 / 2,
                tolerance=0.05e6 / 462.1e6,
                sizes=CORA,
                convention="half of the FLOPs of the matrix products X W and A (X W) of both layers",
                source="closed form NH(F + C) + N^2(H + C) on Cora",
            ),
        ),
    ),
    Entry(
        name="gat",
        title="Graph attention network",
        paper="Veličković et al.: Graph Attention Networks, ICLR 2018, arXiv:1710.10903",
        recipe="gat:gat",
        dims=(NODES, EDGES, FEATURES, Dim("K", "attention heads", (1, 2, 3, 4)), HIDDEN, CLASSES),
    ),
    Entry(
        name="transformer-block",
        title="Transformer encoder block, normalised before each part",
        paper=VASWANI,
        recipe="transformer:block",
        dims=(BATCH, TOKENS, WIDTH, HEADS, HEAD_WIDTH),
    ),
    Entry(
        name="transformer",
        title="Transformer encoder, a Python loop over layers",
        paper=VASWANI,
        recipe="transformer:stack",
        dims=(BATCH, TOKENS, WIDTH, HEADS, HEAD_WIDTH, LAYERS),
        structural=("L",),
        published=(
            Published(
                quantity="macs",
                figure=22_348_431_360 // 2,
                tolerance=0,
                sizes=BERT_BASE,
                convention="half of the FLOPs of all matrix products",
                source=f"BERT-base forward, 128 tokens: {CATAMOUNT}",
                beyond=768 * 768,
                why="BERT's pooler, a dense layer on the first token",
            ),
        ),
    ),
    Entry(
        name="transformer-scan",
        title="Transformer encoder, one scan over stacked layers",
        paper=VASWANI,
        recipe="transformer:scanned",
        dims=(BATCH, TOKENS, WIDTH, HEADS, HEAD_WIDTH, LAYERS),
        published=(
            Published(
                quantity="macs",
                figure=22_348_431_360 // 2,
                tolerance=0,
                sizes=BERT_BASE,
                convention="half of the FLOPs of all matrix products",
                source=f"BERT-base forward, 128 tokens: {CATAMOUNT}",
                beyond=768 * 768,
                why="BERT's pooler, a dense layer on the first token",
            ),
        ),
    ),
    Entry(
        name="resnet50",
        title="ResNet-50, width and image side symbolic",
        paper="He et al.: Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385",
        recipe="resnet:resnet50",
        dims=(
            Dim("B", "batch", (1, 2, 3)),
            Dim("S", "image side", (1, 8, 17, 24, 31, 32)),
            Dim("W", "channels after the first convolution", (1, 2, 3)),
            CLASSES,
        ),
        published=(
            Published(
                quantity="macs",
                figure=4.089e9,
                tolerance=0.0005 / 4.089,
                sizes=RESNET50,
                convention="multiply-accumulates of convolutions and the last dense layer, padding taps included",
                source="torchvision's table of weights",
            ),
            Published(
                quantity="params",
                figure=25_557_032,
                tolerance=0,
                sizes=RESNET50,
                convention="trainable parameters; the running statistics of batch normalisation are not",
                source="torchvision's table of weights",
            ),
        ),
    ),
    Entry(
        name="mlp-mixer",
        title="MLP-Mixer",
        paper="Tolstikhin et al.: MLP-Mixer: An all-MLP Architecture for Vision, NeurIPS 2021, arXiv:2105.01601",
        recipe="mixer:mixer",
        dims=(BATCH, GRID, PATCH, WIDTH, Dim("H", "hidden units across tokens", (1, 2, 5, 8)), LAYERS),
        structural=("L",),
        published=(
            Published(
                quantity="params",
                figure=59e6,
                tolerance=1 / 59,
                sizes={"B": 1, "G": 14, "P": 16, "D": 768, "H": 384, "L": 12},
                convention="parameters of Mixer-B/16, printed in millions",
                source="Tolstikhin et al. 2021, table 1",
            ),
        ),
    ),
    Entry(
        name="vit",
        title="Vision transformer",
        paper="Dosovitskiy et al.: An Image is Worth 16x16 Words, ICLR 2021, arXiv:2010.11929",
        recipe="vit:vit",
        dims=(BATCH, GRID, PATCH, WIDTH, Dim("H", "attention heads of 64 features", (1, 2)), LAYERS),
        structural=("L",),
        published=(
            Published(
                quantity="params",
                figure=86_567_656,
                tolerance=0,
                sizes={"B": 1, "G": 14, "P": 16, "D": 768, "H": 12, "L": 12},
                convention="parameters of ViT-B/16",
                source="torchvision's table of weights",
            ),
        ),
    ),
)

ENTRIES: dict[str, Entry] = {entry.name: entry for entry in _ROWS}
"""Every reference model, by name."""


def names() -> list[str]:
    """Names of the models, in the order of the catalogue."""
    return list(ENTRIES)


def get(name: str) -> Entry:
    """The entry called `name`.

    Raises:
        ArgumentError: if there is none; the message says what is near.
    """
    if isinstance(name, str) and name in ENTRIES:
        return ENTRIES[name]
    near = difflib.get_close_matches(str(name), ENTRIES, n=3, cutoff=0.4)
    raise ArgumentError(
        f"the zoo has no model called {name!r}",
        todo=f"symcost zoo show {near[0]}" if near else f"one of {', '.join(ENTRIES)}",
    )
