"""Detectors, and models of visual attention."""

from __future__ import annotations

from symcost.zoo.catalog.sizes import CLASSES
from symcost.zoo.catalog.sources import torchvision
from symcost.zoo.entry import Dim, Entry, Published

_YOLO = "Redmon, Farhadi: YOLOv3: An Incremental Improvement, 2018, arXiv:1804.02767"
_YOLOV4 = "Bochkovskiy, Wang, Liao: YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020, arXiv:2004.10934"
_LIN = "Lin et al.: Focal Loss for Dense Object Detection, ICCV 2017, arXiv:1708.02002"

_SITE = "pjreddie.com/darknet/yolo, table of models, FLOPS"
_FORK = "AlexeyAB/darknet, README.md, Pre-trained models"
_LOG = "AlexeyAB/darknet, Total BFLOPS when yolov4.cfg is loaded"

_BATCH = Dim("B", "batch", (1, 2, 3))
_SIDE = Dim("N", "image side, a multiple of 32", (32, 64, 96), multiple_of=32)
_COCO = {"B": 1, "W": 32, "C": 80}
_TINY = {**_COCO, "W": 16}
_RETINA = {"B": 1, "N": 800, "W": 64, "C": 91}


def _detector(usual: int) -> tuple[Dim, ...]:
    """Sizes of a detector whose first convolution has so many channels as published."""
    width = Dim("W", f"channels after the first convolution ({usual} as published)", (1, 2), usual=usual)
    return (_BATCH, _SIDE, width, CLASSES)


def _bflops(sizes: dict[str, int], side: int, printed: str, source: str = _SITE, beyond: int = 0) -> Published:
    """What darknet prints, in units of 10^9."""
    billions, digits = float(printed), len(printed.partition(".")[2])
    return Published(
        quantity="flops",
        figure=round(billions * 1e9),
        tolerance=0.5 * 10**-digits / billions,
        sizes={**sizes, "N": side},
        convention="2 per multiply-add of convolutions, all taps",
        source=source,
        beyond=beyond,
        why="1 per element of the 23 shortcuts, and per tap of the pools of 5, 9 and 13" if beyond else "",
        under="darknet",
    )


def _yolov4(side: int, printed: str, source: str) -> Published:
    """What a later darknet prints, which counts shortcuts and pools too."""
    shortcuts = ((64, 1, 2), (64, 2, 4), (128, 8, 8), (256, 8, 16), (512, 4, 32))  # channels, blocks, stride
    added = sum(channels * blocks * (side // stride) ** 2 for channels, blocks, stride in shortcuts)
    pooled = (5**2 + 9**2 + 13**2) * 512 * (side // 32) ** 2
    return _bflops(_COCO, side, printed, source, added + pooled)


def _weights(sizes: dict[str, int], name: str, size: int, channels: int) -> Published:
    """Numbers in darknet's file of weights."""
    return Published(
        quantity="params",
        figure=size // 4 - 5,
        tolerance=0,
        sizes={**sizes, "N": 416},
        convention=f"numbers of 4 bytes in the file, {size:,} bytes, after a head of 5; 80 classes",
        source=f"darknet's {name}.weights",
        beyond=2 * channels,
        why=f"running means and variances of {channels:,} normalised channels, which are not trained",
    )


DETECTORS = (
    Entry(
        name="yolov3",
        title="YOLOv3: Darknet-53 and three detection heads",
        paper=_YOLO,
        recipe="yolo:yolov3",
        dims=_detector(32),
        published=(
            _bflops(_COCO, 320, "38.97"),
            _bflops(_COCO, 416, "65.86"),
            _bflops(_COCO, 608, "140.69"),
            _weights(_COCO, "yolov3", 248_007_048, 26_304),
        ),
    ),
    Entry(
        name="yolov3-tiny",
        title="YOLOv3-tiny: seven layers and two detection heads",
        paper=_YOLO,
        recipe="yolo:yolov3_tiny",
        dims=_detector(16),
        published=(_bflops(_TINY, 416, "5.56"), _weights(_TINY, "yolov3-tiny", 35_434_956, 3_184)),
    ),
    Entry(
        name="yolov3-int8",
        title="YOLOv3 between integers of 8 bits",
        paper=f"{_YOLO}; Jacob et al., CVPR 2018, arXiv:1712.05877",
        recipe="yolo:yolov3_int8",
        dims=_detector(32),
    ),
    Entry(
        name="yolov4",
        title="YOLOv4: CSPDarknet-53, features up and down, three heads",
        paper=_YOLOV4,
        recipe="yolov4:yolov4",
        dims=_detector(32),
        published=(
            _yolov4(416, "60.1", _FORK),
            _yolov4(512, "91.1", _FORK),
            _yolov4(608, "128.459", _LOG),
            _weights(_COCO, "yolov4", 257_717_640, 33_152),
        ),
    ),
    Entry(
        name="retinanet",
        title="RetinaNet on ResNet-50 with a feature pyramid",
        paper=_LIN,
        recipe="retinanet:retinanet",
        dims=_detector(64),
        published=(
            Published(
                quantity="params",
                figure=34_014_999,
                tolerance=0,
                sizes=_RETINA,
                convention="trainable parameters, 91 classes",
                source=torchvision("detection/retinanet.py", "num_params"),
                beyond=-53_120,
                why="scales and biases of ResNet-50's batch normalisation, which are frozen there",
            ),
            Published(
                quantity="macs",
                figure=151_540_000_000,
                tolerance=0.005 / 151.54,
                sizes=_RETINA,
                convention="multiply-accumulates of convolutions on an image of 800 x 800",
                source=torchvision("detection/retinanet.py", "_ops"),
            ),
        ),
    ),
)

# Visual attention: saliency maps of an image, and what selects places of such a map.

WINNERS = Dim("K", "places attended to", (1, 2, 3, 5, 8))

ITTI = "Itti, Koch, Niebur: A Model of Saliency-Based Visual Attention for Rapid Scene Analysis, IEEE TPAMI 20, 1998"
HOU = "Hou, Zhang: Saliency Detection: A Spectral Residual Approach, CVPR 2007"

ATTENTION = (
    Entry("saliency", "Saliency map from contrasts of intensity, colour and orientation", ITTI, "saliency:saliency",
          (Dim("N", "image side", (256, 512), multiple_of=256),)),
    Entry("spectral-residual", "Saliency map from the residual of an image's spectrum", HOU,
          "spectral_residual:spectral", (Dim("N", "image side", (1, 2, 3, 17, 32, 50, 64)),)),
    Entry("wta-scan", "Most salient places, by a scan of the map for each", ITTI, "winner_take_all:scanning",
          (Dim("N", "side of the map", (1, 2, 5, 16, 33)), WINNERS)),
    Entry("wta-hierarchical", "Most salient places, by a search down a tree of maxima", ITTI,
          "winner_take_all:hierarchical", (Dim("N", "side of the map", (1, 2, 4, 16, 32), power_of=2), WINNERS)),
)  # fmt: skip

ROWS: tuple[Entry, ...] = DETECTORS + ATTENTION
