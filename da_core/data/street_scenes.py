"""Street scenes, day → night: the domain pair. `da_core.data.street` draws the pictures."""

from __future__ import annotations

import numpy as np

from da_core.data.base import DataSource, Domain, DomainPair, Provenance
from da_core.data.street import CLASSES, Difficulty, pictures
from da_core.params import Params, hyper


class StreetParams(Params):
    """How many scenes, how large and how dark."""

    count: int = hyper(2000, ge=100, le=20_000, step=100, title="Pictures", help="Scenes drawn for each domain.")
    size: int = hyper(32, ge=32, le=128, step=16, unit="px", title="Side", help="Width and height of a picture.")
    difficulty: Difficulty = hyper(
        "standard", title="Difficulty", help="How dark and noisy the nights are, and how much else is in the scene."
    )


class StreetScenes(DataSource):
    """Ten kinds of things seen from a road, drawn and lit by our own code; no scene is in both domains."""

    name = "street"
    title = "Street scenes, day → night"
    summary = "Ten kinds of things seen from a road, in daylight and under street lamps."
    Params = StreetParams

    def load(self, params: StreetParams, seed: int) -> DomainPair:
        day, night = (int(number) for number in np.random.SeedSequence(seed).generate_state(2))
        return DomainPair(
            source=Domain("day", *pictures(params.count, params.size, "day", day, params.difficulty)),
            target=Domain("night", *pictures(params.count, params.size, "night", night, params.difficulty)),
            classes=CLASSES,
            provenance=Provenance(
                title=self.title,
                origin="Drawn by this project's own code: each scene as layers, lit by the sun or by a physical model "
                "of the night with ambient light, street lamps, glow, exposure and sensor noise.",
                licence="Part of this project; free to use under its licence.",
                shift="appearance",
            ),
            flips=True,
        )
