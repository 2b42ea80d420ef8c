"""Every convention against figures that others have published for it.

"algorithm" and "xla" have theirs in the zoo (tests/zoo) and in XLA itself (tests/hlo); "darknet" has YOLO in the zoo.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from symcost import zoo
from tests.conventions.counting import total
from tests.conventions.models import forward

RESNET50 = {"B": 1, "S": 224, "W": 64, "C": 1000}
VIT_B_16 = {"B": 1, "G": 14, "P": 16, "D": 768, "H": 12, "L": 12}


def image(side: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, side, side, 3), "float32")


# -- macs ---------------------------------------------------------------------------------------


def test_macs_of_resnet50():
    """4.089 G, torchvision's table of weights (ResNet50_Weights)."""
    fn, args = zoo.get("resnet50").build(**RESNET50)
    assert round(total("macs", fn, *args, quantity="macs") / 1e9, 3) == 4.089


class VGG16(nn.Module):
    """Simonyan, Zisserman: Very Deep Convolutional Networks, ICLR 2015, configuration D."""

    @nn.compact
    def __call__(self, x):
        for filters, layers in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(layers):
                x = nn.relu(nn.Conv(filters, (3, 3))(x))
            x = nn.max_pool(x, (2, 2), (2, 2))
        x = x.reshape(x.shape[0], -1)
        for width in (4096, 4096):
            x = nn.relu(nn.Dense(width)(x))
        return nn.Dense(1000)(x)


def test_macs_of_vgg16():
    """15.47 G, torchvision's table of weights (VGG16_Weights)."""
    fn, args = forward(VGG16(), image(224))
    assert round(total("macs", fn, *args, quantity="macs") / 1e9, 2) == 15.47


# -- fvcore -------------------------------------------------------------------------------------


def test_the_example_in_fvcores_documentation():
    """FlopCountAnalysis's docstring: 3,000 for the convolution and 10,000 for the dense layer."""

    class TestModel(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.relu(nn.Conv(10, (1, 1), name="conv")(x))
            return nn.Dense(10, name="fc")(x.reshape(x.shape[0], -1))

    fn, args = forward(TestModel(), image(10))
    assert total("fvcore", fn, *args) == 13_000


def test_fvcore_counts_this_for_resnet50():
    """4.09 G in releases that skip normalisation and pooling (sovrasov/flops-counter.pytorch, issue 94); 4.11 G since
    they have handles (timm, results/benchmark-infer-amp-nchw-pt113-cu117-rtx3090.csv)."""
    fn, args = zoo.get("resnet50").build(**RESNET50)
    assert round(total("fvcore", fn, *args) / 1e9, 2) == 4.11
    assert round(total("fvcore", fn, *args, quantity="macs") / 1e9, 2) == 4.09


def test_fvcore_counts_this_for_a_vision_transformer():
    """ViT-B/16 at 224: 17.58 G (the same table of timm's; later ones fuse attention, which fvcore then skips)."""
    fn, args = zoo.get("vit").build(**VIT_B_16)
    assert round(total("fvcore", fn, *args) / 1e9, 2) == 17.58


# -- catamount (its language models and BERT are in tests/zoo) ------------------------------------


def test_catamounts_resnet50():
    """790,954,958,112 FLOPs: one training step, batch 32, without what its optimizer does (below 0.02%)."""
    fn, args = zoo.get("resnet50").build_gradient(**{**RESNET50, "B": 32})
    assert abs(total("catamount", fn, *args) - 790_954_958_112) < 0.01 * 790_954_958_112


def test_conventions_differ_where_they_should():
    x = jax.ShapeDtypeStruct((4, 8), "float32")
    fn = lambda x, w: jnp.tanh(x @ w)
    w = jax.ShapeDtypeStruct((8, 16), "float32")
    assert total("algorithm", fn, x, w) == 2 * 4 * 8 * 16
    assert total("macs", fn, x, w, quantity="macs") == total("fvcore", fn, x, w) == 4 * 8 * 16
    assert total("catamount", fn, x, w) == 2 * 4 * 8 * 16 + 6 * 4 * 16
    assert total("darknet", fn, x, w) == 0
