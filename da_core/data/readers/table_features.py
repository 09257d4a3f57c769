"""Cells become features: missing ones are filled, words become columns of 0 and 1. What is filled in comes from the
source alone, so that the target's rows, which a method may only see, say nothing about the source's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.readers.columns import MOST_WORDS, CellKind

Missing = Literal["median", "most frequent", "drop rows"]
_NO_WORD = "?"
_REST = "infrequent_sklearn"  # what scikit-learn calls the words beyond the most frequent ones


@dataclass(frozen=True)
class Treatment:
    """How cells become numbers: what is done about missing ones, and whether words and dates are features."""

    missing: Missing = "median"
    words: bool = True
    dates: bool = True

    @property
    def kinds(self) -> tuple[CellKind, ...]:
        """The kinds of columns that are features."""
        kinds: dict[CellKind, bool] = {"numbers": True, "words": self.words, "dates": self.dates}
        return tuple(kind for kind, used in kinds.items() if used)


@dataclass
class RawFeatures:
    """Features of one domain as they were read: ``numbers`` (n, p) with NaN where one is missing, ``words`` (n, q)
    objects with None.
    """

    numbers: NDArray[np.float32]
    words: NDArray[np.object_]

    def missing(self) -> NDArray[np.bool_]:
        """Tell which cells are missing: (n, p + q)."""
        no_word = np.array([word is None for word in self.words.ravel()], dtype=np.bool_).reshape(self.words.shape)
        return np.hstack([np.isnan(self.numbers), no_word])


@dataclass
class Encoded:
    """Both domains' features (n, d), their names, and which columns were filled, made of words, or hold in the target
    words that are new there, each with a count.
    """

    source: NDArray[np.float32]
    target: NDArray[np.float32]
    names: list[str]
    filled: dict[str, int] = field(default_factory=dict)
    one_hot: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)


def encode_features(
    source: RawFeatures, target: RawFeatures, numbers: list[str], words: list[str], missing: Missing
) -> Encoded:
    """Make features of both domains' cells, in columns called after ``numbers`` (p,) and ``words`` (q,).

    A missing number gets the source's median, and a column “name=?” says where; a missing word is one of its own, “?”
    (or, where ``missing`` says so, both get what is most frequent in the source). Words become a column each, at most
    `MOST_WORDS` of a feature: the rarest share the last one. Where nothing is missing numbers stay as they are.
    """
    missing_cells = source.missing().sum(axis=0) + target.missing().sum(axis=0)
    counts = zip([*numbers, *words], missing_cells.tolist(), strict=True)
    filled = {name: count for name, count in counts if count}
    Xs, Xt, names = _fill_numbers(source.numbers, target.numbers, numbers, missing)
    encoded = Encoded(Xs, Xt, names, filled)
    if words:
        encoder = _word_encoder(missing).fit(source.words)
        categories = encoder[-1].categories_
        encoded.source = np.hstack([Xs, encoder.transform(source.words)])
        encoded.target = np.hstack([Xt, encoder.transform(target.words)])
        encoded.names += list(encoder[-1].get_feature_names_out(words))
        encoded.one_hot = {name: len(known) for name, known in zip(words, categories, strict=True)}
        for name, column, known in zip(words, target.words.T, map(set, categories), strict=True):
            if new := sum(word is not None and word not in known for word in column):
                encoded.unknown[name] = new
    return encoded


def _fill_numbers(
    Xs: NDArray[np.float32], Xt: NDArray[np.float32], names: list[str], missing: Missing
) -> tuple[NDArray[np.float32], NDArray[np.float32], list[str]]:
    if not (np.isnan(Xs).any() or np.isnan(Xt).any()):
        return Xs, Xt, list(names)
    from sklearn.impute import SimpleImputer

    with_flags = missing == "median"
    imputer = SimpleImputer(strategy="median" if with_flags else "most_frequent", add_indicator=with_flags).fit(Xs)
    flagged = [names[at] for at in imputer.indicator_.features_] if with_flags else []
    return imputer.transform(Xs), imputer.transform(Xt), [*names, *(f"{name}={_NO_WORD}" for name in flagged)]


def _word_encoder(missing: Missing) -> Any:
    """What fills missing words and gives each word its column."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    if missing == "median":
        imputer = SimpleImputer(missing_values=None, strategy="constant", fill_value=_NO_WORD)
    else:
        imputer = SimpleImputer(missing_values=None, strategy="most_frequent")
    encoder = OneHotEncoder(
        max_categories=MOST_WORDS,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
        dtype=np.float32,
        feature_name_combiner=lambda name, word: f"{name}={'…' if word == _REST else word}",
    )
    return make_pipeline(imputer, encoder)
