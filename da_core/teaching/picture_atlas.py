"""Many small pictures as one: the sheet that hover cuts its picture from, and single ones for a page."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLUMNS = 40


@dataclass(frozen=True)
class Atlas:
    """Thumbnails side by side in one picture, row by row; ``uri`` is a data URI, so nothing more is fetched."""

    uri: str
    columns: int
    rows: int

    @classmethod
    def read(cls, encoded: bytes, rows: int, columns: int = COLUMNS) -> Atlas:
        """Take over a WebP file as `sheet` writes it."""
        return cls("data:image/webp;base64," + base64.b64encode(encoded).decode("ascii"), columns, rows)

    def pictures(self) -> NDArray[np.uint8]:
        """Decode the thumbnails as (n, side, side, 3), with the empty ones at the end."""
        whole = np.asarray(Image.open(io.BytesIO(base64.b64decode(self.uri.partition(",")[2]))).convert("RGB"))
        side = whole.shape[1] // self.columns
        return whole.reshape(self.rows, side, self.columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)


def atlas(pictures: NDArray[np.uint8], size: int = 32) -> Atlas:
    """Lay ``pictures`` (n, h, w, 3) uint8 side by side, each shrunk to at most ``size`` pixels a side.

    1,200 pictures of 32 × 32 take some 60 ms and 500 KB.
    """
    return Atlas.read(sheet(pictures, size), math.ceil(len(pictures) / COLUMNS))


def sheet(pictures: NDArray[np.uint8], size: int = 32) -> bytes:
    """Encode pictures side by side as a WebP file with ``COLUMNS`` of them a row."""
    side = min(size, max(pictures.shape[1:3]))
    rows = math.ceil(len(pictures) / COLUMNS)
    whole = np.zeros((rows * side, COLUMNS * side, 3), np.uint8)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, COLUMNS)
        whole[row * side : (row + 1) * side, column * side : (column + 1) * side] = thumbnail(picture, side)
    file = io.BytesIO()
    Image.fromarray(whole).save(file, "WEBP", quality=82, method=2)
    return file.getvalue()


def subset(whole: Atlas, places: NDArray[np.int64]) -> Atlas:
    """Lay some of an atlas's pictures out as an atlas of their own, in the order of ``places``."""
    pictures = whole.pictures()
    return atlas(pictures[places], pictures.shape[1])


def tiles(whole: Atlas, places: Sequence[int] | NDArray[np.int64]) -> list[str]:
    """Cut single pictures out of an atlas, as data URIs."""
    cut = []
    for picture in whole.pictures()[np.asarray(places, int)]:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        cut.append("data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii"))
    return cut


def thumbnail(picture: NDArray[np.uint8], side: int) -> NDArray[Any]:
    """Shrink a picture (h, w, 3) to (side, side, 3), whole and undistorted: what is not square gets a black margin."""
    if picture.shape[:2] == (side, side):
        return picture
    image = Image.fromarray(picture)
    scale = side / max(image.size)
    small = image.resize(
        (max(round(image.width * scale), 1), max(round(image.height * scale), 1)), Image.Resampling.BOX
    )
    square = Image.new("RGB", (side, side))
    square.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return np.asarray(square)
