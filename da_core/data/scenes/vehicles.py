"""Draw cars, buses and bicycles. They are 1 long and face right; the origin is the ground below the middle, y is up."""

from __future__ import annotations

import math
from random import Random

from da_core.data.scenes.canvas import (
    CHROME,
    GLASS,
    STEEL,
    TYRE,
    Colour,
    ObjectFrame,
    Point,
    box,
    disc,
    paint,
    ring,
    rounded,
    stroke,
    tint,
)


def _body_paint(rng: Random) -> Colour:
    """Car paint: half of all cars are white, grey or black."""
    if rng.random() < 0.35:
        return paint(rng, (0.55, 0.65), (0.0, 0.08), (0.25, 0.95))
    return paint(rng, (0.0, 1.0), (0.55, 0.9), (0.45, 0.9))


def _wheel(frame: ObjectFrame, x: float, radius: float) -> None:
    frame.fill(disc(x, radius, radius), TYRE)
    frame.fill(disc(x, radius, radius * 0.62), CHROME)
    frame.fill(disc(x, radius, radius * 0.42), STEEL)
    frame.fill(disc(x, radius, radius * 0.16), CHROME)


def _headlights(frame: ObjectFrame, rng: Random, places: list[Point], radius: float) -> None:
    light = "headlight" if rng.random() < 0.8 else None
    for x, y in places:
        frame.fill(disc(x, y, radius * 1.35, radius * 1.1), CHROME)
        frame.fill(disc(x, y, radius), (245, 245, 235), light)


def draw_car(frame: ObjectFrame, rng: Random) -> None:
    """Draw a car from the side, its front or its back."""
    colour = _body_paint(rng)
    if rng.random() < 0.3:
        _draw_car_end(frame, rng, colour)
        return
    roof, bonnet = rng.uniform(0.37, 0.44), rng.uniform(0.255, 0.29)
    rear, tail = rng.choice(((-0.2, 0.27), (-0.36, 0.29), (-0.42, 0.31)))  # saloon, hatchback, estate
    front, nose = rng.uniform(0.08, 0.16), rng.uniform(0.27, 0.34)
    frame.cast_shadow(0.56)
    for x in (-0.29, 0.3):
        frame.fill(disc(x, 0.1, 0.1), TYRE)
    cabin = [(rear - 0.1, tail - 0.02), (rear, roof), (front, roof), (nose, bonnet - 0.02)]
    frame.fill(rounded(cabin, 1), tint(colour, 0.94))
    back, bonnet_edge = [(-0.5, 0.09), (-0.5, 0.24), (-0.46, tail)], [(nose - 0.06, bonnet + 0.005)]
    frame.fill(rounded([*back, *bonnet_edge, (0.44, bonnet - 0.035), (0.5, 0.19), (0.5, 0.09)]), colour)
    frame.fill([(-0.48, 0.23), (0.46, 0.2), (0.46, 0.217), (-0.48, 0.252)], tint(colour, 1.22))
    frame.fill(box(-0.49, 0.075, 0.49, 0.115), tint(colour, 0.45))
    frame.shade(box(-0.5, 0.05, 0.5, 0.15), 0.6)
    sill, top, pillar = 0.275, roof - 0.028, rng.uniform(-0.06, 0.0)
    frame.pane([(rear - 0.055, sill), (pillar - 0.012, sill), (pillar - 0.012, top), (rear + 0.015, top)])
    frame.pane([(pillar + 0.012, sill), (nose - 0.05, sill), (front - 0.01, top), (pillar + 0.012, top)])
    for x in (pillar, front + 0.06):
        frame.fill(box(x, 0.12, x + 0.006, 0.27), tint(colour, 0.7))
    frame.fill(box(pillar + 0.03, 0.235, pillar + 0.075, 0.247), CHROME)
    for x in (-0.29, 0.3):
        frame.fill(disc(x, 0.105, 0.118), tint(colour, 0.3))
        _wheel(frame, x, 0.1)
    _headlights(frame, rng, [(0.465, 0.205)], 0.022)
    frame.fill(box(-0.5, 0.2, -0.472, 0.24), (170, 24, 28), "tail light" if rng.random() < 0.8 else None)


