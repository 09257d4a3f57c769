"""BBSE on predictions whose answer is known; test_class_priors.py plants a label shift."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.errors import UserError
from da_core.methods.base import Predictions
from da_core.methods.reweighting.bbse import BBSE


def weights(bbse: BBSE, ys, predictions: Predictions):
    """BBSE looks at no features."""
    return bbse.weights(np.zeros((len(ys), 1)), np.zeros((len(predictions.Pt), 1)), ys, predictions)


def test_it_solves_the_papers_system_exactly():
    ys = np.array([0, 0, 0, 1])
    # C = [[.5, 0], [.25, .25]] and mu = [.2, .8], so w = [.4, 2.4]
    predictions = Predictions(ys, np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 1, 1, 1, 1]])
    C, mu = np.array([[0.5, 0], [0.25, 0.25]]), np.array([0.2, 0.8])
    np.testing.assert_allclose(BBSE().class_weights(predictions), np.linalg.inv(C) @ mu)
    w0, w1 = np.linalg.inv(C) @ mu
    np.testing.assert_allclose(weights(BBSE(), ys, predictions), np.array([w0, w0, w0, w1]) * 4 / (3 * w0 + w1))


def test_a_class_that_the_target_lacks_gets_no_negative_weight():
    ys = np.array([0] * 50 + [1] * 50)
    Ps = np.eye(2)[[0] * 40 + [1] * 10 + [0] * 10 + [1] * 40]
    Pt = np.eye(2)[[0] * 95 + [1] * 5]  # purer than the source's class 0: the plain solution is below 0
    np.testing.assert_allclose(weights(BBSE(), ys, Predictions(ys, Ps, Pt)), [2.0] * 50 + [0.0] * 50)


def test_predictions_that_say_nothing_are_refused():
    ys = np.repeat([0, 1, 2], 100)
    always_first = np.tile([0.8, 0.1, 0.1], (300, 1))
    with pytest.raises(UserError, match="do not separate all 3 classes"):
        weights(BBSE(), ys, Predictions(ys, always_first, always_first))
