"""KLIEP's optimum by its optimality conditions, and its choice of the width."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.methods.distances import gaussian_kernel
from da_core.methods.reweighting.kliep import KLIEP, likeliest


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    return rng.normal(size=(400, 3)), rng.normal(0.5, 0.8, (300, 3))


@pytest.mark.parametrize("width", [0.2, 0.5, 1.0])
def test_constraint_and_conditions_of_the_optimum(pair, width):
    Xs, Xt = pair
    kliep = KLIEP(width=width).fit(Xs, Xt)
    assert (kliep.alphas >= 0).all()
    assert kliep.ratio(Xs).mean() == pytest.approx(1, abs=1e-9)
    # of the maximum of Σ log w under mean_s w = 1: no bump gains more than it costs, those in use just as much
    source, target = (gaussian_kernel(X, kliep.centres, kliep.sigma) for X in (Xs, Xt))
    gain = (target / kliep.ratio(Xt)[:, None]).mean(axis=0) / source.mean(axis=0)
    assert gain.max() <= 1 + 1e-6
    np.testing.assert_allclose(gain[kliep.alphas > 1e-6 * kliep.alphas.max()], 1, atol=1e-5)


def test_proportions_of_a_mixture_with_a_known_answer():
    """Components that do not overlap get the share of the rows that they reach."""
    A = np.zeros((10, 3))
    A[:5, 0], A[5:8, 1], A[8:, 2] = 3.0, 0.1, 7.0
    np.testing.assert_allclose(likeliest(A), [0.5, 0.3, 0.2], atol=1e-8)


def test_far_target_samples_do_not_break_it(pair):
    Xs, Xt = pair
    weights = KLIEP().weights(Xs, np.concatenate([Xt, Xt + 1e3]))
    assert np.isfinite(weights).all()
    assert weights.mean() == pytest.approx(1)
