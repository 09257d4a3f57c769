"""Heads on fixed features."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

from da_core.errors import UserError
from da_core.experiment import HeadSpec
from da_core.networks.head_kinds import heads
from da_core.networks.heads import cross_fitted, fit_head, matched_halves

HEADS = list(heads())


@pytest.fixture
def blobs():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 60)
    return rng.normal(size=(180, 4)) + 3 * np.eye(3, 4)[y], y


@pytest.mark.parametrize("name", HEADS)
def test_every_head_learns_and_repeats(blobs, name):
    X, y = blobs
    head, again = fit_head(name, X[::2], y[::2]), fit_head(name, X[::2], y[::2])
    assert (head.predict(X[1::2]) == y[1::2]).mean() > 0.85
    np.testing.assert_array_equal(head.predict_proba(X), again.predict_proba(X))


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("classes", [(0, 1), (0, 1, 2), (0, 2)])
def test_probabilities_are_probabilities_and_agree_with_the_prediction(blobs, name, classes):
    """A class without samples keeps its column."""
    X, y = blobs
    X, y = X[np.isin(y, classes)], y[np.isin(y, classes)]
    head = fit_head(name, X, y, class_count=5)
    proba = head.predict_proba(X)
    assert proba.shape == (len(X), 5)
    assert (np.delete(proba, classes, axis=1) == 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert (proba.argmax(axis=1) == head.predict(X)).mean() > 0.98


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_the_unit_of_the_features_does_not_matter(blobs, name, unit):
    X, y = blobs
    expected = fit_head(name, X[::2], y[::2]).predict_proba(X[1::2])
    assert (expected.argmax(axis=1) == y[1::2]).mean() > 0.85
    scaled = fit_head(name, unit * X[::2], y[::2]).predict_proba(unit * X[1::2])
    np.testing.assert_allclose(scaled, expected, atol=1e-3)


def test_features_that_are_all_constant_give_the_classes_their_shares(blobs):
    X, y = np.full((150, 4), 7.0), blobs[1][:150]
    shares = np.array([0.4, 0.4, 0.2])
    np.testing.assert_allclose(fit_head("linear", X, y).predict_proba(X[:1])[0], shares, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in HEADS if name != "knn"])
def test_weights_move_the_boundary_towards_what_weighs_little(blobs, name):
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal(-1, 1, (200, 1)), rng.normal(1, 1, (200, 1))])
    y = np.repeat([0, 1], 200)
    heavy = np.where(y == 1, 1.9, 0.1)
    plain, weighted = (fit_head(name, X, y, weights=w).predict(X) for w in (None, heavy))
    assert weighted.sum() > plain.sum() + 20


@pytest.mark.parametrize("name", ["linear", "linear_svm", "svm", "ridge"])
def test_a_class_that_weighs_nothing_is_never_predicted(blobs, name):
    X, y = blobs
    head = fit_head(name, X, y, weights=np.where(y == 2, 0.0, 1.5))
    assert set(head.predict(X)) == {0, 1}
    assert (head.predict_proba(X)[:, 2] == 0).all()


def test_what_cannot_be_fitted_is_said(blobs):
    X, y = blobs
    with pytest.raises(UserError, match=r"knn cannot weight samples.*linear, logistic, linear_svm, svm, ridge"):
        fit_head("knn", X, y, weights=np.ones(len(y)))
    with pytest.raises(UserError, match="k is 50, but there are only 40"):
        fit_head(HeadSpec(name="knn", params={"k": 50}), X[40:80], y[40:80])
    with pytest.raises(UserError, match="no setting called “c”; did you mean C"):
        fit_head(HeadSpec(name="svm", params={"c": 1}), X, y)
    with pytest.raises(UserError, match="All the weight lies on samples of one class"):
        fit_head("linear", X, y, weights=(y == 1).astype(float))
    with pytest.raises(UserError, match="training samples are of one class"):
        fit_head("linear", X[y == 0], y[y == 0])


def with_settings(name, **params):
    return HeadSpec(name=name, params=params)


def test_settings_are_those_of_scikit_learns_estimators_on_features_of_unit_deviation(blobs):
    X, y = blobs[0] * 40, blobs[1]
    X[:, 0] *= 3
    unit = np.sqrt(X.var(axis=0).mean())
    expected = [
        (with_settings("logistic", C=0.01), LogisticRegression(C=0.01).fit(X / unit, y)),
        (with_settings("linear_svm", C=0.01), LinearSVC(C=0.01).fit(X / unit, y)),
        (with_settings("svm", C=9.0, gamma=4.0), SVC(C=9.0, gamma=4 / (4 * (X / unit).var())).fit(X / unit, y)),
        (with_settings("knn", k=5, distance="cosine"), KNeighborsClassifier(5, metric="cosine").fit(X / unit, y)),
        (with_settings("ridge", alpha=50.0), RidgeClassifier(alpha=50).fit(X / unit, y)),
    ]
    for spec, model in expected:
        agree = (fit_head(spec, X, y).predict(X) == model.predict(X / unit)).mean()
        assert agree == 1, spec
        assert (fit_head(spec.name, X, y).predict(X) != fit_head(spec, X, y).predict(X)).any(), spec


def test_cross_validation_finds_the_c_that_predicts_best():
    rng = np.random.default_rng(0)  # two hundred columns of noise for sixty samples: only a wide margin generalises
    y = np.arange(400) % 2
    X = rng.normal(size=(400, 200))
    X[:, :3] += 0.8 * (2 * y[:, None] - 1)
    right = {
        name: (fit_head(spec, X[:60], y[:60]).predict(X[60:]) == y[60:]).mean()
        for name, spec in {
            "large": with_settings("linear_svm", C=1000.0),
            "chosen": with_settings("linear_svm", C=1000.0, cross_validate=True),
        }.items()
    }
    assert right["chosen"] > right["large"] + 0.05


def test_cross_fitted_probabilities_are_those_of_heads_that_never_saw_the_sample(blobs):
    X, y = blobs
    folds = np.random.default_rng(0).permutation(len(y)) % 3
    P = cross_fitted("svm", X, y, folds, class_count=4)
    for fold in range(3):
        others = fit_head("svm", X[folds != fold], y[folds != fold], class_count=4)
        np.testing.assert_array_equal(P[folds == fold], others.predict_proba(X[folds == fold]))
    noise = np.random.default_rng(1).integers(3, size=len(y))  # a neighbour's label says nothing, one's own says all
    assert (fit_head("knn", X, noise).predict(X) == noise).all()
    assert (cross_fitted("knn", X, noise, folds).argmax(axis=1) == noise).mean() < 0.5


def test_halves_hold_every_class_alike_and_never_part_equal_rows(blobs):
    X, y = blobs
    twice, labels = np.concatenate([X, X]), np.concatenate([y, y])
    halves = matched_halves(twice, labels)
    assert np.array_equal(halves[: len(y)], halves[len(y) :])
    single = matched_halves(X, y)
    for label in np.unique(y):
        assert abs(np.mean(single[y == label]) - 0.5) <= 0.5 / (y == label).sum()


def test_halves_are_dealt_by_the_samples_that_weigh_something(blobs):
    X, y = blobs
    weights = np.zeros(len(y))
    weights[np.flatnonzero(y == 0)[:2]] = weights[np.flatnonzero(y == 1)[:2]] = 1
    halves = matched_halves(X, y, weights)
    assert sorted(halves[weights > 0]) == [0, 0, 1, 1]
    weights[np.flatnonzero(y == 1)[:1]] = 0
    assert matched_halves(X, y, weights) is None
