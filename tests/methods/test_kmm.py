"""Kernel mean matching: its optimum, its projection, its approximation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from da_core.methods.distances import gaussian_kernel, mean_kernel, median_distance
from da_core.methods.reweighting.kmm import KMM, minimum, projected


def pair(n: int, m: int, d: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(0.6, 0.8, (m, d))


def problem(Xs, Xt):
    sigma = median_distance(Xs, Xt)
    K, kappa = gaussian_kernel(Xs, Xs, sigma), len(Xs) * mean_kernel(Xs, Xt, sigma)
    return sigma, K, kappa, lambda w: w @ K @ w / 2 - kappa @ w


@pytest.mark.parametrize("B", [2.0, 1000.0])
def test_constraints_and_conditions_of_the_optimum(B):
    Xs, Xt = pair(300, 200, 3)
    _, K, kappa, _ = problem(Xs, Xt)
    w = KMM(clip=B).fit(Xs, Xt).solution
    n, epsilon = 300, (np.sqrt(300) - 1) / np.sqrt(300)
    assert w.min() >= 0
    assert w.max() <= B + 1e-9
    assert n * (1 - epsilon) - 1e-6 <= w.sum() <= n * (1 + epsilon) + 1e-6
    # the sum is inside its slab here, so each weight stands alone: slope 0, or at a bound and pressing on it
    slope = (K @ w - kappa) / kappa.max()
    assert slope[w <= 0].min(initial=0) > -1e-3
    assert slope[w >= B].max(initial=0) < 1e-3
    assert np.abs(slope[(w > 0) & (w < B)]).max(initial=0) < 1e-3


def test_a_sum_at_its_bound_is_found_too():
    """Here the slab binds; the answer is checked against a general solver."""
    rng = np.random.default_rng(0)
    A = rng.random((8, 8))
    K, kappa = A @ A.T, 10 * rng.random(8)
    w = minimum(lambda w: K @ w, kappa, 3.0, 10.0, 12.0)
    bounds = {"type": "ineq", "fun": lambda w: w.sum() - 10}, {"type": "ineq", "fun": lambda w: 12 - w.sum()}
    best = minimize(
        lambda w: w @ K @ w / 2 - kappa @ w,
        np.full(8, 1.3),
        jac=lambda w: K @ w - kappa,
        bounds=[(0, 3)] * 8,
        constraints=bounds,
        options={"ftol": 1e-12},
    )
    assert w.sum() == pytest.approx(10)
    assert w @ K @ w / 2 - kappa @ w <= best.fun + 1e-3 * abs(best.fun)


def test_the_projection_is_the_nearest_point():
    rng = np.random.default_rng(0)
    for low, high in ((0.0, 3.0), (6.0, 7.0), (14.0, 15.0), (16.0, 16.0), (0.0, 0.0)):
        v = 3 * rng.normal(size=8)
        w = projected(v, 2.0, low, high)
        assert w.min() >= 0
        assert w.max() <= 2
        assert low - 1e-9 <= w.sum() <= high + 1e-9
        # (v − w)ᵀ(u − w) ≤ 0 for every feasible u
        for _ in range(200):
            u = projected(3 * rng.normal(size=8), 2.0, low, high)
            assert (v - w) @ (u - w) < 1e-9


def test_landmarks_come_near_the_exact_objective():
    Xs, Xt = pair(1200, 800, 20)
    _, _, _, objective = problem(Xs, Xt)
    exact = objective(KMM().fit(Xs, Xt).solution)
    for landmarks, error in ((200, 2e-2), (600, 1e-2)):
        near = objective(KMM(exact_up_to=1000, landmarks=landmarks).fit(Xs, Xt).solution)
        assert exact <= near + 1e-4 * abs(exact)
        assert near - exact < error * abs(exact)


def test_a_row_that_was_not_seen_takes_its_neighbours_weight():
    Xs, Xt = pair(100, 100, 2)
    kmm = KMM().fit(Xs, Xt)
    moved = kmm.weights_of(Xs[:50] + 1e-9)
    np.testing.assert_allclose(moved, kmm.solution[:50] / kmm.solution[:50].mean())
