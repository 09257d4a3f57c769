"""Samples for a person to look at: a few of every class of both domains, and how many there are."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pages.parts.pictures import thumbnail


def strip(samples: NDArray[np.uint8], columns: int, side: int = 96) -> bytes:
    """Pictures (n, h, w, 3) uint8 side by side, ``columns`` a row, as a PNG on a clear ground.

    Each is ``side`` pixels wide, enlarged without smoothing, so that small pictures stay what they are.
    """
    gap = side // 12
    rows = -(-len(samples) // columns)
    whole = Image.new("RGBA", (columns * (side + gap) - gap, rows * (side + gap) - gap), (0, 0, 0, 0))
    for place, sample in enumerate(samples):
        row, column = divmod(place, columns)
        square = Image.fromarray(thumbnail(sample, max(sample.shape[:2])))
        how = Image.Resampling.NEAREST if square.width <= side else Image.Resampling.BOX
        whole.paste(square.resize((side, side), how), (column * (side + gap), row * (side + gap)))
    file = io.BytesIO()
    whole.save(file, "PNG", compress_level=4)
    return file.getvalue()
