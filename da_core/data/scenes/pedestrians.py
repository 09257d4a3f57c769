"""Draw pedestrians and cats. They are 1 high; the origin is the ground at their feet, y is up."""

from __future__ import annotations

from random import Random

from da_core.data.scenes.canvas import Colour, ObjectFrame, box, disc, mix, paint, rounded, stroke, tint


def draw_pedestrian(frame: ObjectFrame, rng: Random) -> None:
    """Draw somebody who stands or walks."""
    skin = rng.choice(((240, 205, 175), (222, 178, 140), (190, 138, 98), (140, 94, 62), (96, 62, 42)))
    hair = rng.choice(((40, 30, 24), (84, 56, 34), (150, 104, 56), (205, 170, 100), (120, 120, 124)))
    coat = paint(rng, (0.0, 1.0), (0.1, 0.8), (0.25, 0.9))
    trousers = paint(rng, (0.5, 0.72), (0.1, 0.5), (0.15, 0.5))
    stride, swing = rng.uniform(0.02, 0.13), rng.uniform(-0.1, 0.1)
    frame.cast_shadow(0.16, 0.025)
    for side in (-1, 1):
        x = side * stride
        leg = [(side * 0.035, 0.48), (x * 0.45 + 0.015, 0.24), (x, 0.03)]
        shoe = [(x - 0.04, 0.0), (x - 0.04, 0.05), (x + 0.03, 0.05), (x + 0.085, 0.0)]
        frame.fill(stroke(leg, 0.082), tint(trousers, 0.8 if side < 0 else 1.0))
        frame.fill(rounded(shoe, 1), (46, 38, 36))
    long_coat = rng.random() < 0.3
    hem = 0.28 if long_coat else 0.44
    frame.fill(stroke([(-0.085, 0.76), (-0.13 - swing / 2, 0.6), (-0.12 - swing, 0.46)], 0.06), tint(coat, 0.75))
    frame.fill(disc(-0.12 - swing, 0.45, 0.028), skin)
    torso = [(-0.1, hem), (-0.125, 0.76), (-0.07, 0.815), (0.07, 0.815), (0.125, 0.76), (0.1, hem)]
    frame.fill(rounded(torso, 1), coat)
    frame.fill([(0.0, hem + 0.01), (0.02, 0.8), (0.08, 0.8), (0.115, 0.75), (0.09, hem + 0.01)], tint(coat, 1.12))
    frame.fill(stroke([(0.1, 0.76), (0.135 + swing / 2, 0.6), (0.14 + swing, 0.46)], 0.06), tint(coat, 0.88))
    frame.fill(disc(0.14 + swing, 0.45, 0.028), skin)
    if rng.random() < 0.4:
        bag = paint(rng, (0.0, 0.12), (0.4, 0.8), (0.25, 0.7))
        frame.fill(rounded(box(0.08 + swing, 0.26, 0.24 + swing, 0.42), 1), bag)
    frame.fill(box(-0.03, 0.8, 0.03, 0.86), tint(skin, 0.85))
    frame.fill(disc(0.0, 0.915, 0.066, 0.08), skin)
    if rng.random() < 0.5:  # from behind, or long hair
        frame.fill(disc(-0.01, 0.93, 0.074, 0.076), hair)
        frame.fill(rounded(box(-0.075, 0.8, 0.06, 0.93), 1), hair)
    else:
        fringe = [(0.04, 0.998), (0.07, 0.955), (0.0, 0.955), (-0.035, 0.9)]
        frame.fill([(-0.07, 0.9), (-0.072, 0.96), (-0.03, 1.0), *fringe], hair)
    if rng.random() < 0.2:
        frame.fill([(-0.085, 0.955), (-0.06, 1.01), (0.06, 1.01), (0.12, 0.955)], tint(coat, 0.6))


