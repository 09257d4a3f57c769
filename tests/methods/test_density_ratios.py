"""The weights by density ratio against a ratio that is known: source N(0, 1), target N(1, .8²)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from da_core.methods import methods
from da_core.methods.base import Reweighting
from da_core.methods.distances import median_distance
from da_core.methods.reweighting.rulsif import RuLSIF


def normals(n: int, seed: int):
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.normal(0, 1, (n, 1)), rng.normal(1, 0.8, (n, 1))
    x = Xs[:, 0]
    return Xs, Xt, np.exp(x**2 / 2 - (x - 1) ** 2 / (2 * 0.8**2)) / 0.8


def error(weights, truth) -> float:
    truth = truth / truth.mean()
    return float(np.square(weights - truth).mean() / np.square(truth).mean())


def reweighting(name: str, **settings: Any) -> Reweighting:
    method = methods()[name](**settings)
    assert isinstance(method, Reweighting)
    return method


def estimator(name: str, **settings: Any) -> Reweighting:
    """Hardly capped, since the truth is not."""
    return reweighting(name, clip=1e6, **settings)


BOUNDS = {
    "gaussian": 0.01,
    "kliep": 0.05,
    "rulsif": 0.15,
    "ulsif": 0.05,
    "kernel_density": 0.05,
    "kmm": 0.1,
    "knn_density": 0.1,
    "boosted_classifier": 0.1,
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bound"), BOUNDS.items())
def test_the_ratio_is_found(name, bound):
    Xs, Xt, truth = normals(1500, 0)
    if name == "rulsif":
        truth = truth / (0.1 * truth + 0.9)
    assert error(estimator(name).weights(Xs, Xt), truth) < bound


@pytest.mark.parametrize("name", ["gaussian", "kernel_density", "knn_density", "kmm"])
def test_the_default_cap_takes_error_away_among_many_features(name):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(700, 30)), rng.normal(size=(700, 30)) + 0.2
    truth = np.exp(0.2 * Xs.sum(axis=1) - 0.2**2 * 30 / 2)  # N(x; 0.2, I) / N(x; 0, I)
    loose, default = (method.weights(Xs, Xt) for method in (reweighting(name, clip=1000.0), reweighting(name)))
    assert error(default, truth) <= error(loose, truth)
    assert default.max() <= 20 * (1 + 1e-9)


@pytest.mark.parametrize("name", ["gaussian", "kernel_density", "knn_density", "domain_classifier"])
def test_the_default_cap_costs_nothing_where_the_ratio_is_known_well(name):
    Xs, Xt, truth = normals(1500, 0)
    loose, default = (method.weights(Xs, Xt) for method in (estimator(name), reweighting(name)))
    assert error(default, truth) <= error(loose, truth) + 1e-9


def test_the_relative_ratio_keeps_below_one_over_alpha():
    Xs, Xt, _ = normals(1000, 0)
    rulsif = RuLSIF(alpha=0.5).fit(Xs, Xt - 1 + 4)
    assert rulsif.ratio(np.linspace(-3, 8, 200)[:, None]).max() < 2.2  # 1/α, and the error of an estimate


def test_a_wide_gap_between_the_domains_does_not_widen_the_kernel():
    Xs, Xt, _ = normals(200, 0)
    assert median_distance(Xs, Xt + 100) == pytest.approx(median_distance(Xs, Xt))
    assert median_distance(Xs, Xt) == pytest.approx(0.6745 * np.sqrt(2) * 0.9, rel=0.1)  # of two normals, 1 and .8 wide


@pytest.mark.parametrize("name", ["nearest_neighbours", "inverse_distance"])
def test_what_votes_or_nearness_can_do(name):
    Xs, Xt, _ = normals(2000, 0)
    mean = np.average(Xs[:, 0], weights=estimator(name).weights(Xs, Xt))
    if name == "nearest_neighbours":
        assert mean == pytest.approx(Xt.mean(), abs=0.05)
    else:  # the naive way goes into the right direction, and not half of the way
        assert 0.05 < mean - Xs.mean() < 0.5 * (Xt.mean() - Xs.mean())
