"""Draw on a small canvas for scenes that must be lit twice: it keeps what a surface is apart from what shines.

Everything is drawn as polygons in unit coordinates on a supersampled RGBA image whose alpha channel does not mean
opacity but *kind*: open sky, ground, plain surface, or one of ``LIGHTS``. So each shape is drawn once, covers what is
behind it, lights included, and yet the layers come apart exactly.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from da_core.data.synthesis.colour import Array, linearise, planck_colour

Point = tuple[float, float]
Colour = tuple[int, int, int]  # sRGB, 0…255

GLASS: Colour = (62, 84, 104)
TYRE: Colour = (28, 28, 31)
STEEL: Colour = (92, 96, 102)
CHROME: Colour = (190, 194, 200)

SURFACE, GROUND, SKY = 0, 254, 255
SUPERSAMPLING = 3
MEASURED = 32
"""The side of the standard pair, whose figures are known. There, the gleam of a slanting pane is a pixel wide and goes
straight up over its edge; larger pictures, where one would see that, keep it inside."""


class Light(NamedTuple):
    """A light of the scene: linear sRGB colour times radiance, 1 being a white surface in daylight."""

    name: str
    radiance: tuple[float, float, float]


def _glowing(name: str, kelvin: float, radiance: float) -> Light:
    red, green, blue = (planck_colour(kelvin) * radiance).tolist()
    return Light(name, (red, green, blue))


LIGHTS = (
    _glowing("window", 2800, 0.15),
    _glowing("dim window", 2500, 0.05),
    _glowing("cool window", 5000, 0.12),
    _glowing("headlight", 4300, 2.0),
    _glowing("lamp", 2300, 2.5),
    _glowing("white lamp", 4000, 2.5),
    Light("tail light", (0.7, 0.02, 0.015)),
    Light("amber sign", (0.5, 0.22, 0.02)),
    Light("red signal", (1.0, 0.03, 0.02)),
    Light("amber signal", (0.9, 0.4, 0.02)),
    Light("green signal", (0.04, 0.8, 0.35)),
    Light("eye", (0.15, 0.26, 0.09)),  # a cat's eyes send back what shines on them
)
_KIND = {light.name: number for number, light in enumerate(LIGHTS, SURFACE + 1)}
_RADIANCE = np.zeros((256, 3), np.float32)
_RADIANCE[[*_KIND.values()]] = [light.radiance for light in LIGHTS]
_KIND["ground"] = GROUND  # shines only by what it mirrors when it is wet
_CIRCLE = tuple((math.cos(t * math.tau / 24), math.sin(t * math.tau / 24)) for t in range(24))


def tint(colour: Colour, factor: float) -> Colour:
    """Make a colour darker (factor below 1) or lighter."""
    red, green, blue = (min(255, int(channel * factor)) for channel in colour)
    return red, green, blue


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """Mix ``share`` of ``other`` into a colour."""
    red, green, blue = (int(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def paint(rng: Random, hue: Point, saturation: Point, value: Point) -> Colour:
    """Draw a random colour from ranges of hue (turns), saturation and value."""
    red, green, blue = colorsys.hsv_to_rgb(rng.uniform(*hue) % 1.0, rng.uniform(*saturation), rng.uniform(*value))
    return int(red * 255), int(green * 255), int(blue * 255)


def rounded(points: Sequence[Point], rounds: int = 2) -> list[Point]:
    """Cut the corners of a closed polygon ``rounds`` times (Chaikin 1974)."""
    points = list(points)
    for _ in range(rounds):
        cut = []
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
            cut += [((1 - t) * x0 + t * x1, (1 - t) * y0 + t * y1) for t in (0.25, 0.75)]
        points = cut
    return points


def box(left: float, low: float, right: float, high: float) -> list[Point]:
    """Return the four corners of an upright rectangle."""
    return [(left, low), (right, low), (right, high), (left, high)]


def disc(x: float, y: float, rx: float, ry: float | None = None) -> list[Point]:
    """Approximate an ellipse by a polygon."""
    ry = rx if ry is None else ry
    return [(x + rx * u, y + ry * v) for u, v in _CIRCLE]


def stroke(points: Sequence[Point], width: float) -> list[Point]:
    """Outline a line of some width through ``points``, with mitred joints."""
    left, right = [], []
    for i, (x, y) in enumerate(points):
        (x0, y0), (x1, y1) = points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        nx, ny = (y0 - y1) / length * width / 2, (x1 - x0) / length * width / 2
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return left + right[::-1]


def ring(x: float, y: float, radius: float, width: float) -> list[Point]:
    """Outline a circle drawn with a line of some width."""
    outer, inner = disc(x, y, radius + width / 2), disc(x, y, radius - width / 2)
    return [*outer, outer[0], inner[0], *inner[::-1]]


def _ink(colour: Colour, light: str | None) -> tuple[int, int, int, int]:
    return (*colour, SURFACE if light is None else _KIND[light])


class Canvas:
    """One scene in the making; coordinates are fractions of the side, (0, 0) at the top left."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.side = size * SUPERSAMPLING
        self.image = Image.new("RGBA", (self.side, self.side), (0, 0, 0, SKY))
        self.sun = Image.new("L", (self.side, self.side), 255)  # how much of the sunlight arrives
        self._pen, self._sun_pen = ImageDraw.Draw(self.image), ImageDraw.Draw(self.sun)

    def polygon(self, points: Sequence[Point], colour: Colour, light: str | None = None) -> None:
        """Draw a surface of some colour; with ``light``, one that shines by night, or “ground”."""
        side = self.side
        self._pen.polygon([(x * side, y * side) for x, y in points], _ink(colour, light))

    def box(
        self, left: float, top: float, right: float, bottom: float, colour: Colour, light: str | None = None
    ) -> None:
        """Draw an upright rectangle, which is cheaper than a polygon."""
        side = self.side
        corners = (left * side, top * side, max(left, right) * side - 1, max(top, bottom) * side - 1)
        self._pen.rectangle(corners, _ink(colour, light))

    def shade(self, points: Sequence[Point], sunlight: float) -> None:
        """Let only a share of the sunlight reach these points; edges become soft."""
        side = self.side
        self._sun_pen.polygon([(x * side, y * side) for x, y in points], int(255 * sunlight))

    def layers(self) -> tuple[Array, Array, Array, Array, Array]:
        """Return linear reflectance and emission (size, size, 3), shares (size, size) of sky, ground and sunlight."""
        drawn = np.asarray(self.image)
        kind = drawn[..., 3]
        open_sky = kind == SKY  # there the colour is still the empty canvas's black
        reflectance = _shrink(linearise(drawn[..., :3]))
        emission = _shrink(_RADIANCE[kind])
        sun = self.sun.filter(ImageFilter.GaussianBlur(0.012 * self.side)).reduce(SUPERSAMPLING)
        return (
            reflectance,
            emission,
            _shrink(open_sky.astype(np.float32)),
            _shrink((kind == GROUND).astype(np.float32)),
            np.asarray(sun, np.float32) / np.float32(255),
        )


