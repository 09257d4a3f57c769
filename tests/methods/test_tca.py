"""TCA as a generalised eigenproblem: residual, constraint, objective; its approximation against the exact answer."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.distance import cdist, pdist

from da_core.methods.alignment.jda import JDA
from da_core.methods.alignment.mida import MIDA
from da_core.methods.alignment.tca import TCA
from da_core.networks.heads import fit_head


def domains(n_s: int, n_t: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    Xs = rng.gamma(2, size=(n_s, 4))
    return Xs, rng.gamma(3, size=(n_t, 4)) * [1, 1, 2, 0.5]


def width(Xs, Xt):
    """The median distance within the domains, widened by their gap."""
    within = np.median(np.concatenate([pdist(Xs), pdist(Xt)]))
    return np.hypot(within, 4 * np.linalg.norm(Xs.mean(0) - Xt.mean(0)))


def matrices(Xs, Xt, kernel="rbf"):
    """K, H and L written out, n by n; K is centred on both sides and has mean diagonal 1."""
    X = np.concatenate([Xs, Xt])
    n = len(X)
    H = np.eye(n) - 1 / n
    K = np.exp(-cdist(X, X, "sqeuclidean") / (2 * width(Xs, Xt) ** 2)) if kernel == "rbf" else X @ X.T
    K = H @ K @ H
    ell = np.r_[np.full(len(Xs), 1 / len(Xs)), np.full(len(Xt), -1 / len(Xt))]
    return K / (np.trace(K) / n), H, np.outer(ell, ell)


def solution(tca, K, mu, L):
    """The exact Gaussian kernel's W, with the length that the constraint gives each column."""
    return tca._W / np.sqrt(np.diag(tca._W.T @ (np.eye(len(K)) + mu * K @ L @ K) @ tca._W))


@pytest.mark.slow
@pytest.mark.parametrize("mu", [0.0, 1.0, 10.0])
@pytest.mark.parametrize("sizes", [(80, 60), (600, 500)], ids=["dense", "Lanczos"])
def test_it_solves_the_generalised_eigenproblem(mu, sizes):
    Xs, Xt = domains(*sizes)
    K, H, L = matrices(Xs, Xt)
    W = solution(TCA(dimensions=5, mu=mu, kernel="rbf").fit(Xs, Xt), K, mu, L)
    constraint = np.eye(len(K)) + mu * K @ L @ K
    np.testing.assert_allclose(W.T @ constraint @ W, np.eye(5), atol=1e-8)
    values = np.diag(W.T @ K @ H @ K @ W)
    assert (np.diff(values) < 0).all()
    residual = K @ H @ K @ W - constraint @ W * values
    assert np.abs(residual).max() < 1e-8 * values[0]
    largest = scipy.linalg.eigh(K @ H @ K, constraint, eigvals_only=True)[::-1][:5]
    np.testing.assert_allclose(values, largest, rtol=1e-7)


def test_the_linear_kernel_needs_no_matrix_of_all_pairs():
    Xs, Xt = domains(80, 60)
    K, H, L = matrices(Xs, Xt, "linear")
    values, W = scipy.linalg.eigh(K @ H @ K, np.eye(len(K)) + K @ L @ K)
    expected = K @ (W / np.abs(values) ** 0.25)[:, ::-1][:, :3]
    tca = TCA(dimensions=3, kernel="linear", mu=1.0).fit(Xs, Xt)
    got = np.concatenate([tca.map_source(Xs), tca.map_target(Xt)])
    np.testing.assert_allclose(np.abs(got), np.abs(expected), atol=1e-7)


