"""Make the pair of street scenes, day → night. `da_core.data.scenes.street` draws the pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import model_validator

from da_core.data.pair import Domain, DomainPair
from da_core.data.scenes.street import CLASSES, pictures
from da_core.data.source import DataSource
from da_core.data.synthesis.night_conditions import NIGHTS, Night, NightName
from da_core.params import Scalar, hyper


class StreetParams(Night):
    """The number and size of scenes, and their nights: those of ``difficulty``, but for settings beside it."""

    count: int = hyper(2000, ge=100, le=20_000, step=100, title="Pictures", help="Scenes per domain.")
    size: int = hyper(32, ge=32, le=128, step=16, unit="px", title="Side", help="Width and height of a picture.")
    difficulty: NightName = hyper("standard", title="Difficulty")
    """Kind of night, and number of other objects in the scene."""

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fill in the chosen difficulty's settings; an unknown difficulty is refused by its field."""
        night = NIGHTS.get(values.get("difficulty", "standard"))
        return {**night.model_dump(), **values} if night is not None else values

    def overrides(self) -> dict[str, Scalar]:
        preset = StreetParams(difficulty=self.difficulty).model_dump(exclude={"difficulty"})
        return {name: value for name, value in self.model_dump().items() if value != preset.get(name, "standard")}


class StreetScenes(DataSource):
    """Ten kinds of objects seen from a road, drawn and lit by our own code; no scene is in both domains."""

    name = "street"
    title = "Street scenes, day → night"
    summary = "Ten kinds of objects seen from a road, in daylight and under street lamps."
    area = "pictures"
    shift = "appearance"
    kind = "pictures"
    origin = (
        "Drawn by this project's own code: each scene as layers, lit by the sun or by a physical model "
        "of the night with ambient light, street lamps, glow, exposure and sensor noise."
    )
    licence = "Made by this project's code: MIT, as the project."
    Params = StreetParams
    params: StreetParams

    def load(self, seed: int) -> DomainPair:
        day, night = (int(number) for number in np.random.SeedSequence(seed).generate_state(2))
        count, size, difficulty = self.params.count, self.params.size, self.params.difficulty
        return self.pair(
            Domain("day", *pictures(count, size, "day", day, difficulty)),
            Domain("night", *pictures(count, size, "night", night, difficulty, self.params)),
            CLASSES,
            flips=True,
        )
