"""Sentiment: two registers that differ, many different texts, and a gap that is there and is not the whole task."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from da_core.data.pair import DomainPair
from da_core.data.sources import sources
from tests.support.pairs import load


@pytest.fixture(scope="module")
def pair() -> DomainPair:
    return load(sources()["sentiment"], {"count": 1500})


def test_texts_are_many_and_finished(pair: DomainPair) -> None:
    assert pair.kind == "texts"
    assert pair.sample_shape == ()
    for domain in (pair.source, pair.target):
        assert len(set(domain.X)) > 0.98 * len(domain)
        assert np.bincount(domain.y).tolist() == [750, 750]
        assert not any(re.search(r"[<>{}]|  ", text) for text in domain.X)
    assert all(text[0].isupper() or text[0] == "“" for text in pair.source.X)
    assert all(text.endswith((".", "”")) for text in pair.source.X)


def _accuracies(pair: DomainPair) -> tuple[float, float]:
    """On half of the target: of a classifier of the source, and of one of the other half."""
    counts = CountVectorizer(token_pattern=r"[^\s]+").fit(np.concatenate([pair.source.X, pair.target.X]))
    Xs, Xt = counts.transform(pair.source.X), counts.transform(pair.target.X)
    half = np.arange(len(pair.target)) % 4 < 2
    of_source = LogisticRegression(max_iter=500).fit(Xs, pair.source.y)
    own = LogisticRegression(max_iter=500).fit(Xt[half], pair.target.y[half])
    return of_source.score(Xt[~half], pair.target.y[~half]), own.score(Xt[~half], pair.target.y[~half])


def test_there_is_a_gap_and_shared_words_set_its_width(pair: DomainPair) -> None:
    source_only, oracle = _accuracies(pair)
    assert 0.6 < source_only < 0.85
    assert oracle > 0.9
    close, far = (_accuracies(load(sources()["sentiment"], {"count": 1000, "shared": s}))[0] for s in (0.9, 0.1))
    assert far + 0.15 < source_only + 0.1 < close