def draw_cat(frame: ObjectFrame, rng: Random) -> None:
    """Draw a cat that sits or walks."""
    fur = rng.choice(((214, 130, 54), (120, 112, 106), (40, 38, 40), (232, 226, 216), (150, 110, 74)))
    belly, dark = mix(fur, (255, 250, 240), 0.5), tint(fur, 0.7)
    eyes = "eye" if rng.random() < 0.7 else None
    if rng.random() < 0.5:
        frame.cast_shadow(0.34, 0.045)
        frame.fill(stroke([(-0.2, 0.06), (-0.36, 0.09), (-0.44, 0.22), (-0.4, 0.36)], 0.075), dark)
        frame.fill(rounded([(-0.3, 0.0), (-0.3, 0.3), (-0.12, 0.64), (0.14, 0.62), (0.2, 0.3), (0.2, 0.0)]), fur)
        frame.fill(disc(-0.15, 0.17, 0.16), tint(fur, 0.92))
        frame.fill(rounded([(0.0, 0.1), (0.02, 0.5), (0.15, 0.5), (0.18, 0.1)]), belly)
        for x in (0.03, 0.15):
            frame.fill(rounded(box(x - 0.055, 0.0, x + 0.055, 0.32)), tint(fur, 1.05))
        _draw_cat_head(frame, fur, belly, 0.06, 0.74, 0.185, eyes)
    else:
        frame.cast_shadow(0.5, 0.05)
        wave = rng.uniform(-0.06, 0.06)
        frame.fill(stroke([(-0.4, 0.45), (-0.52, 0.52 + wave), (-0.6, 0.68), (-0.56, 0.84)], 0.07), dark)
        step = rng.uniform(0.0, 0.09)
        for x, move, share in ((-0.3, step, 0.75), (0.22, -step, 0.75), (-0.36, -step, 1.0), (0.28, step, 1.0)):
            frame.fill(stroke([(x, 0.36), (x + move / 2, 0.18), (x + move, 0.0)], 0.1), tint(fur, share))
        frame.fill(rounded([(-0.46, 0.28), (-0.46, 0.54), (-0.1, 0.6), (0.36, 0.6), (0.42, 0.36), (0.2, 0.25)]), fur)
        if rng.random() < 0.5:
            for x in (-0.3, -0.18, -0.06, 0.06):
                frame.fill(rounded([(x, 0.42), (x + 0.02, 0.57), (x + 0.06, 0.57), (x + 0.05, 0.42)], 1), dark)
        frame.shade([(-0.4, 0.24), (-0.4, 0.34), (0.3, 0.34), (0.3, 0.24)], 0.65)
        _draw_cat_head(frame, fur, belly, 0.44, 0.7, 0.18, eyes)


def _draw_cat_head(
    frame: ObjectFrame, fur: Colour, belly: Colour, x: float, y: float, radius: float, eyes: str | None
) -> None:
    ears = ((0.95, 0.3), (0.85, 1.42), (0.1, 0.8)), ((0.82, 0.5), (0.78, 1.15), (0.35, 0.8))
    for side in (-1, 1):
        for ear, colour in zip(ears, (fur, (205, 140, 130)), strict=True):
            frame.fill([(x + side * radius * u, y + radius * v) for u, v in ear], colour)
    frame.fill(disc(x, y, radius * 1.08, radius * 0.95), fur)
    frame.fill(disc(x, y - radius * 0.38, radius * 0.55, radius * 0.42), belly)
    for side in (-1, 1):
        eye = x + side * radius * 0.42, y + radius * 0.12
        frame.fill(disc(*eye, radius * 0.23, radius * 0.22), (176, 190, 60), eyes)
        frame.fill(disc(*eye, radius * 0.07, radius * 0.2), (20, 20, 20))
    left, right, low = x - radius * 0.12, x + radius * 0.12, y - radius * 0.15
    frame.fill([(left, low), (right, low), (x, y - radius * 0.32)], (190, 110, 104))
