"""Draw street scenes by day and by night: ten kinds of objects seen from a road, drawn and lit by our own code."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

import numpy as np

from da_core.data.scenes.canvas import Canvas, ObjectFrame
from da_core.data.scenes.objects import OBJECTS
from da_core.data.scenes.scenery import draw_scenery, draw_sky
from da_core.data.synthesis.colour import Pictures, linearise, planck_colour, quantise, to_srgb
from da_core.data.synthesis.night import night_scenes
from da_core.data.synthesis.night_conditions import NIGHTS, Night, NightName

CLASSES: tuple[str, ...] = tuple(OBJECTS)

Time = Literal["day", "night"]

_DAY_BRIGHTNESS, _DAY_KELVIN = (0.28, 1.9), (4300, 8500)
_BATCH = 128  # scenes drawn at once: bounds the memory that the layers take


@dataclass(frozen=True)
class Scenes:
    """Layers of n scenes in linear light, float32 (n, size, size, 3), and their labels, int64 (n,).

    ``reflectance`` of surfaces (0 where the sky is seen), ``sky`` its daylight radiance (0 where surfaces are),
    ``emission`` of the lights that are on at night; of size (n, size, size) ``ground``, the share of each pixel that is
    road or earth, and ``sun``, the share of sunlight that arrives.
    """

    reflectance: np.ndarray
    sky: np.ndarray
    emission: np.ndarray
    ground: np.ndarray
    sun: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Crowd:
    """Ranges of a scene: the number of small distant objects, and how far off centre objects may be."""

    clutter: int
    wander: float


CROWDS: dict[NightName, Crowd] = {"easy": Crowd(1, 0.06), "hard": Crowd(4, 0.3)}
"""What goes with some of the nights; all others go with a `_CROWD`."""
_CROWD = Crowd(2, 0.12)


def _label(index: int, seed: int) -> int:
    """Choose the class of the scene: each ten scenes in a row hold all ten classes, in random order."""
    block, place = divmod(index, len(CLASSES))
    return Random(f"{seed} {block} classes").sample(range(len(CLASSES)), len(CLASSES))[place]


def _draw_scene(canvas: Canvas, label: int, rng: Random, crowd: Crowd) -> Pictures:
    """Draw one scene on the canvas and return its sky, uint8 (size, size, 3)."""
    horizon = rng.uniform(0.42, 0.58)
    draw_scenery(canvas, rng, horizon, crowd.clutter)
    drawing = OBJECTS[CLASSES[label]]
    scale, foot = rng.uniform(*drawing.scale), rng.uniform(*drawing.foot)
    room = max(0.0, 0.5 - drawing.room * scale)
    x = 0.5 + min(crowd.wander, room) * rng.uniform(-1, 1)
    drawing.draw(ObjectFrame(canvas, x, foot, scale, rng.choice((-1, 1)), rng.gauss(0, 0.025)), rng)
    return draw_sky(canvas.size, horizon, rng)


def draw(count: int, size: int, seed: int, crowd: Crowd = _CROWD, first: int = 0) -> Scenes:
    """Draw the scenes ``first`` … ``first + count`` of a seed, each class equally often (up to one)."""
    labels = [_label(index, seed) for index in range(first, first + count)]
    skies, layers = [], []
    for index, label in enumerate(labels, first):
        canvas = Canvas(size)
        skies.append(_draw_scene(canvas, label, Random(f"{seed} {index}"), crowd))
        layers.append(canvas.layers())
    reflectance, emission, open_sky, ground, sun = (np.stack(layer) for layer in zip(*layers, strict=True))
    sky = linearise(np.stack(skies)) * open_sky[..., None]
    return Scenes(reflectance, sky, emission, ground, sun, np.array(labels, np.int64))


def draw_single(label: int, size: int, seed: int, difficulty: NightName = "standard") -> Scenes:
    """Draw the first scene of a seed that shows class ``label``."""
    index = next(index for index in range(len(CLASSES)) if _label(index, seed) == label)
    return draw(1, size, seed, CROWDS.get(difficulty, _CROWD), index)


def day(scenes: Scenes, rng: np.random.Generator) -> Pictures:
    """Light the scenes by day, uint8 sRGB (n, size, size, 3): dull and bright hours, warm and cool ones."""
    count = len(scenes.labels)
    darkest, brightest = np.log(_DAY_BRIGHTNESS)
    brightness = np.exp(rng.uniform(darkest, brightest, count)).astype(np.float32)
    light = planck_colour(rng.uniform(*_DAY_KELVIN, count).astype(np.float32)) * brightness[:, None]
    radiance = scenes.reflectance * scenes.sun[..., None] + scenes.sky
    return quantise(to_srgb(radiance * light[:, None, None]))


def night(scenes: Scenes, rng: np.random.Generator, conditions: Night) -> Pictures:
    """Light the scenes after dark, uint8 sRGB (n, size, size, 3)."""
    return night_scenes(scenes.reflectance, scenes.sky, scenes.emission, scenes.ground, rng, conditions)


def pictures(
    count: int, size: int, time: Time, seed: int, difficulty: NightName = "standard", conditions: Night | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw street scenes, uint8 sRGB (count, size, size, 3), and their labels, int64 (count,), indices of ``CLASSES``.

    Classes are balanced. Nights are those of ``difficulty``, unless ``conditions`` says otherwise. Give day and night
    different seeds, so that no scene is in both domains.
    """
    rng = np.random.default_rng(seed)
    shots, labels = [], []
    for first in range(0, count, _BATCH):
        scenes = draw(min(_BATCH, count - first), size, seed, CROWDS.get(difficulty, _CROWD), first)
        shots.append(day(scenes, rng) if time == "day" else night(scenes, rng, conditions or NIGHTS[difficulty]))
        labels.append(scenes.labels)
    return np.concatenate(shots), np.concatenate(labels)
