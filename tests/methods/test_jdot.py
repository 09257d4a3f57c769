"""JDOT: its costs from the definition, its turns, and what it cannot do."""

from __future__ import annotations

import numpy as np
import ot

from da_core.methods.adaptation.jdot import JDOT
from da_core.methods.base import FixedFeatures
from da_core.networks.heads import fit_head

ALPHA = 1.0


def given(Xs, ys, Xt, head="linear"):
    def fit(X, y, weights=None):
        return fit_head(head, X, y, weights, class_count=int(ys.max()) + 1)

    return FixedFeatures(Xs, ys, Xt, Xt[:0], ys[:0], int(ys.max()) + 1, fit)


def domains(n=120, shift=(1.0, 0.5)):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    centres = np.array([[-1.5, 0.0], [1.5, 0.0]])
    Xs, Xt = (centres[y] + 0.7 * rng.normal(size=(n, 2)) for _domain in range(2))
    return Xs, y, Xt + shift, y


def costs(Xs, ys, Xt, classifier):
    distances = ((Xs[:, None] - Xt) ** 2).sum(axis=2)
    loss = -np.log(np.maximum(classifier.predict_proba(Xt), 1e-6))[:, ys].T
    return ALPHA * distances / distances.max() + loss


def test_where_it_ends_its_own_labels_bring_the_same_classifier():
    """A fixed point: the plan for the classifier's costs carries the labels that fit this classifier."""
    Xs, ys, Xt, _ = domains()
    data = given(Xs, ys, Xt)
    found = JDOT(alpha=ALPHA, rounds=50).adapt_classifier(data)
    best = ot.emd(ot.unif(120), ot.unif(120), costs(Xs, ys, Xt, found))
    shares = best.T @ np.eye(2)[ys] * 120
    again = data.fit_head(
        np.concatenate([Xt, Xt]), np.repeat([0, 1], 120), np.concatenate([shares[:, 0], shares[:, 1]])
    )
    np.testing.assert_allclose(again.predict_proba(Xt), found.predict_proba(Xt), atol=1e-4)


def test_the_turns_lower_the_objective():
    Xs, ys, Xt, _ = domains(shift=(2.0, 1.0))
    values = []
    for rounds in (1, 2, 50):
        found = JDOT(alpha=ALPHA, rounds=rounds).adapt_classifier(given(Xs, ys, Xt))
        cost = costs(Xs, ys, Xt, found)
        values.append((ot.emd(ot.unif(120), ot.unif(120), cost) * cost).sum())
    assert values[2] <= values[1] + 1e-6
    assert values[1] <= values[0] + 1e-6


def test_it_undoes_a_shift_and_does_no_harm_without_one():
    for shift, least in (((2.0, 1.0), 0.93), ((0.0, 0.0), 0.93)):
        Xs, ys, Xt, yt = domains(300, shift)
        assert (JDOT().adapt_classifier(given(Xs, ys, Xt)).predict(Xt) == yt).mean() > least


def test_a_turn_by_half_a_circle_swaps_the_classes():
    Xs, ys, Xt, yt = domains(shift=(0.0, 0.0))
    assert (JDOT().adapt_classifier(given(Xs, ys, -Xt)).predict(-Xt) == yt).mean() < 0.1
