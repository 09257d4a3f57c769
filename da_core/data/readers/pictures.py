"""Decode a picture file's bytes to a small square of pixels."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from da_core.data.readers.archive import TOO_LARGE, UNREADABLE, UnusableError
from da_core.settings import settings

# Those that Pillow reads by itself. Others would start programs (EPS: Ghostscript).
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")

_BEGINNINGS = (
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"BM",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    *(b"P%d" % kind for kind in range(1, 7)),
)

_log = logging.getLogger(__name__)


def begins_as_picture(head: bytes) -> bool:
    """Guess from its first 12 bytes whether a file is a picture; nothing of it is parsed."""
    return head.startswith(_BEGINNINGS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def is_picture(place: Path) -> bool:
    """Tell from its header whether a file is a picture of a type that is read here; nothing is unpacked."""
    try:
        with Image.open(place, formats=_FORMATS):
            return True
    except Exception as error:  # a damaged header makes Pillow raise errors of many kinds
        _log.info("%s is no picture: %r", place, error)
        return False


def decode_picture(data: bytes, size: int) -> NDArray[np.uint8]:
    """Decode a picture, turned upright, and bring its middle square to (size, size, 3) uint8 RGB.

    The content says which type it is, not the name; of an animation the first frame counts, transparent parts become
    white. Raises `UnusableError` for what is no picture, or one above the settings' limit (seen before it is unpacked).
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > settings().picture_pixels:
                raise UnusableError(TOO_LARGE)
            image.draft("RGB", (2 * size, 2 * size))  # a JPEG is unpacked no larger than needed
            upright = ImageOps.exif_transpose(image)
            return np.asarray(_on_white(_middle_square(_smooth(upright), size)))
    except UnusableError:
        raise
    except Image.DecompressionBombError:
        raise UnusableError(TOO_LARGE) from None
    except Exception as error:  # a damaged picture makes Pillow's decoders raise errors of many kinds
        _log.info("not a picture: %r", error)
        raise UnusableError(UNREADABLE) from None


def resize_pictures(X: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Bring the middle squares of pictures (n, h, w, 3) to (n, size, size, 3)."""
    if X.shape[1:3] == (size, size):
        return X
    small = np.empty((len(X), size, size, 3), np.uint8)
    for row, picture in enumerate(X):
        small[row] = np.asarray(_middle_square(Image.fromarray(picture), size))
    return small


def _middle_square(image: Image.Image, size: int) -> Image.Image:
    """Cut the middle square of an image, brought to ``size`` by ``size`` pixels without aliasing."""
    return ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)


def _smooth(image: Image.Image) -> Image.Image:
    """Bring an image into a mode whose pixels can be averaged."""
    if image.mode.startswith("I"):  # 16 bits of grey; Pillow's own conversion clips instead of scaling
        return Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8))
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