@pytest.mark.parametrize("method", [TCA, JDA, MIDA])
def test_landmarks_come_near_the_exact_answer_and_nearer_the_more_there_are(method):
    (Xs, ys), (Xt, _) = classes(0), classes(1)
    mapped = []
    for chosen in ({}, *({"exact_up_to": 0, "landmarks": landmarks} for landmarks in (20, 100, 400))):
        fitted = method(dimensions=3, kernel="rbf", **chosen).fit(Xs, Xt, ys)
        mapped.append(np.concatenate([fitted.map_source(Xs), fitted.map_target(Xt)]))
    errors = [np.linalg.norm(near - mapped[0]) / np.linalg.norm(mapped[0]) for near in mapped[1:]]
    assert errors[0] > errors[1] > errors[2]
    assert errors[1] < 0.1
    assert errors[2] < 0.01


def test_rows_that_were_not_fitted_take_the_same_sum():
    Xs, Xt = domains(80, 60)
    tca = TCA(dimensions=3, kernel="rbf").fit(Xs, Xt)
    new = domains(10, 10, seed=1)[1]
    together = tca.map_target(np.concatenate([Xt, new]))
    np.testing.assert_allclose(tca.map_target(new), together[60:], atol=1e-10)
    np.testing.assert_allclose(tca.map_target(new), tca.map_source(new))
    X = np.concatenate([Xs, Xt])
    k, K = (np.exp(-cdist(rows, X, "sqeuclidean") / (2 * width(Xs, Xt) ** 2)) for rows in (new, X))
    centred = k - K.mean(0) - k.mean(1, keepdims=True) + K.mean()
    unit = np.trace(K - K.mean(0)) / len(X)
    np.testing.assert_allclose(centred / unit @ tca._W, tca.map_target(new), atol=1e-9)


def classes(seed: int, features: int = 5, apart: float = 4):
    """Three Gaussian classes, 100 samples each."""
    rng = np.random.default_rng(seed)
    y = np.arange(300) % 3
    return apart * np.eye(3, features)[y] + rng.normal(size=(300, features)), y


def accuracy(tca, Xs, ys, Xt, yt):
    tca.fit(Xs, Xt)
    return float((fit_head("linear", tca.map_source(Xs), ys).predict(tca.map_target(Xt)) == yt).mean())


@pytest.mark.parametrize("method", [TCA, MIDA])
def test_a_wide_gap_does_not_blind_the_gaussian_kernel(method):
    (Xs, ys), (Xt, yt) = classes(0), classes(1)
    Xs[:, 4] += 3 * (ys == 2)
    Xt[:, 4] += 3 * (yt == 2) + 10
    assert accuracy(method(kernel="rbf"), Xs, ys, Xt, yt) > 0.95
    assert accuracy(method(kernel="linear"), Xs, ys, Xt, yt) > 0.9


@pytest.mark.parametrize("form", [{}, {"exact_up_to": 0, "landmarks": 200}], ids=["exact", "landmarks"])
def test_rows_of_unequal_length_do_not_swamp_the_gaussian_kernel(form):
    """Centred on one side only, the first component is the distance from the middle, to a correlation of .99."""
    (Xs, ys), (Xt, yt) = classes(0, features=100, apart=5), classes(1, features=100, apart=5)
    Xs = 3 * Xs
    linear = accuracy(TCA(kernel="linear"), Xs, ys, Xt, yt)
    tca = TCA(kernel="rbf", **form)
    assert accuracy(tca, Xs, ys, Xt, yt) >= linear
    X, Z = np.concatenate([Xs, Xt]), np.concatenate([tca.map_source(Xs), tca.map_target(Xt)])
    lengths = ((X - X.mean(0)) ** 2).sum(1)
    assert abs(np.corrcoef(Z[:, 0], lengths)[0, 1]) < 0.1


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_the_unit_of_the_features_does_not_matter(kernel):
    Xs, Xt = domains(80, 60)
    here, there = (TCA(dimensions=3, kernel=kernel).fit(unit * Xs, unit * Xt) for unit in (1.0, 1e-3))
    np.testing.assert_allclose(there.map_target(1e-3 * Xt), here.map_target(Xt), atol=1e-7)
