"""BBSE on planted label shift, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.errors import UserError
from da_core.methods.base import Predictions
from da_core.methods.reweighting.bbse import BBSE

SOURCE = np.array([0.5, 0.3, 0.2])
TARGET = np.array([0.1, 0.3, 0.6])


def planted(n: int, seed: int = 0) -> Predictions:
    """Labels drawn from SOURCE and TARGET, and one black box that errs on each class alike in both domains."""
    rng = np.random.default_rng(seed)
    mistakes = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.05, 0.25, 0.7]])  # rows true, columns predicted

    def black_box(y):
        predicted = (rng.random((len(y), 1)) > mistakes[y].cumsum(axis=1)).sum(axis=1)
        return 0.6 * np.eye(3)[predicted] + 0.4 * rng.dirichlet(np.ones(3), size=len(y))

    ys, yt = rng.choice(3, n, p=SOURCE), rng.choice(3, n, p=TARGET)
    return Predictions(ys, black_box(ys), black_box(yt))


def weights(bbse: BBSE, ys, predictions: Predictions):
    """BBSE looks at no features."""
    return bbse.weights(np.zeros((len(ys), 1)), np.zeros((len(predictions.Pt), 1)), ys, predictions)


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_the_planted_shift_is_found(kind):
    predictions = planted(20_000)
    bbse = BBSE(predictions=kind)
    np.testing.assert_allclose(bbse.class_weights(predictions), TARGET / SOURCE, atol=0.15)
    ys = np.repeat([0, 1, 2], [500, 300, 200])
    found = weights(bbse, ys, predictions)
    assert found.mean() == pytest.approx(1)
    np.testing.assert_allclose(np.bincount(ys, found) / len(ys), TARGET, atol=0.03)


def test_it_solves_the_papers_system_exactly():
    ys = np.array([0, 0, 0, 1])
    # C = [[.5, 0], [.25, .25]] and mu = [.2, .8], so w = [.4, 2.4]
    predictions = Predictions(ys, np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 1, 1, 1, 1]])
    C, mu = np.array([[0.5, 0], [0.25, 0.25]]), np.array([0.2, 0.8])
    np.testing.assert_allclose(BBSE().class_weights(predictions), np.linalg.inv(C) @ mu)
    w0, w1 = np.linalg.inv(C) @ mu
    np.testing.assert_allclose(weights(BBSE(), ys, predictions), np.array([w0, w0, w0, w1]) * 4 / (3 * w0 + w1))


def test_without_shift_all_weights_are_near_one():
    source, other = planted(20_000), planted(20_000, seed=1)
    np.testing.assert_allclose(weights(BBSE(), source.ys, Predictions(source.ys, source.Ps, other.Ps)), 1, atol=0.1)


def test_a_class_that_the_target_lacks_gets_no_negative_weight():
    ys = np.array([0] * 50 + [1] * 50)
    Ps = np.eye(2)[[0] * 40 + [1] * 10 + [0] * 10 + [1] * 40]
    Pt = np.eye(2)[[0] * 95 + [1] * 5]  # purer than the source's class 0: the plain solution is below 0
    np.testing.assert_allclose(weights(BBSE(), ys, Predictions(ys, Ps, Pt)), [2.0] * 50 + [0.0] * 50)


def test_a_class_without_source_samples_is_left_out():
    every = planted(5000)
    seen = every.ys != 2
    of_class = BBSE().class_weights(Predictions(every.ys[seen], every.Ps[seen], every.Pt))
    assert of_class[2] == 0
    assert np.isfinite(of_class).all()


def test_predictions_that_say_nothing_are_refused():
    ys = np.repeat([0, 1, 2], 100)
    always_first = np.tile([0.8, 0.1, 0.1], (300, 1))
    with pytest.raises(UserError, match="do not separate all 3 classes"):
        weights(BBSE(), ys, Predictions(ys, always_first, always_first))


def test_predictions_must_be_there_and_finite():
    predictions = planted(50)
    with pytest.raises(UserError, match="predictions on both domains"):
        BBSE().weights(np.zeros((50, 1)), np.zeros((50, 1)), predictions.ys)
    predictions.Ps[0, 0] = np.nan
    with pytest.raises(UserError, match="not finite"):
        weights(BBSE(), predictions.ys, predictions)
