"""Convolutional networks for images."""

from __future__ import annotations

from symcost.zoo.catalog import residual
from symcost.zoo.catalog.sizes import CLASSES, RESNET50
from symcost.zoo.catalog.sources import MACS, TRAINED, torchvision
from symcost.zoo.entry import Dim, Entry, Published

HE = "He et al.: Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385"

BATCH = Dim("B", "batch", (1, 2, 3))
SIDE = Dim("S", "image side", (1, 8, 17, 24, 31, 32))
FIRST = Dim("W", "channels after the first convolution", (1, 2, 3))
HIDDEN = Dim("H", "hidden units of the dense layers", (1, 2, 5, 8))


def _published(sizes: dict[str, int], macs: str, params: int, file: str) -> tuple[Published, ...]:
    """Multiply-accumulates as printed, in units of 10^9, and parameters."""
    billions, digits = float(macs), len(macs.partition(".")[2])
    return (
        Published("macs", round(billions * 1e9), 0.5 * 10**-digits / billions, sizes, MACS, torchvision(file, "_ops")),
        Published("params", params, 0, sizes, TRAINED, torchvision(file, "num_params")),
    )


def _resnet(depth: int, macs: str, params: int, step: int) -> Entry:
    """A network of `STAGES`; Catamount counts its training step, and two variables more."""
    return Entry(
        name=f"resnet{depth}",
        title=f"ResNet-{depth}, width and image side symbolic",
        paper=HE,
        recipe=f"resnet:resnet{depth}",
        dims=(BATCH, SIDE, FIRST, CLASSES),
        published=(
            *_published(RESNET50, macs, params, "resnet.py"),
            *residual.published(STAGES[depth], depth > 34, params + 2, step),
        ),
        optimizer=residual.MOMENTUM,
    )


STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}

WIDE = {"B": 1, "S": 224, "W": 64, "H": 4096, "C": 1000}
MOBILE = {"B": 1, "S": 224, "W": 32, "C": 1000}
HOWARD = "Howard et al. 2017, table 4"

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
                why="the paper connects 60 of 96 pairs of maps (-900), trains a weight and a bias for each pooled map "
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
        published=_published(WIDE, "0.714", 61_100_840, "alexnet.py"),
    ),
    Entry(
        name="vgg16",
        title="VGG-16, width and image side symbolic",
        paper="Simonyan, Zisserman: Very Deep Convolutional Networks, ICLR 2015, arXiv:1409.1556",
        recipe="vgg:vgg16",
        dims=(BATCH, Dim("S", "image side", (32, 33, 35, 40), min=32), FIRST, HIDDEN, CLASSES),
        published=_published(WIDE, "15.47", 138_357_544, "vgg.py"),
    ),
    _resnet(18, "1.814", 11_689_512, 349_684_163_360),
    _resnet(34, "3.664", 21_797_672, 705_506_994_208),
    _resnet(101, "7.801", 44_549_160, 1_506_507_229_472),
    _resnet(152, "11.514", 60_192_808, 2_222_688_328_992),
    Entry(
        name="mobilenet-v1",
        title="MobileNet, depthwise separable convolutions",
        paper="Howard et al.: MobileNets, 2017, arXiv:1704.04861",
        recipe="mobilenet:mobilenet_v1",
        dims=(BATCH, SIDE, FIRST, CLASSES),
        published=(
            Published(
                "macs",
                569_000_000,
                0.5 / 569,
                MOBILE,
                "mult-adds of convolutions and the dense layer, in millions",
                HOWARD,
            ),
            Published("params", 4_200_000, 0.05 / 4.2, MOBILE, "parameters, in millions", HOWARD),
        ),
    ),
    Entry(
        name="mobilenet-v2",
        title="MobileNetV2, inverted residuals",
        paper="Sandler et al.: MobileNetV2, CVPR 2018, arXiv:1801.04381",
        recipe="mobilenet:mobilenet_v2",
        dims=(BATCH, SIDE, Dim("W", "channels come in multiples of it", (1, 2)), CLASSES),
        published=_published({**MOBILE, "W": 8}, "0.301", 3_504_872, "mobilenetv2.py"),
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
        published=_published({**MOBILE, "W": 2}, "0.386", 5_288_548, "efficientnet.py"),
    ),
)
