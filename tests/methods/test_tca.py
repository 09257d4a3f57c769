"""TCA as a generalised eigenproblem: residual, constraint, objective; its approximation against the exact answer."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.distance import cdist, pdist

from da_core.methods.alignment.tca import TCA


def domains(n_s: int, n_t: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    Xs = rng.gamma(2, size=(n_s, 4))
    return Xs, rng.gamma(3, size=(n_t, 4)) * [1, 1, 2, 0.5]


def matrices(Xs, Xt, kernel="rbf"):
    """K, H and L written out, n by n."""
    X = np.concatenate([Xs, Xt])
    n = len(X)
    X = X - X.mean(0)
    K = np.exp(-cdist(X, X, "sqeuclidean") / (2 * np.median(pdist(X)) ** 2)) if kernel == "rbf" else X @ X.T
    ell = np.r_[np.full(len(Xs), 1 / len(Xs)), np.full(len(Xt), -1 / len(Xt))]
    return K, np.eye(n) - 1 / n, np.outer(ell, ell)


@pytest.mark.slow
@pytest.mark.parametrize("mu", [0.0, 1.0, 10.0])
@pytest.mark.parametrize("sizes", [(80, 60), (600, 500)], ids=["dense", "Lanczos"])
def test_it_solves_the_generalised_eigenproblem(mu, sizes):
    Xs, Xt = domains(*sizes)
    K, H, L = matrices(Xs, Xt)
    W = TCA(dimensions=5, mu=mu).fit(Xs, Xt)._W  # the exact Gaussian kernel's W itself
    constraint = np.eye(len(K)) + mu * K @ L @ K
    np.testing.assert_allclose(W.T @ constraint @ W, np.eye(5), atol=1e-8)
    values = np.diag(W.T @ K @ H @ K @ W)
    assert (np.diff(values) < 0).all()
    residual = K @ H @ K @ W - constraint @ W * values
    assert np.abs(residual).max() < 1e-8 * values[0]
    largest = scipy.linalg.eigh(K @ H @ K, constraint, eigvals_only=True)[::-1][:5]
    np.testing.assert_allclose(values, largest, rtol=1e-7)


def test_its_objective_beats_eigh_of_the_matrix_that_is_not_symmetric():
    """What common libraries do; held against the same constraint."""
    Xs, Xt = domains(80, 60)
    K, H, L = matrices(Xs, Xt)
    constraint = np.eye(len(K)) + 10 * K @ L @ K
    wrong = np.linalg.eigh(np.linalg.solve(constraint, K @ H @ K))[1][:, -5:]
    # scaled to the constraint, span by span: the trace of the best basis of what it found
    reduced = scipy.linalg.eigh(wrong.T @ K @ H @ K @ wrong, wrong.T @ constraint @ wrong, eigvals_only=True)
    W = TCA(dimensions=5, mu=10.0).fit(Xs, Xt)._W
    assert np.trace(W.T @ K @ H @ K @ W) > 1.001 * reduced.sum()


def test_the_linear_kernel_needs_no_matrix_of_all_pairs():
    Xs, Xt = domains(80, 60)
    K, H, L = matrices(Xs, Xt, "linear")
    _, W = scipy.linalg.eigh(K @ H @ K, np.eye(len(K)) + K @ L @ K)
    expected = K @ W[:, ::-1][:, :3]
    tca = TCA(dimensions=3, kernel="linear").fit(Xs, Xt)
    got = np.concatenate([tca.map_source(Xs), tca.map_target(Xt)])
    np.testing.assert_allclose(np.abs(got), np.abs(expected), atol=1e-7)


def test_a_larger_mu_brings_the_means_together():
    Xs, Xt = domains(200, 200)
    gaps = []
    for mu in (0.0, 1.0, 100.0):
        tca = TCA(dimensions=3, mu=mu).fit(Xs, Xt)
        Zs, Zt = tca.map_source(Xs), tca.map_target(Xt)
        gaps.append(np.linalg.norm(Zs.mean(0) - Zt.mean(0)) / np.concatenate([Zs, Zt]).std())
    assert gaps[0] > 1.2 * gaps[1] > 1.2 * gaps[2]
    assert gaps[2] < 0.1 * gaps[0]


def test_landmarks_come_near_the_exact_answer_and_nearer_the_more_there_are():
    Xs, Xt = domains(300, 300)
    exact = TCA(dimensions=5).fit(Xs, Xt)
    Z = np.concatenate([exact.map_source(Xs), exact.map_target(Xt)])
    errors = []
    for landmarks in (20, 100, 300):
        approximate = TCA(dimensions=5, exact_up_to=0, landmarks=landmarks).fit(Xs, Xt)
        Y = np.concatenate([approximate.map_source(Xs), approximate.map_target(Xt)])
        errors.append(np.linalg.norm(Y - Z) / np.linalg.norm(Z))
    assert errors[0] > errors[1] > errors[2]
    assert errors[1] < 0.05
    assert errors[2] < 1e-3


def test_rows_that_were_not_fitted_take_the_same_sum():
    Xs, Xt = domains(80, 60)
    tca = TCA(dimensions=3).fit(Xs, Xt)
    new = domains(10, 10, seed=1)[1]
    together = tca.map_target(np.concatenate([Xt, new]))
    np.testing.assert_allclose(tca.map_target(new), together[60:], atol=1e-10)
    np.testing.assert_allclose(tca.map_target(new), tca.map_source(new))
    X = np.concatenate([Xs, Xt])
    k = np.exp(-cdist(new, X, "sqeuclidean") / (2 * np.median(pdist(X)) ** 2))
    np.testing.assert_allclose(k @ tca._W, tca.map_target(new), atol=1e-9)
