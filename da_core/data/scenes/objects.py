"""List the ten kinds of objects of the street scenes: their drawing functions and their place in a picture."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from da_core.data.scenes.canvas import ObjectFrame
from da_core.data.scenes.pedestrians import draw_cat, draw_pedestrian
from da_core.data.scenes.roadside import draw_house, draw_lamp_post, draw_stop_sign, draw_traffic_light, draw_tree
from da_core.data.scenes.vehicles import draw_bicycle, draw_bus, draw_car


class SceneObject(NamedTuple):
    """An object's drawing function, its size, and the place of its foot, in sides of the picture."""

    draw: Callable[[ObjectFrame, Random], None]
    scale: tuple[float, float]
    foot: tuple[float, float]
    room: float  # half of its width, as a share of its scale: it may stand that close to the edge


OBJECTS: dict[str, SceneObject] = {
    "car": SceneObject(draw_car, (0.78, 0.96), (0.74, 0.86), 0.46),
    "bus": SceneObject(draw_bus, (0.84, 1.0), (0.76, 0.88), 0.46),
    "bicycle": SceneObject(draw_bicycle, (0.76, 0.94), (0.78, 0.9), 0.46),
    "pedestrian": SceneObject(draw_pedestrian, (0.72, 0.88), (0.9, 0.97), 0.2),
    "traffic light": SceneObject(draw_traffic_light, (0.76, 0.92), (0.92, 0.99), 0.16),
    "stop sign": SceneObject(draw_stop_sign, (0.76, 0.92), (0.92, 0.99), 0.24),
    "tree": SceneObject(draw_tree, (0.76, 0.94), (0.84, 0.95), 0.3),
    "house": SceneObject(draw_house, (0.82, 1.0), (0.76, 0.86), 0.44),
    "lamp post": SceneObject(draw_lamp_post, (0.8, 0.94), (0.9, 0.98), 0.2),
    "cat": SceneObject(draw_cat, (0.54, 0.7), (0.82, 0.93), 0.5),
}
