"""Simulate the weather's effect on light: a sky after sunset, wet roads, falling rain.

All light is linear, (n, height, width, 3); lengths are fractions of the picture's side. Each function takes the
strength of its effect for each picture, (n,).

Sources: Fresnel reflection by Schlick 1994 "An Inexpensive BRDF Model for Physically-based Rendering", eq. 15; wet
surfaces are darker by Lekner and Dorf 1988 "Why some things are darker when wet"; rain as bright streaks, lit by what
is around, and as a veil by Garg and Nayar 2007 "Vision and Rain".
"""

from __future__ import annotations

import numpy as np

from da_core.data.synthesis.colour import Array

_AFTERGLOW_RISES = 0.14
_AFTERGLOW_COLOUR = np.array([1.0, 0.42, 0.12], np.float32)
_DARKER = 0.55
"""Share of its light that a surface keeps under a film of water; measured ones keep 0.4 to 0.7."""
_STREAK = 0.3
"""Length over which the mirror image of a light fades on rough asphalt."""
_CAMERA = 0.9
"""Sine of the angle at which one looks at the ground one side below the horizon."""
_DROPS = 160
"""Streaks in a square picture in a downpour; they are as wide and fade over as much as the next two say."""
_DROP_WIDTH, _DROP_LENGTH = 0.006, 0.05
_VEIL = 0.3
"""Share of the light that a downpour takes on its way, and replaces by what it scatters."""


def afterglow(sky: Array, strength: Array) -> Array:
    """Add a warm band above the lowest row of a night sky, ``strength`` times as bright as the sky there."""
    height, width = sky.shape[1:3]
    open_sky = sky.sum(-1).any(2)
    foot = np.where(open_sky.any(1), height - open_sky[:, ::-1].argmax(1), 0)
    above = (foot[:, None] - np.arange(height) - 0.5).clip(0) / max(height, width)
    band = (strength[:, None] * np.exp(-above / _AFTERGLOW_RISES)).astype(np.float32)
    brightness = sky.mean(-1, keepdims=True)
    glowing: Array = sky + band[:, :, None, None] * brightness * _AFTERGLOW_COLOUR
    return glowing


def wet(reflectance: Array, ground: Array, wetness: Array) -> Array:
    """Darken the reflectance where the ``ground`` (n, height, width) is under water, by its share ``wetness``."""
    covered = ground * wetness[:, None, None]
    return reflectance * (1 - (1 - _DARKER) * covered)[..., None]


def reflection(light: Array, ground: Array, wetness: Array, rng: np.random.Generator) -> Array:
    """Mirror the light above a wet road in it, drawn out towards the viewer as streaks."""
    count, height, width = ground.shape
    side = max(height, width)
    keep = np.float32(np.exp(-1 / (_STREAK * side)))
    above = light * (1 - ground)[..., None]
    mirrored, row = np.empty_like(light), np.zeros((count, width, 3), np.float32)
    for y in range(height):
        row = keep * row + (1 - keep) * above[:, y]
        mirrored[:, y] = row
    at_horizon = (ground.mean(2) > 0.2).argmax(1)
    below = (np.arange(height) - at_horizon[:, None]).clip(0) / side
    fresnel = 0.02 + 0.98 * (1 - _CAMERA * below.clip(0, 1)) ** 5
    waves = np.repeat(rng.uniform(0.55, 1.45, (count, 32)), -(-height // 32), axis=1)[:, :height]
    strength = (wetness[:, None] * fresnel * waves).astype(np.float32)
    reflected: Array = mirrored * ground[..., None] * strength[:, :, None, None]
    return reflected


def rain(light: Array, falling: Array, strength: Array, rng: np.random.Generator) -> Array:
    """Let rain fall through ``light``: a veil, and streaks lit by the light ``falling`` (n, height, width, 3) there."""
    count, height, width = light.shape[:3]
    side = max(height, width)
    chance = np.minimum(1, _DROPS * strength / side**2)
    starts = (rng.random((count, height, width)) < chance[:, None, None]) * rng.uniform(0.3, 1.0, (count, 1, 1))
    slant, keep = rng.uniform(-0.3, 0.3, (count, 1)), np.exp(-1 / (_DROP_LENGTH * side))
    streaks, row = np.empty((count, height, width), np.float32), np.zeros((count, width))
    for y in range(height):
        moved = np.where(slant > 0, np.roll(row, 1, 1), np.roll(row, -1, 1))
        row = keep * np.where(rng.random((count, 1)) < abs(slant), moved, row) + starts[:, y]
        streaks[:, y] = row
    cover = np.minimum(streaks * min(1.0, _DROP_WIDTH * side), 1)[..., None]
    lost = (_VEIL * strength)[:, None, None, None].astype(np.float32)
    veiled = light * (1 - lost) + lost * 0.5 * falling
    poured: Array = (veiled + 0.35 * cover * falling).astype(np.float32)
    return poured
