"""The toys have the shift that they are named after, and no other."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from da_core.data.sources import sources
from da_core.data.sources.toys import Covariate, Toy
from tests.support.pairs import load

TOYS = {name: source for name, source in sources().items() if issubclass(source, Toy)}


def drawn(name: str, **values):
    return load(TOYS[name], {"count": 2000} | values)


def scores(pair) -> tuple[float, float]:
    """Accuracy on the target of a classifier trained on the source, and of one trained on half of the target."""
    yt = pair.target.y
    source_only = SVC().fit(pair.source.X, pair.source.y).score(pair.target.X, yt)
    return source_only, SVC().fit(pair.target.X[::2], yt[::2]).score(pair.target.X[1::2], yt[1::2])


def test_there_is_one_for_each_kind_of_shift():
    assert set(TOYS) == {"moons", "blobs", "covariate", "label_shift", "concept", "subspace"}
    assert {toy.shift for toy in TOYS.values()} == {"appearance", "covariate", "label", "concept"}


@pytest.mark.parametrize("name", ["moons", "blobs", "subspace", "concept"])
def test_the_gap_can_be_seen_and_closed(name):
    source_only, oracle = scores(drawn(name))
    assert oracle > 0.9
    assert source_only < oracle - 0.15


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("moons", {"angle": 0}),
        ("blobs", {"move": 0, "stretch": 1}),
        ("covariate", {"mean": 0, "spread": 1}),
        ("concept", {"angle": 0}),
    ],
)
def test_without_its_shift_there_is_no_gap(name, values):
    source_only, oracle = scores(drawn(name, **values))
    assert abs(source_only - oracle) < 0.03


def test_the_covariate_shift_has_the_ratio_that_it_says():
    toy = Covariate(count=20_000)
    pair = toy.load(0)
    ratio = toy.true_weights(pair.source.X, pair.source.y)
    assert ratio.mean() == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(np.average(pair.source.X, axis=0, weights=ratio), [toy.params.mean, 0], atol=0.15)
    # and the same border: a straight one is wrong in different places of the two domains
    linear = LogisticRegression()
    plain, weighted = (
        linear.fit(pair.source.X, pair.source.y, w).score(pair.target.X, pair.target.y) for w in (None, ratio)
    )
    assert weighted > plain + 0.05


def test_label_shift_changes_proportions_and_nothing_else():
    pair = drawn("label_shift", rarest=0.1)
    shares = [np.bincount(domain.y) / len(domain) for domain in (pair.source, pair.target)]
    np.testing.assert_allclose(shares[0], [2 / 3 - 0.1, 1 / 3, 0.1], atol=0.002)
    np.testing.assert_allclose(shares[1], shares[0][::-1], atol=0.002)
    for label in range(3):
        ours, theirs = (domain.X[domain.y == label].mean(axis=0) for domain in (pair.source, pair.target))
        np.testing.assert_allclose(ours, theirs, atol=0.3)


def test_concept_shift_leaves_the_points_where_they_were():
    pair = drawn("concept")
    for X in (pair.source.X, pair.target.X):
        np.testing.assert_allclose(X.mean(axis=0), 0, atol=0.1)
        np.testing.assert_allclose(np.cov(X.T), np.eye(2), atol=0.1)
