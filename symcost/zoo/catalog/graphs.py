"""Graph networks, over lists of edges and over adjacency matrices; edits of one edge."""

from __future__ import annotations

from dataclasses import replace

from symcost.zoo.catalog.reference import ROWS as REFERENCE
from symcost.zoo.catalog.sizes import CLASSES, EDGES, FEATURES, HIDDEN, KIPF, NODES
from symcost.zoo.entry import Dim, Entry, Published

GRAPHS = Dim("B", "graphs, padded alike", (1, 2, 3))
HEADS = Dim("K", "attention heads", (1, 2, 3, 4))
SAMPLED = Dim("S", "sampled neighbours of a node", (1, 2, 5, 10))
EDGE_FEATURES = Dim("E", "features of an edge", (1, 2, 3, 5))
GRAPH_FEATURES = Dim("U", "features of the graph", (1, 2, 4))
ROUNDS = Dim("T", "rounds of messages", (1, 2, 3, 5))
# what a pair of nodes costs in the dense form grows with the square of both
FEW_NODES = Dim("N", "nodes", (1, 2, 5, 9, 14))
FEW_EDGES = Dim("M", "edges", (1, 2, 7, 20, 41))
FEW_HIDDEN = Dim("H", "hidden units", (1, 2, 5, 8))
LISTED = Dim("M", "edges in the list", (1, 2, 7, 32, 75, 130))

VELICKOVIC = "Veličković et al.: Graph Attention Networks, ICLR 2018, arXiv:1710.10903"
HAMILTON = "Hamilton, Ying, Leskovec: Inductive Representation Learning on Large Graphs, NeurIPS 2017, arXiv:1706.02216"
XU = "Xu et al.: How Powerful are Graph Neural Networks?, ICLR 2019, arXiv:1810.00826"
GILMER = "Gilmer et al.: Neural Message Passing for Quantum Chemistry, ICML 2017, arXiv:1704.01212"
CORMEN = (
    "Cormen, Leiserson, Rivest, Stein: Introduction to Algorithms, 2009, section 22.1 (lists and matrices of edges)"
)
BATTAGLIA = "Battaglia et al.: Relational inductive biases, deep learning, and graph networks, 2018, arXiv:1806.01261"

ONE_GRAPH = (
    Entry("sage-sparse", "GraphSAGE over edges", HAMILTON, "sage:sage_sparse",
          (NODES, EDGES, FEATURES, HIDDEN, CLASSES)),
    Entry("sage-dense", "GraphSAGE over an adjacency matrix", HAMILTON, "sage:sage_dense",
          (NODES, FEATURES, HIDDEN, CLASSES)),
    Entry("gat-dense", "Graph attention network over an adjacency matrix", VELICKOVIC, "gat:gat_dense",
          (NODES, FEATURES, HEADS, HIDDEN, CLASSES)),
    Entry("gin-sparse", "Graph isomorphism network over edges", XU, "gin:gin_sparse",
          (NODES, EDGES, FEATURES, HIDDEN, CLASSES)),
    Entry("gin-dense", "Graph isomorphism network over an adjacency matrix", XU, "gin:gin_dense",
          (NODES, FEATURES, HIDDEN, CLASSES)),
    Entry("mpnn-sparse", "Message-passing network over edges", GILMER, "message_passing:mpnn_sparse",
          (FEW_NODES, FEW_EDGES, FEATURES, EDGE_FEATURES, FEW_HIDDEN, ROUNDS, CLASSES)),
    Entry("mpnn-dense", "Message-passing network over an adjacency matrix", GILMER, "message_passing:mpnn_dense",
          (FEW_NODES, FEATURES, EDGE_FEATURES, FEW_HIDDEN, ROUNDS, CLASSES)),
    Entry("graphnet-sparse", "GraphNetwork block over edges", BATTAGLIA, "graph_network:graph_network_sparse",
          (FEW_NODES, FEW_EDGES, FEATURES, EDGE_FEATURES, GRAPH_FEATURES, FEW_HIDDEN)),
    Entry("graphnet-dense", "GraphNetwork block over an adjacency matrix", BATTAGLIA,
          "graph_network:graph_network_dense", (FEW_NODES, FEATURES, EDGE_FEATURES, GRAPH_FEATURES, FEW_HIDDEN)),
)  # fmt: skip
"""The two forms of each network, beside those among the reference models (gcn-sparse, gcn-dense, gat)."""

_SMALL = {"N": 100, "M": 1000, "F": 16, "H": 32}

VARIANTS = (
    Entry("gcn-layer", "One graph convolution over edges, whose weights are given", KIPF, "gcn:layer",
          (NODES, EDGES, FEATURES, HIDDEN),
          published=(
              Published("macs", 102_400 // 2, 0, _SMALL, "half of the FLOPs of X W, which is all that counters of "
                        "PyTorch's operators see of such a layer", "closed form 2*N*F*H"),
              Published("flops", 102_400 + 64_000, 0, _SMALL, "2 per multiply-add of X W, and a multiply and an add "
                        "per edge and feature", "closed form 2*N*F*H + 2*M*H", beyond=-3_200, why="biases, N*H"),
          )),
    Entry("gcn-bcoo", "Graph convolutional network over a BCOO matrix", KIPF, "gcn_bcoo:gcn_bcoo",
          (NODES, EDGES, FEATURES, HIDDEN, CLASSES)),
    Entry("gcn-learned-sparse", "Graph convolutions with a learned weight for each edge", KIPF,
          "gcn_learned:gcn_learned_sparse", (NODES, EDGES, FEATURES, HIDDEN, CLASSES)),
    Entry("gcn-learned-dense", "Graph convolutions with a learned weight for each pair of nodes", KIPF,
          "gcn_learned:gcn_learned_dense", (NODES, FEATURES, HIDDEN, CLASSES)),
    Entry("sage-sampled", "GraphSAGE over sampled neighbours", HAMILTON, "sage:sage_sampled",
          (NODES, SAMPLED, FEATURES, HIDDEN, CLASSES)),
)  # fmt: skip


def _batch(entry: Entry) -> Entry:
    """The row of a padded batch of graphs."""
    name = entry.name if entry.name.endswith(("-sparse", "-dense")) else f"{entry.name}-sparse"
    return replace(
        entry,
        name=f"{name}-batch",
        title=f"{entry.title}, padded batch",
        recipe=f"padded_graphs:{name.replace('-', '_')}",
        dims=(GRAPHS, *entry.dims),
        published=(),
    )


TWO_FORMS = (*(row for row in REFERENCE if row.name in ("gcn-sparse", "gcn-dense", "gat")), *ONE_GRAPH)
BATCHES = tuple(_batch(entry) for entry in TWO_FORMS)

EDITS = (
    Entry("edge-add-sparse", "Adds an edge to a list", CORMEN, "edge_edits:add_sparse", (LISTED,)),
    Entry("edge-remove-sparse", "Removes an edge from a list", CORMEN, "edge_edits:remove_sparse", (LISTED,)),
    Entry("edge-reweight-sparse", "Weighs an edge of a list anew", CORMEN, "edge_edits:reweight_sparse", (LISTED,)),
    Entry("edge-set-copied", "Sets an edge of an adjacency matrix, in a copy", CORMEN,
          "edge_edits:set_dense", (NODES,)),
    Entry("edge-set-in-place", "Sets an edge of an adjacency matrix, in its place", CORMEN,
          "edge_edits:set_dense_in_place", (NODES,)),
)  # fmt: skip

ROWS: tuple[Entry, ...] = (*ONE_GRAPH, *VARIANTS, *BATCHES, *EDITS)
