"""Exact, entropic and class-regularised transport against POT, marginals, and the anchors against the exact map."""

from __future__ import annotations

import numpy as np
import ot
import pytest
from scipy.spatial.distance import cdist

from da_core.methods.alignment.class_regularised_ot import ClassRegularisedOT
from da_core.methods.alignment.optimal_transport import OptimalTransport
from da_core.methods.alignment.shared.landmarks import cluster, nearest, spread
from da_core.methods.alignment.shared.transport import sinkhorn
from da_core.methods.alignment.sinkhorn import Sinkhorn
from da_core.networks.heads import fit_head

TRANSPORTS = pytest.mark.parametrize("method", [OptimalTransport, Sinkhorn, ClassRegularisedOT], ids=lambda m: m.name())


def domains(n_s: int, n_t: int, seed: int = 0, d: int = 3):
    rng = np.random.default_rng(seed)
    ys, yt = np.arange(n_s) % 3, np.arange(n_t) % 3
    centres = 3 * np.random.default_rng(9).normal(size=(3, d))
    Xs, Xt = centres[ys] + rng.normal(size=(n_s, d)), centres[yt] + rng.normal(size=(n_t, d))
    return Xs, ys, 1.5 * Xt + np.arange(d), yt


def cost(Xs, Xt):
    M = cdist(Xs, Xt, "sqeuclidean")
    return M / np.median(M)


def test_exact_transport_agrees_with_pot():
    Xs, _, Xt, _ = domains(60, 45)
    theirs = ot.da.EMDTransport().fit(Xs=Xs, Xt=Xt).transform(Xs=Xs)
    np.testing.assert_allclose(OptimalTransport().fit(Xs, Xt).map_source(Xs), theirs, atol=1e-10)


@pytest.mark.parametrize(("epsilon", "apart"), [(0.05, 1e-3), (0.2, 1e-4), (1.0, 1e-5)])
def test_sinkhorn_agrees_with_pot_and_keeps_its_sums(epsilon, apart):
    Xs, _, Xt, _ = domains(60, 45)
    a, b, M = np.full(60, 1 / 60), np.full(45, 1 / 45), cost(Xs, Xt)
    plan, _ = sinkhorn(a, b, M, epsilon)
    assert np.abs(plan.sum(1) - a).sum() < 2e-6
    assert np.abs(plan.sum(0) - b).sum() < 2e-6
    theirs = ot.sinkhorn(a, b, M, epsilon, stopThr=1e-12, numItermax=10_000)
    assert np.abs(plan - theirs).sum() < apart


def test_a_start_from_other_potentials_ends_at_the_same_plan():
    Xs, _, Xt, _ = domains(60, 45)
    a, b, M = np.full(60, 1 / 60), np.full(45, 1 / 45), cost(Xs, Xt)
    other = np.random.default_rng(0).normal(size=60)
    plan, f = sinkhorn(a, b, M, 0.2)
    for start in (f, other):
        np.testing.assert_allclose(sinkhorn(a, b, M, 0.2, start)[0], plan, atol=1e-6)


def test_sinkhorn_is_safe_where_its_kernel_underflows_and_comes_near_the_exact_cost():
    Xs, _, Xt, _ = domains(60, 45)
    a, b, M = np.full(60, 1 / 60), np.full(45, 1 / 45), cost(Xs, Xt)
    M[3] += 50  # an outlier: exp(-50 / 0.001) is 0 in any float
    plan, _ = sinkhorn(a, b, M, 1e-3)
    assert np.isfinite(plan).all()
    assert np.abs(plan.sum(1) - a).sum() < 1e-2
    assert (plan * M).sum() == pytest.approx(ot.emd2(a, b, M), rel=1e-2)


@pytest.mark.parametrize("eta", [0.0, 0.1, 1.0])
def test_class_regularisation_agrees_with_pot(eta):
    Xs, ys, Xt, _ = domains(60, 45)
    M = cost(Xs, Xt)
    # POT counts absolute masses: with one unit of mass a target sample they are shares, as ours
    a, b = np.full(60, 45 / 60), np.ones(45)
    theirs = ot.da.sinkhorn_lpl1_mm(a, ys, b, M, 0.1, eta, numItermax=10, numInnerItermax=10_000, stopInnerThr=1e-12)
    ours = ClassRegularisedOT(epsilon=0.1, eta=eta).plan(a / 45, b / 45, M, ys)
    np.testing.assert_allclose(45 * ours, theirs, atol=1e-5)


@TRANSPORTS
def test_a_new_sample_moves_as_the_nearest_fitted_one(method):
    Xs, ys, Xt, _ = domains(60, 45)
    fitted = method().fit(Xs, Xt, ys)
    new = domains(20, 20, seed=1)[0]
    near = cdist(new, Xs).argmin(1)
    expected = new + (fitted.map_source(Xs) - Xs)[near]
    np.testing.assert_allclose(fitted.map_source(new), expected, atol=1e-9)


@TRANSPORTS
def test_anchors_come_near_the_exact_map(method):
    Xs, ys, Xt, yt = domains(600, 500, d=5)
    exact = method().fit(Xs, Xt, ys)
    near = method(exact_up_to=0, anchors=150).fit(Xs, Xt, ys)
    moved, anchored = exact.map_source(Xs), near.map_source(Xs)
    # the anchors leave out what single samples do inside their region
    assert ((moved - anchored) ** 2).mean() < 0.25 * ((moved - Xs) ** 2).mean()
    np.testing.assert_allclose(anchored.mean(0), moved.mean(0), atol=0.05 * Xt.std())
    accuracies = [(fit_head("linear", mapped, ys).predict(Xt) == yt).mean() for mapped in (moved, anchored)]
    assert abs(accuracies[0] - accuracies[1]) < 0.02


@TRANSPORTS
def test_anchors_do_not_mind_the_order_of_samples(method):
    Xs, ys, Xt, _ = domains(200, 150)
    s, t = np.random.default_rng(1).permutation(200), np.random.default_rng(2).permutation(150)
    first = method(exact_up_to=0, anchors=30).fit(Xs, Xt, ys).map_source(Xs)
    again = method(exact_up_to=0, anchors=30).fit(Xs[s], Xt[t], ys[s]).map_source(Xs)
    np.testing.assert_allclose(first, again, atol=1e-8)


def test_clusters_keep_masses_means_and_classes():
    Xs, ys, _, _ = domains(200, 10)
    centres, shares, labels = cluster(Xs, 30, ys)
    assert len(centres) == len(shares) == len(labels) <= 30
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares @ centres, Xs.mean(0))
    for c in range(3):
        assert shares[labels == c].sum() == pytest.approx((ys == c).mean())
        np.testing.assert_allclose(shares[labels == c] @ centres[labels == c] / (ys == c).mean(), Xs[ys == c].mean(0))


def test_spread_rows_and_nearest_rows():
    X = np.random.default_rng(0).normal(size=(100, 3))
    some = spread(X, 10)
    assert len(np.unique(some, axis=0)) == 10
    assert all((row == X).all(axis=1).any() for row in some)
    np.testing.assert_array_equal(spread(X[::-1], 10), some)
    np.testing.assert_array_equal(nearest(X, some), cdist(X, some).argmin(1))
