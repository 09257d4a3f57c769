"""Draw roadside objects: traffic lights, stop signs, lamp posts, houses and trees. Origin on the ground, y up."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from random import Random

from da_core.data.scenes.canvas import CHROME, STEEL, Colour, ObjectFrame, box, disc, mix, paint, rounded, stroke, tint


def draw_traffic_light(frame: ObjectFrame, rng: Random) -> None:
    """Draw a traffic light on its pole."""
    housing = rng.choice(((38, 42, 40), (52, 56, 58), (196, 156, 34)))
    frame.cast_shadow(0.12, 0.02)
    frame.fill(box(-0.022, 0.0, 0.022, 0.6), STEEL)
    frame.fill(box(0.006, 0.0, 0.022, 0.6), tint(STEEL, 0.75))
    frame.fill(box(-0.05, 0.0, 0.05, 0.03), tint(STEEL, 0.7))
    if rng.random() < 0.5:
        frame.fill(rounded(box(-0.165, 0.47, 0.165, 1.0), 1), (230, 230, 226))
        frame.fill(rounded(box(-0.15, 0.485, 0.15, 0.985), 1), (30, 32, 33))
    frame.fill(rounded(box(-0.125, 0.5, 0.125, 0.98), 1), housing)
    on = rng.choice(("red signal", "red signal", "amber signal", "green signal", "green signal"))
    bright = {"red signal": (255, 64, 48), "amber signal": (255, 190, 50), "green signal": (70, 240, 160)}
    for y, name in ((0.87, "red signal"), (0.735, "amber signal"), (0.6, "green signal")):
        frame.fill(disc(0.0, y, 0.076), (18, 18, 19))
        lit = name == on
        frame.fill(disc(0.0, y - 0.004, 0.058), bright[name] if lit else tint(bright[name], 0.3), name if lit else None)
        top = [(-0.075, y), (-0.07, y + 0.06), (0.0, y + 0.085), (0.07, y + 0.06), (0.075, y)]
        frame.fill([*top, (0.05, y + 0.045), (-0.05, y + 0.045)], tint(housing, 0.55))


_UPPER_S = [(0.4, 0.8), (0.2, 1.0), (-0.2, 1.0), (-0.4, 0.8), (-0.3, 0.58)]
_LEFT_O, _RIGHT_O = ([(x, 0.2), (x, 0.8)] for x in (-0.38, 0.38))
_LETTERS = (
    [*_UPPER_S, (0.3, 0.42), (0.4, 0.2), (0.2, 0.0), (-0.2, 0.0), (-0.4, 0.2)],
    [(-0.45, 0.95), (0.0, 0.95), (0.0, 0.0), (0.0, 0.95), (0.45, 0.95)],
    [*_LEFT_O, (-0.15, 0.98), (0.15, 0.98), *_RIGHT_O[::-1], (0.15, 0.02), (-0.15, 0.02), (-0.38, 0.2)],
    [(-0.32, 0.0), (-0.32, 0.96), (0.2, 0.96), (0.38, 0.75), (0.2, 0.48), (-0.32, 0.48)],
)


def draw_stop_sign(frame: ObjectFrame, rng: Random) -> None:
    """Draw a stop sign on its post."""
    frame = replace(frame, mirror=1)  # it carries letters
    red = paint(rng, (0.97, 1.01), (0.8, 0.92), (0.65, 0.85))
    radius = rng.uniform(0.2, 0.25)
    y = 0.99 - radius
    frame.cast_shadow(0.12, 0.02)
    frame.fill(box(-0.02, 0.0, 0.02, y), CHROME)
    frame.fill(box(0.004, 0.0, 0.02, y), tint(CHROME, 0.7))
    corners = [(math.cos(math.tau * (k + 0.5) / 8), math.sin(math.tau * (k + 0.5) / 8)) for k in range(8)]
    for share, colour in ((1.0, tint(red, 0.7)), (0.98, (242, 240, 238)), (0.87, red)):
        frame.fill([(radius * share * u, y + radius * share * v) for u, v in corners], colour)
    letter = radius * 0.3
    for place, line in zip((-1.5, -0.5, 0.5, 1.5), _LETTERS, strict=True):
        points = [(place * radius * 0.4 + u * letter, y + (v - 0.5) * radius * 0.62) for u, v in line]
        for start, end in pairwise(points):
            frame.fill(stroke([start, end], radius * 0.085), (246, 244, 242))


def draw_lamp_post(frame: ObjectFrame, rng: Random) -> None:
    """Draw a street lamp: an arm over the road, two arms, or an old lantern."""
    steel = paint(rng, (0.3, 0.6), (0.0, 0.25), (0.22, 0.5))
    light = rng.choice(("lamp", "lamp", "white lamp"))
    glass = (246, 240, 214)
    style = rng.choice(("arm", "arm", "double", "lantern", "globe"))
    frame.cast_shadow(0.08, 0.015)
    top = 0.93 if style in ("arm", "double") else 0.78
    frame.fill([(-0.026, 0.0), (-0.014, top), (0.014, top), (0.026, 0.0)], steel)
    frame.fill([(0.004, 0.0), (0.004, top), (0.014, top), (0.026, 0.0)], tint(steel, 0.7))
    frame.fill([(-0.045, 0.0), (-0.035, 0.1), (0.035, 0.1), (0.045, 0.0)], tint(steel, 0.85))
    if style in ("arm", "double"):
        for side in (1,) if style == "arm" else (-1, 1):
            bend = [(0.0, 0.86), (side * 0.03, 0.94), (side * 0.1, 0.975), (side * 0.22, 0.98)]
            frame.fill(stroke(bend, 0.026), steel)
            hood = [(side * 0.19, 0.955), (side * 0.21, 1.0), (side * 0.33, 0.99), (side * 0.35, 0.955)]
            frame.fill(rounded(hood, 1), steel)
            frame.fill(rounded(box(side * 0.2, 0.935, side * 0.34, 0.962), 1), glass, light)
    elif style == "globe":
        frame.fill(box(-0.04, 0.77, 0.04, 0.8), steel)
        frame.fill(disc(0.0, 0.88, 0.09), glass, light)
        frame.fill(disc(0.0, 0.985, 0.02), steel)
    else:
        frame.fill(box(-0.07, 0.76, 0.07, 0.785), steel)
        frame.fill([(-0.055, 0.785), (-0.095, 0.93), (0.095, 0.93), (0.055, 0.785)], glass, light)
        frame.fill([(-0.11, 0.925), (-0.04, 0.985), (0.0, 1.02), (0.04, 0.985), (0.11, 0.925)], steel)
        frame.fill(stroke([(0.0, 0.785), (0.0, 0.93)], 0.012), steel)


def draw_house(frame: ObjectFrame, rng: Random) -> None:
    """Draw a house with a gable or a broad roof; some windows are lit by night."""
    wall = rng.choice(
        (
            paint(rng, (0.05, 0.13), (0.08, 0.4), (0.7, 0.95)),
            paint(rng, (0.0, 0.04), (0.4, 0.6), (0.5, 0.7)),
            paint(rng, (0.0, 1.0), (0.05, 0.3), (0.6, 0.9)),
        )
    )
    tiles = paint(rng, (0.0, 0.05), (0.45, 0.7), (0.4, 0.62))
    roof = rng.choice((tiles, paint(rng, (0.55, 0.65), (0.05, 0.25), (0.25, 0.42))))
    frame_colour, door = mix(wall, (250, 250, 250), 0.8), paint(rng, (0.0, 1.0), (0.4, 0.7), (0.25, 0.6))
    half, eaves = rng.uniform(0.38, 0.44), rng.uniform(0.4, 0.52)
    top = eaves + rng.uniform(0.22, 0.36)
    gable = rng.random() < 0.5
    frame.cast_shadow(half * 1.15, 0.04)
    chimney = rng.uniform(0.12, 0.24)
    frame.fill(box(chimney - 0.04, eaves, chimney + 0.04, top + 0.02), (140, 84, 70))
    frame.fill(box(chimney - 0.048, top, chimney + 0.048, top + 0.03), (110, 66, 56))
    if gable:
        frame.fill([(-half, 0.0), (-half, eaves), (0.0, top), (half, eaves), (half, 0.0)], wall)
        for side, share in ((-1, 1.08), (1, 0.8)):
            edge = [(side * (half + 0.06), eaves - 0.035), (side * (half + 0.03), eaves - 0.07)]
            frame.fill([(0.0, top + 0.04), *edge, (0.0, top - 0.025)], tint(roof, share))
    else:
        frame.fill(box(-half, 0.0, half, eaves), wall)
        slope = rng.uniform(0.05, 0.16)
        low = eaves - 0.01
        frame.fill([(-half - 0.06, low), (-half + slope, top), (half - slope, top), (half + 0.06, low)], roof)
        for line in (0.3, 0.6):
            y, inset = eaves + line * (top - eaves), line * (slope + 0.06)
            frame.fill(box(-half - 0.06 + inset, y, half + 0.06 - inset, y + 0.01), tint(roof, 0.82))
        frame.shade(box(-half, eaves - 0.07, half, eaves - 0.01), 0.6)
    frame.fill(box(-half, 0.0, half, 0.035), tint(wall, 0.65))
    at = rng.choice((-0.2, 0.0, 0.2))
    frame.fill(box(at - 0.075, 0.0, at + 0.075, 0.265), frame_colour)
    frame.fill(box(at - 0.06, 0.0, at + 0.06, 0.25), door)
    frame.fill(disc(at + 0.04, 0.12, 0.01), CHROME)
    places = [(x, 0.2) for x in (-0.26, 0.0, 0.26) if abs(x - at) > 0.15]
    if eaves > 0.45:
        places += [(-0.26, 0.39), (0.26, 0.39)] if not gable else [(-0.2, 0.42), (0.2, 0.42)]
    if gable:
        places.append((0.0, eaves + 0.06))
    for x, y in places:
        _draw_window(frame, rng, x, y, frame_colour)


def _draw_window(frame: ObjectFrame, rng: Random, x: float, y: float, frame_colour: Colour) -> None:
    light = rng.choice(("window", "window", "dim window", "cool window", None, None, None))
    wide, high = 0.065, 0.062
    frame.fill(box(x - wide - 0.014, y - high - 0.014, x + wide + 0.014, y + high + 0.014), frame_colour)
    for left in (x - wide, x + 0.006):
        frame.pane(box(left, y - high, left + wide - 0.006, y + high), light)
    frame.fill(box(x - wide - 0.022, y - high - 0.026, x + wide + 0.022, y - high - 0.012), tint(frame_colour, 0.8))


def draw_tree(frame: ObjectFrame, rng: Random) -> None:
    """Draw a broad-leaved tree in leaf or in autumn, or a fir."""
    bark = paint(rng, (0.05, 0.09), (0.3, 0.5), (0.25, 0.42))
    if rng.random() < 0.3:
        _draw_fir(frame, rng, bark)
        return
    autumn, summer = ((0.05, 0.13), (0.6, 0.85), (0.6, 0.8)), ((0.22, 0.36), (0.4, 0.7), (0.32, 0.58))
    leaf = paint(rng, *(autumn if rng.random() < 0.2 else summer))
    crown, wide = rng.uniform(0.58, 0.66), rng.uniform(0.24, 0.34)
    frame.cast_shadow(wide * 1.1, 0.05)
    frame.fill([(-0.065, 0.0), (-0.03, 0.1), (-0.028, 0.5), (0.028, 0.5), (0.03, 0.1), (0.065, 0.0)], bark)
    frame.fill([(0.005, 0.03), (0.008, 0.5), (0.028, 0.5), (0.03, 0.1), (0.05, 0.0)], tint(bark, 0.7))
    for end in ((-0.14, 0.56), (0.13, 0.58)):
        frame.fill(stroke([(0.0, 0.3), end], 0.032), tint(bark, 0.85))
    turn = rng.random()
    angles = [math.tau * (k + turn) / 7 for k in range(7)]
    puffs = [(wide * 0.62 * math.cos(a), crown + 0.2 * math.sin(a), rng.uniform(0.12, 0.17)) for a in angles]
    puffs.append((0.0, crown + 0.04, 0.2))
    for share, dx, dy, size in ((0.68, 0.02, -0.035, 1.0), (1.0, 0.0, 0.0, 0.95), (1.2, -0.035, 0.045, 0.6)):
        for x, y, radius in puffs:
            frame.fill(disc(x + dx, y + dy, radius * size), tint(leaf, share * rng.uniform(0.95, 1.05)))
    frame.shade(disc(0.06, crown - 0.12, wide * 0.8, 0.1), 0.72)


def _draw_fir(frame: ObjectFrame, rng: Random, bark: Colour) -> None:
    needle = paint(rng, (0.3, 0.42), (0.4, 0.65), (0.26, 0.45))
    frame.cast_shadow(0.26, 0.04)
    frame.fill(box(-0.035, 0.0, 0.035, 0.2), bark)
    wide, tiers = rng.uniform(0.24, 0.33), rng.randint(3, 4)
    for tier in range(tiers):
        low, high = 0.12 + 0.72 * tier / tiers, 0.12 + 0.72 * tier / tiers + 0.88 / tiers + 0.05
        half = wide * (1 - 0.72 * tier / tiers)
        high = min(high, 1.0)
        hem = [(-half * 0.5, low + 0.018), (0.0, low - 0.02), (half * 0.5, low + 0.018)]
        frame.fill([(-half, low), *hem, (half, low), (0.0, high)], tint(needle, 0.72))
        bright = [(-half, low), (-half * 0.4, low + 0.02), (half * 0.25, low + 0.03), (0.0, high)]
        frame.fill(bright, tint(needle, 1.08))
