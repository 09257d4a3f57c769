"""The methods that correct class proportions, on label shifts with a known answer."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.optimize import minimize

from da_core.errors import UserError
from da_core.methods.base import Predictions
from da_core.methods.reweighting.bbse import BBSE
from da_core.methods.reweighting.em_prior import EMPrior, bias_corrected_temperature, temperature, tempered
from da_core.methods.reweighting.energy_distance import EnergyDistance, mean_distance
from da_core.methods.reweighting.rlls import RLLS, least_change
from da_core.methods.reweighting.shared.class_proportions import mixture
from da_core.methods.reweighting.target_shift import TargetShift
from tests.bench import label_shift

SOURCE, TARGET = np.array([0.5, 0.3, 0.2]), np.array([0.15, 0.25, 0.6])
SOFT_BBSE = partial(BBSE, predictions="soft")
MEANS = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])


def planted(n: int, seed: int = 0, sharpness: float = 1.0):
    """Three normal classes of spread 1, and their true posteriors under the source's proportions, made too sure."""
    rng = np.random.default_rng(seed)
    (ys, Xs), (_, Xt) = (
        (y, MEANS[y] + rng.normal(size=(n, 2))) for y in (rng.choice(3, n, p=p) for p in (SOURCE, TARGET))
    )

    def posterior(X):
        joint = SOURCE * np.exp(-np.square(X[:, None] - MEANS).sum(axis=2) / 2)
        return tempered(joint / joint.sum(axis=1, keepdims=True), 1 / sharpness)

    return Xs, Xt, ys, Predictions(ys, posterior(Xs), posterior(Xt))


@pytest.mark.parametrize("method", [BBSE, SOFT_BBSE, EMPrior, RLLS, TargetShift, EnergyDistance])
def test_planted_proportions_are_found(method):
    Xs, Xt, ys, predictions = planted(3000)
    found = method().fit(Xs, Xt, ys, predictions)
    np.testing.assert_allclose(found.of_class * np.bincount(ys) / len(ys), TARGET, atol=0.06)
    weights = found.weights_of(Xs, ys)
    for y in range(3):
        assert np.ptp(weights[ys == y]) == 0


@pytest.mark.parametrize("method", [TargetShift, EnergyDistance])
def test_some_samples_stand_for_all(method):
    Xs, Xt, ys, _ = planted(3000)
    exact, near = (method(exact_up_to=most).fit(Xs, Xt, ys).proportions for most in (3000, 1000))
    np.testing.assert_allclose(near, exact, atol=0.06)


@pytest.mark.parametrize("method", [BBSE, TargetShift, EnergyDistance, EMPrior, RLLS])
def test_a_class_without_source_samples_does_not_break_it(method):
    Xs, Xt, ys, predictions = planted(600)
    keep = ys != 1
    some = Predictions(ys[keep], predictions.Ps[keep], predictions.Pt)
    weights = method().weights(Xs[keep], Xt, ys[keep], some)
    assert np.isfinite(weights).all()
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize("method", [BBSE, EMPrior, RLLS])
def test_predictions_are_asked_for(method):
    Xs, Xt, ys, _ = planted(20)
    with pytest.raises(UserError, match="predictions on both domains"):
        method().fit(Xs, Xt, ys)


# EM


def test_em_agrees_with_quapy():
    from quapy.method.aggregative import EMQ

    _, _, ys, predictions = planted(2000)
    theirs, _ = EMQ.EM(np.bincount(ys) / len(ys), predictions.Pt, epsilon=1e-8)
    ours = EMPrior(calibration="none").fit(np.zeros((1, 1)), np.zeros((1, 1)), ys, predictions).proportions
    np.testing.assert_allclose(ours, theirs, atol=1e-2)


def test_em_ends_at_the_most_likely_proportions():
    _, _, ys, predictions = planted(500)
    share = np.bincount(ys) / len(ys)
    q = EMPrior(calibration="none").fit(np.zeros((1, 1)), np.zeros((1, 1)), ys, predictions).proportions
    odds = predictions.Pt / share
    slope = (odds / (odds @ q)[:, None]).mean(axis=0)  # of the log-likelihood; on Σq = 1 all alike at the maximum
    np.testing.assert_allclose(slope, 1, atol=1e-5)


def test_calibration_mends_probabilities_that_are_too_sure():
    Xs, Xt, ys, predictions = planted(4000, sharpness=3.0)
    assert temperature(predictions.Ps, ys) == pytest.approx(3, rel=0.15)
    temperature_off, none_off, bcts_off = (
        np.abs(EMPrior(calibration=calibration).fit(Xs, Xt, ys, predictions).proportions - TARGET).max()
        for calibration in ("temperature", "none", "bcts")
    )
    assert max(temperature_off, bcts_off) < 0.04 < none_off


