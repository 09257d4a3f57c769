"""Convert colours to linear light and back, and compute luminance and the colour of a lamp by its temperature.

"Linear light" is proportional to radiance, 1 being a white surface in daylight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Pictures = NDArray[np.uint8]


def to_linear(srgb: NDArray[np.floating]) -> Array:
    """Turn display values in [0, 1] into linear light in [0, 1], float32: the inverse sRGB curve (IEC 61966-2-1)."""
    srgb = np.asarray(srgb, np.float32)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(linear: NDArray[np.floating]) -> Array:
    """Turn linear light into display values in [0, 1], float32, by the sRGB curve; above white it is clipped."""
    linear = np.clip(np.asarray(linear, np.float32), 0.0, 1.0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


_LINEAR = to_linear(np.arange(256) / 255)  # the curve at each 8-bit value: a lookup is 20 times faster than a power


def linearise(pictures: Pictures) -> Array:
    """Turn 8-bit sRGB pictures into linear light, float32 of the same shape."""
    linear: Array = _LINEAR[pictures]
    return linear


def quantise(srgb: Array) -> Pictures:
    """Round display values in [0, 1] to uint8, the nearest level."""
    return (srgb * 255 + 0.5).astype(np.uint8)


def luminance(linear: Array) -> Array:
    """Compute the luminance (…,) of linear sRGB light (…, 3), ITU-R BT.709."""
    return linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)


def planck_colour(kelvin: Array | float) -> Array:
    """Compute the linear sRGB colour (…, 3) of a black body at ``kelvin`` (…,), of luminance 1; 6500 K is about white.

    Planck's law times the CIE 1931 matching functions (the multi-lobe fit of Wyman, Sloan and Shirley 2013, JCGT
    2(2)), summed over the visible range, then the XYZ → sRGB matrix. What falls outside of sRGB (blue below about
    1900 K) is set to 0.
    """
    nm = np.linspace(390, 730, 69)

    def lobe(mean: float, left: float, right: float) -> Array:
        return np.exp(-0.5 * ((nm - mean) * np.where(nm < mean, left, right)) ** 2)

    x = 0.362 * lobe(442.0, 0.0624, 0.0374) + 1.056 * lobe(599.8, 0.0264, 0.0323) - 0.065 * lobe(501.1, 0.0490, 0.0382)
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437.0, 0.0845, 0.0278) + 0.681 * lobe(459.0, 0.0385, 0.0725)
    radiance = nm**-5 / np.expm1(1.4388e7 / (nm * np.asarray(kelvin, float)[..., None]))
    xyz_to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    colour = np.maximum(radiance @ np.stack([x, y, z], -1) @ xyz_to_rgb.T, 0.0).astype(np.float32)
    unit: Array = colour / luminance(colour)[..., None]
    return unit
