"""Per-domain scaling against scikit-learn's scalers, and against what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import RobustScaler, StandardScaler

from da_core.methods.alignment.domain_scaling import DomainScaling


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    return rng.normal(3, 2, (300, 5)), rng.gamma(2, [1, 10, 100, 0.1, 5], (200, 5))


@pytest.mark.parametrize(
    ("statistics", "theirs"), [("moments", StandardScaler()), ("robust", RobustScaler(unit_variance=True))]
)
def test_each_domain_is_scaled_as_scikit_learn_does(pair, statistics, theirs):
    Xs, Xt = pair
    scaling = DomainScaling(statistics=statistics).fit(Xs, Xt)
    np.testing.assert_allclose(scaling.map_source(Xs), theirs.fit_transform(Xs), rtol=2e-4)
    np.testing.assert_allclose(scaling.map_target(Xt), theirs.fit_transform(Xt), rtol=2e-4)


@pytest.mark.parametrize("statistics", ["moments", "robust"])
def test_other_units_and_zero_points_are_gone(pair, statistics):
    Xs, _ = pair
    scaling = DomainScaling(statistics=statistics).fit(Xs, Xs * [1000, 0.001, 3, 1, 2] - [273, 0, 5, 1e3, 0])
    there = scaling.map_target(Xs * [1000, 0.001, 3, 1, 2] - [273, 0, 5, 1e3, 0])
    np.testing.assert_allclose(there, scaling.map_source(Xs), atol=1e-9)


def test_outliers_do_not_move_the_robust_form(pair):
    Xs, Xt = pair
    broken = Xt.copy()
    broken[:4] = 1e9
    robust, moments = (
        [DomainScaling(statistics=name).fit(Xs, X).map_target(Xt[4:]) for X in (Xt, broken)]
        for name in ("robust", "moments")
    )
    assert np.abs(robust[0] - robust[1]).mean() < 0.1
    assert moments[1].std(axis=0).max() < 1e-4, "every other sample shrinks to one point"


@pytest.mark.parametrize("statistics", ["moments", "robust"])
def test_a_column_that_never_varies_becomes_zero(pair, statistics):
    Xs, Xt = pair
    Xs[:, 0], Xt[:, 1] = 0.1, 1e6
    scaling = DomainScaling(statistics=statistics).fit(Xs, Xt)
    np.testing.assert_allclose(scaling.map_source(Xs)[:, 0], 0, atol=1e-9)
    np.testing.assert_allclose(scaling.map_target(Xt)[:, 1], 0, atol=1e-9)
    assert np.abs(scaling.map_target(Xt)).max() < 20


def test_the_robust_form_keeps_a_column_of_mostly_zeros(pair):
    Xs, Xt = pair
    Xs[:, 2] = np.arange(len(Xs)) % 10 == 0
    assert DomainScaling(statistics="robust").fit(Xs, Xt).map_source(Xs)[:, 2].max() == pytest.approx(10 / 3, rel=1e-3)
