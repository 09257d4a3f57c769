"""Weights of the domain classifier against closed forms, and the folds of the boosted one."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.errors import UserError
from da_core.methods.reweighting.boosted_classifier import BoostedClassifier
from da_core.methods.reweighting.domain_classifier import DomainClassifier


def normals(mean: float, spread: float, n_s: int = 4000, n_t: int = 4000):
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (n_s, 1)), rng.normal(mean, spread, (n_t, 1))


@pytest.mark.parametrize("n_t", [1000, 4000, 8000])
def test_a_log_linear_ratio_is_recovered_whatever_the_sizes(n_t):
    Xs, Xt = normals(1, 1, n_t=n_t)
    truth = np.exp(Xs[:, 0] - 0.5)  # N(x; 1, 1) / N(x; 0, 1)
    for kernel, error in (("linear", 0.01), ("rbf", 0.05)):
        weights = DomainClassifier(kernel=kernel).weights(Xs, Xt)
        assert np.square(weights - truth).mean() / np.square(truth).mean() < error


def test_the_ratio_is_the_right_way_up_where_it_is_not_log_linear():
    Xs, Xt = normals(1, 0.8)
    x = Xs[:, 0]
    truth = np.exp(x**2 / 2 - (x - 1) ** 2 / (2 * 0.8**2)) / 0.8
    linear, rbf = (DomainClassifier(kernel=kernel).weights(Xs, Xt) for kernel in ("linear", "rbf"))
    assert np.corrcoef(linear, truth)[0, 1] > 0.8
    # the weighted source's mean comes close to the target's, as far as a linear score can take it
    assert abs(np.average(x, weights=linear) - 1) < 0.25
    assert np.square(rbf - truth).mean() / np.square(truth).mean() < 0.05


def test_the_unit_of_a_feature_does_not_matter():
    Xs, Xt = normals(1, 1)
    weights = DomainClassifier().weights(Xs, Xt)
    np.testing.assert_allclose(DomainClassifier().weights(1e6 * Xs + 5, 1e6 * Xt + 5), weights, rtol=1e-4)


@pytest.mark.parametrize("n_s", [1, 2])
def test_fewer_samples_than_folds_are_refused(n_s):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(n_s, 2)), rng.normal(size=(40, 2))
    with pytest.raises(UserError, match="at least 3 samples in each domain"):
        BoostedClassifier().weights(Xs, Xt)
    with pytest.raises(UserError, match="at least 3 samples in each domain"):
        BoostedClassifier().weights(Xt, Xs)


def test_a_copy_of_a_learned_row_is_weighed_as_the_row():
    """Held out or not: trees that were grown on the row know its domain, and so its copy's."""
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(300, 2)), rng.normal(0.5, 1, size=(300, 2))
    fitted = BoostedClassifier(samples=200).fit(Xs, Xt)
    np.testing.assert_array_equal(fitted.log_weights(Xs[::3]), fitted.log_weights(Xs)[::3])
