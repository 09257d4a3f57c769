"""Labels along a transport plan: POT's plans, the assignment problem, and what entropy and anchors must keep."""

from __future__ import annotations

import numpy as np
import ot
import pytest
from scipy.optimize import linear_sum_assignment

from da_core.methods.adaptation.ot_label_propagation import OTLabelPropagation

CENTRES = np.array([[2.5, 0.0], [-2.5, 0.0], [0.0, 3.0]])


def domains(n_s=90, n_t=90):
    rng = np.random.default_rng(0)
    ys, yt = np.arange(n_s) % 3, np.arange(n_t) % 3
    Xs, Xt = CENTRES[ys] + 0.7 * rng.normal(size=(n_s, 2)), CENTRES[yt] + 0.7 * rng.normal(size=(n_t, 2)) + [1.5, -1.0]
    return Xs, ys, Xt, yt


def test_as_many_samples_make_it_an_assignment():
    Xs, ys, Xt, _ = domains()
    at, to = linear_sum_assignment(((Xs[:, None] - Xt) ** 2).sum(axis=2))
    expected = np.empty(90, int)
    expected[to] = ys[at]
    np.testing.assert_array_equal(OTLabelPropagation().propagate(Xs, ys, Xt), expected)


@pytest.mark.parametrize(("distance", "metric"), [("squared", "sqeuclidean"), ("cosine", "cosine")])
def test_the_entropic_plan_is_pots(distance, metric):
    Xs, ys, Xt, _ = domains(80, 65)
    cost = ot.dist(Xs, Xt, metric=metric)
    plan = ot.sinkhorn(ot.unif(80), ot.unif(65), cost / np.median(cost), 0.1, numItermax=10_000)
    received = np.stack([plan[ys == c].sum(axis=0) for c in range(3)])
    sure = np.ptp(np.sort(received, axis=0)[1:], axis=0) > 1e-5  # the two largest differ
    labels = OTLabelPropagation(epsilon=0.1, distance=distance).propagate(Xs, ys, Xt)
    np.testing.assert_array_equal(labels[sure], received.argmax(axis=0)[sure])
    assert sure.mean() > 0.95


def test_unequal_proportions_carry_labels_to_other_classes():
    Xs, ys, _, _ = domains(300)
    Xt = Xs[ys == 0]
    assert np.bincount(OTLabelPropagation().propagate(Xs, ys, Xt)).max() < 60, "a third of the mass is of each class"


def test_anchors_label_as_samples_do():
    Xs, ys, Xt, _ = domains(600, 600)
    every = OTLabelPropagation().propagate(Xs, ys, Xt)
    anchored = OTLabelPropagation(exact_up_to=100, anchors=120).propagate(Xs, ys, Xt)
    assert (every == anchored).mean() > 0.95
