"""Estimate the sky of a plain day picture from its brightness, colour, smoothness and place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from da_core.data.synthesis.colour import Array, Pictures

_BRIGHT = 0.72
"""Sky has at least this much blue, in sRGB, as a share of what the bluest tenth of the picture has …"""
_WARMEST = 0.06
"""… its red exceeds its blue by no more than this, in sRGB, so that it is blue, grey or white …"""
_ROUGH = 0.07
"""… it changes by less than this, in sRGB, from one 32nd of the picture to the next …"""
_LOWEST = 0.75
"""… it lies above this height, counted from the top, and nothing but sky is between it and the top of the picture."""


def estimate_sky(pictures: Pictures) -> Array:
    """Estimate the share of open sky in each pixel of day pictures (n, height, width, 3) uint8: (n, height, width).

    Judged by what a sky mostly is: bright, blue or grey, smooth, and connected to the picture's upper edge. White
    walls that reach the edge are taken for sky, and dark clouds are not.
    """
    from scipy import ndimage

    shares = np.zeros(pictures.shape[:3], np.float32)
    height, width = pictures.shape[1:3]
    step = max(height, width) / 32
    for picture, share in zip(pictures, shares, strict=True):
        srgb = picture.astype(np.float32) / 255
        blue = ndimage.gaussian_filter(srgb[..., 2], 0.3 * step)
        slope = np.hypot(*np.gradient(blue)) * step
        likely: NDArray[np.bool_] = (
            (blue >= _BRIGHT * np.quantile(blue, 0.9)) & (srgb[..., 0] - srgb[..., 2] <= _WARMEST) & (slope < _ROUGH)
        )
        likely[int(_LOWEST * height) :] = False
        regions, _count = ndimage.label(likely)
        touching = np.unique(regions[0][regions[0] > 0])
        # the slope leaves out the last pixels before an edge; then the border becomes soft, as a lens has it
        sky = ndimage.binary_dilation(np.isin(regions, touching), iterations=max(1, round(step / 2)), mask=likely)
        share[:] = ndimage.gaussian_filter(sky.astype(np.float32), 0.4 * step)
    return shares
