"""“Which shift is it?”: pairs of points with a planted shift, as many as one likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from da_core.data.sources.drawn_points import DrawnPoints, encode_points
from da_core.evaluation.shift.shift_verdict import Verdict
from da_core.experiment import DataSpec
from da_core.params import Scalar

COUNT = 240
"""Points of each domain."""

_Settings = dict[str, Scalar]


@dataclass(frozen=True)
class PlantedShift:
    """A pair as points that tell nothing of how they were made, the kind of shift, and the settings that made it."""

    kind: Verdict
    settings: _Settings
    data: DataSpec


def plant(seed: int) -> PlantedShift:
    """Draw a kind of shift, then a pair that has it and no other. The same seed gives the same pair."""
    rng = np.random.default_rng([seed, 0x5417])
    kinds = list(_PLANTED)
    kind = kinds[int(rng.integers(len(kinds)))]
    settings = {"turn": 0.0, "count": COUNT} | _PLANTED[kind](rng)
    pair = DrawnPoints(**settings).load(int(rng.integers(1 << 31)))
    points = encode_points((pair.source.X, pair.source.y), (pair.target.X, pair.target.y))
    data = DataSpec(name=DrawnPoints.name, params={"shape": "none", "turn": 0.0, "points": points})
    return PlantedShift(kind, settings, data)


def _shape(rng: np.random.Generator, *names: str) -> _Settings:
    return {"shape": str(rng.choice(names)), "noise": float(rng.choice([0.1, 0.15, 0.2]))}


def _either(rng: np.random.Generator, least: float, most: float, step: float) -> float:
    """Draw a number of either sign whose size lies on a grid."""
    steps = round((most - least) / step)
    return float(rng.choice([-1, 1]) * (least + step * rng.integers(steps + 1)))


def _appearance(rng: np.random.Generator) -> _Settings:
    moved: list[Callable[[], _Settings]] = [
        lambda: {"turn": _either(rng, 50, 90, 5)},
        lambda: {"right": _either(rng, 2, 3.5, 0.5), "up": _either(rng, 1, 3, 0.5)},
        lambda: {"stretch": float(rng.choice([0.4, 2.5])), "right": _either(rng, 1.5, 2.5, 0.5)},
    ]
    return _shape(rng, "moons", "blobs") | moved[int(rng.integers(len(moved)))]()


_PLANTED: dict[Verdict, Callable[[np.random.Generator], _Settings]] = {
    "none": lambda rng: _shape(rng, "moons", "blobs", "rings", "xor"),
    "label": lambda rng: (
        _shape(rng, "moons", "blobs", "rings") | {"target_ratio": float(rng.choice([0.2, 0.3, 4.0, 5.0]))}
    ),
    "covariate": lambda rng: _shape(rng, "xor", "moons") | {"selection": _either(rng, 0.75, 1.25, 0.25)},
    "concept": lambda rng: _shape(rng, "blobs", "moons") | {"concept": _either(rng, 80, 140, 10)},
    "appearance": _appearance,
}
KINDS: tuple[Verdict, ...] = tuple(_PLANTED)
KIND_TITLES: dict[Verdict, str] = {
    "none": "No shift",
    "label": "Label shift",
    "covariate": "Covariate shift",
    "concept": "Concept shift",
    "appearance": "Change of appearance",
}
KIND_SIGNS: dict[Verdict, str] = {
    "none": "Both domains are drawn from one distribution; what differs is chance.",
    "label": "Some classes are more common in the target; each class looks as it did.",
    "covariate": "Other places are common in the target; the same place means the same class.",
    "concept": "The points lie where they did, and some mean another class.",
    "appearance": "The target is moved, turned or stretched as a whole.",
}
