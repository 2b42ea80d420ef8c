"""Multi-layer perceptrons of L layers."""

from __future__ import annotations

from symcost.zoo.catalog.sizes import BATCH
from symcost.zoo.entry import Dim, Entry

RUMELHART = "Rumelhart, Hinton, Williams: Learning representations by back-propagating errors, Nature 323, 1986"


def _width(index: int) -> Dim:
    return Dim(f"n_{index}", "features" if index == 0 else f"width of layer {index}", (1, 2, 5, 8, 13))


ROWS: tuple[Entry, ...] = (
    Entry(
        name="mlp-widths",
        title="Multilayer perceptron of three layers, each width a symbol",
        paper=RUMELHART,
        recipe="mlp:mlp_widths",
        dims=(BATCH, *map(_width, range(4))),
    ),
    Entry(
        name="mlp-deep",
        title="Multilayer perceptron of L layers of one width",
        paper=RUMELHART,
        recipe="mlp:mlp_deep",
        dims=(
            BATCH,
            Dim("W", "width", (1, 2, 5, 8, 13)),
            Dim("L", "layers", (1, 2, 3, 4, 6)),
        ),
        structural=("L",),
    ),
)