def test_a_bias_mends_probabilities_that_favour_a_class():
    Xs, Xt, ys, true = planted(4000)
    favour = np.array([1.5, 0.0, 0.0])
    predictions = Predictions(ys, *(tempered(P, 0.5, favour) for P in (true.Ps, true.Pt)))
    T, bias = bias_corrected_temperature(predictions.Ps, ys)
    # the inverse of P ∝ exp(2 log P + favour): half of its logarithm, less half of the favour
    assert 1.7 < T < 2.3
    np.testing.assert_allclose(bias, -(favour - favour.mean()) / 2, atol=0.15)
    np.testing.assert_allclose(tempered(predictions.Ps, T, bias).mean(axis=0), np.bincount(ys) / len(ys), atol=1e-3)
    temperature_off, bcts_off = (
        np.abs(EMPrior(calibration=calibration).fit(Xs, Xt, ys, predictions).proportions - TARGET).max()
        for calibration in ("temperature", "bcts")
    )
    assert bcts_off < 0.04 < temperature_off


@pytest.mark.parametrize(("earlier", "now"), [("true", "temperature"), (False, "none")])
def test_experiments_from_when_calibration_was_a_switch_read_as_before(earlier, now):
    assert EMPrior(calibrate=earlier).params.calibration == now


@pytest.mark.slow
def test_em_with_bcts_halves_bbses_error_on_digits_whose_proportions_change_much():
    much, little = label_shift.measure(alphas=(0.1, 10.0), draws=12)
    assert much["EM, BCTS"] < 0.5 * much["BBSE"]
    assert much["EM, BCTS"] < much["EM, none"]
    assert abs(little["EM, BCTS"] - little["BBSE"]) < 0.005


# RLLS


def test_rlls_minimises_the_papers_objective():
    rng = np.random.default_rng(0)
    for delta in (0.01, 0.05, 0.3):
        C = np.diag([0.4, 0.3, 0.3]) + 0.05 * rng.random((3, 3))
        b = 0.1 * rng.normal(size=3)

        def objective(theta, C=C, b=b, delta=delta):
            return np.linalg.norm(C @ theta - b) + delta * np.linalg.norm(theta)

        starts = (np.linalg.solve(C, b).clip(-1), np.full(3, 0.1), np.full(3, -0.1))
        best = min(minimize(objective, s, bounds=[(-1, None)] * 3, method="L-BFGS-B").fun for s in starts)
        assert objective(least_change(C, b, delta)) <= best + 1e-6


def test_rlls_without_regularisation_solves_the_system_and_with_much_changes_nothing():
    C, b = np.diag([0.5, 0.3, 0.2]) + 0.02, np.array([-0.1, 0.02, 0.08])
    np.testing.assert_allclose(least_change(C, b, 0.0), np.linalg.solve(C, b), atol=1e-5)
    np.testing.assert_array_equal(least_change(C, b, 2.0), np.zeros(3))


def test_rlls_trusts_as_far_as_it_is_told():
    Xs, Xt, ys, predictions = planted(1000)
    half, full = (RLLS(trust=trust).fit(Xs, Xt, ys, predictions).of_class for trust in (0.5, 1.0))
    np.testing.assert_allclose(half - 1, (full - 1) / 2)


# Mixtures


def test_the_mixture_is_the_best_on_the_simplex():
    rng = np.random.default_rng(0)
    for scale in (1e-9, 1.0, 1e6):
        A = rng.normal(size=(4, 4))
        gram = scale * A @ A.T
        found = mixture(gram)
        assert found.min() >= 0
        assert found.sum() == pytest.approx(1)
        slope = gram @ found  # at the optimum all classes in use have the least slope
        assert slope.min() >= found @ gram @ found * (1 - 1e-6)


def test_the_energy_distance_is_least_at_the_proportions_found():
    Xs, Xt, ys, _ = planted(300)
    found = EnergyDistance().fit(Xs, Xt, ys).proportions
    classes = [Xs[ys == y] for y in range(3)]
    A = np.array([[mean_distance(X, Y) for Y in classes] for X in classes])
    b = np.array([mean_distance(X, Xt) for X in classes])
    rng = np.random.default_rng(0)
    others = rng.dirichlet(np.ones(3), 500)
    best = 2 * found @ b - found @ A @ found
    assert all(2 * p @ b - p @ A @ p >= best - 1e-12 for p in others)