def _draw_car_end(frame: ObjectFrame, rng: Random, colour: Colour) -> None:
    frame.cast_shadow(0.42, 0.05)
    for x in (-0.27, 0.27):
        frame.fill(rounded(box(x - 0.06, 0.0, x + 0.06, 0.2), 1), TYRE)
    roof = rng.uniform(0.52, 0.6)
    frame.fill(rounded([(-0.33, 0.3), (-0.24, roof), (0.24, roof), (0.33, 0.3)], 1), tint(colour, 0.92))
    frame.pane([(-0.255, 0.335), (0.255, 0.335), (0.2, roof - 0.04), (-0.2, roof - 0.04)])
    for x in (-0.37, 0.37):
        frame.fill(disc(x, 0.36, 0.045, 0.032), tint(colour, 0.8))
    frame.fill(rounded([(-0.36, 0.07), (-0.37, 0.26), (-0.3, 0.36), (0.3, 0.36), (0.37, 0.26), (0.36, 0.07)]), colour)
    frame.fill([(-0.3, 0.315), (0.3, 0.315), (0.28, 0.34), (-0.28, 0.34)], tint(colour, 1.2))
    frame.fill(box(-0.34, 0.06, 0.34, 0.11), tint(colour, 0.4))
    frame.shade(box(-0.36, 0.04, 0.36, 0.15), 0.6)
    if rng.random() < 0.6:
        frame.fill(rounded(box(-0.15, 0.16, 0.15, 0.26), 1), (40, 42, 46))
        for y in (0.19, 0.22):
            frame.fill(box(-0.13, y, 0.13, y + 0.01), CHROME)
        _headlights(frame, rng, [(-0.27, 0.23), (0.27, 0.23)], 0.045)
    else:
        light = "tail light" if rng.random() < 0.85 else None
        for x in (-0.29, 0.29):
            frame.fill(rounded(box(x - 0.06, 0.2, x + 0.06, 0.28), 1), (176, 26, 30), light)
    frame.fill(box(-0.08, 0.115, 0.08, 0.15), (225, 225, 215))


def draw_bus(frame: ObjectFrame, rng: Random) -> None:
    """Draw a city or school bus, or a double-decker, from the side or its front; inside, the lights are mostly on."""
    colour = rng.choice(
        (
            paint(rng, (0.97, 1.03), (0.7, 0.9), (0.6, 0.85)),
            paint(rng, (0.11, 0.14), (0.8, 0.95), (0.8, 0.95)),
            paint(rng, (0.3, 0.65), (0.4, 0.8), (0.4, 0.75)),
            paint(rng, (0.0, 1.0), (0.0, 0.1), (0.75, 0.92)),
        )
    )
    stripe = paint(rng, (0.0, 1.0), (0.5, 0.9), (0.3, 0.9))
    inside = rng.choice(("cool window", "cool window", "window", None))
    if rng.random() < 0.25:
        _draw_bus_front(frame, rng, colour, inside)
        return
    high = rng.uniform(0.36, 0.44)
    decks = 2 if rng.random() < 0.2 else 1
    top = high * 1.45 if decks == 2 else high
    frame.cast_shadow(0.54, 0.05)
    frame.fill(rounded(box(-0.5, 0.05, 0.5, top), 0), colour)
    frame.fill(box(-0.5, top - 0.02, 0.5, top), tint(colour, 1.15))
    frame.fill(box(-0.5, 0.05, 0.5, 0.085), tint(colour, 0.45))
    frame.fill(box(-0.5, 0.135, 0.5, 0.16), stripe)
    frame.shade(box(-0.5, 0.04, 0.5, 0.12), 0.6)
    count = rng.randint(4, 6)
    for deck in range(decks):
        low, head = (0.19, high - 0.05) if deck == 0 else (high + 0.03, top - 0.04)
        pane = 0.76 / count
        for i in range(count):
            left = -0.47 + i * pane
            frame.pane(box(left, low, left + pane * 0.86, head), inside)
        if deck == 1:
            frame.pane(box(0.32, low, 0.48, head), inside)
    frame.fill(box(0.3, 0.07, 0.385, high - 0.05), tint(GLASS, 0.8), inside)
    frame.fill(box(0.339, 0.07, 0.346, high - 0.05), tint(colour, 0.5))
    frame.pane(box(0.41, 0.17, 0.5, high - 0.05))
    frame.fill(box(0.12, high - 0.042, 0.38, high - 0.012), (40, 34, 20), "amber sign" if inside else None)
    for x in (-0.29, 0.22):
        frame.fill(disc(x, 0.07, 0.085), tint(colour, 0.3))
        _wheel(frame, x, 0.072)
    _headlights(frame, rng, [(0.48, 0.11)], 0.018)
    frame.fill(box(-0.5, 0.1, -0.485, 0.15), (170, 24, 28), "tail light" if inside else None)


