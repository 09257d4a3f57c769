"""Location-scale MMD: planted scales and places, its objective from the definition, its gradient's end."""

from __future__ import annotations

import numpy as np

from da_core.methods.alignment.mmd_ls import MMDLS
from da_core.methods.distances import gaussian_kernel, median_distance

SCALES = np.array([[0.5, 1.5], [1.4, 0.7]])
PLACES = np.array([[1.0, -0.5], [-0.5, 1.0]])


def domains(n=400):
    """Two classes that each get a scale and a place of their own in the target."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    centres = np.array([[-3.0, 0.0], [3.0, 1.0]])
    Xs, noise = centres[y] + rng.normal(size=(n, 2)), rng.normal(size=(n, 2))
    return Xs, y, centres[y] + PLACES[y] + SCALES[y] * noise


def mmd(X, Y, sigma):
    means = (gaussian_kernel(A, B, sigma).mean() for A, B in ((X, X), (Y, Y), (X, Y)))
    return next(means) + next(means) - 2 * next(means)


def test_it_finds_planted_scales_and_places():
    Xs, ys, Xt = domains()
    mapped = MMDLS(regularisation=1e-8).fit(Xs, Xt, ys).map_source(Xs)
    for c in (0, 1):
        np.testing.assert_allclose(mapped[ys == c].mean(axis=0), Xt[ys == c].mean(axis=0), atol=0.15)
        np.testing.assert_allclose(mapped[ys == c].std(axis=0), Xt[ys == c].std(axis=0), atol=0.15)


def test_no_small_change_of_a_class_brings_the_domains_closer():
    Xs, ys, Xt = domains(200)
    mapped = MMDLS(regularisation=1e-12, rounds=500).fit(Xs, Xt, ys).map_source(Xs)
    sigma = median_distance(Xs, Xt)
    here = mmd(mapped, Xt, sigma)
    assert here < mmd(Xs, Xt, sigma) / 20
    for c in (0, 1):
        for change in ([0.02, 0.0], [-0.02, 0.0], [0.0, 0.02], [0.0, -0.02]):
            assert mmd(mapped + np.outer(ys == c, change), Xt, sigma) > here
            assert mmd(mapped * (1 + np.outer(ys == c, change)), Xt, sigma) > here


def test_each_class_is_moved_by_one_scale_and_place():
    Xs, ys, Xt = domains(120)
    mapped = MMDLS(rounds=20).fit(Xs, Xt, ys).map_source(Xs)
    for c in (0, 1):
        for feature in (0, 1):
            line = np.polyfit(Xs[ys == c, feature], mapped[ys == c, feature], 1)
            np.testing.assert_allclose(np.polyval(line, Xs[ys == c, feature]), mapped[ys == c, feature], atol=1e-9)


def test_a_high_price_leaves_the_source_where_it_is():
    Xs, ys, Xt = domains(120)
    np.testing.assert_allclose(MMDLS(regularisation=1e3).fit(Xs, Xt, ys).map_source(Xs), Xs, atol=0.01)


def test_it_does_not_mind_the_unit():
    Xs, ys, Xt = domains(120)
    here = MMDLS().fit(Xs, Xt, ys).map_source(Xs)
    there = MMDLS().fit(1000 * Xs, 1000 * Xt, ys).map_source(1000 * Xs)
    np.testing.assert_allclose(there / 1000, here, atol=1e-5)


def test_a_target_turned_by_180_degrees_is_found_by_the_shape_of_its_classes():
    """Each class then lies where the other one was; one is round, the other in two parts, which no scale changes."""
    rng = np.random.default_rng(0)
    y, part = np.arange(300) % 2, np.where(np.arange(300) % 4 < 2, -2.0, 2.0)
    centres = np.stack([4.0 * y - 2, part * y], axis=1)
    Xs, Xt = (sign * (centres + 0.5 * rng.normal(size=(300, 2))) for sign in (1, -1))

    def distance(**settings):
        mapped = MMDLS(bandwidth=0.5, **settings).fit(Xs, Xt, y).map_source(Xs)
        return max(np.abs(mapped[y == c].mean(axis=0) - Xt[y == c].mean(axis=0)).max() for c in (0, 1))

    assert distance(turned=True) < 0.15
    assert distance() > 1
