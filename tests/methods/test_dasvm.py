"""DASVM: its first step by hand, its end on a shift that it can follow, and one that it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC

from da_core.methods.adaptation.dasvm import DASVM
from tests.methods.test_classifier_adaptation import moons, seen


def scored(Xs, ys, Xt, yt, **chosen):
    adapted = DASVM(**chosen).adapt_classifier(seen((Xs, ys), (Xt, ys), "svm"))
    return float((SVC().fit(Xs, ys).predict(Xt) == yt).mean()), float((adapted.predict(Xt) == yt).mean())


def test_it_follows_the_target_where_the_border_lies_in_a_gap():
    before, after = scored(*moons(200, 0, 0), *moons(200, 1, 32))
    assert before < 0.97
    assert after > before + 0.01


def test_labels_that_are_wrong_from_the_start_are_learned():
    before, after = scored(*moons(200, 0, 0), *moons(200, 1, 170))
    assert before < 0.5
    assert after < 0.5


def test_in_one_round_it_exchanges_the_outermost_samples():
    (Xs, ys), (Xt, _) = moons(60, 0, 0), moons(50, 1, 35)
    s = np.where(ys == 1, 1, -1)
    svm = SVC().fit(Xs, s)
    fs, ft = svm.decision_function(Xs), svm.decision_function(Xt)
    inside = sorted((f, j) for j, f in enumerate(ft) if -1 < f < 1)
    joining = [j for f, j in inside if f <= 0][:5] + [j for f, j in inside if f > 0][-5:]  # ⌈.1 · 50⌉ on each side
    order = np.argsort(fs)
    leaving = [i for i in order[:6] if fs[i] <= 0] + [i for i in order[-6:] if fs[i] > 0]  # ⌈.1 · 60⌉
    stay = np.setdiff1d(np.arange(60), leaving)
    X, y = np.concatenate([Xs[stay], Xt[joining]]), np.concatenate([s[stay], np.where(ft[joining] > 0, 1, -1)])
    labels = np.where(SVC().fit(X, y).decision_function(Xt) > 0, 1, -1)
    expected = SVC().fit(Xt, labels).decision_function(Xt)
    found = DASVM(share=0.1, rounds=1).lead(Xs, s, Xt)
    np.testing.assert_allclose(found.decision_function(Xt), expected, atol=1e-6)


def test_without_target_samples_in_the_margin_it_takes_the_sources_labels():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = np.array([-3.0, 3.0])[y, None] * [1, 0] + 0.1 * rng.normal(size=(80, 2))
    svm = SVC(C=100.0).fit(X, y)
    far = X[np.abs(svm.decision_function(X)) > 1]
    adapted = DASVM(C=100.0).adapt_classifier(seen((X, y), (far, y), "svm"))
    np.testing.assert_array_equal(adapted.predict(far), svm.predict(far))


def test_classes_keep_their_indices_and_probabilities_sum_to_one():
    rng = np.random.default_rng(0)
    ys = np.array([0, 2, 3])[np.arange(90) % 3]
    Xs = np.eye(4)[ys] * 4 + rng.normal(size=(90, 4)) * 0.5
    adapted = DASVM().adapt_classifier(seen((Xs, ys), (Xs + 0.3, ys), "svm"))
    P = adapted.predict_proba(Xs + 0.3)
    assert P.shape == (90, 4)
    assert (P[:, 1] == 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert (adapted.predict(Xs + 0.3) == ys).mean() == pytest.approx(1)
    np.testing.assert_array_equal(P.argmax(axis=1), adapted.predict(Xs + 0.3))
