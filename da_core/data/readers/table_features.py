"""Turn cells into features: fill missing ones, and give each word a column of 0 and 1.

What is filled in comes from the source alone, so that the target's rows, which a method may only see, say nothing about
the source's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.data.layout import MOST_WORDS, CellKind

if TYPE_CHECKING:
    import pandas as pd

Missing = Literal["median", "most frequent", "drop rows"]
_NO_WORD = "?"
_REST = "infrequent_sklearn"  # what scikit-learn calls the words beyond the most frequent ones


@dataclass(frozen=True)
class Treatment:
    """The treatment of a table's cells: what fills missing ones, and the kinds of columns that are features."""

    missing: Missing
    kinds: tuple[CellKind, ...]


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
    source: pd.DataFrame, target: pd.DataFrame, numbers: list[str], words: list[str], missing: Missing
) -> Encoded:
    """Make features of both domains' cells, in columns called after ``numbers`` (p,) and ``words`` (q,).

    A missing number gets the source's median, and a column “name=?” says where; a missing word is one of its own, “?”
    (or, where ``missing`` says so, both get what is most frequent in the source). Words become a column each, at most
    `MOST_WORDS` of a feature: the rarest share the last one. Where nothing is missing numbers stay as they are.
    """
    gaps = source.isna().sum() + target.isna().sum()
    Xs, Xt = (np.ascontiguousarray(part[numbers], dtype=np.float32) for part in (source, target))
    encoded = Encoded(Xs, Xt, list(numbers), {str(name): int(count) for name, count in gaps.items() if count})
    if gaps[numbers].any():
        from sklearn.impute import SimpleImputer

        flagged = missing == "median"
        imputer = SimpleImputer(strategy="median" if flagged else "most_frequent", add_indicator=flagged).fit(Xs)
        encoded.source, encoded.target = imputer.transform(Xs), imputer.transform(Xt)
        encoded.names += [f"{numbers[at]}={_NO_WORD}" for at in imputer.indicator_.features_] if flagged else []
    if words:
        encoder = _word_encoder(missing).fit(source[words].to_numpy(object))
        categories = encoder[-1].categories_
        encoded.source, encoded.target = (
            np.hstack([X, encoder.transform(part[words].to_numpy(object))])
            for X, part in ((encoded.source, source), (encoded.target, target))
        )
        encoded.names += list(encoder[-1].get_feature_names_out(words))
        encoded.one_hot = {name: len(known) for name, known in zip(words, categories, strict=True)}
        new = {name: target[name].dropna() for name in words}
        counts = {name: int((~new[name].isin(known)).sum()) for name, known in zip(words, categories, strict=True)}
        encoded.unknown = {name: count for name, count in counts.items() if count}
    return encoded


def _word_encoder(missing: Missing) -> Any:
    """Make the pipeline that fills missing words and gives each word its column."""
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
