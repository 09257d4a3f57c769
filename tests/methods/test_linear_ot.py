"""Linear optimal transport against POT, and against what a Monge map of Gaussians is."""

from __future__ import annotations

import numpy as np
import ot
import pytest

from da_core.methods.alignment.linear_ot import LinearOT


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)) + 3
    Xt = rng.normal(size=(200, 5)) @ rng.normal(size=(5, 5)) - 1
    return Xs, Xt


def test_it_agrees_with_pot(pair):
    Xs, Xt = pair
    theirs = ot.da.LinearTransport(reg=1e-10).fit(Xs=Xs, Xt=Xt).transform(Xs=Xs)
    np.testing.assert_allclose(LinearOT(regularisation=1e-10).fit(Xs, Xt).map_source(Xs), theirs, atol=1e-7)


def test_it_finds_a_planted_map_that_only_stretches(pair):
    Xs, _ = pair
    root = np.random.default_rng(1).normal(size=(5, 5))
    A = root @ root.T / 5 + 0.2 * np.eye(5)
    mapped = LinearOT(regularisation=1e-10).fit(Xs, Xs @ A + 7).map_source(Xs)
    np.testing.assert_allclose(mapped, Xs @ A + 7, atol=1e-6)


def test_the_way_that_samples_move_is_the_distance_of_bures(pair):
    Xs, Xt = pair
    moved = LinearOT(regularisation=1e-12).fit(Xs, Xt).map_source(Xs) - Xs
    means, covariances = (m.mean(0) for m in pair), (np.cov(X, rowvar=False, ddof=0) for X in pair)
    theirs = ot.gaussian.bures_wasserstein_distance(*means, *covariances)
    assert np.sqrt((moved**2).sum(1).mean()) == pytest.approx(theirs, rel=1e-10)
