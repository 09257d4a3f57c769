"""TSL against a search of all directions in the plane, Fisher's discriminant, and the integral of its divergence."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from da_core.methods.alignment.tsl import TSL


@pytest.fixture
def pair():
    """Two classes that lie apart along both axes; along the second one the target has them the other way round."""
    rng = np.random.default_rng(0)
    y = np.arange(160) % 2
    Xs = rng.normal(size=(160, 2)) * 0.6 + np.stack([y, 3.0 * y], axis=1) * 1.5
    Xt = rng.normal(size=(160, 2)) * 0.6 + np.stack([y, 3.0 * (y == 0) ** 2 + 3], axis=1) * 1.5
    return Xs, y, Xt


def value(u, Xs, ys, Xt, mu):
    """F + μ D of one direction u (2,), straight from the definition: D by adding up both densities on a fine grid."""
    zs, zt = Xs @ u, Xt @ u
    within = sum(((zs[ys == c] - zs[ys == c].mean()) ** 2).sum() for c in np.unique(ys))
    fisher = within / ((zs - zs.mean()) ** 2).sum()
    h = np.sqrt((len(zs) * zs.var() + len(zt) * zt.var()) / (len(zs) + len(zt)))
    grid = np.linspace(min(zs.min(), zt.min()) - 6 * h, max(zs.max(), zt.max()) + 6 * h, 2000)
    densities = [np.exp(-(((grid[:, None] - z) / h) ** 2) / 2).mean(axis=1) for z in (zs, zt)]
    # ∫ of two hills of height 1 and deviation h, one on the other, is h √π
    return fisher + mu * np.sum((densities[0] - densities[1]) ** 2) * (grid[1] - grid[0]) / (h * np.sqrt(np.pi))


@pytest.mark.parametrize("mu", [0.0, 1.0, 30.0])
def test_no_direction_in_the_plane_is_better(pair, mu):
    Xs, ys, Xt = pair
    angles = np.radians(np.arange(0, 180, 2))
    least = min(value(np.array([np.cos(a), np.sin(a)]), Xs, ys, Xt, mu) for a in angles)
    (u,) = TSL(dimensions=1, mu=mu).fit(Xs, Xt, ys)._U.T
    found = value(u, Xs, ys, Xt, mu)
    assert found <= least + 1e-3


def test_without_the_divergence_it_is_fishers_direction(pair):
    Xs, ys, Xt = pair
    (u,) = TSL(dimensions=1, mu=0.0).fit(Xs, Xt, ys)._U.T
    theirs = LinearDiscriminantAnalysis().fit(Xs, ys).coef_[0]
    assert abs(u @ theirs) / np.linalg.norm(theirs) == pytest.approx(1, abs=1e-5)


def test_directions_are_orthonormal():
    rng = np.random.default_rng(2)
    Xs, Xt, ys = rng.normal(size=(60, 7)), rng.normal(size=(50, 7)) * 1.5, np.arange(60) % 3
    U = TSL(dimensions=3, rounds=10).fit(Xs, Xt, ys)._U
    np.testing.assert_allclose(U.T @ U, np.eye(3), atol=1e-12)
