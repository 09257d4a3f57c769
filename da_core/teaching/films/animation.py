"""Draw films with Pillow: one frame as a picture, or all of them as one that moves, for slides."""

from __future__ import annotations

import functools
import io
import math
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw

from da_core import palette
from da_core.teaching.films.film import CONFIDENCES, SIDE, SMALL_SIDE, Box, Film, FilmFrame

PIXELS = 360
_GAP = 12
_RADIUS = 3.5
_FINER = 8
"""How many times finer marks are drawn than they are shown."""
_MILLISECONDS = 80
_LONG = 1400
"""Milliseconds of each frame of a film of few."""
Moving = Literal["webp", "gif"]


def animated(film: Film, kind: str = "webp") -> bytes:
    """Draw all frames as an animated WebP or GIF, the last one longer."""
    pictures = [still(film, at) for at in range(len(film.frames))]
    each = _LONG if len(pictures) <= 4 else _MILLISECONDS
    durations = [each] * (len(pictures) - 1) + [_LONG]
    output = io.BytesIO()
    options: dict[str, Any] = {"quality": 80, "method": 2} if kind == "webp" else {}
    if kind == "gif":  # one palette and no dither: half the bytes, and colours that do not flicker
        colours = pictures[-1].quantize(128, dither=Image.Dither.NONE)
        pictures = [picture.quantize(palette=colours, dither=Image.Dither.NONE) for picture in pictures]
    pictures[0].save(output, kind, save_all=True, append_images=pictures[1:], duration=durations, loop=0, **options)
    return output.getvalue()


def still(film: Film, at: int = -1) -> Image.Image:
    """Draw one frame: the plane as given on the left, the features on the right."""
    header, frame = film.header, film.frames[at]
    picture = Image.new("RGB", (2 * PIXELS + 3 * _GAP, PIXELS + 2 * _GAP), "white")
    halves = (
        (header.given, frame.field, SIDE, header.box),
        (frame.places, frame.feature_field, SMALL_SIDE, frame.feature_box),
    )
    for place, (points, field, side, box) in enumerate(halves):
        half = _half(film, frame, np.asarray(points, np.float64), field, side, box)
        picture.paste(half, (_GAP + place * (PIXELS + _GAP), _GAP))
    return picture


def _half(film: Film, frame: FilmFrame, points: Any, field: Any, side: int, box: Box) -> Image.Image:
    hues = np.array([_rgb(colour) for colour in palette.CLASSES])[field >> 4]
    opacity = 0.45 * (0.15 + 0.85 * (field & 15) / CONFIDENCES)[:, None]
    cells = (255 + (hues - 255) * opacity).astype(np.uint8).reshape(side, side, 3)[::-1]
    half = Image.fromarray(cells).resize((PIXELS, PIXELS), Image.Resampling.BICUBIC)
    source_count = film.header.source_count
    scale = PIXELS / (box[2] - box[0])
    weights = np.ones(source_count) if frame.weights is None else frame.weights
    for row, (x, y) in enumerate((points - [box[0], 0]) * [scale, 1]):
        of_source = row < source_count
        radius = _RADIUS * float(np.clip(np.sqrt(weights[row]), 0.3, 4)) if of_source else _RADIUS * 1.2
        mark = _mark(of_source, bool(film.header.label[row] % 3 == 0), round(4 * radius) / 4)
        middle = mark.width / 2
        half.paste(mark, (round(x - middle), round((box[3] - y) * scale - middle)), mark)
    return half


@functools.lru_cache(maxsize=256)
def _mark(of_source: bool, filled: bool, radius: float) -> Image.Image:
    """Draw a sample's mark once for all frames: a disc of the source, a diamond of the target."""
    colour = palette.SOURCE if of_source else palette.TARGET
    fill, side = colour if filled else "white", math.ceil(2 * radius + 2)
    mark = Image.new("RGBA", (_FINER * side, _FINER * side), f"{colour}00")
    pen, middle, r, width = ImageDraw.Draw(mark), _FINER * side / 2, _FINER * radius, 3 * _FINER // 2
    if of_source:
        pen.ellipse([middle - r, middle - r, middle + r, middle + r], fill, colour, width)
    else:
        corners = [(middle, middle - r), (middle + r, middle), (middle, middle + r), (middle - r, middle)]
        pen.polygon(corners, fill, colour, width)
    return mark.resize((side, side), Image.Resampling.LANCZOS)


def _rgb(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
