"""Draw the surroundings of a street scene's object: sky, hills, far houses, road, and small objects in the distance."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from da_core.data.scenes.canvas import Canvas, Colour, ObjectFrame, disc, mix, paint, tint
from da_core.data.scenes.objects import OBJECTS

_SKIES: tuple[tuple[Colour, Colour, float], ...] = (  # zenith, horizon, share of clouds
    ((58, 120, 204), (178, 212, 238), 0.5),
    ((84, 150, 220), (206, 226, 240), 0.8),
    ((140, 160, 182), (208, 214, 218), 0.7),  # overcast
    ((98, 136, 190), (244, 222, 190), 0.5),  # late afternoon
)


def draw_sky(size: int, horizon: float, rng: Random) -> np.ndarray:
    """Draw a day sky with its clouds, sRGB uint8 (size, size, 3)."""
    zenith, low, cloudy = rng.choice(_SKIES)
    down = np.clip((np.arange(size) + 0.5) / size / horizon, 0, 1)[:, None] ** 1.3
    gradient = np.asarray(zenith) * (1 - down) + np.asarray(low) * down
    sky = Image.fromarray(np.repeat(gradient[:, None], size, 1).astype(np.uint8))
    clouds = Image.new("L", (size, size))
    pen = ImageDraw.Draw(clouds)
    for _ in range(rng.randint(1, 4) if rng.random() < cloudy else 0):
        x, y, wide = rng.uniform(0, 1), rng.uniform(0.02, horizon * 0.8), rng.uniform(0.06, 0.16)
        for _ in range(5):
            u, v, r = x + rng.gauss(0, wide), y + rng.uniform(-0.2, 0.1) * wide, wide * rng.uniform(0.3, 0.6)
            puff = [(u - r) * size, (v - r * 0.6) * size, (u + r) * size, (v + r * 0.6) * size]
            pen.ellipse(puff, fill=rng.randint(150, 235))
    sky.paste((250, 250, 250), mask=clouds.filter(ImageFilter.GaussianBlur(0.02 * size)))
    return np.asarray(sky)


def _wave(rng: Random, level: float, height: float) -> list[tuple[float, float]]:
    """Outline hills that rise up to ``height`` over ``level``."""
    a, b, turn = rng.uniform(0.5, 1.4), rng.uniform(1.8, 3.2), rng.uniform(0, math.tau)
    heights = [0.5 + 0.32 * math.sin(a * x / 4 + turn) + 0.18 * math.sin(b * x / 4) for x in range(25)]
    top = [(x / 24, level - height * share) for x, share in enumerate(heights)]
    return [(0.0, level + 0.02), *top, (1.0, level + 0.02)]


def _draw_skyline(canvas: Canvas, rng: Random, horizon: float) -> None:
    haze = (190, 200, 212)
    x = rng.uniform(-0.1, 0.0)
    while x < 1.0:
        wide, high = rng.uniform(0.07, 0.17), rng.uniform(0.07, 0.26)
        wall = mix(paint(rng, (0.0, 0.12), (0.05, 0.3), (0.4, 0.75)), haze, 0.35)
        canvas.box(x, horizon - high, x + wide, horizon + 0.02, wall)
        canvas.box(x + wide * 0.8, horizon - high, x + wide, horizon + 0.02, tint(wall, 0.82))
        pane = tint(wall, 0.7)
        columns, rows = max(2, int(wide / 0.042)), max(1, int(high / 0.05))
        for column in range(columns):
            for row in range(rows):
                left, top = x + wide * (column + 0.25) / columns, horizon - high * (row + 0.8) / rows
                light = rng.choice(("window", "dim window", "cool window", None, None, None))
                canvas.box(left, top, left + wide * 0.45 / columns, top + high * 0.45 / rows, pane, light)
        x += wide + rng.uniform(-0.01, 0.04)


def _draw_tree_line(canvas: Canvas, rng: Random, horizon: float) -> None:
    leaf = paint(rng, (0.22, 0.34), (0.25, 0.5), (0.3, 0.5))
    for _ in range(16):
        x, r = rng.uniform(0, 1), rng.uniform(0.04, 0.085)
        canvas.polygon(disc(x, horizon - r * 0.4, r), mix(tint(leaf, rng.uniform(0.8, 1.15)), (190, 205, 215), 0.2))


def _draw_road(canvas: Canvas, rng: Random, horizon: float) -> None:
    """Draw the ground and a road, which runs across the picture or away from the viewer."""
    grass, earth = ((0.2, 0.3), (0.3, 0.55), (0.4, 0.62)), ((0.05, 0.14), (0.02, 0.12), (0.55, 0.75))
    ground = paint(rng, *(grass if rng.random() < 0.5 else earth))
    asphalt = paint(rng, (0.55, 0.7), (0.0, 0.08), (0.26, 0.46))
    kerb, line = (196, 194, 188), rng.choice(((236, 236, 230), (236, 236, 230), (228, 190, 70)))
    canvas.box(0, horizon, 1, 1, ground, "ground")
    for step in range(3):  # the ground gets darker towards the viewer
        canvas.box(0, horizon + (1 - horizon) * (0.25 + 0.25 * step), 1, 1, tint(ground, 0.96 - 0.04 * step), "ground")
    if rng.random() < 0.6:
        top, bottom = horizon + rng.uniform(0.1, 0.2), rng.uniform(0.9, 1.1)
        canvas.box(0, top - 0.035, 1, bottom + 0.05, (176, 174, 170), "ground")
        canvas.box(0, top - 0.012, 1, bottom + 0.02, kerb, "ground")
        canvas.box(0, top, 1, bottom, asphalt, "ground")
        middle, shift = (top + bottom) / 2, rng.random()
        for dash in range(-1, 5):
            x = (dash + shift) * 0.28
            low = middle + 0.022
            canvas.polygon([(x, middle), (x + 0.15, middle), (x + 0.14, low), (x - 0.015, low)], line, "ground")
    else:
        end, left, right = rng.uniform(0.3, 0.7), rng.uniform(-0.5, 0.05), rng.uniform(0.95, 1.5)
        for inset, colour in ((-0.09, (176, 174, 170)), (-0.02, kerb), (0.0, asphalt)):
            strip = [(end - 0.02, horizon), (end + 0.02, horizon), (right - inset, 1.0), (left + inset, 1.0)]
            canvas.polygon(strip, colour, "ground")
        foot = (left + right) / 2
        for near, far in ((1.0, 0.72), (0.55, 0.4), (0.3, 0.22), (0.16, 0.11)):
            points = [(end + (foot - end) * t, horizon + (1 - horizon) * t, 0.022 * t) for t in (near, far)]
            (x0, y0, w0), (x1, y1, w1) = points
            canvas.polygon([(x0 - w0, y0), (x0 + w0, y0), (x1 + w1, y1), (x1 - w1, y1)], line)


def draw_scenery(canvas: Canvas, rng: Random, horizon: float, clutter: int) -> None:
    """Draw all but the sky and the object itself; up to ``clutter`` small objects stand in the distance."""
    if rng.random() < 0.5:
        hills = mix(paint(rng, (0.25, 0.6), (0.15, 0.4), (0.4, 0.65)), (190, 205, 222), 0.45)
        canvas.polygon(_wave(rng, horizon, rng.uniform(0.06, 0.2)), hills)
    far = rng.choice((_draw_skyline, _draw_tree_line, None))
    if far:
        far(canvas, rng, horizon)
    _draw_road(canvas, rng, horizon)
    for _ in range(rng.randint(0, clutter)):
        distant = rng.choice((*OBJECTS.values(),))
        scale = distant.scale[0] * rng.uniform(0.2, 0.32)
        x, y = rng.uniform(0, 1), horizon + rng.uniform(0.02, 0.1)
        distant.draw(ObjectFrame(canvas, x, y, scale, rng.choice((-1, 1)), near=False), rng)
