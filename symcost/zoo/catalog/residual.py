"""What Catamount counts for a training step of ResNets at batch 32, and what TensorFlow's graph does besides ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symcost.zoo.catalog.sizes import RESNET50
from symcost.zoo.catalog.sources import STEP, VARIABLES, catamount
from symcost.zoo.entry import Published

SIZES = {**RESNET50, "B": 32}
MOMENTUM = ("sgd", 0.1, 0.9)

WHY = (
    "294*B*W*(S/2)**2 for the gradient of the image, which is in that graph, and 9*B*S**2 to scale the image; "
    "+2 per element where a shortcut is added, whose gradients are summed over no axis; -4 per element and -24 per "
    "channel that is normalised, of which its operator and running means have 12 and 10, and JAX 16 and 34; -1 per "
    "element of a ReLU; "
    "the last mean is not divided, and its gradient after it is spread and not before; and 254, of the loss, of the "
    "rates of error and of shapes (JAX 0.12 has one operation fewer per channel)"
)


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements for one image, and channels of all normalisations.

    Attributes:
        normalised, activated, added: what batch normalisation, ReLU and shortcuts return.
        averaged: what the last mean is taken of.
        features: what it returns.
        channels: of all normalisations.
    """

    normalised: int
    activated: int
    added: int
    averaged: int
    features: int
    channels: int


def elements(blocks: Sequence[int], bottleneck: bool, S: int, W: int) -> Elements:
    """Of four stages of so many blocks, for an image side that is a multiple of 32."""
    wider = 4 if bottleneck else 1
    side = S // 4
    normalised = activated = W * (S // 2) ** 2
    added, channels = 0, W
    for stage, count in enumerate(blocks):
        width, before, side = W * 2**stage, side, S // (4 * 2**stage)
        # a bottleneck's first convolution comes before the stride
        inside = width * (before**2 + (2 * count - 1) * side**2) if bottleneck else width * count * side**2
        outside = wider * width * side**2
        projected = count + (bottleneck or stage > 0)
        normalised += inside + projected * outside
        activated += inside + count * outside
        added += count * outside
        channels += (1 + bottleneck) * count * width + projected * wider * width
    return Elements(normalised, activated, added, outside, wider * width, channels)


def beyond(found: Elements, B: int, S: int, W: int, C: int) -> int:
    """The terms of `WHY`, in its order."""
    image = 294 * W * (S // 2) ** 2 + 9 * S**2
    averaged = found.averaged - 2 * found.features
    per_image = image + 2 * found.added - 4 * found.normalised - found.activated + averaged
    return B * per_image - 24 * found.channels + 254


def published(blocks: Sequence[int], bottleneck: bool, params: int, flops: int) -> tuple[Published, ...]:
    """Catamount's two figures."""
    source = catamount("tf_image_resnet.py")
    why = "learning rate and step counter, which are variables there"
    terms = beyond(elements(blocks, bottleneck, SIZES["S"], SIZES["W"]), **SIZES)
    return (
        Published("params", params, 0, SIZES, VARIABLES, source, beyond=2, why=why),
        Published(
            "flops",
            flops,
            1e-7,
            SIZES,
            f"{STEP}, with momentum",
            source,
            terms,
            WHY,
            under="catamount",
            program="training",
        ),
    )
