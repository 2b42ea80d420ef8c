"""The saliency map of an image, from contrasts of intensity, colour and orientation at several scales.

Itti, Koch, Niebur, "A Model of Saliency-Based Visual Attention for Rapid Scene Analysis", IEEE Transactions on Pattern
Analysis and Machine Intelligence 20, 1998. Scales, maps and the normalisation are the paper's (section 2); filters are
those it cites (Gaussian pyramids of five taps; Gabor filters), and surrounds are enlarged by repeating pixels.

Maps of one scale stand in one array, (maps, side, side). The side must halve as often as there are scales.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from symcost.zoo.recipe import Array, Recipe

BINOMIAL = np.array([1, 4, 6, 4, 1], "float32") / 16
ANGLES = (0, 45, 90, 135)


def gabor_filters(taps: int) -> np.ndarray:
    """An even Gabor filter without mean for each angle, (taps, taps, 1, angles)."""
    across = np.arange(taps) - (taps - 1) / 2
    y, x = np.meshgrid(across, across, indexing="ij")
    filters = []
    for angle in np.deg2rad(ANGLES):
        along = x * np.cos(angle) + y * np.sin(angle)
        wave = np.exp(-(x**2 + y**2) / (2 * (taps / 6) ** 2)) * np.cos(2 * np.pi * along / (taps / 2))
        filters.append(wave - wave.mean())
    return np.stack(filters, axis=-1)[:, :, None, :].astype("float32")


def convolve(maps: jax.Array, kernel: np.ndarray, stride: tuple[int, int] = (1, 1)) -> jax.Array:
    """Each of (maps, side, side) with a kernel (rows, columns, 1, outputs): (maps, side, side, outputs)."""
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    return jax.lax.conv_general_dilated(
        maps[..., None],
        jnp.asarray(kernel),
        stride,
        [(rows, rows), (columns, columns)],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def halved(maps: jax.Array) -> jax.Array:
    """The next level of a Gaussian pyramid: five taps down, five across, every second pixel kept."""
    maps = convolve(maps, BINOMIAL[:, None, None, None], (2, 1))[..., 0]
    return convolve(maps, BINOMIAL[None, :, None, None], (1, 2))[..., 0]


def intensity_and_colours(image: jax.Array) -> jax.Array:
    """Intensity, red, green, blue and yellow of an image (side, side, 3), each broadly tuned: (5, side, side)."""
    red, green, blue = image[..., 0], image[..., 1], image[..., 2]
    intensity = (red + green + blue) / 3
    # hues of dark pixels are not seen
    bright = intensity > intensity.max() / 10
    red, green, blue = (jnp.where(bright, colour / intensity, 0) for colour in (red, green, blue))
    yellow = (red + green) / 2 - jnp.abs(red - green) / 2 - blue
    tuned = (red - (green + blue) / 2, green - (red + blue) / 2, blue - (red + green) / 2, yellow)
    return jnp.stack([intensity, *(jnp.maximum(colour, 0) for colour in tuned)])


def enlarged(maps: jax.Array, times: int) -> jax.Array:
    """Every pixel `times` by `times` times."""
    count, side, _ = maps.shape
    maps = jnp.broadcast_to(maps[:, :, None, :, None], (count, side, times, side, times))
    return maps.reshape(count, side * times, side * times)


def averaged(maps: jax.Array, times: int) -> jax.Array:
    """Means of squares of `times` by `times` pixels."""
    count, side, _ = maps.shape
    return maps.reshape(count, side // times, times, side // times, times).mean(axis=(2, 4))


def local_maxima(maps: jax.Array) -> jax.Array:
    """Which pixels of (maps, side, side) no neighbour exceeds: eight comparisons each."""
    around = jax.lax.reduce_window(maps, -jnp.inf, jax.lax.max, (1, 3, 3), (1, 1, 1), "SAME")
    return maps == around


def promoted(maps: jax.Array) -> jax.Array:
    """The paper's normalisation N(.): maps with one strong peak gain over maps with many alike.

    Scaled to [0, 1], and multiplied by the square of 1 minus the mean of all other local maxima.
    """
    lowest, highest = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    maps = (maps - lowest) / jnp.maximum(highest - lowest, 1e-6)
    peaks = local_maxima(maps)
    others = jnp.maximum(peaks.sum(axis=(1, 2)) - 1, 1)
    mean = (jnp.where(peaks, maps, 0).sum(axis=(1, 2)) - 1) / others
    return maps * jnp.square(1 - mean)[:, None, None]


def added(maps: Iterable[jax.Array]) -> jax.Array:
    """The sum of maps of one shape."""
    return functools.reduce(operator.add, maps)


def contrasts(maps: dict[int, jax.Array], pairs: Iterable[tuple[int, int]], sign: int) -> list[jax.Array]:
    """Centre less surround, absolute, for each pair of scales; with `sign` 1 their sum."""
    found = []
    for centre, surround in pairs:
        around = enlarged(maps[surround], 2 ** (surround - centre))
        found.append(jnp.abs(maps[centre] - around if sign < 0 else maps[centre] + around))
    return found


class Saliency(nn.Module):
    """The saliency map of an image (side, side, 3), at the largest of the centres' scales.

    Attributes:
        centres: scales of the centres; scale s has a side of 2**s-th part of the image's.
        deltas: how much coarser surrounds are. taps: side of the Gabor filters.
    """

    centres: tuple[int, ...] = (2, 3, 4)
    deltas: tuple[int, ...] = (3, 4)
    taps: int = 9

    def __call__(self, image: jax.Array) -> jax.Array:
        with jax.named_scope("pyramids"):
            scales = [intensity_and_colours(image)]
            for _ in range(max(self.centres) + max(self.deltas)):
                scales.append(halved(scales[-1]))
        with jax.named_scope("gabor"):
            used = range(min(self.centres), len(scales))
            gabor = gabor_filters(self.taps)
            oriented = {scale: jnp.abs(convolve(scales[scale][:1], gabor)) for scale in used}
        with jax.named_scope("contrasts"):
            intensity = {scale: scales[scale][:1] for scale in used}
            # red against green and blue against yellow: a surround has the opposite sign
            opponent = {scale: scales[scale][1::2] - scales[scale][2::2] for scale in used}
            angles = [{scale: maps[..., k] for scale, maps in oriented.items()} for k in range(len(ANGLES))]
            pairs = [(centre, centre + delta) for centre, delta in itertools.product(self.centres, self.deltas)]
            features = [contrasts(intensity, pairs, -1), contrasts(opponent, pairs, 1)]
            features += [contrasts(maps, pairs, -1) for maps in angles]
        with jax.named_scope("normalisation"):
            intensity, colour, *angles = (self.conspicuous(maps) for maps in features)
            parts = (intensity, colour, added(map(promoted, angles)))
            return added(map(promoted, parts))[0] / len(parts)

    @nn.nowrap
    def conspicuous(self, maps: Iterable[jax.Array]) -> jax.Array:
        """Contrasts promoted, brought to the coarsest centre's scale and added up: (1, side, side)."""
        scales = [centre for centre in self.centres for _ in self.deltas]
        coarse = [
            averaged(promoted(m), 2 ** (max(self.centres) - scale)) for scale, m in zip(scales, maps, strict=True)
        ]
        return added(coarse).sum(axis=0, keepdims=True)


def saliency(N) -> Recipe:
    """An image of N by N pixels; N is a multiple of 256."""
    return Recipe(Saliency(), [Array((N, N, 3))])