@dataclass(frozen=True)
class ObjectFrame:
    """The place of an object: its own coordinates have y up, (0, 0) on the ground and a height or length of 1."""

    canvas: Canvas
    x: float
    y: float
    scale: float
    mirror: int = 1
    lean: float = 0.0
    near: bool = True  # small objects far away throw no shadow: it would look like one on what is near

    def place(self, points: Sequence[Point]) -> list[Point]:
        """Turn own coordinates into those of the canvas."""
        x, y, across, up, lean = self.x, self.y, self.mirror * self.scale, self.scale, self.lean
        return [(x + across * (u + lean * v), y - up * v) for u, v in points]

    def fill(self, points: Sequence[Point], colour: Colour, light: str | None = None) -> None:
        """Draw a polygon."""
        self.canvas.polygon(self.place(points), colour, light)

    def shade(self, points: Sequence[Point], sunlight: float) -> None:
        """Keep sunlight off a polygon."""
        if self.near:
            self.canvas.shade(self.place(points), sunlight)

    def cast_shadow(self, width: float, depth: float = 0.06, sunlight: float = 0.3) -> None:
        """Cast a soft shadow on the ground, ``width`` to either side of the middle."""
        self.shade(disc(0.04, -0.01, width, depth), sunlight)

    def pane(self, points: Sequence[Point], light: str | None = None) -> None:
        """Draw a window pane; where it is not lit from inside, a slanting reflection of the sky."""
        self.fill(points, GLASS, light)
        if light is None:
            (left, low), (right, _), (top_right, high), (top_left, _) = points
            if self.canvas.size == MEASURED:
                top_left, top_right = left, right
            wide, top = right - left, top_left + 0.8 * (top_right - top_left)
            gleam = [(left + 0.55 * wide, low), (left + 0.75 * wide, low), (top_right, high), (top, high)]
            self.fill(gleam, mix(GLASS, (200, 220, 235), 0.35))


def _shrink(layer: Array) -> Array:
    """Average the supersampled pixels of a layer (side, side, …)."""
    total = np.zeros((len(layer) // SUPERSAMPLING, len(layer) // SUPERSAMPLING, *layer.shape[2:]), np.float32)
    for row in range(SUPERSAMPLING):
        for column in range(SUPERSAMPLING):
            total += layer[row::SUPERSAMPLING, column::SUPERSAMPLING]
    return np.asarray(total / SUPERSAMPLING**2, np.float32)
