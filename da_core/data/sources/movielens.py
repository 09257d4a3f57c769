"""Load MovieLens-100k: real ratings, from one group of users to another. It is downloaded once."""

from __future__ import annotations

import io
import zipfile
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.data.download import Remote, damaged
from da_core.data.pair import Domain, DomainPair
from da_core.data.source import DataSource
from da_core.experiment import NetworkSpec, TrainingSpec, UsualSpec
from da_core.params import hyper

ML100K = Remote(
    "MovieLens-100k",
    "movielens",
    "ml-100k.zip",
    ("https://files.grouplens.org/datasets/movielens/ml-100k.zip",),
    "0e33842e24a9c977be4e0107933c0723",
    4_924_029,
)
COLUMNS = (
    "age",
    "films rated",
    "mean stars given",
    "stars for action",
    "stars for adventure",
    "stars for children's films",
    "stars for comedy",
    "stars for drama",
    "stars for romance",
    "stars for science fiction",
    "stars for thrillers",
    "action in it",
    "adventure in it",
    "for children",
    "comedy in it",
    "drama in it",
    "romance in it",
    "science fiction in it",
    "thriller",
    "year of the film",
    "the film's mean stars",
)
_GENRES = (1, 2, 4, 5, 8, 14, 15, 16)
"""Places of the genres above among the nineteen flags of ``u.item``."""
_FLAGS = 5  # columns of u.item before the flags
_LIKED = 4  # stars
_PRIOR = 3.0
"""Means of few ratings are drawn to the mean above them, as if by so many more ratings."""

Rows = NDArray[np.float64]
Numbers = NDArray[np.int64]


class MovieLens(DataSource):
    """Pairs of a user and a film; the class is whether the user gave it four stars or more.

    A user's earlier half of ratings is what a service knows of them; the later half gives the rows. The films' mean
    stars are those of the source's users alone, so nothing of the target's labels is in its features.
    """

    name = "movielens"
    title = "MovieLens"
    summary = (
        "Real film ratings from one group of users to another. The gap is so small that adaptation has hardly "
        "anything to do."
    )
    area = "recommendation"
    shift = "covariate"
    kind = "features"
    origin = (
        "MovieLens-100k by Harper and Konstan, “The MovieLens datasets: history and context”, ACM "
        "Transactions on Interactive Intelligent Systems, 2015: 100,000 ratings by 943 users of 1997 and 1998."
    )
    licence = "For research; not for redistribution or commercial use without permission (GroupLens)."
    usual = UsualSpec(network=NetworkSpec(name="mlp"), training=TrainingSpec(epochs=100))

    class Params(params.Params):
        groups: Literal["men→women", "women→men", "under 30→over 40"] = hyper("men→women", title="Groups")
        """Users with known ratings → users whose ratings are predicted."""
        count: int = hyper(3000, ge=100, le=20_000, step=100, title="Rows", help="Maximum ratings per domain.")

    params: Params

    def remotes(self) -> tuple[Remote, ...]:
        return (ML100K,)

    def load(self, seed: int) -> DomainPair:
        ratings, ages, is_man, titles, years, flags = _read(ML100K.read())
        men, women = ("men", is_man), ("women", ~is_man)
        source, target = {
            "men→women": (men, women),
            "women→men": (women, men),
            "under 30→over 40": (("under 30", ages < 30), ("over 40", ages > 40)),
        }[self.params.groups]
        rng = np.random.default_rng([seed, 0x1005])
        history, later = _halved(ratings)
        of_source = history[source[1][history[:, 0]]]
        overall = float(of_source[:, 2].mean())
        film_stars = _shrunk_means(of_source[:, 1], of_source[:, 2], np.full(len(titles), overall))
        known = _known(history, flags, len(ages), overall)

        def domain(name: str, group: NDArray[np.bool_]) -> Domain:
            rows = rng.permutation(later[group[later[:, 0]]])[: self.params.count]
            user, film = rows[:, 0], rows[:, 1]
            X = np.c_[ages[user], known[user], flags[film], years[film], film_stars[film]]
            liked = (rows[:, 2] >= _LIKED).astype(np.int64)
            return Domain(name, X.round(2).astype(np.float32), liked, captions=_captions(rows, X, titles))

        return self.pair(domain(*source), domain(*target), ("not liked", "liked"), columns=COLUMNS)


def _captions(rows: Numbers, X: Rows, titles: NDArray[np.str_]) -> NDArray[np.str_]:
    """Write the film, then the user's number, age, films rated and mean stars: numbers read alike in every language."""
    return np.array(
        [
            f"{titles[film]} · № {user + 1} · {age:.0f} · {count:.0f} × ★ {stars:.1f}"
            for (user, film), (age, count, stars) in zip(rows[:, :2], X[:, :3], strict=True)
        ]
    )


def _halved(ratings: Numbers) -> tuple[Numbers, Numbers]:
    """Split ratings (n, 4: user, film, stars, time) into each user's earlier half and their later one."""
    ordered = ratings[np.lexsort((ratings[:, 3], ratings[:, 0]))]
    counts = np.bincount(ordered[:, 0])
    place = np.arange(len(ordered)) - np.repeat(np.cumsum(counts) - counts, counts)
    early = place < np.repeat(counts // 2, counts)
    return ordered[early], ordered[~early]


def _known(history: Numbers, flags: Rows, users: int, overall: float) -> Rows:
    """Compute what a service knows of each user: films rated, mean stars, mean stars a genre (users, 2 + genres)."""
    user, film, stars = history[:, 0], history[:, 1], history[:, 2]
    mean = _shrunk_means(user, stars, np.full(users, overall))
    of_genre = [
        _shrunk_means(user[is_genre], stars[is_genre], mean)
        for is_genre in (flags[film, genre] > 0 for genre in range(8))
    ]
    return np.column_stack([np.bincount(user, minlength=users), mean, *of_genre])


def _shrunk_means(of: Numbers, values: Numbers, prior: Rows) -> Rows:
    """Compute the mean of ``values`` by index ``of``, each drawn to its ``prior``."""
    counts = np.bincount(of, minlength=len(prior))
    sums = np.bincount(of, weights=values, minlength=len(prior))
    means: Rows = (sums + _PRIOR * prior) / (counts + _PRIOR)
    return means


def _read(archive: bytes) -> tuple[Numbers, Rows, NDArray[np.bool_], NDArray[np.str_], Rows, Rows]:
    """Read ratings (n, 4) by places of users and films; ages, whether a man; titles, years and genre flags of films."""
    import pandas as pd

    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            rated, people, films = (
                pd.read_csv(members.open(f"ml-100k/{name}"), sep=sep, header=None, encoding="latin-1", quoting=3)
                for name, sep in (("u.data", "\t"), ("u.user", "|"), ("u.item", "|"))
            )
        ratings = rated.to_numpy(np.int64) - [1, 1, 0, 0]  # users and films are counted from one
        flags = films[[_FLAGS + genre for genre in _GENRES]].to_numpy(np.float64)
        released = pd.to_numeric(films[2].str[-4:], errors="coerce")
        years = released.fillna(released.median()).to_numpy(np.float64)
        ages, is_man = people[1].to_numpy(np.float64), (people[2] == "M").to_numpy()
        titles = films[1].to_numpy(str)
        if ratings[:, 0].max() >= len(people) or ratings[:, 1].max() >= len(films) or ratings[:, :2].min() < 0:
            raise ValueError("ratings of users or films that are not listed")
    except Exception as error:  # damaged data makes zipfile, zlib and pandas raise errors of many kinds
        raise damaged([ML100K]) from error
    return ratings, ages, is_man, titles, years, flags
