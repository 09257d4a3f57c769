"""What grows where on an invented mountain, in the manner of forest-cover maps: surveyed near the roads, wanted above.

Every number is drawn from the distributions below, so that P(y | x) is the same for all plots, and is known.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from da_core.data.sources.tabular import Labels, Rows, Sharpness, Table, column_setting
from da_core.params import hyper


class Hillside(Table):
    """Plots of a mountain; what grows follows elevation, steepness, sun and water by a rule with curved borders."""

    name = "hillside"
    title = "Forest on a hillside"
    summary = "What grows on a plot of an invented mountain; surveyed in the valley, wanted higher up."
    classes = ("beech", "spruce", "pine", "meadow")
    columns = ("elevation", "slope", "noon sun", "distance to water", "distance to a road", "soil depth")
    origin = "Drawn by this project's code from distributions that its file states, in the manner of forest-cover maps."
    licence = "Made by this project's code: MIT, as the project."

    class Params(Sharpness):
        column: Literal["elevation", "slope", "distance to a road", "distance to water"] = column_setting("elevation")
        count: int = hyper(3000, ge=200, le=40_000, step=200, title="Plots", help="Plots of both domains together.")

    params: Params

    def rows(self, rng: np.random.Generator) -> tuple[Rows, Labels]:
        count = self.params.count
        elevation = 600 + 1800 * rng.beta(1.6, 1.6, count)  # m
        slope = rng.gamma(4, 4 + 3 * (elevation - 600) / 1800)  # °
        sun = np.clip(220 - 1.6 * slope * rng.uniform(-1, 1, count), 60, 254)
        water = rng.gamma(2, 60 + 0.12 * (elevation - 600))  # m
        road = rng.gamma(2, 150 + 0.9 * (elevation - 600))  # m
        soil = np.clip(120 - 1.3 * slope - 0.02 * (elevation - 600) + rng.normal(0, 18, count), 5, 180)  # cm
        up, dry = (elevation - 1500) / 450, (water - 250) / 200
        warm, deep = (sun - 220) / 25, (soil - 70) / 30
        liking = np.stack(
            [
                1.2 - 2.4 * up + 0.5 * warm + 0.8 * deep,
                1.4 - 1.4 * up**2 - 0.7 * warm + 0.4 * deep - 0.9 * dry,
                0.6 - 0.5 * up**2 + 1.2 * warm - 1.0 * deep + 0.9 * dry,
                -2.6 + 2.6 * up - 0.6 * deep * up,
            ],
            axis=1,
        )
        y = (2.2 * liking + rng.gumbel(size=liking.shape)).argmax(axis=1)
        return np.c_[elevation, slope, sun, water, road, soil].astype(np.float32), y.astype(np.int64)