def _draw_bus_front(frame: ObjectFrame, rng: Random, colour: Colour, inside: str | None) -> None:
    high = rng.uniform(0.72, 0.85)
    frame.cast_shadow(0.4, 0.04)
    for x in (-0.24, 0.24):
        frame.fill(box(x - 0.05, 0.0, x + 0.05, 0.15), TYRE)
    frame.fill(rounded(box(-0.34, 0.06, 0.34, high), 0), colour)
    frame.fill(box(-0.34, 0.05, 0.34, 0.1), tint(colour, 0.45))
    frame.shade(box(-0.34, 0.03, 0.34, 0.14), 0.6)
    for left, right in ((-0.31, -0.01), (0.01, 0.31)):
        frame.pane(box(left, 0.32, right, high - 0.13), "dim window" if inside else None)
    frame.fill(box(-0.24, high - 0.1, 0.24, high - 0.025), (40, 34, 20), "amber sign" if inside else None)
    for x in (-0.39, 0.39):
        frame.fill(box(x - 0.03, high - 0.3, x + 0.03, high - 0.14), (35, 36, 40))
    frame.fill(box(-0.12, 0.13, 0.12, 0.2), tint(colour, 0.6))
    _headlights(frame, rng, [(-0.25, 0.19), (0.25, 0.19)], 0.04)


def draw_bicycle(frame: ObjectFrame, rng: Random) -> None:
    """Draw a bicycle from the side."""
    colour = paint(rng, (0.0, 1.0), (0.5, 0.95), (0.4, 0.85))
    tyre = tint(TYRE, rng.uniform(0.8, 1.4))
    radius, line = rng.uniform(0.2, 0.23), 0.034
    rear, front = (-0.29, radius), (0.29, radius)
    crank, seat, head = (-0.05, radius - 0.01), (-0.13, 0.5), (0.2, 0.53)
    frame.cast_shadow(0.5, 0.035, 0.45)
    turn = rng.random()
    for x, y in (rear, front):
        for spoke in range(5):
            angle = math.pi * (spoke + turn) / 5
            reach_x, reach_y = radius * math.cos(angle), radius * math.sin(angle)
            frame.fill(stroke([(x - reach_x, y - reach_y), (x + reach_x, y + reach_y)], 0.006), CHROME)
        frame.fill(ring(x, y, radius, 0.036), tyre)
        frame.fill(ring(x, y, radius - 0.026, 0.012), CHROME)
        frame.fill(disc(x, y, 0.024), STEEL)
    step = rng.random() < 0.35  # a step-through frame has a low top tube
    top_tube = [(-0.09, 0.36) if step else (-0.12, 0.45), (0.2, 0.49)]
    for tube in ([rear, crank], [rear, seat], [crank, seat], [crank, (0.21, 0.46)], top_tube, [head, front]):
        frame.fill(stroke(tube, line), colour)
    frame.fill(stroke([seat, (-0.145, 0.56)], 0.024), STEEL)
    frame.fill(rounded([(-0.24, 0.57), (-0.22, 0.605), (-0.07, 0.59), (-0.06, 0.565)], 1), (44, 34, 30))
    straight, curved = [(0.18, 0.6), (0.1, 0.63)], [(0.19, 0.59), (0.27, 0.6), (0.28, 0.53), (0.22, 0.51)]
    frame.fill(stroke([head, *rng.choice((straight, curved))], 0.028), tint(STEEL, 0.7))
    frame.fill(disc(*crank, 0.05), STEEL)
    frame.fill(stroke([(-0.09, radius - 0.1), (0.0, radius + 0.08)], 0.018), (50, 50, 54))
    if rng.random() < 0.4:
        frame.fill(box(0.25, 0.46, 0.36, 0.58), paint(rng, (0.06, 0.1), (0.4, 0.6), (0.45, 0.65)))
    frame.fill(disc(0.235, 0.45, 0.022), (240, 240, 230), "headlight" if rng.random() < 0.5 else None)
    frame.fill(disc(-0.3, 0.42, 0.018), (170, 24, 28), "tail light" if rng.random() < 0.5 else None)
