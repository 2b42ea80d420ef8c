"""Saliency by Fourier transforms: what the logarithm of an image's spectrum has beyond its local mean.

Hou, Zhang, "Saliency Detection: A Spectral Residual Approach", CVPR 2007.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from symcost.zoo.recipe import Array, Recipe
from symcost.zoo.saliency import convolve

MEAN = np.full((3, 3, 1, 1), 1 / 9, "float32")


def gaussian(taps: int) -> np.ndarray:
    """Weights of a Gaussian filter that ends at three standard deviations."""
    weights = np.exp(-0.5 * (np.arange(taps) - (taps - 1) / 2) ** 2 / (taps / 6) ** 2)
    return (weights / weights.sum()).astype("float32")


def smoothed(image: jax.Array, taps: int) -> jax.Array:
    """A Gaussian filter, down and across."""
    weights = gaussian(taps)
    image = convolve(image[None], weights[:, None, None, None])[..., 0]
    return convolve(image, weights[None, :, None, None])[0, ..., 0]


def spectral_residual(image: jax.Array, taps: int = 15) -> jax.Array:
    """The saliency map of an image of intensities (side, side): two transforms, and O(1) for each pixel."""
    spectrum = jnp.fft.fft2(image)
    amplitude = jnp.log(jnp.abs(spectrum) + 1e-6)
    residual = amplitude - convolve(amplitude[None], MEAN)[0, ..., 0]
    back = jnp.fft.ifft2(jnp.exp(residual + 1j * jnp.angle(spectrum)))
    return smoothed(jnp.square(jnp.abs(back)), taps)


def spectral(N) -> Recipe:
    """An image of N by N pixels."""
    return Recipe(spectral_residual, [Array((N, N))])
