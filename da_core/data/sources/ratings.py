"""Who likes which film: invented users and films with latent factors, from one group of users to another.

A user has a taste t (one number a genre), a film has shares g of the genres and a quality q. With a the age's part,
they like it if 2 t·(g − 1/5) + q + a + ε > 0, in the manner of matrix factorisation (Koren, Bell and Volinsky, “Matrix
factorization techniques for recommender systems”, IEEE Computer, 2009, eq. 4); the row says what a service would know.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.data.pair import Domain, DomainPair, Provenance, ShiftKind
from da_core.data.source import DataSource
from da_core.experiment import NetworkSpec, TrainingSpec, UsualSpec
from da_core.params import hyper

Rows = NDArray[np.float64]

GENRES = 5
COLUMNS = (
    "age",
    "films rated",
    "stars for comedy",
    "stars for drama",
    "stars for action",
    "stars for romance",
    "stars for science fiction",
    "comedy in it",
    "drama in it",
    "action in it",
    "romance in it",
    "science fiction in it",
    "year of the film",
    "the film's mean stars",
)
_TASTES = np.array([0.2, 0.7, -0.5, 0.6, -0.7])
"""Mean taste of the source's users; the target's is the opposite."""
_KINDNESS = np.array([1.0, -0.8, 1.2, -0.6, 0.4])
"""How much more or less generous with stars the target's users are, a genre."""
_SHIFTS: dict[str, ShiftKind] = {"who rates": "covariate", "how they rate": "appearance", "what they like": "concept"}


class Ratings(DataSource):
    """Pairs of a user and a film; the class is whether the film is liked. What differs in the target can be chosen.

    *Who rates*: younger users with another taste, each of whom likes films by the same rule. *How they rate*: users
    give more stars for some genres and fewer for others, and use less of the scale. *What they like*: quality counts
    less, and age works backwards.
    """

    name = "ratings"
    title = "Film ratings"
    summary = "Whether a user likes a film, by what a service knows of both; the target is another group of users."
    area = "recommendation"
    shift = "covariate"
    kind = "features"
    usual = UsualSpec(network=NetworkSpec(name="mlp"), training=TrainingSpec(epochs=100))

    class Params(params.Params):
        shift: Literal["who rates", "how they rate", "what they like"] = hyper(
            "who rates", title="What changes", help="Other users, another use of the stars, or another liking."
        )
        strength: float = hyper(
            1.0, ge=0, le=2, step=0.1, symbol="s", title="Strength", help="How much it changes; 0 is not at all."
        )
        count: int = hyper(2000, ge=100, le=20_000, step=100, title="Rows", help="Ratings drawn for each domain.")

    params: Params

    def load(self, seed: int) -> DomainPair:
        rng = np.random.default_rng([seed, 0xF11A])
        source = _drawn(self.params.count, rng)
        target = _drawn(
            self.params.count,
            rng,
            others=self.params.strength if self.params.shift == "who rates" else 0.0,
            generosity=self.params.strength if self.params.shift == "how they rate" else 0.0,
            whim=self.params.strength if self.params.shift == "what they like" else 0.0,
        )
        return DomainPair(
            source=Domain("first group", *source),
            target=Domain("second group", *target),
            classes=("not liked", "liked"),
            provenance=Provenance(
                title=self.title,
                origin="Drawn by this project's code from a latent-factor model that its file states.",
                licence="Made by this project's code: MIT, as the project.",
                shift=_SHIFTS[self.params.shift],
            ),
            columns=COLUMNS,
        )


def _drawn(
    count: int, rng: np.random.Generator, *, others: float = 0.0, generosity: float = 0.0, whim: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """One group's rows and whether each film is liked. At 0 every group is the first one."""
    age = np.clip(rng.normal(44 - 18 * others, 9, count), 14, 85)
    taste = _TASTES * (1 - 2 * others) + rng.normal(size=(count, GENRES))
    rated = np.round(np.exp(rng.normal(4, 0.7, count)))
    genres = rng.dirichlet(np.full(GENRES, 0.4), count)
    year = np.round(2024 - np.clip(rng.gamma(1.8, 12, count), 0, 90))
    quality = rng.normal(size=count)

    young_likes_new = (30 - age) / 12 * (year - 2000) / 15
    score = 2 * (taste * (genres - 1 / GENRES)).sum(axis=1)
    score += (1 - whim) * quality + 0.7 * (1 - 2 * whim) * young_likes_new
    liked = score + rng.normal(0, 0.4, count) > 0

    known = taste + rng.normal(size=taste.shape) / np.sqrt(rated / GENRES)[:, None]
    stars = _stars(known * (1 - 0.3 * generosity) + _KINDNESS * generosity)
    X = np.c_[age.round(), rated, stars, genres, year, _stars(quality)]
    return X.astype(np.float32), liked.astype(np.int64)


def _stars(liking: Rows) -> Rows:
    """A liking, about −2 … 2, as a mean of stars from 1 to 5."""
    return np.round(1 + 4 / (1 + np.exp(-liking)), 1)
