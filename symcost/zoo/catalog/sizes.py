"""Sizes and papers that several rows of the catalogue name."""

from __future__ import annotations

from symcost.zoo.entry import Dim

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
WORDS = Dim("V", "words of the vocabulary", (2, 3, 7, 10))
LAYERS = Dim("L", "layers", (1, 2, 3, 4))
GRID = Dim("G", "patches along a side", (1, 2, 3))
PATCH = Dim("P", "patch side", (1, 2, 3, 4))

KIPF = "Kipf, Welling: Semi-Supervised Classification with Graph Convolutional Networks, ICLR 2017, arXiv:1609.02907"
VASWANI = "Vaswani et al.: Attention Is All You Need, NeurIPS 2017, arXiv:1706.03762"
CORA = {"N": 2708, "F": 1433, "H": 16, "C": 7}
BERT_BASE = {"B": 1, "T": 128, "D": 768, "H": 12, "K": 64, "L": 12}
RESNET50 = {"B": 1, "S": 224, "W": 64, "C": 1000}
