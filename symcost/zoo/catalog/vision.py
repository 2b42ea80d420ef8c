"""Detectors, and models of visual attention."""

from __future__ import annotations

from symcost.zoo.catalog.sizes import CLASSES
from symcost.zoo.entry import Dim, Entry, Published

_YOLO = "Redmon, Farhadi: YOLOv3: An Incremental Improvement, 2018, arXiv:1804.02767"
_LIN = "Lin et al.: Focal Loss for Dense Object Detection, ICCV 2017, arXiv:1708.02002"

_BATCH = Dim("B", "batch", (1, 2, 3))
_SIDE = Dim("N", "image side, a multiple of 32", (32, 64, 96), multiple_of=32)
_COCO = {"B": 1, "W": 32, "C": 80}
_TINY = {"B": 1, "W": 16, "C": 80}


def _width(usual: int) -> Dim:
    return Dim("W", f"channels after the first convolution ({usual} as published)", (1, 2), usual=usual)


def _bflops(sizes: dict[str, int], side: int, billions: float) -> Published:
    """What darknet's site prints."""
    return Published(
        quantity="flops",
        figure=billions * 1e9,
        tolerance=0.005 / billions,
        sizes={**sizes, "N": side},
        convention="2 per multiply-add of convolutions, all taps",
        source="pjreddie.com/darknet/yolo",
        under="darknet",
    )


def _trainable(sizes: dict[str, int], figure: int) -> Published:
    return Published(
        quantity="params",
        figure=figure,
        tolerance=0,
        sizes={**sizes, "N": 416},
        convention="trainable parameters, 80 classes",
        source="Keras's summary of the converted darknet weights",
    )


DETECTORS = (
    Entry(
        name="yolov3",
        title="YOLOv3: Darknet-53 and three detection heads",
        paper=_YOLO,
        recipe="yolo:yolov3",
        dims=(_BATCH, _SIDE, _width(32), CLASSES),
        published=(
            _bflops(_COCO, 320, 38.97),
            _bflops(_COCO, 416, 65.86),
            _bflops(_COCO, 608, 140.69),
            _trainable(_COCO, 61_949_149),
        ),
    ),
    Entry(
        name="yolov3-tiny",
        title="YOLOv3-tiny: seven layers and two detection heads",
        paper=_YOLO,
        recipe="yolo:yolov3_tiny",
        dims=(_BATCH, _SIDE, _width(16), CLASSES),
        published=(_bflops(_TINY, 416, 5.56), _trainable(_TINY, 8_852_366)),
    ),
    Entry(
        name="yolov3-int8",
        title="YOLOv3 between integers of 8 bits",
        paper=f"{_YOLO}; Jacob et al., CVPR 2018, arXiv:1712.05877",
        recipe="yolo:yolov3_int8",
        dims=(_BATCH, _SIDE, _width(32), CLASSES),
    ),
    Entry(
        name="retinanet",
        title="RetinaNet on ResNet-50 with a feature pyramid",
        paper=_LIN,
        recipe="retinanet:retinanet",
        dims=(_BATCH, _SIDE, _width(64), CLASSES),
        published=(
            Published(
                quantity="params",
                figure=34_014_999,
                tolerance=0,
                sizes={"B": 1, "N": 800, "W": 64, "C": 91},
                convention="trainable parameters, 91 classes",
                source="torchvision's table of weights",
                beyond=-53_120,
                why="scales and biases of ResNet-50's batch normalisation, which are frozen there",
            ),
            Published(
                quantity="macs",
                figure=151.54e9,
                tolerance=0.005 / 151.54,
                sizes={"B": 1, "N": 800, "W": 64, "C": 91},
                convention="multiply-accumulates of convolutions on an image of 800 x 800",
                source="torchvision's table of weights",
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
