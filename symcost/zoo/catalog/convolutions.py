"""Convolutional networks for images."""

from __future__ import annotations

from symcost.zoo.catalog.sizes import CLASSES
from symcost.zoo.entry import Dim, Entry, Published

HE = "He et al.: Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385"
TORCHVISION = "torchvision's table of weights"
MACS = "multiply-accumulates of convolutions and dense layers, padding taps included"
PARAMS = "trainable parameters; the running statistics of batch normalisation are not"

BATCH = Dim("B", "batch", (1, 2, 3))
SIDE = Dim("S", "image side", (1, 8, 17, 24, 31, 32))
FIRST = Dim("W", "channels after the first convolution", (1, 2, 3))
HIDDEN = Dim("H", "hidden units of the dense layers", (1, 2, 5, 8))


def _published(sizes: dict[str, int], macs: float, digits: int, params: int, source: str) -> tuple[Published, ...]:
    """Multiply-accumulates in units of 10^9 with so many digits after the point, and parameters."""
    return (
        Published("macs", round(macs * 1e9), 0.5 * 10**-digits / macs, sizes, MACS, source),
        Published("params", params, 0, sizes, PARAMS, source),
    )


def _resnet(depth: int, macs: float, digits: int, params: int) -> Entry:
    sizes = {"B": 1, "S": 224, "W": 64, "C": 1000}
    return Entry(
        name=f"resnet{depth}",
        title=f"ResNet-{depth}, width and image side symbolic",
        paper=HE,
        recipe=f"resnet:resnet{depth}",
        dims=(BATCH, SIDE, FIRST, CLASSES),
        published=_published(sizes, macs, digits, params, TORCHVISION),
    )


ROWS: tuple[Entry, ...] = (
    Entry(
        name="lenet",
        title="LeNet-5, fully connected between its two stages of maps",
        paper="LeCun et al.: Gradient-based learning applied to document recognition, Proc. IEEE 86, 1998",
        recipe="lenet:lenet",
        dims=(
            BATCH,
            Dim("S", "image side", (16, 17, 20, 23, 28), min=16),
            Dim("W", "widths, times the paper's", (1, 2)),
            CLASSES,
        ),
        published=(
            Published(
                "params",
                60_000,
                0,
                {"B": 1, "S": 32, "W": 1, "C": 10},
                "trainable parameters, as the paper adds them up",
                "LeCun et al. 1998, section II.B",
                beyond=-900 + 12 + 32 - 850,
                why="the paper connects 10 of 16 pairs of maps (-900), trains a weight and a bias for each pooled map "
                "(+12, +32), and its last layer of 84 x 10 weights and 10 biases is fixed (-850)",
            ),
        ),
    ),
    Entry(
        name="alexnet",
        title="AlexNet in one column",
        paper="Krizhevsky: One weird trick for parallelizing convolutional neural networks, 2014, arXiv:1404.5997",
        recipe="alexnet:alexnet",
        dims=(BATCH, Dim("S", "image side", (63, 64, 67, 70), min=63), FIRST, HIDDEN, CLASSES),
        published=_published({"B": 1, "S": 224, "W": 64, "H": 4096, "C": 1000}, 0.71, 2, 61_100_840, TORCHVISION),
    ),
    Entry(
        name="vgg16",
        title="VGG-16, width and image side symbolic",
        paper="Simonyan, Zisserman: Very Deep Convolutional Networks, ICLR 2015, arXiv:1409.1556",
        recipe="vgg:vgg16",
        dims=(BATCH, Dim("S", "image side", (32, 33, 35, 40), min=32), FIRST, HIDDEN, CLASSES),
        published=_published({"B": 1, "S": 224, "W": 64, "H": 4096, "C": 1000}, 15.47, 2, 138_357_544, TORCHVISION),
    ),
    _resnet(18, 1.81, 2, 11_689_512),
    _resnet(34, 3.66, 2, 21_797_672),
    _resnet(101, 7.80, 2, 44_549_160),
    _resnet(152, 11.51, 2, 60_192_808),
    Entry(
        name="mobilenet-v1",
        title="MobileNet, depthwise separable convolutions",
        paper="Howard et al.: MobileNets, 2017, arXiv:1704.04861",
        recipe="mobilenet:mobilenet_v1",
        dims=(BATCH, SIDE, FIRST, CLASSES),
        published=(
            Published(
                "macs",
                569e6,
                0.5 / 569,
                {"B": 1, "S": 224, "W": 32, "C": 1000},
                "mult-adds of convolutions and the dense layer, in millions",
                "Howard et al. 2017, table 4",
            ),
            Published(
                "params",
                4.2e6,
                0.05 / 4.2,
                {"B": 1, "S": 224, "W": 32, "C": 1000},
                "parameters, in millions",
                "Howard et al. 2017, table 4",
            ),
        ),
    ),
    Entry(
        name="mobilenet-v2",
        title="MobileNetV2, inverted residuals",
        paper="Sandler et al.: MobileNetV2, CVPR 2018, arXiv:1801.04381",
        recipe="mobilenet:mobilenet_v2",
        dims=(BATCH, SIDE, Dim("W", "channels come in multiples of it", (1, 2)), CLASSES),
        published=_published({"B": 1, "S": 224, "W": 8, "C": 1000}, 0.30, 2, 3_504_872, TORCHVISION),
    ),
    Entry(
        name="efficientnet-b0",
        title="EfficientNet-B0, inverted residuals with squeeze and excitation",
        paper="Tan, Le: EfficientNet, ICML 2019, arXiv:1905.11946",
        recipe="efficientnet:efficientnet_b0",
        dims=(
            Dim("B", "batch", (1, 2)),
            Dim("S", "image side", (1, 5, 8, 9)),  # of W = 2, the gradient of one image is too much for float32 totals
            Dim("W", "channels come in multiples of 4*W", (1,)),
            CLASSES,
        ),
        published=_published({"B": 1, "S": 224, "W": 2, "C": 1000}, 0.39, 2, 5_288_548, TORCHVISION),
    ),
)
