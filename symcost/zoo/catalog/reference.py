"""The reference models: one of each kind, on which everything is tested and measured."""

from __future__ import annotations

from symcost.zoo.catalog import residual
from symcost.zoo.catalog.sizes import (
    BATCH,
    BERT_BASE,
    CHANNELS,
    CLASSES,
    CORA,
    EDGES,
    FEATURES,
    GRID,
    HEAD_WIDTH,
    HEADS,
    HIDDEN,
    KERNEL,
    KIPF,
    LAYERS,
    NODES,
    PATCH,
    RESNET50,
    SIDE,
    STEPS,
    TOKENS,
    VASWANI,
    WIDTH,
)
from symcost.zoo.catalog.sources import MACS, TRAINED, torchvision
from symcost.zoo.entry import Dim, Entry, Published

_BERT_PRODUCTS = Published(
    quantity="macs",
    figure=22_348_431_360 // 2,
    tolerance=0,
    sizes=BERT_BASE,
    convention="half of the FLOPs of all matrix products of BERT-base, 128 tokens",
    source="closed form L*(24*T*D**2 + 4*T**2*D) + 2*D**2, a part of Catamount's count of BERT",
    beyond=768 * 768,
    why="BERT's pooler, a dense layer on the first token",
)

_VIT = {"B": 1, "G": 14, "P": 16, "D": 768, "H": 12, "L": 12}

ROWS = (
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
        published=(_BERT_PRODUCTS,),
    ),
    Entry(
        name="transformer-scan",
        title="Transformer encoder, one scan over stacked layers",
        paper=VASWANI,
        recipe="transformer:scanned",
        dims=(BATCH, TOKENS, WIDTH, HEADS, HEAD_WIDTH, LAYERS),
        published=(_BERT_PRODUCTS,),
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
            Published("macs", 4_089_000_000, 0.0005 / 4.089, RESNET50, MACS, torchvision("resnet.py", "_ops")),
            Published("params", 25_557_032, 0, RESNET50, TRAINED, torchvision("resnet.py", "num_params")),
            *residual.published((3, 4, 6, 3), True, 25_557_034, 790_954_958_112),
        ),
        optimizer=residual.MOMENTUM,
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
                tolerance=0.5 / 59,
                sizes={"B": 1, "G": 14, "P": 16, "D": 768, "H": 384, "L": 12},
                convention="parameters of Mixer-B/16, printed in millions",
                source="Tolstikhin et al. 2021, table 1",
                beyond=-(768 * 1000 + 1000),
                why="the table does not include the weights of the classifier's head",
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
                sizes=_VIT,
                convention="parameters of ViT-B/16",
                source=torchvision("vision_transformer.py", "num_params"),
            ),
        ),
    ),
)
